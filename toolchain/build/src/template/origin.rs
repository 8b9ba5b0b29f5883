//! Where a template is: part of the program, in a folder, or in a git repository.

use super::{Template, template};
use crate::{BuildError, Programs, process::run};
use std::{path::Path, process::Command};

/// What a person writes after `--template`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateOrigin {
    /// The name of one that is part of the program.
    Name(String),
    /// A folder: whatever holds a slash, or is `.` or `..`.
    Folder(String),
    /// A git repository: whatever holds `://`, ends in `.git`, or begins as scp writes it, `git@host:path`.
    Git(String),
}

impl From<&str> for TemplateOrigin {
    fn from(text: &str) -> Self {
        if text.contains("://") || text.ends_with(".git") || text.starts_with("git@") {
            Self::Git(text.to_owned())
        } else if text.contains(['/', '\\']) || matches!(text, "." | "..") {
            Self::Folder(text.to_owned())
        } else {
            Self::Name(text.to_owned())
        }
    }
}

impl TemplateOrigin {
    /// Reads the template. Paths start from `base`; git runs when it lies in a repository.
    pub fn read(&self, base: &Path, programs: &Programs) -> Result<Template, BuildError> {
        match self {
            Self::Name(name) => template(name),
            Self::Folder(path) => Template::in_folder(&base.join(path), path),
            Self::Git(url) => cloned(url, base, programs),
        }
    }
}

/// The newest commit of the repository's main branch. Nothing of it is kept, and nothing of it runs.
fn cloned(url: &str, base: &Path, programs: &Programs) -> Result<Template, BuildError> {
    let failed = |problem: String| BuildError::TemplateSource { name: url.to_owned(), problem };
    let temporary = tempfile::tempdir().map_err(BuildError::io("making a temporary folder for", url))?;
    let folder = temporary.path().join("template");
    let mut git = Command::new(&programs.git);
    // An address must not become a command, and nobody is there to type a password.
    git.args(["-c", "protocol.ext.allow=never", "clone", "--quiet", "--depth", "1", "--no-tags", "--template="]);
    git.arg("--").arg(url).arg(&folder).current_dir(base).env("GIT_TERMINAL_PROMPT", "0");
    let finished = run(&mut git).map_err(|source| BuildError::Program { program: programs.git.clone(), source })?;
    if !finished.success {
        return Err(failed(finished.stderr.trim().to_owned()));
    }
    Template::in_folder(&folder, url)
}

#[cfg(test)]
mod tests {
    use super::TemplateOrigin;
    use crate::Programs;
    use std::{fs, path::Path, process::Command};

    #[test]
    fn a_word_a_path_and_an_address_are_told_apart() {
        let check = |text: &str, expected: fn(String) -> TemplateOrigin| {
            assert_eq!(TemplateOrigin::from(text), expected(text.to_owned()));
        };
        check("rust-http", TemplateOrigin::Name);
        check("./mine", TemplateOrigin::Folder);
        check("..", TemplateOrigin::Folder);
        check("templates/mine.git", TemplateOrigin::Git);
        check("https://git.example/mine", TemplateOrigin::Git);
        check("git@git.example:mine", TemplateOrigin::Git);
    }

    fn git(folder: &Path, words: &[&str]) {
        let mut git = Command::new("git");
        git.current_dir(folder).args(["-c", "user.name=a", "-c", "user.email=a@b.c"]).args(words);
        assert!(git.status().unwrap().success(), "{words:?}");
    }

    #[test]
    fn a_repository_gives_the_template_of_its_newest_commit() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        fs::create_dir(&source).unwrap();
        let about =
            "description = \"A.\"\nnext = \"run\"\n[names]\nnamespace = \"acme\"\npackage = \"thing\"\nfiles = []\n";
        fs::write(source.join("template.toml"), about).unwrap();
        git(&source, &["init", "--quiet"]);
        git(&source, &["add", "."]);
        git(&source, &["commit", "--quiet", "-m", "one"]);
        git(folder.path(), &["clone", "--quiet", "--bare", "source", "mine.git"]);
        let template = TemplateOrigin::from("mine.git").read(folder.path(), &Programs::default()).unwrap();
        assert_eq!(template.description(), "A.");
        let error = TemplateOrigin::from("none.git").read(folder.path(), &Programs::default()).unwrap_err();
        assert!(error.to_string().starts_with("reading the template `none.git`: "), "{error}");
    }

    #[test]
    fn an_address_is_never_a_command_or_an_option() {
        let folder = tempfile::tempdir().unwrap();
        for url in ["ext::sh -c touch% made://", "--upload-pack=touch made;x.git"] {
            TemplateOrigin::from(url).read(folder.path(), &Programs::default()).unwrap_err();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
