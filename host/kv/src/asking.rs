//! Buckets whose methods are requests: what the providers of this crate have in common.

use crate::error::KvError;
use crate::quota::Usage;
use crate::request::{Answer, Change, KeyPage, Request, Step};
use crate::store::Bucket;

/// Whoever answers requests.
pub(crate) trait Ask: Send {
    fn ask(&mut self, request: Request) -> Result<Answer, KvError>;
    fn flush(&mut self) -> Result<(), KvError>;
}

/// A bucket whose methods are requests.
pub(crate) struct Asking<A>(pub(crate) A);

/// An answer of another kind than the question.
fn strange() -> KvError {
    KvError::Holder("an answer to another question".to_owned())
}

impl<A: Ask> Asking<A> {
    fn done(&mut self, request: Request) -> Result<(), KvError> {
        match self.0.ask(request)? {
            Answer::Done => Ok(()),
            _ => Err(strange()),
        }
    }
    fn yes(&mut self, request: Request) -> Result<bool, KvError> {
        match self.0.ask(request)? {
            Answer::Yes(yes) => Ok(yes),
            _ => Err(strange()),
        }
    }
}

impl<A: Ask> Bucket for Asking<A> {
    fn get(&mut self, keys: Vec<String>) -> Result<Vec<Option<Vec<u8>>>, KvError> {
        let count = keys.len();
        match self.0.ask(Request::Get(keys))? {
            Answer::Values(values) if values.len() == count => {
                Ok(values.into_iter().map(|value| value.map(serde_bytes::ByteBuf::into_vec)).collect())
            }
            _ => Err(strange()),
        }
    }
    fn exists(&mut self, key: String) -> Result<bool, KvError> {
        self.yes(Request::Exists(key))
    }
    fn keys(&mut self, after: Option<String>) -> Result<KeyPage, KvError> {
        match self.0.ask(Request::Keys { after })? {
            Answer::Keys(page) => Ok(page),
            _ => Err(strange()),
        }
    }
    fn usage(&mut self) -> Result<Usage, KvError> {
        match self.0.ask(Request::Usage)? {
            Answer::Usage(usage) => Ok(usage),
            _ => Err(strange()),
        }
    }
    fn write(&mut self, changes: Vec<Change>) -> Result<(), KvError> {
        self.done(Request::Write(changes))
    }
    fn increment(&mut self, key: String, step: Step) -> Result<i128, KvError> {
        match self.0.ask(Request::Increment(key, step))? {
            Answer::Number(number) => Ok(number),
            _ => Err(strange()),
        }
    }
    fn swap(&mut self, key: String, expected: Option<Vec<u8>>, value: Vec<u8>) -> Result<bool, KvError> {
        self.yes(Request::Swap { key, expected: expected.map(Into::into), value: value.into() })
    }
    fn clear(&mut self) -> Result<(), KvError> {
        self.done(Request::Clear)
    }
    fn flush(&mut self) -> Result<(), KvError> {
        self.0.flush()
    }
    fn sync(&mut self) -> Result<(), KvError> {
        self.done(Request::Sync)
    }
}
