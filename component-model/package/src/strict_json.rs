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

/// Calls `look` with every string of a document, keys included, and the key path that leads to it, until it finds something.
pub(crate) fn find_text<T>(value: &Value, path: &str, look: &mut impl FnMut(&str, &str) -> Option<T>) -> Option<T> {
    match value {
        Value::String(text) => look(path, text),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, item)| find_text(item, &format!("{path}[{at}]"), look))
        }
        Value::Object(fields) => fields.iter().find_map(|(key, field)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            look(&path, key).or_else(|| find_text(field, &path, look))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
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
    use super::read;
    use proptest::prelude::*;

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
