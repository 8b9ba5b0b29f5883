//! What a package asks for, in plain sentences with the author's reasons, and what is unusual about it.
//!
//! Only what the manifest says; what was granted is another question. Texts of the author are quoted and escaped.

use crate::{Ask, HostPattern, Origin, Scheme};
use mpp_package::manifest::origin_level;
use mpp_schema::{
    grant::Allows,
    manifest::TrustLevel,
    permissions::{Access, HttpOrigin, Permissions},
    text::escaped,
};

/// One sentence for each thing that is asked for; a single one when nothing is.
pub fn sentences(asked: &Permissions) -> Vec<String> {
    let asks = Ask::all(asked);
    if asks.is_empty() {
        let nothing = "do nothing but compute on what it is given; it reaches no file, network or clock of yours";
        return vec![nothing.to_owned()];
    }
    asks.into_iter().map(|(ask, reason)| because(ask.sentence(), reason)).collect()
}

fn because(what: String, reason: &str) -> String {
    if reason.is_empty() { what } else { format!("{what} (\"{}\")", escaped(reason)) }
}

impl Ask {
    /// What it means, to be read after "asks to" or "may".
    pub fn sentence(&self) -> String {
        match self {
            Self::Folder { slot, access } => format!("{} the folder that you choose for `{slot}`", verb(*access)),
            Self::Http { origin, methods, paths } => {
                let (methods, paths) = (escaped(&methods.join(", ")), escaped(&paths.join(", ")));
                format!("send {methods} requests to {} below {paths}", escaped(origin))
            }
            Self::Secret { name, origin, .. } => {
                format!("have the host add your secret `{name}` to requests to {}, unseen by the tool", escaped(origin))
            }
            Self::Kv { quota } => format!("keep up to {quota} of its own data between calls"),
            Self::Env { name } => format!("read the environment variable {}", escaped(name)),
            Self::Config { name } => format!("read the setting {}", escaped(name)),
            Self::Clock => "read a precise clock".to_owned(),
            Self::Device { slot, class } => format!("use the {class} device that you choose for `{slot}`"),
            Self::Logging => "write to the log".to_owned(),
            Self::Progress => "show progress".to_owned(),
            Self::Tool { package } => format!("call the tools of {package}"),
        }
    }
}

/// What a token allows, one sentence each, to be read after "may".
pub fn allowed(allows: &Allows) -> Vec<String> {
    let mut lines = Vec::new();
    for (slot, bound) in allows.folders.iter() {
        lines.push(format!("{} {}, as `{slot}`", verb(bound.access), escaped(&bound.path)));
    }
    lines.extend(allows.http.iter().map(|origin| format!("send the requests that it asks for to {origin}")));
    lines.extend(
        allows.secrets.iter().map(|name| format!("have the host add your secret `{name}`, unseen by the tool")),
    );
    lines.extend(allows.kv.iter().map(|kv| format!("keep up to {kv} of its own data between calls")));
    lines.extend(allows.env.iter().map(|name| format!("read the environment variable {}", escaped(name))));
    for (name, value) in allows.config.iter() {
        lines.push(format!("read the setting {} (\"{}\")", escaped(name), escaped(value)));
    }
    lines.extend(allows.devices.iter().map(|(slot, path)| format!("use the device {}, as `{slot}`", escaped(path))));
    let flags = [
        (allows.clock, "read a precise clock"),
        (allows.logging, "write to the log"),
        (allows.progress, "show progress"),
    ];
    lines.extend(flags.into_iter().filter(|(allowed, _)| *allowed).map(|(_, what)| what.to_owned()));
    lines.extend(allows.tools.iter().map(|package| format!("call the tools of {package}")));
    lines
}

/// What access to a folder means.
pub(crate) fn verb(access: Access) -> &'static str {
    match access {
        Access::ReadOnly => "read files in",
        Access::ReadWrite => "read, change and delete files in",
    }
}

/// What deserves a second look, one sentence each; nothing for most packages.
pub fn unusual(asked: &Permissions) -> Vec<String> {
    let mut notes: Vec<String> = asked.http.iter().flat_map(unusual_origin).collect();
    for (name, secret) in asked.secrets.iter() {
        let reached = |http: &HttpOrigin| {
            Origin::parse(&http.origin).zip(Origin::parse(&secret.origin)).is_some_and(|(a, b)| a.covers(&b))
        };
        if !asked.http.iter().any(reached) {
            let origin = escaped(&secret.origin);
            notes.push(format!("the secret `{name}` is for {origin}, where it does not ask to send requests"));
        }
        if secret.origin.starts_with("http://") {
            notes.push(format!("the secret `{name}` would travel unencrypted"));
        }
    }
    for name in asked.env.iter().filter(|name| looks_secret(name)) {
        notes.push(format!(
            "the environment variable {} looks as if it held a secret, and the tool would see it",
            escaped(name)
        ));
    }
    for (slot, device) in asked.devices.iter() {
        notes.push(format!(
            "`{slot}` is hardware: what a {} device does cannot be taken back by the host",
            device.class
        ));
    }
    if !asked.folders.is_empty() && !asked.http.is_empty() {
        notes.push("it asks for folders and for the network: what it reads could be sent away".to_owned());
    }
    for (ask, reason) in Ask::all(asked) {
        let explained = !reason.is_empty() || matches!(ask, Ask::Env { .. } | Ask::Config { .. });
        if !explained && ask.level() > TrustLevel::Sandboxed {
            notes.push(format!("its author gives no reason to {}", ask.sentence()));
        }
    }
    notes
}

fn unusual_origin(http: &HttpOrigin) -> Vec<String> {
    let Some(origin) = Origin::parse(&http.origin) else { return Vec::new() };
    let mut notes = Vec::new();
    match &origin.host {
        HostPattern::Any => notes.push(format!("{origin} means every host there is")),
        HostPattern::Name(name) if name == "localhost" || name.ends_with(".localhost") => notes.push(format!(
            "{origin} is refused at each request (`net.private`): your own machine is reached only by an address that \
             the package asks for, such as http://127.0.0.1, and never by a name"
        )),
        HostPattern::Below(zone) => notes.push(format!("{origin} means every host below {zone}")),
        _ if origin_level(&http.origin) == TrustLevel::Elevated => {
            let private = "a name that leads to a private address is refused at each request (`net.private`)";
            notes.push(if origin.host.is_literal() {
                format!("{origin} is an address, which may be on your own machine or network")
            } else {
                format!("{origin} is on your own machine or network: {private}")
            });
        }
        _ => {}
    }
    if origin.scheme == Scheme::Http {
        notes.push(format!("{origin} is not encrypted: whoever is on the way can read and change it"));
    }
    if http.methods.iter().any(|method| !matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS")) {
        notes.push(format!("{} requests to {origin} can change things there", escaped(&http.methods.join(", "))));
    }
    notes
}

fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "_KEY"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{sentences, unusual};
    use mpp_schema::permissions::Permissions;
    use serde_json::json;

    #[track_caller]
    fn check(asked: serde_json::Value, expected: &str) {
        let asked: Permissions = serde_json::from_value(asked).unwrap();
        assert_eq!(sentences(&asked).join("\n"), expected);
    }

    #[test]
    fn asks_for_nothing() {
        check(json!({}), "do nothing but compute on what it is given; it reaches no file, network or clock of yours");
    }

    #[test]
    fn reasons_are_quoted_and_cannot_break_the_line() {
        check(
            json!({
                "folders": { "notes": { "access": "read-write", "reason": "where\nyour notes live" } },
                "http": [{ "origin": "https://api.example.com", "paths": ["/v1/"] }]
            }),
            "read, change and delete files in the folder that you choose for `notes` (\"where\\nyour notes live\")\n\
             send GET requests to https://api.example.com below /v1/",
        );
    }

    #[track_caller]
    fn check_unusual(asked: serde_json::Value, expected: &[&str]) {
        let asked: Permissions = serde_json::from_value(asked).unwrap();
        let found = unusual(&asked);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn most_requests_are_usual() {
        check_unusual(json!({ "kv": { "quota": "1MiB" }, "logging": {}, "env": ["LANG"] }), &[]);
        check_unusual(json!({ "http": [{ "origin": "https://a.example", "reason": "to look up words" }] }), &[]);
    }

    #[test]
    fn what_deserves_a_second_look_is_said() {
        let http = |origin: &str| json!({ "http": [{ "origin": origin, "reason": "r" }] });
        check_unusual(http("https://*"), &["every host there is"]);
        check_unusual(http("https://*.example"), &["every host below example"]);
        check_unusual(http("http://a.example"), &["not encrypted"]);
        check_unusual(http("https://127.0.0.1"), &["is an address, which may be on your own machine"]);
        check_unusual(http("https://localhost:8443"), &["is refused at each request (`net.private`)"]);
        check_unusual(http("https://db.localhost"), &["is refused at each request (`net.private`)"]);
        check_unusual(http("https://nas.local"), &["a name that leads to a private address is refused"]);
        check_unusual(
            json!({ "http": [{ "origin": "https://a.example", "methods": ["POST"], "reason": "r" }] }),
            &["can change things there"],
        );
        check_unusual(
            json!({ "secrets": { "t": { "origin": "https://a.example", "header": "x", "reason": "r" } } }),
            &["where it does not ask"],
        );
        check_unusual(json!({ "env": ["GITHUB_TOKEN"] }), &["held a secret"]);
        check_unusual(json!({ "clock": {} }), &["no reason to read a precise clock"]);
        check_unusual(
            json!({
                "folders": { "a": { "access": "read-only", "reason": "r" } },
                "http": [{ "origin": "https://a.example", "reason": "r" }]
            }),
            &["could be sent away"],
        );
    }
}
