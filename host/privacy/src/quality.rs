//! How good the filter is on sentences whose findings are known: how many it finds, and how many of its findings are right.

use crate::{Blocked, Filter, Kind};
use serde_json::Value;
use std::{collections::BTreeMap, ops::Range};

/// A text with what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The text.
    pub text: String,
    /// What stands where, in bytes.
    pub labels: Vec<(Kind, Range<usize>)>,
}

/// How good the filter is on one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    /// Labels that a finding of their kind covers from end to end.
    pub found: u64,
    /// Labels that are not found.
    pub missed: u64,
    /// Findings that meet a label of their kind.
    pub right: u64,
    /// Findings that meet none.
    pub wrong: u64,
}

impl Score {
    /// The part of the labels that was found; nothing without labels.
    pub fn recall(&self) -> Option<f64> {
        share(self.found, self.missed)
    }

    /// The part of the findings that is right; nothing without findings.
    pub fn precision(&self) -> Option<f64> {
        share(self.right, self.wrong)
    }
}

fn share(part: u64, rest: u64) -> Option<f64> {
    let whole = part + rest;
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A label that was missed, or a finding that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The kind.
    pub kind: Kind,
    /// Which text, counted from 0.
    pub text: usize,
    /// Where.
    pub span: Range<usize>,
    /// Whether it was missed; otherwise it is a finding where nothing is.
    pub missed: bool,
}

/// The score of each kind, and every mistake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quality {
    /// The kinds that were labelled or found.
    pub scores: BTreeMap<Kind, Score>,
    /// In the order of the texts.
    pub mistakes: Vec<Mistake>,
}

/// Runs the filter over labelled texts.
///
/// ```
/// use mpp_privacy::{Filter, Kind, quality::{self, measure}};
///
/// let texts = quality::read(r#"[{"text": "mail ada@example.org", "spans": [{"kind": "email", "start": 5, "end": 20}]}]"#)?;
/// let score = measure(&Filter::new(), &texts).unwrap().scores[&Kind::Email];
/// assert_eq!((score.recall(), score.precision()), (Some(1.0), Some(1.0)));
/// # Ok::<(), mpp_privacy::quality::ReadError>(())
/// ```
///
/// # Errors
/// The filter blocks a text.
pub fn measure(filter: &Filter, texts: &[Labelled]) -> Result<Quality, Blocked> {
    let mut quality = Quality::default();
    for (number, labelled) in texts.iter().enumerate() {
        let findings = filter.find(labelled.text.as_bytes())?;
        for (kind, span) in &labelled.labels {
            let covers = |found: &Range<usize>| found.start <= span.start && found.end >= span.end;
            let found = findings.iter().any(|finding| finding.kind == *kind && covers(&finding.span));
            let score = quality.scores.entry(*kind).or_default();
            *(if found { &mut score.found } else { &mut score.missed }) += 1;
            if !found {
                quality.mistakes.push(Mistake { kind: *kind, text: number, span: span.clone(), missed: true });
            }
        }
        for finding in findings {
            let meets = |label: &Range<usize>| label.start < finding.span.end && finding.span.start < label.end;
            let right = labelled.labels.iter().any(|(kind, span)| *kind == finding.kind && meets(span));
            let score = quality.scores.entry(finding.kind).or_default();
            *(if right { &mut score.right } else { &mut score.wrong }) += 1;
            if !right {
                quality.mistakes.push(Mistake { kind: finding.kind, text: number, span: finding.span, missed: false });
            }
        }
    }
    Ok(quality)
}

/// Why labelled texts cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Neither a JSON array nor a JSON object on each line.
    #[error("the labelled texts are no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// An entry is not as expected.
    #[error("the labelled text {number} {wrong}")]
    Entry {
        /// Which, counted from 0.
        number: usize,
        /// What is wrong with it.
        wrong: &'static str,
    },
}

/// Reads labelled texts: a JSON array of objects, or one object on each line, with `text` or `full_text`, and `spans` of `kind` or
/// `entity_type`, `start` or `start_position`, and `end` or `end_position`, counted in characters. Other kinds than ours are left out.
///
/// # Errors
/// See [`ReadError`].
pub fn read(json: &str) -> Result<Vec<Labelled>, ReadError> {
    let entries: Vec<Value> = match json.trim_start().starts_with('[') {
        true => serde_json::from_str(json)?,
        false => {
            json.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str).collect::<Result<_, _>>()?
        }
    };
    let read = |(number, entry): (usize, &Value)| labelled(entry).map_err(|wrong| ReadError::Entry { number, wrong });
    entries.iter().enumerate().map(read).collect()
}

fn labelled(entry: &Value) -> Result<Labelled, &'static str> {
    let member = |of: &Value, names: [&str; 2]| names.iter().find_map(|name| of.get(name).cloned());
    let text = member(entry, ["text", "full_text"])
        .and_then(|text| text.as_str().map(ToOwned::to_owned))
        .ok_or("has no `text`")?;
    let places: Vec<usize> = text.char_indices().map(|(place, _)| place).chain([text.len()]).collect();
    let mut labels = Vec::new();
    for span in entry.get("spans").and_then(Value::as_array).ok_or("has no `spans`")? {
        let name = member(span, ["kind", "entity_type"]).ok_or("has a span without `kind`")?;
        let place = |names| {
            let number =
                member(span, names).and_then(|number| number.as_u64()).and_then(|number| usize::try_from(number).ok());
            number.and_then(|number| places.get(number).copied()).ok_or("has a span that is not inside of it")
        };
        let (start, end) = (place(["start", "start_position"])?, place(["end", "end_position"])?);
        if let Some(kind) = name.as_str().and_then(kind) {
            labels.push((kind, start..end));
        }
    }
    Ok(Labelled { text, labels })
}

/// Our name of a kind, or the one that others use.
fn kind(name: &str) -> Option<Kind> {
    name.parse().ok().or(match name {
        "CREDIT_CARD" => Some(Kind::Card),
        "IBAN_CODE" | "IBAN" => Some(Kind::Iban),
        "US_SSN" | "SSN" => Some(Kind::UsSsn),
        "EMAIL_ADDRESS" | "EMAIL" => Some(Kind::Email),
        "PHONE_NUMBER" | "PHONE" => Some(Kind::Phone),
        "IP_ADDRESS" => Some(Kind::Ip),
        "US_DRIVER_LICENSE" | "DRIVER_LICENSE" => Some(Kind::DrivingLicence),
        "US_PASSPORT" | "PASSPORT" => Some(Kind::Passport),
        "DATE_OF_BIRTH" => Some(Kind::BirthDate),
        "CREDENTIAL" | "API_KEY" => Some(Kind::Credential),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Labelled, Score, measure, read};
    use crate::{Filter, Kind};

    #[test]
    fn spans_are_counted_in_characters() {
        let json = r#"{"full_text":"é x@ex.org","spans":[{"entity_type":"EMAIL_ADDRESS","start_position":2,"end_position":10}]}"#;
        let labels = vec![(Kind::Email, 3..11)];
        assert_eq!(read(json).unwrap(), [Labelled { text: "é x@ex.org".to_owned(), labels }]);
        for wrong in ["{", r#"{"spans":[]}"#, r#"{"text":"a","spans":[{"kind":"email","start":0,"end":9}]}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn mistakes_of_both_sorts_are_counted() {
        let text = "a@example.org b@example.org".to_owned();
        let texts = [Labelled { text, labels: vec![(Kind::Email, 0..13), (Kind::Phone, 1..3)] }];
        let quality = measure(&Filter::new(), &texts).unwrap();
        assert_eq!(quality.scores[&Kind::Email], Score { found: 1, missed: 0, right: 1, wrong: 1 });
        assert_eq!(quality.scores[&Kind::Phone], Score { found: 0, missed: 1, right: 0, wrong: 0 });
        assert_eq!(quality.mistakes.len(), 2);
        assert_eq!(quality.scores[&Kind::Phone].precision(), None);
    }
}
