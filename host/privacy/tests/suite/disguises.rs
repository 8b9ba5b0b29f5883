//! Values in disguise are masked where they stand (PRIV-6, PRIV-10 to PRIV-12).

use crate::{check, masked, masked_by, passes};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use mpp_privacy::{Direction, Filter, Masker, Modes};
use std::fmt::Write as _;

const CARD: &str = "4242424242424242";
const IBAN: &str = "GB33BUKB20201555555555";

fn wide(text: &str) -> String {
    text.chars().map(|c| char::from_u32(u32::from(c) - 0x21 + 0xff01).unwrap()).collect()
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "%{byte:02X}").unwrap();
        out
    })
}

#[test]
fn forms_digits_and_format_characters() {
    for (value, label) in
        [(CARD, "CARD"), (IBAN, "IBAN"), ("ada@example.org", "EMAIL"), ("536-90-4399", "SSN"), ("192.0.2.44", "IP")]
    {
        check(&format!("a {} b", wide(value)), &format!("a [{label}#1] b"));
        for between in ["\u{200b}", "\u{200d}", "\u{ad}", "\u{2060}", "\u{feff}", "\u{200b}\u{200c}"] {
            let joined: Vec<_> = value.chars().map(String::from).collect();
            check(&format!("a {} b", joined.join(between)), &format!("a [{label}#1] b"));
        }
    }
    check("٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "[CARD#1]");
    check("4242–4242–4242–4242, 4242\u{a0}4242\u{a0}4242\u{a0}4242", "[CARD#1], [CARD#1]");
    check("4\u{fe0f}\u{20e3}2\u{fe0f}\u{20e3}42 4242 4242 4242", "[CARD#1]");
    passes("ｓｏｍｅ ｗｉｄｅ ｔｅｘｔ １２３ — and “quotes”… naïve 日本語");
}

#[test]
fn encodings() {
    for (value, label) in
        [(CARD, "CARD"), (IBAN, "IBAN"), ("ada@example.org", "EMAIL"), ("536-90-4399", "SSN"), ("192.0.2.44", "IP")]
    {
        let text = format!("it is {value} today");
        check(&format!("a {} b", percent(value)), &format!("a [{label}#1] b"));
        let once = format!("[{label}#1]");
        for encoded in [
            STANDARD.encode(&text),
            URL_SAFE.encode(&text),
            STANDARD_NO_PAD.encode(&text),
            hex(&text),
            hex(&text).to_uppercase(),
        ] {
            for before in ["", "/", "ab", "x/y/"] {
                let masked = masked(&format!("= {before}{encoded} ="));
                assert!(masked.contains(&once), "{value} in {encoded} after {before:?}: {masked}");
                assert!(
                    masked.starts_with(&format!("= {before}{}", &encoded[..4])),
                    "only the finding is masked: {masked}"
                );
            }
        }
    }
    check(r"\u0061da\u0040example.org", "[EMAIL#1]");
    check("ada%40example.org", "[EMAIL#1]");
    check(&STANDARD.encode("ada@example.org"), "[EMAIL#1]");
    // Lines of 76 characters, as mail has them.
    let long =
        STANDARD.encode("some words before it, then ada@example.org, and some more words behind it to fill lines");
    for place in 20..60 {
        let (first, rest) = long.split_at(place.max(40));
        assert!(masked(&format!("{first}\r\n{rest}")).contains("[EMAIL#1]"));
    }
}

#[test]
fn one_value_has_one_number_in_every_spelling() {
    // PRIV-30
    check(
        &format!("{CARD} 4242-4242-4242-4242 {} {}", wide(CARD), percent(CARD)),
        "[CARD#1] [CARD#1] [CARD#1] [CARD#1]",
    );
    check(&format!("Ada@Example.org {}", STANDARD.encode("ada@example.org")), "[EMAIL#1] [EMAIL#1]");
}

#[test]
fn secrets_of_the_host_in_any_encoding() {
    // PRIV-6
    let secret = "p&s/w\"ö 7";
    let filter = Filter::builder().secret(secret.as_bytes()).unwrap().build().unwrap();
    let json = serde_json::Value::from(secret).to_string();
    let plain = [
        secret.to_owned(),
        hex(secret),
        hex(secret).to_uppercase(),
        percent(secret),
        percent(secret).to_lowercase(),
        "p%26s%2Fw%22%C3%B6%207".to_owned(),
        json[1..json.len() - 1].to_owned(),
        "p&amp;s/w&quot;ö 7".to_owned(),
        "\\x70\\x26\\x73\\x2f\\x77\\x22\\xc3\\xb6\\x20\\x37".to_owned(),
        "=70=26=73=2F=77=22=C3=B6=20=37".to_owned(),
    ];
    for spelling in plain {
        assert_eq!(masked_by(&filter, &format!("<{spelling}>")), "<[SECRET#1]>", "{spelling}");
    }
    // Base32: the last character holds bits of what follows.
    assert_eq!(masked_by(&filter, "<OATHGL3XELB3MIBX>"), "<[SECRET#1]>");
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut masker = Masker::new(filter.clone(), Modes::default());
    assert_eq!(*masker.bytes(Direction::Result, &wide).unwrap(), *b"[SECRET#1]");
    for before in ["", "a", "ab", "abc", "abcd"] {
        for engine in [STANDARD, URL_SAFE] {
            let encoded = engine.encode(format!("{before}{secret}, and more"));
            let masked = masked_by(&filter, &encoded);
            assert!(masked.contains("[SECRET#1]"), "{before}: {encoded} became {masked}");
        }
    }
    assert_eq!(masked_by(&filter, "p&s/w"), "p&s/w");

    let binary = Filter::builder().secret(&[0, 159, 146, 150, 255, 1, 2, 3]).unwrap().build().unwrap();
    let mut masker = Masker::new(binary, Modes::default());
    let bytes = [&b"a"[..], &[0, 159, 146, 150, 255, 1, 2, 3], b"b"].concat();
    assert_eq!(*masker.bytes(Direction::Result, &bytes).unwrap(), *b"a[SECRET#1]b");
    assert_eq!(masker.text(Direction::Result, "009f9296ff010203").unwrap(), "[SECRET#2]");
}

#[test]
fn secrets_have_bounds() {
    assert!(Filter::builder().secret(b"abc").is_err());
    assert!(Filter::builder().secret(&[b'x'; 4097]).is_err());
    assert!(Filter::builder().secret(b"abcd").is_ok());
}
