//! What a component may import and hold: refused by name before it runs, or stopped when it starts.

use crate::support::guests::Guest;
use crate::support::{ending, host, packages, small_limits};
use mpp_host::{Host, HostOptions, Limits};
use mpp_schema::{Code, Coded, codes};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// A component with one tool `run: func()`, whose core module holds `core`; `before` stands before it.
pub(crate) fn written(before: &str, core: &str) -> Guest {
    written_with(before, core, "")
}

/// The same, and the core module imports `arguments`.
fn written_with(before: &str, core: &str, arguments: &str) -> Guest {
    let text = format!(
        r#"(component {before}
            (core module $module {core} )
            (core instance $instance (instantiate $module {arguments}))
            (func (export "run") (canon lift (core func $instance "run"))))"#
    );
    Guest {
        name: "written",
        component: wat::parse_str(text).expect("the text is a component"),
        wit: BTreeMap::from([(
            "world.wit".to_owned(),
            "package guest:written@0.1.0; world written { export run: func(); }".to_owned(),
        )]),
        world: "guest:written/written@0.1.0".to_owned(),
    }
}

const NOTHING: &str = r#"(func (export "run"))"#;

#[track_caller]
fn check_import(import: &str, expected: Option<Code>) {
    let loaded = host().load(&mut packages::verified(&written(import, NOTHING)));
    assert_eq!(loaded.as_ref().err().map(Coded::code), expected, "{import}: {:?}", loaded.err());
}

/// The code with which the first call of such a component ends.
#[track_caller]
fn check_run(core: &str, limits: Limits, expected: impl Into<Option<Code>>) {
    let host = Host::new(HostOptions { limits, ..HostOptions::default() }).expect("a host starts");
    let package = packages::load(&host, &written("", core));
    let expected = expected.into();
    assert_eq!(ending(&package, "run", json!({})).code(), expected, "{core}");
    assert_eq!(ending(&package, "run", json!({})).code(), expected, "again: {core}");
}

#[test]
fn the_inert_base_may_be_imported_in_any_patch_version() {
    let now = r#"(export "now" (func (result u64)))"#;
    check_import("", None);
    for version in ["0.2.0", "0.2.6", "0.2.12"] {
        check_import(&format!(r#"(import "wasi:clocks/monotonic-clock@{version}" (instance {now}))"#), None);
    }
}

#[test]
fn everything_else_is_denied_by_name() {
    for interface in [
        "wasi:filesystem/preopens@0.2.6",
        "wasi:filesystem/types@0.2.6",
        "wasi:sockets/tcp@0.2.6",
        "wasi:sockets/ip-name-lookup@0.2.6",
        "wasi:http/outgoing-handler@0.2.6",
        "wasi:keyvalue/store@0.2.0-draft",
        "wasi:config/store@0.2.0-draft",
        "wasi:logging/logging@0.1.0-draft",
        "wasi:clocks/monotonic-clock@0.3.0",
        "mpp:host/device@0.1.0",
        "mpp:host/tools@0.1.0",
        "other:things/door",
    ] {
        let import = format!(r#"(import "{interface}" (instance (export "open" (func))))"#);
        check_import(&import, Some(codes::CAP_DENIED));
        let error = host().load(&mut packages::verified(&written(&import, NOTHING))).expect_err("denied");
        assert!(error.to_string().contains(interface), "{error}");
    }
}

#[test]
fn an_import_of_another_shape_is_told() {
    let wrong = r#"(import "wasi:random/random@0.2.6" (instance (export "get-random-u64" (func (result string)))))"#;
    check_import(wrong, Some(codes::WASM_INTERFACE));
    let missing = r#"(import "wasi:random/random@0.2.6" (instance (export "get-dice" (func))))"#;
    check_import(missing, Some(codes::WASM_INTERFACE));
}

#[test]
fn a_component_that_is_not_what_its_wit_says_is_refused() {
    let mut guest = written("", NOTHING);
    guest.component = wat::parse_str("(component)").expect("it parses");
    assert_eq!(packages::load_error(host(), &guest), codes::WASM_INTERFACE);
}

#[test]
fn switched_off_features_are_refused() {
    for core in [
        r#"(memory i64 1) (func (export "run"))"#,
        r#"(memory 1 1 shared) (func (export "run"))"#,
        r#"(type (struct)) (func (export "run"))"#,
        r#"(tag) (func (export "run"))"#,
        r#"(func (export "run") v128.const i64x2 0 0 v128.const i64x2 0 0 i8x16.relaxed_swizzle drop)"#,
    ] {
        assert_eq!(packages::load_error(host(), &written("", core)), codes::WASM_INVALID, "{core}");
    }
}

#[test]
fn several_memories_share_one_limit() {
    let two = r#"(memory 64) (memory 64) (func (export "run"))"#;
    let limits = |memory_bytes| Limits { memory_bytes, ..small_limits() };
    check_run(two, limits(8 << 20), None);
    check_run(two, limits((8 << 20) - 1), codes::LIMIT_MEMORY);
    let grown = r#"(memory 1) (memory 1) (func (export "run") (drop (memory.grow 0 (i32.const 60))) (drop (memory.grow 1 (i32.const 60))))"#;
    check_run(grown, limits(8 << 20), None);
    check_run(grown, limits(4 << 20), codes::LIMIT_MEMORY);
}

#[test]
fn a_memory_may_end_at_its_own_maximum() {
    let core = r#"(memory 1 2) (func (export "run") (if (i32.ne (memory.grow (i32.const 2)) (i32.const -1)) (then unreachable)))"#;
    check_run(core, small_limits(), None);
}

#[test]
fn too_many_memories_and_tables() {
    let memories = |count: usize| format!(r#"{} (func (export "run"))"#, "(memory 0)".repeat(count));
    check_run(&memories(4), small_limits(), None);
    check_run(&memories(5), small_limits(), codes::LIMIT_TABLE);
    let tables = |count: usize| format!(r#"{} (func (export "run"))"#, "(table 0 funcref)".repeat(count));
    check_run(&tables(16), small_limits(), None);
    check_run(&tables(17), small_limits(), codes::LIMIT_TABLE);
}

#[test]
fn too_many_table_elements() {
    let table = |count: usize| format!(r#"(table {count} funcref) (func (export "run"))"#);
    check_run(&table(20_000), small_limits(), None);
    check_run(&table(20_001), small_limits(), codes::LIMIT_TABLE);
    let grown = r#"(table 1 funcref) (func (export "run") (drop (table.grow (ref.null func) (i32.const 20000))))"#;
    check_run(grown, small_limits(), codes::LIMIT_TABLE);
}

#[test]
fn too_many_handles_of_the_tools_own_resources() {
    let guest = |count: u32| {
        let before = "(type $thing (resource (rep i32))) (core func $new (canon resource.new $thing))";
        let core = format!(
            r#"(import "" "new" (func $new (param i32) (result i32)))
               (func (export "run") (local $made i32)
                 (loop (drop (call $new (i32.const 1)))
                   (br_if 0 (i32.lt_u (local.tee $made (i32.add (local.get $made) (i32.const 1))) (i32.const {count})))))"#
        );
        written_with(before, &core, r#"(with "" (instance (export "new" (func $new))))"#)
    };
    let code = |count| ending(&packages::load(host(), &guest(count)), "run", json!({})).code();
    assert_eq!(code(1_024), None);
    assert_eq!(code(1_025), Some(codes::LIMIT_HOST_DATA));
}

#[test]
fn a_loop_while_starting_has_a_deadline_too() {
    let core = r#"(func $forever (loop (br 0))) (start $forever) (func (export "run"))"#;
    check_run(core, Limits { time: Duration::from_millis(50), ..small_limits() }, codes::LIMIT_TIME);
}

#[test]
fn a_package_may_ask_for_more_memory() {
    let mut guest = written("", r#"(memory 300) (func (export "run"))"#);
    assert_eq!(ending(&packages::load(host(), &guest), "run", json!({})).code(), Some(codes::LIMIT_MEMORY));
    guest.name = "written-large";
    let package = host().load(&mut packages::verified_asking(&guest, "64MiB")).expect("it loads");
    assert_eq!(package.limits().memory_bytes, 64 << 20);
    assert_eq!(ending(&package, "run", json!({})).code(), None);
}
