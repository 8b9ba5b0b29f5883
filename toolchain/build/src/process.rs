//! Running a program to its end and taking what it wrote.

use std::{io, process::Command};

/// What a program wrote before it ended.
pub(crate) struct Finished {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// The first line of what it wrote to its standard output, or nothing when it failed.
    pub(crate) fn first_line(&self) -> Option<&str> {
        let line = self.stdout.lines().next()?.trim();
        (self.success && !line.is_empty()).then_some(line)
    }
}

/// Runs `command`, without input unless it was given one.
pub(crate) fn run(command: &mut Command) -> io::Result<Finished> {
    let output = command.output()?;
    Ok(Finished {
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
