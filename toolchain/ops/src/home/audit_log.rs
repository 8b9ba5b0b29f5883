//! The audit log of this home: one file of lines that several processes append to, each under a lock (CONS-60 to CONS-65).
//!
//! What a record says in words goes through the privacy filter before it is written (CONS-64).
//!
//! A line that a crash cut short is removed when the log is next written, and a record says so. Lines are not synced one by one; whoever needs
//! one to outlive the machine asks for it.

use super::{Home, MalformedFile, keys::check_mode};
use crate::{
    OpsError,
    atomic_write::{self, IoError, Readable},
};
use mpp_host::Privacy;
use mpp_package::dsse::{DsseError, MessageKey};
use mpp_policy::audit::{AuditError, End, Verifier, keyed_digest};
use mpp_schema::{
    Digest, FormatVersion, HostId, Instant, LedgerId,
    audit::{AuditEvent, AuditRecord, Checkpoint},
};
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::PathBuf,
};

/// A line is never longer.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// Most ends of a log are found in as much.
const TAIL_BYTES: u64 = 1 << 12;

/// Whether a record must outlive the machine before anything goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// The system writes it when it likes.
    Later,
    /// It is synced.
    Now,
}

/// Masks the texts of one record.
type Mask = Box<dyn Fn(&mut [&mut String]) + Send>;

/// The log, open for appending.
pub struct AuditLog {
    mask: Mask,
    path: PathBuf,
    file: fs::File,
    id: LedgerId,
    host: HostId,
    key: MessageKey,
    digest_key: [u8; 32],
    end: End,
    /// How long the file was when `end` was its end.
    length: u64,
}

/// What verifying a log found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The log.
    pub log: LedgerId,
    /// Its lines.
    pub lines: u64,
    /// How many of them a checkpoint covers.
    pub sealed: u64,
}

impl Home {
    fn audit_folder(&self) -> PathBuf {
        self.data.join("audit")
    }

    /// The file of the log.
    pub fn audit_path(&self) -> PathBuf {
        self.audit_folder().join("log.jsonl")
    }

    /// The key that signs checkpoints, made now if there was none.
    pub fn audit_key(&self) -> Result<MessageKey, OpsError> {
        let path = self.audit_folder().join("audit.pem");
        if atomic_write::read_if_there(&path)?.is_none() {
            atomic_write::create(&path, MessageKey::generate()?.to_pem().as_bytes(), Readable::ByOwner)?;
        }
        check_mode(&path)?;
        let text = atomic_write::read_text_if_there(&path)?.unwrap_or_default();
        Ok(MessageKey::from_pem(&text).map_err(|error| MalformedFile { path, reason: error.to_string() })?)
    }

    /// The identity of the log, made now if there was none.
    pub fn audit_id(&self) -> Result<LedgerId, OpsError> {
        let path = self.audit_folder().join("id");
        if !path.exists() {
            let bytes: [u8; 16] = random()?;
            atomic_write::create(&path, format!("{}\n", LedgerId::from_bytes(bytes)).as_bytes(), Readable::ByAll)?;
        }
        let text = atomic_write::read_text_if_there(&path)?.unwrap_or_default();
        Ok(text.trim_end().parse().map_err(|_| MalformedFile { path, reason: "it is no id of a log".to_owned() })?)
    }

    /// The key of the digests that stand for arguments and results, made now if there was none.
    fn audit_digest_key(&self) -> Result<[u8; 32], OpsError> {
        let path = self.audit_folder().join("digest.key");
        if !path.exists() {
            atomic_write::create(&path, &random::<32>()?, Readable::ByOwner)?;
        }
        check_mode(&path)?;
        let bytes = atomic_write::read_if_there(&path)?.unwrap_or_default();
        Ok(bytes.try_into().map_err(|_| MalformedFile { path, reason: "it is not 32 bytes long".to_owned() })?)
    }

    /// Opens the log for appending. What every filter finds is masked, until [`AuditLog::masked_by`] says what this home wants.
    pub fn audit_log(&self) -> Result<AuditLog, OpsError> {
        let (id, key, digest_key, host) =
            (self.audit_id()?, self.audit_key()?, self.audit_digest_key()?, self.host_id()?);
        let path = self.audit_path();
        let opened = fs::OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let file = opened.map_err(IoError::on("open", &path))?;
        let mask = Box::new(|texts: &mut [&mut String]| Privacy::default().for_audit(texts));
        Ok(AuditLog { mask, path, file, id, host, key, digest_key, end: End::empty(id), length: u64::MAX })
    }

    /// Verifies the log from its first line, and gives each record to `see`. `outside` is a checkpoint that was kept elsewhere.
    pub fn verify_audit(
        &self,
        outside: Option<Checkpoint>,
        mut see: impl FnMut(&AuditRecord),
    ) -> Result<Verified, OpsError> {
        let (log, key, path) = (self.audit_id()?, self.audit_key()?, self.audit_path());
        let mut verifier = Verifier::new(log, key.public(), outside);
        let file = match fs::File::open(&path) {
            // A log that nobody wrote to has no lines; whether it had some says the checkpoint.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let (end, sealed) = verifier.finish()?;
                return Ok(Verified { log, lines: end.lines, sealed });
            }
            file => file.map_err(IoError::on("open", &path))?,
        };
        let mut reader = BufReader::with_capacity(1 << 18, file);
        let mut line = String::new();
        loop {
            line.clear();
            let read = (&mut reader).take(LINE_BYTES_MAX).read_line(&mut line);
            if read.map_err(IoError::on("read", &path))? == 0 {
                break;
            }
            let text = line.strip_suffix('\n').unwrap_or(&line);
            see(&verifier.line(text)?);
        }
        let (end, sealed) = verifier.finish()?;
        Ok(Verified { log, lines: end.lines, sealed })
    }
}

fn random<const N: usize>() -> Result<[u8; N], OpsError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| DsseError::Random(error.to_string()))?;
    Ok(bytes)
}

impl AuditLog {
    /// The digest that stands for `bytes`.
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        keyed_digest(&self.digest_key, bytes)
    }

    /// The same log, and this masks what is written.
    #[must_use]
    pub fn masked_by(mut self, mask: impl Fn(&mut [&mut String]) + Send + 'static) -> Self {
        self.mask = Box::new(mask);
        self
    }

    /// Masks a record and appends it; gives its number.
    pub fn append(&mut self, mut event: AuditEvent, now: Instant, durable: Durable) -> Result<u64, OpsError> {
        (self.mask)(&mut event.words());
        self.file.lock().map_err(IoError::on("lock", &self.path))?;
        let written = self.append_locked(event, now, durable);
        self.file.unlock().map_err(IoError::on("unlock", &self.path))?;
        written
    }

    /// Signs what was written since the last checkpoint: the last thing that a process does with the log.
    pub fn seal(&mut self, now: Instant) -> Result<(), OpsError> {
        self.file.lock().map_err(IoError::on("lock", &self.path))?;
        let sealed = self.find_end(now).and_then(|mut text| {
            if self.end.unsealed > 0 {
                text += &self.checkpoint(now)?;
            }
            self.write(&text)
        });
        self.file.unlock().map_err(IoError::on("unlock", &self.path))?;
        sealed
    }

    fn append_locked(&mut self, event: AuditEvent, now: Instant, durable: Durable) -> Result<u64, OpsError> {
        let mut text = self.find_end(now)?;
        if self.end.wants_checkpoint(now) {
            text += &self.checkpoint(now)?;
        }
        let number = self.end.lines;
        text += &(self.end.next(event, now) + "\n");
        self.write(&text)?;
        if durable == Durable::Now {
            self.file.sync_data().map_err(IoError::on("sync", &self.path))?;
        }
        Ok(number)
    }

    fn checkpoint(&mut self, now: Instant) -> Result<String, AuditError> {
        let event = self.end.checkpoint(self.id, now, &self.key)?;
        Ok(self.end.next(event, now) + "\n")
    }

    fn write(&mut self, text: &str) -> Result<(), OpsError> {
        let written = self.file.seek(SeekFrom::Start(self.length)).and_then(|_| self.file.write_all(text.as_bytes()));
        // What was half written is found, and removed, next time.
        let length = std::mem::replace(&mut self.length, u64::MAX);
        written.map_err(IoError::on("write", &self.path))?;
        self.length = length + text.len() as u64;
        Ok(())
    }

    /// Makes `end` the end of the file as it is now; gives the lines that must be written before others.
    fn find_end(&mut self, now: Instant) -> Result<String, OpsError> {
        let length = self.file.metadata().map_err(IoError::on("look at", &self.path))?.len();
        if length == self.length {
            return Ok(String::new());
        }
        let tail = self.tail(length).map_err(IoError::on("read", &self.path))?;
        let torn = tail.iter().rev().take_while(|byte| **byte != b'\n').count();
        self.length = length - torn as u64;
        let mut first = String::new();
        if self.length == 0 {
            self.end = End::empty(self.id);
            let key = self.key.public().id();
            let begun = AuditEvent::Begun { mpp: FormatVersion::CURRENT, host: self.host, log: self.id, key };
            first = self.end.next(begun, now) + "\n";
        } else {
            let whole = &tail[..tail.len() - torn - 1];
            let start = whole.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            self.end =
                End::after(&whole[start..]).map_err(|reason| MalformedFile { path: self.path.clone(), reason })?;
        }
        if torn > 0 {
            self.file.set_len(self.length).map_err(IoError::on("shorten", &self.path))?;
            first += &(self.end.next(AuditEvent::Recovered { bytes: torn as u64 }, now) + "\n");
        }
        Ok(first)
    }

    /// The end of the file: what a crash may have cut short, and the whole line before it. A long log costs no more than a short one.
    fn tail(&mut self, length: u64) -> std::io::Result<Vec<u8>> {
        let mut bytes = TAIL_BYTES;
        loop {
            let from = length.saturating_sub(bytes);
            self.file.seek(SeekFrom::Start(from))?;
            let mut tail = Vec::new();
            (&mut self.file).take(length - from).read_to_end(&mut tail)?;
            let holds_a_line = tail.iter().filter(|byte| **byte == b'\n').nth(1).is_some();
            if holds_a_line || from == 0 || bytes >= 2 * LINE_BYTES_MAX {
                return Ok(tail);
            }
            bytes *= 8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Durable, LINE_BYTES_MAX, TAIL_BYTES};
    use crate::home::Home;
    use mpp_host::Privacy;
    use mpp_privacy::{Mode, Modes};
    use mpp_schema::{
        Digest, Instant, KeyId,
        audit::{AuditEvent, Decided},
        codes,
        consent::Level,
    };
    use std::{fs, io::Write as _, thread};

    fn now() -> Instant {
        Instant::from_unix_seconds(1_800_000_000).unwrap()
    }

    fn append(home: &Home, count: u64) {
        let mut log = home.audit_log().unwrap();
        (0..count).for_each(|bytes| {
            log.append(AuditEvent::Recovered { bytes }, now(), Durable::Later).unwrap();
        });
        log.seal(now()).unwrap();
    }

    /// CONS-62, CONS-65: hosts that write at once keep one chain, and every line is covered at the end.
    #[test]
    fn several_writers_keep_one_chain() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| append(&home, 100)))));
        let mut records = 0;
        let count = |record: &mpp_schema::audit::AuditRecord| {
            records += u64::from(matches!(record.event, AuditEvent::Recovered { .. }));
        };
        let found = home.verify_audit(None, count).unwrap();
        assert_eq!(records, 400);
        assert_eq!(found.sealed, found.lines - 1);
    }

    /// CONS-65: whatever byte a crash stopped at, the log goes on, and says so.
    #[test]
    fn a_torn_line_is_removed_and_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        append(&home, 2);
        let whole = fs::read(home.audit_path()).unwrap();
        let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        for end in [last + 1, last + 40, whole.len() - 1] {
            fs::write(home.audit_path(), &whole[..end]).unwrap();
            append(&home, 1);
            let mut torn = Vec::new();
            home.verify_audit(None, |record| torn.push(record.event.clone())).unwrap();
            assert!(torn.contains(&AuditEvent::Recovered { bytes: (end - last) as u64 }), "{end}");
        }
    }

    /// CONS-65: the end is found, however long its last line and what a crash left behind it are.
    #[test]
    fn the_end_is_found_behind_a_long_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        append(&home, 2);
        for length in [1, TAIL_BYTES - 1, TAIL_BYTES, 9 * TAIL_BYTES, LINE_BYTES_MAX] {
            let mut file = fs::OpenOptions::new().append(true).open(home.audit_path()).unwrap();
            file.write_all(&vec![b'x'; usize::try_from(length).unwrap()]).unwrap();
            append(&home, 1);
            let mut torn = Vec::new();
            home.verify_audit(None, |record| torn.push(record.event.clone())).unwrap();
            assert!(torn.contains(&AuditEvent::Recovered { bytes: length }), "{length}");
        }
    }

    fn decided(rule: &str, granted: &str) -> AuditEvent {
        let digest = Digest::of(b"");
        AuditEvent::Decided(Box::new(Decided {
            package: "acme:md".parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            digest,
            publisher: KeyId::from_bytes([1; 32]),
            tool: "outline".parse().unwrap(),
            agent: None,
            arguments: digest,
            grants: digest,
            granted: vec![granted.to_owned()],
            level: Level::L1,
            rule: rule.to_owned(),
            answer: "allowed".to_owned(),
            surface: None,
            approver: None,
            shown: None,
        }))
    }

    /// CONS-64: what stands in words in a record is masked before the line is made, so that the chain is over what was written.
    #[test]
    fn personal_data_in_a_record_is_masked() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let event = || decided("ada@example.org said no to 4111 1111 1111 1111", "it reads /home/ada@example.org");
        home.audit_log().unwrap().append(event(), now(), Durable::Later).unwrap();
        let blocked = Privacy { modes: Modes::all(Mode::Block), ..Privacy::default() };
        let mut log = home.audit_log().unwrap().masked_by(move |texts| blocked.for_audit(texts));
        log.append(event(), now(), Durable::Later).unwrap();
        let mut found = Vec::new();
        home.verify_audit(None, |record| found.push(record.event.clone())).unwrap();
        let masked = decided("[EMAIL#1] said no to [CARD#1]", "it reads /home/[EMAIL#1]");
        assert_eq!(found[1..], [masked, decided("[blocked]", "[blocked]")]);
    }

    /// CONS-61
    #[test]
    fn a_changed_line_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        append(&home, 3);
        let text = fs::read_to_string(home.audit_path()).unwrap();
        fs::write(home.audit_path(), text.replace(r#""bytes":1"#, r#""bytes":7"#)).unwrap();
        assert_eq!(home.verify_audit(None, |_| ()).unwrap_err().code(), codes::AUDIT_BROKEN);
    }
}
