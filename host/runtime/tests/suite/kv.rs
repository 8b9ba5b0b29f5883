//! HOST-60 to HOST-69 from inside a guest: what it may keep, what is refused, and what stays when it traps.

use crate::support::{guests, packages, small_limits};
use mpp_host::{CallOutcome, Ending, Host, HostOptions, LoadedPackage, Providers, Terms};
use mpp_kv::{Bucket, Claim, KvError, MemoryStore, SharedStore, Store};
use mpp_package::key::SecretKey;
use mpp_policy::{Allowance, Grants};
use mpp_schema::{ByteSize, codes};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

fn host(kv: Arc<dyn Store>) -> Host {
    let providers = Providers { kv, ..Providers::default() };
    Host::new(HostOptions { limits: small_limits(), providers, ..HostOptions::default() }).expect("a host starts")
}

fn asked() -> Json {
    json!({ "kv": { "quota": "1MiB" } })
}

fn load(host: &Host) -> LoadedPackage {
    packages::load_asking(host, guests::kv(), asked())
}

fn granted(bytes: u64) -> Terms {
    let allowed = Allowance { kv: Some(ByteSize(bytes)), ..Allowance::default() };
    Terms::granted(Grants::cut(&serde_json::from_value(asked()).expect("permissions"), &allowed))
}

#[track_caller]
fn outcome(package: &LoadedPackage, terms: &Terms, tool: &str, arguments: Json) -> CallOutcome {
    package
        .call(terms, tool, &arguments.to_string())
        .unwrap_or_else(|error| panic!("`{tool}` was not started: {error}"))
}

/// The result of a call that gives one and in which nothing is refused.
#[track_caller]
fn result(package: &LoadedPackage, tool: &str, arguments: Json) -> Json {
    let outcome = outcome(package, &granted(1 << 20), tool, arguments);
    assert!(outcome.refusals.is_empty(), "{:?}", outcome.refusals);
    match outcome.ending {
        Ending::Returned(Some(result)) => result["result"].clone(),
        Ending::Returned(None) => Json::Null,
        other => panic!("`{tool}` gave {other:?}"),
    }
}

/// What a tool hears when something is refused, and the code that the caller reads.
#[track_caller]
fn check_refused(
    package: &LoadedPackage,
    terms: &Terms,
    (tool, arguments): (&str, Json),
    heard: &str,
    code: mpp_schema::Code,
) {
    let outcome = outcome(package, terms, tool, arguments);
    let Ending::ToolError(error) = outcome.ending else { panic!("`{tool}` gave {:?}", outcome.ending) };
    assert!(error.to_string().contains(heard), "{error}");
    assert!(outcome.refusals.contains(code), "{:?}", outcome.refusals);
}

#[test]
fn a_tool_finds_again_what_it_put() {
    let host = host(Arc::new(MemoryStore::default()));
    let package = load(&host);
    assert_eq!(result(&package, "put", json!({ "key": "a", "value": "1" })), Json::Null);
    assert_eq!(result(&package, "get", json!({ "key": "a" })), json!("1"));
    assert_eq!(result(&package, "remove", json!({ "key": "a" })), json!({ "f0": true, "f1": false }));
    assert_eq!(result(&package, "get", json!({ "key": "a" })), Json::Null);
    assert_eq!(
        result(&package, "several", json!({})),
        json!(["a=one", "b=two", null, "a=uno", "b=two", null]),
        "both drafts name one store"
    );
    assert_eq!(result(&package, "put-durably", json!({ "key": "a", "value": "1" })), Json::Null);
}

#[test]
fn a_tool_counts_and_swaps() {
    let host = host(Arc::new(MemoryStore::default()));
    let package = load(&host);
    assert_eq!(result(&package, "count", json!({ "key": "n", "times": 3 })), json!("3"));
    assert_eq!(result(&package, "count-by", json!({ "key": "n", "by": "-5" })), json!("-2"));
    let swap = |other: Json| result(&package, "swap", json!({ "key": "s", "other": other, "value": "mine" }));
    assert_eq!(swap(Json::Null), json!({ "f0": "mine", "f1": false }));
    assert_eq!(swap(json!("theirs")), json!({ "f0": "theirs mine", "f1": true }));
    let terms = granted(1 << 20);
    check_refused(&package, &terms, ("count", json!({ "key": "s", "times": 1 })), "kv.number", codes::KV_NUMBER);
}

#[test]
fn a_tool_lists_its_keys_in_pages() {
    let host = host(Arc::new(MemoryStore::default()));
    let package = load(&host);
    assert_eq!(result(&package, "list-first", json!({})), json!({ "f0": 0, "f1": 1 }));
    assert_eq!(result(&package, "fill", json!({ "keys": 2_500, "bytes": 10 })), json!({ "f0": 2_500, "f1": null }));
    assert_eq!(result(&package, "list-first", json!({})), json!({ "f0": 2_500, "f1": 3 }));
    assert_eq!(result(&package, "list-second", json!({})), json!({ "f0": 2_500, "f1": 3 }));
    let nowhere = outcome(&package, &granted(1 << 20), "list-from-nowhere", json!({}));
    assert!(matches!(nowhere.ending, Ending::ToolError(_)), "{:?}", nowhere.ending);
}

#[test]
fn without_a_grant_there_is_no_store() {
    let host = host(Arc::new(MemoryStore::default()));
    let package = load(&host);
    let get = || ("get", json!({ "key": "a" }));
    check_refused(&package, &Terms::default(), get(), "access-denied", codes::KV_DENIED);
    assert!(matches!(outcome(&package, &granted(1 << 20), get().0, get().1).ending, Ending::Returned(_)));
    let nothing_kept = self::host(Arc::new(mpp_kv::NoStore));
    check_refused(&load(&nothing_kept), &granted(1 << 20), get(), "access-denied", codes::KV_DENIED);
    assert_eq!(packages::load_error(&host, guests::kv()), codes::CAP_DENIED, "nor without asking");
}

#[test]
fn there_is_no_other_store_by_name() {
    let host = host(Arc::new(MemoryStore::default()));
    let package = load(&host);
    for name in ["other", "Default", "../x", "default ", "guest:base"] {
        let open = ("open-store", json!({ "identifier": name }));
        check_refused(&package, &granted(1 << 20), open, "no-such-store", codes::KV_DENIED);
    }
    for name in ["", "default"] {
        assert_eq!(result(&package, "open-store", json!({ "identifier": name })), Json::Null);
    }
}

#[test]
fn another_publishers_package_of_the_same_name_sees_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = host(Arc::new(SharedStore::new(folder.path())));
    let key = SecretKey::generate().expect("a key");
    let as_me = || packages::load_asking_as(&host, guests::kv(), asked(), &key);
    result(&as_me(), "put", json!({ "key": "secret", "value": "mine" }));
    // Each `load` signs with a key of its own.
    assert_eq!(result(&load(&host), "get", json!({ "key": "secret" })), Json::Null);
    assert_eq!(result(&load(&host), "list-first", json!({})), json!({ "f0": 0, "f1": 1 }));
    assert_eq!(result(&as_me(), "get", json!({ "key": "secret" })), json!("mine"));
}

#[test]
fn what_goes_over_a_quota_is_refused_by_name() {
    let host = host(Arc::new(MemoryStore::default()));
    let package = load(&host);
    let terms = granted(1 << 20);
    let fill = |terms: &Terms, keys: u32, bytes: u32| {
        let outcome = outcome(&package, terms, "fill", json!({ "keys": keys, "bytes": bytes }));
        let Ending::Returned(Some(result)) = outcome.ending else { panic!("{:?}", outcome.ending) };
        let over = outcome.refusals.contains(codes::LIMIT_KV);
        assert_eq!(
            over,
            result["result"]["f1"].as_str().is_some_and(|heard| heard.starts_with("limit.kv")),
            "{result}"
        );
        (result["result"]["f0"].as_u64().expect("a count"), over)
    };
    // Of a quota of 64 KiB, six values of 10,000 bytes fit. A user may grant less than was asked for.
    assert_eq!(fill(&granted(64 << 10), 100, 10_000), (6, true));
    assert_eq!(fill(&terms, 100, 10_000), (100, false));
    assert_eq!(fill(&terms, 1, (1 << 20) + 1), (0, true), "a value of more than 1 MiB");
    assert_eq!(fill(&terms, 20_000, 0), (10_000, true), "keys");
    check_refused(&package, &terms, ("long-key", json!({ "bytes": 513 })), "limit.kv", codes::LIMIT_KV);
    check_refused(&package, &terms, ("long-key", json!({ "bytes": 512 })), "10000", codes::LIMIT_KV);
}

#[test]
fn a_tool_that_traps_leaves_whole_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = host(Arc::new(SharedStore::new(folder.path())));
    let package = load(&host);
    let trapped = outcome(&package, &granted(1 << 20), "put-and-trap", json!({ "key": "a", "value": "1" }));
    assert_eq!(trapped.ending.code(), Some(codes::TOOL_TRAP));
    assert_eq!(result(&package, "get", json!({ "key": "a" })), json!("1"), "what was done before stays");
    check_refused(&package, &granted(1 << 20), ("several-with-a-bad-one", json!({})), "limit.kv", codes::LIMIT_KV);
    assert_eq!(
        result(&package, "list-first", json!({})),
        json!({ "f0": 1, "f1": 1 }),
        "of several at once, all or none"
    );
}

#[test]
fn handles_of_a_store_are_limited_like_all_others() {
    let host = host(Arc::new(MemoryStore::default()));
    let package = load(&host);
    assert_eq!(result(&package, "open-many", json!({ "times": 500 })), json!(500));
    let many = outcome(&package, &granted(1 << 20), "open-many", json!({ "times": 5_000 }));
    assert_eq!(many.ending.code(), Some(codes::LIMIT_HOST_DATA));
    assert_eq!(result(&package, "open-many", json!({ "times": 1 })), json!(1));
}

#[test]
fn two_hosts_on_one_home_share_a_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = SecretKey::generate().expect("a key");
    let hosts = [0; 2].map(|_| host(Arc::new(SharedStore::new(folder.path()))));
    let packages = hosts.each_ref().map(|host| packages::load_asking_as(host, guests::kv(), asked(), &key));
    for number in 1..=100u32 {
        let counted = result(&packages[number as usize % 2], "count", json!({ "key": "n", "times": 1 }));
        assert_eq!(counted, json!(number.to_string()));
    }
    // Whoever holds it goes; the other takes over.
    let [first, second] = packages;
    let [host_of_first, _host] = hosts;
    drop((first, host_of_first));
    assert_eq!(result(&second, "count", json!({ "key": "n", "times": 1 })), json!("101"));
}

/// Counts how often it is opened.
#[derive(Default)]
struct Counting {
    inner: MemoryStore,
    opened: AtomicU32,
}

impl Store for Counting {
    fn open(&self, claim: &Claim, terms: mpp_kv::Terms) -> Result<Box<dyn Bucket>, KvError> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        assert_eq!((claim.publishers.len(), claim.package.to_string().as_str()), (1, "guest:kv"));
        assert!(terms.deadline.is_some(), "no wait outlives the call");
        self.inner.open(claim, terms)
    }
}

#[test]
fn a_store_is_opened_when_a_tool_first_uses_it_and_once_a_call() {
    let store = Arc::new(Counting::default());
    let host = host(Arc::clone(&store) as Arc<dyn Store>);
    let package = load(&host);
    outcome(&package, &granted(1 << 20), "open-store", json!({ "identifier": "other" }));
    outcome(&package, &Terms::default(), "get", json!({ "key": "a" }));
    assert_eq!(store.opened.load(Ordering::Relaxed), 0);
    result(&package, "put-often", json!({ "times": 100 }));
    assert_eq!(store.opened.load(Ordering::Relaxed), 1);
    assert_eq!(result(&package, "get-often", json!({ "times": 100 })), json!("10000"));
    assert_eq!(store.opened.load(Ordering::Relaxed), 2);
}

/// A disk that takes nothing more, once it is told so.
struct Failing(MemoryStore);

impl Store for Failing {
    fn open(&self, claim: &Claim, terms: mpp_kv::Terms) -> Result<Box<dyn Bucket>, KvError> {
        let mut inner = self.0.open(claim, terms)?;
        inner.write(Vec::new())?;
        Ok(Box::new(FailingBucket(inner)))
    }
}

struct FailingBucket(Box<dyn Bucket>);

fn full() -> KvError {
    KvError::NoRoom { path: "/kv".into(), needed: 1 }
}

impl Bucket for FailingBucket {
    fn get(&mut self, keys: Vec<String>) -> Result<Vec<Option<Vec<u8>>>, KvError> {
        self.0.get(keys)
    }
    fn exists(&mut self, key: String) -> Result<bool, KvError> {
        self.0.exists(key)
    }
    fn keys(&mut self, after: Option<String>) -> Result<mpp_kv::KeyPage, KvError> {
        self.0.keys(after)
    }
    fn usage(&mut self) -> Result<mpp_kv::Usage, KvError> {
        self.0.usage()
    }
    fn write(&mut self, changes: Vec<mpp_kv::Change>) -> Result<(), KvError> {
        self.0.write(changes)
    }
    fn increment(&mut self, _: String, _: mpp_kv::Step) -> Result<i128, KvError> {
        Err(full())
    }
    fn swap(&mut self, key: String, expected: Option<Vec<u8>>, value: Vec<u8>) -> Result<bool, KvError> {
        self.0.swap(key, expected, value)
    }
    fn clear(&mut self) -> Result<(), KvError> {
        self.0.clear()
    }
    fn flush(&mut self) -> Result<(), KvError> {
        Err(full())
    }
    fn sync(&mut self) -> Result<(), KvError> {
        Err(full())
    }
}

#[test]
fn a_store_that_fails_is_an_error_with_a_name_and_the_next_call_works() {
    let host = host(Arc::new(Failing(MemoryStore::default())));
    let package = load(&host);
    let terms = granted(1 << 20);
    check_refused(&package, &terms, ("count", json!({ "key": "n", "times": 1 })), "kv.failed", codes::KV_FAILED);
    // What cannot be kept was not done: the call that wrote it does not succeed.
    let put = outcome(&package, &terms, "put", json!({ "key": "a", "value": "1" }));
    assert_eq!(put.ending.code(), Some(codes::KV_FAILED), "{:?}", put.ending);
    let put = outcome(&package, &terms, "put-durably", json!({ "key": "a", "value": "1" }));
    assert_eq!(put.ending.code(), Some(codes::KV_FAILED), "{:?}", put.ending);
    assert!(put.refusals.contains(codes::KV_FAILED), "the tool was told too");
    assert!(matches!(outcome(&package, &terms, "get", json!({ "key": "b" })).ending, Ending::Returned(_)));
}
