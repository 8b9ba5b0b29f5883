//! The 158 bytes of minisign's secret key, and the lock that a password puts on them (SIG-23).
//!
//! Layout: `Ed`, key derivation (`Sc` or two zeros), `B2`, salt (32), operations limit (8), memory limit (8), then 104 bytes that the
//! lock covers: key number (8), seed and public key (64), checksum (32). Opening is done by the `minisign` crate; this module says
//! beforehand whether the text may be given to it, because the crate takes lengths and costs as they come.

use super::KeyError;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use blake2::{Blake2b256, Digest as _};
use scrypt::Params;

const COMMENT_PREFIX: &str = "untrusted comment: ";
const COVERED_AT: usize = 54;
const CHECKSUM_AT: usize = 126;
/// scrypt with N = 2^17, r = 8, p = 1: 128 MiB, as OWASP's password storage cheat sheet advises. In minisign's two numbers.
const OPERATIONS: u64 = 1 << 22;
const MEMORY: u64 = 128 << 20;
const LOG_N: u8 = 17;
/// What C minisign writes: its `SENSITIVE` limits. More is refused, so that a hostile key file cannot cost more.
const OPERATIONS_MAX: u64 = 33_554_432;
const MEMORY_MAX: u64 = 1 << 30;
/// The least that scrypt's C interface accepts.
const OPERATIONS_MIN: u64 = 32_768;
const MEMORY_MIN: u64 = 16 << 20;

/// Whether a key file can be opened without a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    Open,
    Password,
}

/// Checks the whole form of a key file's text before the `minisign` crate sees it. Gives its bytes, completed by the checksum that C
/// minisign leaves out of an open file.
pub(super) fn inspect(text: &str) -> Result<(Lock, Vec<u8>), KeyError> {
    let mut bytes = decode(text)?;
    let limit = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
    let (operations, memory) = (limit(38), limit(46));
    match &bytes[..6] {
        b"Ed\0\0B2" => {
            complete(&mut bytes)?;
            Ok((Lock::Open, bytes.to_vec()))
        }
        b"EdScB2"
            if (OPERATIONS_MIN..=OPERATIONS_MAX).contains(&operations)
                && (MEMORY_MIN..=MEMORY_MAX).contains(&memory) =>
        {
            Ok((Lock::Password, bytes.to_vec()))
        }
        b"EdScB2" => Err(malformed("scrypt limits that minisign writes", "other ones")),
        _ => Err(malformed("an Ed25519 key with a BLAKE2b checksum, open or locked by scrypt", "another kind")),
    }
}

/// The checksum of an open key: right, or all zeros as C minisign leaves it. The public half guards the seed in either case.
fn complete(bytes: &mut [u8; 158]) -> Result<(), KeyError> {
    let expected = Blake2b256::new().chain_update(b"Ed").chain_update(&bytes[COVERED_AT..CHECKSUM_AT]).finalize();
    let checksum = &mut bytes[CHECKSUM_AT..];
    if *checksum != [0; 32] && *checksum != *expected {
        return Err(malformed("the checksum of its content", "another one"));
    }
    checksum.copy_from_slice(&expected);
    Ok(())
}

/// Locks the 158 open bytes with a password.
pub(super) fn lock(open: &[u8], password: &str) -> Result<Vec<u8>, KeyError> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(|error| KeyError::Random(error.to_string()))?;
    let mut bytes = [b"EdScB2".as_slice(), &salt, &OPERATIONS.to_le_bytes(), &MEMORY.to_le_bytes()].concat();
    let covered = &open[COVERED_AT..];
    let mut stream = vec![0; covered.len()];
    let params = Params::new(LOG_N, 8, 1, Params::RECOMMENDED_LEN).expect("constants that scrypt accepts");
    scrypt::scrypt(password.as_bytes(), &salt, &params, &mut stream).expect("a length that scrypt accepts");
    bytes.extend(covered.iter().zip(&stream).map(|(byte, mask)| byte ^ mask));
    Ok(bytes)
}

/// The two lines of a key file.
pub(super) fn file_text(bytes: &[u8], lock: Lock) -> String {
    let kind = if lock == Lock::Open { "minisign unencrypted secret key" } else { "minisign encrypted secret key" };
    format!("{COMMENT_PREFIX}{kind}\n{}\n", STANDARD.encode(bytes))
}

fn decode(text: &str) -> Result<[u8; 158], KeyError> {
    let two_lines = || malformed("a line `untrusted comment: …` and a line `RW…`", "another text");
    let (comment, rest) = text.split_once('\n').ok_or_else(two_lines)?;
    let key = rest.strip_suffix('\n').unwrap_or(rest);
    if !comment.starts_with(COMMENT_PREFIX) || key.contains('\n') {
        return Err(two_lines());
    }
    let bytes = STANDARD.decode(key).map_err(|_| malformed("canonical base64", "another text"))?;
    bytes.try_into().map_err(|bytes: Vec<u8>| malformed("158 bytes", &format!("{} bytes", bytes.len())))
}

/// Never shows what was read: it may be a secret.
fn malformed(expected: &'static str, found: &str) -> KeyError {
    KeyError::Malformed { what: "secret key file", expected, found: found.to_owned() }
}
