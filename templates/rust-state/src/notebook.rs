//! Notes on a shelf of keys and values.

/// Where values lie under keys. The host has one for each package, and the tests have one in memory.
pub trait Shelf {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String>;
    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), String>;
    fn delete(&mut self, key: &str) -> Result<(), String>;
    /// All keys, in the order of their bytes.
    fn keys(&self) -> Result<Vec<String>, String>;
    /// Counts the number under `key` up, from 0, and gives it.
    fn count_up(&mut self, key: &str) -> Result<u32, String>;
}

/// Where the last number that was given stands.
const LAST_NUMBER: &str = "last-number";
const NOTE: &str = "note/";

pub struct Notebook<S>(pub S);

impl<S: Shelf> Notebook<S> {
    pub fn add(&mut self, text: &str) -> Result<u32, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("a note says something".to_owned());
        }
        let number = self.0.count_up(LAST_NUMBER)?;
        self.0.set(&key(number), text.as_bytes())?;
        Ok(number)
    }

    pub fn find(&self, words: &str) -> Result<Vec<(u32, String)>, String> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let mut found = Vec::new();
        for key in self.0.keys()? {
            let Some(number) = key.strip_prefix(NOTE).and_then(|digits| digits.parse().ok()) else { continue };
            // Another call may have deleted it since the keys were listed.
            let Some(value) = self.0.get(&key)? else { continue };
            let text = String::from_utf8_lossy(&value).into_owned();
            let lower = text.to_lowercase();
            if words.iter().all(|word| lower.contains(word)) {
                found.push((number, text));
            }
        }
        Ok(found)
    }

    pub fn delete(&mut self, number: u32) -> Result<bool, String> {
        let key = key(number);
        let was_there = self.0.get(&key)?.is_some();
        self.0.delete(&key)?;
        Ok(was_there)
    }
}

/// With all digits, so that the order of keys is the order of numbers.
fn key(number: u32) -> String {
    format!("{NOTE}{number:010}")
}

#[cfg(test)]
mod tests {
    use super::{Notebook, Shelf};
    use std::collections::BTreeMap;

    #[derive(Default)]
    struct Memory {
        values: BTreeMap<String, Vec<u8>>,
        count: u32,
    }

    impl Shelf for Memory {
        fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
            Ok(self.values.get(key).cloned())
        }
        fn set(&mut self, key: &str, value: &[u8]) -> Result<(), String> {
            self.values.insert(key.to_owned(), value.to_vec());
            Ok(())
        }
        fn delete(&mut self, key: &str) -> Result<(), String> {
            self.values.remove(key);
            Ok(())
        }
        fn keys(&self) -> Result<Vec<String>, String> {
            Ok(self.values.keys().cloned().collect())
        }
        fn count_up(&mut self, _: &str) -> Result<u32, String> {
            self.count += 1;
            Ok(self.count)
        }
    }

    fn numbers(notebook: &Notebook<Memory>, words: &str) -> Vec<u32> {
        notebook.find(words).unwrap().into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn notes_are_found_by_their_words() {
        let mut notebook = Notebook(Memory::default());
        for text in ["Buy milk", "Buy a bike", "call Ann"] {
            notebook.add(text).unwrap();
        }
        assert_eq!(numbers(&notebook, "buy"), [1, 2]);
        assert_eq!(numbers(&notebook, "BIKE buy"), [2]);
        assert_eq!(numbers(&notebook, ""), [1, 2, 3]);
        assert_eq!(notebook.add("  "), Err("a note says something".to_owned()));
    }

    #[test]
    fn a_deleted_number_is_not_given_again() {
        let mut notebook = Notebook(Memory::default());
        notebook.add("one").unwrap();
        assert_eq!(notebook.delete(1), Ok(true));
        assert_eq!(notebook.delete(1), Ok(false));
        assert_eq!(notebook.add("two"), Ok(2));
    }
}
