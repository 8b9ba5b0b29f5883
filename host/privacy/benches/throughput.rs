//! How quick the filter is, beside passes that do nothing but look at each byte. Prints megabytes a second and ratios of one run.
//!
//! `cargo bench -p mpp-privacy --bench throughput [-- PART-OF-A-NAME]`

#![allow(clippy::print_stdout)] // what a benchmark is for

use mpp_privacy::{Direction, Filter, Masker, Modes, Stream};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

const ROUNDS: usize = 60;
/// Small enough to be looked at before another program gets the processor, so that the fastest round is an undisturbed one.
const SIZE: usize = 256 << 10;

fn main() {
    let filter = Filter::new();
    println!(
        "{:34} {:>9} {:>11} {:>9} {:>9}",
        "fastest of 60 rounds, 256 KiB of", "mask MB/s", "stream MB/s", "/ memchr", "/ utf-8"
    );
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    for (name, text) in texts().into_iter().filter(|(name, _)| name.contains(&wanted)) {
        let bytes = text.as_bytes();
        let masked = fastest(|| {
            black_box(Masker::new(filter.clone(), Modes::default()).bytes(Direction::Result, black_box(bytes)).is_ok());
        });
        let streamed = fastest(|| drop(black_box(stream(&filter, black_box(bytes)))));
        let memchr = fastest(|| {
            black_box(memchr::memchr(0, black_box(bytes)));
        });
        let utf8 = fastest(|| {
            black_box(std::str::from_utf8(black_box(bytes)).is_ok());
        });
        let ratio = |other: Duration| masked.as_secs_f64() / other.as_secs_f64();
        println!(
            "{name:34} {:>9.0} {:>11.0} {:>9.1} {:>9.1}",
            rate(bytes.len(), masked),
            rate(bytes.len(), streamed),
            ratio(memchr),
            ratio(utf8)
        );
    }
    let (_, plain) = &texts()[0];
    for (name, kilobyte) in
        [("1 kB without findings", &plain[..1000]), ("1 kB with 12 findings", &texts()[4].1[..1000])]
    {
        let each = fastest(|| {
            for _ in 0..100 {
                black_box(
                    Masker::new(filter.clone(), Modes::default()).text(Direction::Result, black_box(kilobyte)).is_ok(),
                );
            }
        });
        println!("{name:34} {:>9.2} µs", each.as_secs_f64() * 1e4);
    }
}

fn stream(filter: &Filter, bytes: &[u8]) -> Vec<u8> {
    let mut masker = Masker::new(filter.clone(), Modes::default());
    let mut stream = Stream::new(Direction::Http);
    let mut out = Vec::with_capacity(bytes.len());
    for piece in bytes.chunks(16 * 1024) {
        stream.push(&mut masker, piece, &mut out).expect("nothing is blocked");
    }
    stream.finish(&mut masker, &mut out).expect("nothing is blocked");
    out
}

/// What is measured: prose, records, code-like lines, other alphabets, encoded data, and a finding in each line.
fn texts() -> Vec<(&'static str, String)> {
    let prose = "The committee met again in the afternoon and agreed, after some discussion, that the proposal should be sent \
                 to everybody who had asked for it; nothing else was decided, and the chair closed the meeting early.\n";
    let record = "{\"id\": 48213, \"state\": \"done\", \"took\": 12.5, \"tags\": [\"alpha\", \"beta\"], \"count\": 3, \"at\": \"2024-05-17T10:22:31Z\"}\n";
    let code = "    let remaining = self.window.len().saturating_sub(Self::HELD_BYTES_MAX); // see std::collections::HashMap\n";
    let greek = "Η επιτροπή συνεδρίασε ξανά το απόγευμα — και συμφώνησε ότι η πρόταση πρέπει να σταλεί σε όλους όσους τη ζήτησαν…\n";
    let blob = "q83vEjRWeJq83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8BI0VniavN7wEjRWeJq8\n";
    let finding = "on monday the order of somebody at example went to ada.lovelace@example.org as usual\n";
    let log = "2024-05-17T10:22:31.123Z INFO worker-3 finished job 48213 in 1250 ms, 3 retries, 0 errors, queue 17\n";
    let escaped =
        "%7B%22name%22%3A%22value%22%7D&next=%2Fhome%2Fpage%3Fa%3Db \\u0433\\u043e\\u0434 plain words between them\n";
    let mixed = "reach bob at bob@example.com or +1 555 010 9999, card 4242 4242 4242 4242, from 192.0.2.44\n";
    let fill = |line: &str| line.repeat(SIZE / line.len() + 1);
    [
        ("prose", prose),
        ("JSON records", record),
        ("code", code),
        ("log lines", log),
        ("an e-mail address in each line", finding),
        ("four findings in each line", mixed),
        ("another alphabet", greek),
        ("base64 of binary data", blob),
        ("percent and \\u escapes", escaped),
    ]
    .map(|(name, line)| (name, fill(line)))
    .into_iter()
    .collect()
}

fn rate(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64()
}

fn fastest(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[0]
}
