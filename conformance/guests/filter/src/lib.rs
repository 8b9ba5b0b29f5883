//! A guest for the host's tests: a filter that finds one word, and behaves as other words say, well or badly.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

wit_bindgen::generate!({ world: "filter" });

use exports::mpp::filter::detector::{Finding, Guest};

struct Component;
export!(Component);

const WORD: &[u8] = b"Blaumeise";

static CALLED: AtomicBool = AtomicBool::new(false);

impl Guest for Component {
    fn detect(texts: Vec<Vec<u8>>) -> Result<Vec<Finding>, String> {
        assert!(!CALLED.swap(true, Ordering::Relaxed), "a filter that was called before is called again");
        let first = texts.first().map(Vec::as_slice).unwrap_or_default();
        let says = |word: &str| first.windows(word.len()).any(|part| part == word.as_bytes());
        if says("please loop") {
            let mut turns = 0_u64;
            loop {
                turns = black_box(turns.wrapping_add(1));
            }
        }
        if says("please grow") {
            let mut kept = Vec::new();
            loop {
                kept.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        if says("please print") {
            println!("{} texts", texts.len());
        }
        #[cfg(feature = "reaching")]
        if std::fs::exists("/words").unwrap_or_default() {
            return Ok(Vec::new());
        }
        if says("please fail") {
            return Err("the list of words is empty".to_owned());
        }
        if says("please lie") {
            return Ok(vec![Finding { text: 7000, start: 0, end: 1 }]);
        }
        if says("please turn around") {
            return Ok(vec![Finding { text: 0, start: 5, end: 2 }]);
        }
        Ok(texts.iter().enumerate().flat_map(|(number, text)| found(number, text)).collect())
    }
}

fn found(number: usize, text: &[u8]) -> impl Iterator<Item = Finding> {
    let places = text.windows(WORD.len()).enumerate().filter(|(_, part)| *part == WORD);
    places.map(move |(start, _)| Finding {
        text: number as u32,
        start: start as u32,
        end: (start + WORD.len()) as u32,
    })
}
