//! What crates refuse to know, and how that is tested: by what they link, directly or not, and by what their sources name.

use crate::{
    findings::{Finding, Findings},
    layers::{LAYERS, Layer},
    paths,
    tree::Tree,
};
use anyhow::Context as _;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};
use std::collections::{BTreeSet, HashMap};

/// One thing that a crate refuses to know.
pub(crate) struct Refusal {
    /// What it is called in `ARCHITECTURE.md`.
    pub(crate) name: &'static str,
    /// Crates that must not be linked, not even by another dependency.
    crates: &'static [&'static str],
    /// Paths that no source outside a test may name.
    paths: &'static [&'static str],
}

const FILES: Refusal = Refusal { name: "files", crates: &["tempfile", "cap-std"], paths: &["std::fs", "File::open"] };
pub(crate) const NETWORK: Refusal = Refusal {
    name: "sockets",
    crates: &["socket2", "reqwest", "ureq", "hyper"],
    paths: &["TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs", "UnixStream", "UnixListener"],
};
/// For the program: what it uses may talk to the net, it itself may not.
pub(crate) const OWN_SOCKETS: Refusal = Refusal { name: "sockets of its own", crates: &[], paths: NETWORK.paths };
pub(crate) const CLOCK: Refusal = Refusal {
    name: "the clock",
    crates: &[],
    paths: &["std::time::SystemTime", "SystemTime::now", "Timestamp::now", "Zoned::now"],
};
pub(crate) const PROCESSES: Refusal = Refusal { name: "processes", crates: &[], paths: &["std::process"] };
pub(crate) const ENVIRONMENT: Refusal = Refusal { name: "the environment", crates: &[], paths: &["std::env"] };
pub(crate) const ASYNC: Refusal =
    Refusal { name: "an async runtime", crates: &["tokio", "smol", "async-std"], paths: &[] };
pub(crate) const ENGINE: Refusal = Refusal { name: "the engine", crates: &["wasmtime"], paths: &[] };
pub(crate) const GIT: Refusal = Refusal { name: "git", crates: &["gix", "git2", "mpp-registry"], paths: &[] };
pub(crate) const COMMAND_LINE: Refusal =
    Refusal { name: "the command line", crates: &["clap", "indicatif"], paths: &["std::env::args", "env::args"] };
pub(crate) const PRINTING: Refusal = Refusal {
    name: "printing",
    crates: &[],
    paths: &["println!", "print!", "eprintln!", "eprint!", "io::stdout", "io::stderr"],
};

/// What every pure crate refuses.
pub(crate) const PURE: &[Refusal] =
    &[FILES, NETWORK, CLOCK, PROCESSES, ENVIRONMENT, ASYNC, ENGINE, GIT, COMMAND_LINE, PRINTING];
/// What the programs that look at the project from outside refuse.
pub(crate) const OUTSIDE: &[Refusal] = &[NETWORK, ASYNC, ENGINE, GIT];

/// What the program knows in these files only: below this folder, everything else refuses it.
const AT_THE_RIM: &[(&str, Refusal, &[&str])] = &[
    ("toolchain/cargo-mpp/src/", PRINTING, &["ui.rs", "context.rs", "bin/cargo-mpp.rs"]),
    ("toolchain/cargo-mpp/src/", CLOCK, &["context.rs"]),
    ("toolchain/cargo-mpp/src/", ENVIRONMENT, &["context.rs", "bin/cargo-mpp.rs"]),
];

/// No crate links or names what its entry says that it refuses.
pub(crate) fn check(tree: &Tree) -> anyhow::Result<Findings> {
    let links = Links::read(tree)?;
    let mut findings = Findings::new();
    for layer in LAYERS {
        let linked = links.of(layer.name);
        for refusal in layer.refuses {
            let known = refusal.crates.iter().filter(|name| linked.contains(**name));
            findings.extend(known.map(|name| finding(layer.name, refusal, &format!("links `{name}`"))));
        }
        findings.extend(check_sources(tree, layer)?);
    }
    Ok(findings)
}

fn check_sources(tree: &Tree, layer: &Layer) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    let folder = format!("{}/src/", layer.folder);
    for path in tree.sources().filter(|path| path.starts_with(&folder) && !path.ends_with("tests.rs")) {
        let named = paths::named_in(&tree.text(path)?.unwrap_or_default()).with_context(|| format!("`{path}`"))?;
        for refusal in layer.refuses.iter().chain(refused_inside(path)) {
            let known = refusal.paths.iter().filter(|refused| named.iter().any(|path| names(path, refused)));
            findings.extend(known.map(|refused| finding(path, refusal, &format!("names `{refused}`"))));
        }
    }
    Ok(findings)
}

/// What a file of the program leaves to the files at its rim.
fn refused_inside(path: &str) -> impl Iterator<Item = &'static Refusal> {
    let inside = |folder: &str, rim: &[&str]| path.strip_prefix(folder).is_some_and(|file| !rim.contains(&file));
    AT_THE_RIM.iter().filter(move |(folder, _, rim)| inside(folder, rim)).map(|(_, refusal, _)| refusal)
}

fn finding(place: &str, refusal: &Refusal, wrong: &str) -> Finding {
    let help = format!("{} is refused here: let the caller hand in what is needed", refusal.name);
    Finding::new(place, wrong, help)
}

/// Whether `path` is `refused`, ends with it, or is something inside it.
fn names(path: &str, refused: &str) -> bool {
    let with_ends = format!("::{path}::");
    with_ends.contains(&format!("::{refused}::"))
}

/// What is linked into what on this platform, tests left out.
struct Links {
    names: HashMap<PackageId, String>,
    uses: HashMap<PackageId, Vec<PackageId>>,
}

impl Links {
    fn read(tree: &Tree) -> anyhow::Result<Self> {
        let mut command = MetadataCommand::new();
        command.manifest_path(tree.root().join("Cargo.toml"));
        command.other_options(["--locked".to_owned(), format!("--filter-platform={}", host_platform()?)]);
        let metadata: Metadata = command.exec()?;
        let graph = metadata.resolve.context("cargo gave no dependency graph")?;
        let links = |kind: DependencyKind| kind == DependencyKind::Normal;
        let uses = graph.nodes.into_iter().map(|node| {
            let linked = node.deps.into_iter().filter(|used| used.dep_kinds.iter().any(|kind| links(kind.kind)));
            (node.id, linked.map(|used| used.pkg).collect())
        });
        let names = metadata.packages.iter().map(|package| (package.id.clone(), package.name.to_string())).collect();
        Ok(Self { names, uses: uses.collect() })
    }

    /// The names of all crates that are linked into `name`.
    fn of(&self, name: &str) -> BTreeSet<&str> {
        let mut todo: Vec<_> = self.names.iter().filter(|(_, found)| *found == name).map(|(id, _)| id).collect();
        let mut linked = BTreeSet::new();
        while let Some(id) = todo.pop() {
            for used in self.uses.get(id).into_iter().flatten() {
                if self.names.get(used).is_some_and(|name| linked.insert(name.as_str())) {
                    todo.push(used);
                }
            }
        }
        linked
    }
}

/// The platform of the compiler, as it names it.
fn host_platform() -> anyhow::Result<String> {
    let output = std::process::Command::new("rustc").arg("-vV").output().context("cannot run `rustc -vV`")?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{names, refused_inside};

    #[test]
    fn only_the_rim_of_the_program_reads_and_prints() {
        assert_eq!(refused_inside("toolchain/cargo-mpp/src/ui.rs").count(), 2);
        assert_eq!(refused_inside("toolchain/cargo-mpp/src/commands/build.rs").count(), 3);
        assert_eq!(refused_inside("toolchain/ops/src/ui.rs").count(), 0);
    }

    #[test]
    fn a_refused_path_is_found_at_both_ends() {
        assert!(names("std::fs", "std::fs"));
        assert!(names("std::fs::File", "std::fs"));
        assert!(names("jiff::Timestamp::now", "Timestamp::now"));
        assert!(!names("std::fsx", "std::fs"));
        assert!(!names("mystd::fs", "std::fs"));
    }
}
