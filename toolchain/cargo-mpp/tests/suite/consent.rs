//! A human decides: on the terminal of the call, on another one, elsewhere, beforehand; and what is written down about it. Rules CONS.

use crate::{
    serve::{self, Agent},
    support::Person,
    terminal::AS_ASKED,
};
use serde_json::{Value as Json, json};
use std::{fs, path::Path, process::Stdio, thread, time::Duration};

const TEXT: &str = r##"{"text": "# Milk"}"##;
const CALL: [&str; 4] = ["call", "acme:md", "outline", TEXT];
const WORDS: &str = r##"call acme:md outline '{"text": "# Milk"}'"##;
/// Nothing here takes as long.
const PATIENCE: usize = 1200;

/// Somebody with acme:md installed, whose policy demands this level for it.
pub(crate) fn person(level: &str) -> Person {
    let person = serve::person();
    person.json(&["install", "acme:md"]);
    policy(&person, &demand(level));
    person
}

pub(crate) fn demand(level: &str) -> String {
    format!("[[require]]\npackage = \"acme:md\"\nlevel = \"{level}\"\n")
}

pub(crate) fn policy(person: &Person, text: &str) {
    fs::create_dir_all(person.home().join("config")).expect("a folder");
    fs::write(person.home().join("config/policy.toml"), text).expect("a policy");
}

#[track_caller]
fn is_called(answer: &Json) {
    assert!(answer["result"].to_string().contains("Milk"), "{answer}");
}

/// The decisions in the log, the oldest first.
pub(crate) fn decisions(person: &Person) -> Vec<Json> {
    let shown = person.json(&["log", "show"]);
    let records = shown["records"].as_array().expect("records").iter().map(|record| record["what"].clone());
    records.filter(|what| what["event"] == "decided").collect()
}

/// Waits until a question is there, and gives its name.
#[track_caller]
pub(crate) fn question(person: &Person) -> String {
    for _ in 0..PATIENCE {
        let waiting = person.json(&["approve", "--list"]);
        if let Some(id) = waiting["waiting"][0]["id"].as_str() {
            return id.to_owned();
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing was asked");
}

/// CONS-2, CONS-36, CONS-60, CONS-64
#[test]
fn what_computes_only_is_silent_and_written_down() {
    let person = serve::person();
    person.json(&["install", "acme:md"]);
    is_called(&person.detached(&CALL));
    let decided = &decisions(&person)[0];
    assert_eq!((&decided["answer"], &decided["level"]), (&json!("allowed"), &json!("L0")), "{decided}");
    assert!(decided["surface"].is_null() && decided["rule"].as_str().is_some_and(|rule| rule.contains("computes")));
    let ended = &person.json(&["log", "show"])["records"][2]["what"];
    assert_eq!((&ended["event"], &ended["ending"]), (&json!("ended"), &json!("returned")));
    assert!(!fs::read_to_string(person.home().join("data/audit/log.jsonl")).expect("a log").contains("Milk"));
    let verified = person.json(&["log", "verify"]);
    assert_eq!(verified["sealed"], json!(verified["lines"].as_u64().expect("a number") - 1));
}

/// CONS-23: nobody could be asked, and what can be typed is said. What is piped approves nothing.
#[test]
fn without_a_terminal_the_error_names_the_command_that_approves() {
    let person = person("L2");
    let answer = person.detached(&CALL);
    assert_eq!(answer["error"]["code"], "hitl.unavailable");
    let id = question(&person);
    assert!(answer["error"]["help"].as_str().is_some_and(|help| help.starts_with(&format!("mpp approve {id}"))));
    for piped in [format!("yes | mpp {WORDS}"), format!("yes | mpp approve {id}")] {
        let ended = person.detached_script(&piped);
        assert!(ended.exit == 3 && ended.err.contains("hitl.unavailable"), "{piped}: {}", ended.err);
    }
    assert!(decisions(&person).iter().all(|decided| decided["answer"] == "hitl.unavailable"));
}

/// CONS-22, CONS-38
#[test]
fn a_change_is_confirmed_once_in_a_terminal_session() {
    let person = person("L2");
    let no = person.on_terminal(WORDS, &[("allow it? [y/N]", "n")]);
    assert!(no.exit == 3 && no.out.contains("hitl.denied"), "{}", no.out);
    assert!(no.out.contains("tool       outline of acme:md") && no.out.contains("  | text: \"# Milk\""), "{}", no.out);
    let mpp = env!("CARGO_BIN_EXE_mpp");
    let twice = person.on_terminal(&format!("{WORDS} && '{mpp}' {WORDS}"), &[("allow it? [y/N]", "y")]);
    assert_eq!(twice.exit, 0, "{}", twice.out);
    assert_eq!(twice.out.matches("allow it?").count(), 1, "{}", twice.out);
    // Another session is asked anew.
    assert_eq!(person.detached_refusal(&CALL), "hitl.unavailable");
    let found = decisions(&person);
    assert_eq!((&found[0]["answer"], &found[1]["answer"]), (&json!("hitl.denied"), &json!("allowed")));
    assert_eq!(found[1]["surface"], "terminal");
    assert!(found[2]["rule"].as_str().is_some_and(|rule| rule.contains("confirmed before")), "{}", found[2]);
}

/// CONS-22: a code for each call at L3, a phrase at L4.
#[test]
fn a_code_or_a_phrase_must_be_typed_each_time() {
    let person = person("L3");
    for _ in 0..2 {
        let asked = person.on_terminal(WORDS, &[("to allow this one call, type", AS_ASKED)]);
        assert_eq!(asked.exit, 0, "{}", asked.out);
    }
    for wrong in ["y", "000000 ", ""] {
        let asked = person.on_terminal(WORDS, &[("to allow this one call, type", wrong)]);
        assert!(asked.exit == 3 && asked.out.contains("hitl.denied"), "{wrong}: {}", asked.out);
    }
    policy(&person, &demand("L4"));
    let asked = person.on_terminal(WORDS, &[("to allow this one call", "let outline of acme:md do this")]);
    assert_eq!(asked.exit, 0, "{}", asked.out);
    let asked = person.on_terminal(WORDS, &[("to allow this one call", "let outline of acme:md")]);
    assert!(asked.out.contains("hitl.denied"), "{}", asked.out);
}

/// CONS-30 to CONS-34: on another terminal, for a call that waits; used once.
#[test]
fn somebody_approves_on_another_terminal() {
    let person = person("L3");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| person.detached(&["call", "--wait", "60", CALL[1], CALL[2], CALL[3]]));
        let id = question(&person);
        let approved = person.on_terminal("approve --once", &[("to allow this one call, type", AS_ASKED)]);
        assert!(approved.exit == 0 && approved.out.contains("approved `outline`"), "{id}: {}", approved.out);
        is_called(&waiting.join().expect("the call ends"));
    });
    assert_eq!(decisions(&person)[0]["surface"], "approve");
    assert_eq!(person.detached_refusal(&CALL), "hitl.unavailable");
    // The call that failed is approved, and made again; once.
    let id = question(&person);
    let approved = person.on_terminal(&format!("approve {id}"), &[("to allow this one call, type", AS_ASKED)]);
    assert_eq!(approved.exit, 0, "{}", approved.out);
    is_called(&person.detached(&CALL));
    assert_eq!(person.detached_refusal(&CALL), "hitl.unavailable");
    // And refused.
    person.json(&["approve", "--refuse", &question(&person)]);
    assert_eq!(person.detached_refusal(&CALL), "hitl.denied");
    assert_eq!(person.refusal(&["approve", "ffff"]).0, "approval.not-found");
}

/// CONS-34: many processes, one approval, one call; and what was used is used, also when its file comes back.
#[test]
fn an_approval_is_used_at_most_once_whoever_dies() {
    let person = person("L3");
    assert_eq!(person.detached_refusal(&CALL), "hitl.unavailable");
    let id = question(&person);
    let questions = person.home().join("data/questions");
    let approve = || {
        let approved = person.on_terminal(&format!("approve {id}"), &[("to allow this one call, type", AS_ASKED)]);
        assert_eq!(approved.exit, 0, "{}", approved.out);
    };
    approve();
    let files: Vec<_> = ["json", "approved"]
        .map(|kind| {
            (questions.join(format!("{id}.{kind}")), fs::read(questions.join(format!("{id}.{kind}"))).expect("a file"))
        })
        .into();
    let put_back = || files.iter().for_each(|(path, bytes)| fs::write(path, bytes).expect("it comes back"));
    // Killed after ever more time: somewhere in between is each step.
    let mut called = 0;
    for milliseconds in (0..400).step_by(25) {
        put_back();
        let mut command =
            person.program("setsid", &[&["--wait", env!("CARGO_BIN_EXE_mpp"), "--json"], &CALL[..]].concat());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("mpp starts");
        thread::sleep(Duration::from_millis(milliseconds));
        let _ = child.kill();
        let output = child.wait_with_output().expect("mpp ends");
        called += usize::from(String::from_utf8_lossy(&output.stdout).contains("Milk"));
    }
    put_back();
    let last = person.detached(&CALL);
    called += usize::from(last["result"].to_string().contains("Milk"));
    assert!(called <= 1, "{called} calls by one approval");
    put_back();
    assert_eq!(person.detached_refusal(&CALL), "att.replayed");
    person.json(&["log", "verify"]);
}

/// CONS-34
#[test]
fn of_parallel_calls_with_one_approval_one_is_made() {
    let person = person("L3");
    assert_eq!(person.detached_refusal(&CALL), "hitl.unavailable");
    let id = question(&person);
    let approved = person.on_terminal(&format!("approve {id}"), &[("to allow this one call, type", AS_ASKED)]);
    assert_eq!(approved.exit, 0, "{}", approved.out);
    let answers: Vec<Json> = thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| person.detached(&CALL))).collect();
        calls.into_iter().map(|call| call.join().expect("it ends")).collect()
    });
    let called = answers.iter().filter(|answer| answer["result"].to_string().contains("Milk")).count();
    assert_eq!(called, 1, "{answers:?}");
    person.json(&["log", "verify"]);
}

/// CONS-31 to CONS-35: whatever is done to an approval, it counts for no call.
#[test]
fn an_approval_that_was_tampered_with_approves_nothing() {
    let person = person("L3");
    let call = || person.detached_refusal(&CALL);
    assert_eq!(call(), "hitl.unavailable");
    let id = question(&person);
    let answer = |text: &str| {
        fs::write(person.home().join(format!("data/questions/{id}.approved")), text).expect("an answer is written");
    };
    let approve = || {
        let approved = person.on_terminal(&format!("approve {id}"), &[("to allow this one call, type", AS_ASKED)]);
        assert_eq!(approved.exit, 0, "{}", approved.out);
        fs::read_to_string(person.home().join(format!("data/questions/{id}.approved"))).expect("an answer")
    };
    answer("nonsense");
    assert_eq!(call(), "att.malformed");
    assert_eq!(call(), "hitl.unavailable");
    let good = approve();
    let other = serve::person();
    other.json(&["approve", "--key"]);
    answer(&good.replacen("\"sig\":\"", "\"sig\":\"A", 1));
    assert_eq!(call(), "att.malformed");
    assert_eq!(call(), "hitl.unavailable");
    // The question is changed before somebody approves it: what is shown and signed is not the call.
    let path = person.home().join(format!("data/questions/{id}.json"));
    let question = fs::read_to_string(&path).expect("a question");
    fs::write(&path, question.replace("# Milk", "# Wine")).expect("it is changed");
    let signed = approve();
    assert_eq!(call(), "att.binding");
    // The ledger is lost: what was approved for it is void.
    assert_eq!(call(), "hitl.unavailable");
    let good = approve();
    fs::remove_dir_all(person.home().join("data/approvals-used")).expect("the ledger goes");
    assert_ne!(good, signed);
    assert_eq!(call(), "att.audience");
}

/// CONS-40
#[test]
fn the_policy_approves_beforehand_what_it_names_and_nothing_else() {
    let person = person("L3");
    let explained = person.json(&["policy", "explain", CALL[1], CALL[2], CALL[3]]);
    assert_eq!((&explained["level"], &explained["answer"]), (&json!("L3"), &json!("asked")), "{explained}");
    assert!(explained["why"][0].as_str().is_some_and(|why| why.contains("the policy requires L3")));
    person.approve_beforehand(&CALL[1..]);
    is_called(&person.detached(&CALL));
    assert_eq!(person.json(&["policy", "explain", CALL[1], CALL[2], CALL[3]])["answer"], "allowed");
    assert_eq!(person.detached_refusal(&["call", "acme:md", "links", TEXT]), "hitl.unavailable");
    // The same tool of another package digest: what was approved is not what is here.
    let lines = explained["approve"].as_str().expect("lines");
    let digest = explained["digest"].as_str().expect("a digest");
    policy(&person, &(demand("L3") + &lines.replace(digest, &"0".repeat(64))));
    let answer = person.detached(&CALL);
    assert_eq!(answer["error"]["code"], "approval.changed", "{answer}");
    // At L4 the arguments must be named.
    policy(&person, &(demand("L4") + &lines.replace("level = \"L3\"", "level = \"L4\"")));
    assert_eq!(person.detached_refusal(&CALL), "hitl.unavailable");
}

/// T15: a program that drives a terminal cannot approve where the approver key is locked.
#[test]
fn a_locked_approver_key_approves_with_its_password_only() {
    let person = person("L3");
    let locked = person.mpp_with(("MPP_KEY_PASSWORD", "correct horse"), &["--json", "approve", "--lock"]);
    assert!(locked.exit == 0 && locked.out.contains("\"locked\":true"), "{}", locked.err);
    let asked = [("to allow this one call, type", AS_ASKED), ("password of the key `approver`", "guess")];
    let driven = person.on_terminal(WORDS, &asked);
    assert!(driven.exit == 3 && driven.out.contains("key.password"), "{}", driven.out);
    let asked = [("to allow this one call, type", AS_ASKED), ("password of the key `approver`", "correct horse")];
    let typed = person.on_terminal(WORDS, &asked);
    assert_eq!(typed.exit, 0, "{}", typed.out);
    let found = decisions(&person);
    assert_eq!(found[0]["answer"], "key.password");
    assert_eq!(found[1]["surface"], "terminal-locked");
}

/// Somebody with another home approves, and nobody here can.
#[test]
fn an_approver_of_another_home_approves_where_the_policy_names_them() {
    let (person, boss) = (person("L3"), Person::new());
    let key = boss.json(&["approve", "--key"])["key"].as_str().expect("a key").to_owned();
    policy(&person, &format!("{}[approvers]\nown = false\nkeys = {{ boss = \"{key}\" }}\n", demand("L3")));
    let here = person.on_terminal(WORDS, &[]);
    assert!(here.out.contains("hitl.unavailable"), "{}", here.out);
    let id = question(&person);
    // By the key of this home it is worth nothing.
    let own = person.on_terminal(&format!("approve {id}"), &[("to allow this one call, type", AS_ASKED)]);
    assert_eq!(own.exit, 0, "{}", own.out);
    assert_eq!(person.detached_refusal(&CALL), "att.key");
    assert_eq!(person.detached_refusal(&CALL), "hitl.unavailable");
    person.json(&["approve", &id, "--export", "question.json"]);
    fs::copy(person.path("question.json"), boss.path("question.json")).expect("it travels");
    let words = "approve --question question.json > answer.json";
    let there = boss.on_terminal(words, &[("to allow this one call, type", AS_ASKED)]);
    assert_eq!(there.exit, 0, "{}", there.out);
    fs::copy(boss.path("answer.json"), person.path("answer.json")).expect("it travels back");
    person.json(&["approve", &id, "--answer", "answer.json"]);
    let attested = person.json(&["attest", "verify", "answer.json"]);
    assert_eq!((&attested["signer"], &attested["for_this_home"]), (&json!("`boss`"), &json!(true)), "{attested}");
    is_called(&person.detached(&CALL));
    assert_eq!(boss.refusal(&["attest", "verify", "question.json"]).0, "att.malformed");
}

/// CONS-24
#[test]
fn a_flood_of_questions_is_refused_without_asking() {
    let person = person("L2");
    let call = |number: usize| {
        let arguments = json!({ "text": format!("# {number}") }).to_string();
        person.detached_refusal(&["call", "acme:md", "outline", &arguments])
    };
    assert!((0..10).all(|number| call(number) == "hitl.unavailable"));
    assert_eq!(call(3), "hitl.unavailable", "what is asked already is no new question");
    assert_eq!(call(10), "hitl.budget");
    assert_eq!(person.json(&["approve", "--list"])["waiting"].as_array().expect("a list").len(), 10);
}

/// CONS-50 to CONS-59
#[test]
fn agents_ask_for_what_they_may() {
    let person = person("L1");
    let id = person.json(&["agent", "new", "desk", "--level", "L1", "--package", "acme:md"])["id"].clone();
    is_called(&person.detached(&["call", "--agent", "desk", CALL[1], CALL[2], CALL[3]]));
    assert_eq!(decisions(&person)[0]["agent"], id);
    let by = |name: &str| person.detached_refusal(&["call", "--agent", name, CALL[1], CALL[2], CALL[3]]);
    assert_eq!(by("nobody"), "agent.unknown");
    policy(&person, &demand("L2"));
    assert_eq!(by("desk"), "agent.unknown", "its calls are bounded");
    policy(&person, &(String::from("anonymous = \"L0\"\n") + &demand("L1")));
    assert_eq!(person.detached_refusal(&CALL), "agent.unknown", "somebody unknown may ask for less");

    let sign = |by: &[&str]| {
        let words = [&["agent", "sign"], by, &[CALL[1], CALL[2], CALL[3]]].concat();
        let request = person.json(&words)["request"].as_str().expect("an envelope").to_owned();
        person.write("request.json", request);
    };
    let asked = |text: &str| person.detached(&["call", "--agent-request", "request.json", CALL[1], CALL[2], text]);
    sign(&["--agent", "desk"]);
    assert_eq!(asked(r##"{"text": "# Wine"}"##)["error"]["code"], "agent.binding");
    is_called(&asked(TEXT));
    assert_eq!(asked(TEXT)["error"]["code"], "agent.replayed");

    // Another agent asks in its place, and may hand on less, never more.
    let other = person.json(&["agent", "new", "helper"])["record"].clone();
    let other = if other.is_null() {
        person.json(&["agent", "list"])["agents"][1]["key"].clone()
    } else {
        other["key"].clone()
    };
    let key = person.home().join("data/agents/helper.pem");
    fs::copy(&key, person.path("helper.pem")).expect("a key");
    let delegate = |level: &str| {
        let words = [
            "agent",
            "delegate",
            "--agent",
            "desk",
            "--to",
            other.as_str().expect("a key"),
            "--package",
            "acme:md",
            "--level",
            level,
        ];
        person.write("link.json", person.json(&words)["delegation"].as_str().expect("an envelope"));
        sign(&["--key", "helper.pem", "--delegation", "link.json"]);
    };
    delegate("L1");
    is_called(&asked(TEXT));
    delegate("L3");
    assert_eq!(asked(TEXT)["error"]["code"], "agent.delegation");
    person.json(&["agent", "revoke", "desk"]);
    assert_eq!(by("desk"), "agent.unknown");
    delegate("L1");
    assert_eq!(asked(TEXT)["error"]["code"], "agent.unknown");
}

/// CONS-61, CONS-62, CONS-66
#[test]
fn a_log_that_was_changed_is_not_whole() {
    let person = person("L1");
    (0..3).for_each(|_| is_called(&person.detached(&CALL)));
    person.write("kept.json", person.mpp(&["log", "checkpoint"]).out);
    is_called(&person.detached(&CALL));
    let path = person.home().join("data/audit/log.jsonl");
    let whole = fs::read_to_string(&path).expect("a log");
    let lines: Vec<&str> = whole.lines().collect();
    let verify = |text: &str, words: &[&str]| {
        fs::write(&path, text).expect("the log is changed");
        person.mpp(&[&["--json", "log", "verify"], words].concat())
    };
    let outside = ["--checkpoint", "kept.json"];
    assert_eq!(verify(&whole, &outside).exit, 0);
    let without = |at: usize| {
        lines
            .iter()
            .enumerate()
            .filter(|(line, _)| *line != at)
            .map(|(_, line)| format!("{line}\n"))
            .collect::<String>()
    };
    for changed in [whole.replacen("\"L1\"", "\"L0\"", 1), without(1), without(4), format!("{}\n{whole}", lines[0])] {
        let found = verify(&changed, &[]);
        assert!(found.out.contains("audit.broken"), "{}", found.out);
    }
    let cut: String = lines[..4].iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(verify(&cut, &[]).exit, 0, "a cut end is not seen from inside");
    assert!(verify(&cut, &outside).out.contains("audit.truncated"));
    fs::write(&path, &whole).expect("the log is as it was");
    // A line that a crash cut short is removed, and that is written down.
    fs::write(&path, &whole[..whole.len() - 10]).expect("the log is cut");
    is_called(&person.detached(&CALL));
    assert!(person.mpp(&["log", "show"]).out.contains("cut short"));
    assert_eq!(person.mpp(&["log", "verify"]).exit, 0);
}

/// CONS-67: what cannot be recorded is not done, from L2 on.
#[test]
fn a_log_that_cannot_be_written_refuses_what_a_person_is_asked_about() {
    let person = person("L1");
    fs::create_dir_all(person.home().join("data/audit/log.jsonl")).expect("a folder in the way");
    let answer = person.detached(&CALL);
    is_called(&answer);
    policy(&person, &demand("L2"));
    person.approve_beforehand(&CALL[1..]);
    assert_eq!(person.detached_refusal(&CALL), "audit.unwritable");
}

/// CONS-67: from L3 on a record is synced before the call begins. strace makes each sync of the log fail: then the call is not made.
#[test]
fn a_record_that_cannot_be_synced_refuses_a_call_from_l3_on() {
    if !can_trace() {
        return;
    }
    let person = person("L2");
    person.approve_beforehand(&CALL[1..]);
    is_called(&person.detached(&CALL));
    let log = person.home().join("data/audit/log.jsonl").canonicalize().expect("a log");
    let unsynced = || {
        let strace = ["--wait", "strace", "-f", "-qq", "-o", "/dev/null", "-P", log.to_str().expect("text")];
        let fail = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO", env!("CARGO_BIN_EXE_mpp"), "--json"];
        let output = person.program("setsid", &[&strace[..], &fail, &CALL].concat()).stdin(Stdio::null()).output();
        serde_json::from_slice::<Json>(&output.expect("setsid starts").stdout).expect("one JSON object")
    };
    is_called(&unsynced());
    policy(&person, &demand("L3"));
    person.approve_beforehand(&CALL[1..]);
    is_called(&person.detached(&CALL));
    assert_eq!(unsynced()["error"]["code"], "audit.unwritable");
}

/// Whether a process can be traced here.
#[expect(clippy::print_stderr, reason = "what was not asked must be seen")]
fn can_trace() -> bool {
    let traced = std::process::Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    let traced = traced.is_ok_and(|output| output.status.success());
    assert!(traced || std::env::var_os("CI").is_none(), "CI has strace, and lets it trace");
    if !traced {
        eprintln!("SKIPPED: a log that cannot be synced, because strace cannot trace here");
    }
    traced
}

#[test]
fn the_log_is_exported_for_other_programs() {
    let person = person("L1");
    is_called(&person.detached(&CALL));
    let lines = person.mpp(&["log", "export"]).out;
    assert!(lines.lines().all(|line| serde_json::from_str::<Json>(line).is_ok()), "{lines}");
    let telemetry = person.mpp(&["log", "export", "--form", "opentelemetry", "--package", "acme:md"]).out;
    let telemetry: Json = serde_json::from_str(&telemetry).expect("one message");
    let records = telemetry["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().expect("records");
    assert_eq!(records.len(), 2, "{telemetry}");
    assert!(records[0]["body"]["stringValue"].as_str().is_some_and(|text| text.contains("asked for `outline`")));
}

/// An agent over the wire waits for a person, and hears what the person can type.
#[test]
fn a_call_of_an_agent_waits_for_a_person() {
    let person = person("L3");
    let mut agent = Agent::start(&person, &["--wait", "60"]);
    let call = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": {"name": "md_outline", "arguments": {"text": "# Milk"}}});
    agent.say(&call);
    let id = question(&person);
    let approved = person.on_terminal(&format!("approve {id}"), &[("to allow this one call, type", AS_ASKED)]);
    assert_eq!(approved.exit, 0, "{}", approved.out);
    let answer = agent.hear();
    assert!(answer["result"]["structuredContent"].to_string().contains("Milk"), "{answer}");
    assert_eq!(agent.end().0, Some(0));
    let mut agent = Agent::start(&person, &["--wait", "0"]);
    let answer = agent.ask("tools/call", &call["params"]);
    let text = answer["content"][0]["text"].as_str().unwrap_or_default();
    assert!(answer["isError"] == true && text.contains("mpp approve"), "{answer}");
    assert_eq!(agent.end().0, Some(0));
    person.json(&["log", "verify"]);
}

fn source(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The functions of a block of source, in their order.
fn functions(file: &str, head: &str) -> Vec<String> {
    let source = source(file);
    let block = source.split_once(head).unwrap_or_else(|| panic!("no `{head}` in {file}")).1;
    let block = block.split_once("\n}").expect("a block ends").0;
    let names = block.lines().filter_map(|line| {
        let line = line.strip_prefix("    ")?;
        let line = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
        line.split(['(', '<']).next().map(str::to_owned)
    });
    names.collect()
}

/// What can be reached from the agent's side stands in three places of the source: what the server answers beyond what the SDK does by
/// itself, what it asks of the home, and what a tool may import. None of it grants, approves, trusts, pins or changes a policy; whoever
/// adds to it reads this.
#[test]
fn what_an_agent_reaches_does_not_grow_unnoticed() {
    assert_eq!(functions("host/mcp/src/toolbox.rs", "pub trait Toolbox"), ["tools", "call"]);
    let handled = functions("host/mcp/src/handler.rs", "impl ServerHandler for Handler");
    let refused = ["complete", "list_prompts", "list_resources", "list_resource_templates", "on_custom_request"];
    let (refused, handled): (Vec<_>, Vec<_>) = handled.into_iter().partition(|name| refused.contains(&name.as_str()));
    assert_eq!(refused.len(), 5, "{refused:?}");
    let known = [
        "get_info",
        "initialize",
        "list_tools",
        "call_tool",
        "accepted_subscription_filter",
        "listen",
        "on_initialized",
    ];
    assert_eq!(handled, known);
    let source = source("host/runtime/src/cap/mod.rs");
    let linked = source.lines().filter_map(|line| line.trim().split_once("::add_to_linker(linker)"));
    let linked: Vec<&str> = linked.map(|(capability, _)| capability).collect();
    let known = [
        "io",
        "cli",
        "env",
        "folders",
        "device",
        "caller",
        "attestation",
        "config",
        "logging",
        "progress",
        "tools",
        "clocks",
        "random",
        "http",
        "kv",
    ];
    assert_eq!(linked, known);
}

/// Nothing that an agent can reach grants, approves, trusts, pins or changes a policy: these are all operations, and a new one fails here.
#[test]
fn every_operation_that_an_agent_reaches_is_known() {
    let person = person("L1");
    let methods = [
        "initialize",
        "ping",
        "server/discover",
        "tools/list",
        "tools/call",
        "subscriptions/listen",
        "tools/grant",
        "tools/approve",
        "approve",
        "grant",
        "policy/set",
        "trust/add",
        "completion/complete",
        "logging/setLevel",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/subscribe",
        "resources/templates/list",
        "resources/unsubscribe",
        "roots/list",
        "sampling/createMessage",
        "elicitation/create",
        "tasks/get",
        "tasks/list",
        "tasks/cancel",
        "tasks/result",
    ];
    let mut reached = Vec::new();
    for method in methods {
        let mut agent = Agent::start(&person, &[]);
        agent.say(&json!({"jsonrpc": "2.0", "id": 9, "method": method, "params": {}}));
        // All that was asked is answered by then, but for what stays open.
        let (_, said) = agent.end();
        let mut answers = said.lines().map(|line| serde_json::from_str::<Json>(line).expect("only messages"));
        if answers.find(|answer| answer["id"] == 9).is_none_or(|answer| answer["error"]["code"] != -32601) {
            reached.push(method);
        }
    }
    assert_eq!(reached, ["initialize", "ping", "server/discover", "tools/list", "tools/call", "subscriptions/listen"]);
    let mut agent = Agent::start(&person, &[]);
    for name in ["approve", "mpp_approve", "grant", "policy_set", "trust_add"] {
        agent.say(
            &json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": {"name": name, "arguments": {}}}),
        );
        let answer = agent.hear();
        assert!(answer["error"].is_object(), "{name}: {answer}");
    }
}
