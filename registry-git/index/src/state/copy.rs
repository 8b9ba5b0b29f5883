//! Following a registry by single files of a copy, without reading all that is new (spec/index.md IDX-82, IDX-83).
//!
//! Roots, head and log are verified as by everybody. Of the files, those are compared that the client holds: what it was shown once may only
//! grow, and only with a record. What it looks up later is proven from the head, with its signatures.

use super::{Accepted, TrustedState, Update, accept, changes, log_point};
use crate::{
    Files, IndexError,
    layout::{self, Covered},
    log, shards,
};
use mpp_schema::{
    Digest, Instant,
    index::{Head, LogRecord},
};
use std::collections::{BTreeMap, BTreeSet};

/// A state that was followed to, and the digests of the held files in it.
#[derive(Debug, Clone)]
pub struct Followed {
    /// What to believe from now on.
    pub update: Update,
    /// The files that the client holds, as they are now. Empty after the registry dropped what it said.
    pub held: BTreeMap<String, Digest>,
}

/// Verifies the state of a copy against what is believed so far. `held` are the covered files that the client was shown under the trusted
/// head, with their digests then.
///
/// # Errors
/// The first check that fails. Nothing is changed then.
pub fn follow(
    trusted: Option<&TrustedState>,
    pin: Option<Digest>,
    files: &dyn Files,
    held: &BTreeMap<String, Digest>,
    now: Instant,
) -> Result<Followed, IndexError> {
    let accepted = accept(files, trusted, pin, now)?;
    let kept = trusted.filter(|before| accepted.keeps(before));
    let records = match trusted {
        Some(before) => new_records(files, before, kept, &accepted)?,
        None => Vec::new(),
    };
    let nothing = BTreeMap::new();
    let held = compare_held(files, &accepted.head, kept.map_or(&nothing, |_| held), &records)?;
    let before = kept.map_or(0, |before| before.head.log_length);
    let segment = log_point(&accepted.head);
    let state = accepted.into_state(segment, true);
    let records = state.head.log_length - before;
    let changed: BTreeSet<_> = held.keys().cloned().collect();
    Ok(Followed { update: Update { state, changed, records }, held })
}

/// The records after the trusted point, read on from it; from the point at which a new root lets the log go on, where that is earlier.
fn new_records(
    files: &dyn Files,
    before: &TrustedState,
    kept: Option<&TrustedState>,
    accepted: &Accepted,
) -> Result<Vec<LogRecord>, IndexError> {
    let through = accepted.through(kept);
    let from = through.first().copied().unwrap_or(log::START);
    Ok(accepted.read_log(files, Some(before), (from, from.length, through))?.records)
}

/// Each held file is what it was, or became more with a record.
fn compare_held(
    files: &dyn Files,
    head: &Head,
    held: &BTreeMap<String, Digest>,
    records: &[LogRecord],
) -> Result<BTreeMap<String, Digest>, IndexError> {
    if held.is_empty() {
        return Ok(BTreeMap::new());
    }
    let table = shards::table(files, head)?;
    let mut now = BTreeMap::new();
    for (path, before) in held {
        let line = shards::digest_of(files, &table, path)?;
        let line =
            line.ok_or_else(|| IndexError::Removed { path: path.clone(), what: "its line in the shard table" })?;
        let logged: Vec<_> = records.iter().filter(|record| record.path == *path).map(|record| record.sha256).collect();
        let last = logged.last().unwrap_or(before);
        if *last != line {
            let (expected, found) = (last.to_string(), line.to_string());
            return Err(IndexError::Unlogged { path: path.clone(), expected, found });
        }
        if line != *before {
            check_grown(files, path, *before, line, &logged)?;
        }
        now.insert(path.clone(), line);
    }
    Ok(now)
}

fn check_grown(
    files: &dyn Files,
    path: &str,
    before: Digest,
    line: Digest,
    logged: &[Digest],
) -> Result<(), IndexError> {
    match Covered::of(path) {
        Covered::Package(_) | Covered::Namespace(_) | Covered::Advisories(_) => {
            let file = shards::read_exact(files, path, line)?;
            changes::grown(path, &file, Some(before), logged).map(drop)
        }
        Covered::Root(_) | Covered::Revocation(_) => {
            Err(IndexError::Removed { path: path.to_owned(), what: "what it said" })
        }
        Covered::Config | Covered::Other => Ok(()),
    }
}

/// The digests of the files that fix all others: the shard table's and its parts'.
///
/// # Errors
/// When the table is not what the trusted head says.
pub fn fixed(files: &dyn Files, state: &TrustedState) -> Result<BTreeSet<Digest>, IndexError> {
    let table = shards::table(files, state.head())?;
    Ok(table.into_iter().flatten().chain([state.head().shards]).collect())
}

/// Whether a path is one that a client remembers having been shown.
pub fn is_held(path: &str) -> bool {
    layout::is_covered(path) && !matches!(Covered::of(path), Covered::Other)
}
