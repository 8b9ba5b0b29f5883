//! Why a package is not admitted, or its content not given out.

use crate::{container::ContainerError, frame::FrameError, manifest::ManifestError, signature::SignatureError};
use mpp_schema::{Code, Coded, Digest, codes, text::escaped};

/// Why a package is refused.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The file is not a package container, or not the one that the manifest describes.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// The signatures do not make the package trusted.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The manifest, or the tools file, says what a package may not say.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Compressed content is not in the accepted form.
    #[error("read the entry `{}`", escaped(entry))]
    Frame {
        /// The entry.
        entry: String,
        /// Why.
        #[source]
        source: FrameError,
    },
    /// Unpacked content is not what the manifest lists.
    #[error("hashed the unpacked entry `{}`: expected {expected} as the manifest lists, found {found}", escaped(entry))]
    Unpacked {
        /// The entry.
        entry: String,
        /// As listed.
        expected: Digest,
        /// As found.
        found: Digest,
    },
    /// The component is not a component.
    #[error("read the component: expected the first bytes of a component, found {found}")]
    NotComponent {
        /// What it is instead.
        found: &'static str,
    },
    /// The package holds machine code.
    #[error("read the entry `{}`: expected no compiled code, found {kind}", escaped(entry))]
    Precompiled {
        /// The entry.
        entry: String,
        /// What kind.
        kind: &'static str,
    },
    /// A text is not UTF-8.
    #[error("read the entry `{}`: expected UTF-8 text, found other bytes", escaped(entry))]
    Text {
        /// The entry.
        entry: String,
    },
    /// An entry was asked for that the package does not hold.
    #[error("looked for the entry `{}`: the package does not hold it", escaped(entry))]
    NoEntry {
        /// The entry.
        entry: String,
    },
}

impl Coded for VerifyError {
    fn code(&self) -> Code {
        match self {
            Self::Container(error) => error.code(),
            Self::Signature(error) => error.code(),
            Self::Manifest(error) => error.code(),
            Self::Frame { source, .. } => source.code(),
            Self::Unpacked { .. } | Self::NoEntry { .. } => codes::PKG_MANIFEST_MISMATCH,
            Self::NotComponent { .. } => codes::WASM_INVALID,
            Self::Precompiled { .. } => codes::PKG_PRECOMPILED,
            Self::Text { .. } => codes::MANIFEST_TEXT,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Container(error) => return error.hints(),
            Self::Signature(error) => return error.hints(),
            Self::Manifest(error) => return error.hints(),
            Self::Frame { source, .. } => return source.hints(),
            Self::NoEntry { .. } => "`mpp inspect FILE` lists what the package holds",
            Self::NotComponent { .. } => "build a component: `mpp build` does",
            _ => "ask the author for a package built with `mpp build`",
        };
        vec![hint.to_owned()]
    }
}
