//! A sorted map that refuses a key that is written twice, where serde would silently keep the last.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::{collections::BTreeMap, fmt, marker::PhantomData, ops::Deref};

/// Keys to values in the order of the keys; reading a document that names a key twice is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct StrictMap<K: Ord, V>(pub BTreeMap<K, V>);

impl<K: Ord, V> Default for StrictMap<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, V> Deref for StrictMap<K, V> {
    type Target = BTreeMap<K, V>;
    fn deref(&self) -> &BTreeMap<K, V> {
        &self.0
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for StrictMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl<'de, K: Ord + fmt::Display + Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for StrictMap<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MapVisitor(PhantomData))
    }
}

struct MapVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K: Ord + fmt::Display + Deserialize<'de>, V: Deserialize<'de>> de::Visitor<'de> for MapVisitor<K, V> {
    type Value = StrictMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = entries.next_key::<K>()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format_args!("duplicate key `{key}`")));
            }
            let value = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(StrictMap(map))
    }
}

#[cfg(test)]
mod tests {
    use super::StrictMap;

    #[test]
    fn a_key_written_twice_is_refused() {
        assert!(serde_json::from_str::<StrictMap<String, u8>>(r#"{"a":1,"b":2}"#).is_ok());
        let error = serde_json::from_str::<StrictMap<String, u8>>(r#"{"a":1,"a":1}"#).unwrap_err();
        assert!(error.to_string().contains("duplicate key `a`"), "{error}");
    }
}
