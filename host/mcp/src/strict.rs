//! Reads a message before anything of it is believed: valid UTF-8, valid JSON, no member twice, not deeper than 64 (MCP-22).
//!
//! Of a call it keeps the arguments as they were written, so that their numbers stay exact until a tool's own types read them.

use mpp_schema::text;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::HashSet, fmt};

/// The deepest nesting of arrays and objects.
pub(crate) const DEPTH_MAX: usize = 64;

/// A message, taken apart as far as is needed to know what to do with it.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Envelope<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) jsonrpc: Option<Cow<'a, str>>,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not JSON.
    NotJson(String),
    /// It is JSON that nobody may send.
    Refused(String),
}

/// Takes a line apart.
pub(crate) fn envelope(line: &[u8]) -> Result<Envelope<'_>, Fault> {
    let line = std::str::from_utf8(line).map_err(|_| Fault::NotJson("it is not UTF-8".to_owned()))?;
    check(line)?;
    serde_json::from_str(line).map_err(|error| Fault::Refused(error.to_string()))
}

fn check(line: &str) -> Result<(), Fault> {
    let mut deserializer = serde_json::Deserializer::from_str(line);
    let checked = Check(DEPTH_MAX).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    checked.map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Fault::Refused(error.to_string()),
        _ => Fault::NotJson(error.to_string()),
    })
}

/// Walks through a value, with this much depth left.
struct Check(usize);

impl Check {
    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom(format_args!("nested deeper than {DEPTH_MAX}")))
    }
}

impl<'de> DeserializeSeed<'de> for Check {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self.inner()?)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.inner::<A::Error>()?.0;
        let mut seen = Names::default();
        while let Some(Name(name)) = members.next_key()? {
            if let Some(twice) = seen.insert(name) {
                return Err(A::Error::custom(format_args!("member `{}` twice", text::excerpt(&twice))));
            }
            members.next_value_seed(Check(inner))?;
        }
        Ok(())
    }
}

/// The names of an object's members: most objects have a few.
#[derive(Default)]
struct Names<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

const FEW: usize = 8;

impl<'a> Names<'a> {
    /// Gives the name back that was there already.
    fn insert(&mut self, name: Cow<'a, str>) -> Option<Cow<'a, str>> {
        if self.few.contains(&name) || self.many.contains(&name) {
            return Some(name);
        }
        if self.few.len() < FEW {
            self.few.push(name);
        } else {
            self.many.insert(name);
        }
        None
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_MAX, Fault, envelope};

    #[track_caller]
    fn check(line: &[u8], expected: &str) {
        let found = match envelope(line) {
            Ok(envelope) => format!("method {}", envelope.method.unwrap_or_default()),
            Err(Fault::NotJson(_)) => "not JSON".to_owned(),
            Err(Fault::Refused(why)) => why,
        };
        assert!(found.contains(expected), "{found}");
    }

    #[test]
    fn what_nobody_may_send_is_refused() {
        check(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "method ping");
        check(br#"{"id":1,"meth\u006fd":"ping"}"#, "method ping");
        check(b"\xff{}", "not JSON");
        check(b"{", "not JSON");
        check(b"{} {}", "not JSON");
        check(br#"{"id":1,"id":2}"#, "member `id` twice");
        check(br#"{"params":{"a":{"b":1,"\u0062":2}}}"#, "member `b` twice");
        check(br#"{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1,"10":1,"9":1}"#, "member `9` twice");
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        check(nested(DEPTH_MAX).as_bytes(), "method");
        check(nested(DEPTH_MAX + 1).as_bytes(), "nested deeper");
        let bomb = "[".repeat(1 << 20);
        assert!(envelope(bomb.as_bytes()).is_err());
    }
}
