//! Whose signatures make a package trusted (PKG-62 to PKG-65).
//!
//! A signature by an unknown key is reported and never counts. A known key's signature that does not hold is a refusal, however many
//! others hold: somebody changed it.

use crate::{
    key::PublicKey,
    signature::{self, Purpose, SignatureError, SignatureText},
    signed::{check_count, find},
};
use mpp_schema::{KeyId, manifest::Manifest};

/// A publisher's key under the name that it is known by.
#[derive(Debug, Clone)]
pub struct TrustedKey {
    /// The key.
    pub key: PublicKey,
    /// The name, for people.
    pub name: String,
}

/// Who is trusted, as values.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Keys whose `kind=package` signatures count.
    pub publishers: Vec<TrustedKey>,
    /// The home's own development key, whose `kind=dev-package` signatures suffice.
    pub development: Option<PublicKey>,
    /// How many distinct publishers must have signed; 0 counts as 1.
    pub threshold: usize,
}

/// A known key that signed a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The key.
    pub key: KeyId,
    /// The name that it is known by.
    pub name: String,
    /// Whether it is the home's development key.
    pub development: bool,
}

/// The signatures of a package after they were checked over the manifest's bytes, before anybody read the manifest.
pub(super) struct Judged<'a> {
    /// Known keys that signed, with their trusted comments.
    known: Vec<(Signer, &'a str)>,
    /// Keys that nobody here knows.
    pub(super) unknown: Vec<KeyId>,
}

/// Checks every signature by a known key, and whether they are enough.
pub(super) fn judge<'a>(
    manifest: &[u8],
    signatures: &'a [SignatureText],
    trust: &Trust,
) -> Result<Judged<'a>, SignatureError> {
    check_count(signatures.len())?;
    let mut judged = Judged { known: Vec::new(), unknown: Vec::new() };
    for signature in signatures {
        let Some((key, signer)) = known(signature, trust) else {
            judged.unknown.push(signature.key_id());
            continue;
        };
        signature::verify(manifest, signature, key)?;
        check_kind(signature, &signer)?;
        judged.known.push((signer, signature.trusted_comment()));
    }
    judged.check_enough(signatures, trust.threshold.max(1))?;
    Ok(judged)
}

impl Judged<'_> {
    fn check_enough(&self, signatures: &[SignatureText], expected: usize) -> Result<(), SignatureError> {
        if self.known.is_empty() {
            return Err(nobody(signatures));
        }
        let found = self.known.iter().filter(|(signer, _)| !signer.development).count();
        let own = self.known.len() > found;
        if own || found >= expected {
            return Ok(());
        }
        Err(SignatureError::Threshold { expected, found })
    }

    /// The signers, once their signatures turn out to be for this very package.
    pub(super) fn bind(self, manifest: &Manifest) -> Result<Vec<Signer>, SignatureError> {
        let (name, version) = (manifest.name.clone(), manifest.version.clone());
        let purpose = Purpose::Package { name: name.clone(), version: version.clone() };
        let development = Purpose::DevPackage { name, version };
        for (signer, comment) in &self.known {
            let expected = if signer.development { &development } else { &purpose };
            expected.check(comment, signer.key)?;
        }
        Ok(self.known.into_iter().map(|(signer, _)| signer).collect())
    }
}

fn known<'a>(signature: &SignatureText, trust: &'a Trust) -> Option<(&'a PublicKey, Signer)> {
    let signer = |name: &str, development| Signer { key: signature.key_id(), name: name.to_owned(), development };
    if let Some(key) = find(&trust.development, signature) {
        return Some((key, signer("development", true)));
    }
    let key = find(trust.publishers.iter().map(|trusted| &trusted.key), signature)?;
    let name = trust.publishers.iter().find(|trusted| trusted.key == *key).map_or("", |trusted| &trusted.name);
    Some((key, signer(name, false)))
}

/// A development package is for the home whose key signed it, and that key signs nothing else.
fn check_kind(signature: &SignatureText, signer: &Signer) -> Result<(), SignatureError> {
    let binding = |expected: &str| SignatureError::Binding {
        key: signer.key,
        expected: expected.to_owned(),
        found: signature.trusted_comment().to_owned(),
    };
    match (Purpose::parse(signature.trusted_comment()), signer.development) {
        (Some(Purpose::Package { .. }), false) | (Some(Purpose::DevPackage { .. }), true) => Ok(()),
        (Some(Purpose::DevPackage { .. }), false) => Err(SignatureError::DevelopmentKey { key: signer.key }),
        (_, true) => Err(binding("mpp1 kind=dev-package …")),
        (_, false) => Err(binding("mpp1 kind=package …")),
    }
}

fn nobody(signatures: &[SignatureText]) -> SignatureError {
    let development = |signature: &&SignatureText| {
        matches!(Purpose::parse(signature.trusted_comment()), Some(Purpose::DevPackage { .. }))
    };
    match signatures.iter().find(development) {
        Some(signature) => SignatureError::DevelopmentKey { key: signature.key_id() },
        None => SignatureError::UnknownKey { found: signatures.iter().map(SignatureText::key_id).collect() },
    }
}
