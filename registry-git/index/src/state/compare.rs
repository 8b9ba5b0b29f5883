//! Comparing the trusted head with one that somebody else was shown (spec/index.md IDX-77).

use super::{TrustedState, evidence, log_point};
use crate::{Files, IndexError, authority::Roots, document, keys::Keys, layout, log, shards};
use mpp_package::signature::Purpose;
use mpp_schema::index::{Head, Signed};

/// How two heads of one registry stand to each other, when they do not contradict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// They are the same.
    Same,
    /// The other is older, and its log is a beginning of ours.
    Older,
    /// The other is older, and what it saw last was dropped when the registry recovered under a new root.
    Dropped,
    /// The other is newer: an update will show whether it goes on from ours.
    Newer,
}

/// Compares the trusted head with another signed head of the same registry.
///
/// # Errors
/// When the other is not signed by head keys of this registry, or the two prove that the registry contradicts itself.
pub fn compare(files: &dyn Files, state: &TrustedState, other: &Signed) -> Result<Comparison, IndexError> {
    const OTHER: &str = "the other head";
    let claimed: Head = document::parse(OTHER, other.signed.as_bytes())?;
    if claimed.registry != state.registry() {
        let (expected, found) = (state.registry(), claimed.registry);
        return Err(IndexError::OtherRegistry { path: OTHER.to_owned(), expected, found });
    }
    let ours = state.head();
    if claimed.root > ours.root {
        return Ok(Comparison::Newer);
    }
    let table = shards::table(files, ours)?;
    let roots = Roots { files, table: &table, newest: ours.root };
    let keys = Keys::new(&layout::root(claimed.root), &roots.root(OTHER, claimed.root)?.head_keys)?;
    let (theirs, _) = document::open::<Head>(OTHER, other, &Purpose::Head { registry: claimed.registry }, &keys)?;
    let proof = || evidence(state.signed_head(), other);
    let (our_place, their_place) = ((ours.root, ours.seq), (theirs.root, theirs.seq));
    if our_place == their_place {
        return match other.signed == state.signed_head().signed {
            true => Ok(Comparison::Same),
            false => Err(IndexError::Fork { registry: theirs.registry, seq: theirs.seq, evidence: proof() }),
        };
    }
    if their_place > our_place {
        return match theirs.log_length >= ours.log_length {
            true => Ok(Comparison::Newer),
            false => Err(shorter(theirs.log_length, ours.log_length, proof())),
        };
    }
    if was_dropped(&roots, &theirs, ours)? {
        return Ok(Comparison::Dropped);
    }
    if theirs.log_length > ours.log_length {
        return Err(shorter(ours.log_length, theirs.log_length, proof()));
    }
    let through = vec![log_point(&theirs)];
    let expected = log::Expected { from: log::START, through, collect: ours.log_length, to: log_point(ours) };
    log::read(files, &expected).map_err(|broken| broken.with_evidence(proof))?;
    Ok(Comparison::Older)
}

/// Whether a root after the one of the older head lets the log go on from before that head's end.
fn was_dropped(roots: &Roots<'_>, older: &Head, ours: &Head) -> Result<bool, IndexError> {
    for version in older.root + 1..=ours.root {
        let resume = roots.root(&layout::root(version), version)?.resume;
        if resume.is_some_and(|resume| resume.length < older.log_length) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn shorter(newer: u64, older: u64, evidence: Vec<u8>) -> IndexError {
    let reason = format!("the newer head has {newer} records, and the older one {older}");
    IndexError::LogBroken { n: newer, reason, evidence }
}
