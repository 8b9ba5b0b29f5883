//! Chapter `privacy`: what must be masked however it is cut and disguised, what must pass, and what blocks.
//!
//! The masked texts are written by hand. The table *Cases* of `spec/privacy.md` says which cases each refusal has; none may be without.

use super::case::Case;
use crate::{
    findings::{Finding, Findings},
    tree::Tree,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const MASK: &str = "privacy.mask";
const CHAPTER: &str = "privacy/";
const PAGE: &str = "spec/privacy.md";

const CARD: &str = "4242424242424242";
const PRINTED_CARD: &str = "4242 4242 4242 4242";
const IBAN: &str = "GB33BUKB20201555555555";
const SECRET: &str = "p&s/w\"ö 7";

/// The chapter.
pub(super) fn cases() -> Vec<Case> {
    [cuts(), disguises(), secrets(), passing(), modes(), endless(), blocking()].concat()
}

fn case(name: &str, why: &'static str, text: impl Into<Vec<u8>>) -> Case {
    Case::good(&format!("{CHAPTER}{name}"), why, MASK).file("text", "text", text).value("direction", "result")
}

fn masks(name: &str, why: &'static str, text: impl Into<Vec<u8>>, masked: &str) -> Case {
    case(name, why, text).giving("text", masked.to_owned())
}

fn passes(name: &str, why: &'static str, text: &str) -> Case {
    masks(name, why, text, text)
}

/// A card and an IBAN that reach a stream in two pieces, cut at every place.
fn cuts() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, value, label, why) in [
        ("card", CARD, "CARD", "a card that reaches a stream in two pieces (PRIV-42)"),
        ("printed-card", PRINTED_CARD, "CARD", "a card in its groups that reaches a stream in two pieces (PRIV-42)"),
        ("iban", IBAN, "IBAN", "an IBAN that reaches a stream in two pieces (PRIV-42)"),
    ] {
        let (text, masked) = (format!("to {value}, please"), format!("to [{label}#1], please"));
        cases.extend((0..=value.len()).map(|place| {
            masks(&format!("{name}-cut-{place:02}"), why, text.as_str(), &masked).value("cut", 3 + place)
        }));
    }
    cases
}

fn disguises() -> Vec<Case> {
    let wide: String = CARD.chars().filter_map(|digit| char::from_u32(u32::from(digit) - 0x21 + 0xff01)).collect();
    let joined = CARD.chars().map(String::from).collect::<Vec<_>>();
    let percent = CARD.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02X}");
        text
    });
    let hex = CARD.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let mut cases = vec![
        masks("full-width", "full-width digits (PRIV-10)", format!("to {wide}."), "to [CARD#1]."),
        masks("arabic-digits", "digits of another script (PRIV-10)", "to ٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢.", "to [CARD#1]."),
        masks("percent", "every digit percent-encoded (PRIV-11)", format!("to {percent}."), "to [CARD#1]."),
        masks("percent-at", "an address as a form sends it (PRIV-11)", "to ada%40example.org.", "to [EMAIL#1]."),
        masks("hexadecimal", "the digits as hexadecimal bytes (PRIV-11)", format!("to {hex}."), "to [CARD#1]."),
        masks("base64", "the digits in base64 (PRIV-11)", format!("to {}.", STANDARD.encode(CARD)), "to [CARD#1]."),
        masks(
            "escapes",
            "an address as JSON may write it (PRIV-11)",
            r"to \u0061da\u0040example.org.",
            "to [EMAIL#1].",
        ),
    ];
    for (name, between) in [
        ("zero-width-space", "\u{200b}"),
        ("zero-width-joiner", "\u{200d}"),
        ("soft-hyphen", "\u{ad}"),
        ("word-joiner", "\u{2060}"),
        ("byte-order-mark", "\u{feff}"),
    ] {
        let why = "characters that nobody sees between the digits (PRIV-10)";
        cases.push(masks(name, why, format!("to {}.", joined.join(between)), "to [CARD#1]."));
    }
    cases
}

/// The host's own secret, as it is and in each encoding that something might put it into.
fn secrets() -> Vec<Case> {
    let spellings = [
        ("plain", SECRET.to_owned()),
        ("hexadecimal", "702673 2f7722c3b62037".replace(' ', "")),
        ("hexadecimal-capitals", "7026732F7722C3B62037".to_owned()),
        ("percent", "p%26s%2Fw%22%C3%B6%207".to_owned()),
        ("json", "p&s/w\\\"ö 7".to_owned()),
        ("xml", "p&amp;s/w&quot;ö 7".to_owned()),
        ("c", "\\x70\\x26\\x73\\x2f\\x77\\x22\\xc3\\xb6\\x20\\x37".to_owned()),
        ("quoted-printable", "=70=26=73=2F=77=22=C3=B6=20=37".to_owned()),
    ];
    let why = "a secret of the host in an encoding (PRIV-6)";
    let told = |case: Case| case.value("secrets", json!([SECRET]));
    let mut cases: Vec<_> = spellings
        .into_iter()
        .map(|(name, text)| masks(&format!("secret-{name}"), why, format!("<{text}>"), "<[SECRET#1]>"))
        .map(told)
        .collect();
    // Three bytes are one group: at each place of a group it looks different, and a character that holds bits of something else as well stays.
    for (before, masked) in
        [("", "[SECRET#1]w=="), ("a", "YX[SECRET#1]c="), ("ab", "YWJ[SECRET#1]"), ("abc", "YWJj[SECRET#1]w==")]
    {
        let text = STANDARD.encode(format!("{before}{SECRET}"));
        cases.push(told(masks(&format!("secret-base64-{}", before.len()), why, text, masked)));
    }
    cases
}

fn passing() -> Vec<Case> {
    vec![
        passes("luhn-invalid", "a number whose check digit does not hold is no card (PRIV-2)", "to 4242424242424243."),
        passes("iban-invalid", "a remainder other than 1 is no IBAN (PRIV-2)", "to GB34BUKB20201555555555."),
        passes("version", "a version is no address (PRIV-2)", "version 10.4.22.301 of the driver"),
        passes("uuid", "a UUID is no finding (PRIV-2)", "job 4242c9d1-4242-4242-8242-424242424242"),
        passes(
            "digest",
            "a digest is no finding (PRIV-2)",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ),
        passes("too-many-format-characters", "33 format characters separate (PRIV-12)", &{
            format!("424242424242{}4242", "\u{200b}".repeat(33))
        }),
    ]
}

fn modes() -> Vec<Case> {
    let text = "ada@example.org, 192.0.2.44";
    let with = |case: Case, modes: serde_json::Value| case.value("modes", json!({ "result": modes }));
    let off = masks("mode-off", "what is off is left as it is (PRIV-20)", text, "ada@example.org, [IP#1]");
    let report = masks("mode-report", "what is reported is left as it is (PRIV-20)", text, "ada@example.org, [IP#1]");
    let all = passes("mode-all-off", "`all` is every kind, and a kind goes before it (PRIV-23)", "192.0.2.44");
    let block = Case::bad(
        "privacy/mode-block",
        "one finding of a kind that is blocked lets nothing out (PRIV-20)",
        MASK,
        "privacy/mode-report",
        "pii.blocked",
    );
    let block = block.file("text", "text", text).value("direction", "result");
    vec![
        with(off, json!({ "email": "off" })),
        with(report, json!({ "email": "report" })),
        with(all, json!({ "all": "off", "email": "block" })),
        with(block, json!({ "email": "block" })),
    ]
}

/// Rows of what is nearly a finding, a mebibyte long: each would take hours if its time were the square of its length.
fn endless() -> Vec<Case> {
    let why = "a mebibyte of what is nearly a finding ends in time (PRIV-41)";
    let rows =
        [("addresses", "a@"), ("tokens", "eyJ."), ("passwords", "password="), ("prefixes", "-sk-"), ("words", "word ")];
    let case = |(name, row): (&str, &str)| {
        let times = (1 << 20) / row.len();
        let digest = Sha256::digest(row.repeat(times)).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        case(&format!("row-of-{name}"), why, row).value("times", times).giving("digest", digest)
    };
    rows.into_iter().map(case).collect()
}

/// What no detector can decide about within its bounds.
fn blocking() -> Vec<Case> {
    let chain = |times: usize| format!("a@b.co{}", "@b.co".repeat(times));
    let short = masks("chain-short", "addresses that overlap are one finding (PRIV-5)", chain(3), "[EMAIL#1]");
    let bad = |name: &str, why, times: usize, text: String| {
        Case::bad(&format!("{CHAPTER}{name}"), why, MASK, "privacy/chain-short", "pii.blocked")
            .file("text", "text", text)
            .value("direction", "result")
            .value("times", times)
    };
    vec![
        short,
        bad(
            "chain-endless",
            "one finding of more than 16 KiB lets nothing out (PRIV-4, PRIV-40)",
            10_000,
            "@b.co".to_owned(),
        ),
        bad("text-too-long", "a text of more than 8 MiB lets nothing out (PRIV-40)", (8 << 20) + 1, "x".to_owned()),
    ]
}

/// Each row of the page's table of refusals has a case, and each case stands in one.
pub(super) fn check(tree: &Tree, cases: &[Case]) -> anyhow::Result<Findings> {
    let page = tree.text(PAGE)?.unwrap_or_default();
    let names: Vec<_> = cases.iter().filter_map(|case| case.name.strip_prefix(CHAPTER)).collect();
    Ok(compare(&page, &names))
}

fn compare(page: &str, cases: &[&str]) -> Findings {
    let rows = page.lines().skip_while(|line| *line != "## Cases").skip(1).take_while(|line| !line.starts_with("## "));
    let rows: Vec<&str> = rows.filter(|line| line.starts_with("| ")).skip(1).collect();
    let named = |row: &str| -> Vec<String> { row.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let fits = |pattern: &str, case: &str| match pattern.strip_suffix('*') {
        Some(begin) => case.starts_with(begin),
        None => case == pattern,
    };
    let mut findings = Findings::new();
    if rows.is_empty() {
        findings.push(Finding::new(PAGE, "has no table of cases", "add it below `## Cases`"));
    }
    for row in &rows {
        let patterns = named(row);
        let missing = patterns.iter().find(|pattern| !cases.iter().any(|case| fits(pattern, case)));
        match missing {
            _ if patterns.is_empty() => {
                findings.push(Finding::new(PAGE, format!("`{row}` has no case"), "write one in xtask"))
            }
            Some(pattern) => {
                findings.push(Finding::new(
                    PAGE,
                    format!("there is no case `{pattern}`"),
                    "write it in xtask, or name another",
                ));
            }
            None => {}
        }
    }
    let is_named = |case: &str| rows.iter().any(|row| named(row).iter().any(|pattern| fits(pattern, case)));
    let lost = cases.iter().filter(|case| !is_named(case));
    findings.extend(
        lost.map(|case| {
            Finding::new(PAGE, format!("no row names the case `{case}`"), "add it to a row below `## Cases`")
        }),
    );
    findings
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn a_refusal_without_a_case_is_found_and_a_case_without_a_refusal() {
        let page = |rows: &str| {
            format!("# P\n\n## Cases\n\n| refusal | cases |\n|---|---|\n{rows}\n## More\n\n| not | `here` |\n")
        };
        let whole = page("| cut | `card-*` |\n| wide | `wide`, `wider` |\n");
        let cases = ["card-1", "card-2", "wide", "wider"];
        assert_eq!(compare(&whole, &cases), []);
        assert_eq!(compare(&whole, &cases[..3]).len(), 1, "a name without a case");
        assert_eq!(compare(&whole, &cases[2..]).len(), 1, "a pattern without a case");
        assert_eq!(compare(&page("| cut | `card-*` |\n| wide | |\n"), &cases[..2]).len(), 1, "a row without a name");
        assert_eq!(compare(&page("| cut | `card-*` |\n"), &cases[..3]).len(), 1, "a case without a row");
        assert!(!compare("# P\n", &[]).is_empty(), "no table");
    }
}
