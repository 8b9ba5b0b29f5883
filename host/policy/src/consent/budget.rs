//! How many questions a person is asked: a flood is denied without asking (CONS-24).

use mpp_schema::Instant;

/// How many questions are asked in a window.
pub const PROMPTS_MAX: usize = 10;
/// How long the window is.
pub const WINDOW_SECONDS: u64 = 600;

/// The moments of earlier questions on behalf of one agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Budget {
    asked: Vec<Instant>,
}

impl Budget {
    /// A budget of which `asked` was used up.
    pub fn new(asked: Vec<Instant>) -> Self {
        Self { asked }
    }

    /// Counts one more question; says how many there were when there may be no more. Moments in the future count: a clock that was set back
    /// must not open a window.
    ///
    /// # Errors
    /// The number of questions in the window.
    pub fn spend(&mut self, now: Instant) -> Result<(), usize> {
        self.asked.retain(|at| at.plus_seconds(WINDOW_SECONDS) > now);
        if self.asked.len() >= PROMPTS_MAX {
            return Err(self.asked.len());
        }
        self.asked.push(now);
        Ok(())
    }

    /// The moments that count.
    pub fn asked(&self) -> &[Instant] {
        &self.asked
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, PROMPTS_MAX, WINDOW_SECONDS};
    use mpp_schema::Instant;

    /// CONS-24
    #[test]
    fn a_flood_is_stopped_and_time_opens_the_window_again() {
        let start = Instant::from_unix_seconds(1_800_000_000).unwrap();
        let mut budget = Budget::default();
        let allowed = (0..100).filter(|_| budget.spend(start).is_ok()).count();
        assert_eq!(allowed, PROMPTS_MAX);
        let back = Instant::from_unix_seconds(1_700_000_000).unwrap();
        assert!(budget.spend(back).is_err(), "a clock that was set back opens nothing");
        assert!(budget.spend(start.plus_seconds(WINDOW_SECONDS)).is_ok());
    }
}
