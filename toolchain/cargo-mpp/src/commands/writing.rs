//! What every command takes that changes a registry, and how its report reads.

use super::Output;
use clap::Args;
use mpp_ops::{WriteReport, Writing};
use mpp_schema::{PackageName, Version, text::hidden_character};

/// The longest reason, in bytes: what an index may hold.
const REASON_BYTES_MAX: usize = 1024;

#[derive(Debug, Args)]
pub struct WritingArguments {
    /// The registry; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,
    /// A publisher key by name or as a key file; may be given several times; nothing for the only one
    #[arg(long = "key", value_name = "NAME|FILE")]
    keys: Vec<String>,
    /// A head key by name or as a key file, where this home does not keep it; may be given several times
    #[arg(long = "head-key", value_name = "NAME|FILE")]
    head_keys: Vec<String>,
    /// A root key by name or as a key file, where this home does not keep it; may be given several times
    #[arg(long = "root-key", value_name = "NAME|FILE")]
    root_keys: Vec<String>,
}

impl From<WritingArguments> for Writing {
    fn from(arguments: WritingArguments) -> Self {
        let WritingArguments { registry, keys, head_keys, root_keys } = arguments;
        Self { registry, keys, head_keys, root_keys }
    }
}

/// What was done.
pub fn output(report: &WriteReport) -> Output {
    Output::new(report, text(report))
}

/// What was done, in one line.
pub fn text(report: &WriteReport) -> String {
    format!("{}\nregistry  {} (head {})\n", report.summary, report.registry, report.seq)
}

/// `namespace:name@1.2.3`.
pub fn exact_version(word: &str) -> Result<(PackageName, Version), String> {
    let (name, version) = word.split_once('@').ok_or("say which version: NAMESPACE:NAME@VERSION")?;
    let name = name.parse().map_err(|error: mpp_schema::ParseNameError| error.to_string())?;
    let version = version.parse().map_err(|error| format!("expected a whole version such as 1.2.3: {error}"))?;
    Ok((name, version))
}

/// A text that people will read.
pub fn reason(text: &str) -> Result<String, String> {
    if let Some(hidden) = hidden_character(text) {
        return Err(format!("it holds the hidden character {}", hidden.escape_unicode()));
    }
    match text.trim().is_empty() {
        _ if text.len() > REASON_BYTES_MAX => Err(format!("it has {} bytes, and may have 1024", text.len())),
        true => Err("people will read it: say something".to_owned()),
        false => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{exact_version, reason};

    #[test]
    fn a_version_is_whole() {
        assert!(exact_version("acme:md@1.0.0-rc.1+b").is_ok());
        for word in ["acme:md", "acme:md@", "acme:md@1.0", "acme@1.0.0", "acme:md@^1.0.0"] {
            assert!(exact_version(word).is_err(), "{word}");
        }
    }

    #[test]
    fn a_reason_says_something_that_can_be_seen() {
        assert!(reason("It loses notes.").is_ok() && reason(&"a".repeat(1024)).is_ok());
        for text in ["", " ", "a\u{202e}b", "\u{1b}[2J", &"a".repeat(1025)] {
            assert!(reason(text).is_err(), "{text:?}");
        }
    }
}
