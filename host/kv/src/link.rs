//! This process at the socket of the one that holds a store.

use crate::core::{ClientId, Ticket};
use crate::error::{AtOnce, KvError, Refusal};
use crate::os::{self, Stream};
use crate::quota::Quota;
use crate::request::{Answer, BYTES_AT_ONCE, Request};
use crate::wire::{self, Hello, PROTOCOL, Question, Reply};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// One who asks, with at most one question on its way.
pub(crate) struct Link {
    client: ClientId,
    number: u64,
    stream: Option<Stream>,
}

/// Why a question has no answer.
pub(crate) enum Unanswered {
    /// The holder is gone: the same question can be asked of the next.
    Gone,
    /// There is no time left. Whether it was done is not known.
    Late,
    /// The answer is an error.
    Error(KvError),
}

impl Link {
    pub(crate) fn new(folder: &Path) -> Result<Self, KvError> {
        let mut client = ClientId::default();
        getrandom::fill(&mut client)
            .map_err(|error| KvError::io("find random numbers for", folder)(io::Error::other(error.to_string())))?;
        Ok(Self { client, number: 0, stream: None })
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.stream.is_some()
    }

    /// The next question is another one.
    pub(crate) fn next(&mut self) {
        self.number += 1;
    }

    /// The question that is on its way.
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket { client: self.client, number: self.number }
    }

    /// Looks for a holder; says whether there is one.
    pub(crate) fn connect(&mut self, folder: &Path, until: Instant) -> Result<bool, KvError> {
        let Some(mut stream) = os::connect(folder).map_err(KvError::io("connect to", folder))? else {
            return Ok(false);
        };
        match self.greet(&mut stream, until) {
            Ok(Ok(Answer::Done)) => self.stream = Some(stream),
            Ok(Ok(_)) => return Ok(false),
            Ok(Err(trouble)) => return Err(trouble.into()),
            // It ended meanwhile, or does not answer: there may be another.
            Err(_) => return Ok(false),
        }
        Ok(true)
    }

    fn greet(&self, stream: &mut Stream, until: Instant) -> io::Result<Reply> {
        let left = Some(until.saturating_duration_since(Instant::now()));
        stream.set_timeouts(left, left)?;
        wire::send(stream, &Hello { protocol: PROTOCOL, client: self.client })?;
        wire::receive(stream)
    }

    /// Asks, under the number of this question.
    pub(crate) fn ask(&mut self, request: &Request, quota: Quota, until: Instant) -> Result<Answer, Unanswered> {
        let question = Question { number: self.number, quota, request: request.clone() };
        let limit = BYTES_AT_ONCE as u64;
        let frame =
            wire::encode(&question).ok_or(Unanswered::Error(Refusal::AtOnce { what: AtOnce::Bytes, limit }.into()))?;
        let Some(stream) = &mut self.stream else { return Err(Unanswered::Gone) };
        match exchange(stream, &frame, until) {
            Ok(reply) => reply.map_err(|trouble| Unanswered::Error(trouble.into())),
            Err(error) => {
                self.stream = None;
                let late = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
                Err(if late { Unanswered::Late } else { Unanswered::Gone })
            }
        }
    }
}

fn exchange(stream: &mut Stream, frame: &[u8], until: Instant) -> io::Result<Reply> {
    use std::io::Write as _;
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_timeouts(Some(left), Some(left))?;
    stream.write_all(frame)?;
    wire::receive(stream)
}

impl Drop for Link {
    /// Says goodbye, so that the holder need not remember the last answer. Nobody waits for this.
    fn drop(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        let goodbye = Question { number: self.number, quota: Quota::default(), request: Request::Leave };
        // A holder that does not hear it forgets in time.
        let _ = stream.set_timeouts(None, Some(Duration::from_millis(20)));
        let _ = wire::send(stream, &goodbye);
    }
}
