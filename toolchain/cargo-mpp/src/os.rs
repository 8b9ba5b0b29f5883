//! What differs between operating systems, one interface and one file each: the terminal of whoever started the program, and the session that it runs in.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
use other as system;
#[cfg(unix)]
use unix as system;

use std::fs::File;
use std::io::{Stderr, Stdin, Stdout};
use std::time::Duration;

/// The terminal that controls this process, whatever stdin and stdout are; nothing when there is none.
pub fn controlling_terminal() -> Option<File> {
    system::controlling_terminal()
}

/// Throws away what was typed before anybody was asked, so that it answers nothing.
pub fn forget_input(terminal: &File) {
    system::forget_input(terminal);
}

/// Whether there is something to be read within this time. Where the system cannot say, it is waited for.
pub fn wait_for_input(terminal: &File, at_most: Duration) -> bool {
    system::wait_for_input(terminal, at_most)
}

/// Words that stay the same for one terminal session, and are never those of another one on this machine.
pub fn session() -> String {
    system::session()
}

/// Standard input and output as files of our own; what is printed from now on goes to stderr where the system can do that.
pub fn pipes(input: &Stdin, output: &Stdout, errors: &Stderr) -> std::io::Result<(File, File)> {
    system::pipes(input, output, errors)
}
