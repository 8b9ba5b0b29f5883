//! Each limit stops the call that reaches it, by its own code, and the next call works.

use crate::support::{base, bytes, ending, guests, packages, result, small_limits};
use mpp_host::{Allocation, Host, HostOptions, Limits, LoadedPackage};
use mpp_schema::{Code, codes};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// Soon for an endless loop, and long enough for a call on a busy machine.
const SHORT: Duration = Duration::from_secs(1);

#[track_caller]
fn check_in(package: &LoadedPackage, tool: &str, arguments: Json, expected: impl Into<Option<Code>>) {
    assert_eq!(ending(package, tool, arguments).code(), expected.into(), "{tool}");
    assert_alive(package);
}

#[track_caller]
fn assert_alive(package: &LoadedPackage) {
    assert_eq!(result(package, "echo-text", json!({ "text": "alive" })), json!({ "result": "alive" }));
}

#[track_caller]
fn check(tool: &str, arguments: Json, expected: impl Into<Option<Code>>) {
    check_in(base(), tool, arguments, expected);
}

fn loaded_with(limits: Limits) -> LoadedPackage {
    let host = Host::new(HostOptions { limits, ..HostOptions::default() }).expect("a host starts");
    packages::load(&host, guests::base())
}

#[test]
fn memory() {
    check("grow", json!({ "mib": 8 }), None);
    check("grow", json!({ "mib": 17 }), codes::LIMIT_MEMORY);
}

#[test]
fn an_endless_loop_and_a_long_sleep() {
    let package = loaded_with(Limits { time: SHORT, ..small_limits() });
    check_in(&package, "spin", json!({}), codes::LIMIT_TIME);
    check_in(&package, "nap", json!({ "ms": "3600000" }), codes::LIMIT_TIME);
    check_in(&package, "nap", json!({ "ms": "1" }), None);
}

#[test]
fn two_endless_loops_at_one_time() {
    let package = loaded_with(Limits { time: SHORT, ..small_limits() });
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| check_in(&package, "spin", json!({}), codes::LIMIT_TIME));
        }
    });
}

#[test]
fn the_stack_of_the_engine() {
    check("recurse", json!({ "depth": "100" }), None);
    check("recurse", json!({ "depth": "100000000" }), codes::LIMIT_STACK);
}

#[test]
fn a_tools_own_stack_is_its_own_matter() {
    check("recurse-wide", json!({ "depth": "4" }), None);
    check("recurse-wide", json!({ "depth": "1000" }), codes::TOOL_TRAP);
}

#[test]
fn output() {
    for to_stderr in [false, true] {
        check("write", json!({ "bytes": (1 << 20).to_string(), "to-stderr": to_stderr }), None);
        check("write", json!({ "bytes": u64::MAX.to_string(), "to-stderr": to_stderr }), codes::LIMIT_OUTPUT);
    }
}

#[test]
fn output_beyond_its_limit_keeps_what_came_before() {
    let outcome =
        crate::support::outcome(base(), "write", json!({ "bytes": u64::MAX.to_string(), "to-stderr": false }));
    assert_eq!(outcome.log.stdout.len(), 1 << 20);
}

#[test]
fn results() {
    check("big-text", json!({ "bytes": 4 << 20 }), None);
    check("big-text", json!({ "bytes": (4 << 20) + 1 }), codes::LIMIT_RESULT);
    check("big-text", json!({ "bytes": 12 << 20 }), codes::LIMIT_RESULT);
    check("many-numbers", json!({ "count": 1000 }), None);
    check("many-numbers", json!({ "count": 1_000_000 }), codes::LIMIT_RESULT);
}

#[test]
fn results_of_bytes() {
    let check = |count: u32, expected: Option<Code>| {
        assert_eq!(ending(bytes(), "zeros", json!({ "count": count })).code(), expected, "{count}");
        assert_eq!(result(bytes(), "plain", json!({ "text": "alive" })), json!({ "result": "alive" }));
    };
    check(4 << 20, None);
    check((4 << 20) + 1, Some(codes::LIMIT_RESULT));
    check(9 << 20, Some(codes::LIMIT_RESULT));
}

#[test]
fn random_bytes_of_one_request() {
    check("random", json!({ "bytes": 64 << 10 }), None);
    check("random", json!({ "bytes": (64 << 10) + 1 }), codes::LIMIT_HOST_DATA);
    check("random", json!({ "bytes": u32::MAX }), codes::LIMIT_HOST_DATA);
}

#[test]
fn handles() {
    check("handles", json!({ "count": 900 }), None);
    check("handles", json!({ "count": 1_000_000 }), codes::LIMIT_HOST_DATA);
}

#[test]
fn data_of_one_host_call() {
    let package = loaded_with(Limits { host_data_bytes: 16, ..small_limits() });
    let outcome = crate::support::outcome(&package, "write", json!({ "bytes": "64", "to-stderr": false }));
    assert_eq!(outcome.ending.code(), Some(codes::LIMIT_HOST_DATA));
}

/// A package that may hold 256 MiB hands 200 of them to the host at once.
#[test]
fn a_huge_string_is_not_taken() {
    let host = Host::new(HostOptions::default()).expect("a host starts");
    let package = host.load(&mut packages::verified_asking(guests::base(), "256MiB")).expect("it loads");
    for bytes in [9u32 << 20, 200 << 20] {
        check_in(&package, "hand-over", json!({ "bytes": bytes }), codes::LIMIT_HOST_DATA);
    }
    assert_eq!(result(&package, "hand-over", json!({ "bytes": 4_000 })), json!({ "result": true }));
}

/// While some loop and others leak, every call of a third one gives its result.
#[test]
fn who_loops_or_leaks_disturbs_nobody_else() {
    for allocation in [Allocation::OnDemand, Allocation::Pooled { calls: 4 }] {
        let limits = Limits { time: SHORT, ..small_limits() };
        let options = HostOptions { limits, allocation, ..HostOptions::default() };
        let package = packages::load(&Host::new(options).expect("a host starts"), guests::base());
        std::thread::scope(|scope| {
            let looping = scope.spawn(|| ending(&package, "spin", json!({})).code());
            let leaking = scope.spawn(|| {
                (0..50).map(|_| ending(&package, "leak", json!({ "kib": 17 << 10 })).code()).collect::<Vec<_>>()
            });
            (0..50).for_each(|_| assert_alive(&package));
            assert_eq!(looping.join().expect("it ends"), Some(codes::LIMIT_TIME));
            assert_eq!(leaking.join().expect("it ends"), [Some(codes::LIMIT_MEMORY); 50]);
        });
        assert_eq!(result(&package, "leak", json!({ "kib": 1 << 10 })), json!({ "result": 1 << 20 }));
    }
}

#[test]
fn tables_memories_and_instances() {
    for limits in [
        Limits { table_elements: 1, ..small_limits() },
        Limits { memories: 0, ..small_limits() },
        Limits { tables: 0, ..small_limits() },
        Limits { instances: 1, ..small_limits() },
    ] {
        let package = loaded_with(limits.clone());
        assert_eq!(ending(&package, "nothing", json!({})).code(), Some(codes::LIMIT_TABLE), "{limits:?}");
    }
    assert_alive(base());
}

#[test]
fn a_component_that_is_too_large() {
    let limits = Limits { component_bytes: 1_000, ..small_limits() };
    let host = Host::new(HostOptions { limits, ..HostOptions::default() }).expect("a host starts");
    assert_eq!(packages::load_error(&host, guests::base()), codes::LIMIT_COMPONENT);
}

#[test]
fn a_pool_has_the_same_limits_and_lets_calls_wait() {
    let allocation = Allocation::Pooled { calls: 2 };
    let options = HostOptions { limits: small_limits(), allocation, ..HostOptions::default() };
    let package = packages::load(&Host::new(options).expect("a host starts"), guests::base());
    check_in(&package, "grow", json!({ "mib": 17 }), codes::LIMIT_MEMORY);
    check_in(&package, "recurse", json!({ "depth": "100000000" }), codes::LIMIT_STACK);
    check_in(&package, "panic", json!({ "message": "" }), codes::TOOL_TRAP);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..20).for_each(|_| check_in(&package, "remember", json!({ "add": 1 }), None)));
        }
    });
}
