//! One entry in a file of somebody else: put there, read, and taken out, with everything else left byte for byte as it is (MCP-30).
//!
//! Each kind of file is read by a crate that keeps what it read. Nobody's word is taken for that: the edited text is read again, and must say
//! what the old one said but for the entry, and all of the old text must still stand in it.

mod json;
mod toml;
mod yaml;

use serde_json::{Map, Value as Json};

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// JSON, with comments and trailing commas where somebody wrote them.
    Json,
    Toml,
    Yaml,
}

/// A file could not be changed as it should be.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It is not UTF-8.
    #[error("it is not text")]
    NotText,
    /// It does not parse.
    #[error("it cannot be read: {0}")]
    Malformed(String),
    /// Something else stands where the entry belongs.
    #[error("`{0}` is not what holds servers, or is there twice")]
    Shape(String),
    /// The edited text is not what was wanted.
    #[error("the entry cannot be changed without touching the rest of the file")]
    NotAlone,
}

/// Members that lead to an entry: what holds it, and its name.
type Place = [&'static str; 2];

/// A file as it was read.
pub(super) struct Document {
    kind: Kind,
    mark: &'static str,
    has_carriage_returns: bool,
    /// Without what the two above say.
    text: String,
    value: Json,
}

/// What some editors put before a text.
const MARK: &str = "\u{feff}";

impl Document {
    /// Reads a file; an empty one holds nothing.
    pub(super) fn read(kind: Kind, text: &str) -> Result<Self, EditError> {
        let plain = text.strip_prefix(MARK).unwrap_or(text);
        let mark = if plain.len() < text.len() { MARK } else { "" };
        let has_carriage_returns =
            plain.contains("\r\n") && plain.matches('\n').count() == plain.matches("\r\n").count();
        let text = if has_carriage_returns { plain.replace("\r\n", "\n") } else { plain.to_owned() };
        let value = value(kind, &text)?;
        Ok(Self { kind, mark, has_carriage_returns, text, value })
    }

    /// The entry.
    pub(super) fn get(&self, place: Place) -> Result<Option<Json>, EditError> {
        Ok(holder(&self.value, place)?.and_then(|servers| servers.get(place[1])).cloned())
    }

    /// The text with this entry in it.
    pub(super) fn put(&self, place: Place, entry: &Json) -> Result<String, EditError> {
        let is_there = self.get(place)?.is_some();
        let edited = match self.kind {
            Kind::Json => json::put(&self.text, place, entry)?,
            Kind::Toml => toml::put(&self.text, place, entry)?,
            Kind::Yaml => yaml::put(&self.text, place, entry)?,
        };
        let mut expected = self.value.clone();
        set(&mut expected, place, entry)?;
        if value(self.kind, &edited)? != expected || (!is_there && !stands_in(&self.text, &edited)) {
            return Err(EditError::NotAlone);
        }
        Ok(self.whole(&edited))
    }

    /// The text without the entry.
    pub(super) fn take(&self, place: Place) -> Result<String, EditError> {
        let edited = match self.kind {
            Kind::Json => json::take(&self.text, place)?,
            Kind::Toml => toml::take(&self.text, place)?,
            Kind::Yaml => yaml::take(&self.text, place)?,
        };
        let mut expected = self.value.clone();
        if let Some(servers) = expected.get_mut(place[0]).and_then(Json::as_object_mut) {
            servers.shift_remove(place[1]);
        }
        let (found, expected) = (without_empty(value(self.kind, &edited)?, place), without_empty(expected, place));
        if found != expected || !stands_in(&edited, &self.text) {
            return Err(EditError::NotAlone);
        }
        Ok(self.whole(&edited))
    }

    fn whole(&self, edited: &str) -> String {
        let edited = if self.has_carriage_returns { edited.replace('\n', "\r\n") } else { edited.to_owned() };
        format!("{}{edited}", self.mark)
    }
}

/// The entry as it would stand in a file of its own.
pub(super) fn alone(kind: Kind, place: Place, entry: &Json) -> Result<String, EditError> {
    Document::read(kind, "")?.put(place, entry)
}

fn value(kind: Kind, text: &str) -> Result<Json, EditError> {
    match kind {
        Kind::Json => json::value(text),
        Kind::Toml => toml::value(text),
        Kind::Yaml => yaml::value(text),
    }
}

fn holder(value: &Json, place: Place) -> Result<Option<&Map<String, Json>>, EditError> {
    let shape = || EditError::Shape(place[0].to_owned());
    match value.as_object().ok_or_else(shape)?.get(place[0]) {
        None | Some(Json::Null) => Ok(None),
        Some(servers) => servers.as_object().map(Some).ok_or_else(shape),
    }
}

fn set(value: &mut Json, place: Place, entry: &Json) -> Result<(), EditError> {
    let shape = || EditError::Shape(place[0].to_owned());
    let servers = value.as_object_mut().ok_or_else(shape)?.entry(place[0]).or_insert_with(|| Json::Object(Map::new()));
    if servers.is_null() {
        *servers = Json::Object(Map::new());
    }
    servers.as_object_mut().ok_or_else(shape)?.insert(place[1].to_owned(), entry.clone());
    Ok(())
}

/// A table without members is not written in each kind of file.
fn without_empty(mut value: Json, place: Place) -> Json {
    if let Some(members) = value.as_object_mut()
        && members
            .get(place[0])
            .is_some_and(|servers| servers.is_null() || servers.as_object().is_some_and(Map::is_empty))
    {
        members.shift_remove(place[0]);
    }
    value
}

/// Whether every byte of `part` stands in `whole`, in the same order.
fn stands_in(part: &str, whole: &str) -> bool {
    let mut rest = whole.bytes();
    part.bytes().all(|byte| rest.any(|other| other == byte))
}

/// Where two texts differ.
pub(super) struct Difference {
    /// The line at which it begins, from 1.
    pub(super) line: usize,
    /// What only the first holds there.
    pub(super) removed: String,
    /// What only the second holds there.
    pub(super) added: String,
}

/// What differs between two texts, in one piece: nothing else of a file that may hold secrets is shown.
pub(super) fn difference(before: &str, after: &str) -> Difference {
    let common = |a: &mut dyn Iterator<Item = char>, b: &mut dyn Iterator<Item = char>| -> usize {
        a.zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let begin = common(&mut before.chars(), &mut after.chars());
    let (rest_before, rest_after) = (&before[begin..], &after[begin..]);
    let end = common(&mut rest_before.chars().rev(), &mut rest_after.chars().rev());
    Difference {
        line: before[..begin].matches('\n').count() + 1,
        removed: rest_before[..rest_before.len() - end].to_owned(),
        added: rest_after[..rest_after.len() - end].to_owned(),
    }
}

#[cfg(test)]
mod tests;
