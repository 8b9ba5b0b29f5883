//! The audit log as values: how a line is chained to the one before, what a checkpoint says, and whether a log is whole (CONS-60 to CONS-66).
//!
//! Writing and reading files is done by others. Arguments and results never stand in the log: digests under a key of the home take their place.

use crate::consent::payload;
use mpp_package::dsse::{self, MessageKey, MessagePublicKey};
use mpp_schema::{
    Code, Coded, Digest, FormatVersion, Instant, LedgerId,
    audit::{AuditEvent, AuditRecord, CHECKPOINT_TYPE, Checkpoint},
    codes,
};

/// After how many records a checkpoint is due.
pub const CHECKPOINT_RECORDS: u64 = 64;
/// After how many seconds a checkpoint is due.
pub const CHECKPOINT_SECONDS: u64 = 60;

/// Why a log is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// A line was changed, removed, moved or added.
    #[error("verified the audit log: line {line} {what}")]
    Broken {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// It ends before a checkpoint that was kept elsewhere.
    #[error("verified the audit log: it has {found} lines, and a checkpoint says that it had {expected}")]
    Truncated {
        /// How many there were.
        expected: u64,
        /// How many there are.
        found: u64,
    },
}

impl Coded for AuditError {
    fn code(&self) -> Code {
        match self {
            Self::Broken { .. } => codes::AUDIT_BROKEN,
            Self::Truncated { .. } => codes::AUDIT_TRUNCATED,
        }
    }
    fn hints(&self) -> Vec<String> {
        vec!["compare with the copy that was exported last: mpp log export".to_owned()]
    }
}

/// The digest that stands for `bytes` in the log.
pub fn keyed_digest(key: &[u8; 32], bytes: &[u8]) -> Digest {
    Digest::from_bytes(*blake3::keyed_hash(key, bytes).as_bytes())
}

/// The end of a log: what the next line is chained to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// How many lines there are.
    pub lines: u64,
    /// SHA-256 of the last one.
    pub last: Digest,
    /// How many records came since the last checkpoint.
    pub unsealed: u64,
    /// When the last line was written.
    pub at: Option<Instant>,
    /// When the first record since the last checkpoint was written.
    pub unsealed_since: Option<Instant>,
}

impl End {
    /// The end of a log that has no lines.
    pub fn empty(log: LedgerId) -> Self {
        let last = Digest::of(format!("mpp-audit-v1\n{log}").as_bytes());
        Self { lines: 0, last, unsealed: 0, at: None, unsealed_since: None }
    }

    /// The end after this line, which is believed to be one of ours: whoever appends to a log does not verify all of it.
    ///
    /// # Errors
    /// In words, when it is no record.
    pub fn after(line: &[u8]) -> Result<Self, String> {
        let record: AuditRecord = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let seals = matches!(record.event, AuditEvent::Checkpoint { .. });
        Ok(Self {
            lines: record.seq + 1,
            last: Digest::of(line),
            unsealed: u64::from(!seals),
            at: Some(record.at),
            unsealed_since: (!seals).then_some(record.at),
        })
    }

    /// Makes the next line, without a line feed. A clock that was set back does not go back in the log.
    pub fn next(&mut self, event: AuditEvent, now: Instant) -> String {
        let at = self.at.map_or(now, |before| before.max(now));
        let record = AuditRecord { seq: self.lines, before: self.last, at, event };
        // A record holds nothing that has no JSON form.
        let line = serde_json::to_string(&record).unwrap_or_default();
        self.take(&record, &line);
        line
    }

    fn take(&mut self, record: &AuditRecord, line: &str) {
        let seals = matches!(record.event, AuditEvent::Checkpoint { .. });
        self.lines += 1;
        self.last = Digest::of(line.as_bytes());
        self.at = Some(record.at);
        self.unsealed = if seals { 0 } else { self.unsealed + 1 };
        self.unsealed_since = if seals { None } else { self.unsealed_since.or(Some(record.at)) };
    }

    /// Whether a checkpoint is due.
    pub fn wants_checkpoint(&self, now: Instant) -> bool {
        let old = self.unsealed_since.is_some_and(|since| now >= since.plus_seconds(CHECKPOINT_SECONDS));
        self.unsealed >= CHECKPOINT_RECORDS || old
    }

    /// The checkpoint of this end, signed: the event of the next line.
    ///
    /// # Errors
    /// [`AuditError::Broken`] when it cannot be signed.
    pub fn checkpoint(&self, log: LedgerId, now: Instant, key: &MessageKey) -> Result<AuditEvent, AuditError> {
        let checkpoint = Checkpoint { mpp: FormatVersion::CURRENT, log, lines: self.lines, last: self.last, at: now };
        let failed = |what: String| AuditError::Broken { line: self.lines, what };
        let payload = serde_json::to_vec(&checkpoint).map_err(|error| failed(error.to_string()))?;
        let envelope = dsse::sign(CHECKPOINT_TYPE, &payload, key).map_err(|error| failed(error.to_string()))?;
        Ok(AuditEvent::Checkpoint { envelope })
    }
}

/// Reads a checkpoint.
///
/// # Errors
/// In words, why it is none of this log.
pub fn read_checkpoint(envelope: &str, log: LedgerId, key: &MessagePublicKey) -> Result<Checkpoint, String> {
    let message = dsse::verify(envelope.as_bytes(), CHECKPOINT_TYPE, key).map_err(|error| error.to_string())?;
    let checkpoint: Checkpoint = payload::read(message.payload())?;
    if checkpoint.log == log { Ok(checkpoint) } else { Err("it is a checkpoint of another log".to_owned()) }
}

/// Verifies a log, line by line, in the order in which it was written.
#[derive(Debug)]
pub struct Verifier<'a> {
    log: LedgerId,
    key: &'a MessagePublicKey,
    end: End,
    sealed: u64,
    outside: Option<Checkpoint>,
}

impl<'a> Verifier<'a> {
    /// For the log with this id, whose checkpoints `key` signs. `outside` is a checkpoint that was kept elsewhere.
    pub fn new(log: LedgerId, key: &'a MessagePublicKey, outside: Option<Checkpoint>) -> Self {
        Self { log, key, end: End::empty(log), sealed: 0, outside }
    }

    /// Takes the next line, without its line feed.
    ///
    /// # Errors
    /// [`AuditError::Broken`] when it is not the one that was written.
    pub fn line(&mut self, line: &str) -> Result<AuditRecord, AuditError> {
        let number = self.end.lines + 1;
        let broken = |what: String| AuditError::Broken { line: number, what };
        let record: AuditRecord =
            serde_json::from_str(line).map_err(|error| broken(format!("is no record: {error}")))?;
        if record.seq != self.end.lines || record.before != self.end.last {
            return Err(broken("does not follow the line before it".to_owned()));
        }
        if let AuditEvent::Checkpoint { envelope } = &record.event {
            let checkpoint = read_checkpoint(envelope, self.log, self.key).map_err(broken)?;
            if checkpoint.lines != self.end.lines || checkpoint.last != self.end.last {
                return Err(broken("holds a checkpoint of other lines".to_owned()));
            }
            self.sealed = self.end.lines;
        }
        self.end.take(&record, line);
        if let Some(outside) = self.outside.as_ref().filter(|outside| outside.lines == self.end.lines)
            && outside.last != self.end.last
        {
            return Err(broken("is not the one that the checkpoint kept elsewhere is about".to_owned()));
        }
        Ok(record)
    }

    /// The end of a log that was read to its end, and how many of its lines a checkpoint covers.
    ///
    /// # Errors
    /// [`AuditError::Truncated`] when the checkpoint that was kept elsewhere covers more lines than there are.
    pub fn finish(self) -> Result<(End, u64), AuditError> {
        match self.outside {
            Some(outside) if outside.lines > self.end.lines => {
                Err(AuditError::Truncated { expected: outside.lines, found: self.end.lines })
            }
            _ => Ok((self.end, self.sealed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AuditError, End, Verifier, read_checkpoint};
    use mpp_package::dsse::MessageKey;
    use mpp_schema::{
        Code, Coded as _, Instant, LedgerId,
        audit::{AuditEvent, Checkpoint},
        codes,
    };

    const LOG: LedgerId = LedgerId::from_bytes([3; 16]);

    fn key(seed: u8) -> MessageKey {
        MessageKey::from_seed(&[seed; 32]).unwrap()
    }

    fn now() -> Instant {
        Instant::from_unix_seconds(1_800_000_000).unwrap()
    }

    /// Ten records with a checkpoint after the fifth and the last.
    fn log() -> Vec<String> {
        let mut end = End::empty(LOG);
        let mut lines = Vec::new();
        for number in 0..10 {
            lines.push(end.next(AuditEvent::Recovered { bytes: number }, now()));
            if number % 5 == 4 {
                let checkpoint = end.checkpoint(LOG, now(), &key(1)).unwrap();
                lines.push(end.next(checkpoint, now()));
            }
        }
        lines
    }

    fn verify(lines: &[String], outside: Option<Checkpoint>) -> Result<u64, Code> {
        let key = key(1);
        let mut verifier = Verifier::new(LOG, key.public(), outside);
        let all = || -> Result<u64, AuditError> {
            lines.iter().try_for_each(|line| verifier.line(line).map(drop))?;
            verifier.finish().map(|(_, sealed)| sealed)
        };
        all().map_err(|error| error.code())
    }

    #[track_caller]
    fn check_broken(change: impl FnOnce(&mut Vec<String>)) {
        let mut lines = log();
        change(&mut lines);
        assert_eq!(verify(&lines, None), Err(codes::AUDIT_BROKEN));
    }

    /// CONS-61, CONS-62
    #[test]
    fn every_change_is_found() {
        assert_eq!(verify(&log(), None), Ok(11));
        check_broken(|lines| lines[2] = lines[2].replace(r#""bytes":2"#, r#""bytes":3"#));
        check_broken(|lines| drop(lines.remove(3)));
        check_broken(|lines| lines.swap(1, 2));
        check_broken(|lines| lines.insert(4, lines[4].clone()));
        check_broken(|lines| drop(lines.drain(..6)));
        check_broken(|lines| lines[0].truncate(20));
        // A forged checkpoint, by another key, over the right lines.
        check_broken(|lines| {
            let mut end = End::empty(LOG);
            *lines = vec![end.next(AuditEvent::Recovered { bytes: 0 }, now())];
            let forged = end.checkpoint(LOG, now(), &key(2)).unwrap();
            lines.push(end.next(forged, now()));
        });
        // A true checkpoint of other lines.
        check_broken(|lines| {
            let event = End::empty(LOG).checkpoint(LOG, now(), &key(1)).unwrap();
            let mut end = End::empty(LOG);
            *lines = vec![end.next(AuditEvent::Recovered { bytes: 0 }, now())];
            lines.push(end.next(event, now()));
        });
    }

    /// CONS-66
    #[test]
    fn a_cut_tail_is_found_against_a_checkpoint_kept_elsewhere() {
        let lines = log();
        let mut end = End::empty(LOG);
        (0..5).for_each(|number| drop(end.next(AuditEvent::Recovered { bytes: number }, now())));
        let AuditEvent::Checkpoint { envelope } = end.checkpoint(LOG, now(), &key(1)).unwrap() else { panic!() };
        let outside = || read_checkpoint(&envelope, LOG, key(1).public()).ok();
        assert_eq!(verify(&lines[..4], None), Ok(0));
        assert_eq!(verify(&lines[..4], outside()), Err(codes::AUDIT_TRUNCATED));
        assert_eq!(verify(&lines, outside()), Ok(11));
        let mut other = End::empty(LOG);
        let forged: Vec<_> =
            (10..20).map(|number| other.next(AuditEvent::Recovered { bytes: number }, now())).collect();
        assert_eq!(verify(&forged, outside()), Err(codes::AUDIT_BROKEN));
    }

    /// CONS-63
    #[test]
    fn a_clock_that_goes_back_does_not_go_back_in_the_log() {
        let mut end = End::empty(LOG);
        end.next(AuditEvent::Recovered { bytes: 0 }, now());
        end.next(AuditEvent::Recovered { bytes: 0 }, Instant::from_unix_seconds(1).unwrap());
        assert_eq!(end.at, Some(now()));
        assert!(!end.wants_checkpoint(now()) && end.wants_checkpoint(now().plus_seconds(60)));
    }
}
