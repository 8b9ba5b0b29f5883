//! What a store costs without a guest: reads, writes, flushed writes, and increments of two that share one store.

use divan::Bencher;
use mpp_kv::{Bucket, Change, Claim, MemoryStore, SharedStore, Step, Store, Terms};

fn main() {
    divan::main();
}

fn open(store: &dyn Store) -> Box<dyn Bucket> {
    let publishers = vec!["a".repeat(64).parse().expect("a key id")];
    let claim = Claim { publishers, package: "acme:bench".parse().expect("a name") };
    store.open(&claim, Terms::default()).expect("opens")
}

fn set(number: u32) -> Vec<Change> {
    vec![Change::Set(format!("key {}", number % 1_000), vec![7; 100])]
}

#[divan::bench(args = ["memory", "sled"])]
fn get(bencher: Bencher<'_, '_>, store: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Box<dyn Store> =
        if store == "memory" { Box::new(MemoryStore::default()) } else { Box::new(SharedStore::new(folder.path())) };
    let mut bucket = open(&*store);
    (0..1_000).for_each(|number| bucket.write(set(number)).expect("a write"));
    bencher.bench_local(|| bucket.get(vec!["key 500".to_owned()]).expect("a read"));
}

#[divan::bench(args = ["memory", "sled", "sled, flushed each time", "sled, synced each time"])]
fn put(bencher: Bencher<'_, '_>, what: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Box<dyn Store> =
        if what == "memory" { Box::new(MemoryStore::default()) } else { Box::new(SharedStore::new(folder.path())) };
    let mut bucket = open(&*store);
    let mut number = 0;
    bencher.bench_local(|| {
        number += 1;
        bucket.write(set(number)).expect("a write");
        if what.contains("flushed") {
            bucket.flush().expect("flushes");
        }
        if what.contains("synced") {
            bucket.sync().expect("syncs");
        }
    });
}

#[divan::bench(args = ["holder", "guest"])]
fn increment_as_a_call_of_its_own(bencher: Bencher<'_, '_>, who: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let holder = SharedStore::new(folder.path());
    let guest = SharedStore::new(folder.path());
    drop(open(&holder));
    let store = if who == "holder" { &holder } else { &guest };
    bencher.bench_local(|| {
        let mut bucket = open(store);
        bucket.increment("n".to_owned(), Step::Unsigned(1)).expect("counts");
        bucket.flush().expect("flushes");
    });
}

#[divan::bench(sample_count = 20)]
fn open_and_close(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let fill = SharedStore::new(folder.path());
    open(&fill)
        .write((0..10_000).map(|number| Change::Set(number.to_string(), vec![7; 100])).collect())
        .expect("a write");
    drop(fill);
    bencher.bench_local(|| drop(open(&SharedStore::new(folder.path()))));
}
