//! Every exit code of `mpp`. `spec/errors.md` lists them; a change here is a change of the interface.

use mpp_schema::{Code, Turn, codes};
use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Success = 0,
    /// The tool ran and returned an error of its own.
    ToolError = 1,
    /// The command line cannot be understood.
    Usage = 2,
    /// The person can correct it.
    User = 3,
    /// A package or registry was refused.
    Refused = 4,
    /// The tool trapped or reached a limit.
    ToolStopped = 5,
    /// The machine did not play along.
    Host = 6,
    /// An error in MPP itself.
    Bug = 70,
}

impl Exit {
    /// How a command ends that failed with `code`.
    pub fn of(code: Code) -> Self {
        match (code, code.turn()) {
            (codes::TOOL_ERROR, _) => Self::ToolError,
            (codes::USAGE, _) => Self::Usage,
            (_, Turn::User) => Self::User,
            (_, Turn::Author | Turn::Registry) => Self::Refused,
            (_, Turn::Tool) => Self::ToolStopped,
            (_, Turn::Host) => Self::Host,
            (_, Turn::Bug) => Self::Bug,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;
    use mpp_schema::{CODES, codes};

    #[test]
    fn no_error_ends_as_success() {
        for entry in CODES {
            assert_ne!(Exit::of(entry.code), Exit::Success, "{}", entry.code);
        }
        assert_eq!(Exit::of(codes::SIG_INVALID), Exit::Refused);
        assert_eq!(Exit::of(codes::LIMIT_TIME), Exit::ToolStopped);
        assert_eq!(Exit::of(codes::TOOL_ERROR), Exit::ToolError);
    }
}
