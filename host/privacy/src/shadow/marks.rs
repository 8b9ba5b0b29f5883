//! Where a text could be disguised, and the stretches around these places that are looked at again in their normal form.

use super::{character, chars, chars::Class, escape, percent};
use std::ops::Range;

/// How far around a disguise the normal form is looked at. What needs more than this is not found in disguise.
pub(crate) const AROUND: usize = 512;

/// The stretches, in rising order, without overlap.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    stretches: Vec<Range<usize>>,
}

impl Marks {
    /// Notes a place whose byte could begin a disguise.
    pub(crate) fn consider(&mut self, bytes: &[u8], at: usize, byte: u8) {
        let part = &bytes[at..];
        let length = match byte {
            b'%' => percent(part).map(|_| 3),
            b'\\' => escape(part).map(|_| 6),
            _ => disguise(bytes, at),
        };
        if let Some(length) = length {
            self.add(at.saturating_sub(AROUND), (at + length + AROUND).min(bytes.len()));
        }
    }

    fn add(&mut self, start: usize, end: usize) {
        match self.stretches.last_mut() {
            Some(last) if last.end >= start => last.end = end,
            _ => self.stretches.push(start..end),
        }
    }

    /// The stretches, each beginning and ending with whole characters.
    pub(crate) fn stretches<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        let inside = |place: usize| bytes.get(place).is_some_and(|byte| (0x80..0xc0).contains(byte));
        let whole = move |place: usize| (place..place + 4).find(|place| !inside(*place)).unwrap_or(place);
        self.stretches.iter().map(move |stretch| whole(stretch.start)..whole(stretch.end).min(bytes.len()))
    }
}

/// How long the character at a place is when it is a disguise.
fn disguise(bytes: &[u8], at: usize) -> Option<usize> {
    let character = character(&bytes[at..])?;
    let length = character.len_utf8();
    let digit = |place: Option<usize>| place.and_then(|place| bytes.get(place)).is_some_and(u8::is_ascii_digit);
    let disguised = match chars::class(character) {
        Class::Other => false,
        Class::Gone | Class::Strong => true,
        Class::Mark | Class::Weak => digit(at.checked_sub(1)) || digit(Some(at + length)),
    };
    disguised.then_some(length)
}
