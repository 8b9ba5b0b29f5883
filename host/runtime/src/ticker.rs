//! The clock hand that lets the engine stop a call at its deadline: a thread that moves the engine's epoch while calls run.
//!
//! It starts with the first call, so that a process can fence itself in before. It sleeps for good while no call runs, and a call pays two
//! atomic operations for it. It never looks at a call: each call says, in ticks, when it must end, and the engine compares.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use wasmtime::EngineWeak;

/// How often the epoch moves while calls run.
const TICK: Duration = Duration::from_millis(10);

/// The thread; it ends soon after this is dropped. Nobody waits for it, as it holds nothing but its own counters.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    engines: Arc<[EngineWeak]>,
    thread: OnceLock<Thread>,
}

#[derive(Debug)]
struct Shared {
    starting: Mutex<()>,
    /// For each lane.
    running: Box<[Count]>,
    parked: AtomicBool,
    ended: AtomicBool,
}

/// Running calls, in a cache line of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Count(AtomicUsize);

impl Shared {
    fn is_any_running(&self) -> bool {
        self.running.iter().any(|Count(running)| running.load(Ordering::SeqCst) > 0)
    }
}

/// The epoch moves for as long as one of these lives.
pub(crate) struct Running<'a>(&'a Count);

impl Ticker {
    /// For the engines of all lanes.
    pub(crate) fn new(engines: Arc<[EngineWeak]>) -> Self {
        let running = engines.iter().map(|_| Count::default()).collect();
        let (starting, parked, ended) = Default::default();
        Self { shared: Arc::new(Shared { starting, running, parked, ended }), engines, thread: OnceLock::new() }
    }

    /// Keeps the epoch moving until the answer is dropped, for a call in this lane.
    pub(crate) fn running(&self, lane: usize) -> std::io::Result<Running<'_>> {
        if self.thread.get().is_none() {
            self.start()?;
        }
        let running = &self.shared.running[lane];
        running.0.fetch_add(1, Ordering::SeqCst);
        // Looked at first: writing takes the line away from other calls.
        if self.shared.parked.load(Ordering::SeqCst) && self.shared.parked.swap(false, Ordering::SeqCst) {
            self.wake();
        }
        Ok(Running(running))
    }

    fn start(&self) -> std::io::Result<()> {
        let _starting = self.shared.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.thread.get().is_none() {
            let (of_thread, engines) = (Arc::clone(&self.shared), Arc::clone(&self.engines));
            let builder = thread::Builder::new().name("mpp-ticker".to_owned());
            // Empty, as nobody else holds the lock.
            let _ = self.thread.set(builder.spawn(move || run(&of_thread, &engines))?.thread().clone());
        }
        Ok(())
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.wake();
    }
}

/// The number of ticks after which `time` is certainly over.
pub(crate) fn ticks(time: Duration) -> u64 {
    let whole = time.as_nanos().div_ceil(TICK.as_nanos());
    u64::try_from(whole).unwrap_or(u64::MAX / 2).min(u64::MAX / 2) + 1
}

fn run(shared: &Shared, engines: &[EngineWeak]) {
    while !shared.ended.load(Ordering::SeqCst) {
        wait_for_a_call(shared);
        if !tick_while_calls_run(shared, engines) {
            return;
        }
    }
}

fn wait_for_a_call(shared: &Shared) {
    loop {
        // Said before looking: whoever starts a call after the look sees it and wakes this thread.
        shared.parked.store(true, Ordering::SeqCst);
        if shared.is_any_running() || shared.ended.load(Ordering::SeqCst) {
            shared.parked.store(false, Ordering::SeqCst);
            return;
        }
        thread::park();
    }
}

/// Moves the epochs by the time that really passed, as a loaded machine oversleeps. False when an engine is gone: the host is.
fn tick_while_calls_run(shared: &Shared, engines: &[EngineWeak]) -> bool {
    let start = Instant::now();
    let mut done: u128 = 0;
    loop {
        thread::park_timeout(TICK);
        let due = start.elapsed().as_nanos() / TICK.as_nanos();
        for engine in engines {
            let Some(engine) = engine.upgrade() else { return false };
            (done..due).for_each(|_| engine.increment_epoch());
        }
        done = due;
        if !shared.is_any_running() || shared.ended.load(Ordering::SeqCst) {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TICK, ticks};
    use std::time::Duration;

    #[test]
    fn a_deadline_is_never_early() {
        assert_eq!(ticks(Duration::ZERO), 1);
        assert_eq!(ticks(Duration::from_nanos(1)), 2);
        assert_eq!(ticks(TICK), 2);
        assert_eq!(ticks(TICK * 3 + Duration::from_nanos(1)), 5);
        assert_eq!(ticks(Duration::MAX), u64::MAX / 2 + 1);
    }
}
