//! `mpp sign`: adding a signature to a package file, made here or brought from another minisign program.
//!
//! A file that carries only development signatures loses them: they mean nothing to anybody else.

use crate::{
    Context, OpsError,
    atomic_write::{self, IoError, Readable},
    home::keys,
    verb::trust::parse_key,
};
use mpp_package::{
    key::{PublicKey, SecretKey, Signer},
    sign,
    signature::{self, Purpose, SignatureText},
};
use mpp_schema::{Digest, KeyId};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where the signature comes from.
#[derive(Debug)]
pub enum Source {
    /// A key of this home by name, or a minisign key file by path.
    Key(String),
    /// A `.minisig` file made elsewhere over `mpp.json`, and the public key it belongs to.
    Attach {
        /// The signature file.
        signature: PathBuf,
        /// The public key: `RW…` or a `.pub` file.
        public_key: String,
    },
}

/// What was signed by whom.
#[derive(Debug, Serialize)]
pub struct SignReport {
    /// The file, now with the signature.
    #[serde(serialize_with = "crate::path_text::serialize")]
    pub file: PathBuf,
    /// Its package digest, which signing does not change.
    pub digest: Digest,
    /// The key that signed.
    pub key: KeyId,
    /// What the signature says.
    pub trusted_comment: String,
}

/// Adds a signature to the package at `file`, in place.
pub fn sign(context: &Context<'_>, file: &Path, source: &Source) -> Result<SignReport, OpsError> {
    let path = context.path(file);
    let bytes = fs::read(&path).map_err(IoError::on("read", &path))?;
    let package = mpp_package::peek(bytes.as_slice())?;
    let purpose = sign::purpose(&package.manifest);
    let (signature, key) = match source {
        Source::Key(name) => sign_here(context, name, &package.manifest_bytes, &purpose)?,
        Source::Attach { signature, public_key } => attach(context, signature, public_key)?,
    };
    let signed = sign::add_signature(&bytes, signature, &key)?;
    atomic_write::write(&path, &signed, Readable::ByAll)?;
    Ok(SignReport { file: path, digest: package.digest, key: key.id(), trusted_comment: purpose.to_string() })
}

fn sign_here(
    context: &Context<'_>,
    name: &str,
    message: &[u8],
    purpose: &Purpose,
) -> Result<(SignatureText, PublicKey), OpsError> {
    let key = find_key(context, name)?;
    let signature = key.sign(message, &purpose.to_string())?;
    Ok((signature, *key.public_key()))
}

fn attach(context: &Context<'_>, file: &Path, key: &str) -> Result<(SignatureText, PublicKey), OpsError> {
    let path = context.path(file);
    let text = fs::read_to_string(&path).map_err(IoError::on("read the signature", &path))?;
    let key = parse_key(context, key)?;
    Ok((signature::attach(&text, &key)?, key))
}

/// The key of this home called `name`, or the minisign key file at that path.
pub(crate) fn find_key(context: &Context<'_>, name: &str) -> Result<SecretKey, OpsError> {
    let path = context.path(Path::new(name));
    let is_path = name.contains(std::path::MAIN_SEPARATOR) || name.ends_with(".key");
    if is_path {
        keys::read_secret_key(&path, context.passwords)
    } else {
        context.home.secret_key(name, context.passwords)
    }
}
