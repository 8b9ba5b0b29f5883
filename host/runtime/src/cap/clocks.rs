//! `wasi:clocks`: rounded down to a millisecond, so that a tool cannot measure what runs beside it, unless the permission `clock` is granted;
//! and no clock of the machine's at all in a deterministic call. Rules HOST-14 and HOST-70.
//!
//! The monotonic clock begins with the call: it does not tell how long the host has been up.

use crate::deterministic::Passed;
use crate::state::State;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

/// The resolution of coarse clocks, and of those of a deterministic call.
const COARSE: Duration = Duration::from_millis(1);
/// The resolution of precise clocks.
const PRECISE: Duration = Duration::from_nanos(1);

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    wall_clock::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    monotonic_clock::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

fn coarse(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl State {
    fn resolution(&self) -> Duration {
        if self.fixed.is_none() && self.terms.grants.clock() { PRECISE } else { COARSE }
    }

    fn as_granted(&self, time: Duration) -> Duration {
        if self.terms.grants.clock() { time } else { coarse(time) }
    }

    fn monotonic(&self) -> Duration {
        match &self.fixed {
            Some(fixed) => fixed.monotonic(),
            None => self.as_granted(self.started.elapsed()),
        }
    }

    fn alarm(&mut self, alarm: Alarm) -> Result<Resource<DynPollable>> {
        let alarm = self.table.push(alarm)?;
        subscribe(&mut self.table, alarm)
    }
}

fn datetime(time: Duration) -> wall_clock::Datetime {
    wall_clock::Datetime { seconds: time.as_secs(), nanoseconds: time.subsec_nanos() }
}

impl wall_clock::Host for State {
    fn now(&mut self) -> Result<wall_clock::Datetime> {
        Ok(datetime(match &self.fixed {
            Some(fixed) => fixed.wall(),
            // A host whose clock stands before 1970 shows 1970.
            None => self.as_granted(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()),
        }))
    }
    fn resolution(&mut self) -> Result<wall_clock::Datetime> {
        Ok(datetime(Self::resolution(self)))
    }
}

impl monotonic_clock::Host for State {
    fn now(&mut self) -> Result<u64> {
        Ok(nanoseconds(self.monotonic()))
    }
    fn resolution(&mut self) -> Result<u64> {
        Ok(nanoseconds(Self::resolution(self)))
    }
    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        let alarm = match &self.fixed {
            Some(fixed) => Alarm::Fixed { passed: fixed.passed(), at: when },
            None => Alarm::Real(self.started.checked_add(Duration::from_nanos(when))),
        };
        self.alarm(alarm)
    }
    fn subscribe_duration(&mut self, duration: u64) -> Result<Resource<DynPollable>> {
        let alarm = match &self.fixed {
            Some(fixed) => {
                let passed = fixed.passed();
                Alarm::Fixed { at: passed.nanoseconds().saturating_add(duration), passed }
            }
            None => Alarm::Real(Instant::now().checked_add(Duration::from_nanos(duration))),
        };
        self.alarm(alarm)
    }
}

/// Ready at a time.
enum Alarm {
    /// Of the machine's clock, or never when the time is beyond what a clock can show.
    Real(Option<Instant>),
    /// Of a deterministic call, whose clock goes on at once.
    Fixed { passed: Passed, at: u64 },
}

#[async_trait]
impl Pollable for Alarm {
    async fn ready(&mut self) {
        match self {
            Self::Real(Some(at)) => tokio::time::sleep_until((*at).into()).await,
            Self::Real(None) => std::future::pending().await,
            Self::Fixed { passed, at } => passed.wait_until(*at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::coarse;
    use std::time::Duration;

    #[test]
    fn time_is_rounded_down_to_a_millisecond() {
        assert_eq!(coarse(Duration::from_nanos(1_999_999)), Duration::from_millis(1));
        assert_eq!(coarse(Duration::from_nanos(2_000_000)), Duration::from_millis(2));
        assert_eq!(coarse(Duration::from_nanos(999_999)), Duration::ZERO);
    }
}
