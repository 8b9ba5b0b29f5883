//! `mpp inspect`: what a package is, what it asks for and what it holds, whether or not anybody trusts it.
//!
//! Nothing can be run from here: the package is read as [`Unverified`]. Each signature is shown with
//! what this home knows about it.

use crate::{
    Context, OpsError,
    atomic_write::IoError,
    package_file::{trust_for_files, trust_for_installed},
    sentences,
};
use mpp_package::{
    Unverified,
    key::PublicKey,
    pack::Package,
    peek,
    signature::{self, SignatureText},
};
use mpp_schema::{
    Digest, KeyId, PackageName, Version,
    manifest::{Entry, Kind, Source, TrustLevel},
    tools::ToolDefinition,
};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A package as it describes itself, and who signed it.
#[derive(Debug, Serialize)]
pub struct InspectReport {
    /// The file.
    #[serde(serialize_with = "crate::path_text::serialize")]
    pub file: PathBuf,
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// What it is for.
    pub kind: Kind,
    /// One sentence.
    pub description: String,
    /// SPDX expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Package digest.
    pub digest: Digest,
    /// The author's trust level.
    pub trust: TrustLevel,
    /// What it asks for, in sentences.
    pub asks_for: Vec<String>,
    /// What deserves a second look.
    pub unusual: Vec<String>,
    /// Its tools.
    pub tools: Vec<ToolDefinition>,
    /// Its signatures.
    pub signatures: Vec<SignatureReport>,
    /// Where it came from.
    pub source: Source,
    /// What it holds.
    pub entries: Vec<Entry>,
}

/// One signature.
#[derive(Debug, Serialize)]
pub struct SignatureReport {
    /// The identity that the signature's name claims.
    pub key: KeyId,
    /// What it says.
    pub trusted_comment: String,
    /// What this home knows about it.
    pub standing: Standing,
    /// What this home calls the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What this home knows about a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Valid, by a key that this home trusts.
    Trusted,
    /// Valid, by this home's development key.
    Development,
    /// By a key that this home does not know, so nothing can be said.
    Unknown,
    /// Claims a key that this home knows, and is not by it.
    Invalid,
}

/// Reads the package at `target`, a file, or the installed package of that name.
pub fn inspect(context: &Context<'_>, target: &str) -> Result<InspectReport, OpsError> {
    let path = match target.parse::<PackageName>() {
        Ok(name) => context.home.package_path(context.home.installed(&name)?.file),
        Err(_) => context.path(Path::new(target)),
    };
    let bytes = fs::read(&path).map_err(IoError::on("read", &path))?;
    let package = peek(bytes.as_slice())?;
    let tools = Package::without_signatures(bytes.as_slice())?.tools()?.tools;
    let known = known_keys(context, &package.manifest.name)?;
    let manifest = &package.manifest;
    Ok(InspectReport {
        file: path,
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        kind: manifest.kind,
        description: manifest.description.clone(),
        license: manifest.license.clone(),
        digest: package.digest,
        trust: manifest.trust,
        asks_for: sentences(&manifest.permissions),
        unusual: mpp_policy::unusual(&manifest.permissions),
        tools,
        signatures: package.signatures.iter().map(|text| report(&package, text, &known)).collect(),
        source: manifest.source.clone(),
        entries: manifest.entries.clone(),
    })
}

struct Known {
    key: PublicKey,
    name: String,
    standing: Standing,
}

/// The keys that this home trusts for loose files, and the owners of the namespace as its registry named them at installation.
fn known_keys(context: &Context<'_>, name: &PackageName) -> Result<Vec<Known>, OpsError> {
    let mut trust = trust_for_files(context)?;
    if let Ok(record) = context.home.installed(name) {
        trust.publishers.extend(trust_for_installed(&record)?.publishers);
    }
    let publishers = trust.publishers.into_iter().map(|known| Known {
        key: known.key,
        name: known.name,
        standing: Standing::Trusted,
    });
    let development = trust.development.map(|key| Known {
        key,
        name: crate::home::keys::DEVELOPMENT.to_owned(),
        standing: Standing::Development,
    });
    Ok(publishers.chain(development).collect())
}

fn report(package: &Unverified, text: &SignatureText, known: &[Known]) -> SignatureReport {
    let key = text.key_id();
    let known = known.iter().find(|known| known.key.id() == key);
    let standing = match known {
        None => Standing::Unknown,
        Some(known) if signature::verify(&package.manifest_bytes, text, &known.key).is_ok() => known.standing,
        Some(_) => Standing::Invalid,
    };
    let trusted_comment = text.trusted_comment().to_owned();
    SignatureReport { key, trusted_comment, standing, name: known.map(|known| known.name.clone()) }
}
