//! The tool as an agent sees it, and the store that the host gives it.
//!
//! What a note is, and how it is found, is in the module below. It knows nothing of WebAssembly, so `cargo test` runs it as it is.

mod notebook;

wit_bindgen::generate!({ path: "wit", world: "tools", generate_all });

use exports::acme::notes_tool::notes::{Guest, Note};
use notebook::{Notebook, Shelf};
use wasi::keyvalue::{
    atomics,
    store::{self, Bucket},
};

struct Tool;

impl Guest for Tool {
    fn add(text: String) -> Result<u32, String> {
        notebook()?.add(&text)
    }

    fn find(words: String) -> Result<Vec<Note>, String> {
        let found = notebook()?.find(&words)?;
        Ok(found.into_iter().map(|(number, text)| Note { number, text }).collect())
    }

    fn delete(number: u32) -> Result<bool, String> {
        notebook()?.delete(number)
    }
}

export!(Tool);

fn notebook() -> Result<Notebook<Bucket>, String> {
    // A package has one store, which needs no name.
    Ok(Notebook(store::open("").map_err(in_words)?))
}

fn in_words(error: store::Error) -> String {
    match error {
        store::Error::NoSuchStore => "there is no store".to_owned(),
        store::Error::AccessDenied => "the store was not granted".to_owned(),
        store::Error::Other(words) => words,
    }
}

impl Shelf for Bucket {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        Bucket::get(self, key).map_err(in_words)
    }

    fn set(&mut self, key: &str, value: &[u8]) -> Result<(), String> {
        Bucket::set(self, key, value).map_err(in_words)
    }

    fn delete(&mut self, key: &str) -> Result<(), String> {
        Bucket::delete(self, key).map_err(in_words)
    }

    /// Keys come in pages; a cursor says where the next one begins.
    fn keys(&self) -> Result<Vec<String>, String> {
        let (mut keys, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.list_keys(cursor.as_deref()).map_err(in_words)?;
            keys.extend(page.keys);
            match page.cursor {
                Some(next) => cursor = Some(next),
                None => return Ok(keys),
            }
        }
    }

    /// Two calls at once get two numbers: the host counts, not the tool.
    fn count_up(&mut self, key: &str) -> Result<u32, String> {
        let number = atomics::increment(self, key, 1).map_err(in_words)?;
        u32::try_from(number).map_err(|_| "there are no numbers left".to_owned())
    }
}
