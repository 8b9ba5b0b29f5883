//! Guests for tests and benchmarks: built once, packed, signed and verified like any package, loaded into one host.
#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod guests;
pub(crate) mod packages;
pub(crate) mod servers;

use mpp_host::{CallOutcome, Ending, Host, HostOptions, Limits, LoadedPackage, Terms};
use serde_json::Value as Json;
use std::sync::OnceLock;

/// Limits that a test reaches quickly.
pub(crate) fn small_limits() -> Limits {
    Limits { memory_bytes: 16 << 20, ..Limits::default() }
}

/// One host for all tests of a binary.
pub(crate) fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| {
        Host::new(HostOptions { limits: small_limits(), ..HostOptions::default() }).expect("a host starts")
    })
}

/// The guest `base`, loaded.
pub(crate) fn base() -> &'static LoadedPackage {
    static BASE: OnceLock<LoadedPackage> = OnceLock::new();
    BASE.get_or_init(|| packages::load(host(), guests::base()))
}

/// The guest `bytes`, loaded.
pub(crate) fn bytes() -> &'static LoadedPackage {
    static BYTES: OnceLock<LoadedPackage> = OnceLock::new();
    BYTES.get_or_init(|| packages::load(host(), guests::bytes()))
}

/// The outcome of a call that the host accepts.
#[track_caller]
pub(crate) fn outcome(package: &LoadedPackage, tool: &str, arguments: Json) -> CallOutcome {
    package
        .call(&Terms::default(), tool, &arguments.to_string())
        .unwrap_or_else(|error| panic!("`{tool}` was not started: {error}"))
}

/// The ending of a call under `terms`.
#[track_caller]
pub(crate) fn ending_under(terms: &Terms, package: &LoadedPackage, tool: &str, arguments: Json) -> Ending {
    let outcome = package.call(terms, tool, &arguments.to_string());
    outcome.unwrap_or_else(|error| panic!("`{tool}` was not started: {error}")).ending
}

/// The ending of a call of the inert base.
#[track_caller]
pub(crate) fn ending(package: &LoadedPackage, tool: &str, arguments: Json) -> Ending {
    outcome(package, tool, arguments).ending
}

/// The result of a call that must give one.
#[track_caller]
pub(crate) fn result(package: &LoadedPackage, tool: &str, arguments: Json) -> Json {
    match ending(package, tool, arguments) {
        Ending::Returned(Some(result)) => result,
        other => panic!("`{tool}` gave {other:?}"),
    }
}
