//! Chapter `consent`, the audit log: one that is whole, and each way in which one is not.
//!
//! Lines and checkpoints are put together by hand from `spec/consent.md`.

use super::{
    case::Case,
    consent_cases::{envelope, message_key, sha},
    keys::TestKey,
};

const VERIFY: &str = "audit.verify";
const TWIN: &str = "consent/log";
const TWIN_OUTSIDE: &str = "consent/log-kept-elsewhere";
const TYPE: &str = "application/vnd.mpp.audit-checkpoint.v1+json";
const LOG: &str = "04040404040404040404040404040404";
const OTHER: &str = "09090909090909090909090909090909";
const NOW: &str = "2027-01-15T08:00:00Z";
const BROKEN: Option<&str> = Some("audit.broken");

/// A log that is being written.
struct Log {
    id: &'static str,
    lines: Vec<String>,
}

impl Log {
    fn of(id: &'static str) -> Self {
        Self { id, lines: Vec::new() }
    }

    /// The digest that the next line is chained to (CONS-60).
    fn last(&self) -> String {
        sha(&self.lines.last().cloned().unwrap_or_else(|| format!("mpp-audit-v1\n{}", self.id)))
    }

    fn add(mut self, what: &str) -> Self {
        let (seq, before) = (self.lines.len(), self.last());
        self.lines.push(format!(r#"{{"seq":{seq},"before":"{before}","at":"{NOW}","what":{what}}}"#));
        self
    }

    fn record(self, bytes: u32) -> Self {
        self.add(&format!(r#"{{"event":"recovered","bytes":{bytes}}}"#))
    }

    /// A checkpoint of the log as it is (CONS-62).
    fn checkpoint(&self, key: &TestKey) -> String {
        let (id, lines, last) = (self.id, self.lines.len(), self.last());
        let payload = format!(r#"{{"mpp":"1.0","log":"{id}","lines":{lines},"last":"{last}","at":"{NOW}"}}"#);
        envelope(TYPE, &payload, key)
    }

    fn sealed_with(self, checkpoint: &str) -> Self {
        self.add(&format!(r#"{{"event":"checkpoint","envelope":"{}"}}"#, checkpoint.replace('"', "\\\"")))
    }

    fn sealed(self) -> Self {
        let checkpoint = self.checkpoint(&TestKey::auditor());
        self.sealed_with(&checkpoint)
    }
}

fn three() -> Log {
    Log::of(LOG).record(1).record(2).record(3)
}

fn whole() -> Vec<String> {
    three().sealed().record(4).record(5).sealed().lines
}

fn case(name: &str, why: &'static str, code: Option<&'static str>, lines: &[String]) -> Case {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let name = format!("{TWIN}{name}");
    let case = match code {
        Some(code) => Case::bad(&name, why, VERIFY, TWIN, code),
        None => Case::good(&name, why, VERIFY),
    };
    case.file("log", "log.jsonl", text).value("id", LOG).value("key", message_key(&TestKey::auditor()))
}

/// The log as something was done to its lines.
fn changed(name: &str, why: &'static str, change: impl FnOnce(&mut Vec<String>)) -> Case {
    let mut lines = whole();
    change(&mut lines);
    case(name, why, BROKEN, &lines)
}

/// The cases.
pub(super) fn cases() -> Vec<Case> {
    [good(), lines(), checkpoints(), outside()].concat()
}

fn good() -> Vec<Case> {
    vec![
        case("", "a log with two checkpoints (CONS-60)", None, &whole()),
        case("-empty", "a log that nobody wrote to (CONS-60)", None, &[]),
        case("-cut", "a cut end is not found from inside (CONS-66)", None, &whole()[..3]),
    ]
}

fn lines() -> Vec<Case> {
    vec![
        changed("-edited", "a number in a line is another one (CONS-61)", |lines| {
            lines[1] = lines[1].replace(r#""bytes":2"#, r#""bytes":7"#);
        }),
        changed("-removed", "a line is gone (CONS-61)", |lines| drop(lines.remove(1))),
        changed("-beginning-removed", "the first line is gone (CONS-61)", |lines| drop(lines.remove(0))),
        changed("-swapped", "two lines changed places (CONS-61)", |lines| lines.swap(1, 2)),
        changed("-twice", "a line is there twice (CONS-61)", |lines| lines.insert(1, lines[1].clone())),
        changed("-spliced", "lines of another log in the middle (CONS-61)", |lines| {
            lines.splice(1..2, Log::of(OTHER).record(1).record(2).lines.split_off(1));
        }),
        changed("-no-record", "a line that is no record (CONS-61)", |lines| lines[1] = "{}".to_owned()),
        changed("-torn", "the last line is half there, and nobody removed it (CONS-61)", |lines| {
            let last = lines.len() - 1;
            lines[last].truncate(40);
        }),
        case("-of-another", "the log of another home (CONS-61)", BROKEN, &Log::of(OTHER).record(1).lines),
    ]
}

fn checkpoints() -> Vec<Case> {
    let sealed = |log: Log, checkpoint: &str| log.sealed_with(checkpoint).lines;
    let of_others = Log::of(LOG).record(1).checkpoint(&TestKey::auditor());
    let of_another_log = Log::of(OTHER).record(1).record(2).record(3).checkpoint(&TestKey::auditor());
    vec![
        case(
            "-forged",
            "a checkpoint by another key (CONS-62)",
            BROKEN,
            &sealed(three(), &three().checkpoint(&TestKey::acme())),
        ),
        case("-other-lines", "a true checkpoint of other lines (CONS-62)", BROKEN, &sealed(three(), &of_others)),
        case("-other-log", "a checkpoint of another log (CONS-62)", BROKEN, &sealed(three(), &of_another_log)),
        case("-no-checkpoint", "a checkpoint that is none (CONS-62)", BROKEN, &sealed(three(), "x")),
    ]
}

/// Against a checkpoint that was kept elsewhere.
fn outside() -> Vec<Case> {
    let kept = || three().sealed().record(4).record(5).checkpoint(&TestKey::auditor());
    let other = Log::of(LOG).record(1).record(2).record(8).sealed().record(4).record(5).sealed().lines;
    let against = |mut case: Case, checkpoint: String| {
        case.twin = Some(TWIN_OUTSIDE);
        case.file("checkpoint", "kept.json", checkpoint)
    };
    vec![
        case("-kept-elsewhere", "as a checkpoint that was kept elsewhere says (CONS-66)", None, &whole()).file(
            "checkpoint",
            "kept.json",
            kept(),
        ),
        against(
            case(
                "-truncated",
                "shorter than a checkpoint that was kept elsewhere (CONS-66)",
                Some("audit.truncated"),
                &whole()[..3],
            ),
            kept(),
        ),
        against(
            case(
                "-written-anew",
                "written anew, with sound checkpoints, unlike the one that was kept (CONS-66)",
                BROKEN,
                &other,
            ),
            kept(),
        ),
        against(
            case("-kept-forged", "the checkpoint that was kept is by another key (CONS-66)", BROKEN, &whole()),
            three().checkpoint(&TestKey::acme()),
        ),
    ]
}
