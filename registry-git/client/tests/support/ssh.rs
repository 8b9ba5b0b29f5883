//! A program in place of ssh, which runs the command on this machine and writes down what it was given.

use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) struct Ssh {
    pub(crate) program: PathBuf,
    log: PathBuf,
}

impl Ssh {
    /// Writes the program into a folder.
    pub(crate) fn new(folder: &Path) -> Self {
        let (program, log) = (folder.join("not really ssh"), folder.join("ssh.log"));
        // Like ssh: options, the host, and the rest is one command for a shell.
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" '' >>'{}'\nwhile :; do case \"$1\" in -o | -p) shift 2 ;; -*) shift ;; *) break ;; esac; done\nshift\nexec sh -c \"$*\"\n",
            log.display()
        );
        fs::write(&program, script).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        Self { program, log }
    }

    /// The arguments of each run so far.
    pub(crate) fn runs(&self) -> Vec<Vec<String>> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.trim_end().split("\n\n").map(|run| run.lines().map(str::to_owned).collect()).collect()
    }
}
