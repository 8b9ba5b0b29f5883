//! Writing a copy of a registry as static files (spec/index.md IDX-80).
//!
//! What is written was verified before. A folder that holds an older copy is brought up to date: only what differs is written, each file whole, and
//! the head last, so that whoever reads meanwhile finds the old state or the new one, or a file that is not what its head says, and comes back.

use crate::{Registry, RegistryError, Snapshot, Wanted};
use mpp_index::{Files as _, layout, search};
use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

const INDEX: &str = "index";
const BLOBS: &str = "blobs";
const TEMPORARY: &str = ".mpp-export-";

/// A copy that was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportReport {
    /// How many files of the index it holds.
    pub files: usize,
    /// How many package files it holds.
    pub blobs: usize,
    /// How many of both were written now.
    pub written: usize,
    /// How many files of the index were removed, because they are not there any more.
    pub removed: usize,
}

impl Registry {
    /// Writes the trusted state to a folder. `tell` hears how many files of packages are done, of how many at most.
    ///
    /// # Errors
    /// When a file is not what the trusted head says, or cannot be written.
    pub fn export(&self, to: &Path, tell: &mut dyn FnMut(usize, usize)) -> Result<ExportReport, RegistryError> {
        let files = self.snapshot()?;
        let mut report = ExportReport::default();
        self.export_blobs(&files, &to.join(BLOBS), &mut report, tell)?;
        let mut paths: Vec<_> = files.changes(None)?.into_iter().collect();
        paths.sort_by_key(|path| rank(path));
        for path in &paths {
            let bytes = files
                .read(path)?
                .ok_or_else(|| mpp_index::IndexError::Removed { path: path.clone(), what: "the file" })?;
            report.files += 1;
            report.written += usize::from(write(&to.join(INDEX).join(path), &bytes)?);
        }
        let kept: BTreeSet<_> = paths.iter().map(|path| to.join(INDEX).join(path)).collect();
        report.removed = remove_others(&to.join(INDEX), &kept)?;
        Ok(report)
    }

    fn export_blobs(
        &self,
        files: &Snapshot,
        to: &Path,
        report: &mut ExportReport,
        tell: &mut dyn FnMut(usize, usize),
    ) -> Result<(), RegistryError> {
        remove_unfinished(to);
        let names = search::names(files, self.trusted()?)?;
        for (done, name) in names.iter().enumerate() {
            tell(done, names.len());
            let releases = self.package(name)?.map(|entry| entry.releases).unwrap_or_default();
            let of_git: Vec<_> = releases.iter().filter(|signed| signed.release.commit.is_some()).collect();
            let target = |file| to.join(format!("{file}.mpp"));
            let is_there =
                |path: &Path, size| fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == size);
            let missing = of_git.iter().map(|signed| &signed.release);
            let missing: Vec<_> = missing.filter(|release| !is_there(&target(release.file), release.size)).collect();
            let wanted: Vec<_> = missing.iter().map(|release| Wanted { name, release }).collect();
            for (release, fetched) in missing.iter().zip(self.fetch_blobs(&wanted, &mut |_| {})) {
                write(&target(release.file), fetched?.bytes())?;
                report.written += 1;
            }
            report.blobs += of_git.len();
        }
        Ok(())
    }
}

/// In which order files are written: what fixes others comes after them.
fn rank(path: &str) -> u8 {
    match path {
        layout::HEAD => 4,
        layout::SHARDS => 3,
        _ if path.starts_with("shards/") => 2,
        _ if path.starts_with("log/") => 1,
        _ => 0,
    }
}

/// Writes a file whole, if it is another one; says whether it was.
fn write(path: &Path, bytes: &[u8]) -> Result<bool, RegistryError> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(RegistryError::io("made the folder", folder))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    // Static files are there to be read by everybody.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder).map_err(RegistryError::io("made a file in", folder))?;
    file.write_all(bytes).map_err(RegistryError::io("wrote", path))?;
    outdate(path, file.as_file()).map_err(RegistryError::io("dated", path))?;
    file.persist(path).map_err(|error| error.error).map_err(RegistryError::io("renamed to", path))?;
    Ok(true)
}

/// Gives a file a later date than the one that it replaces, in whole seconds: web servers tell versions of a file apart by them.
fn outdate(path: &Path, file: &fs::File) -> std::io::Result<()> {
    let Ok(before) = fs::metadata(path).and_then(|metadata| metadata.modified()) else { return Ok(()) };
    let later = before + Duration::from_secs(1);
    match file.metadata()?.modified()? < later {
        true => file.set_modified(later),
        false => Ok(()),
    }
}

/// Removes what a killed writer of package files left. In the folder of the index, every file that does not belong there goes.
fn remove_unfinished(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let left = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(TEMPORARY));
    left.for_each(|entry| drop(fs::remove_file(entry.path())));
}

/// Removes files of the index that are not in it any more.
fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> Result<usize, RegistryError> {
    let mut removed = 0;
    for entry in fs::read_dir(folder).map_err(RegistryError::io("looked into", folder))? {
        let entry = entry.map_err(RegistryError::io("looked into", folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(RegistryError::io("looked at", &path))?;
        if kind.is_dir() {
            removed += remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(&path).map_err(RegistryError::io("removed", &path))?;
            removed += 1;
        }
    }
    Ok(removed)
}
