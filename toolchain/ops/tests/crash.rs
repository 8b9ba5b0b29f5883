//! A host that is killed (`kill -9`) wherever it changes the disk around a decision, and started again (CONS-25, CONS-34, CONS-60, CONS-65): an approval counts at most
//! once, the log is whole, a question or an answer is there whole or not at all, and the same works the next time.
//!
//! strace kills it: as it makes a system call that changes which files there are, what is in them or how durable that is for the n-th time, for each
//! of these calls and each n until it comes through. No code of the host knows of this.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use mpp_ops::home::{
    Home,
    audit_log::Durable,
    waiting::{Answered, QuestionId, Waiting},
};
use mpp_policy::consent::{ConsentError, Uses as _};
use mpp_schema::{Digest, FormatVersion, HostId, Instant, KeyId, LedgerId, Nonce, audit::AuditEvent, consent::Level};
use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Stdio},
};

/// What the killed process is told: what to do, and where.
const TOLD: [&str; 2] = ["MPP_TEST_CRASH_WORK", "MPP_TEST_CRASH_FOLDER"];
/// What changes the disk.
const CHANGES: [&str; 6] = [
    "write,pwrite64,writev,ftruncate",
    "openat",
    "mkdir,mkdirat",
    "rename,renameat,renameat2,link,linkat",
    "unlink,unlinkat,rmdir",
    "fsync,fdatasync",
];
/// After this many steps a host has long come through.
const STEPS_MAX: u32 = 1000;
const SIGKILL: i32 = 9;
const NONCE: Nonce = Nonce::from_bytes([1; 16]);
/// How many records are written.
const RECORDS: u64 = 3;

fn now() -> Instant {
    Instant::from_unix_seconds(1_800_000_000).unwrap()
}

fn question() -> Waiting {
    Waiting {
        mpp: FormatVersion::CURRENT,
        id: QuestionId::of(Digest::of(b"question")),
        host: HostId::from_bytes([1; 16]),
        ledger: LedgerId::from_bytes([2; 16]),
        package: "acme:notes".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        digest: Digest::of(b"package"),
        publisher: KeyId::from_bytes([3; 32]),
        tool: "save".parse().unwrap(),
        arguments: Digest::of(b"arguments"),
        grants: Digest::of(b"grants"),
        agent: None,
        agent_name: None,
        level: Level::L3,
        text: "A call needs your decision".to_owned(),
        asked: now(),
        expires: now().plus_seconds(600),
        waits_until: now(),
    }
}

/// The call: begun only after the approval was used up, so that this file says that it was.
fn call(folder: &Path) {
    fs::write(folder.join("called"), "").unwrap();
}

fn consume(folder: &Path) -> Result<(), ConsentError> {
    Home::below(folder).used_approvals()?.consume(NONCE, now())
}

fn append(folder: &Path) {
    let mut log = Home::below(folder).audit_log().unwrap();
    for bytes in 0..RECORDS {
        log.append(AuditEvent::Recovered { bytes }, now(), Durable::Now).unwrap();
        fs::write(folder.join(format!("written-{bytes}")), "").unwrap();
    }
    log.seal(now()).unwrap();
}

fn ask(folder: &Path) {
    Home::below(folder).keep_question(&question()).unwrap();
}

fn answer(folder: &Path) {
    Home::below(folder).keep_answer(question().id, &Answered::Approved("yes".repeat(1000))).unwrap();
}

#[test]
#[ignore = "runs as a process of its own, started and killed by another test"]
fn work() {
    let [work, folder] = TOLD.map(|name| std::env::var(name).expect("another test says it"));
    let folder = Path::new(&folder);
    match work.as_str() {
        "consume" => {
            if consume(folder).is_ok() {
                call(folder);
            }
        }
        "append" => append(folder),
        "ask" => ask(folder),
        "answer" => answer(folder),
        "nothing" => {}
        other => panic!("nobody does `{other}`"),
    }
}

/// Whether a process can be traced here.
fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    let traced = traced.is_ok_and(|output| output.status.success());
    assert!(traced || std::env::var_os("CI").is_none(), "CI has strace, and lets it trace");
    if !traced {
        println!("SKIPPED: hosts that are killed, because strace cannot trace here");
    }
    traced
}

fn traced(work: &str, folder: &Path, options: &[&str]) -> std::process::ExitStatus {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "signal=none"]).args(options).arg(std::env::current_exe().unwrap());
    command.args(["--exact", "work", "--ignored", "--test-threads=1"]);
    command.env(TOLD[0], work).env(TOLD[1], folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap()
}

/// Does the work in a process that is killed at a step; says whether it was.
fn killed_at(work: &str, folder: &Path, calls: &str, step: u32) -> bool {
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:signal=KILL:when={step}"));
    let status = traced(work, folder, &["-o", "/dev/null", "-e", &trace, "-e", &inject]);
    assert!(status.signal().is_none_or(|signal| signal == SIGKILL), "{status}");
    assert!(status.success() || status.signal().is_some(), "{work} failed by itself: {status}");
    !status.success()
}

/// Does the work once for each step, each time in a folder that `prepare` made, and lets `look` see what a kill left. Says how often it was killed.
fn at_each_step(work: &str, prepare: impl Fn(&Path), look: impl Fn(&Path)) -> usize {
    let kills = |work: &str, calls: &str| {
        let killed = |step: &u32| {
            let folder = tempfile::tempdir().unwrap();
            prepare(folder.path());
            let killed = killed_at(work, folder.path(), calls, *step);
            look(folder.path());
            killed
        };
        (1..STEPS_MAX).take_while(killed).count()
    };
    CHANGES.iter().map(|calls| kills(work, calls)).sum()
}

/// CONS-34, CONS-35: a ledger that is there, and one that is made for the use.
#[test]
fn an_approval_is_used_at_most_once_wherever_its_host_is_killed() {
    if !can_trace() {
        return;
    }
    let there = |folder: &Path| drop(Home::below(folder).used_approvals().unwrap());
    for prepare in [&there as &dyn Fn(&Path), &|_: &Path| ()] {
        let killed = at_each_step("consume", prepare, |folder| {
            let again = consume(folder);
            let called = folder.join("called").exists();
            match again {
                Ok(()) => assert!(!called, "two calls by one approval"),
                Err(ConsentError::Replayed) => {}
                Err(error) => panic!("{error}"),
            }
            let ledger = Home::below(folder).used_approvals().unwrap();
            assert_eq!(ledger.id().unwrap(), ledger.id().unwrap());
            assert_eq!(consume(folder), Err(ConsentError::Replayed));
        });
        assert!(killed > 5, "{killed}");
    }
}

/// CONS-60, CONS-65
#[test]
fn the_log_is_whole_wherever_its_writer_is_killed() {
    if !can_trace() {
        return;
    }
    let killed = at_each_step(
        "append",
        |_| (),
        |folder| {
            let written = (0..RECORDS).filter(|number| folder.join(format!("written-{number}")).exists()).count();
            let records = || {
                let mut found = 0;
                let count = |record: &mpp_schema::audit::AuditRecord| {
                    found += usize::from(matches!(record.event, AuditEvent::Recovered { .. }));
                };
                let verified = Home::below(folder).verify_audit(None, count).unwrap();
                (found, verified)
            };
            let before = records().0;
            assert!(before >= written, "a record that was synced is gone: {before} of {written}");
            append(folder);
            let (found, verified) = records();
            assert_eq!(found, before + RECORDS as usize);
            assert_eq!(verified.sealed, verified.lines - 1);
        },
    );
    assert!(killed > 20, "{killed}");
}

/// CONS-25
#[test]
fn a_question_and_its_answer_are_there_whole_or_not_at_all() {
    if !can_trace() {
        return;
    }
    let killed = at_each_step(
        "ask",
        |_| (),
        |folder| {
            let home = Home::below(folder);
            let waiting = home.questions(now()).unwrap();
            assert!(waiting.is_empty() || waiting == [question()], "{waiting:?}");
            ask(folder);
            assert_eq!(home.questions(now()).unwrap(), [question()]);
        },
    );
    assert!(killed > 5, "{killed}");
    let killed = at_each_step("answer", ask, |folder| {
        let home = Home::below(folder);
        let whole = Some(Answered::Approved("yes".repeat(1000)));
        let found = home.answer(question().id).unwrap();
        assert!(found.is_none() || found == whole, "{found:?}");
        answer(folder);
        assert_eq!(home.answer(question().id).unwrap(), whole);
    });
    assert!(killed > 5, "{killed}");
}

/// CONS-34: one exclusive creation, made durable, and nothing else.
#[test]
fn using_an_approval_is_one_creation() {
    if !can_trace() {
        return;
    }
    let changes = |work: &str| {
        let folder = tempfile::tempdir().unwrap();
        drop(Home::below(folder.path()).used_approvals().unwrap());
        let trace = folder.path().join("trace");
        let calls = "trace=openat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,unlink,unlinkat,fsync,fdatasync";
        let status = traced(work, folder.path(), &["-o", trace.to_str().unwrap(), "-e", calls]);
        assert!(status.success(), "{status}");
        let text = fs::read_to_string(trace).unwrap();
        // What was opened to be read, and the call itself, change nothing of the ledger.
        let changes = |line: &&str| {
            let is_read = line.contains("openat(") && !line.contains("O_CREAT");
            !is_read && !line.contains("/called\"")
        };
        let name =
            |line: &str| line.split_whitespace().nth(1).and_then(|call| call.split('(').next()).map(str::to_owned);
        let found: Vec<String> = text.lines().filter(changes).filter_map(name).collect();
        let exclusive = text.lines().filter(|line| line.contains("O_EXCL")).count();
        (found, exclusive)
    };
    assert_eq!(changes("nothing"), (Vec::new(), 0));
    assert_eq!(changes("consume"), (["openat", "fsync", "fsync"].map(str::to_owned).to_vec(), 1));
}
