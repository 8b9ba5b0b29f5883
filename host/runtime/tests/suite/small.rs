//! The small capabilities: settings, log, caller, progress, clocks, deterministic calls, cancelling, and tools that call tools.

use crate::support::{guests, host, packages, small_limits};
use mpp_host::{
    Agent, Allocation, CallOutcome, Cancel, Deterministic, Ending, Host, HostOptions, Level, Limits, LoadedPackage,
    Metering, NoCallee, Progress, Providers, Step, Terms, Tools, Verification,
};
use mpp_package::dsse::MessageKey;
use mpp_policy::consent::{Binding, ConsentError, Receipt, Uses, read_approval, redeem, sign_approval};
use mpp_policy::{Allowance, Grants};
use mpp_schema::{Code, Digest, HostId, Instant, KeyId, LedgerId, Nonce, PackageName, codes, consent::Surface};
use serde_json::{Value as Json, json};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

fn asked() -> Json {
    json!({
        "config": ["unit", "place"], "logging": {}, "progress": {}, "clock": {},
        "tools": { "guest:small": {}, "guest:base": {}, "guest:gone": {} },
    })
}

fn package() -> &'static LoadedPackage {
    static PACKAGE: OnceLock<LoadedPackage> = OnceLock::new();
    PACKAGE.get_or_init(|| packages::load_asking(host(), guests::small(), asked()))
}

fn granting(allowed: Allowance) -> Terms {
    Terms::granted(Grants::cut(&serde_json::from_value(asked()).expect("permissions"), &allowed))
}

#[track_caller]
fn call_in(package: &LoadedPackage, terms: &Terms, tool: &str, arguments: Json) -> CallOutcome {
    package
        .call(terms, tool, &arguments.to_string())
        .unwrap_or_else(|error| panic!("`{tool}` was not started: {error}"))
}

#[track_caller]
fn call(terms: &Terms, tool: &str, arguments: Json) -> CallOutcome {
    call_in(package(), terms, tool, arguments)
}

#[track_caller]
fn check(terms: &Terms, tool: &str, arguments: Json, expected: Json) {
    assert_eq!(call(terms, tool, arguments).ending, Ending::Returned(Some(json!({ "result": expected }))), "{tool}");
}

#[test]
fn granted_settings_are_read_and_no_others() {
    let config =
        [("unit", "kg"), ("other", "never asked for")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let terms = granting(Allowance { config: config.into(), ..Allowance::default() });
    check(&terms, "setting", json!({ "name": "unit" }), json!("kg"));
    check(&terms, "setting", json!({ "name": "place" }), Json::Null);
    check(&terms, "setting", json!({ "name": "other" }), Json::Null);
    check(&terms, "settings", json!({}), json!([{ "f0": "unit", "f1": "kg" }]));
    check(&Terms::default(), "settings", json!({}), json!([]));
}

#[test]
fn log_lines_are_kept_with_their_level() {
    let terms = granting(Allowance { logging: true, ..Allowance::default() });
    let outcome = call(&terms, "log-levels", json!({ "message": "\u{1b}[2Jhere" }));
    assert_eq!(outcome.ending, Ending::Returned(None));
    let records = &outcome.log.records;
    assert_eq!(records.len(), 6);
    assert!(records.is_sorted_by_key(|record| record.level));
    assert_eq!((records[3].level, records[3].context.as_str()), (Level::Warn, "levels"));
    assert_eq!(records[3].line(), "warn [levels]: \\u{1b}[2Jhere");
}

#[test]
fn without_its_grant_nothing_is_logged() {
    let outcome = call(&Terms::default(), "log-levels", json!({ "message": "unheard" }));
    assert_eq!((&outcome.ending, outcome.log.records.len()), (&Ending::Returned(None), 0));
    assert!(outcome.refusals.contains(codes::CAP_DENIED));
}

#[test]
fn a_log_has_an_end() {
    let terms = granting(Allowance { logging: true, ..Allowance::default() });
    let code = |bytes, lines| {
        let outcome = call(&terms, "log-much", json!({ "bytes": bytes, "lines": lines }));
        (outcome.ending.code(), outcome.log.records.len())
    };
    assert_eq!(code(1 << 10, 1 << 10), (None, 1 << 10));
    assert_eq!(code(1 << 10, 2 << 10), (Some(codes::LIMIT_OUTPUT), 1 << 10));
    assert_eq!(code(0, 20_000), (Some(codes::LIMIT_OUTPUT), 10_000));
}

#[test]
fn who_asks_is_what_the_host_knows_and_nothing_else() {
    check(&Terms::default(), "who-asks", json!({}), json!("nobody that is known"));
    let agent = Agent {
        id: "a1".to_owned(),
        name: "Desk".to_owned(),
        verified: Verification::Token,
        delegation: vec!["Zoë".to_owned(), "Board".to_owned()],
    };
    let terms = Terms { caller: Some(Arc::new(agent)), ..Terms::default() };
    check(&terms, "who-asks", json!({}), json!("Desk (a1, Verification::Token) for Zoë, Board"));
}

/// Uses that nobody recorded before.
struct Unused;

impl Uses for Unused {
    fn id(&self) -> Result<LedgerId, ConsentError> {
        Ok(LedgerId::from_bytes([1; 16]))
    }
    fn consume(&self, _: Nonce, _: Instant) -> Result<(), ConsentError> {
        Ok(())
    }
}

/// The receipt of a call at this level that somebody approved, and the key of whoever did.
fn approved(level: mpp_schema::consent::Level) -> (Receipt, MessageKey) {
    let key = MessageKey::from_seed(&[7; 32]).expect("a key");
    let tool = "who-approved".parse().expect("a name");
    let binding = Binding {
        host: HostId::from_bytes([2; 16]),
        package: Digest::of(b"package"),
        publisher: KeyId::from_bytes([3; 32]),
        tool: &tool,
        arguments: Digest::of(b"arguments"),
        grants: Digest::of(b"grants"),
        agent: None,
        level,
        shown: Digest::of(b"shown"),
    };
    let now = Instant::from_unix_seconds(1_800_000_000).expect("a moment");
    let (ledger, nonce) = (LedgerId::from_bytes([1; 16]), Nonce::from_bytes([4; 16]));
    let approval = binding.approval(ledger, nonce, key.public().id(), Surface::Terminal, now, 60);
    let envelope = sign_approval(&approval, &key).expect("it is signed");
    let receipt = redeem(&envelope, &binding, &[*key.public()], now, &Unused).expect("it counts");
    (receipt, key)
}

/// HOST-94
#[test]
fn the_approval_of_a_call_can_be_passed_on() {
    check(&Terms::default(), "who-approved", json!({}), json!(null));
    let (receipt, key) = approved(mpp_schema::consent::Level::L3);
    let terms = Terms { receipt: Some(Arc::new(receipt)), ..granting(all_tools()) };
    let Ending::Returned(Some(answer)) = call(&terms, "who-approved", json!({})).ending else { panic!("it returns") };
    let nonce = "04".repeat(16);
    assert_eq!(answer["result"]["f0"], json!(format!("{nonce} at L3 until 2027-01-15T08:01:00Z")));
    let envelope = answer["result"]["f1"].as_str().expect("an envelope");
    assert_eq!(read_approval(envelope, &[*key.public()]).expect("it verifies").nonce.to_string(), nonce);
    // A tool that is called by another one has none: nobody was asked about that call.
    let package = host_of_two(Allowance::default(), small_options());
    let (receipt, _) = approved(mpp_schema::consent::Level::L3);
    let terms = Terms { receipt: Some(Arc::new(receipt)), ..granting(all_tools()) };
    let within = relay(&package, &terms, "guest:small", "who-approved", json!({})).ending;
    assert_eq!(within, Ending::Returned(Some(json!({ "result": r#"{"result":null}"# }))));
}

/// CONS-37: a tool cannot have a person asked.
#[test]
fn a_called_tool_needs_no_more_than_was_allowed() {
    let package = host_of_two(Allowance::default(), small_options());
    let log = |terms: &Terms| {
        let outcome = relay(&package, terms, "guest:small", "log-levels", json!({ "message": "" }));
        (outcome.ending, outcome.refusals.contains(codes::HITL_UNAVAILABLE))
    };
    let (ending, refused) = log(&granting(all_tools()));
    assert_eq!((ending, refused), (Ending::ToolError(json!("stopped: hitl.unavailable")), true));
    let (receipt, _) = approved(mpp_schema::consent::Level::L2);
    let (ending, refused) = log(&Terms { receipt: Some(Arc::new(receipt)), ..granting(all_tools()) });
    assert_eq!((ending, refused), (Ending::Returned(Some(json!({ "result": "null" }))), false));
}

/// Keeps what it is shown.
#[derive(Default)]
struct Kept(Mutex<Vec<Step>>);

impl Progress for Kept {
    fn report(&self, step: &Step) {
        self.0.lock().expect("nobody panics").push(step.clone());
    }
}

fn watched(watcher: Arc<dyn Progress>) -> Terms {
    Terms { progress: Some(watcher), ..granting(Allowance { progress: true, ..Allowance::default() }) }
}

#[test]
fn progress_is_shown_but_not_all_of_it() {
    let kept = Arc::new(Kept::default());
    let terms = watched(kept.clone());
    check(&terms, "work-in-steps", json!({ "steps": "100000", "text": "" }), json!("100000"));
    let steps = kept.0.lock().expect("nobody panics");
    assert!(steps.len() < 10_000, "{}", steps.len());
    assert_eq!(steps[0], Step { done: 1, total: Some(100_000), message: "step 1".to_owned() });
    assert!(steps.contains(&Step { done: 100_000, total: Some(100_000), message: "step 100000".to_owned() }));
}

#[test]
fn what_a_tool_says_of_its_progress_is_short_and_escaped() {
    let kept = Arc::new(Kept::default());
    let text = format!("\u{1b}]0;title\u{7}{}", "x".repeat(10_000));
    check(&watched(kept.clone()), "work-in-steps", json!({ "steps": "0", "text": text }), json!("0"));
    let steps = kept.0.lock().expect("nobody panics");
    assert!(steps[0].message.starts_with("\\u{1b}]0;title\\u{7}x") && steps[0].message.len() < 400, "{steps:?}");
}

#[test]
fn progress_needs_its_grant_and_somebody_who_watches() {
    let kept = Arc::new(Kept::default());
    let denied = Terms { progress: Some(kept.clone()), ..Terms::default() };
    let outcome = call(&denied, "work-in-steps", json!({ "steps": "3", "text": "" }));
    assert!(outcome.refusals.contains(codes::CAP_DENIED));
    assert!(kept.0.lock().expect("nobody panics").is_empty());
    let unwatched = granting(Allowance { progress: true, ..Allowance::default() });
    assert!(call(&unwatched, "work-in-steps", json!({ "steps": "3", "text": "" })).refusals.is_empty());
}

#[test]
fn clocks_are_precise_when_that_is_granted() {
    let clock = granting(Allowance { clock: true, ..Allowance::default() });
    check(&clock, "clock-precision", json!({}), json!({ "f0": "1", "f1": "1", "f2": true }));
    check(&Terms::default(), "clock-precision", json!({}), json!({ "f0": "1000000", "f1": "1000000", "f2": false }));
}

fn deterministic(seed: u64) -> Terms {
    let clock = granting(Allowance { clock: true, ..Allowance::default() });
    Terms { deterministic: Some(Deterministic { seed, time: Duration::from_secs(1_000_000) }), ..clock }
}

#[test]
fn a_deterministic_call_gives_the_same_each_time() {
    let look = |seed| call(&deterministic(seed), "dice-and-clocks", json!({})).ending;
    assert_eq!(look(1), look(1));
    assert_ne!(look(1), look(2));
    let Ending::Returned(Some(seen)) = look(1) else { panic!("it returns") };
    // It slept for an hour at once.
    assert_eq!(seen["result"].as_array().expect("a list")[3..], [json!("0"), json!("3600001000000"), json!("1003600")]);
    check(&deterministic(1), "clock-precision", json!({}), json!({ "f0": "1000000", "f1": "1000000", "f2": false }));
}

#[test]
fn a_deterministic_call_is_stopped_by_its_work() {
    let limits = Limits { time: Duration::from_millis(40), ..small_limits() };
    let options = HostOptions { limits, metering: Metering::Fuel, ..HostOptions::default() };
    let host = Host::new(options).expect("a host starts");
    let package = packages::load_asking(&host, guests::small(), asked());
    for terms in [deterministic(1), Terms::default()] {
        assert_eq!(call_in(&package, &terms, "compute", json!({})).ending.code(), Some(codes::LIMIT_TIME));
        assert_eq!(call_in(&package, &terms, "who-asks", json!({})).ending.code(), None);
    }
}

/// Cancels as soon as the tool reports.
struct Impatient(Cancel);

impl Progress for Impatient {
    fn report(&self, _: &Step) {
        self.0.cancel();
    }
}

#[test]
fn a_call_is_cancelled_while_it_computes_and_before_it_begins() {
    let cancel = Cancel::new();
    let terms = Terms { cancel: Some(cancel.clone()), ..watched(Arc::new(Impatient(cancel.clone()))) };
    for _ in 0..2 {
        let outcome = call(&terms, "compute", json!({}));
        assert_eq!(outcome.ending.code(), Some(codes::CALL_CANCELLED));
    }
    let other = Terms { cancel: Some(Cancel::new()), ..Terms::default() };
    check(&other, "who-asks", json!({}), json!("nobody that is known"));
}

/// Tells another thread that the tool reported.
struct Bell(Mutex<mpsc::Sender<()>>);

impl Progress for Bell {
    fn report(&self, _: &Step) {
        self.0.lock().expect("nobody panics").send(()).expect("somebody listens");
    }
}

#[test]
fn a_call_is_cancelled_while_it_waits_in_the_host() {
    let (bell, rings) = mpsc::channel();
    let cancel = Cancel::new();
    let terms = Terms { cancel: Some(cancel.clone()), ..watched(Arc::new(Bell(Mutex::new(bell)))) };
    std::thread::scope(|scope| {
        let tool = scope.spawn(|| call(&terms, "sleep", json!({})));
        rings.recv().expect("the tool reports");
        cancel.cancel();
        assert_eq!(tool.join().expect("no panic").ending.code(), Some(codes::CALL_CANCELLED));
    });
}

#[test]
fn without_a_cancel_a_limit_is_what_it_was() {
    let limits = Limits { time: Duration::from_millis(200), ..small_limits() };
    let host = Host::new(HostOptions { limits, ..HostOptions::default() }).expect("a host starts");
    let package = packages::load_asking(&host, guests::small(), asked());
    for cancel in [None, Some(Cancel::new())] {
        let terms = Terms { cancel, ..Terms::default() };
        for tool in ["compute", "sleep"] {
            assert_eq!(call_in(&package, &terms, tool, json!({})).ending.code(), Some(codes::LIMIT_TIME), "{tool}");
        }
    }
}

/// Knows two packages, and what they were granted.
struct Two {
    small: Arc<Grants>,
    /// Compiling takes a while.
    known: Mutex<Vec<Arc<LoadedPackage>>>,
}

impl Tools for Two {
    fn grants(&self, package: &PackageName, tool: &str) -> Result<Arc<Grants>, NoCallee> {
        match (package.to_string().as_str(), tool) {
            ("guest:small", "compute-in-vain") => {
                Err(NoCallee { code: codes::GRANT_MISSING, message: "not granted".to_owned() })
            }
            ("guest:small", _) => Ok(self.small.clone()),
            ("guest:base", _) => Ok(Arc::default()),
            _ => Err(NoCallee::not_installed(package)),
        }
    }

    fn level(&self, _: &PackageName, tool: &str) -> Result<mpp_schema::consent::Level, NoCallee> {
        use mpp_schema::consent::Level;
        Ok(if tool == "log-levels" { Level::L2 } else { Level::L1 })
    }

    fn load(&self, host: &Host, package: &PackageName) -> Result<Arc<LoadedPackage>, NoCallee> {
        let guest = if package.to_string() == "guest:small" { guests::small() } else { guests::base() };
        let mut known = self.known.lock().expect("nobody panics");
        if let Some(loaded) = known.iter().find(|loaded| loaded.name() == package) {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(packages::load_asking(host, guest, asked()));
        known.push(Arc::clone(&loaded));
        Ok(loaded)
    }
}

/// A host with packages that call each other; `small` was granted this when it is called by another.
fn host_of_two(small: Allowance, options: HostOptions) -> LoadedPackage {
    let small = Grants::cut(&serde_json::from_value(asked()).expect("permissions"), &small);
    let providers =
        Providers { tools: Arc::new(Two { small: Arc::new(small), known: Mutex::default() }), ..Providers::default() };
    let host = Host::new(HostOptions { providers, ..options }).expect("a host starts");
    packages::load_asking(&host, guests::small(), asked())
}

fn small_options() -> HostOptions {
    HostOptions { limits: small_limits(), ..HostOptions::default() }
}

fn all_tools() -> Allowance {
    let tools = ["guest:small", "guest:base", "guest:gone"].map(|name| name.parse().expect("a name"));
    Allowance { tools: tools.into(), ..Allowance::default() }
}

fn relay(package: &LoadedPackage, terms: &Terms, name: &str, tool: &str, arguments: Json) -> CallOutcome {
    let arguments = json!({ "package": name, "tool": tool, "arguments": arguments.to_string() });
    call_in(package, terms, "relay", arguments)
}

#[test]
fn a_tool_calls_a_tool_of_another_package() {
    let package = host_of_two(Allowance::default(), small_options());
    let terms = granting(all_tools());
    let check = |name, tool, arguments, expected: Result<&str, &str>| {
        let expected = match expected {
            Ok(json) => Ending::Returned(Some(json!({ "result": json }))),
            Err(error) => Ending::ToolError(json!(error)),
        };
        assert_eq!(relay(&package, &terms, name, tool, arguments).ending, expected, "{name} {tool}");
    };
    check("guest:base", "echo-text", json!({ "text": "there" }), Ok(r#"{"result":"there"}"#));
    check("guest:base", "nothing", json!({}), Ok("null"));
    check("guest:base", "fail", json!({ "reason": "no paper" }), Err(r#"failed: "no paper""#));
    check("guest:base", "panic", json!({ "message": "" }), Err("stopped: tool.trap"));
    check("guest:base", "grow", json!({ "mib": 64 }), Err("stopped: limit.memory"));
    check("guest:base", "missing", json!({}), Err("unknown: package `guest:base` has no tool `missing`"));
    check("guest:small", "compute-in-vain", json!({}), Err("stopped: grant.missing"));
    check("guest:gone", "any", json!({}), Err("unknown: package `guest:gone` is not installed"));
    let wrong = relay(&package, &terms, "guest:base", "echo-text", json!({ "text": 7 })).ending;
    assert!(
        matches!(&wrong, Ending::ToolError(error) if error.as_str().is_some_and(|it| it.starts_with("arguments: "))),
        "{wrong:?}"
    );
}

#[test]
fn a_package_that_was_not_granted_is_not_called() {
    let package = host_of_two(Allowance::default(), small_options());
    let base_only = Allowance { tools: ["guest:base".parse().expect("a name")].into(), ..Allowance::default() };
    for (terms, name) in
        [(Terms::default(), "guest:base"), (granting(base_only), "guest:small"), (granting(all_tools()), "no name")]
    {
        let outcome = relay(&package, &terms, name, "who-asks", json!({}));
        assert_eq!(outcome.ending, Ending::ToolError(json!("denied")), "{name}");
        assert!(outcome.refusals.contains(codes::CAP_DENIED), "{name}");
    }
}

#[test]
fn a_called_tool_has_what_both_were_granted() {
    let setting = |value: &str| [("unit".to_owned(), value.to_owned())].into();
    let callee = Allowance { config: setting("kg"), logging: true, ..all_tools() };
    let package = host_of_two(callee, small_options());
    let read = |caller: Allowance| relay(&package, &granting(caller), "guest:small", "settings", json!({})).ending;
    let kg = Ending::Returned(Some(json!({ "result": r#"{"result":[{"f0":"unit","f1":"kg"}]}"# })));
    let none = Ending::Returned(Some(json!({ "result": r#"{"result":[]}"# })));
    assert_eq!(read(Allowance { config: setting("kg"), ..all_tools() }), kg);
    assert_eq!(read(Allowance { config: setting("lb"), ..all_tools() }), none);
    assert_eq!(read(all_tools()), none);
    // What the called tool was refused, the caller of the first one hears too.
    let (receipt, _) = approved(mpp_schema::consent::Level::L2);
    let terms = Terms { receipt: Some(Arc::new(receipt)), ..granting(all_tools()) };
    let outcome = relay(&package, &terms, "guest:small", "log-levels", json!({ "message": "x" }));
    assert_eq!(outcome.ending, Ending::Returned(Some(json!({ "result": "null" }))));
    assert!(outcome.refusals.kept[0].message.contains("`log-levels` of `guest:small`"), "{:?}", outcome.refusals);
}

#[test]
fn a_called_tool_does_not_learn_who_asks() {
    let package = host_of_two(Allowance::default(), small_options());
    let agent =
        Agent { id: "a1".to_owned(), name: "Desk".to_owned(), verified: Verification::Token, delegation: Vec::new() };
    let terms = Terms { caller: Some(Arc::new(agent)), ..granting(all_tools()) };
    let ending = relay(&package, &terms, "guest:small", "who-asks", json!({})).ending;
    assert_eq!(ending, Ending::Returned(Some(json!({ "result": r#"{"result":"nobody that is known"}"# }))));
}

#[track_caller]
fn check_dive(package: &LoadedPackage, depth: u32, code: Code) {
    let outcome = call_in(package, &granting(all_tools()), "dive", json!({ "depth": 0 }));
    let Ending::Returned(Some(result)) = &outcome.ending else { panic!("{outcome:?}") };
    assert_eq!(result["result"], json!({ "f0": depth, "f1": format!("stopped: {code}") }));
}

#[test]
fn a_circle_of_calls_ends() {
    let package = host_of_two(all_tools(), small_options());
    check_dive(&package, 8, codes::LIMIT_DEPTH);
    let outcome = call_in(&package, &granting(all_tools()), "dive", json!({ "depth": 0 }));
    assert!(outcome.refusals.contains(codes::LIMIT_DEPTH));
}

#[test]
fn a_circle_of_calls_in_a_full_pool_does_not_wait_for_itself() {
    let options = HostOptions { allocation: Allocation::Pooled { calls: 3 }, ..small_options() };
    let package = host_of_two(all_tools(), options);
    check_dive(&package, 2, codes::LIMIT_CALLS);
    check_dive(&package, 2, codes::LIMIT_CALLS);
}

#[test]
fn a_called_tool_has_no_more_time_than_its_caller() {
    let limits = Limits { time: Duration::from_millis(300), ..small_limits() };
    let package = host_of_two(all_tools(), HostOptions { limits, ..HostOptions::default() });
    for tool in ["compute", "sleep"] {
        let outcome = relay(&package, &granting(all_tools()), "guest:small", tool, json!({}));
        assert_eq!(outcome.ending.code(), Some(codes::LIMIT_TIME), "{tool}");
    }
}

#[test]
fn cancelling_reaches_a_called_tool() {
    let callee = Allowance { progress: true, ..all_tools() };
    let package = host_of_two(callee.clone(), small_options());
    let cancel = Cancel::new();
    let watcher: Arc<dyn Progress> = Arc::new(Impatient(cancel.clone()));
    let terms = Terms { cancel: Some(cancel), progress: Some(watcher), ..granting(callee) };
    let outcome = relay(&package, &terms, "guest:small", "sleep", json!({}));
    assert_eq!(outcome.ending.code(), Some(codes::CALL_CANCELLED));
}
