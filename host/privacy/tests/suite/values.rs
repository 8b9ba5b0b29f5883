//! Values of any shape (PRIV-3, PRIV-32).

use mpp_privacy::{Direction, Filter, Kind, Masker, Modes};
use serde_json::{Value, json};

fn check(mut value: Value, expected: Value) {
    Masker::new(Filter::new(), Modes::default()).value(Direction::Result, &mut value).unwrap();
    assert_eq!(value, expected);
}

#[test]
fn every_text_of_a_value_is_masked_and_its_shape_stays() {
    check(
        json!({"a": [{"b": "to ada@example.org"}, null, true, 1.5], "ada@example.org": "192.0.2.44"}),
        json!({"a": [{"b": "to [EMAIL#1]"}, null, true, 1.5], "[EMAIL#1]": "[IP#1]"}),
    );
}

#[test]
fn the_name_of_a_field_counts_as_words_beside_it() {
    check(
        json!({"phone": "5550134", "count": "5550134", "dateOfBirth": "1940-03-23", "when": "1940-03-23", "homePhone": ["5550135"]}),
        json!({"phone": "[PHONE#1]", "count": "5550134", "dateOfBirth": "[BIRTH-DATE#1]", "when": "1940-03-23", "homePhone": ["[PHONE#2]"]}),
    );
    let password = ["c0rr3ct", "-horse"].concat();
    check(
        json!({"password": password.clone(), "note": password.clone()}),
        json!({"password": "[CREDENTIAL#1]", "note": password}),
    );
}

#[test]
fn whole_numbers_become_zero() {
    check(json!({"float": 4_242_424_242_424_242.0, "half": 4_242_424.5}), json!({"float": 0, "half": 4_242_424.5}));
    check(
        json!({"card": 4_242_424_242_424_242_u64, "id": 4_242_424_242_424_241_u64, "phone": 4_155_550_134_u64, "n": -5}),
        json!({"card": 0, "id": 4_242_424_242_424_241_u64, "phone": 0, "n": -5}),
    );
}

#[test]
fn numbers_of_a_call_run_through_all_its_texts() {
    let mut masker = Masker::new(Filter::new(), Modes::default());
    let mut value = json!(["a@example.org", "b@example.org"]);
    masker.value(Direction::Result, &mut value).unwrap();
    assert_eq!(masker.text(Direction::Log, "b@example.org c@example.org").unwrap(), "[EMAIL#2] [EMAIL#3]");
    assert_eq!(masker.masked().of(Kind::Email), 4);
}

#[test]
fn secrets_can_be_learnt_later_and_are_found_from_then_on() {
    // PRIV-6
    let filter = Filter::builder().pattern("STAFF-ID", r"\bE-[0-9]{6}\b").unwrap().build().unwrap();
    let mut masker = Masker::new(filter.clone(), Modes::default());
    let text = "E-123456 says: correct horse";
    assert_eq!(masker.text(Direction::Log, text).unwrap(), "[STAFF-ID#1] says: correct horse");
    let long = "0123456789abcdef".repeat(600);
    masker.set_filter(filter.with_secrets([&b"correct horse"[..], b"abc", long.as_bytes()]).unwrap());
    assert_eq!(masker.text(Direction::Log, text).unwrap(), "[STAFF-ID#1] says: [SECRET#1]");
    let masked = masker.text(Direction::Log, &long).unwrap().into_owned();
    assert!(masked.len() < 100 && masked.starts_with("[SECRET#"), "{masked}");
    assert_eq!(masker.text(Direction::Log, "abc").unwrap(), "abc");
}

#[test]
fn what_cannot_be_masked_is_told_instead() {
    let mut modes = Modes::default();
    modes.set(Direction::Http, Kind::Phone, mpp_privacy::Mode::Off);
    let mut masker = Masker::new(Filter::new(), modes);
    let mut first = |text: &str| masker.first_masked(Direction::Http, "", text.as_bytes()).unwrap();
    assert_eq!(first("x-ada@example.org"), Some(Kind::Email));
    assert_eq!(first("call 555 0134"), None);
    assert_eq!(masker.masked().total(), 0);
}
