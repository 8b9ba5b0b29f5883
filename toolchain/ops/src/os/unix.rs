//! Linux, macOS and other Unix systems: limits that the kernel keeps.

use crate::compile_process::CompileLimits;
use rustix::process::{Resource, Rlimit, setrlimit, setsid};
use std::{fs::Metadata, io, os::unix::fs::MetadataExt as _};

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

/// Which file this is, in words: its number, and when it was made or last changed in any way. No program sets that time, so no copy has it.
#[allow(clippy::unnecessary_wraps, reason = "not every system says it")]
pub(crate) fn made(file: &Metadata) -> io::Result<String> {
    Ok(format!("{} {}.{:09}", file.ino(), file.ctime(), file.ctime_nsec()))
}
