//! How much memory the filter takes at most (PRIV-42). Alone in its program, so that nothing else is counted.

use mpp_privacy::{Direction, Filter, Kind, Masker, Modes, Stream};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

#[test]
fn memory_is_bounded_by_the_window_and_by_the_text() {
    let filter = Filter::new();
    let piece = "to ada@example.org and bob@example.org, ４２４２ 4242 4242 4242\n".repeat(1000);
    let mut out = Vec::with_capacity(piece.len() * 4);

    // Ten megabytes through a stream: a window of an eighth of a megabyte, and what is found in it.
    let mut masker = Masker::new(filter.clone(), Modes::default());
    let mut stream = Stream::new(Direction::Http);
    stream.push(&mut masker, piece.as_bytes(), &mut out).unwrap();
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage_as_mb();
    for _ in 0..150 {
        out.clear();
        stream.push(&mut masker, piece.as_bytes(), &mut out).unwrap();
    }
    assert!(masker.masked().of(Kind::Card) > 100_000);
    let grown = MEMORY.peak_usage_as_mb() - before;
    assert!(grown < 2.0, "a stream took {grown} MB");

    // Half a million different findings in 8 MB.
    let text: String = (0..500_000).map(|n| format!("a{n}@ex.org\n")).collect();
    let mut masker = Masker::new(filter, Modes::default());
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage_as_mb();
    let masked = masker.text(Direction::Result, &text).unwrap();
    assert!(masked.ends_with("[EMAIL#500000]\n"));
    let grown = MEMORY.peak_usage_as_mb() - before;
    assert!(grown < 160.0, "a text of {} MB took {grown} MB", text.len() / 1_000_000);
}
