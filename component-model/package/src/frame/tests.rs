//! What is one plain frame and what is not, each refusal beside an accepted twin.

use super::{FrameWalk, check_frame, check_size, compress, unpack};
use mpp_schema::{Code, Coded as _, codes};
use proptest::prelude::*;
use zstd::zstd_safe::CParameter;

const CONTENT: &[u8] = b"a text that repeats: a text that repeats: a text that repeats";

fn compressed(content: &[u8], parameters: &[CParameter]) -> Vec<u8> {
    let mut compressor = zstd::bulk::Compressor::new(3).unwrap();
    for parameter in parameters {
        compressor.set_parameter(*parameter).unwrap();
    }
    compressor.compress(content).unwrap()
}

/// Content that does not compress.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..size).map(|_| next()).collect()
}

#[track_caller]
fn check(frame: &[u8], content: &[u8], expected: Result<(), Code>) {
    let outcome = unpack(frame, content.len() as u64);
    if let Ok(unpacked) = &outcome {
        assert_eq!(unpacked, content);
    }
    assert_eq!(outcome.map(drop).map_err(|error| error.code()), expected);
}

#[test]
fn frames_of_every_size_are_accepted() {
    for size in [0, 1, 255, 256, 257, 65_535, 65_536, 65_792, 300_000, 3_000_000] {
        let content = noise(size);
        check(&compress(&content).unwrap(), &content, Ok(()));
    }
    check(&compressed(CONTENT, &[CParameter::ChecksumFlag(true)]), CONTENT, Ok(()));
}

#[test]
fn the_same_content_gives_the_same_frame() {
    assert_eq!(compress(CONTENT).unwrap(), compress(CONTENT).unwrap());
}

#[test]
fn exactly_one_plain_frame() {
    let refused = Err(codes::PKG_COMPRESSION);
    let good = compressed(CONTENT, &[]);
    check(&good, CONTENT, Ok(()));
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0];
    check(&[&skippable, good.as_slice()].concat(), CONTENT, refused);
    check(&[good.as_slice(), &skippable].concat(), CONTENT, refused);
    let empty = compressed(b"", &[]);
    check(&[good.as_slice(), &empty].concat(), CONTENT, refused);
    check(&[empty.as_slice(), &good].concat(), CONTENT, refused);
    check(&[good.as_slice(), b"\0"].concat(), CONTENT, refused);
    check(&good[..good.len() - 1], CONTENT, refused);
    check(b"", b"", refused);
    check(CONTENT, CONTENT, refused);
}

#[test]
fn the_content_size_is_there_and_is_the_declared_one() {
    let refused = Err(codes::PKG_COMPRESSION);
    check(&compressed(CONTENT, &[CParameter::ContentSizeFlag(false)]), CONTENT, refused);
    let good = compressed(CONTENT, &[]);
    check(&good, &CONTENT[1..], refused);
    check(&good, &[CONTENT, b"a"].concat(), refused);
    // A frame that declares more or less than it holds.
    let lie = |size: u8| [&good[..5], &[size], &good[6..]].concat();
    assert_eq!(lie(CONTENT.len() as u8), good);
    check(&lie(CONTENT.len() as u8 + 1), &[CONTENT, b"a"].concat(), refused);
    check(&lie(CONTENT.len() as u8 - 1), &CONTENT[1..], refused);
}

#[test]
fn no_dictionary() {
    let dictionary = b"a text that repeats: ".repeat(20);
    let mut compressor = zstd::bulk::Compressor::with_dictionary(3, &dictionary).unwrap();
    let raw = compressor.compress(CONTENT).unwrap();
    // A raw dictionary has no id, so the frame looks plain; its content cannot be had without it.
    check(&raw, CONTENT, Err(codes::PKG_COMPRESSION));
    let mut named = compressed(CONTENT, &[]);
    named[4] |= 1;
    named.insert(5, 7);
    check(&named, CONTENT, Err(codes::PKG_COMPRESSION));
}

#[test]
fn the_window_is_bounded() {
    let content = noise(10_000_000);
    let frame = |log| compressed(&content, &[CParameter::WindowLog(log)]);
    check(&frame(23), &content, Ok(()));
    check(&frame(24), &content, Err(codes::PKG_COMPRESSION));
    check(&frame(27), &content, Err(codes::PKG_COMPRESSION));
}

#[test]
fn unpacked_sizes_are_bounded() {
    let code = |stored, unpacked| check_size(stored, unpacked).map_err(|error| error.code());
    assert_eq!(code(1, 1 << 20), Ok(()));
    assert_eq!(code(1, (1 << 20) + 1), Err(codes::LIMIT_UNPACKED));
    assert_eq!(code(100_000, 10_000_000), Ok(()));
    assert_eq!(code(100_000, 10_000_001), Err(codes::LIMIT_UNPACKED));
    assert_eq!(code(60 << 20, 128 << 20), Ok(()));
    assert_eq!(code(60 << 20, (128 << 20) + 1), Err(codes::LIMIT_UNPACKED));
    assert_eq!(code(u64::MAX, u64::MAX), Err(codes::LIMIT_UNPACKED));
    let zeros = vec![0; 20 << 20];
    assert_eq!(compress(&zeros).unwrap_err().code(), codes::LIMIT_UNPACKED);
    // A bomb that declares its size is refused before it is unpacked, one that lies about it while its frame is walked.
    let bomb = compressed(&zeros, &[]);
    check(&bomb, &zeros, Err(codes::LIMIT_UNPACKED));
    check(&bomb, &zeros[..1000], Err(codes::PKG_COMPRESSION));
}

proptest! {
    #[test]
    fn pieces_do_not_matter(content in prop::collection::vec(any::<u8>(), 0..2000), piece in 1usize..50, surplus in any::<bool>()) {
        let mut frame = compressed(&content, &[CParameter::ChecksumFlag(surplus)]);
        if surplus { frame.push(0) }
        let mut walk = FrameWalk::new(content.len() as u64);
        frame.chunks(piece).for_each(|bytes| walk.feed(bytes));
        let whole = check_frame(&frame, content.len() as u64);
        prop_assert_eq!(whole.is_ok(), !surplus);
        prop_assert_eq!(walk.finish().map_err(|e| e.to_string()), whole.map_err(|e| e.to_string()));
    }

    #[test]
    fn damage_never_panics_nor_gives_more_than_declared(at in 0usize..500, to in any::<u8>(), size in 0u64..200) {
        let mut frame = compressed(CONTENT, &[]);
        let at = at % frame.len();
        frame[at] = to;
        if let Ok(content) = unpack(&frame, size) {
            prop_assert_eq!(content.len() as u64, size);
        }
    }

    #[test]
    fn random_bytes_are_no_frame(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 0u64..1000) {
        let framed = [&[0x28, 0xb5, 0x2f, 0xfd], bytes.as_slice()].concat();
        for frame in [bytes, framed] {
            if let Ok(content) = unpack(&frame, size) {
                prop_assert_eq!(content.len() as u64, size);
            }
        }
    }
}
