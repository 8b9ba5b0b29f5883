//! Customer numbers: `CN-` and eight digits, of which the last is the check digit of the others.
//!
//! The check digit is why this is a filter and not a pattern in policy.toml: one number in ten that looks like a customer's is one.

use std::ops::Range;

const PREFIX: &[u8] = b"CN-";
const DIGITS: usize = 8;

/// Where customer numbers stand in a text. Each is decided about by its own bytes and the ones beside it.
pub fn find(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let length = PREFIX.len() + DIGITS;
    let windows = text.windows(length).enumerate();
    windows.filter_map(move |(start, window)| {
        let digits = window.strip_prefix(PREFIX)?;
        let end = start + length;
        let before = start.checked_sub(1).map(|place| text[place]);
        let is_whole = !is_word(before) && !is_word(text.get(end).copied());
        (is_whole && is_checked(digits)).then_some(start..end)
    })
}

fn is_word(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// The digits, weighted 1 to 8 from the left, add up to a multiple of 11.
fn is_checked(digits: &[u8]) -> bool {
    let weighted =
        (1..).zip(digits).map(|(weight, byte)| byte.is_ascii_digit().then(|| weight * u32::from(byte - b'0')));
    weighted.sum::<Option<u32>>().is_some_and(|sum| sum % 11 == 0)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<_> = find(text.as_bytes()).map(|span| &text[span]).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn numbers_whose_check_digit_holds_are_found() {
        check("ask CN-27182812 and CN-00000000.", &["CN-27182812", "CN-00000000"]);
        check("CN-27182812,CN-27182812", &["CN-27182812", "CN-27182812"]);
    }

    #[test]
    fn other_numbers_are_not() {
        for text in
            ["CN-27182813", "CN-2718281", "CN-271828120", "XCN-27182812", "cn-27182812", "CN-2718281a", "CN-", ""]
        {
            check(text, &[]);
        }
    }
}
