//! The manifest as a package may carry it (PKG-40 to PKG-49): strict JSON, sound entries, visible texts, a trust level that covers what is
//! asked for.
//!
//! Shapes come from `mpp-schema`; what a grant makes of the permissions is decided elsewhere. Reading is for bytes whose signatures
//! were checked before, except for `peek`, which gives nothing that can run.

mod entries;
mod origin;
mod texts;
mod trust;

pub use trust::{needed_level, origin_level};

use crate::{
    container::ContainerError,
    frame::FrameError,
    limits::{MANIFEST_BYTES_MAX, VERSION_BYTES_MAX},
    strict_json,
};
use mpp_schema::{
    Code, Coded, FORMAT_MAJOR, FormatVersion, codes,
    manifest::{Manifest, TrustLevel, VersionProbe},
    text::excerpt,
};
use serde_json::Value;

pub(crate) use texts::check_texts;

/// Why a manifest, or a tools file, is refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Written for a newer format.
    #[error("read {file}: expected format version {FORMAT_MAJOR}.x, found {found}")]
    Newer {
        /// Which file.
        file: &'static str,
        /// Its version.
        found: FormatVersion,
    },
    /// Not the shape of the format.
    #[error("read {file}: {}", excerpt(reason))]
    Invalid {
        /// Which file.
        file: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A text holds a character that nobody sees.
    #[error("read {file}, `{}`: expected visible characters, found U+{:04X}", excerpt(field), u32::from(*found))]
    Hidden {
        /// Which file.
        file: &'static str,
        /// Which field.
        field: String,
        /// The character.
        found: char,
    },
    /// A text is too long.
    #[error("read {file}, `{}`: expected at most {limit} bytes, found {found}", excerpt(field))]
    Long {
        /// Which file.
        file: &'static str,
        /// Which field.
        field: String,
        /// The limit.
        limit: usize,
        /// Its length.
        found: usize,
    },
    /// The trust level is too low for the permissions.
    #[error("read mpp.json, `trust`: expected at least `{needed}` because of `{because}`, found `{found}`", needed = level(*needed), found = level(*found), because = excerpt(because))]
    Trust {
        /// The level that the permissions need.
        needed: TrustLevel,
        /// Which permission needs it.
        because: String,
        /// The declared level.
        found: TrustLevel,
    },
    /// More entries than allowed.
    #[error("read mpp.json, `entries`: expected at most {limit}, found {found}")]
    Entries {
        /// The limit.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// The component is too large.
    #[error("read mpp.json, `entries`: expected a component of at most {limit} bytes, found {found}")]
    Component {
        /// The limit.
        limit: u64,
        /// Its size.
        found: u64,
    },
    /// An entry that no container may hold.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// An entry that unpacks to more than allowed.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

impl ManifestError {
    fn invalid(reason: impl ToString) -> Self {
        Self::Invalid { file: "mpp.json", reason: reason.to_string() }
    }
}

impl Coded for ManifestError {
    fn code(&self) -> Code {
        match self {
            Self::Newer { .. } => codes::FORMAT_NEWER,
            Self::Invalid { .. } => codes::MANIFEST_INVALID,
            Self::Hidden { .. } | Self::Long { .. } => codes::MANIFEST_TEXT,
            Self::Trust { .. } => codes::MANIFEST_TRUST,
            Self::Entries { .. } => codes::LIMIT_ENTRIES,
            Self::Component { .. } => codes::LIMIT_COMPONENT,
            Self::Container(error) => error.code(),
            Self::Frame(error) => error.code(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Newer { .. } => "update mpp: `cargo install cargo-mpp`".to_owned(),
            Self::Invalid { .. } => "build the package again with `mpp build`".to_owned(),
            Self::Hidden { .. } => {
                "type the text again: the character came with a copied text, or was put there to hide".into()
            }
            Self::Long { .. } => "shorten the text".to_owned(),
            Self::Trust { needed, .. } => format!("set `trust = \"{}\"` in the package's metadata", level(*needed)),
            Self::Entries { .. } | Self::Component { .. } => return Vec::new(),
            Self::Container(error) => return error.hints(),
            Self::Frame(error) => return error.hints(),
        };
        vec![hint]
    }
}

fn level(level: TrustLevel) -> &'static str {
    match level {
        TrustLevel::Sandboxed => "sandboxed",
        TrustLevel::Limited => "limited",
        TrustLevel::Elevated => "elevated",
    }
}

/// Reads and checks the bytes of `mpp.json`.
///
/// # Errors
/// [`ManifestError`] for whatever a package may not say.
pub fn read(bytes: &[u8]) -> Result<Manifest, ManifestError> {
    let found = bytes.len() as u64;
    if found > MANIFEST_BYTES_MAX {
        return Err(ContainerError::ManifestLimit { limit: MANIFEST_BYTES_MAX, found }.into());
    }
    check_version("mpp.json", bytes)?;
    // The shape first: what fits it is never much larger in memory than in the file, and any other JSON can be.
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(ManifestError::invalid)?;
    let document = strict_json::read(bytes).map_err(ManifestError::invalid)?;
    check_shape(&document, &serde_json::to_value(&manifest).map_err(ManifestError::invalid)?)?;
    check(&manifest)?;
    let mut described = document;
    if let Some(object) = described.as_object_mut() {
        object.remove("entries");
    }
    check_texts("mpp.json", &described)?;
    Ok(manifest)
}

/// The bytes of `mpp.json`: readable for people, the same for the same manifest.
///
/// # Errors
/// [`ManifestError`] when the result would not be read again.
pub fn write(manifest: &Manifest) -> Result<Vec<u8>, ManifestError> {
    let mut bytes = serde_json::to_vec_pretty(manifest).map_err(ManifestError::invalid)?;
    bytes.push(b'\n');
    if read(&bytes)? != *manifest {
        return Err(ManifestError::invalid("the manifest does not read as it was written"));
    }
    Ok(bytes)
}

fn check(manifest: &Manifest) -> Result<(), ManifestError> {
    if manifest.version.to_string().len() > VERSION_BYTES_MAX {
        return Err(ManifestError::invalid(format!(
            "`version`: expected at most {VERSION_BYTES_MAX} bytes, found more"
        )));
    }
    entries::check(&manifest.entries)?;
    origin::check(&manifest.permissions)?;
    trust::check(manifest)
}

/// Refuses a document of a newer major version by name, whatever else it holds.
pub(crate) fn check_version(file: &'static str, bytes: &[u8]) -> Result<(), ManifestError> {
    let probe: VersionProbe =
        serde_json::from_slice(bytes).map_err(|error| ManifestError::Invalid { file, reason: error.to_string() })?;
    match probe.mpp.major {
        FORMAT_MAJOR => Ok(()),
        major if major > FORMAT_MAJOR => Err(ManifestError::Newer { file, found: probe.mpp }),
        _ => Err(ManifestError::Invalid { file, reason: format!("no format has the version {}", probe.mpp) }),
    }
}

/// Serde also reads an object from an array of its fields, nothing from `null`, and a field that holds nothing as one that is not
/// there. The format has one way: what is found must also be there when the manifest is written again, and be the same kind of value.
fn check_shape(found: &Value, expected: &Value) -> Result<(), ManifestError> {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => found.iter().try_for_each(|(key, field)| {
            let twin = expected.get(key).ok_or_else(|| {
                ManifestError::invalid(format!("`{key}`: expected a field that holds nothing to be left out"))
            })?;
            check_shape(field, twin)
        }),
        (Value::Array(found), Value::Array(expected)) => {
            found.iter().zip(expected).try_for_each(|(item, twin)| check_shape(item, twin))
        }
        (
            Value::String(_) | Value::Number(_) | Value::Bool(_),
            Value::String(_) | Value::Number(_) | Value::Bool(_),
        ) => Ok(()),
        _ => Err(ManifestError::invalid("expected an object where the format has one, found another kind of value")),
    }
}

#[cfg(test)]
mod tests;
