//! From what the detectors saw to what is done: overlapping findings become one (PRIV-5), and none is too long (PRIV-4).

use crate::{Blocked, Direction, Kind, Mode, Modes, detect::Hit};
use std::ops::Range;

/// The longest finding, in bytes of the original (PRIV-4).
pub const FINDING_BYTES_MAX: usize = 16 * 1024;

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Which rule found it, where a kind has several: the issuer of a credential, the name of a pattern.
    pub rule: String,
    /// Where it stands in the text, in bytes.
    pub span: Range<usize>,
}

/// What is done with the findings of one text.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// What is replaced: in rising order, without overlap.
    pub(crate) masked: Vec<Hit>,
    /// What is only counted.
    pub(crate) reported: Vec<Hit>,
}

/// Sorts hits by what their modes say, and joins those that overlap.
pub(crate) fn settle(hits: Vec<Hit>, modes: &Modes, direction: Direction) -> Result<Settled, Blocked> {
    let mode = |hit: &Hit| modes.of(direction, hit.kind);
    let (acted_on, mut reported): (Vec<_>, Vec<_>) = hits.into_iter().partition(|hit| mode(hit) >= Mode::Mask);
    reported.retain(|hit| mode(hit) == Mode::Report);
    if let Some(hit) = acted_on.iter().find(|hit| mode(hit) == Mode::Block) {
        return Err(Blocked::Policy { kind: hit.kind });
    }
    Ok(Settled { masked: join(acted_on)?, reported: join(reported)? })
}

/// One hit for each stretch of hits that overlap.
pub(crate) fn join(mut hits: Vec<Hit>) -> Result<Vec<Hit>, Blocked> {
    hits.sort_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end), hit.kind));
    let mut joined: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        match joined.last_mut() {
            Some(last) if hit.start < last.end => absorb(last, hit),
            _ => joined.push(hit),
        }
    }
    if joined.iter().any(|hit| hit.end - hit.start > FINDING_BYTES_MAX) {
        return Err(Blocked::LongFinding { bytes_max: FINDING_BYTES_MAX });
    }
    Ok(joined)
}

fn absorb(last: &mut Hit, hit: Hit) {
    let same_span = (last.start, last.end) == (hit.start, hit.end);
    if hit.kind < last.kind {
        (last.kind, last.rule) = (hit.kind, hit.rule);
    }
    if hit.end > last.end {
        last.end = hit.end;
        last.value = None; // what one of them says is not what both say
    } else if same_span && last.value.is_none() {
        last.value = hit.value;
    }
}
