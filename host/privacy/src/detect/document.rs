//! Numbers of passports and driving licences: they have no structure of their own, so the words before them decide.

use super::{
    Hit, Text,
    context::{self, Context},
};
use crate::Kind;

const PASSPORT_LENGTHS: std::ops::RangeInclusive<usize> = 6..=10;
const LICENCE_LENGTHS: std::ops::RangeInclusive<usize> = 6..=20;
const DIGITS_MIN: usize = 4;
/// How many letters may stand before the first digit.
const LETTERS_MAX: usize = 8;

/// A document number whose first digit is at `at`.
pub(super) fn find(text: Text<'_>, at: usize, length: usize, context: &mut Context<'_>, out: &mut Vec<Hit>) {
    let next = text.at(at + length);
    if length < DIGITS_MIN && !next.is_ascii_alphanumeric() && next != b'-' {
        return;
    }
    let Some((start, end, letters_and_digits)) = token(text, at) else { return };
    let near = |class: usize, context: &mut Context<'_>| context.has(class, start);
    if PASSPORT_LENGTHS.contains(&(end - start)) && near(context::PASSPORT, context) {
        out.push(Hit::new(Kind::Passport, 0, start, end));
    }
    if LICENCE_LENGTHS.contains(&letters_and_digits) && near(context::LICENCE, context) {
        out.push(Hit::new(Kind::DrivingLicence, 0, start, end));
    }
}

/// Letters and digits, in one piece or in several joined by hyphens, with enough digits among them; and how many they are.
fn token(text: Text<'_>, at: usize) -> Option<(usize, usize, usize)> {
    let letters = (1..=LETTERS_MAX).take_while(|back| text.before(at, *back).is_ascii_alphabetic()).count();
    let mut start = at - letters;
    if text.before(start, 1) == b'\\' && letters > 0 {
        start += 1; // an escape such as `\n`
    }
    let joined = text.before(start, 1) == b'-' && text.before(start, 2).is_ascii_alphanumeric();
    if joined || !text.begins_word(start) {
        return None;
    }
    let (mut end, mut taken, mut digits) = (start, 0, 0);
    while taken <= *LICENCE_LENGTHS.end() {
        let byte = text.at(end);
        if byte.is_ascii_alphanumeric() {
            taken += 1;
            digits += usize::from(byte.is_ascii_digit());
        } else if byte != b'-' || !text.at(end + 1).is_ascii_alphanumeric() {
            break;
        }
        end += 1;
    }
    (taken <= *LICENCE_LENGTHS.end() && digits >= DIGITS_MIN).then_some((start, end, taken))
}
