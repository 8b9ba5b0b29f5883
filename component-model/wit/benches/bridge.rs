//! 1 MiB of bytes into a tool and back: with types known at compile time, through the bridge, with the engine's dynamic values.
//! `cargo bench -p mpp-wit --bench bridge`.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use mpp_wit::bridge::{Plan, bridge, export_name};
use mpp_wit::{ToolSet, Value, WitFolder};
use std::hint::black_box;
use std::time::{Duration, Instant};
use wasmtime::component::{Component, Instance, Linker, Val, WasmList};
use wasmtime::{Engine, Store};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const MIB: usize = 1 << 20;
const WIT: &str = "package a:b; world w { export f: func(data: list<u8>) -> list<u8>; }";
/// Gives back what it gets, with an allocator that only goes forward.
const MODULE: &str = r#"(module
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 131072))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        (drop (memory.grow (i32.add (i32.shr_u (local.get 3) (i32.const 16)) (i32.const 1))))
        (local.get $at))
    (func (export "f") (param i32 i32) (result i32)
        (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))"#;

fn main() {
    let folder = WitFolder { files: [("w.wit".to_owned(), WIT.to_owned())].into() };
    let tools = ToolSet::from_wit(&folder, None).unwrap();
    let tool = &tools.tools[0];
    let name = export_name(tool);
    let engine = Engine::default();
    let bytes = bridge(&component(), &tools).unwrap();
    let component = Component::new(&engine, &bytes).unwrap();
    let linker = Linker::<()>::new(&engine);
    let fresh = || {
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &component).unwrap();
        (store, instance)
    };

    for size in [1024, MIB] {
        let data: Vec<u8> = (0..size).map(|at| at as u8).collect();
        let typed = time(&fresh, |store, instance| {
            let f = instance.get_typed_func::<(&[u8],), (Vec<u8>,)>(&mut *store, "f").unwrap();
            black_box(f.call(store, (&data,)).unwrap());
        });
        let plan = Plan::new(tool);
        let arguments = [Value::Bytes(data.clone())];
        let bridged = time(&fresh, |store, instance| {
            let f = instance.get_typed_func::<(&[u8], &[&[u8]]), ((u32, WasmList<u8>),)>(&mut *store, &name).unwrap();
            let image = plan.encode(&arguments).unwrap();
            let ((at, memory),) = f.call(&mut *store, (&image.program, &image.blobs)).unwrap();
            black_box(plan.decode(at, memory.as_le_slice(&*store), 4 * MIB).unwrap());
        });
        let values = [Val::List(data.iter().map(|byte| Val::U8(*byte)).collect())];
        let dynamic = time(&fresh, |store, instance| {
            let f = instance.get_func(&mut *store, "f").unwrap();
            let mut results = [Val::Bool(false)];
            f.call(store, &values, &mut results).unwrap();
            black_box(&results);
        });
        println!("{size} bytes into a tool and back, on a fresh instance (instantiation not counted)");
        for (what, time) in [("typed", typed), ("bridge", bridged), ("dynamic values", dynamic)] {
            let ratio = time.as_secs_f64() / typed.as_secs_f64();
            println!("  {what:<16} {:>10.1} µs {ratio:>10.2}x typed", time.as_secs_f64() * 1e6);
        }
    }
}

/// The best of some rounds.
fn time(fresh: &impl Fn() -> (Store<()>, Instance), mut work: impl FnMut(&mut Store<()>, Instance)) -> Duration {
    let round = |work: &mut dyn FnMut(&mut Store<()>, Instance)| {
        let (mut store, instance) = fresh();
        let start = Instant::now();
        work(&mut store, instance);
        start.elapsed()
    };
    (0..100).map(|_| round(&mut work)).min().unwrap_or_default()
}

fn component() -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("w.wit", WIT).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = wat::parse_str(MODULE).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}
