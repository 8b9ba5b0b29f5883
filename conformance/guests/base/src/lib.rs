//! A guest for the host's tests: one function for each thing that a tool may do, or may not.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

wit_bindgen::generate!({ world: "base" });

use exports::guest::base::tools::{Guest as Tools, Item, Order, Surroundings};

struct Component;
export!(Component);

impl Guest for Component {
    fn shout(text: String) -> String {
        text.to_uppercase()
    }
}

static REMEMBERED: AtomicU32 = AtomicU32::new(0);

impl Tools for Component {
    fn echo_order(order: Order) -> Order {
        order
    }
    fn echo_item(item: Item) -> Item {
        item
    }
    fn echo_text(text: String) -> String {
        text
    }
    fn nothing() {}
    fn count_words(text: String) -> Vec<(String, u32)> {
        let mut counts: HashMap<&str, u32> = HashMap::new();
        for word in text.split_whitespace() {
            *counts.entry(word).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().map(|(word, count)| (word.to_owned(), count)).collect();
        counts.sort();
        counts
    }
    fn fail(reason: Option<String>) -> Result<String, String> {
        reason.map_or(Ok("fine".to_owned()), Err)
    }
    fn panic(message: String) {
        panic!("{message}");
    }
    fn leave(failed: bool) {
        std::process::exit(i32::from(failed));
    }
    fn spin() {
        let mut turns = 0u64;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    }
    fn nap(ms: u64) {
        std::thread::sleep(Duration::from_millis(ms));
    }
    fn grow(mib: u32) -> u32 {
        let mut held = Vec::new();
        for _ in 0..mib {
            held.push(black_box(vec![1u8; 1 << 20]));
        }
        held.len() as u32
    }
    fn write(bytes: u64, to_stderr: bool) {
        let line = [b"x".repeat(63), b"\n".to_vec()].concat();
        let mut written = 0;
        while written < bytes {
            let result = if to_stderr { std::io::stderr().write_all(&line) } else { std::io::stdout().write_all(&line) };
            result.expect("the host takes what is written");
            written += line.len() as u64;
        }
    }
    fn recurse(depth: u64) -> u64 {
        deep(depth, depth)
    }
    fn recurse_wide(depth: u64) -> u64 {
        wide(depth)
    }
    fn big_text(bytes: u32) -> String {
        "x".repeat(bytes as usize)
    }
    fn many_numbers(count: u32) -> Vec<u32> {
        (0..count).collect()
    }
    fn not_a_number() -> f64 {
        f64::NAN
    }
    fn random(bytes: u32) -> u32 {
        wasip2::random::random::get_random_bytes(bytes.into()).len() as u32
    }
    fn hand_over(bytes: u32) -> bool {
        wasip2::cli::stdout::get_stdout().write(&vec![b'x'; bytes as usize]).is_ok()
    }
    fn leak(kib: u32) -> u32 {
        (0..100).for_each(|_| std::mem::forget(wasip2::cli::stdout::get_stdout()));
        black_box(Box::leak(vec![1u8; (kib as usize) << 10].into_boxed_slice())).len() as u32
    }
    fn handles(count: u32) -> u32 {
        let held: Vec<_> = (0..count).map(|_| wasip2::cli::stdout::get_stdout()).collect();
        black_box(&held).len() as u32
    }
    fn clocks() -> (u64, u32, u32) {
        let start = Instant::now();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let mut monotonic = start.elapsed();
        while monotonic.is_zero() {
            monotonic = start.elapsed();
        }
        let below = |time: Duration| time.subsec_nanos() % 1_000_000;
        (wall.as_millis() as u64, below(wall), below(monotonic))
    }
    fn look_around() -> Surroundings {
        let mut input = String::new();
        std::io::stdin().read_to_string(&mut input).expect("an empty stdin can be read");
        Surroundings { environment: std::env::vars().collect(), arguments: std::env::args().collect(), input }
    }
    fn remember(add: u32) -> u32 {
        REMEMBERED.fetch_add(add, Ordering::Relaxed) + add
    }
}

/// Uses the engine's stack only: no address of a local is taken.
#[inline(never)]
fn deep(depth: u64, salt: u64) -> u64 {
    if depth == 0 {
        return black_box(salt);
    }
    deep(depth - 1, salt.rotate_left(7) ^ depth).wrapping_mul(31).wrapping_add(depth)
}

/// Puts 64 KiB on the guest's own stack at each step.
#[inline(never)]
fn wide(depth: u64) -> u64 {
    let frame = black_box([depth as u8; 64 << 10]);
    if depth == 0 {
        return frame[0].into();
    }
    wide(depth - 1) + u64::from(black_box(&frame)[depth as usize % frame.len()])
}
