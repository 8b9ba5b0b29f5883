//! What a call costs beside bare wasmtime: ratios within one run, as absolute times do not travel.
//!
//! Bare wasmtime means the same component, compiled by an engine of the same settings, with all of wasmtime-wasi linked: a fresh store
//! and instance and one call of the function through the engine's typed interface (`typed`) or its dynamic one (`dynamic`).

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

mod bare;
#[path = "../../tests/support/mod.rs"]
mod support;

use bare::Bare;
use mpp_host::{Allocation, Host, HostOptions, LoadedPackage};
use mpp_wit::codec::{arguments_from_json, result_to_json};
use mpp_wit::value::Value;
use std::hint::black_box;
use std::time::{Duration, Instant};
use support::{guests, packages};

const ITEM: &str = r#"{"item":{"name":"tea","count":2,"price":3.5,"paid":true}}"#;
const MIB: usize = 1 << 20;

fn main() {
    for (name, allocation) in [("on demand", Allocation::OnDemand), ("pooled", Allocation::Pooled { calls: 8 })] {
        println!("== instances {name}");
        let host = Host::new(HostOptions { allocation, ..HostOptions::default() }).expect("a host starts");
        small_record(&packages::load(&host, guests::base()), &Bare::new(allocation, guests::base()));
        many_bytes(&packages::load(&host, guests::bytes()), &Bare::new(allocation, guests::bytes()));
    }
}

fn small_record(ours: &LoadedPackage, bare: &Bare) {
    println!("-- a small record");
    let name = ("guest:base/tools@0.1.0", "echo-item");
    let typed = measure("bare, typed", || bare.item_typed(name));
    let dynamic = measure("bare, dynamic", || bare.item_dynamic(name));
    let tool = ours.tools().tool("echo-item").expect("it is there");
    let item = arguments_from_json(tool, ITEM).expect("it fits");
    let values =
        measure("ours, values", || drop(black_box(ours.call_values("echo-item", item.clone()).expect("starts"))));
    let json = measure("ours, JSON", || drop(black_box(ours.call("echo-item", ITEM).expect("starts"))));
    let codec = measure("JSON codec alone", || {
        let [value] = <[Value; 1]>::try_from(arguments_from_json(tool, ITEM).expect("it fits")).expect("one");
        black_box(result_to_json(tool, Some(value)).expect("it has a JSON form"));
    });
    ratio("ours with values / bare typed", values, typed);
    ratio("ours with values / bare dynamic", values, dynamic);
    ratio("ours with JSON / bare dynamic", json, dynamic);
    println!("{:<44} {:>8.2} µs (at most 10)", "JSON codec, there and back", micros(codec));
    let (one, two) = (threads(1, ours), threads(2, ours));
    println!("{:<44} {:>8.2} ({one:.0} and {two:.0} calls per second)", "calls on two threads / on one", two / one);
}

fn many_bytes(ours: &LoadedPackage, bare: &Bare) {
    println!("-- 1 MiB of bytes");
    let data = vec![7_u8; MIB];
    let bytes = || Value::Bytes(data.clone());
    let call = |tool: &str, argument: Value| {
        black_box(ours.call_values(tool, vec![argument]).expect("it starts").ended.expect("it returns"));
    };
    let direct = measure("bare, direct", || bare.direct(&data));
    let direct_ours = measure("ours, direct", || call("direct", bytes()));
    let option = measure("bare, option", || bare.optional(&data));
    let option_ours = measure("ours, option", || call("optional", Value::Option(Some(Box::new(bytes())))));
    let result = measure("bare, result", || bare.checked(&data));
    let result_ours = measure("ours, result", || call("checked", bytes()));
    let nested = measure("bare, 16 files", || bare.nested(&data, 16));
    let file = |index: usize| {
        Value::Record(vec![Value::String(format!("file-{index}")), Value::Bytes(data[..MIB / 16].to_vec())])
    };
    let nested_ours = measure("ours, 16 files", || call("nested", Value::List((0..16).map(file).collect())));
    ratio("direct (at most 3)", direct_ours, direct);
    ratio("option (at most 3)", option_ours, option);
    ratio("result (at most 3)", result_ours, result);
    ratio("nested (at most 10)", nested_ours, nested);
}

/// Median time of one run.
fn measure(what: &str, mut run: impl FnMut()) -> Duration {
    let deadline = Instant::now() + Duration::from_millis(100);
    while Instant::now() < deadline {
        run();
    }
    let mut times = Vec::new();
    let deadline = Instant::now() + Duration::from_millis(600);
    while Instant::now() < deadline || times.len() < 20 {
        let start = Instant::now();
        run();
        times.push(start.elapsed());
    }
    times.sort();
    let median = times[times.len() / 2];
    println!("   {what:<41} {:>8.2} µs", micros(median));
    median
}

fn threads(count: usize, package: &LoadedPackage) -> f64 {
    let deadline = Instant::now() + Duration::from_millis(800);
    let work = || {
        let mut calls = 0_u32;
        while Instant::now() < deadline {
            black_box(package.call("echo-item", ITEM).expect("it starts"));
            calls += 1;
        }
        calls
    };
    let calls: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread fails")).sum()
    });
    f64::from(calls) / 0.8
}

fn ratio(what: &str, ours: Duration, bare: Duration) {
    println!("{what:<44} {:>8.2}", ours.as_secs_f64() / bare.as_secs_f64());
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
