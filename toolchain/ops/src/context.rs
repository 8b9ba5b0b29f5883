//! Everything from outside that a verb may need: the home, the folder, the time, passwords, and somebody to tell about progress.

use crate::home::Home;
use mpp_host::SecretValue;
use mpp_schema::Instant;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The outside, as a value.
pub struct Context<'a> {
    /// The state of this user.
    pub home: Home,
    /// This program's own file, for starting it again.
    pub program: PathBuf,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// The time at which the command began.
    pub now: Instant,
    /// Who knows passwords of key files.
    pub passwords: &'a dyn Passwords,
    /// Who is told what goes on.
    pub tell: &'a dyn Fn(Event),
    /// Who can be asked a question.
    pub terminal: &'a dyn Terminal,
    /// What the process knows of its surroundings.
    pub surroundings: &'a dyn Surroundings,
}

/// A person at a terminal, who can be shown something and asked about it. Not stdin and stdout: those belong to whoever started the program.
pub trait Terminal {
    /// Whether there is one.
    fn is_there(&self) -> bool;
    /// Shows `text`, asks `question`, and gives the line that was typed after it; nothing when there is no terminal or no answer.
    fn ask(&self, text: &str, question: &str) -> Option<String>;
    /// The same, with an end to the waiting, and with the reason why nothing was typed.
    fn confirm(&self, text: &str, question: &str, seconds: u64) -> Typed;
}

/// What came of a question on a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// A line.
    Line(String),
    /// The terminal ended, or what was typed is no line.
    Ended,
    /// Nothing was typed in time.
    TooLate,
    /// There is no terminal.
    NoTerminal,
}

/// What a process knows of its surroundings. Looked at only when it is needed.
pub trait Surroundings {
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// The home folder of the user.
    fn user_home(&self) -> Option<PathBuf>;
    /// Words that stay the same for one terminal session, and are never those of another one on this machine.
    fn session(&self) -> String;
    /// The time now; nothing when the clock shows none that can be.
    fn now(&self) -> Option<Instant>;
}

impl Context<'_> {
    /// The time now: later than [`Context::now`] where somebody was waited for.
    pub fn time(&self) -> Instant {
        self.surroundings.now().map_or(self.now, |now| now.max(self.now))
    }

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
    /// The answer to a question that is not shown while it is typed; nothing without a terminal.
    fn secret(&self, question: &str) -> Option<SecretValue>;
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
    /// Of what the last step that began brings, so much is here.
    Transferred {
        /// How many bytes are here.
        done: u64,
        /// How many there will be.
        total: u64,
    },
    /// The last step that began is done.
    Finished,
    /// Something that a person should know, such as a key that was made.
    Note(String),
    /// Rendered output of a compiler.
    Compiler(String),
}

/// The outside for a verb that goes on for long and works on many threads: nobody can be asked, and the time is looked up anew.
#[derive(Clone)]
pub struct Outside {
    /// The state of this user.
    pub home: Home,
    /// This program's own file, for starting it again.
    pub program: PathBuf,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// The time at which the process began: a clock that shows an earlier one is not believed.
    pub began: Instant,
    /// What the process knows of its surroundings.
    pub around: Arc<dyn Around>,
}

/// What a process that goes on knows of its surroundings, on any of its threads.
pub trait Around: Surroundings + Send + Sync {
    /// Is told what goes on.
    fn tell(&self, event: Event);
}

impl Outside {
    /// Works in the context of this moment.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Context<'_>) -> T) -> T {
        let tell = |event| self.around.tell(event);
        let (home, program, folder) = (self.home.clone(), self.program.clone(), self.folder.clone());
        let now = self.around.now().map_or(self.began, |now| now.max(self.began));
        work(&Context {
            home,
            program,
            folder,
            now,
            passwords: &Nobody,
            tell: &tell,
            terminal: &Nobody,
            surroundings: &*self.around,
        })
    }
}

/// Nobody who could be asked.
pub(crate) struct Nobody;

impl Passwords for Nobody {
    fn password(&self, _: &str) -> Option<String> {
        None
    }
    fn new_password(&self, _: &str) -> Option<String> {
        None
    }
    fn secret(&self, _: &str) -> Option<SecretValue> {
        None
    }
}

impl Terminal for Nobody {
    fn is_there(&self) -> bool {
        false
    }
    fn ask(&self, _: &str, _: &str) -> Option<String> {
        None
    }
    fn confirm(&self, _: &str, _: &str, _: u64) -> Typed {
        Typed::NoTerminal
    }
}
