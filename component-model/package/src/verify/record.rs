//! The second door: a package that was verified before comes in again with a record, and its file is not read at all (HOST-82 to HOST-84).
//!
//! A record holds what a host made of the package and everything that the host uses of it, under a keyed digest. Only a verified package
//! can be sealed, and only with a key that nobody but this host's user has. What may change meanwhile is asked again each time: whether the
//! keys that signed are still trusted.

use super::{Signer, Trust, VerifiedPackage, VerifyError};
use crate::{container::TOOLS_PATH, limits::UNPACKED_BYTES_MAX, signature::SignatureError};
use mpp_schema::{Code, Coded, Digest, KeyId, codes, manifest::Manifest, tools::ToolsFile};
use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Read, Seek, Write},
};

/// What a record begins with. The number counts up when the form changes; older records are then made again.
const MAGIC: &[u8; 8] = b"mpprec2\n";
/// Bytes of the keyed digest that a record ends with.
const MAC_BYTES: usize = 32;
/// Everything but the code is not longer than a package may be.
const HEAD_BYTES_MAX: u64 = UNPACKED_BYTES_MAX;
/// The code is read, hashed and passed on in pieces of this size: enough for the digest to work on many blocks at once.
const PIECE_BYTES: usize = 64 << 10;

/// The key of the records of one user. Whoever holds it decides what the host takes for verified and for compiled code.
#[derive(Clone)]
pub struct RecordKey([u8; 32]);

impl RecordKey {
    /// A key of these bytes, which must be random and secret.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn mac(&self) -> blake3::Hasher {
        blake3::Hasher::new_keyed(&self.0)
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
    /// What the host wants to know about the code when the package comes in again.
    pub notes: &'a [u8],
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
    let mut head = Vec::new();
    put(&mut head, compiled.engine);
    put(&mut head, package.digest().as_bytes());
    put(&mut head, compiled.component.as_bytes());
    put(&mut head, &signers(package.signers()));
    put(&mut head, package.manifest_bytes());
    put(&mut head, &package.entry(TOOLS_PATH)?);
    let texts = package.wit()?;
    put(&mut head, &(texts.len() as u64).to_le_bytes());
    for (path, text) in &texts {
        put(&mut head, path.as_bytes());
        put(&mut head, text.as_bytes());
    }
    put(&mut head, compiled.notes);
    let mut record = MAGIC.to_vec();
    put(&mut record, &head);
    put(&mut record, compiled.code);
    let mac = key.mac().update(&record).finalize();
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
#[non_exhaustive]
pub struct Readmitted<C> {
    /// The package digest.
    pub digest: Digest,
    /// The manifest.
    pub manifest: Manifest,
    /// Known keys that signed, and are trusted now.
    pub signers: Vec<Signer>,
    /// The definitions of the tools.
    pub tools: ToolsFile,
    /// The WIT texts, by their paths below `wit/`.
    pub wit: BTreeMap<String, String>,
    /// What the host noted about the code.
    pub notes: Vec<u8>,
    /// The compiled code, as it was sealed.
    pub code: C,
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
    /// The record was not read to its end, or its code could not be put where it was to go. The record may be good.
    #[error("could not read the record: {0}")]
    Unread(io::Error),
}

impl Coded for RecordError {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) | Self::Other(_) | Self::Unread(_) => codes::CACHE_INVALID,
            Self::Standing(error) => error.code(),
        }
    }
}

/// Lets the package `digest` in again with its record, if `key` sealed it, `engine` made it, and its signers are trusted now. The record is
/// read once, from its first byte to its last; its code goes to `code` meanwhile and must not be used unless the package is let in.
///
/// # Errors
/// [`RecordError`], for whatever is wrong first. The package itself may be good: [`super::open`] says.
pub fn readmit<C: Write>(
    record: impl Read,
    code: C,
    digest: Digest,
    engine: &[u8],
    key: &RecordKey,
    trust: &Trust,
) -> Result<Readmitted<C>, RecordError> {
    unseal(record, code, digest, engine, key, |sealed| standing(sealed, trust))
}

/// As [`readmit`], for a package that has just come in by the first door: its signers are those that were found there.
///
/// # Errors
/// As [`readmit`], but for standing.
pub fn reopen<C: Write, R>(
    record: impl Read,
    code: C,
    package: &VerifiedPackage<R>,
    engine: &[u8],
    key: &RecordKey,
) -> Result<Readmitted<C>, RecordError> {
    unseal(record, code, package.digest(), engine, key, |_| Ok(package.signers().to_vec()))
}

fn unseal<C: Write>(
    record: impl Read,
    mut code: C,
    digest: Digest,
    engine: &[u8],
    key: &RecordKey,
    judge: impl FnOnce(&[u8]) -> Result<Vec<Signer>, RecordError>,
) -> Result<Readmitted<C>, RecordError> {
    let mut record = Sealed { record, mac: key.mac() };
    let begins = record.exactly::<8>()?;
    let head = record.head()?;
    record.code(&mut code)?;
    record.end()?;
    if begins != *MAGIC {
        return Err(RecordError::Other("version of the form"));
    }
    let invalid = RecordError::Invalid;
    let mut fields = Fields(&head);
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
    let notes = fields.next()?.to_vec();
    if !fields.0.is_empty() {
        return Err(invalid("bytes follow its end"));
    }
    Ok(Readmitted { digest, manifest, signers, tools, wit, notes, code })
}

/// A record that is being read, and the keyed digest of what was read. Nothing of it is believed before [`end`](Self::end).
struct Sealed<R> {
    record: R,
    mac: blake3::Hasher,
}

impl<R: Read> Sealed<R> {
    fn exactly<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let mut bytes = [0; N];
        self.record.read_exact(&mut bytes).map_err(unread)?;
        self.mac.update(&bytes);
        Ok(bytes)
    }

    fn length(&mut self) -> Result<u64, RecordError> {
        self.exactly().map(u64::from_le_bytes)
    }

    fn head(&mut self) -> Result<Vec<u8>, RecordError> {
        let length = self.length()?;
        if length > HEAD_BYTES_MAX {
            return Err(RecordError::Invalid("its head is too long"));
        }
        let mut head = Vec::new();
        (&mut self.record).take(length).read_to_end(&mut head).map_err(unread)?;
        self.mac.update(&head);
        if head.len() as u64 == length { Ok(head) } else { Err(RecordError::Invalid("it ends early")) }
    }

    fn code(&mut self, to: &mut impl Write) -> Result<(), RecordError> {
        let mut left = self.length()?;
        let mut piece = vec![0; PIECE_BYTES];
        while left > 0 {
            let bytes = usize::try_from(left).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
            let piece = &mut piece[..bytes];
            self.record.read_exact(piece).map_err(unread)?;
            self.mac.update(piece);
            to.write_all(piece).map_err(RecordError::Unread)?;
            left -= bytes as u64;
        }
        Ok(())
    }

    /// The end: the keyed digest of everything before it, and nothing after it.
    fn end(mut self) -> Result<(), RecordError> {
        let (mut mac, mut more) = ([0; MAC_BYTES], [0]);
        self.record.read_exact(&mut mac).map_err(unread)?;
        // The comparison of two `Hash` takes the same time whatever they hold.
        if self.mac.finalize() != blake3::Hash::from_bytes(mac) {
            return Err(RecordError::Invalid("its keyed digest does not fit"));
        }
        match self.record.read(&mut more).map_err(unread)? {
            0 => Ok(()),
            _ => Err(RecordError::Invalid("bytes follow its end")),
        }
    }
}

fn unread(error: io::Error) -> RecordError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => RecordError::Invalid("it ends early"),
        _ => RecordError::Unread(error),
    }
}

/// The fields of a head that are still to be read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
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

impl<C> fmt::Debug for Readmitted<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readmitted")
            .field("digest", &self.digest)
            .field("signers", &self.signers)
            .finish_non_exhaustive()
    }
}
