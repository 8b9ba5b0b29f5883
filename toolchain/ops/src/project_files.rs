//! `mpp-tools.toml` and `mpp.lock` of a project: which tools it uses, and exactly which ones those are.

use crate::{
    OpsError,
    atomic_write::{self, Readable},
    home::MalformedFile,
};
use mpp_schema::{
    Code, Coded, codes,
    lock::{Lockfile, ToolsRequest},
};
use std::path::{Path, PathBuf};

/// What a project asks for.
pub(crate) const REQUEST_FILE: &str = "mpp-tools.toml";
/// What it got.
pub(crate) const LOCK_FILE: &str = "mpp.lock";

/// A file of the project that is not there.
#[derive(Debug, thiserror::Error)]
#[error("could not find `{}`", .0.display())]
pub(crate) struct NoProjectFile(PathBuf);

impl Coded for NoProjectFile {
    fn code(&self) -> Code {
        codes::PACKAGE_NOT_FOUND
    }
    fn hints(&self) -> Vec<String> {
        vec![
            "name a package: mpp install NAMESPACE:NAME".to_owned(),
            format!("or list them in {REQUEST_FILE}:\n[tools]\n\"acme:notes\" = \"1\""),
        ]
    }
}

/// Reads `mpp-tools.toml` in `folder`.
pub(crate) fn read_request(folder: &Path) -> Result<ToolsRequest, OpsError> {
    Ok(read_request_if_there(folder)?.ok_or_else(|| NoProjectFile(folder.join(REQUEST_FILE)))?)
}

/// The same; nothing when there is none.
pub(crate) fn read_request_if_there(folder: &Path) -> Result<Option<ToolsRequest>, OpsError> {
    let path = folder.join(REQUEST_FILE);
    let Some(text) = atomic_write::read_text_if_there(&path)? else { return Ok(None) };
    Ok(Some(toml::from_str(&text).map_err(|error| MalformedFile { path, reason: error.to_string() })?))
}

/// Reads `mpp.lock` in `folder`; nothing when there is none. One written for a newer major version is refused by name.
pub(crate) fn read_lock(folder: &Path) -> Result<Option<Lockfile>, OpsError> {
    let path = folder.join(LOCK_FILE);
    let Some(text) = atomic_write::read_text_if_there(&path)? else { return Ok(None) };
    let malformed = |error: toml::de::Error| MalformedFile { path: path.clone(), reason: error.to_string() };
    let probe: mpp_schema::manifest::VersionProbe = toml::from_str(&text).map_err(malformed)?;
    if probe.mpp.major > mpp_schema::FORMAT_MAJOR {
        return Err(NewerLock { path, found: probe.mpp.to_string() }.into());
    }
    Ok(Some(toml::from_str(&text).map_err(malformed)?))
}

/// The lock file was written by a newer program.
#[derive(Debug, thiserror::Error)]
#[error("could not read `{}`: it is of format {found}, and this program reads up to {}", path.display(), mpp_schema::FORMAT_MAJOR)]
pub(crate) struct NewerLock {
    path: PathBuf,
    found: String,
}

impl Coded for NewerLock {
    fn code(&self) -> Code {
        codes::FORMAT_NEWER
    }
}

/// Writes `mpp.lock` in `folder`.
pub(crate) fn write_lock(folder: &Path, lock: &Lockfile) -> Result<(), OpsError> {
    let path = folder.join(LOCK_FILE);
    let body = toml::to_string_pretty(lock)
        .map_err(|error| MalformedFile { path: path.clone(), reason: error.to_string() })?;
    let text = format!("# Written by `mpp install`. Commit it: it says exactly which tools this project uses.\n{body}");
    Ok(atomic_write::write(&path, text.as_bytes(), Readable::ByAll)?)
}

#[cfg(test)]
mod tests {
    use super::{read_lock, write_lock};
    use mpp_schema::{FormatVersion, codes, lock::Lockfile};

    #[test]
    fn a_lock_reads_back_and_a_newer_one_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_lock(folder.path()).unwrap(), None);
        let lock = Lockfile { mpp: FormatVersion::CURRENT, registries: Vec::new(), packages: Vec::new() };
        write_lock(folder.path(), &lock).unwrap();
        assert_eq!(read_lock(folder.path()).unwrap(), Some(lock));
        std::fs::write(folder.path().join("mpp.lock"), "mpp = \"2.0\"\nnew = true\n").unwrap();
        assert_eq!(read_lock(folder.path()).unwrap_err().code(), codes::FORMAT_NEWER);
        std::fs::write(folder.path().join("mpp.lock"), "mpp = 1\n").unwrap();
        assert_eq!(read_lock(folder.path()).unwrap_err().code(), codes::FORMAT_MALFORMED);
    }
}
