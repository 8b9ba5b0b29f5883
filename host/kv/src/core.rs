//! How a request is carried out: checked, counted and remembered in the same batch as the write.
//!
//! A request that came through a socket carries a ticket. The last ticket of each client is kept with its answer, in the batch of the
//! write itself, so that a client which lost the answer can ask again, of this process or of the next that holds the store, and
//! nothing happens twice.
//!
//! The row that says how much is kept is taken away by the first single row that is written after a flush, and written again by the next
//! flush, because a row alone costs the table a fraction of what a batch does. What was applied is found again up to some point of its
//! order, so the row is either there and right, or missing, and then it is counted anew.

use crate::error::{AtOnce, KvError, Refusal};
use crate::quota::{KEY_BYTES_MAX, Quota, Usage, VALUE_BYTES_MAX};
use crate::request::{Answer, BYTES_AT_ONCE, Change, KEYS_AT_ONCE, KeyPage, PAGE_KEYS, Request, Step};
use crate::table::{Batch, Table};
use std::collections::{BTreeMap, HashMap};
use std::iter;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Who asks, among all processes: 16 random bytes.
pub(crate) type ClientId = [u8; 16];

/// Which request of which client: the same when it is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) client: ClientId,
    pub(crate) number: u64,
}

/// Answers that are remembered. A client that asks again does so within seconds, so those of the longest ago can go.
const REMEMBERED_MAX: usize = 1_024;

/// Bytes that stay free on the disk for the table's own files.
const SPARE_BYTES: u64 = 1 << 20;

/// Bytes of rows that the table may hold back until it is flushed.
const HELD_BACK_BYTES: u64 = 2 << 20;

const USAGE: &[u8] = &[0];
const CLIENTS: &[u8] = &[1];
const KEYS: &[u8] = &[2];

/// One store, in the process that holds it.
pub(crate) struct Core {
    table: Box<dyn Table>,
    writing: Mutex<Writing>,
    /// Batches applied so far.
    applied: AtomicU64,
    /// Batches that outlive the process.
    flushed: Mutex<u64>,
    /// Something failed half-way: nobody knows what the table holds until it is opened again.
    broken: AtomicBool,
}

struct Writing {
    usage: Usage,
    /// The table has the row that says so.
    usage_kept: bool,
    /// Bytes applied since the last flush.
    unflushed_bytes: u64,
    clients: Remembered,
}

impl Writing {
    fn usage_row(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        (USAGE.to_vec(), Some(self.usage.to_bytes().to_vec()))
    }
}

/// Which clients are remembered, the longest ago first.
#[derive(Default)]
struct Remembered {
    by_age: BTreeMap<u64, ClientId>,
    ages: HashMap<ClientId, u64>,
    next: u64,
}

impl Remembered {
    fn note(&mut self, client: ClientId, age: u64) {
        self.forget(&client);
        self.by_age.insert(age, client);
        self.ages.insert(client, age);
        self.next = self.next.max(age.saturating_add(1));
    }
    fn forget(&mut self, client: &ClientId) -> bool {
        let age = self.ages.remove(client);
        age.is_some_and(|age| self.by_age.remove(&age).is_some())
    }
    /// Whom to forget when `client` comes in.
    fn surplus(&self, client: &ClientId) -> Option<ClientId> {
        let full = self.ages.len() >= REMEMBERED_MAX && !self.ages.contains_key(client);
        full.then(|| self.by_age.values().next().copied()).flatten()
    }
}

/// What a write comes to.
struct Plan {
    rows: Batch,
    usage: Usage,
    answer: Answer,
}

impl Core {
    pub(crate) fn open(table: Box<dyn Table>) -> Result<Self, KvError> {
        let kept = table.get(USAGE)?;
        let usage = match &kept {
            None => count(&*table)?,
            Some(bytes) => Usage::from_bytes(bytes).ok_or_else(|| table.damaged("its usage".to_owned()))?,
        };
        let clients = remembered(&*table)?;
        let writing = Writing { usage, usage_kept: kept.is_some(), unflushed_bytes: 0, clients };
        Ok(Self {
            table,
            writing: Mutex::new(writing),
            applied: AtomicU64::new(0),
            flushed: Mutex::new(0),
            broken: AtomicBool::new(false),
        })
    }

    /// Whether it must be opened anew.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Carries out a request. With a ticket, one that was carried out before gives the answer that it gave then.
    pub(crate) fn perform(&self, request: &Request, ticket: Option<Ticket>, quota: Quota) -> Result<Answer, KvError> {
        let result = self.attempt(request, ticket, quota);
        if matches!(result, Err(KvError::Io { .. } | KvError::Damaged { .. })) {
            self.broken.store(true, Ordering::Release);
        }
        result
    }

    fn attempt(&self, request: &Request, ticket: Option<Ticket>, quota: Quota) -> Result<Answer, KvError> {
        match request {
            Request::Get(keys) => self.get(keys).map(Answer::Values),
            Request::Exists(key) => Ok(Answer::Yes(self.value(key)?.is_some())),
            Request::Keys { after } => self.keys(after.as_deref()).map(Answer::Keys),
            Request::Usage => Ok(Answer::Usage(self.writing().usage)),
            Request::Write(changes) => self.write(ticket, quota, |usage| self.plan_changes(usage, changes)),
            Request::Increment(key, step) => self.write(ticket, quota, |usage| self.plan_increment(usage, key, *step)),
            Request::Swap { key, expected, value } => {
                let expected = expected.as_ref().map(|bytes| bytes.as_slice());
                self.write(ticket, quota, |usage| self.plan_swap(usage, key, expected, value))
            }
            Request::Clear => self.write(ticket, quota, |_| self.plan_clear()),
            Request::Sync => self.sync().map(|()| Answer::Done),
            Request::Leave => self.leave(ticket).map(|()| Answer::Done),
        }
    }

    /// After this, what was applied outlives the process.
    pub(crate) fn flush(&self) -> Result<(), KvError> {
        let mut flushed = self.flushed.lock().unwrap_or_else(PoisonError::into_inner);
        if *flushed < self.applied.load(Ordering::Acquire) {
            let broken = |_: &KvError| self.broken.store(true, Ordering::Release);
            let applied = self.keep_usage().inspect_err(broken)?;
            self.table.flush().inspect_err(broken)?;
            *flushed = applied;
        }
        Ok(())
    }

    /// Writes how much is kept, where the table does not say it; and tells what was applied by then.
    fn keep_usage(&self) -> Result<u64, KvError> {
        let mut writing = self.writing();
        if !writing.usage_kept {
            self.table.apply(vec![writing.usage_row()])?;
            writing.usage_kept = true;
        }
        writing.unflushed_bytes = 0;
        Ok(self.applied.load(Ordering::Acquire))
    }

    fn sync(&self) -> Result<(), KvError> {
        self.flush()?;
        self.table.sync()
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn value(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        check_key(key)?;
        self.table.get(&row(key))
    }

    fn get(&self, keys: &[String]) -> Result<Vec<Option<serde_bytes::ByteBuf>>, KvError> {
        check_count(keys.len())?;
        let mut bytes = 0;
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            let value = self.value(key)?;
            bytes += value.as_ref().map_or(0, Vec::len);
            check_bytes(bytes)?;
            values.push(value.map(serde_bytes::ByteBuf::from));
        }
        Ok(values)
    }

    fn keys(&self, after: Option<&str>) -> Result<KeyPage, KvError> {
        let start = after.map_or_else(|| KEYS.to_vec(), row);
        let mut found = Vec::new();
        if after.is_none() && self.table.get(KEYS)?.is_some() {
            found.push(String::new());
        }
        for row in self.table.after(&start, KEYS, PAGE_KEYS + 1)? {
            let key = String::from_utf8(row[KEYS.len()..].to_vec());
            found.push(key.map_err(|_| self.table.damaged("a key that is not text".to_owned()))?);
        }
        let more = found.len() > PAGE_KEYS;
        found.truncate(PAGE_KEYS);
        Ok(KeyPage { keys: found, more })
    }

    fn write(
        &self,
        ticket: Option<Ticket>,
        quota: Quota,
        plan: impl FnOnce(Usage) -> Result<Plan, KvError>,
    ) -> Result<Answer, KvError> {
        let mut writing = self.writing();
        if let Some(answer) = ticket.map(|ticket| self.given_before(ticket)).transpose()?.flatten() {
            return Ok(answer);
        }
        let Plan { mut rows, usage, answer } = plan(writing.usage)?;
        if rows.is_empty() {
            return Ok(answer);
        }
        check_quota(writing.usage, usage, quota)?;
        let alone = ticket.is_none() && rows.len() == 1;
        match (alone, writing.usage_kept) {
            (true, false) => {}
            (true, true) => rows.push((USAGE.to_vec(), None)),
            (false, _) => rows.push((USAGE.to_vec(), Some(usage.to_bytes().to_vec()))),
        }
        let surplus = ticket.and_then(|ticket| writing.clients.surplus(&ticket.client));
        rows.extend(surplus.map(|client| (client_row(&client), None)));
        if let Some(ticket) = ticket {
            rows.push((client_row(&ticket.client), Some(record(writing.clients.next, ticket.number, &answer))));
        }
        let batch_bytes = bytes_of(&rows);
        self.check_room(&writing, batch_bytes)?;
        self.table.apply(rows)?;
        writing.usage = usage;
        writing.usage_kept = !alone;
        writing.unflushed_bytes = writing.unflushed_bytes.saturating_add(batch_bytes);
        surplus.map(|client| writing.clients.forget(&client));
        if let Some(ticket) = ticket {
            let age = writing.clients.next;
            writing.clients.note(ticket.client, age);
        }
        self.applied.fetch_add(1, Ordering::AcqRel);
        Ok(answer)
    }

    /// Below the table lies a log: a write may bring with it that as much is written anew as is kept. A disk that has less is not
    /// written to, because the table does not bear a failure half-way.
    fn check_room(&self, writing: &Writing, batch_bytes: u64) -> Result<(), KvError> {
        let held_back = writing.unflushed_bytes.min(HELD_BACK_BYTES);
        let needed = SPARE_BYTES + held_back + writing.usage.bytes + 2 * batch_bytes;
        if self.table.room()? < needed { Err(self.table.no_room(needed)) } else { Ok(()) }
    }

    /// The answer to a request that was carried out before.
    fn given_before(&self, ticket: Ticket) -> Result<Option<Answer>, KvError> {
        let Some(bytes) = self.table.get(&client_row(&ticket.client))? else { return Ok(None) };
        let (_, number, answer) =
            read_record(&bytes).ok_or_else(|| self.table.damaged("a client's answer".to_owned()))?;
        Ok((number == ticket.number).then_some(answer))
    }

    fn leave(&self, ticket: Option<Ticket>) -> Result<(), KvError> {
        let mut writing = self.writing();
        let Some(ticket) = ticket.filter(|ticket| writing.clients.forget(&ticket.client)) else { return Ok(()) };
        self.table.apply(vec![(client_row(&ticket.client), None)])?;
        self.applied.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    fn plan_changes(&self, mut usage: Usage, changes: &[Change]) -> Result<Plan, KvError> {
        check_count(changes.len())?;
        let mut last: BTreeMap<&str, Option<&[u8]>> = BTreeMap::new();
        let mut bytes = 0;
        for change in changes {
            check_key(change.key())?;
            let value = match change {
                Change::Set(_, value) => Some(value.as_slice()),
                Change::Delete(_) => None,
            };
            check_value(value.unwrap_or_default())?;
            bytes += change.key().len() + value.map_or(0, <[u8]>::len);
            check_bytes(bytes)?;
            last.insert(change.key(), value);
        }
        let mut rows = Vec::with_capacity(last.len() + 2);
        for (key, value) in last {
            let old = self.table.get(&row(key))?;
            if old.is_none() && value.is_none() {
                continue;
            }
            usage = counted(usage, key, old.map(|old| old.len()), value.map(<[u8]>::len));
            rows.push((row(key), value.map(<[u8]>::to_vec)));
        }
        Ok(Plan { rows, usage, answer: Answer::Done })
    }

    fn plan_increment(&self, usage: Usage, key: &str, step: Step) -> Result<Plan, KvError> {
        let old = self.value(key)?;
        let number = old.as_deref().map_or(Some(0), number).ok_or(Refusal::NotANumber)?;
        let next = step.after(number).ok_or(Refusal::OutOfRange)?;
        let text = next.to_string().into_bytes();
        let usage = counted(usage, key, old.map(|old| old.len()), Some(text.len()));
        Ok(Plan { rows: vec![(row(key), Some(text))], usage, answer: Answer::Number(next) })
    }

    fn plan_swap(&self, usage: Usage, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<Plan, KvError> {
        check_value(value)?;
        let old = self.value(key)?;
        if old.as_deref() != expected {
            return Ok(Plan { rows: Vec::new(), usage, answer: Answer::Yes(false) });
        }
        let usage = counted(usage, key, old.map(|old| old.len()), Some(value.len()));
        Ok(Plan { rows: vec![(row(key), Some(value.to_vec()))], usage, answer: Answer::Yes(true) })
    }

    fn plan_clear(&self) -> Result<Plan, KvError> {
        let mut rows: Batch = self.table.get(KEYS)?.map(|_| (KEYS.to_vec(), None)).into_iter().collect();
        let all = self.table.after(KEYS, KEYS, usize::MAX)?;
        rows.extend(all.into_iter().map(|row| (row, None)));
        Ok(Plan { rows, usage: Usage::default(), answer: Answer::Done })
    }
}

/// Counts what a table keeps.
fn count(table: &dyn Table) -> Result<Usage, KvError> {
    let mut usage = Usage::default();
    for row in iter::once(KEYS.to_vec()).chain(table.after(KEYS, KEYS, usize::MAX)?) {
        if let Some(value) = table.get(&row)? {
            usage = usage.with_bytes(row.len() - KEYS.len() + value.len());
        }
    }
    Ok(usage)
}

fn bytes_of(rows: &Batch) -> u64 {
    rows.iter().map(|(row, value)| (row.len() + value.as_ref().map_or(0, Vec::len)) as u64).sum()
}

fn remembered(table: &dyn Table) -> Result<Remembered, KvError> {
    let mut clients = Remembered::default();
    for row in table.after(CLIENTS, CLIENTS, usize::MAX)? {
        let record = table.get(&row)?.and_then(|bytes| read_record(&bytes));
        let client = row[CLIENTS.len()..].try_into().ok().zip(record);
        let (client, (age, ..)) = client.ok_or_else(|| table.damaged("a client's answer".to_owned()))?;
        clients.note(client, age);
    }
    Ok(clients)
}

fn row(key: &str) -> Vec<u8> {
    [KEYS, key.as_bytes()].concat()
}

fn client_row(client: &ClientId) -> Vec<u8> {
    [CLIENTS, client].concat()
}

fn record(age: u64, number: u64, answer: &Answer) -> Vec<u8> {
    postcard::to_allocvec(&(age, number, answer)).unwrap_or_default()
}

fn read_record(bytes: &[u8]) -> Option<(u64, u64, Answer)> {
    postcard::from_bytes(bytes).ok()
}

/// A counter as it is kept: decimal text.
fn number(bytes: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.parse().ok()
}

fn counted(usage: Usage, key: &str, old: Option<usize>, new: Option<usize>) -> Usage {
    let usage = old.map_or(usage, |old| usage.without(key, old));
    new.map_or(usage, |new| usage.with(key, new))
}

fn check_key(key: &str) -> Result<(), Refusal> {
    let found = key.len();
    if found > KEY_BYTES_MAX { Err(Refusal::Key { found: found as u64 }) } else { Ok(()) }
}

fn check_value(value: &[u8]) -> Result<(), Refusal> {
    let found = value.len();
    if found > VALUE_BYTES_MAX { Err(Refusal::Value { found: found as u64 }) } else { Ok(()) }
}

fn check_count(found: usize) -> Result<(), Refusal> {
    let limit = KEYS_AT_ONCE as u64;
    if found > KEYS_AT_ONCE { Err(Refusal::AtOnce { what: AtOnce::Keys, limit }) } else { Ok(()) }
}

fn check_bytes(found: usize) -> Result<(), Refusal> {
    let limit = BYTES_AT_ONCE as u64;
    if found > BYTES_AT_ONCE { Err(Refusal::AtOnce { what: AtOnce::Bytes, limit }) } else { Ok(()) }
}

/// What grows must fit; what shrinks is never refused, so that a package over a lowered quota can make room.
fn check_quota(before: Usage, after: Usage, quota: Quota) -> Result<(), Refusal> {
    if after.bytes > quota.bytes && after.bytes > before.bytes {
        return Err(Refusal::Bytes { wanted: after.bytes, limit: quota.bytes });
    }
    if after.keys > quota.keys && after.keys > before.keys {
        return Err(Refusal::Keys { wanted: after.keys, limit: quota.keys });
    }
    Ok(())
}
