//! What the filter finds, what it lets pass, and that it does so on every text. The tables are the vectors of `spec/privacy.md`.

mod bounds;
mod credentials;
mod disguises;
mod kinds;
mod modes;
mod repository;
mod sentences;
mod streams;
mod values;

use mpp_privacy::{Direction, Filter, Masker, Modes};

/// The text with everything masked.
fn masked(text: &str) -> String {
    masked_by(&Filter::new(), text)
}

fn masked_by(filter: &Filter, text: &str) -> String {
    Masker::new(filter.clone(), Modes::default()).text(Direction::Result, text).unwrap().into_owned()
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(masked(text), expected, "{text:?}");
}

/// The text holds nothing.
#[track_caller]
fn passes(text: &str) {
    check(text, text);
}
