//! Bridged components, run: what goes in through the bridge comes out of it unchanged.

use crate::made::folder;
use crate::random::{any_leaf, declare, typed_values};
use mpp_wit::bridge::{Plan, bridge, export_name, needs_bridge};
use mpp_wit::codec::value_to_text;
use mpp_wit::{Tool, ToolSet, Type, Value, agree, validate};
use proptest::prelude::*;
use wasmtime::component::{Component, Linker, WasmList};
use wasmtime::{Engine, Store};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Resolve, WorldItem};

/// A world whose tool `f` gives back what the host's `echo` gives back. Both have the same type, so that the tool's core function
/// passes its core values on as they are, whatever they mean.
fn echo_world(ty: &Type) -> String {
    let mut declarations = Vec::new();
    let expression = declare(ty, &mut declarations);
    let names: Vec<String> = (0..declarations.len()).map(|at| format!("t{at}")).collect();
    let uses = if names.is_empty() { String::new() } else { format!("use types.{{{}}};", names.join(", ")) };
    format!(
        "package a:b; interface types {{ {} }}
         interface echo {{ {uses} echo: func(a: {expression}) -> {expression}; }}
         interface api {{ {uses} f: func(a: {expression}) -> {expression}; }}
         world w {{ import echo; export api; }}",
        declarations.join("\n")
    )
}

/// An allocator that only goes forward, and a page for results.
const SUPPORT: &str = r#"
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 131072))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
        (local.set $at (i32.and (i32.sub (i32.add (global.get $next) (local.get 2)) (i32.const 1))
            (i32.sub (i32.const 0) (local.get 2))))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        (drop (memory.grow (i32.add (i32.shr_u (local.get 3) (i32.const 16)) (i32.const 1))))
        (local.get $at))"#;

fn echo_component(wit: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("w.wit", wit).unwrap_or_else(|error| panic!("{wit}\n{error:#}"));
    let world = resolve.select_world(&[package], None).unwrap();
    let WorldItem::Interface { id, .. } = &resolve.worlds[world].exports[0] else { panic!("an interface is exported") };
    let function = &resolve.interfaces[*id].functions["f"];
    let import = resolve.wasm_signature(AbiVariant::GuestImport, function);
    let export = resolve.wasm_signature(AbiVariant::GuestExport, function);
    let all = |types: &[WasmType]| types.iter().map(|ty| format!("{} ", core(*ty))).collect::<String>();
    let pass: String = (0..export.params.len()).map(|at| format!("(local.get {at})")).collect();
    let body = match import.retptr {
        true => format!("(call $echo {pass} (i32.const 65536)) (i32.const 65536)"),
        false => format!("(call $echo {pass})"),
    };
    encode(
        &format!(
            r#"(module (import "a:b/echo" "echo" (func $echo (param {}) (result {}))) {SUPPORT}
            (func (export "a:b/api#f") (param {}) (result {}) {body}))"#,
            all(&import.params),
            all(&import.results),
            all(&export.params),
            all(&export.results)
        ),
        &resolve,
        world,
    )
}

fn core(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        _ => "i32",
    }
}

fn encode(module: &str, resolve: &Resolve, world: wit_parser::WorldId) -> Vec<u8> {
    let mut module = wat::parse_str(module).unwrap_or_else(|error| panic!("{module}\n{error}"));
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

/// Bridges the component and calls the tool through it; `a:b/echo` gives back its argument.
fn call(component: &[u8], tools: &ToolSet, tool: &Tool, arguments: &[Value]) -> Option<Value> {
    agree(tools, component).unwrap();
    let bridged = bridge(component, tools).unwrap();
    assert_eq!(validate(&bridged).unwrap().imports, validate(component).unwrap().imports);

    let engine = Engine::default();
    let compiled = Component::new(&engine, &bridged).unwrap();
    let mut linker = Linker::new(&engine);
    let echo = |_: wasmtime::StoreContextMut<'_, ()>, _, from: &[_], to: &mut [wasmtime::component::Val]| {
        to.clone_from_slice(from);
        Ok(())
    };
    linker.instance("a:b/echo").unwrap().func_new("echo", echo).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &compiled).unwrap();
    let function = instance
        .get_typed_func::<(&[u8], &[&[u8]]), ((u32, WasmList<u8>),)>(&mut store, export_name(tool).as_str())
        .unwrap();

    let plan = Plan::new(tool);
    let image = plan.encode(arguments).unwrap();
    let ((at, memory),) = function.call(&mut store, (&image.program, &image.blobs)).unwrap();
    plan.decode(at, memory.as_le_slice(&store), 1 << 24).unwrap()
}

fn check_echo(ty: &Type, value: Value) {
    let wit = echo_world(ty);
    let tools = ToolSet::from_wit(&folder(&wit), None).unwrap();
    if !needs_bridge(&tools) {
        // The host calls such a tool without a bridge; without a list it may not even have a memory.
        return;
    }
    let expected = value_to_text(ty, &value).unwrap();
    let found = call(&echo_component(&wit), &tools, &tools.tools[0], &[value]).expect("a result");
    assert_eq!(value_to_text(ty, &found).unwrap(), expected, "{wit}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_value_passes_through((ty, value) in typed_values(any_leaf())) {
        check_echo(&ty, value);
    }
}

#[test]
fn bytes_pass_through_short_long_and_empty() {
    for length in [0, 1, 4096, 4097, 1_000_000] {
        let bytes: Vec<u8> = (0..length).map(|at| (at * 7) as u8).collect();
        check_echo(&Type::Bytes, Value::Bytes(bytes.clone()));
        let pair = Type::Tuple(vec![Type::Bytes, Type::String, Type::Bytes]);
        let text = Value::String("é".repeat(length / 2));
        check_echo(&pair, Value::Tuple(vec![Value::Bytes(bytes.clone()), text, Value::Bytes(bytes)]));
    }
}

#[test]
fn parameters_that_do_not_fit_the_stack_pass_through() {
    let ty = Type::Tuple(std::iter::repeat_n([Type::U8, Type::String, Type::F64], 6).flatten().collect());
    let items =
        (0..6).flat_map(|at| [Value::U8(at), Value::String(format!("text {at}")), Value::F64(f64::from(at) / 3.0)]);
    check_echo(&ty, Value::Tuple(items.collect()));
}

#[test]
fn joined_cases_pass_through() {
    let tuple = |types: &[Type]| Some(Box::new(Type::Tuple(types.to_vec())));
    let ty =
        Type::Result { ok: tuple(&[Type::F32, Type::F64, Type::S8]), err: tuple(&[Type::U64, Type::U8, Type::F32]) };
    let ok = Value::Tuple(vec![Value::F32(-1.5), Value::F64(1e-300), Value::S8(-7)]);
    let err = Value::Tuple(vec![Value::U64(u64::MAX), Value::U8(9), Value::F32(0.25)]);
    check_echo(&ty, Value::Result(Ok(Some(Box::new(ok)))));
    check_echo(&ty, Value::Result(Err(Some(Box::new(err)))));
}

#[test]
fn components_without_an_allocator_are_bridged_too() {
    let wit = "package a:b; interface api { f: func(a: u32, b: bool) -> list<u8>; nothing: func(); }
        world w { export api; export g: func(x: s16) -> s16; }";
    let mut resolve = Resolve::default();
    let package = resolve.push_str("w.wit", wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let module = r#"(module (memory (export "memory") 1)
        (data (i32.const 16) "\20\00\00\00\03\00\00\00") (data (i32.const 32) "abc")
        (func (export "a:b/api#f") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
        (func (export "a:b/api#nothing"))
        (func (export "g") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))"#;
    let component = encode(module, &resolve, world);
    let tools = ToolSet::from_wit(&folder(wit), None).unwrap();
    assert!(needs_bridge(&tools));
    let result = |name: &str, arguments: &[Value]| call(&component, &tools, tools.tool(name).unwrap(), arguments);
    assert_eq!(result("f", &[Value::U32(17), Value::Bool(true)]), Some(Value::Bytes(b"abc".to_vec())));
    assert_eq!(result("g", &[Value::S16(-300)]), Some(Value::S16(-600)));
    assert_eq!(result("nothing", &[]), None);
}
