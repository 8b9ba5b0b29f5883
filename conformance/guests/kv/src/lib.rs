//! A guest for the host's tests: a key-value store in both drafts of its interface.

use exports::guest::kv::tools::Guest;
use first::wasi::keyvalue::{atomics, batch, store};
use second::mpp::host::durable;
use second::wasi::keyvalue::{atomics as atomics2, batch as batch2, store as store2};

wit_bindgen::generate!({ world: "kv", path: "wit" });

mod first {
    wit_bindgen::generate!({
        inline: "package guest:first; world imports {
            import wasi:keyvalue/store@0.2.0-draft;
            import wasi:keyvalue/atomics@0.2.0-draft;
            import wasi:keyvalue/batch@0.2.0-draft;
        }",
        path: ["../../../component-model/wit/wit/wasi-keyvalue-0.2.0-draft"],
        world: "guest:first/imports",
        generate_all,
    });
}

mod second {
    wit_bindgen::generate!({
        inline: "package guest:second; world imports {
            import wasi:keyvalue/store@0.2.0-draft2;
            import wasi:keyvalue/atomics@0.2.0-draft2;
            import wasi:keyvalue/batch@0.2.0-draft2;
            import mpp:host/durable@0.1.0;
        }",
        path: [
            "../../../component-model/wit/wit/wasi-io-0.2",
            "../../../component-model/wit/wit/mpp-host-0.1",
            "../../../component-model/wit/wit/wasi-keyvalue-0.2.0-draft2",
        ],
        world: "guest:second/imports",
        generate_all,
    });
}

struct Kv;
export!(Kv);

fn failed(error: store::Error) -> String {
    match error {
        store::Error::NoSuchStore => "no-such-store".to_owned(),
        store::Error::AccessDenied => "access-denied".to_owned(),
        store::Error::Other(message) => message,
    }
}

fn failed2(error: store2::Error) -> String {
    match error {
        store2::Error::NoSuchStore => "no-such-store".to_owned(),
        store2::Error::AccessDenied => "access-denied".to_owned(),
        store2::Error::Other(message) => message,
    }
}

fn bucket() -> Result<store::Bucket, String> {
    store::open("").map_err(failed)
}

fn bucket2() -> Result<store2::Bucket, String> {
    store2::open("default").map_err(failed2)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("the guest puts text only")
}

impl Guest for Kv {
    fn put(key: String, value: String) -> Result<(), String> {
        bucket()?.set(&key, value.as_bytes()).map_err(failed)
    }
    fn get(key: String) -> Result<Option<String>, String> {
        Ok(bucket()?.get(&key).map_err(failed)?.map(text))
    }
    fn remove(key: String) -> Result<(bool, bool), String> {
        let bucket = bucket()?;
        let before = bucket.exists(&key).map_err(failed)?;
        bucket.delete(&key).map_err(failed)?;
        Ok((before, bucket.exists(&key).map_err(failed)?))
    }
    fn list_first() -> Result<(u32, u32), String> {
        let bucket = bucket()?;
        let (mut keys, mut pages, mut cursor) = (0, 0, None);
        loop {
            let page = bucket.list_keys(cursor).map_err(failed)?;
            keys += page.keys.len() as u32;
            pages += 1;
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok((keys, pages));
            }
        }
    }
    fn list_second() -> Result<(u32, u32), String> {
        let bucket = bucket2()?;
        let (mut keys, mut pages, mut cursor) = (0, 0, None);
        loop {
            let page = bucket.list_keys(cursor.as_deref()).map_err(failed2)?;
            keys += page.keys.len() as u32;
            pages += 1;
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok((keys, pages));
            }
        }
    }
    fn list_from_nowhere() -> Result<(), String> {
        bucket()?.list_keys(Some(77)).map_err(failed).map(drop)
    }
    fn count(key: String, times: u32) -> Result<u64, String> {
        let bucket = bucket()?;
        let mut number = 0;
        for _ in 0..times {
            number = atomics::increment(&bucket, &key, 1).map_err(failed)?;
        }
        Ok(number)
    }
    fn count_by(key: String, by: i64) -> Result<i64, String> {
        atomics2::increment(&bucket2()?, &key, by).map_err(failed2)
    }
    fn swap(key: String, other: Option<String>, value: String) -> Result<(String, bool), String> {
        let bucket = bucket2()?;
        let seen = atomics2::Cas::new(&bucket, &key).map_err(failed2)?;
        if let Some(other) = other {
            bucket.set(&key, other.as_bytes()).map_err(failed2)?;
        }
        match atomics2::swap(seen, value.as_bytes()) {
            Ok(()) => Ok((value, false)),
            Err(atomics2::CasError::StoreError(error)) => Err(failed2(error)),
            Err(atomics2::CasError::CasFailed(seen)) => {
                let now = seen.current().map_err(failed2)?.map(text).unwrap_or_default();
                match atomics2::swap(seen, format!("{now} {value}").as_bytes()) {
                    Ok(()) => Ok((format!("{now} {value}"), true)),
                    Err(_) => Err("nobody was there this time".to_owned()),
                }
            }
        }
    }
    fn several() -> Result<Vec<Option<String>>, String> {
        let (first, second) = (bucket()?, bucket2()?);
        let pairs = |value: &str| vec![("a".to_owned(), value.as_bytes().to_vec()), ("b".to_owned(), b"two".to_vec())];
        let keys = || ["a", "b", "c"].map(str::to_owned).to_vec();
        batch::set_many(&first, &pairs("one")).map_err(failed)?;
        let mut found: Vec<Option<String>> = Vec::new();
        let values = batch::get_many(&first, &keys()).map_err(failed)?;
        found.extend(values.into_iter().map(|pair| pair.map(|(key, value)| format!("{key}={}", text(value)))));
        batch::delete_many(&first, &keys()).map_err(failed)?;
        batch2::set_many(&second, &pairs("uno")).map_err(failed2)?;
        let values = batch2::get_many(&second, &keys()).map_err(failed2)?;
        found.extend(values.into_iter().map(|(key, value)| value.map(|value| format!("{key}={}", text(value)))));
        batch2::delete_many(&second, &keys()).map_err(failed2)?;
        Ok(found)
    }
    fn open_store(identifier: String) -> Result<(), String> {
        store::open(&identifier).map_err(failed)?;
        store2::open(&identifier).map_err(failed2).map(drop)
    }
    fn fill(keys: u32, bytes: u32) -> (u32, Option<String>) {
        let value = vec![7; bytes as usize];
        let bucket = bucket().expect("the store is granted");
        for number in 0..keys {
            if let Err(error) = bucket.set(&format!("fill {number}"), &value) {
                return (number, Some(failed(error)));
            }
        }
        (keys, None)
    }
    fn long_key(bytes: u32) -> Result<(), String> {
        bucket()?.set(&"k".repeat(bytes as usize), b"").map_err(failed)
    }
    fn put_and_trap(key: String, value: String) {
        bucket().and_then(|bucket| bucket.set(&key, value.as_bytes()).map_err(failed)).expect("it is put");
        panic!("after the first of two writes");
    }
    fn several_with_a_bad_one() -> Result<(), String> {
        let pairs = [("good".to_owned(), Vec::new()), ("k".repeat(600), Vec::new())];
        batch::set_many(&bucket()?, &pairs).map_err(failed)
    }
    fn put_durably(key: String, value: String) -> Result<(), String> {
        Self::put(key, value)?;
        durable::sync()
    }
    fn open_many(times: u32) -> u32 {
        let held: Vec<_> = (0..times).map(|_| bucket()).collect();
        held.iter().filter(|bucket| bucket.is_ok()).count() as u32
    }
    fn get_often(times: u32) -> Result<u64, String> {
        let bucket = bucket()?;
        let mut bytes = 0;
        for number in 0..times {
            let value = bucket.get(&format!("often {}", number % 1_000)).map_err(failed)?;
            bytes += value.map_or(0, |value| value.len() as u64);
        }
        Ok(bytes)
    }
    fn put_often(times: u32) -> Result<(), String> {
        let bucket = bucket()?;
        let value = [7; 100];
        for number in 0..times {
            bucket.set(&format!("often {}", number % 1_000), &value).map_err(failed)?;
        }
        Ok(())
    }
}
