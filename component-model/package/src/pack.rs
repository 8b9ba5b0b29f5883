//! From the parts of a tool to a [`Package`]: canonical bytes that only lack signatures (PKG-1 to PKG-4, PKG-40 to PKG-44).

use crate::{
    container::{COMPONENT_PATH, LICENSE_PATH, README_PATH, Reader, SBOM_PATH, TOOLS_PATH, WIT_FOLDER, check_paths},
    frame::{self, FrameError},
    manifest::{self, ManifestError},
    native_code::native_code,
    tools,
    verify::{VerifyError, check_component, read_entries, read_opening, unpack},
};
use mpp_schema::{
    Code, Coded, Digest,
    manifest::{Entry, Manifest, Unpacked},
    tools::ToolsFile,
};
use std::{collections::BTreeMap, io::Read};

/// The parts of a package.
#[derive(Debug, Clone)]
pub struct Contents {
    /// What the package says about itself; `entries` is filled in by [`pack`].
    pub manifest: Manifest,
    /// The component's bytes.
    pub component: Vec<u8>,
    /// The definitions of the tools.
    pub tools: ToolsFile,
    /// WIT texts by their paths below `wit/`, stored as they are.
    pub wit: BTreeMap<String, String>,
    /// The text that explains the package.
    pub readme: Option<String>,
    /// The licence's text.
    pub license_text: Option<String>,
    /// A CycloneDX list of what the component was made of.
    pub sbom: Option<Vec<u8>>,
    /// Other files by path, compressed; `.zst` is added to the path.
    pub extra: BTreeMap<String, Vec<u8>>,
}

/// Why parts do not make a package.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The manifest, or the tools file, says what a package may not say.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A part cannot stand in a package.
    #[error(transparent)]
    Content(#[from] VerifyError),
    /// A part cannot be compressed into the accepted form.
    #[error("packed `{entry}`")]
    Frame {
        /// The entry.
        entry: String,
        /// Why.
        #[source]
        source: FrameError,
    },
}

impl Coded for PackError {
    fn code(&self) -> Code {
        match self {
            Self::Manifest(error) => error.code(),
            Self::Content(error) => error.code(),
            Self::Frame { source, .. } => source.code(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Manifest(error) => error.hints(),
            Self::Content(error) => error.hints(),
            Self::Frame { source, .. } => source.hints(),
        }
    }
}

/// A package without signatures. It has no bytes of its own yet: a file is made by signing it.
#[derive(Debug, Clone)]
pub struct Package {
    manifest: Manifest,
    manifest_bytes: Vec<u8>,
    /// Stored content, in the order of the manifest's entries.
    stored: Vec<Vec<u8>>,
}

impl Package {
    /// The package digest: SHA-256 of the manifest's bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.manifest_bytes)
    }
    /// The manifest, its entries filled in.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
    /// The exact bytes of the manifest, which are what is signed.
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.manifest_bytes
    }

    /// The stored content with its names, in the order of the file.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let paths = self.manifest.entries.iter().map(|entry| entry.path.as_str());
        paths.zip(self.stored.iter().map(Vec::as_slice))
    }

    /// The definitions of the tools, for looking into a package that nobody vouched for.
    ///
    /// # Errors
    /// When the definitions do not unpack, or say what a package may not say.
    pub fn tools(&self) -> Result<ToolsFile, VerifyError> {
        let place = self.manifest.entries.iter().position(|entry| entry.path == TOOLS_PATH);
        let place = place.ok_or_else(|| VerifyError::NoEntry { entry: TOOLS_PATH.to_owned() })?;
        Ok(tools::read(&unpack(&self.manifest.entries[place], self.stored[place].clone())?)?)
    }

    /// The package inside of a signed file, to be signed anew: publishing a local build does this. The container, the manifest and
    /// the stored digests are checked as at admission; the signatures are dropped, and nobody asks whose they were.
    ///
    /// # Errors
    /// When the file is not a package.
    pub fn without_signatures<R: Read>(reader: R) -> Result<Self, VerifyError> {
        let mut reader = Reader::new(reader);
        let opening = read_opening(&mut reader)?;
        let manifest = manifest::read(&opening.manifest_bytes)?;
        let mut stored: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let before = opening.names();
        read_entries(&mut reader, &manifest, &before, opening.next, |entry, piece| {
            stored.entry(entry.path.clone()).or_default().extend_from_slice(piece);
        })?;
        let stored = manifest.entries.iter().map(|entry| stored.remove(&entry.path).unwrap_or_default()).collect();
        Ok(Self { manifest, manifest_bytes: opening.manifest_bytes, stored })
    }
}

/// Packs the parts; the same parts give the same bytes.
///
/// # Errors
/// When the parts say or hold what a package may not, or are too large.
pub fn pack(contents: Contents) -> Result<Package, PackError> {
    check_component(&contents.component)?;
    let tools = tools::write(&contents.tools)?;
    tools::check_named(contents.manifest.tools.keys(), &contents.tools)?;
    let Contents { mut manifest, component, wit, readme, license_text, sbom, extra, .. } = contents;
    let others = [(README_PATH, readme.map(String::into_bytes)), (LICENSE_PATH, license_text.map(String::into_bytes))];
    let others = others.into_iter().chain([(SBOM_PATH, sbom)]);
    let others = others.filter_map(|(path, content)| Some((path.to_owned(), content?)));
    let extra = extra.into_iter().map(|(path, content)| (format!("{path}.zst"), content));
    let wit = wit.into_iter().map(|(path, text)| (format!("{WIT_FOLDER}{path}"), text.into_bytes()));
    let mut rest: Vec<(String, Vec<u8>)> = others.chain(extra).chain(wit).collect();
    rest.sort();
    check_paths(rest.iter().map(|(path, _)| path.as_str())).map_err(ManifestError::from)?;
    let first = [(COMPONENT_PATH.to_owned(), component), (TOOLS_PATH.to_owned(), tools)];
    let (mut entries, mut stored) = (Vec::new(), Vec::new());
    for (path, content) in first.into_iter().chain(rest) {
        let (entry, bytes) = store(path, content)?;
        entries.push(entry);
        stored.push(bytes);
    }
    manifest.entries = entries;
    let manifest_bytes = manifest::write(&manifest)?;
    Ok(Package { manifest, manifest_bytes, stored })
}

fn store(path: String, content: Vec<u8>) -> Result<(Entry, Vec<u8>), PackError> {
    if let Some(kind) = native_code(&content) {
        return Err(VerifyError::Precompiled { entry: path, kind }.into());
    }
    let unpacked =
        path.ends_with(".zst").then(|| Unpacked { size: content.len() as u64, sha256: Digest::of(&content) });
    let stored = match unpacked {
        Some(_) => frame::compress(&content).map_err(|source| PackError::Frame { entry: path.clone(), source })?,
        None => content,
    };
    Ok((Entry { path, size: stored.len() as u64, sha256: Digest::of(&stored), unpacked }, stored))
}
