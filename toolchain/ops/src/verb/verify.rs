//! `mpp verify`: is this file a package, and who stands behind it?

use crate::{
    Context, OpsError,
    package_file::{check_first_use, open_file, trust_for_files, unknown_or_changed},
    verb::trust::parse_key,
};
use mpp_package::verify::{self, Trust, TrustedKey};
use mpp_schema::{Code, Coded, Digest, KeyId, PackageName, Version, codes};
use mpp_wit::{ToolSet, WitFolder};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What to check, and against whom.
#[derive(Debug, Default)]
pub struct VerifyOptions {
    /// Also unpack everything, validate the component and derive the schemas again.
    pub full: bool,
    /// How many distinct trusted keys must have signed.
    pub threshold: usize,
    /// Only these keys count, `RW…` or `.pub` files; empty for the keys that this home trusts.
    pub keys: Vec<String>,
}

/// A package that was accepted.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    /// The file.
    #[serde(serialize_with = "crate::path_text::serialize")]
    pub file: PathBuf,
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Package digest.
    pub digest: Digest,
    /// The trusted keys that signed.
    pub signers: Vec<SignerReport>,
    /// Whether the content was unpacked and derived again.
    pub full: bool,
}

/// A trusted key that signed.
#[derive(Debug, Serialize)]
pub struct SignerReport {
    /// What this home calls it.
    pub name: String,
    /// Its identity.
    pub key: KeyId,
    /// Whether it is this home's development key.
    pub development: bool,
}

/// Checks the package at `file`.
pub fn verify(context: &Context<'_>, file: &Path, options: &VerifyOptions) -> Result<VerifyReport, OpsError> {
    let trust = trust(context, options)?;
    let (path, reader) = open_file(context, file)?;
    let refused = |error| match options.keys.as_slice() {
        [] => unknown_or_changed(context, file, OpsError::from(error)),
        _ => OpsError::from(error),
    };
    let mut package = verify::open(reader, &trust).map_err(refused)?;
    if options.keys.is_empty() {
        check_first_use(context, &package.manifest().name, package.signers())?;
    }
    if options.full {
        check_content(&mut package)?;
    }
    let manifest = package.manifest();
    Ok(VerifyReport {
        file: path,
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        digest: package.digest(),
        signers: package.signers().iter().map(signer_report).collect(),
        full: options.full,
    })
}

fn trust(context: &Context<'_>, options: &VerifyOptions) -> Result<Trust, OpsError> {
    let mut trust = trust_for_files(context)?;
    if !options.keys.is_empty() {
        let named = |key: &String| Ok(TrustedKey { key: parse_key(context, key)?, name: key.clone() });
        trust.publishers = options.keys.iter().map(named).collect::<Result<_, OpsError>>()?;
        trust.development = None;
    }
    trust.threshold = options.threshold.max(1);
    Ok(trust)
}

fn signer_report(signer: &verify::Signer) -> SignerReport {
    SignerReport { name: signer.name.clone(), key: signer.key, development: signer.development }
}

/// What `verify --full` and every installation check beyond admission: unpacked digests, the component, and its agreement with
/// WIT, schemas and permissions. Gives the tools that its WIT declares.
pub(crate) fn check_content<R: std::io::Read + std::io::Seek>(
    package: &mut verify::VerifiedPackage<R>,
) -> Result<ToolSet, OpsError> {
    let content = verify::verify_content(package)?;
    let manifest = package.manifest();
    let wit = WitFolder { files: content.wit };
    let tools = ToolSet::from_wit(&wit, Some(&manifest.world))?;
    let info = mpp_wit::validate(&content.component)?;
    mpp_wit::agree(&tools, &content.component)?;
    if tools.tools_file() != content.tools {
        return Err(ContentError::Schemas(manifest.name.clone()).into());
    }
    match mpp_wit::uncovered(&info, &manifest.permissions).into_iter().next() {
        Some(import) => Err(ContentError::Uncovered { package: manifest.name.clone(), import: import.name }.into()),
        None => Ok(tools),
    }
}

/// The content contradicts the manifest.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The tool definitions are not those of the WIT.
    #[error("could not accept `{0}`: its tools.json is not what its WIT gives")]
    Schemas(PackageName),
    /// The component imports what the manifest does not ask for.
    #[error("could not accept `{package}`: its component imports `{import}`, and its manifest does not ask for that")]
    Uncovered {
        /// The package.
        package: PackageName,
        /// The import.
        import: String,
    },
}

impl Coded for ContentError {
    fn code(&self) -> Code {
        match self {
            Self::Schemas(_) => codes::TOOL_SCHEMA,
            Self::Uncovered { .. } => codes::WASM_INTERFACE,
        }
    }
}
