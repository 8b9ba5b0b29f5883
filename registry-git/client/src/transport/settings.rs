//! What a caller may say about reaching addresses, and what programs that are started for it get to see.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

/// How addresses are reached, beyond what the address itself says.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The program to use in place of `ssh`. It gets the same arguments.
    pub ssh: Option<PathBuf>,
    /// A file with the certificates, as PEM, of those who may vouch for servers. Without it, those of `SSL_CERT_FILE`, else those that
    /// browsers trust.
    pub certificates: Option<PathBuf>,
    /// Environment variables for the programs that are started.
    pub environment: Vec<(String, String)>,
    /// Origins besides the registry's own to which package files may be fetched from wherever they lead: private ones, and such without TLS.
    pub origins: Vec<String>,
    /// A user's name and password for servers of package files. They are told to origins that the user named, and to no other.
    pub credentials: Option<(String, String)>,
    /// Configuration values for `git push`, as in `git -c key=value`: a credential helper, a proxy.
    pub configuration: Vec<(String, String)>,
}

/// What git's programs need of the environment; nothing else of it reaches them.
const ENVIRONMENT: [&str; 9] =
    ["PATH", "HOME", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "SystemRoot", "TEMP", "USERPROFILE"];

/// How ssh is asked to be quick about it and never to ask back.
pub(super) const SSH_OPTIONS: [&str; 3] = ["-oBatchMode=yes", "-oConnectTimeout=15", "-oServerAliveInterval=15"];

impl Settings {
    /// A program in a bare environment: no configuration of the user's or the system's, and no prompts.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().stdin(Stdio::null());
        command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_ATTR_NOSYSTEM", "1");
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "").env("SSH_ASKPASS", "").env("LC_ALL", "C");
        if let Some(file) = &self.certificates {
            command.env("GIT_SSL_CAINFO", file);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The program that stands for ssh.
    pub(super) fn ssh(&self) -> PathBuf {
        self.ssh.clone().unwrap_or_else(|| PathBuf::from("ssh"))
    }

    /// The file with the certificates of those who may vouch for servers, where there is one.
    pub(super) fn certificates(&self) -> Option<PathBuf> {
        self.certificates.clone().or_else(|| std::env::var_os("SSL_CERT_FILE").map(PathBuf::from))
    }
}
