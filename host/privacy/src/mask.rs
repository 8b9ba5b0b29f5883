//! Masking: what stands in the place of a finding (PRIV-30 to PRIV-33). One masker for each call, so that numbers are stable in it.

use crate::{
    Blocked, Counts, Direction, Filter, Kind, Modes,
    detect::{Hit, Text},
    finding::{Settled, settle},
    sealed::Sealer,
    shadow::Shadow,
};
use std::{
    borrow::Cow,
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

/// Masks the texts of one call.
///
/// ```
/// use mpp_privacy::{Direction, Filter, Kind, Masker, Modes};
///
/// let mut masker = Masker::new(Filter::new(), Modes::default());
/// let masked = masker.text(Direction::Result, "ask ada@example.org or bob@example.org")?;
/// assert_eq!(masked, "ask [EMAIL#1] or [EMAIL#2]");
///
/// // The same value has the same number in the whole call, wherever it goes.
/// let masked = masker.text(Direction::Log, "wrote to bob@example.org from 192.0.2.7")?;
/// assert_eq!(masked, "wrote to [EMAIL#2] from [IP#1]");
/// assert_eq!(masker.masked().of(Kind::Email), 3);
/// # Ok::<(), mpp_privacy::Blocked>(())
/// ```
#[derive(Debug)]
pub struct Masker {
    filter: Filter,
    modes: Modes,
    sealer: Option<Sealer>,
    numbers: Arc<Mutex<Numbers>>,
    masked: Counts,
    reported: Counts,
}

impl Masker {
    /// A masker that writes numbered placeholders.
    pub fn new(filter: Filter, modes: Modes) -> Self {
        let (masked, reported) = (Counts::default(), Counts::default());
        Self { filter, modes, sealer: None, numbers: Arc::default(), masked, reported }
    }

    /// A masker of other modes that goes on with the numbers of this one: for a call that is made within a call.
    ///
    /// ```
    /// # use mpp_privacy::{Direction, Filter, Masker, Modes};
    /// let mut outer = Masker::new(Filter::new(), Modes::default());
    /// let mut inner = outer.within(Modes::default());
    /// assert_eq!(inner.text(Direction::Result, "ada@example.org")?, "[EMAIL#1]");
    /// assert_eq!(outer.text(Direction::Result, "bob@example.org")?, "[EMAIL#2]");
    /// # Ok::<(), mpp_privacy::Blocked>(())
    /// ```
    #[must_use]
    pub fn within(&self, modes: Modes) -> Self {
        let numbers = Arc::clone(&self.numbers);
        Self { numbers, sealer: self.sealer.clone(), ..Self::new(self.filter.clone(), modes) }
    }

    /// Goes on with another filter, for instance one that knows one secret more.
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
    }

    /// Writes tokens that the holder of the key can turn back, in place of numbers (PRIV-31): in results, which is where an agent gets what it
    /// passes on. Secrets and credentials still get numbers.
    #[must_use]
    pub fn sealed_by(mut self, sealer: Sealer) -> Self {
        self.sealer = Some(sealer);
        self
    }

    /// The modes in force.
    pub fn modes(&self) -> &Modes {
        &self.modes
    }

    /// What was masked until now, by kind.
    pub fn masked(&self) -> &Counts {
        &self.masked
    }

    /// What was found and left as it is, by kind.
    pub fn reported(&self) -> &Counts {
        &self.reported
    }

    /// Masks a text.
    ///
    /// # Errors
    /// The text must not leave.
    pub fn text<'a>(&mut self, direction: Direction, text: &'a str) -> Result<Cow<'a, str>, Blocked> {
        self.text_of(direction, "", text)
    }

    /// Masks the text of a field: the name of the field counts as words beside it (PRIV-3).
    ///
    /// # Errors
    /// The text must not leave.
    pub fn text_of<'a>(&mut self, direction: Direction, field: &str, text: &'a str) -> Result<Cow<'a, str>, Blocked> {
        Ok(match self.bytes_of(direction, field, text.as_bytes())? {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Findings begin and end with whole characters, except secrets that do not.
            Cow::Owned(bytes) => Cow::Owned(
                String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
            ),
        })
    }

    /// Masks bytes, which need not be UTF-8.
    ///
    /// # Errors
    /// The bytes must not leave.
    pub fn bytes<'a>(&mut self, direction: Direction, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, Blocked> {
        self.bytes_of(direction, "", bytes)
    }

    /// Masks the bytes of a field.
    ///
    /// # Errors
    /// The bytes must not leave.
    pub fn bytes_of<'a>(
        &mut self,
        direction: Direction,
        field: &str,
        bytes: &'a [u8],
    ) -> Result<Cow<'a, [u8]>, Blocked> {
        if self.modes.is_off(direction) {
            return Ok(Cow::Borrowed(bytes));
        }
        let settled = self.settle(direction, Text::new(bytes, field.as_bytes()), 0)?;
        settled.reported.iter().for_each(|hit| self.reported.add(hit.kind));
        if settled.masked.is_empty() {
            return Ok(Cow::Borrowed(bytes));
        }
        let mut out = Vec::with_capacity(bytes.len() + settled.masked.len() * 4);
        self.write(direction, bytes, 0..bytes.len(), &settled.masked, &mut out);
        Ok(Cow::Owned(out))
    }

    /// Which kind would be masked first in a text that cannot be masked, such as a name: whoever asks does not send it. Counts what is only
    /// reported.
    ///
    /// # Errors
    /// The text must not leave.
    pub fn first_masked(&mut self, direction: Direction, field: &str, bytes: &[u8]) -> Result<Option<Kind>, Blocked> {
        if self.modes.is_off(direction) {
            return Ok(None);
        }
        let settled = self.settle(direction, Text::new(bytes, field.as_bytes()), 0)?;
        settled.reported.iter().for_each(|hit| self.reported.add(hit.kind));
        Ok(settled.masked.first().map(|hit| hit.kind))
    }

    pub(crate) fn settle(&self, direction: Direction, text: Text<'_>, from: usize) -> Result<Settled, Blocked> {
        settle(self.filter.hits(text, from)?, &self.modes, direction)
    }

    pub(crate) fn count_reported(&mut self, hit: &Hit) {
        self.reported.add(hit.kind);
    }

    /// Counts something that was replaced by other means than a placeholder.
    pub(crate) fn count_masked(&mut self, kind: Kind) {
        self.masked.add(kind);
    }

    /// Writes a part of a text with the findings in it replaced.
    pub(crate) fn write(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        part: std::ops::Range<usize>,
        hits: &[Hit],
        out: &mut Vec<u8>,
    ) {
        let mut place = part.start;
        for hit in hits {
            out.extend_from_slice(&bytes[place..hit.start]);
            self.replace(direction, hit, &bytes[hit.start..hit.end], out);
            self.masked.add(hit.kind);
            place = hit.end;
        }
        out.extend_from_slice(&bytes[place..part.end]);
    }

    fn replace(&mut self, direction: Direction, hit: &Hit, original: &[u8], out: &mut Vec<u8>) {
        let label = self.filter.label(hit);
        let is_open = !matches!(hit.kind, Kind::Secret | Kind::Credential) && direction == Direction::Result;
        match self.sealer.as_ref().filter(|_| is_open) {
            Some(sealer) => sealer.seal(label, original, out),
            None => {
                let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
                let number = numbers.of(label, &normal(hit, original));
                // Writing to memory does not fail.
                let _ = write!(out, "[{label}#{number}]");
            }
        }
    }
}

/// What a finding says, whatever its spelling.
fn normal<'a>(hit: &'a Hit, original: &'a [u8]) -> Cow<'a, [u8]> {
    let plain = || original.iter().all(|byte| byte.is_ascii() && *byte != b'%' && *byte != b'\\');
    let value = match &hit.value {
        Some(value) => Cow::Borrowed(&**value),
        None if plain() => Cow::Borrowed(original),
        None => Cow::Owned(Shadow::of(original, 0..original.len()).bytes),
    };
    match hit.kind {
        Kind::Card | Kind::Iban | Kind::UsSsn | Kind::Phone => {
            Cow::Owned(value.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect())
        }
        Kind::Email | Kind::Ip => Cow::Owned(value.to_ascii_lowercase()),
        _ => value,
    }
}

/// The numbers of the values of one call. Values are kept as keyed digests of 128 bits only.
#[derive(Debug, Default)]
struct Numbers {
    keys: [RandomState; 2],
    numbers: HashMap<(u64, u64), u32>,
    last: HashMap<String, u32>,
}

impl Numbers {
    fn of(&mut self, label: &str, value: &[u8]) -> u32 {
        let key = (self.keys[0].hash_one((label, value)), self.keys[1].hash_one((label, value)));
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = match self.last.get_mut(label) {
            Some(last) => {
                *last += 1;
                *last
            }
            None => {
                self.last.insert(label.to_owned(), 1);
                1
            }
        };
        self.numbers.insert(key, number);
        number
    }
}
