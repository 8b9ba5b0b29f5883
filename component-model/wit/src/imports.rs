//! Which imports everybody gets, and which need a permission. Rule `TOOL-10`.
//!
//! Says what a manifest must ask for; what is granted is decided elsewhere.

use crate::{ComponentInfo, Import};
use mpp_schema::permissions::Permissions;

/// What an import needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// Nothing: part of the inert base, or harmless.
    Nothing,
    /// `folders`.
    Folders,
    /// `http`.
    Http,
    /// `kv`.
    Kv,
    /// `config`.
    Config,
    /// `logging`.
    Logging,
    /// `devices`.
    Devices,
    /// `progress`.
    Progress,
    /// `tools`.
    Tools,
    /// No permission gives it.
    Never,
}

impl Need {
    /// The permission's name in a manifest, for messages.
    pub fn permission(self) -> Option<&'static str> {
        Some(match self {
            Self::Nothing | Self::Never => return None,
            Self::Folders => "folders",
            Self::Http => "http",
            Self::Kv => "kv",
            Self::Config => "config",
            Self::Logging => "logging",
            Self::Devices => "devices",
            Self::Progress => "progress",
            Self::Tools => "tools",
        })
    }

    fn is_met(self, permissions: &Permissions) -> bool {
        match self {
            Self::Nothing => true,
            Self::Never => false,
            Self::Folders => !permissions.folders.is_empty(),
            Self::Http => !permissions.http.is_empty(),
            Self::Kv => permissions.kv.is_some(),
            Self::Config => !permissions.config.is_empty(),
            Self::Logging => permissions.logging.is_some(),
            Self::Devices => !permissions.devices.is_empty(),
            Self::Progress => permissions.progress.is_some(),
            Self::Tools => !permissions.tools.is_empty(),
        }
    }
}

/// Interfaces and what they need. The 13 of `wasi:io` and `wasi:cli` are those that the standard library of `wasm32-wasip2`
/// always imports.
const INTERFACES: &[(&str, Need)] = &[
    ("wasi:io/error@0.2", Need::Nothing),
    ("wasi:io/poll@0.2", Need::Nothing),
    ("wasi:io/streams@0.2", Need::Nothing),
    ("wasi:cli/environment@0.2", Need::Nothing),
    ("wasi:cli/exit@0.2", Need::Nothing),
    ("wasi:cli/stdin@0.2", Need::Nothing),
    ("wasi:cli/stdout@0.2", Need::Nothing),
    ("wasi:cli/stderr@0.2", Need::Nothing),
    ("wasi:cli/terminal-input@0.2", Need::Nothing),
    ("wasi:cli/terminal-output@0.2", Need::Nothing),
    ("wasi:cli/terminal-stdin@0.2", Need::Nothing),
    ("wasi:cli/terminal-stdout@0.2", Need::Nothing),
    ("wasi:cli/terminal-stderr@0.2", Need::Nothing),
    ("wasi:random/random@0.2", Need::Nothing),
    ("wasi:random/insecure@0.2", Need::Nothing),
    ("wasi:random/insecure-seed@0.2", Need::Nothing),
    ("wasi:clocks/monotonic-clock@0.2", Need::Nothing),
    ("wasi:clocks/wall-clock@0.2", Need::Nothing),
    ("wasi:filesystem/types@0.2", Need::Folders),
    ("wasi:filesystem/preopens@0.2", Need::Folders),
    ("wasi:http/types@0.2", Need::Http),
    ("wasi:http/outgoing-handler@0.2", Need::Http),
    ("wasi:keyvalue/store@0.2", Need::Kv),
    ("wasi:keyvalue/atomics@0.2", Need::Kv),
    ("wasi:keyvalue/batch@0.2", Need::Kv),
    ("wasi:config/store@0.2", Need::Config),
    ("wasi:logging/logging@0.1", Need::Logging),
    ("mpp:host/durable@0.1", Need::Kv),
    ("mpp:host/device@0.1", Need::Devices),
    ("mpp:host/progress@0.1", Need::Progress),
    ("mpp:host/tools@0.1", Need::Tools),
    ("mpp:host/caller@0.1", Need::Nothing),
    ("mpp:host/attestation@0.1", Need::Nothing),
];

/// What `import` needs. Versions are compared without their patch number.
pub fn need(import: &Import) -> Need {
    if import.types_only {
        return Need::Nothing;
    }
    let known = INTERFACES.iter().find(|(interface, _)| *interface == import.interface);
    known.map_or(Need::Never, |(_, need)| *need)
}

/// The imports that `permissions` do not cover: a build fails on each, and a host refuses it.
pub fn uncovered(info: &ComponentInfo, permissions: &Permissions) -> Vec<Import> {
    uncovered_imports(&info.imports, permissions)
}

/// Those of `imports` that `permissions` do not cover.
pub fn uncovered_imports(imports: &[Import], permissions: &Permissions) -> Vec<Import> {
    imports.iter().filter(|import| !need(import).is_met(permissions)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::{Need, need, uncovered};
    use crate::component::without_patch;
    use crate::{ComponentInfo, Import};
    use mpp_schema::permissions::Permissions;

    fn import(name: &str) -> Import {
        Import { name: name.to_owned(), interface: without_patch(name), types_only: false }
    }

    #[track_caller]
    fn check(name: &str, expected: Need) {
        assert_eq!(need(&import(name)), expected, "{name}");
    }

    #[test]
    fn patch_numbers_do_not_matter_and_minor_numbers_do() {
        check("wasi:io/streams@0.2.0", Need::Nothing);
        check("wasi:io/streams@0.2.99", Need::Nothing);
        check("wasi:io/streams@0.3.0", Need::Never);
        check("wasi:io/streams", Need::Never);
    }

    #[test]
    fn capabilities_need_their_permission() {
        check("wasi:filesystem/preopens@0.2.6", Need::Folders);
        check("wasi:keyvalue/store@0.2.0-draft", Need::Kv);
        check("wasi:keyvalue/store@0.2.0-draft2", Need::Kv);
        check("mpp:host/durable@0.1.0", Need::Kv);
        check("wasi:config/store@0.2.0-rc.1", Need::Config);
        check("wasi:logging/logging@0.1.0-draft", Need::Logging);
        check("mpp:host/caller@0.1.0", Need::Nothing);
    }

    #[test]
    fn what_nobody_provides_is_never_covered() {
        for name in ["wasi:sockets/tcp@0.2.6", "wasi:http/incoming-handler@0.2.0", "acme:secret/door@1.0.0", "log"] {
            check(name, Need::Never);
        }
    }

    #[test]
    fn a_permission_covers_its_imports_and_no_others() {
        let imports = ["wasi:io/poll@0.2.6", "wasi:logging/logging@0.1.0-draft", "wasi:sockets/tcp@0.2.6"];
        let info = ComponentInfo { imports: imports.map(import).to_vec(), exports: Vec::new() };
        let permissions = Permissions { logging: Some(Default::default()), ..Default::default() };
        let names =
            |permissions: &Permissions| uncovered(&info, permissions).into_iter().map(|it| it.name).collect::<Vec<_>>();
        assert_eq!(names(&Permissions::default()), imports[1..]);
        assert_eq!(names(&permissions), imports[2..]);
    }
}
