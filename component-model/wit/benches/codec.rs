//! How long JSON ↔ values take, beside serde_json on the same text: `cargo bench -p mpp-wit`.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use mpp_wit::bridge::Plan;
use mpp_wit::codec::{arguments_from_json, arguments_to_json, result_to_json, result_to_text};
use mpp_wit::{Tool, ToolSet, Value, WitFolder};
use serde_json::Value as Json;
use std::hint::black_box;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

fn main() {
    println!("{:<44} {:>12} {:>22}", "what", "time", "times serde_json alone");
    small_record();
    bytes();
    text();
    image();
}

fn small_record() {
    let tool = tool(
        "record item { name: string, price: u32, tags: list<string>, note: option<string> }
         f: func(item: item, count: u64) -> item;",
    );
    let json = r#"{"item":{"name":"A chair","price":4200,"tags":["wood","oak"],"note":null},"count":"3"}"#;
    let values = arguments_from_json(&tool, json).unwrap();
    let item = values[0].clone();
    let tree: Json = serde_json::from_str(json).unwrap();

    let parse = time(|| serde_json::from_str::<Json>(json).unwrap());
    let print = time(|| tree["item"].to_string());
    let read = time(|| arguments_from_json(&tool, json).unwrap());
    let write = time(|| result_to_text(&tool, Some(item.clone())).unwrap());
    let both = time(|| {
        let values = arguments_from_json(&tool, json).unwrap();
        result_to_json(&tool, values.into_iter().next()).unwrap()
    });
    line("small record, JSON text to values", read, parse);
    line("small record, values to JSON text", write, print);
    line("small record, both ways, as a tree", both, parse + print);
}

fn bytes() {
    let tool = tool("f: func(data: list<u8>) -> list<u8>;");
    let data = Value::Bytes((0..MIB).map(|at| ((at * 31) >> 3) as u8).collect());
    let json = arguments_to_json(&tool, vec![data.clone()]).unwrap().to_string();
    let tree: Json = serde_json::from_str(&json).unwrap();
    let parse = time(|| serde_json::from_str::<Json>(&json).unwrap());
    let print = time(|| tree.to_string());
    line("1 MiB of bytes, JSON text to value", time(|| arguments_from_json(&tool, &json).unwrap()), parse);
    line("1 MiB of bytes, value to JSON text", time_with(&data, |it| result_to_text(&tool, Some(it)).unwrap()), print);
    line("1 MiB of bytes, value to JSON tree", time_with(&data, |it| result_to_json(&tool, Some(it)).unwrap()), print);
}

fn text() {
    let tool = tool("f: func(text: string) -> string;");
    let data = Value::String("Twelve quick foxes, and a \"lazy\" dog.\n".repeat(MIB / 38));
    let json = arguments_to_json(&tool, vec![data.clone()]).unwrap().to_string();
    let tree: Json = serde_json::from_str(&json).unwrap();
    let parse = time(|| serde_json::from_str::<Json>(&json).unwrap());
    let print = time(|| tree.to_string());
    line("1 MiB of text, JSON text to value", time(|| arguments_from_json(&tool, &json).unwrap()), parse);
    line("1 MiB of text, value to JSON text", time_with(&data, |it| result_to_text(&tool, Some(it)).unwrap()), print);
    line("1 MiB of text, value to JSON tree", time_with(&data, |it| result_to_json(&tool, Some(it)).unwrap()), print);
}

fn image() {
    let plan = Plan::new(&tool("f: func(data: list<u8>) -> list<u8>;"));
    let data = [Value::Bytes(vec![7; MIB])];
    let mut memory = vec![0_u8; 2 * MIB];
    memory[8..16].copy_from_slice(&[[16, 0, 0, 0], (MIB as u32).to_le_bytes()].concat());
    let copy = time(|| memory[16..16 + MIB].to_vec());
    println!("\n{:<44} {:>12} {:>22}", "what", "time", "times one copy");
    line("1 MiB of bytes, value to call image", time(|| plan.encode(&data).unwrap()), copy);
    line("1 MiB of bytes, memory to value", time(|| plan.decode(8, &memory, 4 * MIB).unwrap()), copy);
}

fn tool(body: &str) -> Tool {
    let text = format!("package a:b; interface api {{ {body} }} world w {{ export api; }}");
    let folder = WitFolder { files: [("world.wit".to_owned(), text)].into() };
    ToolSet::from_wit(&folder, None).unwrap().tools.remove(0)
}

/// The best of many rounds: what the code needs when nothing disturbs it.
fn time<T>(mut work: impl FnMut() -> T) -> Duration {
    let round = |work: &mut dyn FnMut() -> T| {
        let start = Instant::now();
        black_box(work());
        start.elapsed()
    };
    let first = round(&mut work);
    let rounds = (Duration::from_millis(300).as_nanos() / first.as_nanos().max(1)).clamp(20, 200_000);
    (0..rounds).map(|_| round(&mut work)).min().unwrap_or(first)
}

/// [`time`], for work that uses its value up. Making the copy is not counted.
fn time_with<T>(value: &Value, mut work: impl FnMut(Value) -> T) -> Duration {
    (0..200)
        .map(|_| {
            let copy = value.clone();
            let start = Instant::now();
            black_box(work(copy));
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn line(what: &str, time: Duration, reference: Duration) {
    let ratio = time.as_secs_f64() / reference.as_secs_f64();
    println!("{what:<44} {:>9.1} µs {ratio:>21.2}x", time.as_secs_f64() * 1e6);
}
