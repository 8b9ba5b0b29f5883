//! The `git` program, which pushes: run without the user's configuration, without prompts, and with one protocol allowed.

use super::{
    Move, Pushed,
    settings::{SSH_OPTIONS, Settings},
};
use crate::RegistryError;
use gix::{ObjectId, bstr::ByteSlice as _};
use std::{
    path::Path,
    process::{Command, Output},
};

/// One address, pushed to by the `git` program.
pub(super) struct GitProgram<'a> {
    url: &'a str,
    protocol: &'static str,
    settings: &'a Settings,
}

/// Settings that hold for every run. `core.hooksPath` names nothing, so no hook of ours runs; a stalled transfer ends by itself.
const CONFIGURATION: [&str; 11] = [
    "protocol.allow=never",
    "core.hooksPath=/dev/null",
    "core.askPass=",
    "credential.helper=",
    "push.recurseSubmodules=no",
    "gc.autoDetach=false",
    "maintenance.autoDetach=false",
    "http.followRedirects=initial",
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=30",
    "advice.detachedHead=false",
];

impl<'a> GitProgram<'a> {
    pub(super) fn new(url: &'a str, protocol: &'static str, settings: &'a Settings) -> Self {
        Self { url, protocol, settings }
    }

    fn command(&self, repository: &Path) -> Command {
        let mut command = self.settings.command("git");
        command.env("GIT_SSH_COMMAND", self.ssh()).env("GIT_SSH_VARIANT", "ssh");
        for setting in CONFIGURATION {
            command.args(["-c", setting]);
        }
        command.arg("-c").arg(format!("protocol.{}.allow=always", self.protocol));
        for (key, value) in &self.settings.configuration {
            command.arg("-c").arg(format!("{key}={value}"));
        }
        command.arg("--git-dir").arg(repository);
        command
    }

    /// The program that stands for ssh, as git's shell reads it.
    fn ssh(&self) -> String {
        let program = self.settings.ssh();
        let quoted = gix::quote::single(program.to_string_lossy().as_bytes().as_bstr());
        format!("{quoted} {}", SSH_OPTIONS.join(" "))
    }

    /// A damaged repository is told from one that cannot be reached by what git says about objects.
    fn failed(&self, action: &str, output: &Output) -> RegistryError {
        let said = String::from_utf8_lossy(&output.stderr);
        let said: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).take(6).collect();
        let said = mpp_schema::text::escaped(&said.join("; "));
        // With `--porcelain`, what became of each reference is on the standard output.
        if String::from_utf8_lossy(&output.stdout).contains("hook declined") {
            return RegistryError::Declined { location: self.url.to_owned(), detail: said };
        }
        const DAMAGED: [&str; 12] = [
            "fsck",
            "corrupt",
            "bad object",
            "bad tree",
            "missing",
            "unable to read",
            "inflate",
            "hash mismatch",
            "invalid object",
            "did not send all necessary objects",
            "index-pack failed",
            "unable to parse",
        ];
        match DAMAGED.iter().any(|word| said.contains(word)) {
            true => RegistryError::git(action, self.url, said),
            false => RegistryError::Unreachable { location: self.url.to_owned(), detail: said },
        }
    }

    /// Moves references of the address, all or none, each only forward.
    pub(super) fn push(&self, from: &Path, moves: &[Move]) -> Result<Pushed, RegistryError> {
        let mut command = self.command(from);
        command.args(["push", "--atomic", "--porcelain", "--no-verify", "--", self.url]);
        command.args(moves.iter().map(|Move { name, new, .. }| format!("{new}:{name}")));
        let output = command.output().map_err(RegistryError::NoGit)?;
        if output.status.success() {
            return Ok(Pushed::Accepted);
        }
        match raced(&String::from_utf8_lossy(&output.stdout), &String::from_utf8_lossy(&output.stderr)) {
            true => Ok(Pushed::Raced),
            false => Err(self.failed("pushed", &output)),
        }
    }
}

impl GitProgram<'_> {
    /// Removes references, each only if it still names what is expected. Nothing else is ever removed or forced.
    pub(super) fn remove(&self, from: &Path, references: &[(String, ObjectId)]) -> Result<(), RegistryError> {
        let mut command = self.command(from);
        command.args(["push", "--porcelain", "--no-verify"]);
        command.args(references.iter().map(|(name, old)| format!("--force-with-lease={name}:{old}")));
        command.args(["--", self.url]);
        command.args(references.iter().map(|(name, _)| format!(":{name}")));
        let output = command.output().map_err(RegistryError::NoGit)?;
        match output.status.success() {
            true => Ok(()),
            false => Err(self.failed("removed proposals", &output)),
        }
    }
}

/// Whether a push was refused because a reference had moved, or was being moved.
fn raced(report: &str, talk: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "fetch first",
        "non-fast-forward",
        "stale info",
        "cannot lock ref",
        "failed to update ref",
        "failed to lock",
        "incorrect old value provided",
        "reference already exists",
        "remote ref updated since checkout",
    ];
    let refused = report.lines().filter(|line| line.starts_with('!')).collect::<Vec<_>>().join("\n");
    SIGNS.iter().any(|sign| refused.contains(sign) || talk.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::raced;

    #[test]
    fn a_race_is_told_from_a_refusal() {
        assert!(raced("!\tabc:refs/heads/main\t[rejected] (fetch first)\n", ""));
        assert!(raced("!\tabc:refs/heads/main\t[remote rejected] (failed to update ref)\n", ""));
        assert!(!raced("!\tabc:refs/heads/main\t[remote rejected] (pre-receive hook declined)\n", ""));
        assert!(!raced("", "fatal: unable to access 'http://x/': Could not resolve host\n"));
    }
}
