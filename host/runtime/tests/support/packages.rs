//! From a built guest to a loaded package, by the same road as every other: pack, sign, verify, load.

use super::guests::Guest;
use mpp_host::{Host, LoadedPackage};
use mpp_package::key::{SecretKey, Signer};
use mpp_package::pack::{Contents, pack};
use mpp_package::verify::{Trust, TrustedKey, VerifiedPackage, open};
use mpp_schema::manifest::{Kind, Limits, Manifest, Source, TrustLevel};
use mpp_schema::{Code, Coded, FormatVersion, Version};
use mpp_wit::{ToolSet, WitFolder};
use std::collections::BTreeMap;
use std::io::Cursor;

pub(crate) type Verified = VerifiedPackage<Cursor<Vec<u8>>>;

#[track_caller]
pub(crate) fn load(host: &Host, guest: &Guest) -> LoadedPackage {
    host.load(&mut verified(guest)).unwrap_or_else(|error| panic!("{}: {error}", guest.name))
}

/// The code with which the host refuses the guest.
#[track_caller]
pub(crate) fn load_error(host: &Host, guest: &Guest) -> Code {
    host.load(&mut verified(guest)).expect_err("the host refuses it").code()
}

/// A verified package of the guest.
pub(crate) fn verified(guest: &Guest) -> Verified {
    signed(guest, manifest(guest))
}

/// The same, and its manifest asks for this much memory.
pub(crate) fn verified_asking(guest: &Guest, memory: &str) -> Verified {
    let memory = serde_json::from_value(memory.into()).expect("a size");
    signed(guest, Manifest { limits: Some(Limits { memory: Some(memory), time_ms: None }), ..manifest(guest) })
}

/// A package of the guest that asks for `permissions`, loaded.
#[track_caller]
pub(crate) fn load_asking(host: &Host, guest: &Guest, permissions: serde_json::Value) -> LoadedPackage {
    let permissions = serde_json::from_value(permissions).expect("permissions");
    let manifest = Manifest { trust: TrustLevel::Elevated, permissions, ..manifest(guest) };
    host.load(&mut signed(guest, manifest)).unwrap_or_else(|error| panic!("{}: {error}", guest.name))
}

/// A package of the guest that asks this of the privacy filter, loaded, or the code with which it is refused.
pub(crate) fn try_load_private(host: &Host, guest: &Guest, privacy: serde_json::Value) -> Result<LoadedPackage, Code> {
    let privacy = Some(serde_json::from_value(privacy).expect("words"));
    host.load(&mut signed(guest, Manifest { privacy, ..manifest(guest) })).map_err(|error| error.code())
}

/// The guest as a package of the kind `filter`, changed by whoever wants it so.
pub(crate) fn verified_filter(guest: &Guest, change: impl FnOnce(&mut Manifest)) -> Verified {
    let mut manifest = Manifest { kind: Kind::Filter, ..manifest(guest) };
    change(&mut manifest);
    signed(guest, manifest)
}

/// The same, with those whose trust let it in.
pub(crate) fn verified_and_trust(guest: &Guest) -> (Verified, Trust) {
    signed_by(guest, manifest(guest), &SecretKey::generate().expect("a key is made"))
}

/// The same, signed by `key` and not by a key of its own.
#[track_caller]
pub(crate) fn load_asking_as(
    host: &Host,
    guest: &Guest,
    permissions: serde_json::Value,
    key: &SecretKey,
) -> LoadedPackage {
    let permissions = serde_json::from_value(permissions).expect("permissions");
    let manifest = Manifest { trust: TrustLevel::Elevated, permissions, ..manifest(guest) };
    host.load(&mut signed_by(guest, manifest, key).0).unwrap_or_else(|error| panic!("{}: {error}", guest.name))
}

fn signed(guest: &Guest, manifest: Manifest) -> Verified {
    signed_by(guest, manifest, &SecretKey::generate().expect("a key is made")).0
}

fn signed_by(guest: &Guest, manifest: Manifest, key: &SecretKey) -> (Verified, Trust) {
    let tools = ToolSet::from_wit(&WitFolder { files: guest.wit.clone() }, None).expect("the guest's WIT is good");
    let package = pack(Contents {
        manifest,
        component: guest.component.clone(),
        tools: tools.tools_file(),
        wit: guest.wit.clone(),
        readme: None,
        license_text: None,
        sbom: None,
        extra: BTreeMap::new(),
    });
    let signed = package.expect("the guest packs").sign(&[key]).expect("a key signs");
    let publisher = TrustedKey { key: *key.public_key(), name: "tests".to_owned() };
    let trust = Trust { publishers: vec![publisher], development: None, threshold: 1 };
    (open(Cursor::new(signed.into_bytes()), &trust).expect("what was signed verifies"), trust)
}

fn manifest(guest: &Guest) -> Manifest {
    Manifest {
        mpp: FormatVersion::CURRENT,
        kind: Kind::Tool,
        name: format!("guest:{}", guest.name).parse().expect("a name"),
        version: Version::new(0, 1, 0),
        description: "A guest for tests.".to_owned(),
        license: None,
        homepage: None,
        world: guest.world.clone(),
        trust: TrustLevel::Sandboxed,
        permissions: Default::default(),
        tools: Default::default(),
        agents: None,
        limits: None,
        privacy: None,
        source: Source { builder: "cargo".to_owned(), ..Source::default() },
        entries: Vec::new(),
    }
}
