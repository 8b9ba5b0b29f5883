//! What a host keeps of the calls that it has made: nothing. A process of its own, as it looks at the memory of the whole process.
//!
//! The guest takes memory and handles and gives none of them back; after ten thousand calls the process is as large as after a hundred.

#![allow(clippy::print_stdout, reason = "a test without the harness says how it went")]

#[path = "support/mod.rs"]
mod support;

use mpp_host::{Allocation, Host, HostOptions, LoadedPackage};
use serde_json::json;
use support::{guests, packages, result, small_limits};

const CALLS: [u32; 2] = [100, 10_000];
/// What the memory of a process may differ by for other reasons: less than half a KiB for each call.
const NOISE_KIB: u64 = 4 << 10;
const LEAKED_KIB: u32 = 512;

fn main() {
    for (name, allocation) in [("on demand", Allocation::OnDemand), ("pooled", Allocation::Pooled { calls: 4 })] {
        let options = HostOptions { limits: small_limits(), allocation, ..HostOptions::default() };
        let package = packages::load(&Host::new(options).expect("a host starts"), guests::base());
        let Some([early, late]) = resident_after_calls(&package) else {
            return println!("memory is not tested: this system does not say how much a process holds");
        };
        println!("instances {name}: {early} KiB after {} calls that leak, {late} KiB after {}", CALLS[0], CALLS[1]);
        assert!(late < early + NOISE_KIB, "{name}");
        println!("test ten_thousand_calls_that_leak_leave_nothing ({name}) ... ok");
    }
}

fn resident_after_calls(package: &LoadedPackage) -> Option<[u64; 2]> {
    let mut made = 0;
    let mut after = |calls: u32| {
        while made < calls {
            let taken = result(package, "leak", json!({ "kib": LEAKED_KIB }));
            assert_eq!(taken, json!({ "result": LEAKED_KIB << 10 }));
            made += 1;
        }
        resident_kib()
    };
    Some([after(CALLS[0])?, after(CALLS[1])?])
}

/// KiB of memory that this process holds, where the system says so as Linux does.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
