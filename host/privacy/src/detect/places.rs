//! The places of a text at which something could be found: one quick pass, eight bytes at a time where there are any.

const CHUNK: usize = 32;
const WORD: usize = 8;
/// The lowest and the highest bit of each byte.
const LOW: u64 = u64::from_ne_bytes([1; WORD]);
const HIGH: u64 = LOW << 7;

/// Calls `found` with each place, and its byte: the first digit of a run, a colon, an `@`, what could begin an escape, and the first byte of a
/// character outside of ASCII.
pub(super) fn each(bytes: &[u8], mut found: impl FnMut(usize, u8)) {
    let mut before = 0;
    for (number, chunk) in bytes.chunks(CHUNK).enumerate() {
        // Without branches, so that compilers turn it into vector instructions.
        if !chunk.iter().fold(false, |any, byte| any | is_any(*byte)) {
            before = 0;
            continue;
        }
        let (words, rest) = chunk.as_chunks();
        let mut rest_word = [0; WORD];
        rest_word[..rest.len()].copy_from_slice(rest);
        // Zeros are no places.
        for (part, word) in words.iter().chain((!rest.is_empty()).then_some(&rest_word)).enumerate() {
            let word = u64::from_le_bytes(*word);
            let (mut places, digits) = places_of(word, before);
            before = digits >> 56;
            while places != 0 {
                let offset = places.trailing_zeros() / 8;
                found(number * CHUNK + part * WORD + offset as usize, (word >> (offset * 8)) as u8);
                places &= places - 1;
            }
        }
    }
}

fn is_any(byte: u8) -> bool {
    // Digits and the colon are neighbours in ASCII.
    byte.wrapping_sub(b'0') < 11 || byte == b'@' || byte == b'%' || byte == b'\\' || byte >= 0xc0
}

/// The highest bit of each byte that is a place, and of each that is a digit. `before` has this bit when a digit stands before the word.
fn places_of(word: u64, before: u64) -> (u64, u64) {
    let seven = word & !HIGH;
    // No sum of these is more than a byte.
    let at_least = |byte: u8| seven + LOW * u64::from(0x80 - byte);
    let is = |byte: u8| {
        let differs = word ^ (LOW * u64::from(byte));
        !(((differs & !HIGH) + !HIGH) | differs)
    };
    let digits = at_least(b'0') & !at_least(b':') & !word & HIGH;
    let first_digits = digits & !(digits << 8 | before);
    let outside = word & word << 1;
    let others = (is(b':') | is(b'@') | is(b'%') | is(b'\\') | outside) & HIGH;
    (first_digits | others, digits)
}

#[cfg(test)]
mod tests {
    use super::{each, is_any};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_those_of_a_plain_search(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), b'/'..=b';', Just(b'@'), Just(b' ')], 0..120),
        ) {
            let mut found = Vec::new();
            each(&bytes, |at, byte| found.push((at, byte)));
            let goes_on = |at: usize| bytes[at].is_ascii_digit() && at > 0 && bytes[at - 1].is_ascii_digit();
            let places = (0..bytes.len()).filter(|at| is_any(bytes[*at]) && !goes_on(*at));
            let expected: Vec<_> = places.map(|at| (at, bytes[at])).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
