//! Turns for a pool: as many calls run at one time as the pool has places; the others wait instead of failing.

use std::sync::{Condvar, Mutex, PoisonError};

/// The places of a pool.
#[derive(Debug)]
pub(crate) struct Turns {
    free: Mutex<u32>,
    freed: Condvar,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a Turns);

impl Turns {
    pub(crate) fn new(places: u32) -> Self {
        Self { free: Mutex::new(places.max(1)), freed: Condvar::new() }
    }

    pub(crate) fn take(&self) -> Turn<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Turn(self)
    }

    /// A place, when one is free now.
    pub(crate) fn take_if_free(&self) -> Option<Turn<'_>> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;
    use std::sync::atomic::{AtomicU32, Ordering};

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
}
