//! A package that was admitted and can give out its content. Made here and nowhere else.

use super::{
    VerifyError,
    admission::{Admitted, admit},
    content::{check_component, text},
    judge::{Signer, Trust},
};
use crate::{
    container::{COMPONENT_PATH, ContainerError, README_PATH, TOOLS_PATH, WIT_FOLDER},
    frame, tools,
};
use mpp_schema::{
    Digest, KeyId,
    manifest::{Entry, Manifest},
    tools::ToolsFile,
};
use std::{
    collections::BTreeMap,
    io::{Read, Seek, SeekFrom},
};

/// An admitted package with its file. Each read checks the stored digest again, because files change, and then unpacks no more than
/// the manifest declares.
#[derive(Debug)]
pub struct VerifiedPackage<R> {
    reader: R,
    admitted: Admitted,
    offsets: Vec<u64>,
}

/// Admits a package as [`super::verify`] does, and keeps its file to read from. The reader must stand at the package's first byte,
/// which must be the first of the file.
///
/// # Errors
/// As [`super::verify`].
pub fn open<R: Read + Seek>(mut reader: R, trust: &Trust) -> Result<VerifiedPackage<R>, VerifyError> {
    let (admitted, offsets) = admit(&mut reader, trust, |_, _| ())?;
    Ok(VerifiedPackage { reader, admitted, offsets })
}

impl<R> VerifiedPackage<R> {
    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.admitted.manifest
    }
    /// The exact bytes of the manifest, which were signed.
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.admitted.manifest_bytes
    }
    /// The package digest.
    pub fn digest(&self) -> Digest {
        self.admitted.digest
    }
    /// Known keys that signed.
    pub fn signers(&self) -> &[Signer] {
        &self.admitted.signers
    }
    /// Other keys that signed. They count for nothing.
    pub fn unknown_signers(&self) -> &[KeyId] {
        &self.admitted.unknown
    }
    #[cfg(test)]
    pub(super) fn swap_reader_for_test(&mut self, reader: R) {
        self.reader = reader;
    }
    /// Everything that admission learned, without the file.
    pub fn into_admitted(self) -> Admitted {
        self.admitted
    }
}

impl<R: Read + Seek> VerifiedPackage<R> {
    /// The definitions of the tools.
    ///
    /// # Errors
    /// When the file changed, or the definitions say what a package may not say.
    pub fn tools(&mut self) -> Result<ToolsFile, VerifyError> {
        Ok(tools::read(&self.entry(TOOLS_PATH)?)?)
    }

    /// The component's bytes, which begin as a component does. Whether they are a valid one is asked by `mpp-wit`.
    ///
    /// # Errors
    /// When the file changed, or the bytes begin as something else.
    pub fn component(&mut self) -> Result<Vec<u8>, VerifyError> {
        let component = self.entry(COMPONENT_PATH)?;
        check_component(&component)?;
        Ok(component)
    }

    /// The WIT texts, by their paths below `wit/`.
    ///
    /// # Errors
    /// When the file changed, or a text is not UTF-8.
    pub fn wit(&mut self) -> Result<BTreeMap<String, String>, VerifyError> {
        let paths: Vec<String> = self.manifest().entries.iter().map(|entry| entry.path.clone()).collect();
        let mut texts = BTreeMap::new();
        for path in paths {
            if let Some(below) = path.strip_prefix(WIT_FOLDER) {
                texts.insert(below.to_owned(), self.text(&path)?);
            }
        }
        Ok(texts)
    }

    /// The text that explains the package, if it has one.
    ///
    /// # Errors
    /// When the file changed, or the text is not UTF-8.
    pub fn readme(&mut self) -> Result<Option<String>, VerifyError> {
        match self.place(README_PATH) {
            Some(_) => self.text(README_PATH).map(Some),
            None => Ok(None),
        }
    }

    /// The content of any entry that the manifest lists, unpacked if it is compressed.
    ///
    /// # Errors
    /// When there is no such entry, the file changed, or the content is not what the manifest lists.
    pub fn entry(&mut self, path: &str) -> Result<Vec<u8>, VerifyError> {
        let place = self.place(path).ok_or_else(|| VerifyError::NoEntry { entry: path.to_owned() })?;
        let listed = self.manifest().entries[place].clone();
        let stored = self.stored(&listed, self.offsets[place])?;
        unpack(&listed, stored)
    }

    fn text(&mut self, path: &str) -> Result<String, VerifyError> {
        text(path, self.entry(path)?)
    }

    fn place(&self, path: &str) -> Option<usize> {
        self.manifest().entries.iter().position(|entry| entry.path == path)
    }

    fn stored(&mut self, listed: &Entry, offset: u64) -> Result<Vec<u8>, ContainerError> {
        let failed = |source| ContainerError::Io { at: offset, source };
        self.reader.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut stored = Vec::new();
        self.reader.by_ref().take(listed.size).read_to_end(&mut stored).map_err(failed)?;
        let found = Digest::of(&stored);
        if found != listed.sha256 {
            return Err(ContainerError::Digest { name: listed.path.clone(), expected: listed.sha256, found });
        }
        Ok(stored)
    }
}

/// The content of stored bytes whose digest is the listed one.
pub(crate) fn unpack(listed: &Entry, stored: Vec<u8>) -> Result<Vec<u8>, VerifyError> {
    let Some(expected) = listed.unpacked else { return Ok(stored) };
    let entry = || listed.path.clone();
    let content =
        frame::unpack(&stored, expected.size).map_err(|source| VerifyError::Frame { entry: entry(), source })?;
    let found = Digest::of(&content);
    if found != expected.sha256 {
        return Err(VerifyError::Unpacked { entry: entry(), expected: expected.sha256, found });
    }
    Ok(content)
}
