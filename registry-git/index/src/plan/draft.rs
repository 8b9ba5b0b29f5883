//! An edit that is being put together: covered files first, then the records, the shard table and the head that follow from them.

use super::IndexEdit;
use crate::{
    Files, IndexError, MemoryFiles, Overlay, document,
    keys::Keys,
    layout, log, shards,
    state::{self, TrustedState},
};
use mpp_package::{key::Signer, signature::Purpose};
use mpp_schema::{
    Digest, FormatVersion, Instant,
    index::{Head, LogPoint, LogRecord, Root, Signed},
};
use std::collections::BTreeMap;

static NOTHING: MemoryFiles = MemoryFiles(BTreeMap::new());

/// The edit so far.
pub(crate) struct Draft<'a> {
    base: &'a dyn Files,
    root: Root,
    table: Vec<Option<Digest>>,
    log: LogPoint,
    seq: u64,
    /// The lines of the open segment.
    segment: Vec<u8>,
    /// Covered files in the order in which they will be logged.
    covered: Vec<(String, Vec<u8>)>,
}

/// What follows from the covered files of an edit.
struct Drafted {
    writes: BTreeMap<String, Vec<u8>>,
    head: Head,
    records: Vec<LogRecord>,
}

impl<'a> Draft<'a> {
    /// An edit of an index that has no file yet.
    pub(crate) fn empty(root: Root) -> Self {
        let table = vec![None; 256];
        Self { base: &NOTHING, root, table, log: log::START, seq: 0, segment: Vec::new(), covered: Vec::new() }
    }

    /// An edit of the state that was verified last.
    pub(crate) fn on(
        base: &'a dyn Files,
        state: &TrustedState,
        table: Vec<Option<Digest>>,
    ) -> Result<Self, IndexError> {
        let head = state.head();
        let segment = open_segment(base, state)?;
        let log = LogPoint { length: head.log_length, hash: head.log_hash };
        Ok(Self { base, root: state.root().clone(), table, log, seq: head.seq, segment, covered: Vec::new() })
    }

    /// The root that the head will be under.
    pub(crate) fn set_root(&mut self, root: Root) {
        self.root = root;
    }

    /// Writes a covered file.
    pub(crate) fn write(&mut self, path: String, content: Vec<u8>) {
        self.covered.push((path, content));
    }

    /// Adds a line to a covered file.
    pub(crate) fn append(&mut self, path: String, line: &[u8]) -> Result<(), IndexError> {
        let drafted = self.covered.iter().rev().find(|(written, _)| *written == path);
        let mut content = match (drafted, shards::digest_of(self.base, &self.table, &path)?) {
            (Some((_, content)), _) => content.clone(),
            (None, Some(digest)) => shards::read_exact(self.base, &path, digest)?,
            (None, None) => Vec::new(),
        };
        content.extend_from_slice(line);
        self.write(path, content);
        Ok(())
    }

    /// Adds a signed line to a covered file.
    pub(crate) fn append_signed(&mut self, path: String, line: &Signed) -> Result<(), IndexError> {
        self.append(path, &document::line(line))
    }

    /// Adds what follows from the covered files, and signs the head.
    pub(crate) fn finish(
        mut self,
        head_keys: &[&dyn Signer],
        now: Instant,
        summary: String,
    ) -> Result<IndexEdit, IndexError> {
        let signers = self.head_signers(head_keys)?;
        let Drafted { mut writes, head, .. } = self.follow(now)?;
        let signed = document::seal(layout::HEAD, &head, &Purpose::Head { registry: head.registry }, &signers)?;
        writes.insert(layout::HEAD.to_owned(), document::line(&signed));
        Ok(IndexEdit { writes, head, summary })
    }

    /// Checks the edit as every client would, but for the signature of the head, which somebody else will make.
    pub(crate) fn check(mut self, state: &TrustedState, now: Instant) -> Result<(), IndexError> {
        let Drafted { writes, head, records } = self.follow(now)?;
        let files = Overlay { base: self.base, writes: &writes };
        state::check_edit(self.base, state, &files, &head, &records)
    }

    /// What follows from the covered files: records, shard table, and the head that is to be signed.
    fn follow(&mut self, now: Instant) -> Result<Drafted, IndexError> {
        let seq = self.seq.checked_add(1).ok_or_else(|| {
            let expected = "a sequence number that another can follow";
            IndexError::malformed(layout::HEAD, expected, format!("{}, the last one", self.seq))
        })?;
        let (mut writes, records) = self.log_records(now);
        let digests: BTreeMap<_, _> =
            self.covered.iter().map(|(path, content)| (path.clone(), Digest::of(content))).collect();
        writes.extend(shards::write(self.base, &self.table, &digests)?);
        writes.extend(std::mem::take(&mut self.covered));
        let head = Head {
            mpp: FormatVersion::CURRENT,
            registry: self.root.registry,
            root: self.root.version,
            seq,
            log_length: self.log.length,
            log_hash: self.log.hash,
            shards: Digest::of(&writes[layout::SHARDS]),
            issued: now,
            expires: now.plus_days(u32::from(self.root.head_lifetime_days)),
        };
        Ok(Drafted { writes, head, records })
    }

    /// Those of the keys at hand that may sign a head, if they are enough.
    fn head_signers<'k>(&self, at_hand: &[&'k dyn Signer]) -> Result<Vec<&'k dyn Signer>, IndexError> {
        let keys = Keys::new(&layout::root(self.root.version), &self.root.head_keys)?;
        let signers: Vec<_> =
            at_hand.iter().copied().filter(|signer| keys.contains(signer.public_key().id())).collect();
        match signers.len() >= keys.threshold() {
            true => Ok(signers),
            false => {
                let threshold = self.root.head_keys.threshold;
                Err(IndexError::NoHeadKey { registry: self.root.registry, threshold })
            }
        }
    }

    /// Logs the covered files; gives the segments that this changes, and the new records.
    fn log_records(&mut self, now: Instant) -> (BTreeMap<String, Vec<u8>>, Vec<LogRecord>) {
        let (mut segments, mut records) = (BTreeMap::new(), Vec::new());
        for (path, content) in &self.covered {
            let record = LogRecord { n: self.log.length, path: path.clone(), sha256: Digest::of(content), at: now };
            let line = document::line(&record);
            if self.log.length.is_multiple_of(layout::SEGMENT_RECORDS) {
                self.segment.clear();
            }
            self.segment.extend_from_slice(&line);
            segments.insert(layout::log_segment(self.log.length), self.segment.clone());
            self.log = log::step(self.log, &line);
            records.push(record);
        }
        (segments, records)
    }
}

/// The lines of the segment that the next record goes to, checked against the head.
fn open_segment(base: &dyn Files, state: &TrustedState) -> Result<Vec<u8>, IndexError> {
    let start = state.segment();
    let end = LogPoint { length: state.head().log_length, hash: state.head().log_hash };
    let expected = log::Expected { from: start, through: Vec::new(), collect: end.length, to: end };
    log::read(base, &expected).map_err(|broken| broken.with_evidence(Vec::new))?;
    if start.length == end.length {
        return Ok(Vec::new());
    }
    let path = layout::log_segment(start.length);
    base.read(&path)?.ok_or(IndexError::Removed { path, what: "the file" })
}
