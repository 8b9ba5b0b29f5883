//! Turns for a pool: as many calls run at one time as the pool has places; the others wait instead of failing.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// The places of the pools of all lanes. A call that finds one free pays two atomic operations, in its own lane where it can.
#[derive(Debug)]
pub(crate) struct Turns {
    lanes: Box<[Free]>,
    /// How many wait; changed under the lock only.
    waiting: AtomicU32,
    lock: Mutex<()>,
    freed: Condvar,
}

/// Free places of a lane, in a cache line of their own.
#[derive(Debug)]
#[repr(align(128))]
struct Free(AtomicU32);

// Why no wake-up is lost: all four steps below have one order (`SeqCst`). Who waits says so and then looks for a place; who gives one back
// does that and then looks for who waits. If the look for a place came first, the other look finds somebody waiting, and the lock, which
// is held from the look until the wait, puts the waking after it. A place that a third one snatched meanwhile is given back in its turn.

/// A place in a lane, given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    /// The lane.
    pub(crate) lane: usize,
}

impl Turns {
    /// For lanes with so many places each, at least one in all.
    pub(crate) fn new(places: &[u32]) -> Self {
        let lanes = places.iter().map(|places| Free(AtomicU32::new(*places))).collect();
        Self { lanes, waiting: AtomicU32::new(0), lock: Mutex::new(()), freed: Condvar::new() }
    }

    /// A place in the lane `own`, or in another one when that is full; waits for one when all are.
    pub(crate) fn take(&self, own: usize) -> Turn<'_> {
        self.take_if_free(own).unwrap_or_else(|| self.wait(own))
    }

    /// A place, when one is free now.
    pub(crate) fn take_if_free(&self, own: usize) -> Option<Turn<'_>> {
        let take = |free: &AtomicU32| {
            free.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |free| free.checked_sub(1)).is_ok()
        };
        let count = self.lanes.len();
        let lane = (own..own + count).map(|lane| lane % count).find(|lane| take(&self.lanes[*lane].0))?;
        Some(Turn { turns: self, lane })
    }

    fn wait(&self, own: usize) -> Turn<'_> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        // Said before looking again: whoever gives a place back after the look sees it, and waits for the lock before it wakes anybody.
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let turn = loop {
            match self.take_if_free(own) {
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
        let Self { turns, lane } = self;
        turns.lanes[*lane].0.fetch_add(1, Ordering::SeqCst);
        if turns.waiting.load(Ordering::SeqCst) > 0 {
            let _lock = turns.lock.lock().unwrap_or_else(PoisonError::into_inner);
            turns.freed.notify_one();
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
        for thread in 0..threads {
            let (turns, done, own) = (Arc::clone(turns), done.clone(), thread % turns.lanes.len());
            std::thread::spawn(move || {
                for turn in 0..times {
                    let taken = turns.take(own);
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
        let (turns, inside, most) = (Turns::new(&[1, 1]), AtomicU32::new(0), AtomicU32::new(0));
        let work = || {
            for _ in 0..200 {
                let _turn = turns.take(0);
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
        let turns = Arc::new(Turns::new(&[1]));
        let held = turns.take(0);
        let ended = take_and_give_back(&turns, 3, 1);
        while turns.waiting.load(Ordering::SeqCst) < 3 {
            std::thread::yield_now();
        }
        assert!(turns.take_if_free(0).is_none());
        drop(held);
        (0..3).for_each(|_| ended.recv_timeout(LONG).expect("each is woken in its turn"));
        assert_eq!(turns.waiting.load(Ordering::SeqCst), 0);
        assert!(turns.take_if_free(0).is_some());
    }

    #[test]
    fn a_full_lane_sends_calls_to_another_one() {
        let turns = Turns::new(&[1, 2]);
        let taken: Vec<_> = (0..3).map(|_| turns.take(0)).collect();
        assert_eq!(taken.iter().map(|turn| turn.lane).collect::<Vec<_>>(), [0, 1, 1]);
        assert!(turns.take_if_free(0).is_none() && turns.take_if_free(1).is_none());
        drop(taken);
        assert_eq!(turns.take(1).lane, 1);
    }

    /// Where a wake-up can be lost, some thread waits for good.
    #[test]
    fn no_wake_up_is_lost() {
        for places in [&[1][..], &[1, 1], &[2, 1]] {
            let turns = Arc::new(Turns::new(places));
            let ended = take_and_give_back(&turns, 4, 5_000);
            (0..4).for_each(|_| ended.recv_timeout(LONG).expect("nobody waits for a place that is free"));
            let free: Vec<u32> = turns.lanes.iter().map(|lane| lane.0.load(Ordering::SeqCst)).collect();
            assert_eq!((&*free, turns.waiting.load(Ordering::SeqCst)), (places, 0));
        }
    }
}
