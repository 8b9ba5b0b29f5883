//! The permission tokens of this home: one file a token, and what became of tokens, one empty file each.
//!
//! A token file may hold anything: whoever reads it verifies it. The marks of used and revoked tokens are written, and synced, before what they
//! mark takes effect (PERM-16, PERM-17).

use super::Home;
use crate::{
    OpsError,
    atomic_write::{self, IoError, Readable},
};
use mpp_schema::{GrantId, PackageName};
use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

/// The file of a token is never longer: an envelope and a line feed.
const FILE_BYTES_MAX: u64 = mpp_package::limits::MESSAGE_BYTES_MAX as u64 + 1;

/// What became of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was for one call, which was begun.
    Used,
    /// It was taken back.
    Revoked,
}

/// A file where a token should be. Nobody verified it yet.
#[derive(Debug)]
pub struct TokenFile {
    /// The file.
    pub path: PathBuf,
    /// Its text without the line feed at its end, or why it could not be read.
    pub text: Result<Vec<u8>, String>,
}

impl Home {
    fn grants_folder(&self) -> PathBuf {
        self.data.join("grants")
    }

    fn package_grants(&self, package: &PackageName) -> PathBuf {
        self.grants_folder().join(package.namespace().as_str()).join(package.name().as_str())
    }

    fn mark_path(&self, mark: Mark, id: GrantId) -> PathBuf {
        let folder = match mark {
            Mark::Used => "grants-used",
            Mark::Revoked => "grants-revoked",
        };
        self.data.join(folder).join(id.to_string())
    }

    /// Where a token is kept.
    pub fn token_path(&self, package: &PackageName, id: GrantId) -> PathBuf {
        self.package_grants(package).join(format!("{id}.json"))
    }

    /// Keeps a token.
    pub fn keep_token(&self, package: &PackageName, id: GrantId, text: &str) -> Result<PathBuf, OpsError> {
        let path = self.token_path(package, id);
        atomic_write::write(&path, format!("{text}\n").as_bytes(), Readable::ByAll)?;
        Ok(path)
    }

    /// The token files of one package, oldest first.
    pub fn token_files(&self, package: &PackageName) -> Result<Vec<TokenFile>, OpsError> {
        let mut dated = Vec::new();
        for path in list_if_there(&self.package_grants(package))? {
            if path.extension().is_some_and(|extension| extension == "json") {
                // A folder or pipe of that name is reported by reading it.
                let changed = fs::symlink_metadata(&path).and_then(|data| data.modified()).ok();
                dated.push((changed, path));
            }
        }
        dated.sort();
        Ok(dated.into_iter().map(|(_, path)| TokenFile { text: read_token(&path), path }).collect())
    }

    /// The packages that have token files.
    pub fn packages_with_tokens(&self) -> Result<Vec<PackageName>, OpsError> {
        let mut packages = Vec::new();
        for namespace in list_if_there(&self.grants_folder())? {
            for package in list_if_there(&namespace)? {
                let word = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse().ok());
                if let (Some(namespace), Some(name)) = (word(&namespace), word(&package)) {
                    packages.push(PackageName::new(namespace, name));
                }
            }
        }
        packages.sort();
        Ok(packages)
    }

    /// Removes a token file.
    pub fn remove_token(&self, path: &Path) -> Result<(), OpsError> {
        Ok(fs::remove_file(path).map_err(IoError::on("remove", path))?)
    }

    /// Marks a token, durably; says whether it was not marked before. Of two that mark at once, one is told so.
    pub fn mark_token(&self, mark: Mark, id: GrantId) -> Result<bool, OpsError> {
        Ok(atomic_write::create(&self.mark_path(mark, id), b"", Readable::ByAll)?)
    }

    /// Whether a token is marked. A mark that cannot be looked up is an error: it may be there.
    pub fn is_marked(&self, mark: Mark, id: GrantId) -> Result<bool, OpsError> {
        let path = self.mark_path(mark, id);
        Ok(path.try_exists().map_err(IoError::on("look for", &path))?)
    }
}

fn read_token(path: &Path) -> Result<Vec<u8>, String> {
    let data = fs::symlink_metadata(path).map_err(|error| error.to_string())?;
    if !data.is_file() {
        return Err("it is not a file".to_owned());
    }
    let mut text = Vec::new();
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    Ok(text)
}

fn list_if_there(folder: &Path) -> Result<Vec<PathBuf>, IoError> {
    let failed = |error| IoError::new("list the folder", folder, error);
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry.map_err(failed)?.path())).collect(),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::Mark;
    use crate::home::Home;
    use mpp_schema::GrantId;

    #[test]
    fn a_mark_is_made_once_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let id = GrantId::from_bytes([1; 16]);
        assert!(!home.is_marked(Mark::Used, id).unwrap());
        assert!(home.mark_token(Mark::Used, id).unwrap());
        assert!(!home.mark_token(Mark::Used, id).unwrap());
        assert!(home.is_marked(Mark::Used, id).unwrap());
        assert!(!home.is_marked(Mark::Revoked, id).unwrap());
    }

    #[test]
    fn whatever_lies_in_the_folder_is_listed_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let package = "acme:notes".parse().unwrap();
        assert!(home.token_files(&package).unwrap().is_empty());
        let path = home.keep_token(&package, GrantId::from_bytes([1; 16]), "text").unwrap();
        std::fs::create_dir(path.with_file_name("folder.json")).unwrap();
        std::fs::write(path.with_file_name("large.json"), vec![b' '; 1 << 20]).unwrap();
        std::fs::write(path.with_file_name("other.txt"), "").unwrap();
        let files = home.token_files(&package).unwrap();
        assert_eq!(files.len(), 3);
        let text = |name: &str| &files.iter().find(|file| file.path.ends_with(name)).unwrap().text;
        assert_eq!(files[0].text.as_deref(), Ok(b"text".as_slice()));
        assert!(text("folder.json").is_err());
        assert!(text("large.json").as_ref().unwrap().len() < 1 << 19);
        assert_eq!(home.packages_with_tokens().unwrap(), [package]);
    }
}
