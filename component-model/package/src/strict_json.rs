//! JSON in which nothing is said twice: a key that an object holds twice is refused, where serde would keep the last (PKG-40).

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Reads a document; nesting deeper than 127 is refused by `serde_json`.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// One step on the way to a place in a document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'a> {
    /// The field of an object.
    Key(&'a str),
    /// The item of an array.
    Item(usize),
}

/// Calls `look` with every string of a document, keys included, and the way that leads to it, until it finds something. The way is put
/// into words by [`place`] when somebody wants to read it: doing it for each string would cost the square of the document's length.
pub(crate) fn find_text<'a, T>(
    value: &'a Value,
    way: &mut Vec<Step<'a>>,
    look: &mut impl FnMut(&[Step<'a>], &str) -> Option<T>,
) -> Option<T> {
    let mut below = |step: Step<'a>, key: Option<&str>, value: &'a Value| {
        way.push(step);
        let found = key.and_then(|key| look(way, key)).or_else(|| find_text(value, way, look));
        way.pop();
        found
    };
    match value {
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| below(Step::Item(at), None, item)),
        Value::Object(fields) => fields.iter().find_map(|(key, field)| below(Step::Key(key), Some(key), field)),
        Value::String(text) => look(way, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The way as people write it: `tools[0].input`.
pub(crate) fn place(way: &[Step<'_>]) -> String {
    let mut place = String::new();
    for step in way {
        match step {
            Step::Key(key) if place.is_empty() => place.push_str(key),
            Step::Key(key) => place.extend([".", key]),
            Step::Item(at) => place.push_str(&format!("[{at}]")),
        }
    }
    place
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that JSON cannot hold"))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(de::Error::custom(format_args!("duplicate key `{}`", key.escape_default())));
            }
            let value = fields.next_value_seed(Strict)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::{find_text, place, read};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn every_text_has_a_place() {
        let document = json!({ "a": ["b", { "c": "d" }], "e": 1 });
        let mut found = Vec::new();
        find_text(&document, &mut Vec::new(), &mut |way, text| {
            found.push((place(way), text.to_owned()));
            None::<()>
        });
        let expected = [("a", "a"), ("a[0]", "b"), ("a[1].c", "c"), ("a[1].c", "d"), ("e", "e")];
        assert_eq!(found, expected.map(|(place, text)| (place.to_owned(), text.to_owned())));
    }

    #[track_caller]
    fn check(text: &str, expected: bool) {
        let outcome = read(text.as_bytes());
        assert_eq!(outcome.is_ok(), expected, "{text}");
        if let Ok(value) = outcome {
            assert_eq!(value, serde_json::from_str::<serde_json::Value>(text).unwrap());
        }
    }

    #[test]
    fn the_same_value_as_serde_unless_something_is_said_twice() {
        check(r#"{"a":[1,-2,3.5,"b",null,true,{}],"c":{"a":1}}"#, true);
        check(r#"{"a":1,"a":1}"#, false);
        check(r#"[{"b":{"a":1,"c":2,"\u0061":1}}]"#, false);
        check(r#"{"a":1} 2"#, false);
        check("", false);
        check(&format!("{}{}", "[".repeat(100), "]".repeat(100)), true);
        check(&format!("{}{}", "[".repeat(200), "]".repeat(200)), false);
    }

    proptest! {
        #[test]
        fn random_text_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\",:0-9a-c\\\\]*") {
            let _ = read(&bytes);
            let strict = read(text.as_bytes());
            prop_assert!(strict.is_err() || serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }
}
