//! `mpp:host/progress`: how far a tool has come, for whoever watches. Permission `progress`; rule HOST-76.

use crate::privacy;
use crate::state::State;
use mpp_privacy::Direction;
use mpp_schema::{codes, text};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::Result;
use wasmtime::component::Linker;

/// Who is shown the progress of a call. Called while the tool runs, on the thread that runs it.
pub trait Progress: Send + Sync {
    /// The tool has come this far.
    fn report(&self, step: &Step);
}

/// How far a tool has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// How much is done.
    pub done: u64,
    /// Of how much, when the tool knows.
    pub total: Option<u64>,
    /// What it does now: the beginning of what it said, escaped for showing.
    pub message: String,
}

/// Not more often than this, except for the last step.
const PAUSE: Duration = Duration::from_millis(50);
/// Steps of one call that are shown.
const STEPS_MAX: u32 = 10_000;

/// What was shown so far.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    last: Option<Instant>,
    steps: u32,
    complete: bool,
}

impl Shown {
    /// Whether to show a step now.
    fn admit(&mut self, now: Instant, is_last: bool) -> bool {
        let rested = self.last.is_none_or(|last| now.duration_since(last) >= PAUSE);
        let completes = is_last && !self.complete;
        if self.steps == STEPS_MAX || !(rested || completes) {
            return false;
        }
        self.complete = is_last;
        self.last = Some(now);
        self.steps += 1;
        true
    }
}

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut instance = linker.instance("mpp:host/progress@0.1.0")?;
    instance.func_wrap("report", |mut store, (done, total, message): (u64, Option<u64>, String)| {
        store.data_mut().report(done, total, &message);
        Ok(())
    })
}

impl State {
    fn report(&mut self, done: u64, total: Option<u64>, message: &str) {
        if !self.terms.grants.progress() {
            return self.refusals.push(codes::CAP_DENIED, || "progress was not shown: it is not granted".to_owned());
        }
        let Some(watcher) = self.terms.progress.as_ref().map(Arc::clone) else { return };
        let is_last = total.is_some_and(|total| done >= total);
        if self.shown.admit(Instant::now(), is_last) {
            let message = match self.guard.text(Direction::Output, "", message.to_owned()) {
                Ok(message) => text::excerpt(&message),
                Err(blocked) => {
                    let (code, message) = privacy::refusal("a text about progress", &blocked);
                    self.refusals.push(code, || message);
                    String::new()
                }
            };
            watcher.report(&Step { done, total, message });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PAUSE, STEPS_MAX, Shown};
    use std::time::Instant;

    #[test]
    fn steps_are_shown_at_a_bounded_rate_and_the_last_one_always() {
        let (mut shown, begin) = (Shown::default(), Instant::now());
        assert!(shown.admit(begin, false));
        assert!(!shown.admit(begin, false));
        assert!(shown.admit(begin, true));
        assert!(!shown.admit(begin, true));
        assert!(shown.admit(begin + PAUSE, false));
        let more = (1..=STEPS_MAX).filter(|step| shown.admit(begin + PAUSE * (step + 1), false)).count();
        assert_eq!(more as u32, STEPS_MAX - 3);
    }
}
