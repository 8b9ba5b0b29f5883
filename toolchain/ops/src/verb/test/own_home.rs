//! The home that cases run in: a folder that is thrown away, with a development key of its own and a policy for machines.
//!
//! Nothing of the user counts in it. The author who wrote a case is who grants and approves what it names.

use crate::{
    Context, OpsError, Surroundings, Terminal, Typed,
    atomic_write::{self, IoError, Readable},
    context::Nobody,
    home::Home,
};
use mpp_package::pack::Package;
use mpp_schema::Instant;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// What stays from case to case: who signed the package, and what its code was compiled to.
const STAYS: &[&str] = &["keys", "code-cache.key"];

pub(super) struct OwnHome {
    folder: TempDir,
    home: Home,
}

impl OwnHome {
    pub(super) fn new() -> Result<Self, OpsError> {
        let folder = tempfile::tempdir()
            .map_err(IoError::on("make a folder for the tests in", Path::new("the temporary folder")))?;
        let home = Home::below(&folder.path().join("home"));
        atomic_write::write(&home.policy_path(), b"headless-grants = true\n", Readable::ByOwner)?;
        Ok(Self { folder, home })
    }

    /// Signs the package for this home alone, and keeps its file.
    pub(super) fn keep(&self, package: Package) -> Result<PathBuf, OpsError> {
        let (development, _) = self.home.development_key()?;
        let file = self.folder.path().join("tested.mpp");
        atomic_write::write(&file, package.sign_for_development(&development)?.bytes(), Readable::ByOwner)?;
        Ok(file)
    }

    /// Where the copies of folders are that a case grants.
    pub(super) fn folders(&self) -> PathBuf {
        self.folder.path().join("folders")
    }

    /// Removes whatever the case before left.
    pub(super) fn forget(&self) -> Result<(), IoError> {
        remove(&self.folders())?;
        for entry in fs::read_dir(&self.home.data).into_iter().flatten().flatten() {
            if !STAYS.iter().any(|name| entry.file_name() == *name) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Works in this home.
    pub(super) fn with<T>(&self, context: &Context<'_>, work: impl FnOnce(&Context<'_>) -> T) -> T {
        let around = Around { user: context.surroundings };
        work(&Context {
            home: self.home.clone(),
            program: context.program.clone(),
            folder: self.folder.path().to_owned(),
            now: context.now,
            passwords: &Nobody,
            tell: context.tell,
            terminal: &Author,
            surroundings: &around,
        })
    }
}

fn remove(path: &Path) -> Result<(), IoError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(IoError::on("remove", path)(error)),
        _ => Ok(()),
    }
}

/// No variable of the user, so that a case comes out the same everywhere.
struct Around<'a> {
    user: &'a dyn Surroundings,
}

impl Surroundings for Around<'_> {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }
    fn user_home(&self) -> Option<PathBuf> {
        self.user.user_home()
    }
    fn session(&self) -> String {
        format!("tests in {}", self.user.session())
    }
    fn now(&self) -> Option<Instant> {
        self.user.now()
    }
}

/// Whoever wrote a case wants its call: the author types what each question asks for.
struct Author;

impl Terminal for Author {
    fn is_there(&self) -> bool {
        true
    }
    fn ask(&self, _: &str, _: &str) -> Option<String> {
        None
    }
    fn confirm(&self, _: &str, question: &str, _: u64) -> Typed {
        let asked = question.split_once(" type ").map_or("yes", |(_, asked)| asked);
        Typed::Line(asked.trim_end_matches([' ', ':']).trim_matches('`').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Author;
    use crate::{Terminal as _, Typed};
    use mpp_policy::consent::Challenge;

    #[test]
    fn the_author_says_yes_at_every_level() {
        for challenge in
            [Challenge::Yes, Challenge::Code("012345".to_owned()), Challenge::Phrase("let it of a:b do".to_owned())]
        {
            let Typed::Line(line) = Author.confirm("", &challenge.question(), 1) else { panic!("no line") };
            assert!(challenge.is_met_by(&line), "{line}");
        }
    }
}
