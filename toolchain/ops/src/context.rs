//! Everything from outside that a verb may need: the home, the folder, the time, passwords, and somebody to tell about progress.

use crate::home::Home;
use mpp_schema::Instant;
use std::path::{Path, PathBuf};

/// The outside, as a value.
pub struct Context<'a> {
    /// The state of this user.
    pub home: Home,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// The time at which the command began.
    pub now: Instant,
    /// Who knows passwords of key files.
    pub passwords: &'a dyn Passwords,
    /// Who is told what goes on.
    pub tell: &'a dyn Fn(Event),
}

impl Context<'_> {
    /// `path` as seen from the context's folder.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// Who knows passwords of key files.
pub trait Passwords {
    /// The password for the key called `key`; nothing when none can be had (no terminal, no variable).
    fn password(&self, key: &str) -> Option<String>;
    /// A new password for the key called `key`; nothing for a key without one.
    fn new_password(&self, key: &str) -> Option<String>;
}

/// What goes on while a verb works.
#[derive(Debug, Clone)]
pub enum Event {
    /// A step with no known length began: `compiling`, `acme:md`.
    Started {
        /// A word for the step.
        step: &'static str,
        /// What it works on.
        what: String,
    },
    /// The last step that began came further.
    Advanced {
        /// What was done.
        what: String,
        /// How many are done.
        done: usize,
        /// How many there are at most.
        total: usize,
    },
    /// The last step that began is done.
    Finished,
    /// Something that a person should know, such as a key that was made.
    Note(String),
    /// Rendered output of a compiler.
    Compiler(String),
}
