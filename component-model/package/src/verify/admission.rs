//! Reads a whole package as a stream and admits or refuses it (PKG-60 to PKG-67). Each byte is hashed once, nothing is decompressed, and
//! no more is held than the manifest, the signatures and 64 KiB.

use super::{
    VerifyError,
    judge::{Signer, Trust, judge},
};
use crate::{
    container::{
        ContainerError, EntryHeader, MANIFEST_PATH, Reader, SIGNATURE_SUFFIX, SIGNATURES_FOLDER, check_path,
        signature_path,
    },
    frame::FrameWalk,
    limits::{MANIFEST_BYTES_MAX, SIGNATURE_BYTES_MAX, SIGNATURES_MAX},
    manifest,
    native_code::Beginning,
    signature::{SignatureError, SignatureText},
};
use mpp_schema::{
    Digest, KeyId,
    manifest::{Entry, Manifest},
};
use sha2::{Digest as _, Sha256};
use std::io::Read;

/// What admission learns about a package.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The manifest.
    pub manifest: Manifest,
    /// Its exact bytes.
    pub manifest_bytes: Vec<u8>,
    /// The package digest.
    pub digest: Digest,
    /// Known keys that signed.
    pub signers: Vec<Signer>,
    /// Other keys that signed. They count for nothing.
    pub unknown: Vec<KeyId>,
}

/// Reads and checks a package from its first byte to its last.
///
/// # Errors
/// [`VerifyError`], for whatever is wrong first.
pub fn verify<R: Read>(reader: R, trust: &Trust) -> Result<Admitted, VerifyError> {
    admit(reader, trust, |_, _| ()).map(|(admitted, _)| admitted)
}

/// As [`verify`]; also where each entry's content begins, and `sink` sees each piece of content.
pub(super) fn admit<R: Read>(
    reader: R,
    trust: &Trust,
    sink: impl FnMut(&Entry, &[u8]),
) -> Result<(Admitted, Vec<u64>), VerifyError> {
    let mut reader = Reader::new(reader);
    let opening = read_opening(&mut reader)?;
    let judged = judge(&opening.manifest_bytes, &opening.signatures, trust)?;
    let manifest = manifest::read(&opening.manifest_bytes)?;
    let unknown = judged.unknown.clone();
    let signers = judged.bind(&manifest)?;
    let before = opening.names();
    let offsets = read_entries(&mut reader, &manifest, &before, opening.next, sink)?;
    let digest = Digest::of(&opening.manifest_bytes);
    Ok((Admitted { manifest, manifest_bytes: opening.manifest_bytes, digest, signers, unknown }, offsets))
}

/// Everything before the content.
pub(crate) struct Opening {
    pub(crate) manifest_bytes: Vec<u8>,
    pub(crate) signatures: Vec<SignatureText>,
    /// The header after the last signature; nothing at the end of the file.
    pub(crate) next: Option<EntryHeader>,
}

impl Opening {
    /// The names of the entries so far.
    pub(crate) fn names(&self) -> Vec<String> {
        let signatures = self.signatures.iter().map(|signature| signature_path(signature.key_id()));
        [MANIFEST_PATH.to_owned()].into_iter().chain(signatures).collect()
    }
}

/// Reads the manifest's bytes and the signatures, whose form is checked and nothing else.
pub(crate) fn read_opening<R: Read>(reader: &mut Reader<R>) -> Result<Opening, VerifyError> {
    let first = reader.next()?.filter(|entry| entry.name == MANIFEST_PATH).ok_or(ContainerError::Magic)?;
    if first.size > MANIFEST_BYTES_MAX {
        return Err(ContainerError::ManifestLimit { limit: MANIFEST_BYTES_MAX, found: first.size }.into());
    }
    let manifest_bytes = reader.content(&first)?;
    let mut signatures: Vec<SignatureText> = Vec::new();
    loop {
        let next = reader.next()?;
        let Some(entry) = next.as_ref().filter(|entry| entry.name.starts_with(SIGNATURES_FOLDER)) else {
            if signatures.is_empty() {
                return Err(SignatureError::Missing.into());
            }
            return Ok(Opening { manifest_bytes, signatures, next });
        };
        let signature = read_signature(reader, entry, signatures.len())?;
        if let Some(before) = signatures.last() {
            check_order(before.key_id(), signature.key_id(), entry)?;
        }
        signatures.push(signature);
    }
}

fn read_signature<R: Read>(
    reader: &mut Reader<R>,
    entry: &EntryHeader,
    before: usize,
) -> Result<SignatureText, VerifyError> {
    let limit = |limit, of, found| SignatureError::Limit { limit, of, found };
    if before == SIGNATURES_MAX {
        return Err(limit(SIGNATURES_MAX as u64, "signatures", before as u64 + 1).into());
    }
    if entry.size > SIGNATURE_BYTES_MAX {
        return Err(limit(SIGNATURE_BYTES_MAX, "bytes of a signature", entry.size).into());
    }
    let named = entry.name.strip_prefix(SIGNATURES_FOLDER).and_then(|name| name.strip_suffix(SIGNATURE_SUFFIX));
    let Some(named) = named.and_then(|id| id.parse::<KeyId>().ok()) else {
        let reason = "a signature is named `signatures/<key id>.minisig`";
        return Err(ContainerError::Path { name: entry.name.clone(), reason }.into());
    };
    let content = reader.content(entry)?;
    let text = String::from_utf8_lossy(&content);
    let signature = SignatureText::parse(&text)?;
    if signature.key_id() != named {
        let expected = "the key id that the entry is named by";
        return Err(SignatureError::Malformed { line: 1, expected, found: signature.key_id().to_string() }.into());
    }
    Ok(signature)
}

fn check_order(before: KeyId, found: KeyId, entry: &EntryHeader) -> Result<(), ContainerError> {
    let name = entry.name.clone();
    match before.cmp(&found) {
        std::cmp::Ordering::Less => Ok(()),
        std::cmp::Ordering::Equal => Err(ContainerError::Duplicate { other: name.clone(), name }),
        std::cmp::Ordering::Greater => {
            Err(ContainerError::Order { name, expected: "signatures sorted by key id".to_owned() })
        }
    }
}

/// Reads the content entries, which must be those of the manifest in its order, to the end of the file. Gives their offsets. `before` are
/// the names of the entries that are not content, for telling why another one cannot stand where it stands.
pub(crate) fn read_entries<R: Read>(
    reader: &mut Reader<R>,
    manifest: &Manifest,
    before: &[String],
    first: Option<EntryHeader>,
    mut sink: impl FnMut(&Entry, &[u8]),
) -> Result<Vec<u64>, VerifyError> {
    let mut found = first;
    let mut offsets = Vec::new();
    for listed in &manifest.entries {
        let header = found.take().ok_or_else(|| ContainerError::Absent { name: listed.path.clone() })?;
        check_header(&header, listed, offsets.len(), manifest, before)?;
        read_entry(reader, &header, listed, &mut sink)?;
        offsets.push(header.offset);
        found = reader.next()?;
    }
    match found {
        None => Ok(offsets),
        Some(surplus) => Err(unexpected(&surplus, manifest, offsets.len(), before).into()),
    }
}

fn check_header(
    header: &EntryHeader,
    listed: &Entry,
    place: usize,
    manifest: &Manifest,
    before: &[String],
) -> Result<(), ContainerError> {
    if header.name != listed.path {
        return Err(unexpected(header, manifest, place, before));
    }
    if header.size != listed.size {
        let (name, expected, found) = (header.name.clone(), listed.size, header.size);
        return Err(ContainerError::Size { name, expected, found });
    }
    Ok(())
}

/// Why an entry cannot stand where it stands.
fn unexpected(header: &EntryHeader, manifest: &Manifest, place: usize, before: &[String]) -> ContainerError {
    let name = header.name.clone();
    if let Err(error) = check_path(&name) {
        return error;
    }
    let (read, after) = manifest.entries.split_at(place);
    let mut came_before = before.iter().map(String::as_str).chain(read.iter().map(|entry| entry.path.as_str()));
    if let Some(other) = came_before.find(|path| path.eq_ignore_ascii_case(&name)) {
        return ContainerError::Duplicate { other: other.to_owned(), name };
    }
    match after.first() {
        Some(expected) if after.iter().any(|entry| entry.path == name) => {
            ContainerError::Order { name, expected: format!("the entry `{}`", expected.path) }
        }
        _ => ContainerError::Unlisted { name },
    }
}

/// Streams one entry through its digest and, beside it, over the structure of its frame. What the structure says is only believed, and
/// only reported, when the digest is the listed one.
fn read_entry<R: Read>(
    reader: &mut Reader<R>,
    header: &EntryHeader,
    listed: &Entry,
    sink: &mut impl FnMut(&Entry, &[u8]),
) -> Result<(), VerifyError> {
    let mut hash = Sha256::new();
    let mut walk = listed.unpacked.map(|content| FrameWalk::new(content.size));
    let mut beginning = Beginning::default();
    reader.stream(header, |piece| {
        hash.update(piece);
        if let Some(walk) = &mut walk {
            walk.feed(piece);
        }
        beginning.feed(piece);
        sink(listed, piece);
    })?;
    let found = Digest::from_bytes(hash.finalize().into());
    let name = || listed.path.clone();
    if found != listed.sha256 {
        return Err(ContainerError::Digest { name: name(), expected: listed.sha256, found }.into());
    }
    if let Some(kind) = beginning.kind() {
        return Err(VerifyError::Precompiled { entry: name(), kind });
    }
    walk.map_or(Ok(()), FrameWalk::finish).map_err(|source| VerifyError::Frame { entry: name(), source })
}
