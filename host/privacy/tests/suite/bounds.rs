//! Bad input: the filter ends, within bounded memory, with a masked text or a reason (PRIV-4, PRIV-40, PRIV-41).

use mpp_privacy::{Blocked, Direction, Filter, Limits, Masker, Modes};

const SIZE: usize = 1 << 20;

fn mask(text: &[u8]) -> Result<(Vec<u8>, u64), Blocked> {
    let mut masker = Masker::new(Filter::new(), Modes::default());
    let masked = masker.bytes(Direction::Result, text)?.into_owned();
    Ok((masked, masker.masked().total()))
}

/// Texts that cost most of what is quick on others: each would take hours if its time were the square of its length.
#[test]
fn near_misses_in_long_rows_end() {
    let key = ["-----BEGIN PRIVATE", " KEY-----"].concat();
    let rows: [&[u8]; 22] = [
        b"4",
        b"4 ",
        b"4242 ",
        b"4242-",
        b"1.",
        b"1.1.1.1.",
        b":",
        b"a:",
        b"::1",
        b"a@",
        b"@",
        b"a.b@c.",
        b"%41",
        b"\\u0041",
        b"eyJ.",
        b"eyJ-",
        b"-sk-",
        b"://a:b",
        b"password=",
        b"token: a1",
        b"+1(",
        key.as_bytes(),
    ];
    for row in rows {
        let text: Vec<u8> = row.iter().copied().cycle().take(SIZE).collect();
        // It ends; one finding made of many is a reason to block.
        match mask(&text) {
            Ok((masked, _)) => assert!(!masked.is_empty()),
            Err(blocked) => assert!(matches!(blocked, Blocked::LongFinding { .. }), "{blocked}"),
        }
    }
    for character in ["\u{200b}", "４", "—1", "é@", "\u{336}1"] {
        let text = character.repeat(SIZE / character.len());
        assert!(mask(text.as_bytes()).is_ok());
    }
}

#[test]
fn four_mebibytes_in_one_line_pass() {
    let text = "word ".repeat((4 << 20) / 5);
    assert_eq!(mask(text.as_bytes()).unwrap(), (text.into_bytes(), 0));
}

#[test]
fn a_million_findings_are_masked_or_too_many() {
    let text = "1.1.1.1\n".repeat(1 << 20);
    let (masked, count) = mask(text.as_bytes()).unwrap();
    assert_eq!(count, 1 << 20);
    assert_eq!(masked, "[IP#1]\n".repeat(1 << 20).into_bytes());

    let filter = Filter::builder().limits(Limits { findings_max: 1000, ..Limits::default() }).build().unwrap();
    let blocked = Masker::new(filter, Modes::default()).bytes(Direction::Result, text.as_bytes()).unwrap_err();
    assert_eq!(blocked, Blocked::TooMany { findings_max: 1000 });
}

#[test]
fn a_text_over_the_limit_is_blocked() {
    let filter = Filter::builder().limits(Limits { text_bytes_max: 10, ..Limits::default() }).build().unwrap();
    let mut masker = Masker::new(filter, Modes::default());
    assert!(masker.text(Direction::Result, "0123456789").is_ok());
    let blocked = masker.text(Direction::Result, "0123456789a").unwrap_err();
    assert_eq!(blocked, Blocked::TooLong { bytes: 11, bytes_max: 10 });
}

#[test]
fn findings_without_end_are_blocked() {
    let text = "a@b.co".to_owned() + &"@b.co".repeat(10_000);
    assert!(matches!(mask(text.as_bytes()), Err(Blocked::LongFinding { .. })));
}

#[test]
fn bytes_that_are_not_utf_8_are_matched_like_others() {
    let text = b"\xff\xfeada@example.org\xff 192.0.2.44\xc3\x28 \xe2\x80";
    let (masked, count) = mask(text).unwrap();
    assert_eq!(masked, b"\xff\xfe[EMAIL#1]\xff [IP#1]\xc3\x28 \xe2\x80");
    assert_eq!(count, 2);
}

#[test]
fn patterns_of_the_user_are_linear_too() {
    let filter = Filter::builder()
        .pattern("A", "(a|a?){1,20}b")
        .unwrap()
        .pattern("B", "([a-z]{1,8} ?){1,8}!")
        .unwrap()
        .build()
        .unwrap();
    let text = "a".repeat(SIZE / 4);
    let findings = filter.find(text.as_bytes()).unwrap();
    assert_eq!(findings, []);
}
