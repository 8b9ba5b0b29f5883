//! The real program, used as people use it.

mod command_line;
mod doctor;
mod odd_use;
mod registries;
mod road;
mod support;
