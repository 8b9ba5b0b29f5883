//! The real program, used as people use it.

#[cfg(target_os = "linux")]
mod asking;
#[cfg(target_os = "linux")]
mod author;
#[cfg(target_os = "linux")]
mod browser;
#[cfg(target_os = "linux")]
mod busy;
mod command_line;
#[cfg(unix)]
mod complete;
mod connect;
#[cfg(target_os = "linux")]
mod consent;
#[cfg(target_os = "linux")]
mod content;
mod doctor;
mod first_use;
#[cfg(target_os = "linux")]
mod front_door;
#[cfg(target_os = "linux")]
mod grants;
#[cfg(target_os = "linux")]
mod guide;
mod hook;
mod http;
#[cfg(target_os = "linux")]
mod kv;
#[cfg(target_os = "linux")]
mod lending;
mod life;
mod odd_use;
#[cfg(target_os = "linux")]
mod plugins;
mod privacy;
#[cfg(target_os = "linux")]
mod projects;
mod publish;
mod registries;
mod road;
mod root;
mod secrets;
mod serve;
mod support;
#[cfg(target_os = "linux")]
mod templates;
#[cfg(target_os = "linux")]
mod terminal;
