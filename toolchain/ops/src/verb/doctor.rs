//! `mpp doctor`: is everything there, and what to type where it is not.
//!
//! Looks and reports; it changes nothing. What it finds in the home it asks of the same code that the other verbs use.

use crate::{
    Context, OpsError,
    home::{installed::InstalledRecord, keys, registries::KnownRegistry},
    package_file, registries,
    secrets::SecretStore,
    verb::connect::{self, Client},
};
use mpp_host::{Fence, Fenced};
use mpp_schema::Instant;
use serde::Serialize;
use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
};

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What it is.
    pub what: String,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub found: String,
    /// What to type; empty when nothing needs doing.
    pub help: String,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Good,
    /// Something works less well, or not yet.
    Missing,
    /// Something is wrong.
    Bad,
}

impl Check {
    fn good(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Good, found: found.into(), help: String::new() }
    }

    fn missing(what: impl Into<String>, found: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Missing, found: found.into(), help: help.into() }
    }

    fn bad(what: impl Into<String>, found: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), state: State::Bad, found: found.into(), help: help.into() }
    }

    fn failed(what: impl Into<String>, error: &OpsError) -> Self {
        Self::bad(what, error.message(), error.hints().first().cloned().unwrap_or_default())
    }
}

/// Everything that was looked at.
///
/// `version` is what the program says about itself.
pub fn doctor(context: &Context<'_>, version: &str) -> Vec<Check> {
    let mut checks = vec![Check::good("mpp", version)];
    checks.push(folder("home", &context.home.data));
    checks.push(folder("settings", &context.home.config));
    checks.extend(PROGRAMS.iter().map(program));
    checks.push(wasm_target(context));
    checks.extend(builders(context));
    checks.push(development_key(context));
    checks.push(publisher_keys(context));
    checks.extend(key_files(context));
    checks.push(policy(context));
    checks.extend(known_registries(context));
    checks.extend(installed(context));
    checks.push(secrets(context));
    checks.push(fence());
    checks.extend(clients(context));
    checks
}

/// Each connected client: can it start this program?
fn clients(context: &Context<'_>) -> Vec<Check> {
    let found: Vec<Check> = Client::ALL.into_iter().filter_map(|client| client_check(context, client)).collect();
    if found.is_empty() {
        return vec![Check::missing("clients", "none is connected", "mpp connect CLIENT")];
    }
    found
}

fn client_check(context: &Context<'_>, client: Client) -> Option<Check> {
    let what = format!("client {client}");
    let (file, started) = match connect::connected(context, client) {
        Ok(found) => found?,
        Err(error) => return Some(Check::failed(what, &error)),
    };
    let file = file.display();
    Some(match connect::start(&started) {
        Ok(tools) => Check::good(what, format!("{file}: starts, and is offered {tools} tools")),
        Err(why) => Check::bad(what, format!("{file}: {why}"), format!("mpp connect {client}")),
    })
}

fn secrets(context: &Context<'_>) -> Check {
    let store = SecretStore::of(context);
    match store.list() {
        Ok(stored) => Check::good("secrets", format!("{}, kept in {}", stored.len(), store.place().words())),
        Err(error) => Check::failed("secrets", &error),
    }
}

/// Whether the kernel keeps a running call to what was granted.
fn fence() -> Check {
    let what = "fence around calls";
    match Fence::support() {
        Fenced::On { abi } if abi >= 4 => Check::good(what, format!("Landlock {abi}: on for `mpp call` and `mpp run`")),
        Fenced::On { abi } => Check::good(what, format!("Landlock {abi}: on for files, too old for connections")),
        Fenced::Off { why } => Check::missing(
            what,
            format!("off: {why}; grants hold all the same"),
            "cat /sys/kernel/security/lsm # landlock must be in the list, on Linux 6.7 or newer",
        ),
    }
}

/// A folder of the home: can it be written, and by nobody else?
fn folder(what: &str, path: &Path) -> Check {
    let shown = path.display();
    let Some(there) = path.ancestors().find(|folder| folder.exists()) else {
        return Check::bad(what, format!("{shown}: no part of this path exists"), format!("mkdir -p {shown}"));
    };
    // A file without a name: it is gone as soon as it is closed.
    if let Err(error) = tempfile::tempfile_in(there) {
        return Check::bad(what, format!("{}: {error}", there.display()), "export MPP_HOME=$HOME/mpp");
    }
    match written_by_others(path) {
        Ok(Some(mode)) => {
            Check::bad(what, format!("{shown}: others may write there, mode {mode:o}"), format!("chmod go-w {shown}"))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Check::bad(what, format!("{shown}: {error}"), ""),
        _ if there == path => Check::good(what, shown.to_string()),
        _ => Check::good(what, format!("{shown}, made when it is first needed")),
    }
}

#[cfg(unix)]
fn written_by_others(path: &Path) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = path.metadata()?.permissions().mode() & 0o777;
    Ok((mode & 0o022 != 0).then_some(mode))
}

#[cfg(not(unix))]
fn written_by_others(path: &Path) -> io::Result<Option<u32>> {
    path.metadata().map(|_| None)
}

/// A program that something needs.
struct Program {
    name: &'static str,
    version: &'static str,
    needed_for: &'static str,
    help: &'static str,
}

const RUSTUP: &str = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";

const PROGRAMS: &[Program] = &[
    Program { name: "cargo", version: "--version", needed_for: "building Rust tools", help: RUSTUP },
    Program { name: "rustup", version: "--version", needed_for: "adding the wasm target", help: RUSTUP },
    Program {
        name: "git",
        version: "--version",
        needed_for: "registries on other machines",
        help: "apt install git # or as your system does it",
    },
    Program {
        name: "minisign",
        version: "-v",
        needed_for: "nothing here; it lets you check signatures without mpp",
        help: "apt install minisign # or as your system does it",
    },
];

fn program(program: &Program) -> Check {
    match Command::new(program.name).arg(program.version).output() {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            Check::good(program.name, mpp_schema::text::escaped(said.lines().next().unwrap_or_default()))
        }
        _ => Check::missing(program.name, format!("not found; needed for {}", program.needed_for), program.help),
    }
}

fn wasm_target(context: &Context<'_>) -> Check {
    match mpp_build::target_is_installed(&context.folder, &mpp_build::Programs::default()) {
        Ok(true) => Check::good("wasm target", mpp_build::TARGET),
        _ => Check::missing(
            "wasm target",
            format!("{} is not installed; `mpp build` will install it", mpp_build::TARGET),
            format!("rustup target add {}", mpp_build::TARGET),
        ),
    }
}

/// The builders of other languages: which have their compiler here.
fn builders(context: &Context<'_>) -> Vec<Check> {
    let states = mpp_build::builders(&mpp_build::Programs::default(), &context.folder);
    let check = |state: mpp_build::BuilderState| {
        let what = format!("builder {}", state.builder);
        match state.compiler {
            Some(compiler) => Check::good(what, mpp_schema::text::escaped(&compiler)),
            None => Check::missing(what, "its compiler is not here", state.install.join(" # or: ")),
        }
    };
    states.into_iter().map(check).collect()
}

fn development_key(context: &Context<'_>) -> Check {
    let what = "development key";
    match context.home.development_public_key() {
        Ok(Some(key)) => Check::good(what, key.id().to_string()),
        Ok(None) => Check::good(what, format!("none yet; `mpp build` makes `{}`", keys::DEVELOPMENT)),
        Err(error) => Check::failed(what, &error),
    }
}

fn policy(context: &Context<'_>) -> Check {
    let what = "policy";
    match context.home.policy() {
        Ok(policy) if policy.file().headless_grants => Check::good(what, "grants can be made without a terminal"),
        Ok(_) => Check::good(what, "grants are made on a terminal only"),
        Err(error) => Check::failed(what, &error),
    }
}

fn publisher_keys(context: &Context<'_>) -> Check {
    let what = "publisher keys";
    match context.home.keys() {
        Ok(keys) if keys.is_empty() => {
            Check::missing(what, "none; `mpp publish` makes one without a password", "mpp key new publisher")
        }
        Ok(keys) => Check::good(what, keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>().join(", ")),
        Err(error) => Check::failed(what, &error),
    }
}

/// Secret keys that others can read: one check for each, none when all is well.
fn key_files(context: &Context<'_>) -> Vec<Check> {
    match context.home.exposed_key_files() {
        Ok(exposed) => exposed.iter().map(|error| Check::failed("key file", error)).collect(),
        Err(error) => vec![Check::failed("key files", &error)],
    }
}

fn known_registries(context: &Context<'_>) -> Vec<Check> {
    match context.home.registries() {
        Ok(known) if known.is_empty() => {
            vec![Check::missing("registries", "none", "mpp registry add NAME URL")]
        }
        Ok(known) => known.into_iter().map(|known| registry(context, known)).collect(),
        Err(error) => vec![Check::failed("registries", &error)],
    }
}

/// What this home believes about a registry, without asking the registry.
fn registry(context: &Context<'_>, known: KnownRegistry) -> Check {
    let what = format!("registry {}", known.name);
    let update = format!("mpp search --registry {}", known.name);
    let url = known.url.clone();
    let open = match registries::open(context, known) {
        Ok(open) => open,
        Err(error) => return Check::failed(what, &error),
    };
    let Some(state) = open.registry.state() else {
        return Check::missing(what, format!("{url}: never read"), update);
    };
    let head = state.head();
    let age = days(head.issued, context.now);
    let found = format!("{url}, head {} of {age}, fresh until {}", head.seq, state.expires());
    match open.registry.check_fresh(context.now) {
        Ok(()) => Check::good(what, found),
        Err(error) => Check::bad(what, format!("{found}: {}", OpsError::from(error).message()), update),
    }
}

fn days(from: Instant, to: Instant) -> String {
    match (to.unix_seconds() - from.unix_seconds()) / 86_400 {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days if days > 1 => format!("{days} days ago"),
        _ => "a time to come".to_owned(),
    }
}

/// Every installed package is admitted again, as it would be before a call.
fn installed(context: &Context<'_>) -> Vec<Check> {
    let what = "installed packages";
    let records = match context.home.all_installed() {
        Ok(records) => records,
        Err(error) => return vec![Check::failed(what, &error)],
    };
    let spoiled: Vec<_> = records.iter().filter_map(|record| spoiled(context, record)).collect();
    match (records.len(), spoiled.is_empty()) {
        (0, _) => vec![Check::good(what, "none")],
        (1, true) => vec![Check::good(what, "1, which verifies")],
        (count, true) => vec![Check::good(what, format!("{count}, each of which verifies"))],
        (_, false) => spoiled,
    }
}

fn spoiled(context: &Context<'_>, record: &InstalledRecord) -> Option<Check> {
    let path: PathBuf = context.home.package_path(record.file);
    let trust = package_file::trust_for_installed(record);
    let error = trust.and_then(|trust| package_file::open_verified(context, &path, &trust)).err()?;
    let again = format!("mpp install {}@={}", record.name, record.version);
    Some(Check::bad(format!("installed {}", record.name), error.message(), again))
}

#[cfg(test)]
mod tests {
    use super::{State, days, folder};
    use mpp_schema::Instant;

    #[test]
    fn ages_are_told_in_days() {
        let at = |seconds| Instant::from_unix_seconds(seconds).unwrap();
        for (seconds, expected) in [
            (0, "today"),
            (86_399, "today"),
            (86_400, "yesterday"),
            (864_000, "10 days ago"),
            (-86_400, "a time to come"),
        ] {
            assert_eq!(days(at(0), at(seconds)), expected);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_not_made() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("a/b");
        assert_eq!(folder("home", &path).state, State::Good);
        assert!(!outer.path().join("a").exists());
        std::fs::write(outer.path().join("file"), "").unwrap();
        let check = folder("home", &outer.path().join("file/home"));
        assert_eq!(check.state, State::Bad, "{}", check.found);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_may_write_is_bad() {
        use std::os::unix::fs::PermissionsExt as _;
        let outer = tempfile::tempdir().unwrap();
        std::fs::set_permissions(outer.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let check = folder("home", outer.path());
        assert_eq!(check.state, State::Bad);
        assert_eq!(check.help, format!("chmod go-w {}", outer.path().display()));
    }
}
