//! The second door: a package that was verified before comes in again with a record, and its file is not read at all (HOST-82 to HOST-84).
//!
//! A record holds what a host made of the package and everything that the host uses of it, under a keyed digest. Only a verified package
//! can be sealed, and only with a key that nobody but this host's user has. What may change meanwhile is asked again each time: whether the
//! keys that signed are still trusted.

use super::{Signer, Trust, VerifiedPackage, VerifyError};
use crate::{container::TOOLS_PATH, signature::SignatureError};
use mpp_schema::{Code, Coded, Digest, KeyId, codes, manifest::Manifest, tools::ToolsFile};
use std::{
    collections::BTreeMap,
    fmt,
    io::{Read, Seek},
    ops::Range,
};

/// What a record begins with. The number counts up when the form changes; older records are then made again.
const MAGIC: &[u8; 8] = b"mpprec1\n";
/// Bytes of the keyed digest that a record ends with.
const MAC_BYTES: usize = 32;

/// The key of the records of one user. Whoever holds it decides what the host takes for verified and for compiled code.
#[derive(Clone)]
pub struct RecordKey([u8; 32]);

impl RecordKey {
    /// A key of these bytes, which must be random and secret.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn mac(&self, bytes: &[u8]) -> blake3::Hash {
        blake3::keyed_hash(&self.0, bytes)
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey")
    }
}

/// What a host made of a package.
#[derive(Debug, Clone, Copy)]
pub struct Compiled<'a> {
    /// What made it and for which machine: a record opens only for the same.
    pub engine: &'a [u8],
    /// Digest of the component that was compiled.
    pub component: Digest,
    /// The compiled code.
    pub code: &'a [u8],
}

/// Makes the record of a verified package.
///
/// # Errors
/// When the file of the package changed since it was verified.
pub fn seal<R: Read + Seek>(
    package: &mut VerifiedPackage<R>,
    compiled: Compiled<'_>,
    key: &RecordKey,
) -> Result<Vec<u8>, VerifyError> {
    let mut record = MAGIC.to_vec();
    put(&mut record, compiled.engine);
    put(&mut record, package.digest().as_bytes());
    put(&mut record, compiled.component.as_bytes());
    put(&mut record, &signers(package.signers()));
    put(&mut record, package.manifest_bytes());
    put(&mut record, &package.entry(TOOLS_PATH)?);
    let texts = package.wit()?;
    put(&mut record, &(texts.len() as u64).to_le_bytes());
    for (path, text) in &texts {
        put(&mut record, path.as_bytes());
        put(&mut record, text.as_bytes());
    }
    put(&mut record, compiled.code);
    let mac = key.mac(&record);
    record.extend_from_slice(mac.as_bytes());
    Ok(record)
}

fn put(record: &mut Vec<u8>, field: &[u8]) {
    record.extend_from_slice(&(field.len() as u64).to_le_bytes());
    record.extend_from_slice(field);
}

/// Each signer as its key id and whether it is the development key.
fn signers(signers: &[Signer]) -> Vec<u8> {
    signers
        .iter()
        .flat_map(|signer| [signer.key.as_bytes().as_slice(), &[u8::from(signer.development)]].concat())
        .collect()
}

/// A package that came in by its record.
pub struct Readmitted {
    record: Vec<u8>,
    code: Range<usize>,
    digest: Digest,
    manifest: Manifest,
    signers: Vec<Signer>,
    tools: ToolsFile,
    wit: BTreeMap<String, String>,
}

impl Readmitted {
    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
    /// The package digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }
    /// Known keys that signed, and are trusted now.
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }
    /// The definitions of the tools.
    pub fn tools(&self) -> &ToolsFile {
        &self.tools
    }
    /// The WIT texts, by their paths below `wit/`.
    pub fn wit(&self) -> &BTreeMap<String, String> {
        &self.wit
    }
    /// The compiled code, as it was sealed.
    pub fn code(&self) -> &[u8] {
        &self.record[self.code.clone()]
    }
}

/// Why a record does not let its package in.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The bytes are not what was sealed with this key.
    #[error("the record is not what this host sealed: {0}")]
    Invalid(&'static str),
    /// The record is genuine and for something else: another package, or another engine or machine.
    #[error("the record was made for another {0}")]
    Other(&'static str),
    /// Those who signed the package are not trusted any more.
    #[error(transparent)]
    Standing(#[from] SignatureError),
}

impl Coded for RecordError {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) | Self::Other(_) => codes::CACHE_INVALID,
            Self::Standing(error) => error.code(),
        }
    }
}

/// Lets the package `digest` in again with its record, if `key` sealed it, `engine` made it, and its signers are trusted now.
///
/// # Errors
/// [`RecordError`], for whatever is wrong first. The package itself may be good: [`super::open`] says.
pub fn readmit(
    record: Vec<u8>,
    digest: Digest,
    engine: &[u8],
    key: &RecordKey,
    trust: &Trust,
) -> Result<Readmitted, RecordError> {
    unseal(record, digest, engine, key, |sealed| standing(sealed, trust))
}

/// As [`readmit`], for a package that has just come in by the first door: its signers are those that were found there.
///
/// # Errors
/// As [`readmit`], but for standing.
pub fn reopen<R>(
    record: Vec<u8>,
    package: &VerifiedPackage<R>,
    engine: &[u8],
    key: &RecordKey,
) -> Result<Readmitted, RecordError> {
    unseal(record, package.digest(), engine, key, |_| Ok(package.signers().to_vec()))
}

fn unseal(
    record: Vec<u8>,
    digest: Digest,
    engine: &[u8],
    key: &RecordKey,
    judge: impl FnOnce(&[u8]) -> Result<Vec<Signer>, RecordError>,
) -> Result<Readmitted, RecordError> {
    let invalid = RecordError::Invalid;
    let (body, mac) = record.split_last_chunk::<MAC_BYTES>().ok_or(invalid("it is too short"))?;
    // The comparison of two `Hash` takes the same time whatever they hold.
    if key.mac(body) != blake3::Hash::from_bytes(*mac) {
        return Err(invalid("its keyed digest does not fit"));
    }
    let mut fields = Fields::of(body)?;
    if fields.next()? != engine {
        return Err(RecordError::Other("engine"));
    }
    if fields.next()? != digest.as_bytes() {
        return Err(RecordError::Other("package"));
    }
    let _component = fields.next()?;
    let signers = judge(fields.next()?)?;
    let manifest = serde_json::from_slice(fields.next()?).map_err(|_| invalid("its manifest has another shape"))?;
    let tools = serde_json::from_slice(fields.next()?).map_err(|_| invalid("its tools have another shape"))?;
    let wit = fields.texts()?;
    let length = fields.next()?.len();
    let end = body.len();
    if !fields.0.is_empty() {
        return Err(invalid("bytes follow its end"));
    }
    Ok(Readmitted { code: end - length..end, digest, manifest, signers, tools, wit, record })
}

/// The fields of a record that are still to be read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn of(body: &'a [u8]) -> Result<Self, RecordError> {
        body.strip_prefix(MAGIC).map(Self).ok_or(RecordError::Other("version of the form"))
    }

    fn next(&mut self) -> Result<&'a [u8], RecordError> {
        let short = || RecordError::Invalid("a field ends early");
        let (length, rest) = self.0.split_first_chunk::<8>().ok_or_else(short)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| short())?;
        let (field, rest) = rest.split_at_checked(length).ok_or_else(short)?;
        self.0 = rest;
        Ok(field)
    }

    fn text(&mut self) -> Result<String, RecordError> {
        String::from_utf8(self.next()?.to_vec()).map_err(|_| RecordError::Invalid("a text is not UTF-8"))
    }

    fn texts(&mut self) -> Result<BTreeMap<String, String>, RecordError> {
        let count = self.next()?.try_into().map(u64::from_le_bytes);
        let count = count.map_err(|_| RecordError::Invalid("a count has another size"))?;
        (0..count).map(|_| Ok((self.text()?, self.text()?))).collect()
    }
}

/// Those of the sealed signers who are trusted now, if they are enough (PKG-62 to PKG-65).
fn standing(sealed: &[u8], trust: &Trust) -> Result<Vec<Signer>, RecordError> {
    let (sealed, rest) = sealed.as_chunks::<33>();
    if !rest.is_empty() {
        return Err(RecordError::Invalid("its signers have another size"));
    }
    let known: Vec<Signer> = sealed.iter().filter_map(|signer| trusted(signer, trust)).collect();
    let found = known.iter().filter(|signer| !signer.development).count();
    let expected = trust.threshold.max(1);
    if known.len() > found || found >= expected {
        return Ok(known);
    }
    if known.is_empty() {
        let found = sealed.iter().map(|[id @ .., _]| KeyId::from_bytes(*id)).collect();
        return Err(SignatureError::UnknownKey { found }.into());
    }
    Err(SignatureError::Threshold { expected, found }.into())
}

fn trusted([id @ .., development]: &[u8; 33], trust: &Trust) -> Option<Signer> {
    let (key, development) = (KeyId::from_bytes(*id), *development == 1);
    if development {
        let own = trust.development.as_ref().filter(|own| own.id() == key)?;
        return Some(Signer { key: own.id(), name: "development".to_owned(), development });
    }
    let publisher = trust.publishers.iter().find(|trusted| trusted.key.id() == key)?;
    Some(Signer { key, name: publisher.name.clone(), development })
}

impl fmt::Debug for Readmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readmitted")
            .field("digest", &self.digest)
            .field("signers", &self.signers)
            .finish_non_exhaustive()
    }
}
