//! Windows has no fence that a process can raise around itself.

use crate::fence::{Fence, Fenced};
use std::io;

pub(crate) fn raise(_: &Fence) -> io::Result<Fenced> {
    Ok(fence_support())
}

pub(crate) fn fence_support() -> Fenced {
    Fenced::Off { why: "this system has no Landlock" }
}
