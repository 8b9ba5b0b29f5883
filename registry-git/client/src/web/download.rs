//! One file from an address into a file of this home: counted and hashed as it comes, gone on from where it was interrupted, and named only
//! when it is the right one (spec/index.md IDX-55).

use super::{Answer, Ask, Web, WebError};
use crate::{RegistryError, disk_clock::DiskClock};
use mpp_schema::Digest;
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File},
    io::{self, Read, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};
use ureq::http::{HeaderMap, header};
use url::Url;

const CHUNK_BYTES: usize = 64 << 10;
const PART: &str = "part";
/// How long a part waits for somebody who goes on with it.
const WAITING_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// Removes the parts that nobody went on with for long. One that is being written is locked, and stays.
pub(crate) fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let parts: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| is_part(path)).collect();
    let clock = (!parts.is_empty()).then(|| DiskClock::of(folder)).flatten();
    for (path, clock) in parts.iter().zip(clock.iter().cycle()) {
        let Ok(file) = File::options().read(true).write(true).open(path) else { continue };
        if file.try_lock().is_ok() && clock.is_older(path, WAITING_MAX) {
            let _ = fs::remove_file(path);
        }
    }
}

fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == PART)
        && fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
}

/// A file to download.
pub(crate) struct Download<'a> {
    pub(crate) url: &'a Url,
    /// More headers for the request.
    pub(crate) headers: HeaderMap,
    pub(crate) size: u64,
    pub(crate) digest: Digest,
    /// Where parts of files wait.
    pub(crate) folder: &'a Path,
}

/// Why a download is not what it should be.
pub(crate) enum Wrong {
    Failed(RegistryError),
    /// The server has bytes, and they are others.
    Other {
        what: &'static str,
        expected: String,
        found: String,
    },
}

impl Wrong {
    fn size(expected: u64, found: impl ToString) -> Self {
        Self::Other { what: "a size of", expected: expected.to_string(), found: found.to_string() }
    }
}

impl<E: Into<RegistryError>> From<E> for Wrong {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A file that is not complete, which nobody else is writing.
struct Part {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    length: u64,
    /// Whether others may go on from it later.
    kept: bool,
}

impl Download<'_> {
    /// Downloads the file, and gives its bytes. What was there of it before is hashed again, and gone on from. `tell` hears how many bytes are
    /// here.
    pub(crate) fn run(&self, web: &Web, tell: &mut dyn FnMut(u64)) -> Result<Vec<u8>, Wrong> {
        let mut part = Part::open(self.folder, self.digest)?;
        part.reread(self.size)?;
        let resumed = part.length > 0;
        let outcome = self.complete(web, &mut part, tell);
        match outcome {
            // What was kept may have been damaged on this disk: the server gets a second chance, its own bytes do not.
            Err(Wrong::Other { .. }) if resumed => {
                part.restart()?;
                self.complete(web, &mut part, tell)?;
            }
            Err(Wrong::Other { what, expected, found }) => {
                part.discard();
                return Err(Wrong::Other { what, expected, found });
            }
            Err(failed) => {
                // Nothing came: then there is nothing to go on from.
                if part.length == 0 {
                    part.discard();
                }
                return Err(failed);
            }
            Ok(()) => {}
        }
        Ok(part.take()?)
    }

    fn complete(&self, web: &Web, part: &mut Part, tell: &mut dyn FnMut(u64)) -> Result<(), Wrong> {
        tell(part.length);
        if part.length < self.size || self.size == 0 {
            let answer = self.ask(web, part)?;
            self.take_in(answer, part, tell)?;
        }
        if part.length != self.size {
            // A server that ends early and says so has another file; one that breaks off is asked again later.
            return Err(Wrong::size(self.size, part.length));
        }
        let found = Digest::from_bytes(part.hasher.clone().finalize().into());
        match found == self.digest {
            true => Ok(()),
            false => Err(Wrong::Other {
                what: "the file digest",
                expected: self.digest.to_string(),
                found: found.to_string(),
            }),
        }
    }

    /// Asks for what is missing. A server that cannot send a part sends the whole, which is as well.
    fn ask(&self, web: &Web, part: &mut Part) -> Result<Answer, Wrong> {
        let mut ask = Ask::get(self.url.clone());
        ask.headers = self.headers.clone();
        if part.length == 0 {
            let answer = web.send(&ask, &[])?;
            return match answer.status.as_u16() {
                200 => Ok(answer),
                status => Err(WebError::status(self.url, status).into()),
            };
        }
        let from = part.length;
        let answer = web.send(&ask.clone().with(header::RANGE, &format!("bytes={from}-"))?, &[])?;
        match answer.status.as_u16() {
            206 => {
                let range = answer.header(header::CONTENT_RANGE).unwrap_or_default();
                match range == format!("bytes {from}-{}/{}", self.size - 1, self.size) {
                    true => Ok(answer),
                    false => {
                        let found = mpp_schema::text::excerpt(range);
                        let detail = format!("expected the bytes from {from} of {}, found \"{found}\"", self.size);
                        Err(WebError::answer(self.url, detail).into())
                    }
                }
            }
            200 => {
                part.restart()?;
                Ok(answer)
            }
            416 => {
                part.restart()?;
                self.ask(web, part)
            }
            status => Err(WebError::status(self.url, status).into()),
        }
    }

    /// Writes what comes, until there is more than there may be.
    fn take_in(&self, answer: Answer, part: &mut Part, tell: &mut dyn FnMut(u64)) -> Result<(), Wrong> {
        let left = self.size - part.length;
        if let Some(length) = answer.length().filter(|length| *length != left) {
            return Err(Wrong::size(self.size, part.length + length));
        }
        let url = answer.url.clone();
        let said = answer.length();
        let mut reader = answer.reader(left)?;
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(WebError::broken(&url, error).into()),
            };
            if part.length + read as u64 > self.size {
                return Err(Wrong::size(self.size, "more"));
            }
            part.add(&chunk[..read])?;
            tell(part.length);
        }
        match said {
            Some(_) if part.length != self.size => {
                let early = io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended early");
                Err(WebError::broken(&url, early).into())
            }
            _ => Ok(()),
        }
    }
}

impl Part {
    /// The part of a file, for this process alone. While another one writes it, a file that is not kept.
    fn open(folder: &Path, digest: Digest) -> Result<Self, RegistryError> {
        fs::create_dir_all(folder).map_err(RegistryError::io("made the folder", folder))?;
        let path = folder.join(format!("{digest}.{PART}"));
        let options = || File::options().read(true).write(true).create(true).truncate(false).clone();
        let file = options().open(&path).map_err(RegistryError::io("opened", &path))?;
        let kept = file.try_lock().is_ok() && is_still(&file, &path);
        if kept {
            return Ok(Self { path, file, hasher: Sha256::new(), length: 0, kept });
        }
        let file = tempfile::tempfile_in(folder).map_err(RegistryError::io("made a file in", folder))?;
        Ok(Self { path, file, hasher: Sha256::new(), length: 0, kept })
    }

    /// Hashes what is there. More than the whole is worth nothing.
    fn reread(&mut self, size: u64) -> Result<(), RegistryError> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match self.file.read(&mut chunk).map_err(RegistryError::io("read", &self.path))? {
                0 => return Ok(()),
                read if self.length + read as u64 > size => return self.restart(),
                read => {
                    self.hasher.update(&chunk[..read]);
                    self.length += read as u64;
                }
            }
        }
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), RegistryError> {
        self.file.write_all(bytes).map_err(RegistryError::io("wrote", &self.path))?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn restart(&mut self) -> Result<(), RegistryError> {
        self.file.set_len(0).map_err(RegistryError::io("emptied", &self.path))?;
        self.file.seek(SeekFrom::Start(0)).map_err(RegistryError::io("emptied", &self.path))?;
        self.hasher = Sha256::new();
        self.length = 0;
        Ok(())
    }

    /// The bytes, which were verified; the part is done with.
    fn take(mut self) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0)).map_err(RegistryError::io("read", &self.path))?;
        self.file.read_to_end(&mut bytes).map_err(RegistryError::io("read", &self.path))?;
        self.discard();
        Ok(bytes)
    }

    fn discard(self) {
        if self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether a file that was opened still has its name: somebody may have finished with it in between.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let inode = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (opened, named) = (file.metadata().map(inode), fs::symlink_metadata(path).map(inode));
    matches!((opened, named), (Ok(opened), Ok(named)) if opened == named)
}

/// Here a file that is open keeps its name.
#[cfg(not(unix))]
fn is_still(_: &File, path: &Path) -> bool {
    path.exists()
}
