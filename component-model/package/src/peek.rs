//! Looks into a package without trusting it, for `mpp inspect`. What comes out is named for what it is, and nothing can run from it.

use crate::{
    container::Reader,
    manifest,
    signature::SignatureText,
    verify::{VerifyError, read_opening},
};
use mpp_schema::{Digest, manifest::Manifest};
use std::io::Read;

/// What a package says about itself. Nobody checked a signature, and nobody read its content.
#[derive(Debug, Clone)]
pub struct Unverified {
    /// The manifest.
    pub manifest: Manifest,
    /// Its exact bytes.
    pub manifest_bytes: Vec<u8>,
    /// The package digest.
    pub digest: Digest,
    /// The signatures, in the accepted form and not checked.
    pub signatures: Vec<SignatureText>,
}

/// Reads the manifest and the signatures of a package.
///
/// # Errors
/// When they are not in the accepted form.
pub fn peek<R: Read>(reader: R) -> Result<Unverified, VerifyError> {
    let opening = read_opening(&mut Reader::new(reader))?;
    let manifest = manifest::read(&opening.manifest_bytes)?;
    let digest = Digest::of(&opening.manifest_bytes);
    Ok(Unverified { manifest, manifest_bytes: opening.manifest_bytes, digest, signatures: opening.signatures })
}
