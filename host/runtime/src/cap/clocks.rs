//! `wasi:clocks` of the inert base: both clocks are rounded down to a millisecond, so that a tool cannot measure what runs beside it.
//!
//! The monotonic clock begins with the call: it does not tell how long the host has been up.

use crate::state::State;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

const RESOLUTION: Duration = Duration::from_millis(1);

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

impl wall_clock::Host for State {
    fn now(&mut self) -> Result<wall_clock::Datetime> {
        // A host whose clock stands before 1970 shows 1970.
        let now = coarse(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
        Ok(wall_clock::Datetime { seconds: now.as_secs(), nanoseconds: now.subsec_nanos() })
    }
    fn resolution(&mut self) -> Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime { seconds: 0, nanoseconds: RESOLUTION.subsec_nanos() })
    }
}

impl monotonic_clock::Host for State {
    fn now(&mut self) -> Result<u64> {
        Ok(nanoseconds(coarse(self.started.elapsed())))
    }
    fn resolution(&mut self) -> Result<u64> {
        Ok(nanoseconds(RESOLUTION))
    }
    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        let alarm = Alarm { at: self.started.checked_add(Duration::from_nanos(when)) };
        let alarm = self.table.push(alarm)?;
        subscribe(&mut self.table, alarm)
    }
    fn subscribe_duration(&mut self, duration: u64) -> Result<Resource<DynPollable>> {
        let alarm = Alarm { at: Instant::now().checked_add(Duration::from_nanos(duration)) };
        let alarm = self.table.push(alarm)?;
        subscribe(&mut self.table, alarm)
    }
}

/// Ready at a time, or never when the time is beyond what a clock can show.
struct Alarm {
    at: Option<Instant>,
}

#[async_trait]
impl Pollable for Alarm {
    async fn ready(&mut self) {
        match self.at {
            Some(at) => tokio::time::sleep_until(at.into()).await,
            None => std::future::pending().await,
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
