//! The one configuration of the engine: what wasm may be, how deep it may call, how its memory is laid out.
//!
//! Everything that a tool does not need is off, so that it is not there to be attacked. Multi-memory stays on: composed components and
//! those of some JavaScript engines have several memories.

use crate::error::HostError;
use crate::limits::Limits;
use crate::stop::STACK_BYTES;
use std::num::NonZeroUsize;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How the memory of instances is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// Asked of the system for each call: the host starts at once, and nothing is held while nothing runs.
    OnDemand,
    /// Taken from a pool: calls are a few times faster, and threads do not wait for each other. Starting the host takes some
    /// milliseconds and 16 GiB of address space (not of memory) for each call of the pool; each processor has an engine of its own, and
    /// the code of a package is in memory once for each engine that it was called in. For a host that lives long.
    Pooled {
        /// How many calls may run at one time; more wait for their turn.
        calls: u32,
    },
}

/// How a call that takes too long is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Metering {
    /// By the clock alone: the quickest.
    #[default]
    Clock,
    /// Deterministic calls by the work they do, all others by the clock. Each instruction is counted, which costs every call of the host
    /// some of its speed.
    Fuel,
}

/// Work that counts as a millisecond in a deterministic call: about as many instructions as a slow machine does in it.
pub(crate) const FUEL_PER_MS: u64 = 500_000;

/// Bytes of each memory slot that are wiped rather than given back to the system.
const KEEP_RESIDENT_BYTES: usize = 64 << 10;

pub(crate) fn engine(
    allocation: Allocation,
    metering: Metering,
    limits: &Limits,
    memory_bytes_cap: usize,
) -> Result<Engine, HostError> {
    let mut config = config();
    config.consume_fuel(metering == Metering::Fuel);
    if let Allocation::Pooled { calls } = allocation {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(calls, limits, memory_bytes_cap)));
    }
    Engine::new(&config).map_err(HostError::Engine)
}

/// An engine that compiles for every host with this metering, and runs nothing.
pub(crate) fn for_compiling(metering: Metering) -> Result<Engine, HostError> {
    let limits = Limits::default();
    engine(Allocation::OnDemand, metering, &limits, limits.memory_bytes)
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES)
        .wasm_component_model(true)
        .concurrency_support(false)
        .wasm_multi_memory(true)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_gc(false)
        .wasm_shared_everything_threads(false)
        .gc_support(false)
        // One frame says whether the tool or the host stopped the call; more would name the tool's inner functions, for nobody.
        .wasm_backtrace_max_frames(Some(NonZeroUsize::MIN))
        .generate_address_map(false);
    config
}

fn pool(calls: u32, limits: &Limits, memory_bytes_cap: usize) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    let per_call = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let total = |count: usize| calls.saturating_mul(per_call(count));
    pool.total_component_instances(calls)
        .total_core_instances(total(limits.instances))
        .total_memories(total(limits.memories))
        .total_tables(total(limits.tables))
        .max_core_instances_per_component(per_call(limits.instances))
        .max_memories_per_component(per_call(limits.memories))
        .max_tables_per_component(per_call(limits.tables))
        .max_memories_per_module(per_call(limits.memories))
        .max_tables_per_module(per_call(limits.tables))
        .table_elements(limits.table_elements)
        .max_memory_size(limits.memory_bytes.max(memory_bytes_cap))
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(4 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}
