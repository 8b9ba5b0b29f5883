//! What a package may do in one call: what it asks for, cut to what the user allowed.
//!
//! A value of this type is made by cutting and in no other way, so that a grant never holds more than the signed manifest asks for, nor
//! more than the user allowed.

mod intersect;

use crate::{Allowance, Origin};
use mpp_schema::permissions::{Access, Permissions};
use mpp_schema::{Digest, Ident, PackageName};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a package may do. Nothing above the inert base by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    folders: BTreeMap<Ident, FolderGrant>,
    http: Vec<HttpGrant>,
    secrets: BTreeMap<Ident, SecretGrant>,
    kv_bytes: Option<u64>,
    env: BTreeSet<String>,
    config: BTreeMap<String, String>,
    clock: bool,
    devices: BTreeMap<Ident, DeviceGrant>,
    logging: bool,
    progress: bool,
    tools: BTreeSet<PackageName>,
}

/// One folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderGrant {
    /// The folder: absolute, and no part of it a link (HOST-21).
    pub path: PathBuf,
    /// How far access goes.
    pub access: Access,
}

/// One origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpGrant {
    /// Where.
    pub origin: Origin,
    /// Methods in upper case.
    pub methods: Vec<String>,
    /// Prefixes of paths, each beginning with a slash.
    pub paths: Vec<String>,
}

/// One secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretGrant {
    /// The only origin that it is sent to.
    pub origin: Origin,
    /// The header that carries it, in lower case.
    pub header: String,
    /// The header's value, with `{}` where the secret stands.
    pub format: String,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceGrant {
    /// What kind of device.
    pub class: Ident,
    /// The device's file, absolute.
    pub path: PathBuf,
}

impl Grants {
    /// What `asked` and `allowed` have in common. An origin of PKG-47 that does not parse was refused with the manifest before.
    pub fn cut(asked: &Permissions, allowed: &Allowance) -> Self {
        Self {
            folders: folders(asked, allowed),
            http: http(asked, allowed),
            secrets: secrets(asked, allowed),
            kv_bytes: asked.kv.as_ref().zip(allowed.kv).map(|(asked, allowed)| asked.quota.0.min(allowed.0)),
            env: asked.env.iter().filter(|name| allowed.env.contains(*name)).cloned().collect(),
            config: config(asked, allowed),
            clock: asked.clock.is_some() && allowed.clock,
            devices: devices(asked, allowed),
            logging: asked.logging.is_some() && allowed.logging,
            progress: asked.progress.is_some() && allowed.progress,
            tools: asked.tools.keys().filter(|name| allowed.tools.contains(*name)).cloned().collect(),
        }
    }

    /// Folders by slot.
    pub fn folders(&self) -> &BTreeMap<Ident, FolderGrant> {
        &self.folders
    }
    /// Origins that may be reached.
    pub fn http(&self) -> &[HttpGrant] {
        &self.http
    }
    /// Secrets that the host adds to requests.
    pub fn secrets(&self) -> &BTreeMap<Ident, SecretGrant> {
        &self.secrets
    }
    /// How many bytes the key-value store may hold; nothing when there is none.
    pub fn kv_bytes(&self) -> Option<u64> {
        self.kv_bytes
    }
    /// Names of environment variables.
    pub fn env(&self) -> &BTreeSet<String> {
        &self.env
    }
    /// Settings with their values.
    pub fn config(&self) -> &BTreeMap<String, String> {
        &self.config
    }
    /// Whether clocks are precise.
    pub fn clock(&self) -> bool {
        self.clock
    }
    /// Devices by slot.
    pub fn devices(&self) -> &BTreeMap<Ident, DeviceGrant> {
        &self.devices
    }
    /// Whether log lines are taken.
    pub fn logging(&self) -> bool {
        self.logging
    }
    /// Whether progress is shown.
    pub fn progress(&self) -> bool {
        self.progress
    }
    /// Packages whose tools may be called.
    pub fn tools(&self) -> &BTreeSet<PackageName> {
        &self.tools
    }
    /// Digest of what is granted, with what it is bound to (CONS-12).
    pub fn digest(&self) -> Digest {
        let mut lines = Vec::new();
        let folder = |(slot, to): (&Ident, &FolderGrant)| json!(["folder", slot, spelled(&to.path), to.access]);
        lines.extend(self.folders.iter().map(folder));
        let http = |to: &HttpGrant| json!(["http", to.origin.to_string(), to.methods, to.paths]);
        lines.extend(self.http.iter().map(http));
        let secret =
            |(name, to): (&Ident, &SecretGrant)| json!(["secret", name, to.origin.to_string(), to.header, to.format]);
        lines.extend(self.secrets.iter().map(secret));
        lines.extend(self.kv_bytes.map(|bytes| json!(["kv", bytes.to_string()])));
        lines.extend(self.env.iter().map(|name| json!(["env", name])));
        lines.extend(self.config.iter().map(|(name, value)| json!(["config", name, value])));
        let device = |(slot, to): (&Ident, &DeviceGrant)| json!(["device", slot, to.class, spelled(&to.path)]);
        lines.extend(self.devices.iter().map(device));
        let flags = [(self.clock, "clock"), (self.logging, "logging"), (self.progress, "progress")];
        lines.extend(flags.into_iter().filter(|(granted, _)| *granted).map(|(_, name)| json!([name])));
        lines.extend(self.tools.iter().map(|package| json!(["tools", package])));
        let mut lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        lines.sort();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        Digest::of(format!("mpp-grants-v1\n{text}").as_bytes())
    }
    /// Whether nothing is granted above the inert base.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A path in a digest, no two alike: its text, or an object with its bytes where it is no text. `mpp grant` takes text only; an embedder
/// can bind any path.
fn spelled(path: &Path) -> serde_json::Value {
    let bytes = || path.as_os_str().as_encoded_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    path.to_str().map_or_else(|| json!({ "bytes": bytes() }), |text| json!(text))
}

fn folders(asked: &Permissions, allowed: &Allowance) -> BTreeMap<Ident, FolderGrant> {
    let bound = asked.folders.iter().filter_map(|(slot, asked)| {
        let binding = allowed.folders.get(slot)?;
        let access = asked.access.min(binding.access);
        Some((slot.clone(), FolderGrant { path: binding.path.clone(), access }))
    });
    bound.collect()
}

fn http(asked: &Permissions, allowed: &Allowance) -> Vec<HttpGrant> {
    let mut grants = Vec::new();
    for http in &asked.http {
        let Some(asked) = Origin::parse(&http.origin) else { continue };
        for origin in narrowed(&asked, &allowed.http) {
            grants.push(HttpGrant { origin, methods: http.methods.clone(), paths: http.paths.clone() });
        }
    }
    grants
}

/// The asked origin where it is allowed as a whole, else the allowed ones inside of it.
fn narrowed(asked: &Origin, allowed: &BTreeSet<Origin>) -> Vec<Origin> {
    if allowed.iter().any(|wide| wide.covers(asked)) {
        return vec![asked.clone()];
    }
    allowed.iter().filter(|narrow| asked.covers(narrow)).cloned().collect()
}

fn secrets(asked: &Permissions, allowed: &Allowance) -> BTreeMap<Ident, SecretGrant> {
    let granted = asked.secrets.iter().filter(|(name, _)| allowed.secrets.contains(*name));
    let granted = granted.filter_map(|(name, asked)| {
        let origin = Origin::parse(&asked.origin)?;
        let (header, format) = (asked.header.clone(), asked.format.clone());
        Some((name.clone(), SecretGrant { origin, header, format }))
    });
    granted.collect()
}

fn config(asked: &Permissions, allowed: &Allowance) -> BTreeMap<String, String> {
    let given = asked.config.iter().filter_map(|name| Some((name.clone(), allowed.config.get(name)?.clone())));
    given.collect()
}

fn devices(asked: &Permissions, allowed: &Allowance) -> BTreeMap<Ident, DeviceGrant> {
    let bound = asked.devices.iter().filter_map(|(slot, asked)| {
        let path = allowed.devices.get(slot)?.clone();
        Some((slot.clone(), DeviceGrant { class: asked.class.clone(), path }))
    });
    bound.collect()
}

#[cfg(test)]
mod tests {
    use super::Grants;
    use crate::{Allowance, FolderBinding, Origin};
    use mpp_schema::permissions::{Access, Permissions};
    use mpp_schema::{ByteSize, Digest};
    use std::{collections::BTreeSet, path::Path};

    fn asked(json: serde_json::Value) -> Permissions {
        serde_json::from_value(json).expect("permissions")
    }

    #[test]
    fn what_was_not_asked_for_is_not_granted() {
        let allowed = Allowance {
            clock: true,
            logging: true,
            kv: Some(ByteSize(9)),
            env: ["LANG".to_owned()].into(),
            http: [Origin::parse("https://*").expect("an origin")].into(),
            ..Default::default()
        };
        assert!(Grants::cut(&Permissions::default(), &allowed).is_empty());
    }

    #[test]
    fn what_was_not_allowed_is_not_granted() {
        let asked = asked(serde_json::json!({
            "folders": { "notes": { "access": "read-write" } },
            "http": [{ "origin": "https://a.example" }],
            "secrets": { "token": { "origin": "https://a.example", "header": "authorization" } },
            "kv": { "quota": "1MiB" }, "env": ["LANG"], "config": ["unit"], "clock": {}, "logging": {}, "progress": {},
            "devices": { "scale": { "class": "serial" } }, "tools": { "acme:md": {} }
        }));
        assert!(Grants::cut(&asked, &Allowance::default()).is_empty());
    }

    #[test]
    fn the_narrower_of_the_two_wins() {
        let asked = asked(serde_json::json!({
            "folders": { "a": { "access": "read-write" }, "b": { "access": "read-only" } }, "kv": { "quota": "1MiB" }
        }));
        let binding = |access| FolderBinding { path: "/tmp/x".into(), access };
        let folders = [("a", Access::ReadOnly), ("b", Access::ReadWrite)];
        let allowed = Allowance {
            folders: folders.map(|(slot, access)| (slot.parse().expect("a slot"), binding(access))).into(),
            kv: Some(ByteSize(4096)),
            ..Default::default()
        };
        let grants = Grants::cut(&asked, &allowed);
        assert!(grants.folders().values().all(|folder| folder.access == Access::ReadOnly));
        assert_eq!(grants.kv_bytes(), Some(4096));
    }

    /// A folder and a device that are bound to these paths.
    fn bound(folder: &Path, device: &Path) -> Grants {
        let asked = asked(serde_json::json!({
            "folders": { "a": { "access": "read-only" } }, "devices": { "scale": { "class": "serial" } }
        }));
        let binding = FolderBinding { path: folder.into(), access: Access::ReadOnly };
        let folders = [("a".parse().expect("a slot"), binding)].into();
        let devices = [("scale".parse().expect("a slot"), device.into())].into();
        Grants::cut(&asked, &Allowance { folders, devices, ..Default::default() })
    }

    /// CONS-12: these bytes, written down by hand.
    #[test]
    fn the_digest_is_of_a_line_for_each_thing() {
        let lines =
            "[\"device\",\"scale\",\"serial\",\"/dev/ttyS0\"]\n[\"folder\",\"a\",\"/srv/\\n\u{e9}\",\"read-only\"]\n";
        let expected = Digest::of(format!("mpp-grants-v1\n{lines}").as_bytes());
        assert_eq!(bound(Path::new("/srv/\n\u{e9}"), Path::new("/dev/ttyS0")).digest(), expected);
    }

    /// CONS-12: two paths have two digests, also where they are no text.
    #[cfg(unix)]
    #[test]
    fn paths_that_differ_have_digests_that_differ() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
        let paths: [&[u8]; 5] =
            [b"/x/\xff", b"/x/\xfe", "/x/\u{fffd}".as_bytes(), b"{\"bytes\":\"2f782fff\"}", b"2f782fff"];
        let path = |bytes| Path::new(OsStr::from_bytes(bytes));
        let as_folder = paths.map(|bytes| bound(path(bytes), Path::new("/d")).digest());
        let as_device = paths.map(|bytes| bound(Path::new("/d"), path(bytes)).digest());
        let all: BTreeSet<_> = as_folder.into_iter().chain(as_device).collect();
        assert_eq!(all.len(), 10);
    }

    #[track_caller]
    fn check_http(asked_origin: &str, allowed: &[&str], expected: &[&str]) {
        let asked = asked(serde_json::json!({ "http": [{ "origin": asked_origin }] }));
        let http = allowed.iter().map(|origin| Origin::parse(origin).expect("an origin")).collect();
        let grants = Grants::cut(&asked, &Allowance { http, ..Default::default() });
        let found: Vec<String> = grants.http().iter().map(|grant| grant.origin.to_string()).collect();
        assert_eq!(found, expected, "{asked_origin} cut to {allowed:?}");
    }

    #[test]
    fn origins_are_cut_to_the_narrower_one() {
        check_http("https://a.example", &["https://a.example"], &["https://a.example"]);
        check_http("https://a.example", &["https://*.example"], &["https://a.example"]);
        check_http("https://*.example", &["https://a.example", "https://b.other"], &["https://a.example"]);
        check_http("https://a.example", &["http://a.example"], &[]);
        check_http("https://*", &["https://127.0.0.1"], &[]);
    }
}
