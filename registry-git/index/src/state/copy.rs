//! Following a registry by single files of a copy, without reading all that is new (spec/index.md IDX-82, IDX-83).
//!
//! Roots, head and log are verified as by everybody. Of the files, those are compared that the client holds: what it was shown once may only
//! grow, and only with a record. What it looks up later is proven from the head, with its signatures.

use super::{
    TrustedState, Update, changes, check_clock, check_fresh, check_length, check_sequence, evidence, log_point,
    read_head, root,
};
use crate::{
    Files, IndexError,
    layout::{self, Covered},
    log, shards,
};
use mpp_schema::{
    Digest, FormatVersion, Instant,
    index::{Head, LogRecord, Signed},
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
    let chain = root::follow(files, trusted, pin, now)?;
    let (signed, head) = read_head(files, &chain.root)?;
    if let Some(before) = trusted {
        check_sequence(before, &signed, &head)?;
    }
    check_fresh(&head, &chain.root, now)?;
    check_clock(head.issued, now)?;
    check_clock(trusted.map_or(now, |before| before.clock), now)?;
    let clock = trusted.map_or(now, |before| before.clock.max(now));

    let kept = trusted.filter(|before| chain.resume.is_none_or(|at| before.head.log_length <= at.length));
    let records = match trusted {
        Some(before) => new_records(files, before, kept.is_some(), &chain, &signed, &head)?,
        None => Vec::new(),
    };
    let nothing = BTreeMap::new();
    let held = compare_held(files, &head, kept.map_or(&nothing, |_| held), &records)?;
    let before = kept.map_or(0, |before| before.head.log_length);
    let state = TrustedState {
        mpp: FormatVersion::CURRENT,
        registry: chain.root.registry,
        pin: chain.pin,
        root: chain.root,
        signed_head: signed,
        segment: log_point(&head),
        clock,
        by_parts: true,
        head,
    };
    let records = state.head.log_length - before;
    let changed: BTreeSet<_> = held.keys().cloned().collect();
    Ok(Followed { update: Update { state, changed, records }, held })
}

/// The records after the trusted point, read on from it; from the point at which a new root lets the log go on, where that is earlier.
fn new_records(
    files: &dyn Files,
    before: &TrustedState,
    kept: bool,
    chain: &root::Chain,
    signed: &Signed,
    head: &Head,
) -> Result<Vec<LogRecord>, IndexError> {
    let mut through: Vec<_> = chain.resume.into_iter().collect();
    if kept {
        through.push(before.log_point());
    }
    through.sort_by_key(|point| point.length);
    let from = through.first().copied().unwrap_or(log::START);
    let expected = log::Expected { from, through, collect: from.length, to: log_point(head) };
    let tail = check_length(&expected).and_then(|()| log::read(files, &expected));
    let heads = || evidence(&before.signed_head, signed);
    tail.map(|tail| tail.records).map_err(|broken| broken.with_evidence(heads))
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
