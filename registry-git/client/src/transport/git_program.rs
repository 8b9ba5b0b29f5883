//! Git's own programs, run without the user's configuration, without prompts, and with one protocol allowed.

use super::{Move, Pushed, Transport};
use crate::RegistryError;
use gix::ObjectId;
use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

/// What a caller may add to the bare environment: a credential helper, a proxy, a certificate file.
#[derive(Debug, Clone, Default)]
pub struct GitSettings {
    /// Environment variables.
    pub environment: Vec<(String, String)>,
    /// Configuration values, as in `git -c key=value`.
    pub configuration: Vec<(String, String)>,
}

/// One address, reached by the `git` program.
#[derive(Debug, Clone)]
pub struct GitProgram {
    url: String,
    protocol: &'static str,
    settings: GitSettings,
}

/// What git's programs need of the environment; nothing else of it reaches them.
const ENVIRONMENT: [&str; 9] =
    ["PATH", "HOME", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "SystemRoot", "TEMP", "USERPROFILE"];

/// Settings that hold for every run. `core.hooksPath` names nothing, so no hook of ours runs; a stalled transfer ends by itself.
const CONFIGURATION: [&str; 12] = [
    "protocol.allow=never",
    "core.hooksPath=/dev/null",
    "core.askPass=",
    "credential.helper=",
    "fetch.fsckObjects=true",
    "fetch.recurseSubmodules=false",
    "gc.autoDetach=false",
    "maintenance.autoDetach=false",
    "http.followRedirects=initial",
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=30",
    "advice.detachedHead=false",
];

impl GitProgram {
    pub(crate) fn new(url: &str, protocol: &'static str) -> Self {
        Self { url: url.to_owned(), protocol, settings: GitSettings::default() }
    }

    /// The program for an address, with settings of the caller.
    ///
    /// # Errors
    /// When the location is a path, which needs no program.
    pub fn with_settings(location: &crate::Location, settings: GitSettings) -> Result<Self, RegistryError> {
        match location {
            crate::Location::Address { url, protocol } => Ok(Self { url: url.clone(), protocol, settings }),
            crate::Location::Path(path) => Err(RegistryError::Location {
                text: path.display().to_string(),
                reason: "a path is read without the git program",
            }),
        }
    }

    fn command(&self, repository: Option<&Path>) -> Command {
        let mut command = Command::new("git");
        command.env_clear().stdin(Stdio::null());
        command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_ATTR_NOSYSTEM", "1");
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "").env("SSH_ASKPASS", "").env("LC_ALL", "C");
        command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=15");
        command.envs(self.settings.environment.iter().map(|(name, value)| (name, value)));
        for setting in CONFIGURATION {
            command.args(["-c", setting]);
        }
        command.arg("-c").arg(format!("protocol.{}.allow=always", self.protocol));
        for (key, value) in &self.settings.configuration {
            command.arg("-c").arg(format!("{key}={value}"));
        }
        if let Some(repository) = repository {
            command.arg("--git-dir").arg(repository);
        }
        command
    }

    fn run(&self, action: &str, mut command: Command) -> Result<Output, RegistryError> {
        let output = command.output().map_err(RegistryError::NoGit)?;
        match output.status.success() {
            true => Ok(output),
            false => Err(self.failed(action, &output)),
        }
    }

    /// A damaged repository is told from one that cannot be reached by what git says about objects.
    fn failed(&self, action: &str, output: &Output) -> RegistryError {
        let said = String::from_utf8_lossy(&output.stderr);
        let said: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).take(6).collect();
        let said = mpp_schema::text::escaped(&said.join("; "));
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
            true => RegistryError::git(action, &self.url, said),
            false => RegistryError::Unreachable { location: self.url.clone(), detail: said },
        }
    }

    fn fetch(&self, into: &Path, action: &str, arguments: &[&str], refspec: &str) -> Result<(), RegistryError> {
        let mut command = self.command(Some(into));
        command.args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap="]).args(arguments);
        command.args(["--", &self.url, refspec]);
        self.run(action, command).map(|_| ())
    }
}

impl Transport for GitProgram {
    fn fetch_index(&self, into: &Path, remote: &str, local: &str) -> Result<(), RegistryError> {
        self.fetch(into, "fetched the index", &[], &format!("+{remote}:{local}"))
    }

    fn fetch_commit(&self, into: &Path, commit: ObjectId, reference: &str) -> Result<(), RegistryError> {
        let local = format!("refs/mpp/fetched/{commit}");
        let alone = self.fetch(into, "fetched a package", &["--depth=1"], &format!("{commit}:{local}"));
        match alone {
            // Servers that speak only the first protocol may refuse to send a commit by its id: then its history comes along.
            Err(RegistryError::Unreachable { .. }) => {
                self.fetch(into, "fetched a package", &[], &format!("+{reference}:{local}"))
            }
            outcome => outcome,
        }
    }

    fn reference(&self, name: &str) -> Result<Option<ObjectId>, RegistryError> {
        let mut command = self.command(None);
        command.args(["ls-remote", "--quiet", "--", &self.url, name]);
        let output = self.run("listed references", command)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find_map(|line| line.split_once('\t').filter(|(_, found)| *found == name));
        let Some((id, _)) = line else { return Ok(None) };
        let id = ObjectId::from_hex(id.as_bytes());
        id.map(Some).map_err(|error| RegistryError::git("listed references", &self.url, error))
    }

    fn push(&self, from: &Path, moves: &[Move]) -> Result<Pushed, RegistryError> {
        let mut command = self.command(Some(from));
        command.args(["push", "--atomic", "--porcelain", "--no-verify", "--", &self.url]);
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
