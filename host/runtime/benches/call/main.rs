//! What a call costs beside bare wasmtime: ratios within one run, as absolute times do not travel.
//!
//! Bare wasmtime means the same component, compiled by an engine of the same settings, with all of wasmtime-wasi linked: a fresh store
//! and instance and one call of the function through the engine's typed interface (`typed`) or its dynamic one (`dynamic`). All ways are
//! taken in turns; each turn gives one ratio, and what is printed is the median of these.
//!
//! Goals: the warm call with grants and limits on, from a pool in the fastest setting known (64 KiB of each memory kept resident,
//! `pagemap_scan`), costs at most 1.3 times the bare one; two threads make at least 1.7 times the calls of one. Nothing is audited here:
//! that is the business of those who call.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

mod bare;
#[path = "../../tests/support/mod.rs"]
mod support;

use bare::Bare;
use mpp_host::{Allocation, Host, HostOptions, LoadedPackage, Terms};
use mpp_policy::{Allowance, Grants, Origin};
use mpp_schema::ByteSize;
use mpp_schema::permissions::Permissions;
use mpp_wit::codec::{arguments_from_json, result_to_json};
use mpp_wit::value::Value;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};
use support::{guests, packages};

const ITEM: &str = r#"{"item":{"name":"tea","count":2,"price":3.5,"paid":true}}"#;
const MIB: usize = 1 << 20;

fn main() {
    let pooled = Allocation::Pooled { calls: 8 };
    let host = |allocation| Host::new(HostOptions { allocation, ..HostOptions::default() }).expect("a host starts");
    warm_call(&host(pooled), &Bare::new(pooled, guests::base()));
    for (name, allocation) in [("on demand", Allocation::OnDemand), ("pooled", pooled)] {
        println!("== instances {name}");
        let host = host(allocation);
        small_record(&packages::load(&host, guests::base()), &Bare::new(allocation, guests::base()));
        many_bytes(&packages::load(&host, guests::bytes()), &Bare::new(allocation, guests::bytes()));
    }
}

/// What is asked for and granted in the warm call. That the tool uses none of it is the point: holding a grant must not cost.
fn asked() -> serde_json::Value {
    serde_json::json!({
        "http": [{ "origin": "https://api.example.com", "methods": ["GET"], "paths": ["/v1/"], "reason": "r" }],
        "kv": { "quota": "1MiB" },
        "env": ["LANG"],
        "logging": {},
    })
}

fn granted() -> Terms {
    let asked: Permissions = serde_json::from_value(asked()).expect("permissions");
    let allowed = Allowance {
        http: BTreeSet::from([Origin::parse("https://api.example.com").expect("an origin")]),
        kv: Some(ByteSize(1 << 20)),
        env: BTreeSet::from(["LANG".to_owned()]),
        logging: true,
        ..Allowance::default()
    };
    let grants = Grants::cut(&asked, &allowed);
    assert!(grants.kv_bytes().is_some() && !grants.http().is_empty());
    Terms::granted(grants)
}

fn warm_call(host: &Host, bare: &Bare) {
    println!("== the warm call: pooled, a fresh instance, grants and limits on");
    let (ours, terms) = (packages::load_asking(host, guests::base(), asked()), granted());
    let name = |tool| ("guest:base/tools@0.1.0", tool);
    let tool = ours.tools().tool("echo-item").expect("it is there");
    let item = arguments_from_json(tool, ITEM).expect("it fits");
    let call = |tool: &str, arguments| drop(black_box(ours.call_values(&terms, tool, arguments).expect("it starts")));
    let [bare_nothing, nothing, bare_item, our_item] = measure([
        ("bare, nothing", &mut || bare.nothing(name("nothing"))),
        ("ours, nothing", &mut || call("nothing", Vec::new())),
        ("bare, a small record", &mut || bare.item_typed(name("echo-item"))),
        ("ours, a small record", &mut || call("echo-item", item.clone())),
    ]);
    ratio("instantiate and call (at most 1.3)", &nothing, &bare_nothing);
    ratio("the same with a small record (at most 1.3)", &our_item, &bare_item);
    on_two_threads("ours (at least 1.7)", &|| call("nothing", Vec::new()));
    on_two_threads("bare, for comparison", &|| bare.nothing(name("nothing")));
}

fn small_record(ours: &LoadedPackage, bare: &Bare) {
    println!("-- a small record");
    let name = ("guest:base/tools@0.1.0", "echo-item");
    let tool = ours.tools().tool("echo-item").expect("it is there");
    let item = arguments_from_json(tool, ITEM).expect("it fits");
    let mut codec = || {
        let [value] = <[Value; 1]>::try_from(arguments_from_json(tool, ITEM).expect("it fits")).expect("one");
        black_box(result_to_json(tool, Some(value)).expect("it has a JSON form"));
    };
    let [typed, dynamic, values, json, codec] = measure([
        ("bare, typed", &mut || bare.item_typed(name)),
        ("bare, dynamic", &mut || bare.item_dynamic(name)),
        ("ours, values", &mut || {
            drop(black_box(ours.call_values(&Terms::default(), "echo-item", item.clone()).expect("it starts")))
        }),
        ("ours, JSON", &mut || drop(black_box(ours.call(&Terms::default(), "echo-item", ITEM).expect("it starts")))),
        ("JSON codec alone", &mut codec),
    ]);
    ratio("ours with values / bare typed (at most 1.5)", &values, &typed);
    ratio("ours with values / bare dynamic", &values, &dynamic);
    ratio("ours with JSON / bare dynamic", &json, &dynamic);
    println!("{:<44} {:>8.2} µs (at most 10)", "JSON codec, there and back", micros(median(&codec)));
    on_two_threads("ours with JSON", &|| {
        drop(black_box(ours.call(&Terms::default(), "echo-item", ITEM).expect("it starts")));
    });
}

fn many_bytes(ours: &LoadedPackage, bare: &Bare) {
    println!("-- 1 MiB of bytes");
    let data = vec![7_u8; MIB];
    let bytes = || Value::Bytes(data.clone());
    let file = |index: usize| {
        Value::Record(vec![Value::String(format!("file-{index}")), Value::Bytes(data[..MIB / 16].to_vec())])
    };
    let call = |tool: &str, argument: Value| {
        black_box(
            ours.call_values(&Terms::default(), tool, vec![argument]).expect("it starts").ended.expect("it returns"),
        );
    };
    let [direct, our_direct, option, our_option, result, our_result, nested, our_nested] = measure([
        ("bare, direct", &mut || bare.direct(&data)),
        ("ours, direct", &mut || call("direct", bytes())),
        ("bare, option", &mut || bare.optional(&data)),
        ("ours, option", &mut || call("optional", Value::Option(Some(Box::new(bytes()))))),
        ("bare, result", &mut || bare.checked(&data)),
        ("ours, result", &mut || call("checked", bytes())),
        ("bare, 16 files", &mut || bare.nested(&data, 16)),
        ("ours, 16 files", &mut || call("nested", Value::List((0..16).map(file).collect()))),
    ]);
    ratio("direct (at most 3)", &our_direct, &direct);
    ratio("option (at most 3)", &our_option, &option);
    ratio("result (at most 3)", &our_result, &result);
    ratio("nested (at most 10)", &our_nested, &nested);
}

/// Times of several ways, one of each for each turn, so that a busy machine is equally busy for all of them.
fn measure<const N: usize>(mut ways: [(&str, &mut dyn FnMut()); N]) -> [Vec<Duration>; N] {
    let mut times: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::new());
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(4) || times[0].len() < 20 {
        for ((_, run), times) in ways.iter_mut().zip(&mut times) {
            // The first of each turn finds the caches of the way before; it is not counted.
            run();
            let turn: Vec<Duration> = (0..5).map(|_| timed(run)).collect();
            times.push(median(&turn));
        }
    }
    for ((name, _), times) in ways.iter().zip(&times) {
        println!("   {name:<41} {:>8.2} µs", micros(median(times)));
    }
    times
}

fn timed(run: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() / 2]
}

/// How many times the calls of one thread two threads make: slices of both in turns.
fn on_two_threads(who: &str, call: &(dyn Fn() + Sync)) {
    let turns: Vec<(f64, f64)> = (0..9).map(|_| (calls_per_second(1, call), calls_per_second(2, call))).collect();
    let [one, two, ratio] = [|(one, _)| one, |(_, two)| two, |(one, two)| two / one]
        .map(|of: fn((f64, f64)) -> f64| middle(turns.iter().copied().map(of)));
    let what = format!("two threads / one: {who}");
    println!("{what:<44} {ratio:>8.2} ({one:.0} and {two:.0} calls a second)");
}

fn calls_per_second(threads: usize, call: &(dyn Fn() + Sync)) -> f64 {
    let (start, slice) = (Instant::now(), Duration::from_millis(200));
    let work = || {
        let mut calls = 0_u32;
        while start.elapsed() < slice {
            // Some at a time, so that looking at the clock does not count.
            (0..8).for_each(|_| call());
            calls += 8;
        }
        calls
    };
    let calls: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread fails")).sum()
    });
    f64::from(calls) / start.elapsed().as_secs_f64()
}

fn ratio(what: &str, ours: &[Duration], bare: &[Duration]) {
    let ratios = ours.iter().zip(bare).map(|(ours, bare)| ours.as_secs_f64() / bare.as_secs_f64());
    println!("{what:<44} {:>8.2}", middle(ratios));
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
