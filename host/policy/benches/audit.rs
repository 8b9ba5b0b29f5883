//! What the audit log costs beside the one thing that it cannot do without, hashing its lines once: to verify a log of a million records, and
//! to make the two lines of one call. Prints ratios of one run, megabytes a second, and microseconds.
//!
//! `cargo bench -p mpp-policy --bench audit`

#![allow(clippy::print_stdout, clippy::cast_precision_loss)] // what a benchmark is for

use mpp_package::dsse::MessageKey;
use mpp_policy::audit::{End, Verifier};
use mpp_schema::{
    Digest, Instant as At, KeyId, LedgerId,
    audit::{AuditEvent, Decided, Filtered, Sent},
    consent::Level,
};
use sha2::{Digest as _, Sha256};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

const LOG: LedgerId = LedgerId::from_bytes([3; 16]);
const CALLS: u64 = 500_000;
const ROUNDS: usize = 5;

fn main() {
    let key = MessageKey::from_seed(&[1; 32]).expect("a key");
    let start = Instant::now();
    let log = log(&key);
    let made = start.elapsed().as_secs_f64();
    let hashed = fastest(|| {
        for line in &log {
            black_box(Sha256::digest(black_box(line.as_bytes())));
        }
    });
    let verified = fastest(|| {
        let mut verifier = Verifier::new(LOG, key.public(), None);
        for line in &log {
            black_box(verifier.line(black_box(line)).expect("a whole log"));
        }
        assert_eq!(verifier.finish().expect("a whole log").0.lines, log.len() as u64);
    });
    let megabytes = log.iter().map(|line| line.len() + 1).sum::<usize>() as f64 / 1e6;
    println!("{} lines, {megabytes:.0} MB", log.len());
    println!(
        "verified in {verified:.2} s, {:.0} MB a second, {:.2} times hashing them once (a million records in at most 5 s, or 200 MB a second)",
        megabytes / verified,
        verified / hashed
    );
    println!(
        "the two lines of a call and their share of checkpoints: {:.2} us, {:.2} times hashing them once",
        made * 1e6 / CALLS as f64,
        made / hashed
    );
}

fn fastest(mut work: impl FnMut()) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed()
    });
    rounds.min().as_ref().map_or(0.0, Duration::as_secs_f64)
}

/// What half a million calls at L1 leave, with the checkpoints between them.
fn log(key: &MessageKey) -> Vec<String> {
    let mut end = End::empty(LOG);
    let mut lines = Vec::new();
    for number in 0..CALLS {
        let now = At::from_unix_seconds(1_800_000_000 + i64::try_from(number / 100).expect("a count")).expect("a time");
        for event in [decision(number), ending(number)] {
            if end.wants_checkpoint(now) {
                let checkpoint = end.checkpoint(LOG, now, key).expect("signed");
                lines.push(end.next(checkpoint, now));
            }
            lines.push(end.next(event, now));
        }
    }
    lines
}

fn decision(number: u64) -> AuditEvent {
    AuditEvent::Decided(Box::new(Decided {
        package: "acme:md".parse().expect("a name"),
        version: "1.0.0".parse().expect("a version"),
        digest: Digest::of(b"package"),
        publisher: KeyId::from_bytes([3; 32]),
        tool: "outline".parse().expect("a name"),
        agent: None,
        arguments: Digest::of(&number.to_le_bytes()),
        grants: Digest::of(b"grants"),
        granted: Vec::new(),
        level: Level::L1,
        rule: "level.default".to_owned(),
        answer: "allowed".to_owned(),
        surface: None,
        approver: None,
        shown: None,
    }))
}

fn ending(call: u64) -> AuditEvent {
    AuditEvent::Ended {
        call,
        ending: "returned".to_owned(),
        result: Some(Digest::of(&call.to_le_bytes())),
        refused: Vec::new(),
        filtered: Filtered::default(),
        sent: Sent::default(),
    }
}
