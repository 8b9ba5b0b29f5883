//! The bridge without an engine: when it is wanted, when it cannot be built, and that hostile memory is only ever refused.

use crate::made::{component, folder, tools_of, world_around};
use mpp_schema::Coded;
use mpp_wit::bridge::{Plan, bridge, needs_bridge};
use mpp_wit::{ToolSet, Value, validate};

#[track_caller]
fn check_needed(body: &str, expected: bool) {
    assert_eq!(needs_bridge(&tools_of(body).unwrap()), expected, "{body}");
}

#[test]
fn lists_of_numbers_want_a_bridge() {
    check_needed("f: func(a: list<u8>);", true);
    check_needed("f: func(); g: func() -> option<list<f32>>;", true);
    check_needed("record p { x: list<s64> } f: func(a: list<list<p>>);", true);
    check_needed("f: func(a: string, b: list<string>) -> list<tuple<u8, u8>>;", false);
}

#[test]
fn a_bridged_component_is_the_old_one_and_more() {
    let body = "f: func(a: list<u8>) -> result<list<u8>, string>; g: func(a: u8) -> string;";
    let tools = tools_of(body).unwrap();
    let plain = component(&world_around(body));
    let bridged = bridge(&plain, &tools).unwrap();
    assert!(bridged.starts_with(&plain));
    assert_eq!(validate(&bridged).unwrap().exports, ["acme:notes/api@0.1.0", "mpp-call-f", "mpp-call-g"]);
    assert!(bridge(&bridged, &tools).is_err(), "a name can be exported once");
}

#[test]
fn what_hides_its_parts_is_not_bridged() {
    let inner = component(&world_around("f: func(a: list<u8>);"));
    let tools = tools_of("f: func(a: list<u8>);").unwrap();
    let mut outer = wasm_encoder::Component::new();
    outer.section(&wasm_encoder::RawSection { id: 4, data: &inner });
    let mut instances = wasm_encoder::ComponentInstanceSection::new();
    let no_arguments: [(&str, wasm_encoder::ComponentExportKind, u32); 0] = [];
    instances.instantiate(0, no_arguments);
    outer.section(&instances);
    let mut aliases = wasm_encoder::ComponentAliasSection::new();
    let kind = wasm_encoder::ComponentExportKind::Instance;
    aliases.alias(wasm_encoder::Alias::InstanceExport { instance: 0, kind, name: "acme:notes/api@0.1.0" });
    outer.section(&aliases);
    let mut exports = wasm_encoder::ComponentExportSection::new();
    exports.export("acme:notes/api@0.1.0", kind, 1, None);
    outer.section(&exports);
    let outer = outer.finish();
    validate(&outer).unwrap();
    let error = bridge(&outer, &tools).expect_err("lifted elsewhere");
    assert!(error.to_string().contains("inside a component of its own"), "{error}");
    assert!(bridge(b"\0asm\x0d\0\x01\0", &tools).is_err());
}

/// A component that exports its one function under many names, each an index of its own, `f` last.
fn detours(count: usize) -> Vec<u8> {
    let exports: String = (0..count).map(|n| format!(r#"(export $e{} "e{n}" (func $e{n}))"#, n + 1)).collect();
    let text = format!(
        r#"(component
            (core module $m (memory (export "memory") 1) (func (export "f") (param i32 i32))
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
            (core instance $i (instantiate $m))
            (func $e0 (param "a" (list u8))
                (canon lift (core func $i "f") (memory (core memory $i "memory"))
                    (realloc (core func $i "realloc"))))
            {exports}
            (export "f" (func $e{count})))"#
    );
    wat::parse_str(text).expect("the text of the test parses")
}

#[test]
fn detours_to_a_function_cost_no_stack() {
    let tools = ToolSet::from_wit(&folder("package a:b; world w { export f: func(a: list<u8>); }"), None).unwrap();
    assert!(bridge(&detours(3), &tools).is_ok());
    let error = bridge(&detours(50_000), &tools).expect_err("too far");
    assert!(error.to_string().contains("too many steps"), "{error}");
}

/// Decodes a result of `ty` at address 8 of a memory that holds these words from there on.
#[track_caller]
fn check_decode(body: &str, words: &[u32], expected: Result<Value, &str>) {
    let tools = ToolSet::from_wit(&folder(&world_around(body)), None).unwrap();
    let mut memory = vec![0; 8];
    memory.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    let found = Plan::new(&tools.tools[0]).decode(8, &memory, 64);
    match (found, expected) {
        (Ok(value), Ok(expected)) => assert_eq!(value, Some(expected)),
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "`{error}` does not contain `{part}`"),
        (found, expected) => panic!("expected {expected:?}, found {found:?}"),
    }
}

#[test]
fn hostile_memory_is_refused() {
    let abcd = u32::from_le_bytes(*b"abcd");
    let string = "f: func() -> string;";
    check_decode(string, &[16, 4, abcd], Ok(Value::String("abcd".to_owned())));
    check_decode(string, &[16, 5, abcd], Err("outside the memory"));
    check_decode(string, &[u32::MAX, 4, abcd], Err("outside the memory"));
    check_decode(string, &[16, 0], Ok(Value::String(String::new())));
    check_decode(string, &[16, u32::MAX, abcd], Err("larger than the limit"));
    check_decode(string, &[16, 2, 0x00ff], Err("not UTF-8"));
    check_decode(string, &[16], Err("outside the memory"));
    check_decode("f: func() -> tuple<char, u8>;", &[0xd800, 0], Err("not a Unicode character"));
    check_decode("f: func() -> option<u32>;", &[2, 0], Err("tag 2 in a type of 2 cases"));
    check_decode("variant v { a, b(list<u8>), c } f: func() -> v;", &[3, 0, 0], Err("tag 3 in a type of 3 cases"));
    check_decode("f: func() -> list<u32>;", &[17, 1, 5, 6], Err("not a multiple of 4"));
    check_decode("f: func() -> list<u64>;", &[16, 0x2000_0001, 5, 6], Err("larger than the limit"));
}

#[test]
fn what_overlaps_does_not_multiply() {
    // Four lists of 24 bytes each, all of them the same 24 bytes.
    let words = [16, 4, 24, 24, 24, 24, 24, 24, 24, 24];
    check_decode("f: func() -> list<list<u8>>;", &words, Err("larger than the limit of 64 bytes"));
}

#[test]
fn a_result_at_a_wild_address_is_refused() {
    let tools = tools_of("f: func() -> tuple<u32, u64>;").unwrap();
    let plan = Plan::new(&tools.tools[0]);
    for at in [1, 8, 16, u32::MAX - 7, u32::MAX] {
        let error = plan.decode(at, &[0; 16], 64).expect_err("no room");
        assert_eq!(error.code().as_str(), "tool.trap");
    }
    assert_eq!(plan.decode(0, &[0; 16], 64).unwrap(), Some(Value::Tuple(vec![Value::U32(0), Value::U64(0)])));
}

#[test]
fn arguments_of_another_type_are_refused() {
    let tools = tools_of("f: func(a: u8, b: list<string>);").unwrap();
    let plan = Plan::new(&tools.tools[0]);
    let list = |items: Vec<Value>| Value::List(items);
    assert!(plan.encode(&[Value::U8(1), list(vec![Value::String("x".to_owned())])]).is_ok());
    assert!(plan.encode(&[Value::U16(1), list(vec![])]).is_err());
    assert!(plan.encode(&[Value::U8(1)]).is_err());
    assert!(plan.encode(&[Value::U8(1), list(vec![Value::Char('x')])]).is_err());
}
