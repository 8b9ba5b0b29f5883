//! Which crate of the workspace may use which, and what each refuses to know. The one list; `ARCHITECTURE.md` shows it.
//!
//! A new arrow is a design change: write it down in `spec/decisions/`, then here.

use crate::{
    findings::{Finding, Findings},
    refusals::{self, Refusal},
    tree::Tree,
};
use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// What is decided about one crate.
pub(crate) struct Layer {
    /// The crate.
    pub(crate) name: &'static str,
    /// The folder that holds it.
    pub(crate) folder: &'static str,
    /// The crates of ours that it uses.
    pub(crate) uses: &'static [&'static str],
    /// The crates of ours that only its tests and benchmarks use.
    pub(crate) tests_use: &'static [&'static str],
    /// What it refuses to know.
    pub(crate) refuses: &'static [Refusal],
}

/// Bottom to top.
pub(crate) const LAYERS: &[Layer] = &[
    Layer { name: "mpp-schema", folder: "component-model/schema", uses: &[], tests_use: &[], refuses: refusals::PURE },
    Layer {
        name: "mpp-package",
        folder: "component-model/package",
        uses: &["mpp-schema"],
        tests_use: &[],
        refuses: refusals::PURE,
    },
    Layer {
        name: "mpp-wit",
        folder: "component-model/wit",
        uses: &["mpp-schema"],
        tests_use: &[],
        refuses: refusals::PURE,
    },
    Layer {
        name: "mpp-index",
        folder: "registry-git/index",
        uses: &["mpp-schema", "mpp-package"],
        tests_use: &[],
        refuses: refusals::PURE,
    },
    Layer {
        name: "mpp-policy",
        folder: "host/policy",
        uses: &["mpp-schema", "mpp-package"],
        tests_use: &[],
        refuses: refusals::PURE,
    },
    Layer {
        name: "mpp-registry",
        folder: "registry-git/client",
        uses: &["mpp-schema", "mpp-package", "mpp-index", "mpp-policy"],
        tests_use: &[],
        refuses: &[refusals::CLOCK, refusals::ENGINE, refusals::COMMAND_LINE, refusals::PRINTING],
    },
    Layer {
        name: "mpp-registry-web",
        folder: "registry-git/web",
        uses: &["mpp-schema", "mpp-package", "mpp-wit", "mpp-index", "mpp-policy", "mpp-registry"],
        tests_use: &[],
        refuses: &[
            refusals::CLOCK,
            refusals::PROCESSES,
            refusals::ENVIRONMENT,
            refusals::ENGINE,
            refusals::COMMAND_LINE,
            refusals::PRINTING,
        ],
    },
    Layer {
        name: "mpp-privacy",
        folder: "host/privacy",
        uses: &["mpp-schema"],
        tests_use: &[],
        refuses: refusals::PURE,
    },
    Layer {
        name: "mpp-kv",
        folder: "host/kv",
        uses: &["mpp-schema"],
        tests_use: &[],
        refuses: &[
            refusals::CLOCK,
            refusals::PROCESSES,
            refusals::ENVIRONMENT,
            refusals::ASYNC,
            refusals::ENGINE,
            refusals::GIT,
            refusals::COMMAND_LINE,
            refusals::PRINTING,
        ],
    },
    Layer {
        name: "mpp-host",
        folder: "host/runtime",
        uses: &["mpp-schema", "mpp-package", "mpp-wit", "mpp-policy", "mpp-privacy", "mpp-kv"],
        tests_use: &[],
        refuses: &[refusals::GIT, refusals::PROCESSES, refusals::COMMAND_LINE, refusals::PRINTING],
    },
    Layer {
        name: "mpp-mcp",
        folder: "host/mcp",
        uses: &["mpp-schema", "mpp-host"],
        tests_use: &[],
        refuses: &[
            refusals::CLOCK,
            refusals::PROCESSES,
            refusals::ENVIRONMENT,
            refusals::GIT,
            refusals::COMMAND_LINE,
            refusals::PRINTING,
        ],
    },
    Layer {
        name: "mpp-build",
        folder: "toolchain/build",
        uses: &["mpp-schema", "mpp-package", "mpp-wit"],
        tests_use: &[],
        refuses: &[
            refusals::NETWORK,
            refusals::CLOCK,
            refusals::ENGINE,
            refusals::GIT,
            refusals::COMMAND_LINE,
            refusals::PRINTING,
        ],
    },
    Layer {
        name: "mpp-ops",
        folder: "toolchain/ops",
        uses: &[
            "mpp-schema",
            "mpp-package",
            "mpp-wit",
            "mpp-index",
            "mpp-registry",
            "mpp-registry-web",
            "mpp-policy",
            "mpp-privacy",
            "mpp-kv",
            "mpp-host",
            "mpp-mcp",
            "mpp-build",
        ],
        tests_use: &[],
        refuses: &[refusals::CLOCK, refusals::ENVIRONMENT, refusals::COMMAND_LINE, refusals::PRINTING],
    },
    Layer {
        name: "cargo-mpp",
        folder: "toolchain/cargo-mpp",
        uses: &["mpp-schema", "mpp-ops"],
        tests_use: &["mpp-kv"],
        refuses: &[refusals::OWN_SOCKETS],
    },
    Layer {
        name: "mpp-conformance",
        folder: "conformance/runner",
        uses: &[],
        tests_use: &[],
        refuses: refusals::OUTSIDE,
    },
    Layer {
        name: "xtask",
        folder: "toolchain/xtask",
        uses: &["mpp-schema"],
        tests_use: &[],
        refuses: refusals::OUTSIDE,
    },
];

/// Every arrow between crates of ours is in the list, and every arrow of the list exists.
pub(crate) fn check(tree: &Tree) -> anyhow::Result<Findings> {
    let manifest = tree.root().join("Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec()?;
    let ours: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Findings::new();
    for package in &metadata.packages {
        match LAYERS.iter().find(|layer| layer.name == package.name.as_str()) {
            Some(layer) => findings.extend(check_crate(layer, package, &ours)),
            None => findings.push(Finding::new(
                package.name.as_str(),
                "is not in the list of crates",
                "add it to `layers.rs` of xtask",
            )),
        }
    }
    let gone = LAYERS.iter().filter(|layer| !ours.contains(&layer.name));
    findings.extend(gone.map(|layer| {
        Finding::new(layer.name, "is in the list but does not exist", "remove it from `layers.rs` of xtask")
    }));
    Ok(findings)
}

fn check_crate(layer: &Layer, package: &Package, ours: &[&str]) -> Findings {
    let arrows = |development: bool| -> Vec<&str> {
        let is_kind = |kind: DependencyKind| (kind == DependencyKind::Development) == development;
        let names = package.dependencies.iter().filter(|used| is_kind(used.kind)).map(|used| used.name.as_str());
        names.filter(|name| ours.contains(name)).collect()
    };
    let mut findings = compare(layer.name, "", layer.uses, &arrows(false));
    findings.extend(compare(layer.name, " in its tests", layer.tests_use, &arrows(true)));
    findings
}

fn compare(name: &str, place: &str, allowed: &[&str], found: &[&str]) -> Findings {
    let new = found.iter().filter(|used| !allowed.contains(used)).map(|used| {
        let help = "a new arrow is a design change: a page in `spec/decisions/`, then `layers.rs` of xtask";
        Finding::new(name, format!("uses `{used}`{place}, which its entry does not allow"), help)
    });
    let stale = allowed.iter().filter(|used| !found.contains(used)).map(|used| {
        Finding::new(name, format!("may use `{used}`{place} but does not"), "remove it from `layers.rs` of xtask")
    });
    new.chain(stale).collect()
}

#[cfg(test)]
mod tests {
    use super::{LAYERS, compare};

    #[test]
    fn new_and_stale_arrows_are_found() {
        assert_eq!(compare("a", "", &["b"], &["b"]).len(), 0);
        assert_eq!(compare("a", "", &["b"], &["b", "c"]).len(), 1);
        assert_eq!(compare("a", "", &["b", "c"], &["b"]).len(), 1);
    }

    #[test]
    fn arrows_point_downward_only() {
        for (position, layer) in LAYERS.iter().enumerate() {
            for used in layer.uses {
                let below = LAYERS[..position].iter().any(|other| other.name == *used);
                assert!(below, "{} uses {used}, which is not below it", layer.name);
            }
        }
    }
}
