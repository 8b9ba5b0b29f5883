//! International bank account numbers: the country's length and the remainder modulo 97 (ISO 13616).

use super::{Hit, Text};
use crate::Kind;

/// The shortest and the longest number of any country, and how many digits one of an unknown length has at least.
const LENGTH_MIN: usize = 15;
const LENGTH_MAX: usize = 34;
const DIGITS_MIN: usize = 10;

/// The length for each country of the registry (SWIFT, release 100), and of countries that use the form without being in it.
const COUNTRIES: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AO", 25),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BF", 28),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BJ", 28),
    (b"BR", 29),
    (b"BY", 28),
    (b"CF", 27),
    (b"CG", 27),
    (b"CH", 21),
    (b"CI", 28),
    (b"CM", 27),
    (b"CR", 22),
    (b"CV", 25),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"DZ", 26),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GA", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GQ", 27),
    (b"GR", 27),
    (b"GT", 28),
    (b"GW", 25),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IR", 26),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KM", 27),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MA", 28),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MG", 27),
    (b"MK", 19),
    (b"ML", 28),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"MZ", 25),
    (b"NE", 28),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SN", 28),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TD", 27),
    (b"TG", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// An account number whose check digits begin at `at`, after the two letters of its country.
pub(super) fn find(text: Text<'_>, at: usize) -> Option<Hit> {
    let start = at.checked_sub(2)?;
    let country = [text.at(start).to_ascii_uppercase(), text.at(start + 1).to_ascii_uppercase()];
    if !country.iter().all(u8::is_ascii_uppercase) || !text.begins_word(start) || text.digits(at, 2) != 2 {
        return None;
    }
    let found = COUNTRIES.binary_search_by_key(&&country, |(country, _)| country).ok()?;
    let end = holds(text, start, COUNTRIES[found].1).or_else(|| of_another_length(text, start))?;
    Some(Hit::new(Kind::Iban, 0, start, end))
}

/// Where `length` characters end that begin at `start`, when the remainder holds.
fn holds(text: Text<'_>, start: usize, length: usize) -> Option<usize> {
    let separator = text.at(start + 4);
    let separator = matches!(separator, b' ' | b'-' | b'+').then_some(separator);
    let (mut place, mut remainder, mut head) = (start, 0, 0);
    for taken in 0..length {
        if taken > 0 && taken % 4 == 0 && separator.is_some() && separator == Some(text.at(place)) {
            place += 1;
        }
        let value = value(text.at(place))?;
        place += 1;
        // The first four characters count last.
        let target = if taken < 4 { &mut head } else { &mut remainder };
        *target = push(*target, value);
    }
    // Two letters count as two digits each, so that the head has six.
    let whole = (remainder * 1_000_000 + head) % 97;
    (whole == 1 && text.ends_word(place)).then_some(place)
}

/// A run of another length than the country's: some programs make such ones, and the remainder holds by chance once in 97 times only.
fn of_another_length(text: Text<'_>, start: usize) -> Option<usize> {
    let run = text.bytes[start..].iter().take(LENGTH_MAX + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let run_bytes = &text.bytes[start..start + run];
    let digits = run_bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    ((LENGTH_MIN..=LENGTH_MAX).contains(&run) && digits >= DIGITS_MIN).then(|| holds(text, start, run)).flatten()
}

/// `A` is 10, `Z` is 35.
fn value(byte: u8) -> Option<u64> {
    char::from(byte).to_digit(36).map(u64::from)
}

fn push(number: u64, value: u64) -> u64 {
    (number * if value < 10 { 10 } else { 100 } + value) % 97
}

#[cfg(test)]
mod tests {
    use super::{COUNTRIES, Text, find};

    fn check(text: &str, expected: Option<&str>) {
        let found = (0..text.len())
            .filter(|at| text.is_char_boundary(*at))
            .find_map(|at| find(Text::new(text.as_bytes(), b""), at));
        assert_eq!(found.map(|hit| &text[hit.start..hit.end]), expected, "{text}");
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(COUNTRIES.is_sorted_by_key(|(country, _)| *country));
    }

    #[test]
    fn the_registry_s_examples_are_found_in_each_spelling() {
        for iban in [
            "GB33BUKB20201555555555",
            "DE89370400440532013000",
            "FR1420041010050500013M02606",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "CH9300762011623852957",
            "SA0380000000608010167519",
            "PL61109010140000071219812874",
        ] {
            check(&format!("to {iban}."), Some(iban));
            check(&format!("to {}.", iban.to_lowercase()), Some(&iban.to_lowercase()));
            for separator in [" ", "-"] {
                let groups: Vec<_> =
                    iban.as_bytes().chunks(4).map(|group| std::str::from_utf8(group).unwrap()).collect();
                let spaced = groups.join(separator);
                check(&format!("to {spaced}, today"), Some(&spaced));
            }
            let mut wrong = iban.to_owned().into_bytes();
            let last = wrong.last_mut().unwrap();
            *last = if *last == b'1' { b'2' } else { b'1' };
            check(std::str::from_utf8(&wrong).unwrap(), None);
            check(&format!("X{iban}"), None);
            check(&format!("{iban}0"), None);
        }
        check("ZZ33BUKB20201555555555", None);
    }
}
