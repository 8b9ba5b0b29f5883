//! A stream gives what the whole text gives, wherever it is cut (PRIV-42).

use mpp_privacy::{Blocked, Direction, Filter, Kind, Masker, Mode, Modes, Stream};
use proptest::prelude::*;

fn filter() -> Filter {
    Filter::builder().secret(b"correct horse").unwrap().pattern("STAFF-ID", r"\bE-[0-9]{6}\b").unwrap().build().unwrap()
}

fn streamed(filter: &Filter, pieces: &[&[u8]]) -> Result<Vec<u8>, Blocked> {
    let mut masker = Masker::new(filter.clone(), Modes::default());
    let mut stream = Stream::new(Direction::Http);
    let mut out = Vec::new();
    let mut given = 0;
    for piece in pieces {
        stream.push(&mut masker, piece, &mut out)?;
        given += piece.len();
        // Placeholders are no longer than most of what they stand for.
        assert!(out.len() + Stream::HELD_BYTES_MAX * 2 >= given / 2, "more is held back than is promised");
    }
    stream.finish(&mut masker, &mut out)?;
    Ok(out)
}

fn whole(filter: &Filter, text: &[u8]) -> Vec<u8> {
    Masker::new(filter.clone(), Modes::default()).bytes(Direction::Http, text).unwrap().into_owned()
}

/// One of each kind, plain and in disguise.
fn positives() -> Vec<String> {
    let jwt = ["eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0", ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"]
        .concat();
    let key = [
        "-----BEGIN PRIVATE",
        " KEY-----\n",
        &"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n".repeat(20),
        "-----END PRIVATE KEY-----",
    ]
    .concat();
    let mut all: Vec<String> = [
        "4242424242424242",
        "4242 4242 4242 4242",
        "GB33BUKB20201555555555",
        "536-90-4399",
        "ada@example.org",
        "192.0.2.44",
        "2001:db8::7",
        "+1 415 555 0134 ext. 12",
        "call 555 0134",
        "5550134 office",
        "born on 3/23/1940",
        "passport C01X00T47",
        "driver's license 425700624",
        "４２４２４２４２４２４２４２４２",
        "4\u{200b}2\u{200b}4\u{200b}2424242424242",
        "%34242424242424242",
        "YWRhQGV4YW1wbGUub3Jn",
        "616461406578616d706c652e6f7267",
        "correct horse",
        "Y29ycmVjdCBob3JzZQ",
        "E-123456",
    ]
    .map(ToOwned::to_owned)
    .to_vec();
    all.extend([jwt, key, ["sftp://ada:", "s3cr3t-x@example.org/"].concat()]);
    all
}

#[test]
fn every_positive_is_found_at_every_cut() {
    let filter = filter();
    for positive in positives() {
        let text = format!("some words, {positive}, and more");
        let expected = whole(&filter, text.as_bytes());
        assert!(expected.contains(&b'#'), "{positive}");
        for cut in 0..=text.len() {
            let (first, second) = text.as_bytes().split_at(cut);
            assert_eq!(streamed(&filter, &[first, second]).unwrap(), expected, "{positive} at {cut}");
        }
    }
}

#[test]
fn every_positive_is_found_where_the_window_moves_on() {
    let filter = filter();
    // The window moves when it is full: put the positive around that place, byte by byte.
    for positive in positives() {
        for shift in (0..positive.len() + 2).step_by(1 + positive.len() / 24) {
            let before = Stream::HELD_BYTES_MAX - 24 * 1024 - shift;
            let text = format!(
                "{} {positive} {}",
                "word ".repeat(before / 5) + &"x".repeat(before % 5),
                "word ".repeat(25_000)
            );
            let expected = whole(&filter, text.as_bytes());
            let pieces: Vec<_> = text.as_bytes().chunks(10_007).collect();
            assert!(streamed(&filter, &pieces).unwrap() == expected, "{positive}, {shift} before the place");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn long_texts_agree(
        parts in prop::collection::vec((0_usize..24, 0_usize..1200, any::<bool>()), 60..260),
        sizes in prop::collection::vec(1_usize..30_000, 1..12),
    ) {
        let positives = positives();
        let mut text = Vec::new();
        for (number, gap, odd) in parts {
            text.extend_from_slice(positives[number % positives.len()].as_bytes());
            text.extend_from_slice(if odd { b" \xff\xc3 \xe2\x80\x94 4242 " } else { b"\n" });
            text.extend(b"lorem ipsum 17 dolor 4.2 sit ".iter().cycle().take(gap));
        }
        let expected = whole(&filter(), &text);
        let mut pieces = Vec::new();
        let mut rest = &text[..];
        for size in sizes.iter().cycle() {
            let (piece, later) = rest.split_at(rest.len().min(*size));
            pieces.push(piece);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert!(streamed(&filter(), &pieces).unwrap() == expected);
    }

    #[test]
    fn what_was_text_stays_text(parts in prop::collection::vec((0_usize..24, "\\PC{0,12}"), 0..12)) {
        let positives = positives();
        let text: String = parts.iter().map(|(number, between)| format!("{}{between}", positives[number % positives.len()])).collect();
        prop_assert!(String::from_utf8(whole(&filter(), text.as_bytes())).is_ok(), "{}", text);
    }

    #[test]
    fn any_bytes_agree(text in prop::collection::vec(prop_oneof![
        Just(b'4'), Just(b'2'), Just(b' '), Just(b'@'), Just(b'.'), Just(b'a'), Just(b'%'), Just(b':'), Just(b'-'), any::<u8>()
    ], 0..400), cut in 0_usize..400) {
        let (first, second) = text.split_at(cut.min(text.len()));
        prop_assert_eq!(streamed(&filter(), &[first, second]).unwrap(), whole(&filter(), &text));
    }
}

#[test]
fn a_blocked_stream_stays_closed() {
    // PRIV-40
    let mut modes = Modes::default();
    modes.set(Direction::Http, Kind::Email, Mode::Block);
    let mut masker = Masker::new(Filter::new(), modes);
    let mut stream = Stream::new(Direction::Http);
    let mut out = Vec::new();
    let text = "word ".repeat(20_000) + "ada@example.org " + &"word ".repeat(20_000);
    let blocked = text.as_bytes().chunks(8192).find_map(|piece| stream.push(&mut masker, piece, &mut out).err());
    assert_eq!(blocked, Some(Blocked::Policy { kind: Kind::Email }));
    assert!(!String::from_utf8(out.clone()).unwrap().contains("ada"));
    let length = out.len();
    assert_eq!(stream.push(&mut masker, b"more", &mut out), Err(Blocked::Closed));
    assert_eq!(stream.finish(&mut masker, &mut out), Err(Blocked::Closed));
    assert_eq!(out.len(), length);
}
