//! A package before it is signed: every part can be changed, and the rest stays right.

use super::{
    archive::{Archive, Entry},
    case::Case,
    component, frame,
    keys::{TestKey, hex},
    minisig::Minisig,
};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

/// The trusted comment that the good package is signed with.
pub(super) const COMMENT: &str = "mpp1 kind=package name=acme:sum version=1.0.0";
/// The trusted comment of a development signature.
pub(super) const DEVELOPMENT_COMMENT: &str = "mpp1 kind=dev-package name=acme:sum version=1.0.0";

/// A content entry, as the manifest lists it and as it is stored.
#[derive(Clone)]
pub(super) struct Content {
    /// Its name.
    pub(super) path: String,
    /// Its bytes as stored.
    pub(super) stored: Vec<u8>,
    /// Size and SHA-256 of what is inside, for a compressed entry.
    pub(super) unpacked: Option<(u64, String)>,
}

impl Content {
    /// An entry that is stored as it is.
    pub(super) fn plain(path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.to_owned(), stored: bytes.into(), unpacked: None }
    }

    /// An entry that is stored as a frame of `bytes`.
    pub(super) fn packed(path: &str, bytes: &[u8]) -> Self {
        Self::framed(path, frame::plain(bytes), bytes)
    }

    /// An entry that is stored as this frame and says that it holds `bytes`.
    pub(super) fn framed(path: &str, stored: Vec<u8>, bytes: &[u8]) -> Self {
        Self { path: path.to_owned(), stored, unpacked: Some((bytes.len() as u64, sha256(bytes))) }
    }

    fn to_json(&self) -> Json {
        let mut entry = json!({ "path": self.path, "size": self.stored.len(), "sha256": sha256(&self.stored) });
        if let Some((size, sha256)) = &self.unpacked {
            entry["unpacked"] = json!({ "size": size, "sha256": sha256 });
        }
        entry
    }
}

/// A package before it is signed.
#[derive(Clone)]
pub(super) struct Draft {
    /// The manifest without its entries.
    pub(super) manifest: Json,
    /// The content, in its order.
    pub(super) content: Vec<Content>,
}

impl Draft {
    /// The good package: a component that adds two numbers.
    pub(super) fn new() -> Self {
        let component = component::assemble(component::ADD).expect("the text of the good component is right");
        let manifest = json!({
            "mpp": "1.0",
            "kind": "tool",
            "name": "acme:sum",
            "version": "1.0.0",
            "description": "Adds numbers.",
            "world": "acme:sum/sum@1.0.0",
            "trust": "sandboxed",
            "source": { "builder": "command", "reproducible": true }
        });
        let content = vec![
            Content::packed("component.wasm.zst", &component),
            Content::packed("tools.json.zst", component::TOOLS.as_bytes()),
            Content::plain("wit/sum.wit", component::WIT),
        ];
        Self { manifest, content }
    }

    /// The good package with another component.
    pub(super) fn with_component(component: &[u8]) -> Self {
        Self::new().replace(Content::packed("component.wasm.zst", component))
    }

    /// Replaces the entry of the same name.
    pub(super) fn replace(mut self, content: Content) -> Self {
        let place = self.content.iter().position(|other| other.path == content.path);
        self.content[place.expect("a case replaces an entry that it has")] = content;
        self
    }

    /// Adds an entry where the order of names wants it; the first two entries have their own places.
    pub(super) fn add(mut self, content: Content) -> Self {
        let place = self.content.iter().skip(2).filter(|other| other.path < content.path).count() + 2;
        self.content.insert(place, content);
        self
    }

    /// Sets a field of the manifest.
    pub(super) fn set(mut self, field: &str, value: Json) -> Self {
        self.manifest[field] = value;
        self
    }

    /// The text of `mpp.json`.
    pub(super) fn manifest_text(&self) -> String {
        let mut manifest = self.manifest.clone();
        manifest["entries"] = self.content.iter().map(Content::to_json).collect();
        format!("{manifest:#}\n")
    }

    /// The archive with a right signature by each key.
    pub(super) fn signed(&self, keys: &[&TestKey]) -> Archive {
        self.sealed(&self.manifest_text(), keys, COMMENT)
    }

    /// The archive with this text as `mpp.json`, signed by each key with this trusted comment.
    pub(super) fn sealed(&self, manifest: &str, keys: &[&TestKey], comment: &str) -> Archive {
        let signatures = keys.iter().map(|key| (key.id(), Minisig::new(key, manifest.as_bytes(), comment).text()));
        self.with_signatures(manifest, signatures.collect())
    }

    /// The archive with these signature texts by key id, sorted.
    pub(super) fn with_signatures(&self, manifest: &str, mut signatures: Vec<(String, String)>) -> Archive {
        signatures.sort();
        let mut entries = vec![Entry::new("mpp.json", manifest)];
        entries.extend(signatures.into_iter().map(|(id, text)| Entry::new(format!("signatures/{id}.minisig"), text)));
        entries.extend(self.content.iter().map(|content| Entry::new(content.path.as_str(), content.stored.clone())));
        Archive(entries)
    }
}

/// The file of the good package.
pub(super) fn good() -> Archive {
    Draft::new().signed(&[&TestKey::acme()])
}

/// The digest of a package: SHA-256 of its manifest.
pub(super) fn digest(archive: &Archive) -> String {
    sha256(&archive.0[0].content)
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// How a package is asked about.
#[derive(Clone)]
pub(super) struct Asking {
    /// Whether the content is unpacked and checked too.
    pub(super) full: bool,
    /// How many distinct trusted keys must have signed.
    pub(super) threshold: u8,
    /// The trusted keys.
    pub(super) trust: Vec<TestKey>,
    /// The development key of the asking home.
    pub(super) development: Option<TestKey>,
}

/// Admission only, by a home that trusts `acme`.
pub(super) fn admission() -> Asking {
    Asking { full: false, threshold: 1, trust: vec![TestKey::acme()], development: None }
}

/// With the content, by a home that trusts `acme`.
pub(super) fn full() -> Asking {
    Asking { full: true, ..admission() }
}

impl Asking {
    /// An accepted package.
    pub(super) fn accept(&self, name: &str, why: &'static str, archive: &Archive) -> Case {
        let case = Case::good(name, why, "package.verify").giving("digest", digest(archive));
        self.ask(case, archive.to_bytes())
    }

    /// A refused package.
    pub(super) fn refuse(
        &self,
        name: &str,
        code: &'static str,
        why: &'static str,
        twin: &'static str,
        file: impl Into<Vec<u8>>,
    ) -> Case {
        self.ask(Case::bad(name, why, "package.verify", twin, code), file.into())
    }

    fn ask(&self, case: Case, file: Vec<u8>) -> Case {
        let trust: Json = self.trust.iter().map(|key| json!({ "name": key.name, "key": key.public() })).collect();
        case.file("file", "input.mpp", file)
            .value("trust", trust)
            .value("development", self.development.as_ref().map(TestKey::public))
            .value("threshold", self.threshold)
            .value("full", self.full)
    }
}
