//! Elsewhere: the console of Windows; a session is one process, so that a grant for a session counts for one command.

use std::fs::{File, OpenOptions};
use std::io::{Stderr, Stdin, Stdout};
use std::time::Duration;

pub(super) fn controlling_terminal() -> Option<File> {
    let input = OpenOptions::new().read(true).write(true).open("CONIN$").ok();
    input.filter(std::io::IsTerminal::is_terminal)
}

pub(super) fn forget_input(_: &File) {}

pub(super) fn wait_for_input(_: &File, _: Duration) -> bool {
    true
}

#[cfg(windows)]
pub(super) fn pipes(input: &Stdin, output: &Stdout, _: &Stderr) -> std::io::Result<(File, File)> {
    use std::os::windows::io::AsHandle as _;
    let input = input.as_handle().try_clone_to_owned()?;
    let output = output.as_handle().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

#[cfg(not(windows))]
pub(super) fn pipes(_: &Stdin, _: &Stdout, _: &Stderr) -> std::io::Result<(File, File)> {
    Err(std::io::ErrorKind::Unsupported.into())
}

pub(super) fn session() -> String {
    format!("process {}", std::process::id())
}
