//! What a client believes about a registry, and how it comes to believe more (spec/index.md IDX-30 to IDX-39).
//!
//! [`update`] is the only way from one state to the next. It reads, and returns a new state or a refusal; keeping the state is the
//! caller's, who must write it down durably before using what it names. Its cost grows with what is new, not with what is there.

mod changes;
mod compare;
mod copy;
pub(crate) mod root;
mod walk;

use crate::package::Proof;
use crate::{Files, IndexError, document, keys::Keys, layout, log};
pub use compare::{Comparison, compare};
pub use copy::{Followed, fixed, follow, is_held};
use mpp_package::signature::Purpose;
use mpp_schema::{
    Digest, FormatVersion, Instant, RegistryId,
    index::{Head, LogPoint, LogRecord, Root, Signed},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How far a clock may go back, or stand behind the clock that signed a head, in seconds.
const CLOCK_SKEW_SECONDS: i64 = 600;

/// How long after a head's end tools with network grants still run.
pub const GRACE_DAYS: u32 = 30;

/// How fresh a head is, for tools that were installed while it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It is fresh.
    Fresh,
    /// It has expired: tools run, and people are told.
    Expired,
    /// It expired more than [`GRACE_DAYS`] ago: tools that may reach the network do not run.
    LongExpired,
}

/// What a client knows of a registry: verified, and kept between runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedState {
    mpp: FormatVersion,
    registry: RegistryId,
    pin: Digest,
    root: Root,
    signed_head: Signed,
    head: Head,
    segment: LogPoint,
    clock: Instant,
    /// That the client came here by single files: it has not verified what all files say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    by_parts: bool,
}

impl TrustedState {
    /// The registry.
    pub fn registry(&self) -> RegistryId {
        self.registry
    }
    /// The fingerprint of its first root.
    pub fn pin(&self) -> Digest {
        self.pin
    }
    /// The root in force.
    pub fn root(&self) -> &Root {
        &self.root
    }
    /// The newest head that was verified.
    pub fn head(&self) -> &Head {
        &self.head
    }
    /// The newest head as it was signed.
    pub fn signed_head(&self) -> &Signed {
        &self.signed_head
    }
    /// The latest moment that the clock has shown.
    pub fn clock(&self) -> Instant {
        self.clock
    }

    /// When the head stops being fresh.
    pub fn expires(&self) -> Instant {
        expiry(&self.head, &self.root)
    }

    /// Whether the head is fresh: needed to resolve, to update and to install something new.
    ///
    /// # Errors
    /// When the head has expired, or the clock shows less than it did before.
    pub fn check_fresh(&self, now: Instant) -> Result<(), IndexError> {
        check_fresh(&self.head, &self.root, now)?;
        check_clock(self.clock, now)
    }

    /// How fresh the head is for what is installed already (IDX-34): an installed tool runs on, and is told about it.
    pub fn freshness(&self, now: Instant) -> Freshness {
        let over = now.unix_seconds() - self.expires().unix_seconds();
        match over {
            i64::MIN..0 => Freshness::Fresh,
            _ if now < self.expires().plus_days(GRACE_DAYS) => Freshness::Expired,
            _ => Freshness::LongExpired,
        }
    }

    /// What shows that files which the head fixes say what their owners said.
    pub(crate) fn proof(&self) -> Proof {
        if self.by_parts { Proof::Signatures } else { Proof::Update }
    }

    /// The log at the start of its open segment.
    pub(crate) fn segment(&self) -> LogPoint {
        self.segment
    }

    fn log_point(&self) -> LogPoint {
        log_point(&self.head)
    }
}

/// A state of the index that somebody offers.
pub struct Candidate<'a> {
    /// Its files.
    pub files: &'a dyn Files,
    /// The paths that differ from the files of the trusted state, when the caller can tell.
    pub changed: Option<&'a BTreeSet<String>>,
}

/// The state that is believed, and its files where they can still be read.
pub struct Trusted<'a> {
    /// The state.
    pub state: &'a TrustedState,
    /// Its files. Without them everything is verified again from the start of the log.
    pub files: Option<&'a dyn Files>,
}

/// A state that was verified.
#[derive(Debug, Clone)]
pub struct Update {
    /// What to believe from now on.
    pub state: TrustedState,
    /// The covered files that are new or changed.
    pub changed: BTreeSet<String>,
    /// Number of log records that were read.
    pub records: u64,
}

/// Verifies an offered state of the index against what is believed so far.
///
/// `pin` is the fingerprint of the first root; without it, and with nothing believed so far, the first root is trusted on first
/// use and its fingerprint is in the result.
///
/// The order is: root chain, head signature, sequence number, expiry, clock, log, shard table and touched files, statements.
///
/// # Errors
/// The first check that fails. Nothing is changed then.
pub fn update(
    trusted: Option<Trusted<'_>>,
    pin: Option<Digest>,
    candidate: &Candidate<'_>,
    now: Instant,
) -> Result<Update, IndexError> {
    let before = trusted.as_ref().map(|trusted| trusted.state);
    let accepted = accept(candidate.files, before, pin, now)?;
    // Whoever came by single files has not verified the rest of them: that is done now, from the start of the log.
    let trusted =
        trusted.map(|trusted| Trusted { files: trusted.files.filter(|_| !trusted.state.by_parts), ..trusted });

    let (tail, base) = read_log(candidate, &trusted, &accepted)?;
    if let (Some(before), None) = (before, &base) {
        root::verify_again(candidate.files, before)?;
    }
    let changed = changes::verify(candidate, base, &tail.records, &accepted.head)?;
    let state = accepted.into_state(tail.segment, false);
    Ok(Update { state, changed, records: tail.records.len() as u64 })
}

/// Verifies a state by itself, from the first root on, as of the moment when its head was signed. It may have expired since.
///
/// # Errors
/// When it was not right then.
pub fn of_the_past(files: &dyn Files, pin: Option<Digest>) -> Result<Update, IndexError> {
    let gone = || IndexError::Removed { path: layout::HEAD.to_owned(), what: "the file" };
    let file = files.read(layout::HEAD)?.ok_or_else(gone)?;
    // The moment is believed once the update has verified the same text.
    let head: Head = document::parse(layout::HEAD, document::envelope(layout::HEAD, &file)?.signed.as_bytes())?;
    update(None, pin, &Candidate { files, changed: None }, head.issued)
}

/// A head that is to be believed once what it fixes is verified, and the root that it stands under.
struct Accepted {
    chain: root::Chain,
    signed: Signed,
    head: Head,
    clock: Instant,
}

/// What comes before anything else is read: root chain, head signature, sequence number, expiry, clock.
fn accept(
    files: &dyn Files,
    before: Option<&TrustedState>,
    pin: Option<Digest>,
    now: Instant,
) -> Result<Accepted, IndexError> {
    let chain = root::follow(files, before, pin, now)?;
    let (signed, head) = read_head(files, &chain.root)?;
    if let Some(before) = before {
        check_sequence(before, &signed, &head)?;
    }
    check_fresh(&head, &chain.root, now)?;
    check_clock(head.issued, now)?;
    check_clock(before.map_or(now, |before| before.clock), now)?;
    let clock = before.map_or(now, |before| before.clock.max(now));
    Ok(Accepted { chain, signed, head, clock })
}

impl Accepted {
    /// Whether what was believed still holds. After a misused head key, a new root says from where the log goes on; what was believed
    /// after that point is dropped.
    fn keeps(&self, before: &TrustedState) -> bool {
        self.chain.resume.is_none_or(|resume| before.head.log_length <= resume.length)
    }

    /// The points that the log must lead through.
    fn through(&self, kept: Option<&TrustedState>) -> Vec<LogPoint> {
        let mut through: Vec<_> = kept.map(TrustedState::log_point).into_iter().chain(self.chain.resume).collect();
        through.sort_by_key(|point| point.length);
        through
    }

    /// Reads the log up to this head. Where it contradicts what was believed, both heads show it.
    fn read_log(
        &self,
        files: &dyn Files,
        before: Option<&TrustedState>,
        (from, collect, through): (LogPoint, u64, Vec<LogPoint>),
    ) -> Result<log::Tail, IndexError> {
        let expected = log::Expected { from, through, collect, to: log_point(&self.head) };
        let heads = || before.map_or(Vec::new(), |before| evidence(&before.signed_head, &self.signed));
        let tail = check_length(&expected).and_then(|()| log::read(files, &expected));
        tail.map_err(|broken| broken.with_evidence(heads))
    }

    fn into_state(self, segment: LogPoint, by_parts: bool) -> TrustedState {
        let Self { chain, signed, head, clock } = self;
        TrustedState {
            mpp: FormatVersion::CURRENT,
            registry: chain.root.registry,
            pin: chain.pin,
            root: chain.root,
            signed_head: signed,
            head,
            segment,
            clock,
            by_parts,
        }
    }
}

/// Verifies an edit of the trusted state whose head nobody has signed yet: everything that [`update`] asks about its records and files.
pub(crate) fn check_edit(
    base: &dyn Files,
    state: &TrustedState,
    files: &dyn Files,
    head: &Head,
    records: &[LogRecord],
) -> Result<(), IndexError> {
    let base = changes::Base { files: base, head: &state.head };
    changes::verify(&Candidate { files, changed: None }, Some(base), records, head).map(drop)
}

fn read_head(files: &dyn Files, root: &Root) -> Result<(Signed, Head), IndexError> {
    let file = files
        .read(layout::HEAD)?
        .ok_or_else(|| IndexError::Removed { path: layout::HEAD.to_owned(), what: "the file" })?;
    let signed = document::envelope(layout::HEAD, &file)?;
    let keys = Keys::new(&layout::root(root.version), &root.head_keys)?;
    let (head, _) = document::open::<Head>(layout::HEAD, &signed, &Purpose::Head { registry: root.registry }, &keys)?;
    if head.registry != root.registry {
        let path = layout::HEAD.to_owned();
        return Err(IndexError::OtherRegistry { path, expected: root.registry, found: head.registry });
    }
    if head.root != root.version {
        let found = format!("root {}, where the newest is {}", head.root, root.version);
        return Err(IndexError::malformed(layout::HEAD, "a head under the newest root", found));
    }
    Ok((signed, head))
}

/// A head under a newer root is newer; under one root the sequence number decides, and equal numbers must be one text.
fn check_sequence(before: &TrustedState, signed: &Signed, head: &Head) -> Result<(), IndexError> {
    let (old, new) = ((before.head.root, before.head.seq), (head.root, head.seq));
    if new < old {
        let show = |(root, seq)| format!("sequence number {seq} under root {root}");
        return Err(IndexError::Rollback { expected: show(old), found: show(new) });
    }
    if new == old && signed.signed != before.signed_head.signed {
        let evidence = evidence(&before.signed_head, signed);
        return Err(IndexError::Fork { registry: before.registry, seq: head.seq, evidence });
    }
    Ok(())
}

fn check_fresh(head: &Head, root: &Root, now: Instant) -> Result<(), IndexError> {
    let expired = expiry(head, root);
    match now < expired {
        true => Ok(()),
        false => Err(IndexError::Stale { expired, now }),
    }
}

fn expiry(head: &Head, root: &Root) -> Instant {
    head.expires.min(head.issued.plus_days(u32::from(root.head_lifetime_days)))
}

fn check_clock(mark: Instant, now: Instant) -> Result<(), IndexError> {
    match mark.unix_seconds() - now.unix_seconds() <= CLOCK_SKEW_SECONDS {
        true => Ok(()),
        false => Err(IndexError::ClockBackwards { mark, now }),
    }
}

/// Reads what is new in the log, and says which files it is to be compared with.
fn read_log<'a>(
    candidate: &Candidate<'_>,
    trusted: &Option<Trusted<'a>>,
    accepted: &Accepted,
) -> Result<(log::Tail, Option<changes::Base<'a>>), IndexError> {
    let kept = trusted.as_ref().filter(|trusted| accepted.keeps(trusted.state));
    let base = kept.and_then(|trusted| {
        let files = trusted.files?;
        Some(changes::Base { files, head: &trusted.state.head })
    });
    let from = match (&base, kept) {
        (Some(_), Some(trusted)) => trusted.state.segment,
        _ => log::START,
    };
    let collect = base.as_ref().map_or(0, |base| base.head.log_length);
    let through = accepted.through(kept.map(|trusted| trusted.state));
    let before = trusted.as_ref().map(|trusted| trusted.state);
    Ok((accepted.read_log(candidate.files, before, (from, collect, through))?, base))
}

fn check_length(expected: &log::Expected) -> Result<(), log::Broken> {
    match expected.through.last() {
        Some(seen) if seen.length > expected.to.length => Err(log::Broken::At {
            n: expected.to.length,
            reason: format!("expected at least {} records, found {}", seen.length, expected.to.length),
        }),
        _ => Ok(()),
    }
}

fn log_point(head: &Head) -> LogPoint {
    LogPoint { length: head.log_length, hash: head.log_hash }
}

fn evidence(before: &Signed, now: &Signed) -> Vec<u8> {
    [document::line(before), document::line(now)].concat()
}

#[cfg(test)]
mod tests;
