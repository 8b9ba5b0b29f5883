//! Opening package files: which keys count for which file, and the errors of a path that is no package.

use crate::{
    Context, OpsError,
    atomic_write::IoError,
    home::{first_use::FirstUseError, installed::InstalledRecord},
};
use mpp_package::{
    key::PublicKey,
    peek,
    verify::{Signer, Trust, TrustedKey, VerifiedPackage},
};
use mpp_schema::{KeyId, PackageName, codes};
use std::{
    collections::BTreeSet,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

/// A verified package whose bytes are read from its file when they are needed.
pub(crate) type OpenPackage = VerifiedPackage<BufReader<File>>;

/// Whom this home trusts for a loose file: pinned publishers, its own keys, and its development key.
pub(crate) fn trust_for_files(context: &Context<'_>) -> Result<Trust, OpsError> {
    let mut publishers = context.home.trusted()?;
    for key in context.home.keys()? {
        publishers.push(TrustedKey { key: key.public, name: key.name });
    }
    Ok(Trust { publishers, development: context.home.development_public_key()?, threshold: 1 })
}

/// Whom this home trusts for an installed package: the publishers that its record names.
pub(crate) fn trust_for_installed(record: &InstalledRecord) -> Result<Trust, OpsError> {
    let publisher = |text: &String| {
        Ok(TrustedKey { key: PublicKey::from_base64(text)?, name: record.name.namespace().to_string() })
    };
    let publishers = record.publishers.iter().map(publisher).collect::<Result<_, OpsError>>()?;
    Ok(Trust { publishers, development: None, threshold: 1 })
}

/// Opens the file at `path`, relative to the context's folder.
pub(crate) fn open_file(context: &Context<'_>, path: &Path) -> Result<(PathBuf, BufReader<File>), OpsError> {
    let path = context.path(path);
    let file = File::open(&path).map_err(IoError::on("open", &path))?;
    Ok((path, BufReader::new(file)))
}

/// Opens and admits the file at `path`.
pub(crate) fn open_verified(context: &Context<'_>, path: &Path, trust: &Trust) -> Result<OpenPackage, OpsError> {
    let (path, reader) = open_file(context, path)?;
    mpp_package::verify::open(reader, trust)
        .map_err(|error| OpsError::from(error).hint(format!("see what it is: mpp inspect {}", path.display())))
}

/// Opens a loose file that is about to be used, signed by whom this home trusts, and by whoever signed the first file of that package (SIG-39).
pub(crate) fn open_loose(context: &Context<'_>, path: &Path) -> Result<OpenPackage, OpsError> {
    let opened = open_verified(context, path, &trust_for_files(context)?);
    let package = opened.map_err(|error| unknown_or_changed(context, path, error))?;
    let name = &package.manifest().name;
    if let Some(first) = check_first_use(context, name, package.signers())? {
        context.home.remember_first_use(name, first)?;
    }
    Ok(package)
}

/// Refuses a package that others signed than its first file; gives its signers where it is that first file. The user's own keys need no first use.
pub(crate) fn check_first_use(
    context: &Context<'_>,
    package: &PackageName,
    signers: &[Signer],
) -> Result<Option<BTreeSet<KeyId>>, OpsError> {
    let own: BTreeSet<KeyId> = context.home.keys()?.iter().map(|key| key.public.id()).collect();
    if signers.iter().any(|signer| signer.development || own.contains(&signer.key)) {
        return Ok(None);
    }
    let found: BTreeSet<KeyId> = signers.iter().map(|signer| signer.key).collect();
    match context.home.first_uses()?.remove(package) {
        None => Ok(Some(found)),
        Some(first) if first.is_disjoint(&found) => {
            Err(FirstUseError::Changed { package: package.clone(), first, found }.into())
        }
        Some(_) => Ok(None),
    }
}

/// What to say about a file that nobody known signed: where the first one of that name was by somebody else, that is what happened. The name is that
/// of a manifest which nobody verified, and decides only what is said.
pub(crate) fn unknown_or_changed(context: &Context<'_>, path: &Path, error: OpsError) -> OpsError {
    if error.code() != codes::TRUST_UNKNOWN_KEY {
        return error;
    }
    let peeked = open_file(context, path).ok().and_then(|(_, reader)| peek(reader).ok());
    let Some(peeked) = peeked else { return error };
    let package = peeked.manifest.name;
    let first = context.home.first_uses().ok().and_then(|mut all| all.remove(&package));
    let found = peeked.signatures.iter().map(|signature| signature.key_id()).collect();
    first.map_or(error, |first| FirstUseError::Changed { package, first, found }.into())
}
