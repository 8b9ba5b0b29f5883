//! Where a registry is: a path, an address that git understands, or a copy in static files.

use crate::RegistryError;
use ::url::Url as WebUrl;
use gix::{
    bstr::ByteSlice as _,
    url::{ArgumentSafety, Scheme, Url},
};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where a registry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder of this machine, read and written in process.
    Path(PathBuf),
    /// An address.
    Address {
        /// The address.
        url: String,
        /// The only protocol that git may use for it: `file`, `http`, `https` or `ssh`.
        protocol: &'static str,
    },
    /// A copy of a registry in static files, read over HTTP.
    Copy {
        /// The folder that holds `index/` and `blobs/`, with a slash at the end.
        url: WebUrl,
    },
}

/// What stands before the address of a copy.
const COPY: &str = "sparse+";

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
        if let Some(address) = text.strip_prefix(COPY) {
            return Self::copy(address).map_err(refuse);
        }
        if let Some((_, protocol)) = PROTOCOLS.iter().find(|(prefix, _)| text.starts_with(prefix)) {
            return Self::address(text, protocol).map_err(refuse);
        }
        if text.contains("://") || text.contains("::") {
            return Err(refuse("the protocol is another"));
        }
        match is_scp_form(text) {
            true => Self::address(text, "ssh").map_err(refuse),
            false => Ok(Self::Path(PathBuf::from(text))),
        }
    }

    fn address(text: &str, protocol: &'static str) -> Result<Self, &'static str> {
        let url = gix::url::parse(text.as_bytes().as_bstr()).map_err(|_| "it is not an address")?;
        check(&url, protocol)?;
        Ok(Self::Address { url: text.to_owned(), protocol })
    }

    fn copy(text: &str) -> Result<Self, &'static str> {
        if !text.starts_with("http://") && !text.starts_with("https://") {
            return Err("a copy is read over `sparse+https://` or `sparse+http://`");
        }
        let mut url = WebUrl::parse(text).map_err(|_| "it is not an address")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it holds a user or a password, which would be shown and shared");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it holds `?` or `#`");
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self::Copy { url })
    }

    /// The folder, for a path.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Address { .. } | Self::Copy { .. } => None,
        }
    }
}

/// Looks at the parts that a program gets to see, so that none of them can be read as something else.
fn check(url: &Url, protocol: &str) -> Result<(), &'static str> {
    let scheme = match url.scheme {
        Scheme::File => "file",
        Scheme::Http => "http",
        Scheme::Https => "https",
        Scheme::Ssh => "ssh",
        _ => return Err("the protocol is another"),
    };
    if scheme != protocol {
        return Err("the protocol is another");
    }
    let usable = |part: ArgumentSafety<'_>| !matches!(part, ArgumentSafety::Dangerous(_));
    if !usable(url.user_as_argument()) || !usable(url.host_as_argument()) {
        return Err("the user or the host begins with `-`");
    }
    if url.path.trim_start().first().is_none_or(|first| *first == b'-') {
        return Err("the path is missing or begins with `-`");
    }
    // An address is shown, and written into lock files that people share.
    if url.password().is_some() {
        return Err("it holds a password, which would be shown and shared");
    }
    match protocol {
        "file" if url.host().is_some() => Err("a file is on this machine"),
        "file" => Ok(()),
        _ if url.host().is_none_or(|host| host.is_empty() || !host.bytes().all(is_host)) => {
            Err("the host is missing or is not one")
        }
        "ssh" => Ok(()),
        _ if url.path.contains(&b'?') || url.path.contains(&b'#') => Err("it holds `?` or `#`"),
        _ => Ok(()),
    }
}

fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._:[]%".contains(&byte)
}

/// `user@host:path`, as git writes ssh addresses for short.
fn is_scp_form(text: &str) -> bool {
    let Some((host, _)) = text.split_once(':') else { return false };
    host.len() > 1 && !host.contains(['/', '\\']) && host.contains('@')
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Address { url, .. } => f.write_str(url),
            Self::Copy { url } => write!(f, "{COPY}{url}"),
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
            Location::Copy { .. } => "copy",
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
        check("ssh://git@example.com:2222/~team/registry.git", Some("ssh"));
        check("http://127.0.0.1:8080/registry.git", Some("http"));
        check("https://[::1]/registry.git", Some("https"));
        check("https://git@example.com/registry.git", Some("https"));
        check("sparse+https://example.com", Some("copy"));
        check("sparse+http://127.0.0.1:8080/tools/", Some("copy"));
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
            "ext::ssh://example.com/x",
            "fd::7",
            "file://host/srv/registry.git",
            "ssh://-x@example.com/y",
            "-x@example.com:y",
            "git@-oProxyCommand=x:y",
            "git@example.com:-y",
            "git@example.com:",
            "ssh://git@/y",
            "https://user:secret@example.com/x",
            "ssh://git:secret@example.com/x",
            "https://example.com/x?service=y",
            "https://example.com/x#y",
            "https://exa mple.com/x",
            "https://example.com`id`/x",
            "HTTPS://example.com/x",
            "git+ssh://example.com/x",
            "sparse+file:///srv/copy",
            "sparse+/srv/copy",
            "sparse+https://user:secret@example.com/",
            "sparse+https://example.com/?x",
            "sparse+https://",
        ] {
            check(bad, None);
        }
    }
}
