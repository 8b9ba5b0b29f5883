//! The keys that the cases are signed with. Everybody has them, so nobody may trust them.
//!
//! Each comes from a fixed seed, and is also written as minisign key files, so that a case can be made by other programs.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use blake2::{Blake2b, Digest as _, digest::consts::U32};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::Sha256;

/// A key pair with minisign's key number.
#[derive(Clone)]
pub(super) struct TestKey {
    /// What it is called in cases.
    pub(super) name: String,
    number: [u8; 8],
    pair: SigningKey,
}

impl TestKey {
    fn new(name: &str) -> Self {
        let seed: [u8; 32] = Sha256::digest(format!("mpp conformance test key {name}")).into();
        let number = Sha256::digest(format!("mpp conformance test number {name}"));
        let number = number[..8].try_into().expect("eight bytes");
        Self { name: name.to_owned(), number, pair: SigningKey::from_bytes(&seed) }
    }

    /// The publisher that the asking home trusts.
    pub(super) fn acme() -> Self {
        Self::new("acme")
    }
    /// A second publisher that it may trust.
    pub(super) fn second() -> Self {
        Self::new("second")
    }
    /// A publisher that it does not know.
    pub(super) fn stranger() -> Self {
        Self::new("stranger")
    }
    /// A home's development key.
    pub(super) fn home() -> Self {
        Self::new("home")
    }
    /// Who may sign roots of the registry.
    pub(super) fn root() -> Self {
        Self::new("root")
    }
    /// Who may sign its heads.
    pub(super) fn head() -> Self {
        Self::new("head")
    }
    /// Who approves calls of the asking home: it signs messages only, so no key file of minisign's is written.
    pub(super) fn approver() -> Self {
        Self::new("approver")
    }
    /// Who signs checkpoints of the asking home's audit log.
    pub(super) fn auditor() -> Self {
        Self::new("auditor")
    }
    /// One of many agents.
    pub(super) fn agent(n: usize) -> Self {
        Self::new(&format!("agent-{n}"))
    }
    /// One of many co-signers.
    pub(super) fn cosigner(n: usize) -> Self {
        Self::new(&format!("cosigner-{n:02}"))
    }

    /// Minisign's key number.
    pub(super) fn number(&self) -> [u8; 8] {
        self.number
    }

    /// The 32 bytes of the public key.
    pub(super) fn public_bytes(&self) -> [u8; 32] {
        self.pair.verifying_key().to_bytes()
    }

    /// The public key as minisign writes it, `RW…`.
    pub(super) fn public(&self) -> String {
        public_text(self.number, self.public_bytes())
    }

    /// The same key under another key number.
    pub(super) fn renumbered(&self, number: [u8; 8]) -> Self {
        Self { number, ..self.clone() }
    }

    /// The identity of the key.
    pub(super) fn id(&self) -> String {
        hex(&Sha256::new().chain_update(b"mpp-pk-v1").chain_update(self.public_bytes()).finalize())
    }

    /// Plain Ed25519 over `bytes`.
    pub(super) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.pair.sign(bytes).to_bytes()
    }

    /// The unlocked key file: `Ed`, no key derivation, `B2`, 48 bytes for derivation, number, seed and key, checksum.
    pub(super) fn secret_file(&self) -> String {
        let seed_and_key = self.pair.to_keypair_bytes();
        let covered = [b"Ed".as_slice(), &self.number, &seed_and_key].concat();
        let checksum = Blake2b::<U32>::digest(covered);
        let bytes = [b"Ed\0\0B2".as_slice(), &[0; 48], &self.number, &seed_and_key, checksum.as_slice()].concat();
        format!("untrusted comment: TEST KEY that everybody has, never trust it\n{}\n", STANDARD.encode(bytes))
    }
}

/// A public key as minisign writes it, of any bytes.
pub(super) fn public_text(number: [u8; 8], key: [u8; 32]) -> String {
    STANDARD.encode([b"Ed".as_slice(), &number, &key].concat())
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What `conformance/keys` holds.
pub(super) fn files() -> Vec<(String, Vec<u8>)> {
    let about = "Test keys. Their secret halves are public, so a signature by them proves nothing: never trust them outside of the\n\
                 conformance cases. `cargo xtask vectors` makes them from fixed seeds.\n";
    let mut files = vec![("README.md".to_owned(), about.as_bytes().to_vec())];
    let keys =
        [TestKey::acme(), TestKey::second(), TestKey::stranger(), TestKey::home(), TestKey::root(), TestKey::head()];
    for key in keys {
        let public = format!("untrusted comment: TEST KEY that everybody has, never trust it\n{}\n", key.public());
        files.push((format!("{}.pub", key.name), public.into_bytes()));
        files.push((format!("{}.key", key.name), key.secret_file().into_bytes()));
    }
    files
}
