//! The detectors: one quick pass over the bytes finds where something could be, and a bounded look around each such place decides.
//!
//! Every decision depends on bytes near its place only, never on what was found before; that is what makes streams agree with whole texts.

mod address;
mod card;
mod context;
pub(crate) mod credential;
mod date;
mod document;
mod entropy;
mod iban;
mod literals;
mod number;
mod phone;
mod places;

use crate::{Kind, shadow::marks::Marks};
use context::Context;

/// Something that was found, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) kind: Kind,
    /// Which rule of its kind: an index, for credentials and custom patterns.
    pub(crate) rule: u16,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What it says, when it was found in disguise.
    pub(crate) value: Option<Box<[u8]>>,
}

impl Hit {
    pub(crate) fn new(kind: Kind, rule: usize, start: usize, end: usize) -> Self {
        Self { kind, rule: u16::try_from(rule).unwrap_or(u16::MAX), start, end, value: None }
    }
}

/// A text, and what stood before it: the name of its field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) field: &'a [u8],
}

impl<'a> Text<'a> {
    pub(crate) fn new(bytes: &'a [u8], field: &'a [u8]) -> Self {
        Self { bytes, field }
    }

    /// The byte at a place, or 0 outside.
    fn at(&self, place: usize) -> u8 {
        self.bytes.get(place).copied().unwrap_or(0)
    }

    /// The byte `back` places before, or 0 outside.
    fn before(&self, place: usize, back: usize) -> u8 {
        place.checked_sub(back).map_or(0, |place| self.bytes[place])
    }

    /// Whether a word can begin here: what stands before is no letter or digit, or is the end of an escape such as `\n`.
    fn begins_word(&self, place: usize) -> bool {
        let before = self.before(place, 1);
        !before.is_ascii_alphanumeric() || (b"nrtbf".contains(&before) && self.before(place, 2) == b'\\')
    }

    /// Whether a word can end here.
    fn ends_word(&self, place: usize) -> bool {
        !self.at(place).is_ascii_alphanumeric()
    }

    /// How many digits begin here, at most `most`.
    fn digits(&self, place: usize, most: usize) -> usize {
        let rest = self.bytes.get(place..).unwrap_or_default();
        rest.iter().take(most).take_while(|b| b.is_ascii_digit()).count()
    }
}

/// Everything that is found by its place: numbers, addresses, documents. `marks` notes where a disguise could be.
pub(crate) fn places(text: Text<'_>, mut marks: Option<&mut Marks>, out: &mut Vec<Hit>) {
    let mut context = Context::new(text);
    places::each(text.bytes, |at, byte| place(text, at, byte, &mut context, marks.as_deref_mut(), out));
}

fn place(
    text: Text<'_>,
    at: usize,
    byte: u8,
    context: &mut Context<'_>,
    marks: Option<&mut Marks>,
    out: &mut Vec<Hit>,
) {
    match byte {
        b'0'..=b'9' => number::find(text, at, context, out),
        b':' => out.extend(address::v6(text, at)),
        b'@' => out.extend(address::email(text, at)),
        _ => {
            if let Some(marks) = marks {
                marks.consider(text.bytes, at, byte);
            }
        }
    }
}
