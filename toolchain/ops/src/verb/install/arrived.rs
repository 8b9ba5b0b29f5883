//! The files of what was chosen: brought here, verified fully, and only then kept (spec/project.md PROJ-4, PROJ-5).

use super::{
    InstallReport, LockError,
    chosen::{Chosen, Voucher},
};
use crate::{
    Context, Event, OpsError, atomic_write,
    consent::changed_tools,
    home::installed::InstalledRecord,
    package_file, registries, sentences, standing,
    vendored::Vendored,
    verb::{kv, verify::check_content},
};
use mpp_index::{
    IndexError,
    resolve::{About, Remark},
};
use mpp_package::verify;
use mpp_policy::Request;
use mpp_registry::Wanted;
use mpp_registry_web::difference::Described;
use mpp_schema::{Digest, FormatVersion, KeyId, RegistryId, lock::LockedPackage, text::excerpt};
use mpp_wit::ToolsDifference;
use std::{collections::BTreeMap, io::Cursor, path::Path};

/// A package that was verified and is not kept yet.
pub(crate) struct Arrived {
    pub(crate) chosen: Chosen,
    pub(crate) described: Described,
    file: Vec<u8>,
    publishers: Vec<String>,
}

impl Arrived {
    /// As a lock file names it.
    pub(crate) fn locked(&self) -> LockedPackage {
        self.chosen.package.clone()
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.file
    }
}

/// The bytes of a file that is here already: in the vendored folder, or kept by this home.
pub(crate) fn here(
    context: &Context<'_>,
    vendored: Option<&Vendored>,
    file: Digest,
) -> Result<Option<Vec<u8>>, OpsError> {
    let vendored = vendored.map(|vendored| vendored.package_path(file));
    for path in vendored.into_iter().chain([context.home.package_path(file)]) {
        match atomic_write::read_if_there(&path)? {
            Some(bytes) if Digest::of(&bytes) == file => return Ok(Some(bytes)),
            Some(_) => (context.tell)(Event::Note(passed_over(&path))),
            None => {}
        }
    }
    Ok(None)
}

fn passed_over(path: &Path) -> String {
    format!("passed over `{}`: it is not the file that its name says", path.display())
}

/// Brings the files of what was chosen here, those of one registry together, and verifies all of them.
pub(crate) fn arrive(
    context: &Context<'_>,
    vendored: Option<&Vendored>,
    all: Vec<Chosen>,
) -> Result<Vec<Arrived>, OpsError> {
    let files = bring(context, vendored, &all)?;
    all.into_iter().zip(files).map(|(chosen, file)| check(context, chosen, file)).collect()
}

fn bring(context: &Context<'_>, vendored: Option<&Vendored>, all: &[Chosen]) -> Result<Vec<Vec<u8>>, OpsError> {
    let mut files = vec![Vec::new(); all.len()];
    let mut missing: BTreeMap<RegistryId, Vec<usize>> = BTreeMap::new();
    for (place, one) in all.iter().enumerate() {
        match (here(context, vendored, one.package.file)?, &one.voucher) {
            (Some(bytes), _) => files[place] = bytes,
            (None, Voucher::Registry(open, _)) => missing.entry(open.known.id).or_default().push(place),
            (None, Voucher::Lock(_)) => return Err(LockError::NoFile(one.package.clone()).into()),
        }
    }
    for places in missing.into_values() {
        let (mut open, mut wanted) = (None, Vec::new());
        for one in places.iter().map(|place| &all[*place]) {
            if let Voucher::Registry(registry, entry) = &one.voucher {
                open = Some(registry);
                wanted.push(Wanted { name: &one.package.name, release: &one.signed(entry)?.release });
            }
        }
        if let Some(open) = open {
            let fetched = registries::fetch(context, open, &wanted)?;
            places.into_iter().zip(fetched).for_each(|(place, file)| files[place] = file.into_bytes());
        }
    }
    Ok(files)
}

/// Verifies a file fully.
fn check(context: &Context<'_>, mut chosen: Chosen, file: Vec<u8>) -> Result<Arrived, OpsError> {
    let mut verified = verify::open(Cursor::new(file.as_slice()), &chosen.trust()?)?;
    check_content(&mut verified)?;
    let manifest = verified.manifest().clone();
    let package = &chosen.package;
    let is_it = manifest.name == package.name && manifest.version == package.version;
    if verified.digest() != package.digest || !is_it {
        let found = LockedPackage {
            name: manifest.name,
            version: manifest.version,
            digest: verified.digest(),
            ..package.clone()
        };
        return Err(LockError::changed(package, &found).into());
    }
    let mut signers: Vec<KeyId> = verified.signers().iter().map(|signer| signer.key).collect();
    signers.sort();
    signers.dedup();
    let publishers = match &chosen.voucher {
        Voucher::Registry(_, entry) => standing::publishers(chosen.signed(entry)?),
        Voucher::Lock(keys) => {
            check_pin(context, package, &signers)?;
            keys.iter().map(|trusted| trusted.key.to_base64()).collect()
        }
    };
    let tools = verified.tools()?;
    let size = file.len() as u64;
    chosen.package.signers.clone_from(&signers);
    let described = Described { manifest, digest: chosen.package.digest, tools, size, signers };
    Ok(Arrived { chosen, described, file, publishers })
}

/// A pinned namespace, when no registry says who owns it: the pinned key itself must have signed.
fn check_pin(context: &Context<'_>, package: &LockedPackage, signers: &[KeyId]) -> Result<(), OpsError> {
    let namespace = package.name.namespace();
    match context.home.pins()?.get(namespace).map(|pinned| pinned.id()) {
        Some(pinned) if !signers.contains(&pinned) => {
            let reason = format!("`{}@{}` is not signed by it", package.name, package.version);
            Err(IndexError::Pinned { namespace: namespace.clone(), pinned, reason }.into())
        }
        _ => Ok(()),
    }
}

/// Keeps a package that was verified.
pub(crate) fn keep(context: &Context<'_>, arrived: &Arrived) -> Result<InstallReport, OpsError> {
    let Arrived { chosen, described, file, publishers } = arrived;
    let manifest = &described.manifest;
    let before = context.home.installed(&manifest.name).ok();
    let changes = before.as_ref().map(|record| changes(context, record, described)).unwrap_or_default();
    let Changes { asked: difference, tools: changed_tools, signers_before } = changes;
    let replaced = before.map(|record| record.version);
    let id = chosen.registry.id;
    let (registry, locked_from) = match &chosen.voucher {
        Voucher::Registry(_, entry) => {
            kv::follow(&context.home, entry, &described.signers)?;
            (Some(id), None)
        }
        Voucher::Lock(_) => (None, Some(id)),
    };
    let record = InstalledRecord {
        mpp: FormatVersion::CURRENT,
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        digest: described.digest,
        file: chosen.package.file,
        publishers: publishers.clone(),
        registry,
        locked_from,
        description: manifest.description.clone(),
        installed: context.now,
    };
    context.home.keep(&record, file)?;
    Ok(InstallReport {
        name: record.name,
        version: record.version,
        digest: record.digest,
        replaced: replaced.filter(|version| *version != manifest.version),
        tools: described.tools.tools.iter().map(|tool| tool.name.clone()).collect(),
        asks_for: sentences(&manifest.permissions),
        unusual: mpp_policy::unusual(&manifest.permissions),
        newly_asks_for: difference.added,
        no_longer_asks_for: difference.removed,
        changed_tools,
        signers_before,
        remarks: chosen.remarks.iter().map(sentence).collect(),
    })
}

/// What changes between the installed version and the next.
#[derive(Default)]
struct Changes {
    asked: mpp_policy::Difference,
    tools: Vec<String>,
    signers_before: Vec<KeyId>,
}

/// Compares the installed version with the next. The old file is only described: a damaged one hinders no update.
fn changes(context: &Context<'_>, before: &InstalledRecord, next: &Described) -> Changes {
    let path = context.home.package_path(before.file);
    let file = std::fs::File::open(&path).ok();
    let package = file.and_then(|file| mpp_package::peek(std::io::BufReader::new(file)).ok());
    let older = package.map(|package| Request::of(&package.manifest.permissions)).unwrap_or_default();
    let trust = package_file::trust_for_installed(before).ok();
    let opened = trust.and_then(|trust| package_file::open_verified(context, &path, &trust).ok());
    let (mut tools, mut signers_before) = (Vec::new(), Vec::new());
    if let Some(mut opened) = opened {
        if let Ok(older) = opened.tools() {
            tools = changed_tools(&ToolsDifference::between(&older, &next.tools));
        }
        signers_before = opened.signers().iter().map(|signer| signer.key).collect();
        if signers_before.iter().any(|key| next.signers.contains(key)) {
            signers_before.clear();
        }
    }
    Changes { asked: older.difference(&Request::of(&next.manifest.permissions)), tools, signers_before }
}

/// A remark in one sentence, with the words of others quoted and escaped.
pub(crate) fn sentence(remark: &Remark) -> String {
    let Remark { name, version, what, reason } = remark;
    let what = match what {
        About::TakenThoughYanked => "was yanked, and is taken because mpp.lock holds it",
        About::TakenThoughDeprecated => "is deprecated",
        About::PassedOverBlocked => "was passed over because it is blocked",
        About::PassedOverYanked => "was passed over because it was yanked",
        About::PassedOverYoung => return format!("{name}@{version} was passed over because it is too young"),
    };
    format!("{name}@{version} {what}: \"{}\"", excerpt(reason))
}
