//! Opening package files: which keys count for which file, and the errors of a path that is no package.

use crate::{Context, OpsError, atomic_write::IoError, home::installed::InstalledRecord};
use mpp_package::{
    key::PublicKey,
    verify::{Trust, TrustedKey, VerifiedPackage},
};
use std::{
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
