//! Reading a copy in static files: conditional requests, and a folder of what was given before (spec/index.md IDX-81 to IDX-84).
//!
//! What is kept is found by its digest, so it cannot be wrong, only missing. What comes from a server is held in memory until it was verified;
//! a refusal leaves nothing on the disk.

use crate::{
    RegistryError,
    atomic_write::atomic_write,
    web::{Ask, Web, WebError},
};
use mpp_index::{
    Files, FilesError,
    layout::{self, FILE_BYTES_MAX},
    state,
};
use mpp_schema::{Coded as _, Digest, FormatVersion, index::Signed};
use serde::{Deserialize, Serialize};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use ureq::http::header;
use url::Url;

/// How much one update or lookup may bring.
const BYTES_MAX: u64 = 256 << 20;
const HELD: &str = "held.json";
/// The folder of what was given, by digest.
pub(crate) const OBJECTS: &str = "objects";

/// What a server gave for a path, and how to ask whether it is still so.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Given {
    digest: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
}

/// What is remembered between runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Memory {
    mpp: FormatVersion,
    /// The copy that gave it.
    url: String,
    /// SHA-256 of the text of the head under which the files were shown.
    head: Digest,
    given: BTreeMap<String, Given>,
    held: BTreeMap<String, Digest>,
}

impl Memory {
    /// What is remembered in a folder. What cannot be read is as good as forgotten.
    fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(HELD)).ok()?).ok()
    }
}

/// The files of a copy.
pub(crate) struct CopyFiles<'a> {
    web: &'a Web,
    url: &'a Url,
    folder: PathBuf,
    memory: Memory,
    new: RefCell<New>,
}

/// What came during this run.
#[derive(Default)]
struct New {
    bytes: u64,
    given: BTreeMap<String, Given>,
    files: BTreeMap<Digest, Vec<u8>>,
    held: BTreeMap<String, Digest>,
    /// Digests that were asked for by themselves.
    known: BTreeSet<Digest>,
}

impl<'a> CopyFiles<'a> {
    /// The files at an address, of which some are in a folder. `head` is the one that is trusted.
    pub(crate) fn open(web: &'a Web, url: &'a Url, folder: PathBuf, head: Option<&Signed>) -> Self {
        let head = head.map_or_else(|| Digest::of(b""), |head| Digest::of(head.signed.as_bytes()));
        let mut memory = Memory::read(&folder).filter(|memory| memory.url == url.as_str()).unwrap_or_else(|| Memory {
            mpp: FormatVersion::CURRENT,
            url: url.to_string(),
            head,
            given: BTreeMap::new(),
            held: BTreeMap::new(),
        });
        // What was shown under another head than the trusted one proves nothing about it.
        if memory.head != head {
            memory.held.clear();
            memory.head = head;
        }
        Self { web, url, folder, memory, new: RefCell::default() }
    }

    /// The covered files that were shown under the trusted head.
    pub(crate) fn held(&self) -> &BTreeMap<String, Digest> {
        &self.memory.held
    }

    /// Whether a server gave something, or a file was shown that was not shown before.
    pub(crate) fn brought_something(&self) -> bool {
        let new = self.new.borrow();
        !new.given.is_empty() || new.held.iter().any(|(path, digest)| self.memory.held.get(path) != Some(digest))
    }

    /// Keeps what came and was verified. `update` stands in place of what was held before, with what else the new
    /// head fixes.
    pub(crate) fn keep(
        self,
        head: &Signed,
        update: Option<(BTreeMap<String, Digest>, BTreeSet<Digest>)>,
    ) -> Result<(), RegistryError> {
        let new = self.new.into_inner();
        let mut memory = self.memory;
        memory.head = Digest::of(head.signed.as_bytes());
        let fixed = update.map(|(held, fixed)| {
            memory.held = held;
            fixed
        });
        memory.held.extend(new.held);
        memory.given.extend(new.given);
        // Of what has no digest before it is asked for, the head and the open end of the log are asked for again.
        let last = memory.given.keys().filter(|path| path.starts_with("log/")).max().cloned();
        memory.given.retain(|path, _| path == layout::HEAD || Some(path) == last.as_ref());
        let objects = self.folder.join(OBJECTS);
        let mut kept: BTreeSet<_> = memory.given.values().map(|given| given.digest).collect();
        kept.extend(memory.held.values());
        kept.extend(&new.known);
        for (digest, bytes) in new.files.iter().filter(|(digest, _)| kept.contains(digest)) {
            atomic_write(&objects.join(digest.to_string()), bytes)?;
        }
        let text = serde_json::to_vec_pretty(&memory).expect("our own shapes have only text keys and finite numbers");
        atomic_write(&self.folder.join(HELD), &text)?;
        if let Some(fixed) = fixed {
            kept.extend(fixed);
            sweep(&objects, &kept);
        }
        Ok(())
    }

    /// The same with what others kept meanwhile.
    pub(crate) fn again(self) -> Self {
        let same = Memory::read(&self.folder)
            .filter(|memory| memory.url == self.memory.url && memory.head == self.memory.head);
        Self { memory: same.unwrap_or(self.memory), ..self }
    }

    /// Bytes that are here already.
    fn here(&self, digest: Digest) -> Option<Vec<u8>> {
        if let Some(bytes) = self.new.borrow().files.get(&digest) {
            return Some(bytes.clone());
        }
        let bytes = fs::read(self.folder.join(OBJECTS).join(digest.to_string())).ok()?;
        (Digest::of(&bytes) == digest).then_some(bytes)
    }

    fn address(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().push("index").extend(path.split('/'));
        }
        url
    }

    /// Asks for a file; with what was given before, only whether it is another one now.
    fn ask(&self, path: &str, before: Option<(&Given, Vec<u8>)>) -> Result<Option<Vec<u8>>, WebError> {
        let mut ask = Ask::get(self.address(path));
        if let Some((given, _)) = &before {
            if let Some(etag) = &given.etag {
                ask = ask.with(header::IF_NONE_MATCH, etag)?;
            }
            if let Some(modified) = &given.modified {
                ask = ask.with(header::IF_MODIFIED_SINCE, modified)?;
            }
        }
        let answer = self.web.send(&ask, &[])?;
        match (answer.status.as_u16(), before) {
            (200, _) => {
                let (etag, modified) = (answer.header(header::ETAG), answer.header(header::LAST_MODIFIED));
                let (etag, modified) = (etag.map(str::to_owned), modified.map(str::to_owned));
                let bytes = answer.bytes(FILE_BYTES_MAX as u64)?;
                let digest = Digest::of(&bytes);
                let mut new = self.new.borrow_mut();
                new.bytes += bytes.len() as u64;
                if new.bytes > BYTES_MAX {
                    return Err(WebError::answer(&ask.url, format!("it sends more than {BYTES_MAX} bytes in all")));
                }
                // Of the log, only the last file is asked for again.
                if path.starts_with("log/") {
                    forget_log(&mut new);
                }
                new.given.insert(path.to_owned(), Given { digest, etag, modified });
                new.files.insert(digest, bytes.clone());
                Ok(Some(bytes))
            }
            (304, Some((_, bytes))) => Ok(Some(bytes)),
            (404 | 410, _) => Ok(None),
            (status, _) => Err(WebError::answer(&ask.url, format!("expected the file, found the status {status}"))),
        }
    }

    fn failed(path: &str, error: WebError) -> FilesError {
        FilesError::Answer { path: path.to_owned(), code: error.code(), detail: error.to_string() }
    }
}

/// Drops what was read of the log before.
fn forget_log(new: &mut New) {
    let old: Vec<_> = new.given.keys().filter(|path| path.starts_with("log/")).cloned().collect();
    for path in old {
        let bytes = new.given.remove(&path).and_then(|given| new.files.remove(&given.digest));
        new.bytes -= bytes.map_or(0, |bytes| bytes.len() as u64);
    }
}

impl Files for CopyFiles<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FilesError> {
        // One run sees one state: what was given in it is not asked for again.
        let given = self.new.borrow().given.get(path).map(|given| given.digest);
        if let Some(bytes) = given.and_then(|digest| self.here(digest)) {
            return Ok(Some(bytes));
        }
        let before = self.memory.given.get(path).and_then(|given| Some((given, self.here(given.digest)?)));
        self.ask(path, before).map_err(|error| Self::failed(path, error))
    }

    fn read_known(&self, path: &str, digest: Digest) -> Result<Option<Vec<u8>>, FilesError> {
        let bytes = match self.here(digest) {
            Some(bytes) => Some(bytes),
            None => self.ask(path, None).map_err(|error| Self::failed(path, error))?,
        };
        if bytes.as_ref().is_some_and(|bytes| Digest::of(bytes) == digest) {
            let mut new = self.new.borrow_mut();
            new.known.insert(digest);
            if state::is_held(path) {
                new.held.insert(path.to_owned(), digest);
            }
        }
        Ok(bytes)
    }
}

/// Removes what no head that is believed names. What cannot be removed stays for the next time.
fn sweep(objects: &Path, kept: &BTreeSet<Digest>) {
    let Ok(entries) = fs::read_dir(objects) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !name.to_string_lossy().parse::<Digest>().is_ok_and(|digest| kept.contains(&digest)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
