//! A tool that takes as much as it is told to.

wit_bindgen::generate!({ path: "wit", world: "tools" });

use exports::acme::busy::busy::Guest;
use std::hint::black_box;

struct Tool;
export!(Tool);

impl Guest for Tool {
    fn spin() {
        let mut turns = 0u64;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    }

    fn grow(mib: u32) -> u64 {
        let taken = black_box(vec![1u8; (mib as usize) << 20]);
        taken.iter().map(|byte| u64::from(*byte)).sum()
    }

    fn text(bytes: u32) -> String {
        "x".repeat(bytes as usize)
    }
}
