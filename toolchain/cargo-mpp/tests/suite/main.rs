//! The real program, used as people use it.

mod command_line;
#[cfg(target_os = "linux")]
mod grants;
mod hook;
mod life;
mod registries;
mod road;
mod support;
#[cfg(target_os = "linux")]
mod terminal;
