//! Payment cards: the issuer's range, the lengths it gives out, and the Luhn digit.

use super::{
    Hit, Text,
    context::{self, Context},
};
use crate::Kind;

/// How far behind a number its words may stand.
const AFTER: usize = 24;
/// The longest card number.
const DIGITS_MAX: usize = 19;

/// Issuer ranges by their first six digits, with the shortest and longest number. From the issuers' public tables (ISO/IEC 7812).
const ISSUERS: &[(u32, u32, usize, usize)] = &[
    (60_400, 60_499, 12, 19),   // Maestro
    (180_000, 180_099, 15, 15), // JCB
    (213_100, 213_199, 15, 15), // JCB
    (220_000, 220_499, 16, 19), // Mir
    (222_100, 272_099, 16, 16), // Mastercard
    (300_000, 305_999, 14, 19), // Diners
    (308_800, 312_099, 16, 19), // Diners, JCB
    (315_800, 315_999, 16, 19), // JCB
    (333_700, 334_999, 16, 19), // JCB
    (340_000, 349_999, 15, 15), // American Express
    (350_000, 359_999, 16, 19), // JCB
    (360_000, 369_999, 14, 19), // Diners
    (370_000, 379_999, 15, 15), // American Express
    (380_000, 399_999, 14, 19), // Diners
    (400_000, 499_999, 13, 19), // Visa
    (500_000, 509_999, 12, 19), // Maestro, Verve, Elo
    (510_000, 559_999, 16, 16), // Mastercard
    (560_000, 589_999, 12, 19), // Maestro
    (601_100, 601_199, 16, 19), // Discover
    (603_600, 609_999, 16, 16), // RuPay, Hipercard
    (620_000, 629_999, 16, 19), // UnionPay
    (630_400, 630_499, 12, 19), // Maestro
    (636_000, 639_999, 12, 19), // Maestro, InstaPayment
    (644_000, 659_999, 16, 19), // Discover, RuPay
    (670_000, 679_999, 12, 19), // Maestro
    (979_200, 979_299, 16, 16), // Troy
];

/// The groups that cards are printed in. One length means a group, the sum the number.
const GROUPS: &[&[usize]] = &[&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[4, 4, 4, 1], &[4, 4, 5]];

/// A card that begins at `at`, where a run of `length` digits begins.
pub(super) fn find(text: Text<'_>, at: usize, length: usize, context: &mut Context<'_>) -> Option<Hit> {
    if !matches!(text.at(at), b'0'..=b'6' | b'9') || is_fraction(text, at) {
        return None;
    }
    let end = match length {
        12..=DIGITS_MAX => single(text, at, length),
        4 if matches!(text.digits(at + 5, 7), 4 | 6) => GROUPS.iter().find_map(|groups| grouped(text, at, groups)),
        1 => [16, 15, 14].into_iter().find_map(|count| grouped(text, at, &[1; DIGITS_MAX][..count])),
        _ => None,
    }?;
    // Old cards are as long as the numbers on goods: then the words decide.
    let mut said = || context.has(context::CARD, at) || context.follows(context::CARD, end, AFTER);
    let goods = length == 13 && is_goods(&text.bytes[at..end]) && !said();
    (!goods).then(|| Hit::new(Kind::Card, 0, at, end))
}

/// Whether the check digit of goods holds (GTIN-13).
fn is_goods(digits: &[u8]) -> bool {
    let weigh = |(place, digit): (usize, &u8)| u32::from(digit - b'0') * if place % 2 == 1 { 3 } else { 1 };
    digits.iter().enumerate().map(weigh).sum::<u32>() % 10 == 0
}

/// Whether the digits follow a decimal point.
fn is_fraction(text: Text<'_>, at: usize) -> bool {
    text.before(at, 1) == b'.' && text.before(at, 2).is_ascii_digit()
}

fn single(text: Text<'_>, at: usize, length: usize) -> Option<usize> {
    let end = at + length;
    let goes_on = text.at(end) == b'.' && text.at(end + 1).is_ascii_digit();
    (text.ends_word(end) && !goes_on && is_card(&text.bytes[at..end])).then_some(end)
}

fn grouped(text: Text<'_>, at: usize, groups: &[usize]) -> Option<usize> {
    let separator = text.at(at + groups[0]);
    if !matches!(separator, b' ' | b'-' | b'.' | b'+' | b'_' | b'/') {
        return None;
    }
    // Part of something longer in the same spelling, unless it is only a word away.
    let joins = |byte: u8, next: u8| byte == separator && byte != b' ' && next.is_ascii_alphanumeric();
    if joins(text.before(at, 1), text.before(at, 2)) {
        return None;
    }
    let single_digits = groups[0] == 1;
    if single_digits && text.before(at, 1) == separator && text.before(at, 2).is_ascii_digit() {
        return None;
    }
    let mut digits = [0; DIGITS_MAX];
    let (mut place, mut filled) = (at, 0);
    for (number, group) in groups.iter().enumerate() {
        if number > 0 {
            if text.at(place) != separator {
                return None;
            }
            place += 1;
        }
        if text.digits(place, group + 1) != *group {
            return None;
        }
        digits[filled..filled + group].copy_from_slice(&text.bytes[place..place + group]);
        filled += group;
        place += group;
    }
    let longer = single_digits && text.at(place) == separator && text.at(place + 1).is_ascii_digit();
    let whole = text.ends_word(place) && !joins(text.at(place), text.at(place + 1)) && !longer;
    (whole && is_card(&digits[..filled])).then_some(place)
}

/// Whether digits are a card number.
pub(super) fn is_card(digits: &[u8]) -> bool {
    let first_six = digits.iter().take(6).fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    let issued = ISSUERS.iter().any(|(first, last, least, most)| {
        (*first..=*last).contains(&first_six) && (*least..=*most).contains(&digits.len())
    });
    issued && luhn(digits) && digits.iter().any(|digit| *digit != digits[0])
}

/// The check of ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u8]) -> bool {
    let weigh = |(place, digit): (usize, &u8)| {
        let digit = u32::from(digit - b'0');
        match (place % 2 == 1, digit * 2) {
            (false, _) => digit,
            (true, doubled) if doubled > 9 => doubled - 9,
            (true, doubled) => doubled,
        }
    };
    digits.iter().rev().enumerate().map(weigh).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::is_card;

    #[test]
    fn known_test_numbers_are_cards_and_their_neighbours_are_not() {
        // The numbers that payment providers publish for tests.
        let numbers = [
            "4242424242424242",
            "4000056655665556",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "371449635398431",
            "6011111111111117",
            "3056930009020004",
            "36227206271667",
            "3566002020360505",
            "6200000000000005",
            "4222222222222",
            "6304000000000000",
            "2200000000000053",
        ];
        for number in numbers {
            assert!(is_card(number.as_bytes()), "{number}");
            let (rest, last) = number.split_at(number.len() - 1);
            let next = (last.parse::<u32>().unwrap() + 1) % 10;
            assert!(!is_card(format!("{rest}{next}").as_bytes()), "{rest}{next}");
        }
        for number in ["0000000000000000", "7777777777777773", "1234567890123452"] {
            assert!(!is_card(number.as_bytes()), "{number}");
        }
    }
}
