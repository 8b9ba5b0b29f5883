//! Lanes: a host with a pool has an engine for each processor, so that calls of different threads write to nothing that they share.
//!
//! What a call counts up and down (places of the pool, running calls, references) is one of several, by the thread that calls. Two
//! threads then do twice the work of one, where they would wait for each other's cache lines otherwise. A host without a pool has one lane.
//! Nothing here decides what a call may do.

use crate::cap;
use crate::engine::{self, Allocation, Metering};
use crate::error::HostError;
use crate::limits::Limits;
use crate::state::State;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use wasmtime::Engine;
use wasmtime::component::Linker;

/// More do not pay: each costs a copy of the code of every package that is called in it.
const LANES_MAX: usize = 8;

/// One engine, and its linker with every capability.
pub(crate) struct Lane {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
}

impl Lane {
    fn new(
        allocation: Allocation,
        metering: Metering,
        limits: &Limits,
        memory_bytes_cap: usize,
    ) -> Result<Self, HostError> {
        let engine = engine::engine(allocation, metering, limits, memory_bytes_cap)?;
        let mut linker = Linker::new(&engine);
        cap::add_to_linker(&mut linker).map_err(HostError::Engine)?;
        Ok(Self { engine, linker })
    }
}

/// The lanes of a host, all with the same settings but for the places of their pools.
pub(crate) fn lanes(
    allocation: Allocation,
    metering: Metering,
    limits: &Limits,
    memory_bytes_cap: usize,
) -> Result<Box<[Lane]>, HostError> {
    let lane = |allocation| Lane::new(allocation, metering, limits, memory_bytes_cap);
    match allocation {
        Allocation::OnDemand => Ok(Box::new([lane(allocation)?])),
        Allocation::Pooled { calls } => {
            let processors = thread::available_parallelism().map_or(1, usize::from);
            places(calls, processors).into_iter().map(|calls| lane(Allocation::Pooled { calls })).collect()
        }
    }
}

/// How many places each lane has, at least one each; together `calls`.
pub(crate) fn places(calls: u32, processors: usize) -> Vec<u32> {
    let calls = calls.max(1);
    let lanes = u32::try_from(processors.clamp(1, LANES_MAX)).unwrap_or(1).min(calls);
    (0..lanes).map(|lane| calls / lanes + u32::from(lane < calls % lanes)).collect()
}

/// The lane that this thread uses, of so many: the next one for each new thread.
pub(crate) fn own(lanes: usize) -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: usize = THREADS.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| number % lanes)
}

#[cfg(test)]
mod tests {
    use super::{own, places};

    #[test]
    fn places_are_shared_out_and_none_is_lost() {
        assert_eq!(places(8, 2), [4, 4]);
        assert_eq!(places(5, 2), [3, 2]);
        assert_eq!(places(1, 4), [1]);
        assert_eq!(places(0, 4), [1]);
        assert_eq!(places(64, 100), [8; 8]);
        assert_eq!(places(3, 0), [3]);
    }

    #[test]
    fn a_thread_stays_in_its_lane() {
        assert_eq!(own(1), 0);
        assert_eq!((own(3), own(4)), (own(3), own(4)));
    }
}
