//! A package file that was verified for a reader: what it says about itself, and who signed it.

use crate::{SiteError, difference::Described};
use mpp_index::package::SignedRelease;
use mpp_package::verify::{self, Trust, TrustedKey, VerifyError};
use mpp_schema::{KeyId, PackageName};
use std::io::Cursor;

/// A package as far as pages speak of it.
#[derive(Debug)]
pub struct Opened {
    /// Its manifest, tools, size and the publishers who signed it.
    pub described: Described,
    /// Keys that signed it and are not known to the registry.
    pub unknown_signers: Vec<KeyId>,
    /// Its README: the author's words, in Markdown.
    pub readme: Option<String>,
}

impl Opened {
    /// Verifies a file by the keys that owned its namespace when it was published.
    pub(crate) fn read(bytes: &[u8], name: &PackageName, signed: &SignedRelease) -> Result<Self, SiteError> {
        Self::verified(bytes, signed).map_err(|source| SiteError::Package {
            name: name.clone(),
            version: signed.release.version.clone(),
            source: Box::new(source),
        })
    }

    fn verified(bytes: &[u8], signed: &SignedRelease) -> Result<Self, VerifyError> {
        let named = |key: &mpp_package::key::PublicKey| TrustedKey { key: *key, name: key.id().to_string() };
        let trust = Trust { publishers: signed.owners.iter().map(named).collect(), ..Trust::default() };
        let mut package = verify::open(Cursor::new(bytes), &trust)?;
        let mut signers: Vec<KeyId> = package.signers().iter().map(|signer| signer.key).collect();
        signers.sort();
        signers.dedup();
        let described = Described {
            manifest: package.manifest().clone(),
            digest: package.digest(),
            tools: package.tools()?,
            size: bytes.len() as u64,
            signers,
        };
        Ok(Self { described, unknown_signers: package.unknown_signers().to_vec(), readme: package.readme()? })
    }
}
