//! The two drafts of `wasi:keyvalue` 0.2 that tools are built for: the names, types and functions of each.
//!
//! They differ in cursors, in the numbers of `increment`, in `get-many`, and in that only the second one has `swap`.

use super::{Answer, Kv, OpenBucket, Seen};
use crate::state::State;
use mpp_kv::{Change, Step};
use std::fmt;
use wasmtime::component::{ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut};

/// `error` of `store`.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(variant)]
pub(super) enum Error {
    #[component(name = "no-such-store")]
    NoSuchStore,
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "other")]
    Other(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchStore => f.write_str("no such store"),
            Self::AccessDenied => f.write_str("access denied"),
            Self::Other(message) => f.write_str(message),
        }
    }
}

/// `key-response` of `store`.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(record)]
struct KeyResponse<C> {
    keys: Vec<String>,
    cursor: Option<C>,
}

/// `cas-error` of `atomics`.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum CasError {
    #[component(name = "store-error")]
    StoreError(Error),
    #[component(name = "cas-failed")]
    CasFailed(Resource<Seen>),
}

type Bucket = Resource<OpenBucket>;
type Bytes = Vec<u8>;
type Caller<'a> = StoreContextMut<'a, State>;

/// `wasi:keyvalue@0.2.0-draft`.
pub(super) fn first(linker: &mut Linker<State>) -> Result<()> {
    let mut store = linker.instance("wasi:keyvalue/store@0.2.0-draft")?;
    store_in_common(&mut store)?;
    store.func_wrap("[method]bucket.list-keys", |mut caller: Caller<'_>, (_, cursor): (Bucket, Option<u64>)| {
        Ok((caller.data_mut().keys_by_number(cursor)?,))
    })?;
    linker.instance("wasi:keyvalue/atomics@0.2.0-draft")?.func_wrap(
        "increment",
        |mut caller: Caller<'_>, (_, key, delta): (Bucket, String, u64)| {
            let number = caller.data_mut().kv(|kv| kv.increment(key, Step::Unsigned(delta)))?;
            Ok((number.and_then(|number| u64::try_from(number).map_err(out_of_range)),))
        },
    )?;
    let mut batch = linker.instance("wasi:keyvalue/batch@0.2.0-draft")?;
    batch_in_common(&mut batch)?;
    batch.func_wrap("get-many", |mut caller: Caller<'_>, (_, keys): (Bucket, Vec<String>)| {
        let values = caller.data_mut().kv(|kv| kv.bucket.get(keys.clone()))?;
        let found = |values: Vec<Option<Bytes>>| -> Vec<Option<(String, Bytes)>> {
            keys.into_iter().zip(values).map(|(key, value)| value.map(|value| (key, value))).collect()
        };
        Ok((values.map(found),))
    })
}

/// `wasi:keyvalue@0.2.0-draft2`.
pub(super) fn second(linker: &mut Linker<State>) -> Result<()> {
    let mut store = linker.instance("wasi:keyvalue/store@0.2.0-draft2")?;
    store_in_common(&mut store)?;
    store.func_wrap("[method]bucket.list-keys", |mut caller: Caller<'_>, (_, cursor): (Bucket, Option<String>)| {
        let keys = caller.data_mut().kv(|kv| kv.keys(cursor))?;
        Ok((keys.map(|(keys, cursor)| KeyResponse { keys, cursor }),))
    })?;
    let mut atomics = linker.instance("wasi:keyvalue/atomics@0.2.0-draft2")?;
    atomics.func_wrap("increment", |mut caller: Caller<'_>, (_, key, delta): (Bucket, String, i64)| {
        let number = caller.data_mut().kv(|kv| kv.increment(key, Step::Signed(delta)))?;
        Ok((number.and_then(|number| i64::try_from(number).map_err(out_of_range)),))
    })?;
    swapping(&mut atomics)?;
    let mut batch = linker.instance("wasi:keyvalue/batch@0.2.0-draft2")?;
    batch_in_common(&mut batch)?;
    batch.func_wrap("get-many", |mut caller: Caller<'_>, (_, keys): (Bucket, Vec<String>)| {
        let values = caller.data_mut().kv(|kv| kv.bucket.get(keys.clone()))?;
        let found = |values| -> Vec<(String, Option<Bytes>)> { keys.into_iter().zip::<Vec<_>>(values).collect() };
        Ok((values.map(found),))
    })
}

fn store_in_common(store: &mut LinkerInstance<'_, State>) -> Result<()> {
    store.resource("bucket", ResourceType::host::<OpenBucket>(), |mut caller, rep| {
        caller.data_mut().table.delete(Bucket::new_own(rep))?;
        Ok(())
    })?;
    store.func_wrap("open", |mut caller: Caller<'_>, (identifier,): (String,)| {
        Ok((caller.data_mut().open_bucket(&identifier)?,))
    })?;
    store.func_wrap("[method]bucket.get", |mut caller: Caller<'_>, (_, key): (Bucket, String)| {
        let value = caller.data_mut().kv(|kv| kv.bucket.get(vec![key]))?;
        Ok((value.map(|mut values| values.pop().flatten()),))
    })?;
    store.func_wrap("[method]bucket.set", |mut caller: Caller<'_>, (_, key, value): (Bucket, String, Bytes)| {
        Ok((caller.data_mut().kv(|kv| kv.write(vec![Change::Set(key, value)]))?,))
    })?;
    store.func_wrap("[method]bucket.delete", |mut caller: Caller<'_>, (_, key): (Bucket, String)| {
        Ok((caller.data_mut().kv(|kv| kv.write(vec![Change::Delete(key)]))?,))
    })?;
    store.func_wrap("[method]bucket.exists", |mut caller: Caller<'_>, (_, key): (Bucket, String)| {
        Ok((caller.data_mut().kv(|kv| kv.bucket.exists(key))?,))
    })
}

fn batch_in_common(batch: &mut LinkerInstance<'_, State>) -> Result<()> {
    batch.func_wrap("set-many", |mut caller: Caller<'_>, (_, pairs): (Bucket, Vec<(String, Bytes)>)| {
        let changes = pairs.into_iter().map(|(key, value)| Change::Set(key, value)).collect();
        Ok((caller.data_mut().kv(|kv| kv.write(changes))?,))
    })?;
    batch.func_wrap("delete-many", |mut caller: Caller<'_>, (_, keys): (Bucket, Vec<String>)| {
        let changes = keys.into_iter().map(Change::Delete).collect();
        Ok((caller.data_mut().kv(|kv| kv.write(changes))?,))
    })
}

fn swapping(atomics: &mut LinkerInstance<'_, State>) -> Result<()> {
    atomics.resource("cas", ResourceType::host::<Seen>(), |mut caller, rep| {
        caller.data_mut().table.delete(Resource::<Seen>::new_own(rep))?;
        Ok(())
    })?;
    atomics.func_wrap("[static]cas.new", |mut caller: Caller<'_>, (_, key): (Bucket, String)| {
        Ok((caller.data_mut().seen(key)?,))
    })?;
    atomics.func_wrap("[method]cas.current", |mut caller: Caller<'_>, (seen,): (Resource<Seen>,)| {
        let value = caller.data_mut().table.get(&seen)?.value.clone();
        Ok((Answer::Ok(value),))
    })?;
    atomics.func_wrap("swap", |mut caller: Caller<'_>, (seen, value): (Resource<Seen>, Bytes)| {
        Ok((caller.data_mut().swap(seen, value)?,))
    })
}

fn out_of_range(_: std::num::TryFromIntError) -> Error {
    Error::Other("the counter is out of range".to_owned())
}

impl State {
    fn keys_by_number(&mut self, cursor: Option<u64>) -> Result<Answer<KeyResponse<u64>>> {
        let after = match (cursor, self.kv.as_deref()) {
            (None, _) => None,
            (Some(cursor), kv) => match kv.and_then(|kv| kv.after(cursor)) {
                Some(key) => Some(key),
                None => return Ok(Err(Error::Other("the cursor is not one that was given, or too old".to_owned()))),
            },
        };
        self.kv(|kv| {
            let (keys, last) = kv.keys(after)?;
            Ok::<_, mpp_kv::KvError>(KeyResponse { keys, cursor: last.map(|last| kv.cursor(last)) })
        })
    }

    fn seen(&mut self, key: String) -> Result<Answer<Resource<Seen>>> {
        match self.kv(|kv| kv.look(key))? {
            Ok(seen) => Ok(Ok(self.table.push(seen)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// `swap`: the handle is used up, and comes back only with a failure.
    fn swap(&mut self, seen: Resource<Seen>, value: Bytes) -> Result<std::result::Result<(), CasError>> {
        let seen = self.table.delete(seen)?;
        match self.kv(|kv: &mut Kv| kv.swap(&seen, value))? {
            Ok(true) => return Ok(Ok(())),
            Ok(false) => {}
            Err(error) => return Ok(Err(CasError::StoreError(error))),
        }
        Ok(Err(match self.seen(seen.key)? {
            Ok(now) => CasError::CasFailed(now),
            Err(error) => CasError::StoreError(error),
        }))
    }
}
