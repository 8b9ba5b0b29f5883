//! What a call costs beside bare wasmtime: ratios within one run, as absolute times do not travel.
//!
//! Bare wasmtime means the same component, compiled by an engine of the same settings, with all of wasmtime-wasi linked: a fresh store
//! and instance and one call of the function through the engine's typed interface (`typed`) or its dynamic one (`dynamic`).

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

mod bare;
#[path = "../../tests/support/mod.rs"]
mod support;

use bare::Bare;
use mpp_host::{Allocation, Host, HostOptions, LoadedPackage, Terms};
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
    ratio("ours with values / bare typed (at most 1.5)", values, typed);
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
    ratio("direct (at most 3)", our_direct, direct);
    ratio("option (at most 3)", our_option, option);
    ratio("result (at most 3)", our_result, result);
    ratio("nested (at most 10)", our_nested, nested);
}

/// Median times of several ways, taken in turns, so that a busy machine is equally busy for all of them.
fn measure<const N: usize>(mut ways: [(&str, &mut dyn FnMut()); N]) -> [Duration; N] {
    let mut times: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::new());
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(4) || times[0].len() < 20 {
        for ((_, run), times) in ways.iter_mut().zip(&mut times) {
            // The first of each turn finds the caches of the way before; it is not counted.
            run();
            for _ in 0..5 {
                let start = Instant::now();
                run();
                times.push(start.elapsed());
            }
        }
    }
    std::array::from_fn(|way| {
        times[way].sort();
        let median = times[way][times[way].len() / 2];
        println!("   {:<41} {:>8.2} µs", ways[way].0, micros(median));
        median
    })
}

fn threads(count: usize, package: &LoadedPackage) -> f64 {
    let deadline = Instant::now() + Duration::from_millis(800);
    let work = || {
        let mut calls = 0_u32;
        while Instant::now() < deadline {
            black_box(package.call(&Terms::default(), "echo-item", ITEM).expect("it starts"));
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
