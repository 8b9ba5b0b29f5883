//! Whether the files agree with the new records of the log (spec/index.md IDX-35 to IDX-38).
//!
//! Three things must say the same of each file: its last log record, its line in the shard table, and its bytes. What no record
//! names must not have changed, and what was said once stays: files of statements and namespaces only grow.

use super::{Candidate, walk::Walk};
use crate::{
    Files, IndexError, document,
    layout::{self, Covered, Shard},
    shards::{self, ShardLines},
};
use mpp_schema::{
    Digest,
    index::{Head, LogRecord},
};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The state that was verified before.
pub(super) struct Base<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) head: &'a Head,
}

/// Verifies everything that the new records name, and that nothing else changed.
pub(super) fn verify(
    candidate: &Candidate<'_>,
    base: Option<Base<'_>>,
    records: &[LogRecord],
    head: &Head,
) -> Result<BTreeSet<String>, IndexError> {
    let mut check = Check {
        files: candidate.files,
        old: match &base {
            Some(base) => Some(Table { files: base.files, table: shards::table(base.files, base.head)? }),
            None => None,
        },
        new: Table { files: candidate.files, table: shards::table(candidate.files, head)? },
        touched: touched(records),
        lines: BTreeMap::new(),
        old_lines: BTreeMap::new(),
    };
    check.shards()?;
    let read = check.touched_files()?;
    if let Some(changed) = candidate.changed {
        check.nothing_else(changed, base.as_ref().map_or(0, |base| base.head.log_length), head.log_length)?;
    }
    let root = base.as_ref().map_or(0, |base| base.head.root);
    let mut walk = Walk::new(candidate.files, &check.new.table, head, root, &read);
    records.iter().try_for_each(|record| walk.record(record))?;
    walk.finish()?;
    Ok(check.touched.into_keys().collect())
}

/// The digests that the records give each file, in order.
fn touched(records: &[LogRecord]) -> BTreeMap<String, Vec<Digest>> {
    let mut touched: BTreeMap<String, Vec<Digest>> = BTreeMap::new();
    for record in records {
        touched.entry(record.path.clone()).or_default().push(record.sha256);
    }
    touched
}

struct Table<'a> {
    files: &'a dyn Files,
    table: Vec<Option<Digest>>,
}

impl Table<'_> {
    fn lines(&self, shard: Shard) -> Result<ShardLines, IndexError> {
        shards::lines(self.files, &self.table, shard)
    }
}

struct Check<'a> {
    files: &'a dyn Files,
    old: Option<Table<'a>>,
    new: Table<'a>,
    touched: BTreeMap<String, Vec<Digest>>,
    lines: BTreeMap<Shard, ShardLines>,
    old_lines: BTreeMap<Shard, ShardLines>,
}

impl Check<'_> {
    /// Every line of the shard table that differs from before has a record, and every record its line.
    fn shards(&mut self) -> Result<(), IndexError> {
        let mut wanted: BTreeSet<Shard> = self.touched.keys().map(|path| layout::shard_of_path(path)).collect();
        let old_digest = |shard: Shard| self.old.as_ref().and_then(|old| old.table[usize::from(shard.0)]);
        wanted.extend(Shard::all().filter(|shard| self.new.table[usize::from(shard.0)] != old_digest(*shard)));
        for shard in wanted {
            let new = self.new.lines(shard)?;
            let old = match &self.old {
                Some(old) => old.lines(shard)?,
                None => ShardLines::new(),
            };
            self.shard(&old, &new)?;
            self.lines.insert(shard, new);
            self.old_lines.insert(shard, old);
        }
        for (path, digests) in &self.touched {
            let line = self.lines.get(&layout::shard_of_path(path)).and_then(|lines| lines.get(path));
            let logged = digests.last().expect("a touched file has a record");
            match line {
                None => return Err(IndexError::Removed { path: path.clone(), what: "its line in the shard table" }),
                Some(line) if line != logged => return Err(unlogged(path, logged, line)),
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn shard(&self, old: &ShardLines, new: &ShardLines) -> Result<(), IndexError> {
        for (path, digest) in new {
            if old.get(path) != Some(digest) && !self.touched.contains_key(path) {
                let expected = old.get(path).map_or("no such file".to_owned(), Digest::to_string);
                return Err(IndexError::Unlogged { path: path.clone(), expected, found: digest.to_string() });
            }
        }
        match old.keys().find(|path| !new.contains_key(*path)) {
            Some(path) => Err(IndexError::Removed { path: path.clone(), what: "its line in the shard table" }),
            None => Ok(()),
        }
    }

    /// Reads what the records name.
    fn touched_files(&self) -> Result<BTreeMap<String, Touched>, IndexError> {
        let mut read = BTreeMap::new();
        for (path, digests) in &self.touched {
            let file = shards::read_exact(self.files, path, *digests.last().expect("a touched file has a record"))?;
            let before = self.old_lines.get(&layout::shard_of_path(path)).and_then(|lines| lines.get(path)).copied();
            let ends = match Covered::of(path) {
                Covered::Package(_) | Covered::Namespace(_) | Covered::Advisories(_) => {
                    grown(path, &file, before, digests)?
                }
                Covered::Root(_) | Covered::Revocation(_)
                    if !before.iter().chain(digests).all(|digest| *digest == digests[0]) =>
                {
                    return Err(IndexError::Removed { path: path.clone(), what: "what it said" });
                }
                _ => Vec::new(),
            };
            read.insert(path.clone(), Touched { file, ends, is_new: before.is_none() });
        }
        Ok(read)
    }

    /// Every file that the caller saw to differ is one that a record names, or one that fixes the index.
    fn nothing_else(&self, changed: &BTreeSet<String>, log_before: u64, log_now: u64) -> Result<(), IndexError> {
        let open = log_before / layout::SEGMENT_RECORDS..log_now.div_ceil(layout::SEGMENT_RECORDS);
        let segments: BTreeSet<_> = match log_before == log_now {
            true => BTreeSet::new(),
            false => open.map(|segment| layout::log_segment(segment * layout::SEGMENT_RECORDS)).collect(),
        };
        for path in changed {
            let is_log = path.starts_with("log/");
            let expected = match is_log {
                true => segments.contains(path),
                false if path.starts_with("shards/") => self.is_shard_file(path),
                false => !layout::is_covered(path) || self.touched.contains_key(path),
            };
            // Without a base, all that is there has a record; what differs because it was dropped is not there.
            if expected || (self.old.is_none() && self.files.read(path)?.is_none()) {
                continue;
            }
            if is_log {
                let reason = format!("`{path}` changed, which holds no new record");
                return Err(IndexError::LogBroken { n: log_before, reason, evidence: Vec::new() });
            }
            let found = "a change".to_owned();
            return Err(IndexError::Unlogged { path: path.clone(), expected: "no change".to_owned(), found });
        }
        Ok(())
    }

    fn is_shard_file(&self, path: &str) -> bool {
        Shard::all().any(|shard| self.new.table[usize::from(shard.0)].is_some() && layout::shard_file(shard) == *path)
    }
}

/// A file that was read, and where it ended before the first new record and after each.
pub(super) struct Touched {
    pub(super) file: Vec<u8>,
    pub(super) ends: Vec<End>,
    pub(super) is_new: bool,
}

/// A place between two lines of a file.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) lines: usize,
    pub(super) bytes: usize,
}

/// Checks that a file of lines only grew: what it was before, and after each record, are its beginnings.
pub(super) fn grown(
    path: &str,
    file: &[u8],
    before: Option<Digest>,
    digests: &[Digest],
) -> Result<Vec<End>, IndexError> {
    let gone = || IndexError::Removed { path: path.to_owned(), what: "a line that was there before" };
    let mut ends = Vec::new();
    let mut wanted = before.into_iter().chain(digests.iter().copied()).peekable();
    if before.is_none() {
        ends.push(End { lines: 0, bytes: 0 });
    }
    let mut hasher = Sha256::new();
    let mut end = End { lines: 0, bytes: 0 };
    for line in document::lines(path, file)? {
        hasher.update(line);
        end = End { lines: end.lines + 1, bytes: end.bytes + line.len() };
        let digest = Digest::from_bytes(hasher.clone().finalize().into());
        while wanted.next_if_eq(&digest).is_some() {
            ends.push(end);
        }
    }
    match wanted.peek() {
        None => Ok(ends),
        Some(_) => Err(gone()),
    }
}

fn unlogged(path: &str, logged: &Digest, found: &Digest) -> IndexError {
    IndexError::Unlogged { path: path.to_owned(), expected: logged.to_string(), found: found.to_string() }
}
