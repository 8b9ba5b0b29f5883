//! Elsewhere: the console of Windows; a session is one process, so that a grant for a session counts for one command.

use std::fs::{File, OpenOptions};

pub(super) fn controlling_terminal() -> Option<File> {
    let input = OpenOptions::new().read(true).write(true).open("CONIN$").ok();
    input.filter(std::io::IsTerminal::is_terminal)
}

pub(super) fn forget_input(_: &File) {}

pub(super) fn session() -> String {
    format!("process {}", std::process::id())
}
