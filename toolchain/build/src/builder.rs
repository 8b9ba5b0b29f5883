//! Who makes the component. Each builder runs a compiler that people know and takes what it says it made.

mod cargo;
mod flags;

pub(crate) use cargo::{CargoBuild, build};
