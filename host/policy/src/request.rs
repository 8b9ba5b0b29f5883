//! The request: what a package asks for, one thing at a time and without its reasons, so that two requests can be compared (PERM-1, PERM-2).

use crate::Origin;
use mpp_package::manifest::origin_level;
use mpp_schema::{
    ByteSize, Code, Coded, Digest, Ident, PackageName, codes,
    grant::Allows,
    manifest::TrustLevel,
    permissions::{Access, HttpOrigin, Permissions},
    policy::PermissionName,
};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// One thing that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// A folder of the user's choice.
    Folder {
        /// Its slot.
        slot: Ident,
        /// How far access goes.
        access: Access,
    },
    /// Requests to an origin.
    Http {
        /// Where, in the form of PKG-47.
        origin: String,
        /// Methods, sorted.
        methods: Vec<String>,
        /// Prefixes of paths, sorted.
        paths: Vec<String>,
    },
    /// A secret in requests to one origin.
    Secret {
        /// Its name.
        name: Ident,
        /// The only origin that it is sent to.
        origin: String,
        /// The header that carries it.
        header: String,
        /// The header's value around it.
        format: String,
    },
    /// A store of its own.
    Kv {
        /// How much it may hold.
        quota: ByteSize,
    },
    /// One environment variable.
    Env {
        /// Its name.
        name: String,
    },
    /// One setting.
    Config {
        /// Its name.
        name: String,
    },
    /// Precise clocks.
    Clock,
    /// A device of the user's choice.
    Device {
        /// Its slot.
        slot: Ident,
        /// What kind of device.
        class: Ident,
    },
    /// Log lines.
    Logging,
    /// Progress.
    Progress,
    /// The tools of another package.
    Tool {
        /// The package.
        package: PackageName,
    },
}

impl Ask {
    /// Everything that is asked for, in the order of the manifest's fields, each with its author's reason.
    pub fn all(asked: &Permissions) -> Vec<(Self, &str)> {
        let mut asks = Vec::new();
        for (slot, folder) in asked.folders.iter() {
            asks.push((Self::Folder { slot: slot.clone(), access: folder.access }, folder.reason.as_str()));
        }
        asks.extend(asked.http.iter().map(|http| (Self::of_http(http), http.reason.as_str())));
        for (name, secret) in asked.secrets.iter() {
            let (name, origin) = (name.clone(), one_spelling(&secret.origin));
            let (header, format) = (secret.header.clone(), secret.format.clone());
            asks.push((Self::Secret { name, origin, header, format }, secret.reason.as_str()));
        }
        asks.extend(asked.kv.iter().map(|kv| (Self::Kv { quota: kv.quota }, kv.reason.as_str())));
        asks.extend(asked.env.iter().map(|name| (Self::Env { name: name.clone() }, "")));
        asks.extend(asked.config.iter().map(|name| (Self::Config { name: name.clone() }, "")));
        asks.extend(asked.clock.iter().map(|why| (Self::Clock, why.reason.as_str())));
        for (slot, device) in asked.devices.iter() {
            let ask = Self::Device { slot: slot.clone(), class: device.class.clone() };
            asks.push((ask, device.reason.as_str()));
        }
        asks.extend(asked.logging.iter().map(|why| (Self::Logging, why.reason.as_str())));
        asks.extend(asked.progress.iter().map(|why| (Self::Progress, why.reason.as_str())));
        let tools = asked.tools.iter();
        asks.extend(tools.map(|(package, why)| (Self::Tool { package: package.clone() }, why.reason.as_str())));
        asks
    }

    fn of_http(http: &HttpOrigin) -> Self {
        let (methods, paths) = (sorted(&http.methods), sorted(&http.paths));
        Self::Http { origin: one_spelling(&http.origin), methods, paths }
    }

    /// The permission that it belongs to.
    pub fn permission(&self) -> PermissionName {
        match self {
            Self::Folder { .. } => PermissionName::Folders,
            Self::Http { .. } => PermissionName::Http,
            Self::Secret { .. } => PermissionName::Secrets,
            Self::Kv { .. } => PermissionName::Kv,
            Self::Env { .. } => PermissionName::Env,
            Self::Config { .. } => PermissionName::Config,
            Self::Clock => PermissionName::Clock,
            Self::Device { .. } => PermissionName::Devices,
            Self::Logging => PermissionName::Logging,
            Self::Progress => PermissionName::Progress,
            Self::Tool { .. } => PermissionName::Tools,
        }
    }

    /// The trust level that it needs, before it is known which folder a slot stands for.
    pub fn level(&self) -> TrustLevel {
        match self {
            Self::Kv { .. } | Self::Config { .. } | Self::Logging | Self::Progress => TrustLevel::Sandboxed,
            Self::Folder { .. } | Self::Env { .. } | Self::Clock | Self::Tool { .. } => TrustLevel::Limited,
            Self::Http { origin, .. } | Self::Secret { origin, .. } => origin_level(origin),
            Self::Device { .. } => TrustLevel::Elevated,
        }
    }

    /// Its line in the text that is hashed (PERM-2).
    fn line(&self) -> String {
        let line: Json = match self {
            Self::Folder { slot, access } => json!(["folder", slot, access]),
            Self::Http { origin, methods, paths } => json!(["http", origin, methods, paths]),
            Self::Secret { name, origin, header, format } => json!(["secret", name, origin, header, format]),
            Self::Kv { quota } => json!(["kv", quota.0.to_string()]),
            Self::Env { name } => json!(["env", name]),
            Self::Config { name } => json!(["config", name]),
            Self::Clock => json!(["clock"]),
            Self::Device { slot, class } => json!(["device", slot, class]),
            Self::Logging => json!(["logging"]),
            Self::Progress => json!(["progress"]),
            Self::Tool { package } => json!(["tools", package]),
        };
        line.to_string()
    }
}

/// The part of `asked` that is one of `asks`.
pub(crate) fn part_of(asked: &Permissions, asks: &BTreeSet<&Ask>) -> Permissions {
    let mut part = Permissions { http: asked.http.clone(), ..Permissions::default() };
    part.http.retain(|http| asks.contains(&Ask::of_http(http)));
    for ask in asks {
        match ask {
            Ask::Folder { slot, .. } => take(&mut part.folders.0, &asked.folders.0, slot),
            Ask::Secret { name, .. } => take(&mut part.secrets.0, &asked.secrets.0, name),
            Ask::Device { slot, .. } => take(&mut part.devices.0, &asked.devices.0, slot),
            Ask::Tool { package } => take(&mut part.tools.0, &asked.tools.0, package),
            Ask::Env { name } => part.env.push(name.clone()),
            Ask::Config { name } => part.config.push(name.clone()),
            Ask::Kv { .. } => part.kv.clone_from(&asked.kv),
            Ask::Clock => part.clock.clone_from(&asked.clock),
            Ask::Logging => part.logging.clone_from(&asked.logging),
            Ask::Progress => part.progress.clone_from(&asked.progress),
            Ask::Http { .. } => {}
        }
    }
    part
}

fn take<K: Ord + Clone, V: Clone>(to: &mut BTreeMap<K, V>, from: &BTreeMap<K, V>, key: &K) {
    to.extend(from.get(key).map(|value| (key.clone(), value.clone())));
}

fn sorted(words: &[String]) -> Vec<String> {
    words.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

fn one_spelling(origin: &str) -> String {
    Origin::parse(origin).map_or_else(|| origin.to_owned(), |parsed| parsed.to_string())
}

/// What a package asks for, as a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    asks: BTreeSet<Ask>,
}

impl Request {
    /// The request of a manifest.
    pub fn of(asked: &Permissions) -> Self {
        Self { asks: Ask::all(asked).into_iter().map(|(ask, _)| ask).collect() }
    }

    /// Each thing that is asked for.
    pub fn asks(&self) -> impl Iterator<Item = &Ask> {
        self.asks.iter()
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.asks.is_empty()
    }

    /// SHA-256 over `mpp-request-v1` and the sorted lines, each ended by a line feed (PERM-2).
    pub fn digest(&self) -> Digest {
        let lines: BTreeSet<String> = self.asks.iter().map(Ask::line).collect();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        Digest::of(format!("mpp-request-v1\n{text}").as_bytes())
    }

    /// What `newer` asks for in place of this request.
    pub fn difference(&self, newer: &Self) -> Difference {
        let sentences = |asks: Vec<&Ask>| asks.into_iter().map(Ask::sentence).collect();
        Difference {
            added: sentences(newer.asks.difference(&self.asks).collect()),
            removed: sentences(self.asks.difference(&newer.asks).collect()),
        }
    }
}

/// What changes between two requests, in sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// What only the newer one asks for.
    pub added: Vec<String>,
    /// What only the older one asked for.
    pub removed: Vec<String>,
}

impl Difference {
    /// Whether the two requests are one.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// Something that would be allowed and was not asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not allow {what}: the package does not ask for it")]
pub struct Wider {
    what: String,
}

impl Coded for Wider {
    fn code(&self) -> Code {
        codes::GRANT_WIDER
    }
}

/// Whether everything in `allows` lies within what is asked for (PERM-13).
///
/// # Errors
/// [`Wider`] names the first thing that does not.
pub fn check_within(allows: &Allows, asked: &Permissions) -> Result<(), Wider> {
    let unless = |within: bool, what: &dyn Fn() -> String| if within { Ok(()) } else { Err(Wider { what: what() }) };
    for (slot, bound) in allows.folders.iter() {
        let within = asked.folders.get(slot).is_some_and(|folder| bound.access <= folder.access);
        unless(within, &|| format!("that access to a folder for `{slot}`"))?;
    }
    for origin in &allows.http {
        let within = |asked: &str| Origin::parse(asked).zip(Origin::parse(origin)).is_some_and(|(a, b)| a.covers(&b));
        unless(asked.http.iter().any(|http| within(&http.origin)), &|| format!("requests to {origin}"))?;
    }
    for name in &allows.secrets {
        unless(asked.secrets.contains_key(name), &|| format!("the secret `{name}`"))?;
    }
    if let Some(kv) = allows.kv {
        let within = asked.kv.as_ref().is_some_and(|asked| kv <= asked.quota);
        unless(within, &|| format!("a store of {kv}"))?;
    }
    for name in &allows.env {
        unless(asked.env.contains(name), &|| format!("the environment variable `{}`", name.escape_default()))?;
    }
    for name in allows.config.keys() {
        unless(asked.config.contains(name), &|| format!("the setting `{}`", name.escape_default()))?;
    }
    for slot in allows.devices.keys() {
        unless(asked.devices.contains_key(slot), &|| format!("a device for `{slot}`"))?;
    }
    for package in &allows.tools {
        unless(asked.tools.contains_key(package), &|| format!("the tools of `{package}`"))?;
    }
    unless(!allows.clock || asked.clock.is_some(), &|| "a precise clock".to_owned())?;
    unless(!allows.logging || asked.logging.is_some(), &|| "writing to the log".to_owned())?;
    unless(!allows.progress || asked.progress.is_some(), &|| "showing progress".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Request, check_within};
    use mpp_schema::{grant::Allows, permissions::Permissions};
    use serde_json::json;

    fn asked(json: serde_json::Value) -> Permissions {
        serde_json::from_value(json).expect("permissions")
    }

    #[track_caller]
    fn check_same(one: serde_json::Value, other: serde_json::Value, expected: bool) {
        let (one, other) = (Request::of(&asked(one)), Request::of(&asked(other)));
        assert_eq!(one.digest() == other.digest(), expected, "{one:?} {other:?}");
        assert_eq!(one.difference(&other).is_empty(), expected);
    }

    #[test]
    fn reasons_and_order_are_no_part_of_a_request() {
        let http = |methods: &[&str], reason: &str| json!({ "http": [{ "origin": "https://a.example", "methods": methods, "reason": reason }] });
        check_same(http(&["GET", "POST"], "why"), http(&["POST", "GET", "GET"], "other"), true);
        check_same(json!({ "env": ["A", "B"] }), json!({ "env": ["B", "A"] }), true);
        check_same(
            json!({ "http": [{ "origin": "https://a.example:443" }] }),
            json!({ "http": [{ "origin": "https://a.example" }] }),
            true,
        );
        check_same(
            json!({ "folders": { "a": { "access": "read-only", "optional": true } } }),
            json!({ "folders": { "a": { "access": "read-only", "reason": "x" } } }),
            true,
        );
    }

    #[test]
    fn everything_else_is() {
        let pairs = [
            (json!({}), json!({ "clock": {} })),
            (json!({ "env": ["A"] }), json!({ "config": ["A"] })),
            (json!({ "kv": { "quota": "1MiB" } }), json!({ "kv": { "quota": "2MiB" } })),
            (json!({ "env": ["A", "B"] }), json!({ "env": ["A\",\"B"] })),
            (
                json!({ "folders": { "a": { "access": "read-only" } } }),
                json!({ "folders": { "a": { "access": "read-write" } } }),
            ),
            (
                json!({ "http": [{ "origin": "https://a.example" }] }),
                json!({ "http": [{ "origin": "https://a.example", "paths": ["/x/"] }] }),
            ),
            (
                json!({ "secrets": { "t": { "origin": "https://a.example", "header": "x" } } }),
                json!({ "secrets": { "t": { "origin": "https://a.example", "header": "x", "format": "Bearer {}" } } }),
            ),
        ];
        for (one, other) in pairs {
            check_same(one, other, false);
        }
    }

    #[test]
    fn the_digest_is_the_one_of_the_specification() {
        let request = Request::of(&asked(json!({ "clock": {}, "env": ["LANG"] })));
        let text = "mpp-request-v1\n[\"clock\"]\n[\"env\",\"LANG\"]\n";
        assert_eq!(request.digest(), mpp_schema::Digest::of(text.as_bytes()));
        assert_eq!(Request::default().digest(), mpp_schema::Digest::of(b"mpp-request-v1\n"));
    }

    #[test]
    fn a_difference_says_what_comes_and_what_goes() {
        let older = Request::of(&asked(json!({ "clock": {}, "env": ["LANG"] })));
        let newer = Request::of(&asked(json!({ "clock": {}, "http": [{ "origin": "https://a.example" }] })));
        let difference = older.difference(&newer);
        assert_eq!(difference.added, ["send GET requests to https://a.example below /"]);
        assert_eq!(difference.removed, ["read the environment variable LANG"]);
    }

    #[track_caller]
    fn check_wider(allows: serde_json::Value, expected: bool) {
        let asked = asked(json!({
            "folders": { "a": { "access": "read-only" } }, "http": [{ "origin": "https://*.example" }],
            "secrets": { "t": { "origin": "https://a.example", "header": "x" } }, "kv": { "quota": "1MiB" }, "env": ["A"],
            "config": ["c"], "clock": {}, "devices": { "d": { "class": "serial" } }, "tools": { "acme:md": {} }
        }));
        let allows: Allows = serde_json::from_value(allows).expect("what is allowed");
        assert_eq!(check_within(&allows, &asked).is_ok(), expected, "{allows:?}");
    }

    #[test]
    fn nothing_beyond_the_request_is_allowed() {
        for within in [
            json!({}),
            json!({ "folders": { "a": { "path": "/x", "access": "read-only" } }, "http": ["https://b.example"] }),
            json!({ "secrets": ["t"], "kv": "1MiB", "env": ["A"], "config": { "c": "1" }, "clock": true }),
            json!({ "devices": { "d": "/dev/ttyS0" }, "tools": ["acme:md"] }),
        ] {
            check_wider(within, true);
        }
        for wider in [
            json!({ "folders": { "a": { "path": "/x", "access": "read-write" } } }),
            json!({ "folders": { "b": { "path": "/x", "access": "read-only" } } }),
            json!({ "http": ["https://example"] }),
            json!({ "http": ["https://*"] }),
            json!({ "http": ["nonsense"] }),
            json!({ "secrets": ["u"] }),
            json!({ "kv": "2MiB" }),
            json!({ "env": ["B"] }),
            json!({ "config": { "d": "1" } }),
            json!({ "devices": { "e": "/dev/ttyS0" } }),
            json!({ "tools": ["acme:other"] }),
            json!({ "logging": true }),
            json!({ "progress": true }),
        ] {
            check_wider(wider, false);
        }
    }
}
