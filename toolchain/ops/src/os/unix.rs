//! Linux, macOS and other Unix systems: limits that the kernel keeps.

use crate::compile_process::CompileLimits;
use rustix::process::{Resource, Rlimit, setrlimit, setsid};
use std::io;

/// Gives this process its limits for the rest of its life: processor time, memory, no files but those that are open, none written, no core.
/// It leaves its terminal, and on Linux it ends when its parent does.
pub(crate) fn confine(limits: &CompileLimits) -> io::Result<()> {
    // A process that leads a session already has left its terminal.
    let _ = setsid();
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let all = [
        (Resource::Cpu, limits.cpu_seconds),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, 3),
        #[cfg(not(target_vendor = "apple"))]
        (Resource::As, limits.memory_bytes),
    ];
    for (resource, limit) in all {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(())
}
