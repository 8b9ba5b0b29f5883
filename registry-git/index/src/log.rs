//! The append-only log: one record for each change of a covered file, chained by hashes (spec/index.md IDX-10 to IDX-13).

use crate::{Files, IndexError, document, layout};
use mpp_schema::{
    Digest,
    index::{LogPoint, LogRecord},
};
use sha2::{Digest as _, Sha256};

/// The point before the first record.
pub(crate) const START: LogPoint = LogPoint { length: 0, hash: Digest::from_bytes([0; 32]) };

/// The point after one more record, given as the exact bytes of its line.
pub(crate) fn step(point: LogPoint, line: &[u8]) -> LogPoint {
    let hash = Sha256::new().chain_update("mpp-log-v1").chain_update(point.hash.as_bytes()).chain_update(line);
    LogPoint { length: point.length + 1, hash: Digest::from_bytes(hash.finalize().into()) }
}

/// What was read of a log.
pub(crate) struct Tail {
    /// The records from [`Expected::collect`] on.
    pub(crate) records: Vec<LogRecord>,
    /// The chain at the start of the open segment of the new log.
    pub(crate) segment: LogPoint,
}

/// What a log must be.
pub(crate) struct Expected {
    /// Where reading begins: the start of a segment, or a point in one for who needs no start later.
    pub(crate) from: LogPoint,
    /// Points on the way that must be met, in order.
    pub(crate) through: Vec<LogPoint>,
    /// The first record that the caller wants to see.
    pub(crate) collect: u64,
    /// The end.
    pub(crate) to: LogPoint,
}

/// Reads the log between two points, checks the chain, and returns the records that are wanted.
pub(crate) fn read(files: &dyn Files, expected: &Expected) -> Result<Tail, Broken> {
    let mut tail = Tail { records: Vec::new(), segment: expected.from };
    let mut point = expected.from;
    let mut through = expected.through.iter().peekable();
    meet(point, &mut through)?;
    while point.length < expected.to.length {
        // Who begins within a segment has no hash for what stands before in it.
        let before = point.length % layout::SEGMENT_RECORDS;
        let start = point.length - before;
        tail.segment = point;
        let end = expected.to.length.min(start + layout::SEGMENT_RECORDS);
        let path = layout::log_segment(point.length);
        let Some(file) = files.read(&path)? else { return Err(broken(point.length, format!("`{path}` is gone"))) };
        let lines = document::lines(&path, &file)?;
        if lines.len() as u64 != end - start {
            let reason = format!("expected {} records in `{path}`, found {}", end - start, lines.len());
            return Err(broken(point.length, reason));
        }
        for line in lines.into_iter().skip(usize::try_from(before).unwrap_or(usize::MAX)) {
            let record = record(&path, line, point.length)?;
            point = step(point, line);
            if record.n >= expected.collect {
                tail.records.push(record);
            }
            meet(point, &mut through)?;
        }
    }
    if point.length.is_multiple_of(layout::SEGMENT_RECORDS) {
        tail.segment = point;
    }
    match point == expected.to {
        true => Ok(tail),
        false => Err(broken(point.length, format!("expected the hash {}, found {}", expected.to.hash, point.hash))),
    }
}

fn record(path: &str, line: &[u8], n: u64) -> Result<LogRecord, Broken> {
    let record: LogRecord = document::parse_line(path, line)?;
    if record.n != n {
        return Err(broken(n, format!("expected record {n}, found record {}", record.n)));
    }
    if !layout::is_path(&record.path) || !layout::is_covered(&record.path) {
        return Err(broken(n, format!("expected the path of a covered file, found {:?}", record.path)));
    }
    Ok(record)
}

/// Checks that a point on the way is met, and goes on to the next.
fn meet<'a>(
    point: LogPoint,
    through: &mut std::iter::Peekable<impl Iterator<Item = &'a LogPoint>>,
) -> Result<(), Broken> {
    while let Some(next) = through.next_if(|next| next.length == point.length) {
        if *next != point {
            let reason = format!("expected what was seen before, with the hash {}, found {}", next.hash, point.hash);
            return Err(broken(point.length, reason));
        }
    }
    Ok(())
}

/// A log that is not what it must be; the caller knows the heads that prove it.
#[derive(Debug)]
pub(crate) enum Broken {
    At { n: u64, reason: String },
    Other(IndexError),
}

fn broken(n: u64, reason: String) -> Broken {
    Broken::At { n, reason }
}

impl<E: Into<IndexError>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

impl Broken {
    pub(crate) fn with_evidence(self, evidence: impl FnOnce() -> Vec<u8>) -> IndexError {
        match self {
            Self::At { n, reason } => IndexError::LogBroken { n, reason, evidence: evidence() },
            Self::Other(error) => error,
        }
    }
}
