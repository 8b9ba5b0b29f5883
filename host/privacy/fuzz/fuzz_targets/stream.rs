//! Whatever the bytes and wherever they are cut: a stream gives what the whole text gives, and masked text stays text (PRIV-40 to PRIV-42).

#![no_main]

use libfuzzer_sys::fuzz_target;
use mpp_privacy::{Blocked, Direction, Filter, Masker, Modes, Stream};
use std::sync::LazyLock;

static FILTER: LazyLock<Filter> = LazyLock::new(|| {
    let built =
        Filter::builder().secret(b"correct horse").and_then(|filter| filter.pattern("STAFF-ID", r"\bE-[0-9]{6}\b"));
    built.and_then(|filter| filter.build()).expect("the secret and the pattern are good")
});

fn streamed(pieces: [&[u8]; 2]) -> Result<Vec<u8>, Blocked> {
    let mut masker = Masker::new(FILTER.clone(), Modes::default());
    let (mut stream, mut out) = (Stream::new(Direction::Http), Vec::new());
    for piece in pieces {
        stream.push(&mut masker, piece, &mut out)?;
    }
    stream.finish(&mut masker, &mut out)?;
    Ok(out)
}

fuzz_target!(|input: (u16, Vec<u8>)| {
    let (cut, text) = input;
    let (first, second) = text.split_at(usize::from(cut).min(text.len()));
    let whole =
        Masker::new(FILTER.clone(), Modes::default()).bytes(Direction::Http, &text).map(|masked| masked.into_owned());
    let streamed = streamed([first, second]);
    assert_eq!(streamed.is_ok(), whole.is_ok());
    if let (Ok(streamed), Ok(whole)) = (streamed, whole) {
        assert_eq!(streamed, whole);
        assert!(std::str::from_utf8(&text).is_err() || std::str::from_utf8(&whole).is_ok());
    }
});
