//! Where a registry is: a path, or an address that git's programs understand.

use crate::RegistryError;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where a registry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder of this machine, read and written in process.
    Path(PathBuf),
    /// An address for git's programs.
    Address {
        /// The address.
        url: String,
        /// The only protocol that git may use for it: `file`, `http`, `https` or `ssh`.
        protocol: &'static str,
    },
}

const PROTOCOLS: [(&str, &str); 4] =
    [("file://", "file"), ("http://", "http"), ("https://", "https"), ("ssh://", "ssh")];

impl Location {
    /// Reads a location. Refuses protocols other than the four, and whatever a program could read as an option.
    ///
    /// # Errors
    /// When the text is not a location.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let refuse = |reason| RegistryError::Location { text: text.chars().take(200).collect(), reason };
        if text.is_empty() || text.starts_with('-') || text.chars().any(char::is_control) {
            return Err(refuse("it is empty, begins with `-` or holds a control character"));
        }
        if let Some((prefix, protocol)) = PROTOCOLS.iter().find(|(prefix, _)| text.starts_with(prefix)) {
            let rest = &text[prefix.len()..];
            return match rest.is_empty() || rest.starts_with('-') || rest.contains("@-") {
                true => Err(refuse("the host is missing or begins with `-`")),
                false => Ok(Self::Address { url: text.to_owned(), protocol }),
            };
        }
        if text.contains("://") || text.contains("::") {
            return Err(refuse("the protocol is another"));
        }
        match is_scp_form(text) {
            true => Ok(Self::Address { url: text.to_owned(), protocol: "ssh" }),
            false => Ok(Self::Path(PathBuf::from(text))),
        }
    }

    /// The folder, for a path.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Address { .. } => None,
        }
    }
}

/// `user@host:path`, as git writes ssh addresses for short.
fn is_scp_form(text: &str) -> bool {
    let Some((host, _)) = text.split_once(':') else { return false };
    host.len() > 1 && !host.contains(['/', '\\']) && host.contains('@') && !host.contains("@-")
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Address { url, .. } => f.write_str(url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Location;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found = Location::parse(text).ok().map(|location| match location {
            Location::Path(_) => "path",
            Location::Address { protocol, .. } => protocol,
        });
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn locations() {
        check("../registry", Some("path"));
        check("/srv/registry.git", Some("path"));
        check("C:\\registry", Some("path"));
        check("file:///srv/registry.git", Some("file"));
        check("https://example.com/registry.git", Some("https"));
        check("ssh://git@example.com/registry.git", Some("ssh"));
        check("git@example.com:team/registry.git", Some("ssh"));
    }

    #[test]
    fn what_a_program_could_misread() {
        for bad in [
            "",
            "--upload-pack=x",
            "ext::sh -c x",
            "git://example.com/x",
            "ssh://-oProxyCommand=x/y",
            "ssh://git@-oProxyCommand=x/y",
            "https://",
            "a\nb",
        ] {
            check(bad, None);
        }
    }
}
