//! How an installed package stands: learned from its registry at each update, asked at the start of every run.

use crate::{
    Context, Event, OpsError,
    home::{
        blocked::{Blocked, BlockedRecord},
        installed::InstalledRecord,
    },
    registries::OpenRegistry,
};
use mpp_index::{
    package::{PackageEntry, SignedRelease},
    state::{Freshness, TrustedState},
};
use mpp_registry::{Location, Registry};
use mpp_schema::{Code, Coded, Digest, FormatVersion, Ident, Instant, PackageName, codes};

/// Remembers which of the installed packages of a registry it blocks. Called after each update.
pub(crate) fn learn(context: &Context<'_>, open: &OpenRegistry) -> Result<(), OpsError> {
    for record in context.home.all_installed()? {
        if record.source() != Some(open.known.id) {
            continue;
        }
        if let Some(entry) = open.registry.package(&record.name)? {
            remember(context, open, &entry)?;
        }
    }
    Ok(())
}

/// Remembers every version of a package that is blocked.
pub(crate) fn remember(context: &Context<'_>, open: &OpenRegistry, entry: &PackageEntry) -> Result<(), OpsError> {
    for signed in &entry.releases {
        let Some(said) = &signed.standing.blocked else { continue };
        let record = BlockedRecord {
            mpp: FormatVersion::CURRENT,
            name: entry.name.clone(),
            version: signed.release.version.clone(),
            registry: open.known.id,
            by_registry: said.by_registry,
            reason: said.reason.clone(),
            issued: said.issued,
        };
        context.home.remember_blocked(signed.release.package, &record)?;
    }
    Ok(())
}

/// Refuses a package that must not run.
pub(crate) fn refuse_blocked(context: &Context<'_>, digest: Digest) -> Result<(), OpsError> {
    match context.home.blocked(digest)? {
        Some(record) => Err(Blocked(record).into()),
        None => Ok(()),
    }
}

/// Whether an installed package may run although its registry has not signed a head for a while: it may, and people are told; after a
/// month not with grants that reach the network. A package that is not installed has no registry to ask.
pub(crate) fn check_freshness(
    context: &Context<'_>,
    record: Option<&InstalledRecord>,
    network: bool,
) -> Result<(), OpsError> {
    let Some(record) = record else { return Ok(()) };
    let Some((registry, state)) = believed(context, record)? else { return Ok(()) };
    let silent = SilentRegistry { package: record.name.clone(), registry, expired: state.expires() };
    match state.freshness(context.now) {
        Freshness::Fresh => Ok(()),
        Freshness::LongExpired if network => Err(silent.into()),
        Freshness::Expired | Freshness::LongExpired => {
            let note = format!(
                "the registry `{}` has not been heard of since {}: whether {} was blocked is not known; mpp audit",
                silent.registry, silent.expired, silent.package
            );
            (context.tell)(Event::Note(note));
            Ok(())
        }
    }
}

/// What this home believes about the registry of an installed package; nothing for a loose file, and for a registry that it forgot.
fn believed(context: &Context<'_>, record: &InstalledRecord) -> Result<Option<(Ident, TrustedState)>, OpsError> {
    let Some(id) = record.source() else { return Ok(None) };
    let Some(known) = context.home.registry_of_id(id)? else { return Ok(None) };
    let folder = context.home.registry_state(&known.name);
    let registry = Registry::with_transport(Location::parse(&known.url)?, folder, None)?;
    Ok(registry.state().cloned().map(|state| (known.name, state)))
}

/// A tool that may reach the network does not run while nobody can say whether it was blocked.
#[derive(Debug, thiserror::Error)]
#[error(
    "could not run `{package}`, which may reach the network: the last head of its registry `{registry}` expired at {expired}, more than {} days ago",
    mpp_index::state::GRACE_DAYS
)]
pub struct SilentRegistry {
    package: PackageName,
    registry: Ident,
    expired: Instant,
}

impl Coded for SilentRegistry {
    fn code(&self) -> Code {
        codes::INDEX_STALE
    }
    fn hints(&self) -> Vec<String> {
        vec![
            "bring it up to date: mpp audit".to_owned(),
            "ask whoever runs the registry to sign a new head with `mpp registry sign-head`".to_owned(),
        ]
    }
}

/// The keys that may have signed the package of a release: the owners of its time.
pub(crate) fn publishers(signed: &SignedRelease) -> Vec<String> {
    signed.owners.iter().map(mpp_package::key::PublicKey::to_base64).collect()
}

#[cfg(test)]
mod tests {
    use super::check_freshness;
    use crate::{
        Context, Event, Passwords, Surroundings, Terminal,
        home::{Home, installed::InstalledRecord},
        verb::registry,
    };
    use mpp_schema::{Code, Digest, FormatVersion, Instant, RegistryId, codes};
    use std::{
        cell::RefCell,
        path::{Path, PathBuf},
    };

    struct Nobody;

    impl Passwords for Nobody {
        fn secret(&self, _: &str) -> Option<mpp_host::SecretValue> {
            None
        }
        fn password(&self, _: &str) -> Option<String> {
            None
        }
        fn new_password(&self, _: &str) -> Option<String> {
            None
        }
    }

    impl Terminal for Nobody {
        fn is_there(&self) -> bool {
            false
        }
        fn ask(&self, _: &str, _: &str) -> Option<String> {
            None
        }
        fn confirm(&self, _: &str, _: &str, _: u64) -> crate::Typed {
            crate::Typed::NoTerminal
        }
    }

    impl Surroundings for Nobody {
        fn variable(&self, _: &str) -> Option<String> {
            None
        }
        fn user_home(&self) -> Option<PathBuf> {
            None
        }
        fn session(&self) -> String {
            "test".to_owned()
        }
        fn now(&self) -> Option<Instant> {
            None
        }
    }

    fn record(registry: Option<RegistryId>) -> InstalledRecord {
        InstalledRecord {
            mpp: FormatVersion::CURRENT,
            name: "acme:md".parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            digest: Digest::of(b""),
            file: Digest::of(b""),
            publishers: Vec::new(),
            registry,
            locked_from: None,
            description: String::new(),
            installed: day(0),
        }
    }

    /// Noon, this many days after the registry was made.
    fn day(days: u32) -> Instant {
        Instant::from_unix_seconds(1_769_860_800).unwrap().plus_days(days)
    }

    #[test]
    fn a_silent_registry_is_told_about_and_then_keeps_tools_from_the_network() {
        let folder = tempfile::tempdir().unwrap();
        let notes = RefCell::new(0);
        let tell = |event| *notes.borrow_mut() += u32::from(matches!(event, Event::Note(_)));
        let home = Home::below(folder.path());
        let mut context = Context {
            home,
            program: PathBuf::new(),
            folder: folder.path().to_owned(),
            now: day(0),
            passwords: &Nobody,
            tell: &tell,
            terminal: &Nobody,
            surroundings: &Nobody,
        };
        let id = registry::init(&context, Path::new("registry.git")).unwrap().id;
        registry::add(&context, &"home".parse().unwrap(), "registry.git", None).unwrap();

        let mut check = |days, registry, network, expected: Result<u32, Code>| {
            context.now = day(days);
            *notes.borrow_mut() = 0;
            let outcome = check_freshness(&context, Some(&record(registry)), network);
            assert_eq!(outcome.map(|()| *notes.borrow()).map_err(|error| error.code()), expected, "{days}");
        };
        for network in [false, true] {
            check(6, Some(id), network, Ok(0));
            check(7, Some(id), network, Ok(1));
            check(36, Some(id), network, Ok(1));
            check(400, None, network, Ok(0));
            check(400, Some(RegistryId::from_bytes([1; 16])), network, Ok(0));
        }
        check(37, Some(id), false, Ok(1));
        check(37, Some(id), true, Err(codes::INDEX_STALE));
        check(400, Some(id), true, Err(codes::INDEX_STALE));
    }
}
