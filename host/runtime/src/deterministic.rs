//! A call that gives the same answer each time: its clocks and its random numbers come from here, not from the machine.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a deterministic call begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deterministic {
    /// Where the random numbers come from.
    pub seed: u64,
    /// What the wall clock shows at the start, since 1970.
    pub time: Duration,
}

/// How far the clocks of a deterministic call go on each time that one of them is read.
const STEP: Duration = Duration::from_millis(1);

/// The clocks and the dice of one deterministic call.
pub(crate) struct Fixed {
    begin: Duration,
    dice: ChaCha20Rng,
    passed: Passed,
}

/// How much time has passed, in nanoseconds; waiting moves it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passed(Arc<AtomicU64>);

impl Fixed {
    pub(crate) fn new(begin: Deterministic) -> Self {
        Self { begin: begin.time, dice: ChaCha20Rng::seed_from_u64(begin.seed), passed: Passed::default() }
    }

    /// The wall clock, and a step further.
    pub(crate) fn wall(&self) -> Duration {
        self.begin.saturating_add(self.passed.step())
    }

    /// The monotonic clock, and a step further.
    pub(crate) fn monotonic(&self) -> Duration {
        self.passed.step()
    }

    pub(crate) fn passed(&self) -> Passed {
        self.passed.clone()
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        self.dice.fill_bytes(bytes);
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.dice.next_u64()
    }
}

impl Passed {
    fn step(&self) -> Duration {
        let step = u64::try_from(STEP.as_nanos()).unwrap_or(1);
        Duration::from_nanos(self.0.fetch_add(step, Ordering::Relaxed))
    }

    pub(crate) fn nanoseconds(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Waiting takes no time of the machine's.
    pub(crate) fn wait_until(&self, nanoseconds: u64) {
        self.0.fetch_max(nanoseconds, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Deterministic, Fixed};
    use std::time::Duration;

    #[test]
    fn the_same_beginning_gives_the_same_clocks_and_numbers() {
        let look = |seed| {
            let mut fixed = Fixed::new(Deterministic { seed, time: Duration::from_secs(1_000) });
            let mut bytes = [0; 40];
            fixed.fill(&mut bytes);
            let clocks = (fixed.wall(), fixed.monotonic());
            fixed.passed().wait_until(5_000_000_000);
            (bytes, fixed.number(), clocks, fixed.wall())
        };
        assert_eq!(look(7), look(7));
        assert_ne!(look(7).0, look(8).0);
        let (_, _, clocks, later) = look(7);
        assert_eq!(clocks, (Duration::from_secs(1_000), Duration::from_millis(1)));
        assert_eq!(later, Duration::from_secs(1_005));
    }
}
