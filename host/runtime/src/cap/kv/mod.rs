//! `wasi:keyvalue` and `mpp:host/durable`: what a package keeps between its calls. Permission `kv`; rules HOST-60 and following.
//!
//! Where it is kept is the provider's part ([`Store`]); here are the grant, the handles, and what the tool and the caller hear. Nothing is
//! looked for before a tool uses it.
//!
//! [`Store`]: mpp_kv::Store

mod drafts;

use crate::privacy::{self, Guard};
use crate::state::State;
use crate::stop::Stop;
use drafts::Error;
use mpp_kv::{Bucket, Change, KvError, Quota, Step, Terms};
use mpp_privacy::{Blocked, Direction};
use mpp_schema::{Code, Coded, codes};
use wasmtime::Result;
use wasmtime::component::{Linker, Resource};

/// What a tool hears.
type Answer<T> = std::result::Result<T, Error>;

/// The names of the one store that a package has.
const DEFAULT: [&str; 2] = ["", "default"];

/// Cursors of `0.2.0-draft` that are remembered.
const CURSORS_MAX: usize = 64;

/// The store, in one call.
pub(crate) struct Kv {
    bucket: Box<dyn Bucket>,
    guard: Guard,
    wrote: bool,
    /// The last keys of pages, under numbers that only rise.
    cursors: Vec<(u64, String)>,
    cursor_next: u64,
}

/// Why something was not done with the store.
#[derive(Debug)]
enum Fault {
    Store(KvError),
    Blocked(Blocked),
}

impl From<KvError> for Fault {
    fn from(error: KvError) -> Self {
        Self::Store(error)
    }
}

impl From<Blocked> for Fault {
    fn from(blocked: Blocked) -> Self {
        Self::Blocked(blocked)
    }
}

/// What a tool holds for the store: there is only one, so it says nothing.
pub(crate) struct OpenBucket;

/// A value that a tool has seen.
pub(crate) struct Seen {
    key: String,
    value: Option<Vec<u8>>,
}

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    drafts::first(linker)?;
    drafts::second(linker)?;
    linker.instance("mpp:host/durable@0.1.0")?.func_wrap("sync", |mut store, (): ()| {
        let synced = store.data_mut().kv(Kv::sync)?;
        Ok((synced.map_err(|error| error.to_string()),))
    })
}

impl Kv {
    fn keys(&mut self, after: Option<String>) -> std::result::Result<(Vec<String>, Option<String>), KvError> {
        let page = self.bucket.keys(after)?;
        let last = if page.more { page.keys.last().cloned() } else { None };
        Ok((page.keys, last))
    }

    /// A number for the end of a page. Of very many, the first ones are forgotten.
    fn cursor(&mut self, last: String) -> u64 {
        if self.cursors.len() == CURSORS_MAX {
            self.cursors.remove(0);
        }
        self.cursor_next += 1;
        self.cursors.push((self.cursor_next, last));
        self.cursor_next
    }

    fn after(&self, cursor: u64) -> Option<String> {
        self.cursors.iter().find(|(number, _)| *number == cursor).map(|(_, key)| key.clone())
    }

    fn write(&mut self, changes: Vec<Change>) -> std::result::Result<(), Fault> {
        let changes = changes.into_iter().map(|change| self.masked(change)).collect::<std::result::Result<_, _>>()?;
        Ok(self.bucket.write(changes).inspect(|()| self.wrote = true)?)
    }

    fn increment(&mut self, key: String, step: Step) -> std::result::Result<i128, Fault> {
        self.guard.refuse_in(Direction::Storage, key.as_bytes())?;
        Ok(self.bucket.increment(key, step).inspect(|_| self.wrote = true)?)
    }

    fn swap(&mut self, seen: &Seen, value: Vec<u8>) -> std::result::Result<bool, Fault> {
        let value = self.value(&seen.key, value)?;
        Ok(self.bucket.swap(seen.key.clone(), seen.value.clone(), value).inspect(|_| self.wrote = true)?)
    }

    /// A change with its value masked, when the policy wants that. A key is as it is, or the change is refused: two keys must not become one.
    fn masked(&self, change: Change) -> std::result::Result<Change, Blocked> {
        match change {
            Change::Set(key, value) => {
                let value = self.value(&key, value)?;
                Ok(Change::Set(key, value))
            }
            Change::Delete(_) => Ok(change),
        }
    }

    fn value(&self, key: &str, value: Vec<u8>) -> std::result::Result<Vec<u8>, Blocked> {
        self.guard.refuse_in(Direction::Storage, key.as_bytes())?;
        self.guard.bytes(Direction::Storage, key, value)
    }

    fn look(&mut self, key: String) -> std::result::Result<Seen, KvError> {
        let value = self.bucket.get(vec![key.clone()])?.pop().flatten();
        Ok(Seen { key, value })
    }

    fn sync(&mut self) -> std::result::Result<(), KvError> {
        self.bucket.sync().inspect(|()| self.wrote = false)
    }
}

impl State {
    /// `open` of the interface.
    fn open_bucket(&mut self, identifier: &str) -> Result<Answer<Resource<OpenBucket>>> {
        if !DEFAULT.contains(&identifier) {
            self.refusals.push(codes::KV_DENIED, || format!("a package has no store called `{identifier}`"));
            return Ok(Err(Error::NoSuchStore));
        }
        match self.kv(|_| Ok::<_, KvError>(()))? {
            Ok(()) => Ok(Ok(self.table.push(OpenBucket)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Does something with the store, which is opened when nobody did so yet.
    fn kv<T, F: Into<Fault>>(&mut self, body: impl FnOnce(&mut Kv) -> std::result::Result<T, F>) -> Result<Answer<T>> {
        if self.kv.is_none() {
            let Some(bytes) = self.terms.grants.kv_bytes() else {
                self.refusals.push(codes::KV_DENIED, || "no key-value store is granted".to_owned());
                return Ok(Err(Error::AccessDenied));
            };
            let terms = Terms { quota: Quota { bytes, ..Quota::default() }, deadline: Some(self.deadline.at) };
            match self.providers().kv.open(&self.resident.claim, terms) {
                Ok(bucket) => {
                    let guard = self.guard.clone();
                    self.kv = Some(Box::new(Kv { bucket, guard, wrote: false, cursors: Vec::new(), cursor_next: 0 }));
                }
                Err(error) => return self.failed(&error),
            }
        }
        match self.kv.as_deref_mut().map(body) {
            Some(Ok(value)) => Ok(Ok(value)),
            Some(Err(fault)) => match fault.into() {
                Fault::Store(error) => self.failed(&error),
                Fault::Blocked(blocked) => {
                    let (code, message) = privacy::refusal("what was to be kept", &blocked);
                    self.refusals.push(code, || message);
                    Ok(Err(Error::Other(format!("{code}: {blocked}"))))
                }
            },
            None => Ok(Err(Error::AccessDenied)),
        }
    }

    /// What the tool and the caller hear of an error. One that comes with the deadline is the deadline.
    fn failed<T>(&mut self, error: &KvError) -> Result<Answer<T>> {
        if let (KvError::Busy { .. }, Some(hit)) = (error, self.deadline.hit()) {
            return Err(hit.into());
        }
        let code = error.code();
        self.refusals.push(code, || with_cause(error));
        Ok(Err(if code == codes::KV_DENIED { Error::AccessDenied } else { Error::Other(told(code, error)) }))
    }

    /// What a call wrote outlives the process before its outcome is given.
    pub(crate) fn flush_kv(&mut self) -> std::result::Result<(), Stop> {
        let Some(kv) = self.kv.as_deref_mut().filter(|kv| kv.wrote) else { return Ok(()) };
        kv.bucket.flush().map_err(|error| Stop { code: error.code(), message: with_cause(&error) })
    }
}

/// For the tool: not where on this machine the store is.
fn told(code: Code, error: &KvError) -> String {
    match error {
        KvError::Refused(refusal) => format!("{code}: {refusal}"),
        _ => format!("{code}: the store failed"),
    }
}

/// For the caller.
fn with_cause(error: &KvError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
