//! HOST-60 to HOST-63, HOST-67 and HOST-69: both stores of this crate against a model: a plain map that is counted afresh after each step.

use mpp_kv::{Change, Claim, KvError, MemoryStore, Quota, Refusal, SharedStore, Step, Store, Terms, Usage};
use mpp_schema::{Code, Coded, codes};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

fn claim(key: char, package: &str) -> Claim {
    let publisher = key.to_string().repeat(64).parse().expect("a key id");
    Claim { publishers: vec![publisher], package: package.parse().expect("a name") }
}

fn stores() -> (tempfile::TempDir, [Arc<dyn Store>; 2]) {
    let folder = tempfile::tempdir().expect("a folder");
    let shared = SharedStore::new(folder.path().join("kv"));
    (folder, [Arc::new(MemoryStore::default()), Arc::new(shared)])
}

fn terms(bytes: u64, keys: u64) -> Terms {
    Terms { quota: Quota { bytes, keys }, deadline: None }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, KvError>) -> Refusal {
    match result.expect_err("it is refused") {
        KvError::Refused(refusal) => refusal,
        other => panic!("{other}"),
    }
}

#[derive(Debug, Clone)]
enum Step_ {
    Write(Vec<Change>),
    Increment(String, i64),
    Swap(String, Option<Vec<u8>>, Vec<u8>),
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step_>> {
    let key = || "[ab]{0,2}";
    let value = || prop_oneof![Just(b"7".to_vec()), proptest::collection::vec(any::<u8>(), 0..9)];
    let change = prop_oneof![
        3 => (key(), value()).prop_map(|(key, value)| Change::Set(key, value)),
        1 => key().prop_map(Change::Delete),
    ];
    let step = prop_oneof![
        6 => proptest::collection::vec(change, 0..4).prop_map(Step_::Write),
        3 => (key(), -3i64..4).prop_map(|(key, step)| Step_::Increment(key, step)),
        3 => (key(), proptest::option::of(value()), value()).prop_map(|(key, old, new)| Step_::Swap(key, old, new)),
        1 => Just(Step_::Clear),
    ];
    proptest::collection::vec(step, 0..24)
}

const MODEL_QUOTA: Quota = Quota { bytes: 40, keys: 5 };

/// What a step does to a plain map; nothing when it must be refused.
fn model(map: &BTreeMap<String, Vec<u8>>, step: &Step_) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut next = map.clone();
    match step {
        Step_::Write(changes) => changes.iter().for_each(|change| match change {
            Change::Set(key, value) => drop(next.insert(key.clone(), value.clone())),
            Change::Delete(key) => drop(next.remove(key)),
        }),
        Step_::Increment(key, step) => {
            let old = next.get(key).map_or(Some(0), |old| std::str::from_utf8(old).ok()?.parse::<i64>().ok())?;
            next.insert(key.clone(), (old + step).to_string().into_bytes());
        }
        Step_::Swap(key, old, new) if next.get(key) == old.as_ref() => drop(next.insert(key.clone(), new.clone())),
        Step_::Swap(..) => {}
        Step_::Clear => next.clear(),
    }
    let (before, after) = (usage(map), usage(&next));
    let fits = |found: u64, limit: u64, before: u64| found <= limit || found <= before;
    let fits = fits(after.bytes, MODEL_QUOTA.bytes, before.bytes) && fits(after.keys, MODEL_QUOTA.keys, before.keys);
    fits.then_some(next)
}

fn usage(map: &BTreeMap<String, Vec<u8>>) -> Usage {
    let bytes = map.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    Usage { bytes: bytes as u64, keys: map.len() as u64 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_store_does_what_a_map_does(steps in steps()) {
        let (_folder, stores) = stores();
        for store in stores {
            let mut bucket = store.open(&claim('a', "acme:notes"), Terms { quota: MODEL_QUOTA, deadline: None }).expect("opens");
            let mut map = BTreeMap::new();
            for step in &steps {
                let done = match step.clone() {
                    Step_::Write(changes) => bucket.write(changes).is_ok(),
                    Step_::Increment(key, step) => bucket.increment(key, Step::Signed(step)).is_ok(),
                    Step_::Swap(key, old, new) => bucket.swap(key, old, new).is_ok(),
                    Step_::Clear => bucket.clear().is_ok(),
                };
                let next = model(&map, step);
                prop_assert_eq!(done, next.is_some(), "{:?} on {:?}", step, map);
                map = next.unwrap_or(map);
                prop_assert_eq!(bucket.usage().expect("its usage"), usage(&map));
                let keys: Vec<String> = map.keys().cloned().collect();
                prop_assert_eq!(&bucket.keys(None).expect("its keys").keys, &keys);
                let values: Vec<_> = map.values().cloned().map(Some).collect();
                prop_assert_eq!(bucket.get(keys).expect("its values"), values);
            }
        }
    }
}

#[test]
fn another_publisher_or_package_sees_nothing() {
    let (_folder, stores) = stores();
    for store in stores {
        let mut mine = store.open(&claim('a', "acme:notes"), Terms::default()).expect("opens");
        mine.write(vec![Change::Set("secret".into(), b"mine".to_vec())]).expect("a write");
        for other in [claim('b', "acme:notes"), claim('a', "acme:other")] {
            let mut bucket = store.open(&other, Terms::default()).expect("opens");
            assert_eq!(bucket.get(vec!["secret".into()]).expect("a read"), [None]);
            assert!(bucket.keys(None).expect("its keys").keys.is_empty());
            assert_eq!(bucket.usage().expect("its usage"), Usage::default());
        }
        // One key of several is enough.
        let mut signed_by_both = claim('b', "acme:notes");
        signed_by_both.publishers = [claim('c', "a:b").publishers, claim('a', "a:b").publishers].concat();
        let mut bucket = store.open(&signed_by_both, Terms::default()).expect("opens");
        assert_eq!(bucket.get(vec!["secret".into()]).expect("a read"), [Some(b"mine".to_vec())]);
    }
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let (_folder, stores) = stores();
    for store in stores {
        let mut bucket = store.open(&claim('a', "acme:notes"), terms(3 << 20, 3)).expect("opens");
        let set = |key: String, bytes: usize| vec![Change::Set(key, vec![0; bytes])];
        bucket.write(set("k".repeat(512), 1 << 20)).expect("the largest key and value");
        assert_eq!(refused(bucket.write(set("k".repeat(513), 1))), Refusal::Key { found: 513 });
        assert_eq!(refused(bucket.get(vec!["k".repeat(513)])), Refusal::Key { found: 513 });
        let found = (1 << 20) + 1;
        assert_eq!(refused(bucket.write(set("a".into(), found as usize))), Refusal::Value { found });
        bucket.write(set("b".into(), 1 << 20)).expect("there is room");
        let both = [set("x".into(), 4), set("c".into(), 1 << 20)].concat();
        assert!(matches!(refused(bucket.write(both)), Refusal::Bytes { limit, .. } if limit == 3 << 20));
        assert!(!bucket.exists("x".into()).expect("a read"), "all or nothing");
        bucket.write(set("c".into(), 1)).expect("the third key");
        assert_eq!(refused(bucket.increment("d".into(), Step::Unsigned(1))), Refusal::Keys { wanted: 4, limit: 3 });
        // Over a lowered quota, what shrinks is never refused.
        let mut lowered = store.open(&claim('a', "acme:notes"), terms(1, 1)).expect("opens");
        lowered.write(vec![Change::Delete("b".into())]).expect("it shrinks");
        assert!(matches!(refused(lowered.write(set("c".into(), 2))), Refusal::Bytes { .. }));
    }
}

#[test]
fn counters_keep_their_range_and_their_kind() {
    let (_folder, stores) = stores();
    for store in stores {
        let mut bucket = store.open(&claim('a', "acme:notes"), Terms::default()).expect("opens");
        assert_eq!(bucket.increment("n".into(), Step::Unsigned(u64::MAX)).expect("counts"), u64::MAX.into());
        assert_eq!(refused(bucket.increment("n".into(), Step::Unsigned(1))), Refusal::OutOfRange);
        assert_eq!(refused(bucket.increment("n".into(), Step::Signed(-1))), Refusal::OutOfRange);
        assert_eq!(bucket.increment("m".into(), Step::Signed(-5)).expect("counts"), -5);
        bucket.write(vec![Change::Set("t".into(), b"seven".to_vec())]).expect("a write");
        let error = bucket.increment("t".into(), Step::Signed(1)).expect_err("no number");
        assert_eq!(error.code(), codes::KV_NUMBER);
        assert_eq!(bucket.get(vec!["t".into()]).expect("a read"), [Some(b"seven".to_vec())]);
    }
}

#[test]
fn keys_come_in_pages_and_in_order() {
    let (_folder, stores) = stores();
    for store in stores {
        let mut bucket = store.open(&claim('a', "acme:notes"), Terms::default()).expect("opens");
        let keys: Vec<String> = (0..2_500).map(|number| format!("{number:05}")).collect();
        bucket.write(keys.iter().map(|key| Change::Set(key.clone(), Vec::new())).collect()).expect("a write");
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = bucket.keys(after).expect("a page");
            assert!(page.keys.len() <= 1_000);
            found.extend(page.keys);
            after = found.last().cloned();
            if !page.more {
                break;
            }
        }
        assert_eq!(found, keys);
    }
}

#[test]
fn one_request_for_too_much_is_refused() {
    let (_folder, stores) = stores();
    for store in stores {
        let mut bucket = store.open(&claim('a', "acme:notes"), Terms::default()).expect("opens");
        let big = |key: usize| Change::Set(key.to_string(), vec![1; 1 << 20]);
        assert!(matches!(refused(bucket.write((0..9).map(big).collect())), Refusal::AtOnce { .. }));
        for key in 0..9 {
            bucket.write(vec![big(key)]).expect("one after the other");
        }
        assert!(matches!(refused(bucket.get((0..9).map(|key| key.to_string()).collect())), Refusal::AtOnce { .. }));
        assert!(matches!(refused(bucket.get(vec![String::new(); 10_001])), Refusal::AtOnce { .. }));
    }
}

#[test]
fn threads_share_one_store() {
    let (_folder, stores) = stores();
    for store in stores {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut bucket = store.open(&claim('a', "acme:notes"), Terms::default()).expect("opens");
                    for _ in 0..100 {
                        bucket.increment("n".into(), Step::Signed(1)).expect("counts");
                    }
                    bucket.flush().expect("flushes");
                });
            }
        });
        let mut bucket = store.open(&claim('a', "acme:notes"), Terms::default()).expect("opens");
        assert_eq!(bucket.get(vec!["n".into()]).expect("a read"), [Some(b"400".to_vec())]);
    }
}

#[test]
fn what_was_closed_is_there_again_and_is_counted_as_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let changes = |keys: std::ops::Range<u32>| keys.map(|key| Change::Set(key.to_string(), vec![7; 100])).collect();
    for round in 0..3 {
        let store = SharedStore::new(folder.path());
        let mut bucket = store.open(&claim('a', "acme:notes"), Terms::default()).expect("opens");
        assert_eq!(bucket.usage().expect("its usage").keys, u64::from(round) * 50);
        bucket.write(changes(round * 50..round * 50 + 50)).expect("a write");
        bucket.sync().expect("syncs");
    }
}

#[test]
fn a_replaced_key_opens_what_it_continues() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SharedStore::new(folder.path());
    let (old, new) = (claim('a', "acme:notes"), claim('b', "acme:notes"));
    store.open(&old, Terms::default()).expect("opens").increment("n".into(), Step::Signed(4)).expect("counts");
    assert!(store.continue_as(&old.package, old.publishers[0], new.publishers[0]).expect("continues"));
    let mut bucket = store.open(&new, Terms::default()).expect("opens");
    assert_eq!(bucket.increment("n".into(), Step::Signed(1)).expect("counts"), 5);
    drop(bucket);
    // A key that has a store of its own keeps it.
    let third = claim('c', "acme:notes");
    store.open(&third, Terms::default()).expect("opens");
    assert!(!store.continue_as(&old.package, old.publishers[0], third.publishers[0]).expect("an answer"));
    let kept = store.kept().expect("a list");
    assert_eq!(kept.iter().map(|kept| kept.publisher).collect::<Vec<_>>(), [old.publishers[0], third.publishers[0]]);
    // Removing it removes what leads to it.
    store.remove(&kept[0]).expect("removes");
    assert_eq!(store.kept().expect("a list").len(), 1);
    let mut bucket = store.open(&new, Terms::default()).expect("opens");
    assert_eq!(bucket.usage().expect("its usage"), Usage::default());
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    #[track_caller]
    fn check_code(store: &SharedStore, expected: Code) {
        let opened = store.open(&claim('a', "acme:notes"), Terms::default());
        let error = opened.err().expect("it does not open");
        assert_eq!(error.code(), expected, "{error}");
    }

    #[test]
    fn only_this_user_reaches_into_a_store() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SharedStore::new(folder.path().join("kv"));
        drop(store.open(&claim('a', "acme:notes"), Terms::default()).expect("opens"));
        let kept = store.kept().expect("a list").remove(0).folder;
        let mode = |path: &std::path::Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
        assert_eq!((mode(&kept), mode(&kept.join("socket"))), (0o700, 0o600));
        fs::set_permissions(&kept, fs::Permissions::from_mode(0o770)).expect("chmod");
        check_code(&store, codes::KV_FAILED);
    }

    #[test]
    fn a_home_with_a_long_path_is_shared_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().join("x".repeat(150));
        let (holder, guest) = (SharedStore::new(&home), SharedStore::new(&home));
        let mut first = holder.open(&claim('a', "acme:notes"), Terms::default()).expect("opens");
        assert_eq!(first.increment("n".into(), Step::Signed(1)).expect("counts"), 1);
        let mut second = guest.open(&claim('a', "acme:notes"), Terms::default()).expect("opens");
        assert_eq!(second.increment("n".into(), Step::Signed(1)).expect("counts"), 2);
    }

    #[test]
    fn files_that_nobody_wrote_like_that_are_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SharedStore::new(folder.path());
        drop(store.open(&claim('a', "acme:notes"), Terms::default()).expect("opens"));
        let kept = store.kept().expect("a list").remove(0).folder;
        drop(store);
        let store = SharedStore::new(folder.path());
        let conf = kept.join("db/conf");
        let good = fs::read(&conf).expect("sled's settings");
        fs::write(&conf, b"nonsense that is no settings").expect("a write");
        check_code(&store, codes::KV_FAILED);
        fs::write(&conf, good).expect("a write");
        assert!(store.open(&claim('a', "acme:notes"), Terms::default()).is_ok(), "nothing was lost by trying");
        fs::write(kept.join("owner.json"), b"{}").expect("a write");
        check_code(&store, codes::KV_FAILED);
    }
}
