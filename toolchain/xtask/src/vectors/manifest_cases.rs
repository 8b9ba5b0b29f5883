//! Chapter `package`, the manifest: rightly signed, and still not a document that a reader may accept.

use super::{
    case::Case,
    component,
    draft::{COMMENT, Content, Draft, admission, full},
    keys::TestKey,
};
use serde_json::json;

const TWIN: &str = "package/valid";

/// The manifest's part of the chapter.
pub(super) fn cases() -> Vec<Case> {
    [documents(), trust_levels(), origins(), tools(), hidden_classes(), hidden_fields()].concat()
}

/// The good manifest with a piece of its text replaced, signed as it then stands.
fn edited(name: &str, code: &'static str, why: &'static str, from: &str, to: &str) -> Case {
    let good = Draft::new().manifest_text();
    assert!(good.contains(from), "the manifest does not hold {from}");
    sealed(name, code, why, &good.replacen(from, to, 1))
}

fn sealed(name: &str, code: &'static str, why: &'static str, manifest: &str) -> Case {
    let archive = Draft::new().sealed(manifest, &[&TestKey::acme()], COMMENT);
    admission().refuse(&format!("package/{name}"), code, why, TWIN, archive.to_bytes())
}

fn documents() -> Vec<Case> {
    let invalid = |name: &str, why, from: &str, to: &str| edited(name, "manifest.invalid", why, from, to);
    let kind = "\"kind\": \"tool\",";
    let with = |field: &str| format!("{kind}\n  {field}");
    let deep = format!("\"agents\": {}{},", "[".repeat(10_000), "]".repeat(10_000));
    vec![
        invalid("manifest-duplicate-key", "a field that is written twice", kind, &with("\"kind\": \"plugin\",")),
        invalid(
            "manifest-duplicate-key-escaped",
            "the same, with an escape in the second key",
            kind,
            &with("\"k\\u0069nd\": \"plugin\","),
        ),
        invalid(
            "manifest-duplicate-key-inside",
            "a field of an inner object that is written twice",
            "\"builder\": \"command\",",
            "\"builder\": \"command\",\n    \"builder\": \"cargo\",",
        ),
        invalid("manifest-unknown-field", "a field that the format does not have", kind, &with("\"approved\": true,")),
        invalid(
            "manifest-unknown-field-inside",
            "an unknown field of an inner object",
            "\"builder\": \"command\",",
            "\"builder\": \"command\",\n    \"approved\": true,",
        ),
        invalid("manifest-deep-nesting", "brackets in brackets, ten thousand deep", kind, &with(&deep)),
        invalid("manifest-missing-field", "a field that must be there is not", kind, ""),
        invalid(
            "manifest-empty-field",
            "a field that holds nothing and is not left out",
            kind,
            &with("\"permissions\": {},"),
        ),
        invalid("manifest-null", "a null in place of a value", kind, &with("\"license\": null,")),
        invalid("manifest-other-name", "a name that is no package name", "acme:sum", "Acme:Sum"),
        sealed(
            "manifest-two-documents",
            "manifest.invalid",
            "a second document after the first",
            &format!("{0}{0}", Draft::new().manifest_text()),
        ),
        sealed("manifest-not-json", "manifest.invalid", "no JSON at all", "kind = \"tool\"\n"),
        sealed(
            "manifest-byte-order-mark",
            "manifest.invalid",
            "a byte order mark before the document",
            &format!("\u{feff}{}", Draft::new().manifest_text()),
        ),
        edited("manifest-newer", "format.newer", "a format of the future", "\"mpp\": \"1.0\"", "\"mpp\": \"2.0\""),
    ]
}

fn trust_levels() -> Vec<Case> {
    let twin = "package/trust-level-covers";
    let slots = json!({ "folders": { "notes": { "access": "read-only", "reason": "reads your notes" } } });
    let asking = Draft::new().set("permissions", slots);
    let covered = asking.clone().set("trust", json!("limited")).signed(&[&TestKey::acme()]);
    let low = asking.signed(&[&TestKey::acme()]).to_bytes();
    let why = "a folder is asked for by a package that calls itself sandboxed";
    vec![
        admission().accept(twin, "a trust level that covers what is asked for", &covered),
        admission().refuse("package/trust-level-too-low", "manifest.trust", why, twin, low),
    ]
}

/// An origin has one spelling, so that every reader means the same server by it.
fn origins() -> Vec<Case> {
    let twin = "package/origin-plain";
    let asking = |origin: &str| {
        let http =
            json!({ "http": [{ "origin": origin, "methods": ["GET"], "paths": ["/"], "reason": "reads rates" }] });
        Draft::new().set("permissions", http).set("trust", json!("limited")).signed(&[&TestKey::acme()])
    };
    let refuse = |name: &str, code, why, origin: &str| {
        admission().refuse(&format!("package/{name}"), code, why, twin, asking(origin).to_bytes())
    };
    let invalid = "manifest.invalid";
    vec![
        admission().accept(twin, "one server, in the one spelling", &asking("https://api.example.com")),
        refuse("origin-with-user", invalid, "a user before the host", "https://api.example.com@evil.example"),
        refuse("origin-with-path", invalid, "a path after the host", "https://api.example.com/"),
        refuse("origin-upper-case", invalid, "a host in another spelling", "https://API.example.com"),
        refuse("origin-default-port", invalid, "a port that begins with a zero", "https://api.example.com:0443"),
        refuse("origin-wildcard", "manifest.trust", "every server, asked for as limited", "https://*"),
        refuse(
            "origin-address",
            "manifest.trust",
            "an address of the own machine, asked for as limited",
            "http://0x7f.1",
        ),
    ]
}

/// What `tools.json` may say, and what the manifest may say about tools.
fn tools() -> Vec<Case> {
    let refuse = |name: &str, code, why, draft: Draft| {
        let file = draft.signed(&[&TestKey::acme()]).to_bytes();
        full().refuse(&format!("package/{name}"), code, why, "package/valid-full", file)
    };
    let with_text = |text: String| Draft::new().replace(Content::packed("tools.json.zst", text.as_bytes()));
    let edited = |from: &str, to: &str| with_text(component::TOOLS.replacen(from, to, 1));
    let invalid = "manifest.invalid";
    let name = "\"name\": \"add\",";
    let of_nobody = Draft::new().set("tools", json!({ "drop": { "risk": "write" } }));
    vec![
        refuse("tools-duplicate-key", invalid, "a field that is written twice", edited(name, &format!("{name}{name}"))),
        refuse(
            "tools-unknown-field",
            invalid,
            "a field that the format does not have",
            edited(name, &format!("{name}\"safe\":true,")),
        ),
        refuse("tools-newer", "format.newer", "a format of the future", edited("\"1.0\"", "\"2.0\"")),
        refuse(
            "tools-name-not-ascii",
            invalid,
            "a name with a letter that looks like another",
            edited("\"add\"", "\"\u{430}dd\""),
        ),
        refuse("policy-for-no-tool", invalid, "a risk for a tool that is not there", of_nobody),
    ]
}

/// One character of each class that hides or reorders text, in the description.
fn hidden_classes() -> Vec<Case> {
    let classes = [
        ("bidi", "a character that turns the reading direction", '\u{202e}'),
        ("isolate", "a character that isolates a direction", '\u{2066}'),
        ("tag", "a letter that is only a tag", '\u{e0041}'),
        ("zero-width", "a space of no width", '\u{200b}'),
        ("c0-control", "an escape", '\u{1b}'),
        ("c1-control", "a control of the upper range", '\u{9b}'),
        ("private-use", "a character that means what somebody wants", '\u{e000}'),
        ("variation", "a variation selector, which can carry bytes", '\u{fe01}'),
    ];
    classes.map(|(name, why, hidden)| in_description(&format!("hidden-{name}"), why, hidden)).to_vec()
}

fn in_description(name: &str, why: &'static str, hidden: char) -> Case {
    let draft = Draft::new().set("description", json!(format!("Adds{hidden} numbers.")));
    let file = draft.signed(&[&TestKey::acme()]).to_bytes();
    admission().refuse(&format!("package/{name}"), "manifest.text", why, TWIN, file)
}

/// One hidden character in each other text that a model or a person reads, and texts that are too long.
fn hidden_fields() -> Vec<Case> {
    let refuse = |name: &str, why, draft: Draft| {
        let file = draft.signed(&[&TestKey::acme()]).to_bytes();
        full().refuse(&format!("package/{name}"), "manifest.text", why, "package/every-text", file)
    };
    let reason = json!({ "kv": { "quota": "1MiB", "reason": "keeps\u{200b} sums" } });
    let source = json!({ "builder": "command\u{200b}", "reproducible": true });
    let (docs, hidden_docs) = ("Adds two numbers.", "Adds two\u{200b} numbers.");
    vec![
        full().accept(
            "package/every-text",
            "visible texts, as long as they may be",
            &every_text().signed(&[&TestKey::acme()]),
        ),
        refuse("hidden-in-license", "one in the licence", every_text().set("license", json!("MIT\u{200b}"))),
        refuse(
            "hidden-in-homepage",
            "one in the homepage",
            every_text().set("homepage", json!("https://a.example/\u{200b}")),
        ),
        refuse("hidden-in-reason", "one in the reason of a permission", every_text().set("permissions", reason)),
        refuse("hidden-in-source", "one in where it came from", every_text().set("source", source)),
        refuse(
            "hidden-in-tool-description",
            "one in what a tool says it does",
            with_docs(every_text(), docs, hidden_docs),
        ),
        refuse("description-too-long", "1,025 characters", every_text().set("description", json!("x".repeat(1025)))),
        refuse("tool-description-too-long", "1,025 characters", with_docs(every_text(), docs, &"x".repeat(1025))),
    ]
}

/// The good package with every optional text, and a description as long as it may be.
fn every_text() -> Draft {
    Draft::new()
        .set("license", json!("MIT"))
        .set("homepage", json!("https://a.example/"))
        .set("description", json!("x".repeat(1024)))
        .set("permissions", json!({ "kv": { "quota": "1MiB", "reason": "keeps sums" } }))
}

/// The package with another text in the WIT and in the tools file alike.
fn with_docs(draft: Draft, from: &str, to: &str) -> Draft {
    let (wit, tools) = (component::WIT.replacen(from, to, 1), component::TOOLS.replacen(from, to, 1));
    draft.replace(Content::packed("tools.json.zst", tools.as_bytes())).replace(Content::plain("wit/sum.wit", wit))
}
