//! From a [`Package`] to a signed file, and one more signature on a file that exists (PKG-67, SIG-30).

use crate::{
    container::{ContainerError, MANIFEST_PATH, signature_path, write},
    key::{KeyError, PublicKey, Signer},
    limits::FILE_BYTES_MAX,
    pack::Package,
    peek::peek,
    signature::{self, Purpose, SignatureError, SignatureText},
    signed::{check_count, sign_all},
    verify::VerifyError,
};
use mpp_schema::{Code, Coded, Digest, manifest::Manifest};

/// Why a package cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A key cannot sign it.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A signature does not belong to it, or there are too many.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The file is not a package.
    #[error(transparent)]
    File(#[from] VerifyError),
}

impl From<ContainerError> for SignError {
    fn from(error: ContainerError) -> Self {
        Self::File(error.into())
    }
}

impl Coded for SignError {
    fn code(&self) -> Code {
        match self {
            Self::Key(error) => error.code(),
            Self::Signature(error) => error.code(),
            Self::File(error) => error.code(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Key(error) => error.hints(),
            Self::Signature(error) => error.hints(),
            Self::File(error) => error.hints(),
        }
    }
}

/// A signed file that this process made.
#[derive(Debug, Clone)]
pub struct SignedPackage {
    manifest: Manifest,
    digest: Digest,
    bytes: Vec<u8>,
}

impl SignedPackage {
    /// The bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    /// The bytes of the file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
    /// The package digest, which signatures do not change.
    pub fn digest(&self) -> Digest {
        self.digest
    }
    /// SHA-256 of the whole file.
    pub fn file_digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

impl Package {
    /// Signs the package with publisher keys.
    ///
    /// # Errors
    /// When there is no signer, there are more than 16, one stands there twice, or one cannot sign.
    pub fn sign(self, signers: &[&dyn Signer]) -> Result<SignedPackage, SignError> {
        let purpose = purpose(self.manifest());
        let signatures = sign_all(self.manifest_bytes(), &purpose, signers)?;
        self.with_signatures(&signatures)
    }

    /// Signs the package with the home's development key. Only that home accepts it.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign_for_development(self, signer: &dyn Signer) -> Result<SignedPackage, SignError> {
        let signatures = sign_all(self.manifest_bytes(), &development_purpose(self.manifest()), &[signer])?;
        self.with_signatures(&signatures)
    }

    fn with_signatures(self, signatures: &[SignatureText]) -> Result<SignedPackage, SignError> {
        let names: Vec<String> = signatures.iter().map(|signature| signature_path(signature.key_id())).collect();
        let texts = signatures.iter().map(|signature| signature.as_str().as_bytes());
        let manifest = [(MANIFEST_PATH, self.manifest_bytes())];
        let bytes =
            write(manifest.into_iter().chain(names.iter().map(String::as_str).zip(texts)).chain(self.entries()));
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(ContainerError::FileLimit { limit: FILE_BYTES_MAX }.into());
        }
        Ok(SignedPackage { digest: self.digest(), manifest: self.manifest().clone(), bytes })
    }
}

/// Adds one signature to a file: the same package, the same digest, another file. The signatures that are there stay, unchecked;
/// only those of development keys go, because they mean nothing beside a publisher's.
///
/// # Errors
/// When the file is not a package, the signature is not by this key over it and for it, or the key signed it already.
pub fn add_signature(file: &[u8], signature: SignatureText, key: &PublicKey) -> Result<Vec<u8>, SignError> {
    let package = Package::without_signatures(file)?;
    let mut signatures = peek(file)?.signatures;
    signature::verify(package.manifest_bytes(), &signature, key)?;
    purpose(package.manifest()).check(signature.trusted_comment(), key.id())?;
    if signatures.iter().any(|other| other.key_id() == key.id()) {
        return Err(SignatureError::Repeated { key: key.id() }.into());
    }
    signatures.retain(|other| !matches!(Purpose::parse(other.trusted_comment()), Some(Purpose::DevPackage { .. })));
    signatures.push(signature);
    signatures.sort();
    check_count(signatures.len())?;
    Ok(package.with_signatures(&signatures)?.into_bytes())
}

/// What a publisher's signature of this package is for. Also the text for signing with another minisign program.
pub fn purpose(manifest: &Manifest) -> Purpose {
    Purpose::Package { name: manifest.name.clone(), version: manifest.version.clone() }
}

/// What the development key's signature of this package is for.
pub fn development_purpose(manifest: &Manifest) -> Purpose {
    Purpose::DevPackage { name: manifest.name.clone(), version: manifest.version.clone() }
}
