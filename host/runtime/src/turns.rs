//! Turns for a pool: as many calls run at one time as the pool has places; the others wait instead of failing.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// The places of a pool. A call that finds one free pays two atomic operations.
#[derive(Debug)]
pub(crate) struct Turns {
    free: AtomicU32,
    /// How many wait; changed under the lock only.
    waiting: AtomicU32,
    lock: Mutex<()>,
    freed: Condvar,
}

// Why no wake-up is lost: all four steps below have one order (`SeqCst`). Who waits says so and then looks for a place; who gives one back
// does that and then looks for who waits. If the look for a place came first, the other look finds somebody waiting, and the lock, which
// is held from the look until the wait, puts the waking after it. A place that a third one snatched meanwhile is given back in its turn.

/// A place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a Turns);

impl Turns {
    pub(crate) fn new(places: u32) -> Self {
        let free = AtomicU32::new(places.max(1));
        Self { free, waiting: AtomicU32::new(0), lock: Mutex::new(()), freed: Condvar::new() }
    }

    pub(crate) fn take(&self) -> Turn<'_> {
        self.take_if_free().unwrap_or_else(|| self.wait())
    }

    /// A place, when one is free now.
    pub(crate) fn take_if_free(&self) -> Option<Turn<'_>> {
        let taken = self.free.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |free| free.checked_sub(1));
        taken.ok().map(|_| Turn(self))
    }

    fn wait(&self) -> Turn<'_> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        // Said before looking again: whoever gives a place back after the look sees it, and waits for the lock before it wakes anybody.
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let turn = loop {
            match self.take_if_free() {
                Some(turn) => break turn,
                None => lock = self.freed.wait(lock).unwrap_or_else(PoisonError::into_inner),
            }
        };
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        turn
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.free.fetch_add(1, Ordering::SeqCst);
        if self.0.waiting.load(Ordering::SeqCst) > 0 {
            let _lock = self.0.lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.0.freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    /// Long enough for any machine: what is not there then never comes.
    const LONG: Duration = Duration::from_secs(120);

    /// Takes and gives back a place `times` times, in `threads` threads, each of which says when it is done.
    fn take_and_give_back(turns: &Arc<Turns>, threads: usize, times: usize) -> Receiver<()> {
        let (done, ended) = channel();
        for _ in 0..threads {
            let (turns, done) = (Arc::clone(turns), done.clone());
            std::thread::spawn(move || {
                for turn in 0..times {
                    let taken = turns.take();
                    // With and without a gap in which the others come to wait.
                    if turn % 3 == 0 {
                        std::thread::yield_now();
                    }
                    drop(taken);
                }
                done.send(()).ok();
            });
        }
        ended
    }

    #[test]
    fn no_more_than_the_places_run_at_one_time() {
        let (turns, inside, most) = (Turns::new(2), AtomicU32::new(0), AtomicU32::new(0));
        let work = || {
            for _ in 0..200 {
                let _turn = turns.take();
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                inside.fetch_sub(1, Ordering::SeqCst);
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
        assert_eq!(inside.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_place_that_is_given_back_wakes_whoever_waits() {
        let turns = Arc::new(Turns::new(1));
        let held = turns.take();
        let ended = take_and_give_back(&turns, 3, 1);
        while turns.waiting.load(Ordering::SeqCst) < 3 {
            std::thread::yield_now();
        }
        assert!(turns.take_if_free().is_none());
        drop(held);
        (0..3).for_each(|_| ended.recv_timeout(LONG).expect("each is woken in its turn"));
        assert_eq!(turns.waiting.load(Ordering::SeqCst), 0);
        assert!(turns.take_if_free().is_some());
    }

    /// Where a wake-up can be lost, some thread waits for good.
    #[test]
    fn no_wake_up_is_lost() {
        for places in [1, 2, 3] {
            let turns = Arc::new(Turns::new(places));
            let ended = take_and_give_back(&turns, 4, 5_000);
            (0..4).for_each(|_| ended.recv_timeout(LONG).expect("nobody waits for a place that is free"));
            assert_eq!((turns.free.load(Ordering::SeqCst), turns.waiting.load(Ordering::SeqCst)), (places, 0));
        }
    }
}
