//! Chapter `package`, the manifest: rightly signed, and still not a document that a reader may accept.

use super::{
    archive::Entry,
    case::{Case, under},
    component,
    draft::{COMMENT, Content, Draft, admission, full},
    keys::TestKey,
    minisig::Minisig,
};
use serde_json::{Value as Json, json};

const TWIN: &str = "package/valid";

/// The manifest's part of the chapter.
pub(super) fn cases() -> anyhow::Result<Vec<Case>> {
    Ok([
        under("PKG-40", documents()),
        under("PKG-41", versions()),
        under("PKG-42", entries()),
        under("PKG-48", trust_levels()),
        under("PKG-47", origins()),
        under("PKG-50", tools()),
        under("PKG-49", hidden_classes()),
        under("PKG-49", hidden_fields()),
        under("PKG-49", hidden_in_the_manifest()?),
        under("PKG-51", hidden_in_the_tools()?),
    ]
    .concat())
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
        invalid(
            "manifest-empty-text",
            "a text that holds nothing and is not left out",
            kind,
            &with("\"license\": \"\","),
        ),
        invalid("manifest-empty-limits", "limits that ask for nothing", kind, &with("\"limits\": {},")),
        invalid(
            "manifest-object-as-list",
            "an object as the list of its values",
            kind,
            &with("\"agents\": [[\"role:x\"]],"),
        ),
        invalid("manifest-kind-as-object", "a word as an object", "\"tool\"", "{ \"tool\": \"tool\" }"),
        invalid("manifest-number-as-text", "a number as text", "\"size\": ", "\"size\": \"1\", \"size\": "),
        invalid(
            "manifest-size-with-wide-space",
            "a space that is not ASCII between number and unit",
            kind,
            &with("\"limits\": { \"memory\": \"4\u{3000}MiB\" },"),
        ),
        invalid(
            "manifest-unknown-field-of-200-kib",
            "a name so long that the refusal must not repeat it (PKG-38)",
            kind,
            &with(&format!("\"{}\": true,", "x".repeat(200 << 10))),
        ),
        sealed(
            "manifest-list",
            "manifest.invalid",
            "a list in place of the object",
            "[\"1.0\", \"tool\", \"acme:sum\"]\n",
        ),
        not_utf8(),
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
    ]
}

fn not_utf8() -> Case {
    let good = Draft::new();
    let text = good.manifest_text().replacen("Adds numbers.", "Adds numbers?", 1);
    let mut archive = good.sealed(&text, &[&TestKey::acme()], COMMENT);
    let mut bytes = text.into_bytes();
    let place = bytes.iter().position(|byte| *byte == b'?').expect("the text was just put there");
    bytes[place] = 0xff;
    let signature = Minisig::new(&TestKey::acme(), &bytes, COMMENT).text();
    archive.0[0] = Entry::new("mpp.json", bytes);
    archive.0[1] = Entry::new(archive.0[1].name.clone(), signature);
    let why = "a byte that is no text";
    admission().refuse("package/manifest-not-utf8", "manifest.invalid", why, TWIN, archive.to_bytes())
}

/// Of the format, and of the package.
fn versions() -> Vec<Case> {
    let (from, kind) = ("\"mpp\": \"1.0\"", "\"kind\": \"tool\",");
    let format =
        |name: &str, code, why, version: &str| edited(name, code, why, from, &format!("\"mpp\": \"{version}\""));
    let good = Draft::new();
    let later = good.manifest_text().replacen(from, "\"mpp\": \"1.7\"", 1);
    let beside = good.manifest_text().replacen(from, "\"mpp\": \"2.0\"", 1).replacen(kind, "\"kind\": [],", 1);
    let of_bytes = |count: usize| {
        let version = format!("1.0.0+{}", "a".repeat(count - 6));
        let draft = Draft::new().set("version", json!(version));
        let comment = format!("mpp1 kind=package name=acme:sum version={version}");
        draft.sealed(&draft.manifest_text(), &[&TestKey::acme()], &comment)
    };
    let twin = "package/version-of-128-bytes";
    let long = of_bytes(129).to_bytes();
    vec![
        format("manifest-newer", "format.newer", "a format of the future", "2.0"),
        format("manifest-newer-by-far", "format.newer", "a format of a far future", "70000.0"),
        format(
            "manifest-newer-than-any-number",
            "format.newer",
            "the same, with thirty digits",
            &format!("{}.0", "9".repeat(30)),
        ),
        sealed("manifest-newer-and-other", "format.newer", "a format of the future with fields of its own", &beside),
        format("manifest-older", "manifest.invalid", "a format that never was", "0.9"),
        format("manifest-version-with-zero", "manifest.invalid", "a version in another spelling", "01.0"),
        admission().accept(
            "package/manifest-later-minor",
            "a format that an older reader still understands",
            &good.sealed(&later, &[&TestKey::acme()], COMMENT),
        ),
        admission().accept(twin, "a version as long as it may be (PKG-46)", &of_bytes(128)),
        admission().refuse(
            "package/version-of-129-bytes",
            "manifest.invalid",
            "a version that is one byte longer (PKG-46)",
            twin,
            long,
        ),
    ]
}

/// What the manifest lists, and in which order.
fn entries() -> Vec<Case> {
    let refuse = |name: &str, code, why, draft: &Draft| {
        admission().refuse(&format!("package/{name}"), code, why, TWIN, draft.signed(&[&TestKey::acme()]).to_bytes())
    };
    let mut tools_first = Draft::new();
    tools_first.content.swap(0, 1);
    let mut without_component = Draft::new();
    without_component.content.remove(0);
    let mut component_late = Draft::new();
    component_late.content.rotate_left(1);
    let mut not_said = Draft::new();
    not_said.content[1].unpacked = None;
    let mut said_of_plain = Draft::new();
    said_of_plain.content[2].unpacked = said_of_plain.content[1].unpacked.clone();
    vec![
        refuse("manifest-tools-first", "pkg.order", "the tools before the component", &tools_first),
        refuse("manifest-component-late", "pkg.order", "the component after all others", &component_late),
        refuse("component-missing", "manifest.invalid", "no entry with the component", &without_component),
        refuse(
            "unpacked-not-said",
            "manifest.invalid",
            "what a compressed entry holds is not said (PKG-43)",
            &not_said,
        ),
        refuse(
            "unpacked-said-of-plain",
            "manifest.invalid",
            "what an entry holds that is not compressed (PKG-43)",
            &said_of_plain,
        ),
    ]
}

/// Asks for these permissions at this level.
fn asking(level: &str, permissions: Json) -> Draft {
    Draft::new().set("permissions", permissions).set("trust", json!(level))
}

fn trust_levels() -> Vec<Case> {
    let signed = |draft: Draft| draft.signed(&[&TestKey::acme()]);
    let slots = json!({ "notes": { "access": "read-only", "reason": "reads your notes" } });
    let limited = json!({
        "folders": slots,
        "http": [{ "origin": "https://myhome.arpa.example", "methods": ["GET"], "paths": ["/"] }],
        "secrets": { "token": { "origin": "https://api.example.com", "header": "authorization", "format": "Bearer {}" } },
        "env": ["LANG"], "clock": {}, "tools": { "acme:other": {} }
    });
    let elevated = json!({ "devices": { "scale": { "class": "serial" } } });
    let base = json!({ "kv": { "quota": "1MiB" }, "config": ["name"], "logging": {}, "progress": {} });
    let (twin, low_twin) = ("package/trust-level-covers", "package/trust-limited");
    let mut cases = vec![
        admission().accept(
            twin,
            "a trust level that covers what is asked for",
            &signed(asking("limited", json!({ "folders": slots }))),
        ),
        admission().accept(low_twin, "everything that `limited` covers", &signed(asking("limited", limited.clone()))),
        admission().accept(
            "package/trust-sandboxed",
            "everything that `sandboxed` covers",
            &signed(asking("sandboxed", base)),
        ),
        admission().accept("package/trust-elevated", "a device", &signed(asking("elevated", elevated.clone()))),
        admission().refuse(
            "package/trust-level-too-low",
            "manifest.trust",
            "a folder is asked for by a package that calls itself sandboxed",
            twin,
            signed(asking("sandboxed", json!({ "folders": slots }))).to_bytes(),
        ),
        admission().refuse(
            "package/trust-limited-device",
            "manifest.trust",
            "a device is asked for by a package that calls itself limited",
            "package/trust-elevated",
            signed(asking("limited", elevated)).to_bytes(),
        ),
    ];
    for permission in ["http", "secrets", "env", "clock", "tools"] {
        let alone = json!({ permission: limited[permission] });
        cases.push(admission().refuse(
            &format!("package/trust-sandboxed-{permission}"),
            "manifest.trust",
            "asked for by a package that calls itself sandboxed",
            low_twin,
            signed(asking("sandboxed", alone)).to_bytes(),
        ));
    }
    cases
}

/// An origin has one spelling, so that every reader means the same server by it.
fn origins() -> Vec<Case> {
    [of_origins(), of_wide_origins(), of_requests(), of_secrets()].concat()
}

fn to_origin(level: &str, origin: &str) -> Vec<u8> {
    let http = json!([{ "origin": origin, "methods": ["GET"], "paths": ["/"], "reason": "reads rates" }]);
    asking(level, json!({ "http": http })).signed(&[&TestKey::acme()]).to_bytes()
}

fn of_origins() -> Vec<Case> {
    let twin = "package/origin-plain";
    let http =
        json!([{ "origin": "https://api.example.com", "methods": ["GET"], "paths": ["/"], "reason": "reads rates" }]);
    let plain = asking("limited", json!({ "http": http })).signed(&[&TestKey::acme()]);
    let refuse = |name: &str, why, origin: &str| {
        admission().refuse(
            &format!("package/origin-{name}"),
            "manifest.invalid",
            why,
            twin,
            to_origin("limited", origin),
        )
    };
    let long_label = format!("https://{}.example.com", "a".repeat(64));
    let long_name = format!("https://{}example.com", "a.".repeat(122));
    vec![
        admission().accept(twin, "one server, in the one spelling", &plain),
        refuse("with-user", "a user before the host", "https://api.example.com@evil.example"),
        refuse("with-path", "a path after the host", "https://api.example.com/"),
        refuse("with-query", "a query after the host", "https://api.example.com?x"),
        refuse("with-fragment", "a fragment after the host", "https://api.example.com#x"),
        refuse(
            "with-backslash",
            "a backslash, which some readers take for a slash",
            "https://api.example.com\\@evil.example",
        ),
        refuse("upper-case", "a host in another spelling", "https://API.example.com"),
        refuse("upper-case-scheme", "a scheme in another spelling", "HTTPS://api.example.com"),
        refuse("other-scheme", "another scheme", "ftp://api.example.com"),
        refuse("without-scheme", "no scheme", "api.example.com"),
        refuse("without-host", "no host", "https://"),
        refuse("not-ascii", "a host with a letter that looks like another", "https://\u{430}pi.example.com"),
        refuse("percent", "a host with an escape", "https://api%2eexample.com"),
        refuse("final-dot", "a host that ends in a dot", "https://api.example.com."),
        refuse("empty-label", "two dots in a row", "https://api..example.com"),
        refuse("label-of-64", "a label of sixty-four letters", &long_label),
        refuse("name-of-255", "a name of two hundred and fifty-five bytes", &long_name),
        refuse("default-port", "a port that begins with a zero", "https://api.example.com:0443"),
        refuse("port-zero", "a port that is none", "https://api.example.com:0"),
        refuse("port-too-large", "a port that is too large", "https://api.example.com:65536"),
        refuse("port-empty", "a colon and no port", "https://api.example.com:"),
        refuse("port-signed", "a port with a sign", "https://api.example.com:+443"),
        refuse("open-bracket", "a bracket that is not closed", "https://[::1"),
        refuse("zone", "an address with a zone", "https://[fe80::1%25eth0]"),
        refuse("wildcard-inside", "a star inside of a label", "https://api*.example.com"),
    ]
}

/// Fine for `elevated`, too wide for `limited`.
fn of_wide_origins() -> Vec<Case> {
    let wide = [
        ("wildcard", "every server", "https://*"),
        ("wildcard-below", "every server below a name", "https://*.example.com"),
        ("address", "an address of the own machine in another spelling", "http://0x7f.1"),
        ("address-plain", "an address", "http://192.0.2.1"),
        ("address-as-number", "an address as one number", "http://2130706433"),
        ("address-in-brackets", "an address in brackets", "http://[::1]:8080"),
        ("own-machine", "the own machine", "http://db.localhost"),
        ("one-label", "a name that only the own network knows", "http://router"),
        ("own-network", "the metadata service of a cloud", "http://metadata.google.internal"),
        ("home-network", "a name of a home network", "http://box.home.arpa"),
    ];
    let mut cases = Vec::new();
    for (name, why, origin) in wide {
        let twin: &'static str = "package/origin-wide";
        cases.push(admission().refuse(
            &format!("package/origin-{name}"),
            "manifest.trust",
            why,
            twin,
            to_origin("limited", origin),
        ));
    }
    let every = wide.map(|(_, _, origin)| json!({ "origin": origin, "methods": ["GET"], "paths": ["/"] }));
    let every = asking("elevated", json!({ "http": every })).signed(&[&TestKey::acme()]);
    cases.push(admission().accept("package/origin-wide", "the same origins, asked for as elevated", &every));
    under("PKG-48", cases)
}

fn of_requests() -> Vec<Case> {
    let refuse = |name: &str, why, field: &str, value: Json| {
        let mut http = json!([{ "origin": "https://api.example.com", "methods": ["GET"], "paths": ["/"] }]);
        http[0][field] = value;
        let file = asking("limited", json!({ "http": http })).signed(&[&TestKey::acme()]).to_bytes();
        admission().refuse(&format!("package/{name}"), "manifest.invalid", why, "package/origin-plain", file)
    };
    vec![
        refuse("method-lower-case", "a method in another spelling", "methods", json!(["get"])),
        refuse("method-empty", "a method of no letters", "methods", json!([""])),
        refuse("methods-none", "no method", "methods", json!([])),
        refuse("path-prefix-relative", "a path that begins with no slash", "paths", json!(["repos/"])),
        refuse("path-prefix-with-space", "a path with a space", "paths", json!(["/a b"])),
        refuse("path-prefix-line-feed", "a path with a line feed", "paths", json!(["/a\r\nHost: evil.example"])),
        refuse("path-prefixes-none", "no path", "paths", json!([])),
    ]
}

fn of_secrets() -> Vec<Case> {
    let secret = |field: &str, value: &str| {
        let mut secret =
            json!({ "origin": "https://api.example.com", "header": "authorization", "format": "Bearer {}" });
        secret[field] = json!(value);
        asking("limited", json!({ "secrets": { "token": secret } })).signed(&[&TestKey::acme()])
    };
    let twin = "package/secret-plain";
    let refuse = |name: &str, why, field: &str, value: &str| {
        let file = secret(field, value).to_bytes();
        admission().refuse(&format!("package/secret-{name}"), "manifest.invalid", why, twin, file)
    };
    vec![
        admission().accept(twin, "a secret and where it goes", &secret("header", "authorization")),
        refuse("header-upper-case", "a header in another spelling", "header", "Authorization"),
        refuse("header-empty", "a header of no letters", "header", ""),
        refuse("header-with-colon", "a header that holds another", "header", "x: y"),
        refuse("format-without-place", "no place for the secret", "format", "Bearer"),
        refuse("format-two-places", "two places for the secret", "format", "{}{}"),
        refuse("format-line-feed", "a format that begins another header", "format", "{}\r\nx: y"),
        refuse("origin-with-path", "an origin with a path", "origin", "https://api.example.com/"),
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
    let mut twice: Json = serde_json::from_str(component::TOOLS).expect("the good definitions are JSON");
    let again = twice["tools"][0].clone();
    twice["tools"].as_array_mut().expect("a list").push(again);
    let twice = with_text(twice.to_string());
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
        refuse("policy-for-no-tool", invalid, "a risk for a tool that is not there (PKG-52)", of_nobody),
        refuse(
            "tools-null",
            invalid,
            "a null in place of a field that is left out",
            edited(name, &format!("{name}\"interface\":null,")),
        ),
        refuse(
            "tools-empty-field",
            invalid,
            "an empty field that is not left out",
            edited("\"Adds two numbers.\"", "\"\""),
        ),
        refuse("tools-twice", invalid, "two tools of one name", twice),
        refuse("tools-list", invalid, "a list in place of the object", with_text("[\"1.0\", []]".to_owned())),
        refuse("tools-not-json", invalid, "no JSON at all", with_text("add".to_owned())),
        refuse(
            "tools-deep-nesting",
            invalid,
            "brackets in brackets, ten thousand deep",
            edited("\"input\": {", &format!("\"input\": {{ \"x\": {}{},", "[".repeat(10_000), "]".repeat(10_000))),
        ),
        refuse(
            "tool-of-more-than-16-kibibytes",
            "manifest.text",
            "a definition that is too long (PKG-51)",
            edited("\"input\": {", &format!("\"input\": {{ \"examples\": [\"{}\"],", "x".repeat(16 << 10))),
        ),
        refuse(
            "tool-with-a-long-key",
            "manifest.text",
            "a long key before a long list: a reader must not repeat the key for each item (PKG-51)",
            edited(
                "\"input\": {",
                &format!("\"input\": {{ \"{}\": [{}0],", "x".repeat(200 << 10), "0,".repeat(200 << 10)),
            ),
        ),
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
            "one in what a tool says it does (PKG-51)",
            with_docs(every_text(), docs, hidden_docs),
        ),
        refuse("description-too-long", "1,025 characters", every_text().set("description", json!("x".repeat(1025)))),
        refuse(
            "tool-description-too-long",
            "1,025 characters (PKG-51)",
            with_docs(every_text(), docs, &"x".repeat(1025)),
        ),
    ]
}

/// Every text that the manifest can hold, somewhere below its top: one hidden character in each.
fn hidden_in_the_manifest() -> anyhow::Result<Vec<Case>> {
    let twin = "package/every-field";
    let every = every_field()?;
    let spoilt = |place: &str| {
        let mut draft = every.clone();
        let field = draft.manifest.pointer_mut(place).expect("a case spoils a field that it has");
        *field = json!(format!("{}\u{200b}", field.as_str().unwrap_or_default()));
        draft.signed(&[&TestKey::acme()]).to_bytes()
    };
    let fields = [
        ("world", "/world"),
        ("repository", "/source/repository"),
        ("commit", "/source/commit"),
        ("folder", "/source/folder"),
        ("compiler", "/source/compiler"),
        ("flag", "/source/flags/0"),
        ("agent", "/agents/allow/0"),
        ("reason-of-folder", "/permissions/folders/notes/reason"),
        ("reason-of-http", "/permissions/http/0/reason"),
        ("reason-of-secret", "/permissions/secrets/token/reason"),
        ("reason-of-kv", "/permissions/kv/reason"),
        ("reason-of-clock", "/permissions/clock/reason"),
        ("reason-of-device", "/permissions/devices/scale/reason"),
        ("reason-of-logging", "/permissions/logging/reason"),
        ("reason-of-progress", "/permissions/progress/reason"),
        ("reason-of-tool", "/permissions/tools/acme:other/reason"),
        ("env-name", "/permissions/env/0"),
        ("config-name", "/permissions/config/0"),
    ];
    let names = [
        ("package-name", "\"acme:sum\""),
        ("slot-name", "\"notes\""),
        ("secret-name", "\"token\""),
        ("device-class", "\"serial\""),
        ("name-of-other-package", "\"acme:other\""),
        ("name-of-a-risk", "\"add\""),
    ];
    let mut cases = vec![full().accept(twin, "every field, with visible texts", &every.signed(&[&TestKey::acme()]))];
    for (name, place) in fields {
        let case = format!("package/hidden-in-{name}");
        cases.push(full().refuse(&case, "manifest.text", "a space of no width in this field", twin, spoilt(place)));
    }
    for (name, text) in names {
        let manifest = every.manifest_text().replacen(text, &text.replacen(|c| c != '"', "a\u{200b}", 1), 1);
        let file = every.sealed(&manifest, &[&TestKey::acme()], COMMENT).to_bytes();
        let case = format!("package/hidden-in-{name}");
        cases.push(full().refuse(&case, "manifest.invalid", "a space of no width in this name", twin, file));
    }
    Ok(cases)
}

/// Every place of a tool's definition that can hold a text, schemas at depth too. Some of the places are none that a WIT leads to; texts
/// are looked at before the definitions are compared with the WIT.
fn hidden_in_the_tools() -> anyhow::Result<Vec<Case>> {
    let twin = "package/every-field";
    let every = every_field()?;
    let spoilt = |from: &str, to: &str| {
        assert!(component::TOOLS_PAIR.contains(from), "the definitions do not hold {from}");
        let text = component::TOOLS_PAIR.replacen(from, to, 1);
        let draft = every.clone().replace(Content::packed("tools.json.zst", text.as_bytes()));
        draft.signed(&[&TestKey::acme()]).to_bytes()
    };
    let input = "\"required\": [\"numbers\",";
    let with = |field: &str| format!("{field}, {input}");
    let output = "\"required\": [\"result\"],";
    let places = [
        ("parameter-description", "Two numbers.", "Two\u{e0041} numbers.".to_owned()),
        ("field-description", "The first number.", "The first\u{202e} number.".to_owned()),
        ("enum-description", "How to round.", "How to\u{2066} round.".to_owned()),
        ("enum-value-description", "To the next", "To\u{200b} the next".to_owned()),
        ("enum-value", "\"down\"", "\"down\u{200b}\"".to_owned()),
        ("enum-value-of-the-result", "\"Infinity\"", "\"Infinity\u{fe01}\"".to_owned()),
        ("type", "\"type\": \"number\"", "\"type\": \"number\u{e000}\"".to_owned()),
        ("parameter-name", "\"numbers\":", "\"numbers\u{200d}\":".to_owned()),
        ("field-name", "\"a\":", "\"a\u{200d}\":".to_owned()),
        ("required-name", "[\"a\",", "[\"a\u{200d}\",".to_owned()),
        ("escaped", "The first number.", "The first\\u001b[2J number.".to_owned()),
        ("interface", "\"name\": \"add\",", "\"name\": \"add\", \"interface\": \"acme:sum/sums\u{e0041}\",".to_owned()),
        ("input-description", input, with("\"description\": \"Numbers\u{202e}\"")),
        ("output-description", output, format!("\"description\": \"Sum\u{202e}\", {output}")),
        ("title", input, with("\"title\": \"Sum\u{e0041}\"")),
        ("default", input, with("\"default\": { \"a\": \"\u{e0041}\" }")),
        ("const", input, with("\"const\": \"\u{2060}\"")),
        ("example", input, with("\"examples\": [[\"\u{9b}2J\"]]")),
        ("pattern", input, with("\"pattern\": \"^\u{feff}\"")),
        ("format", input, with("\"format\": \"\u{ad}\"")),
        ("comment", input, with("\"$comment\": \"\u{34f}\"")),
        ("key-at-depth", input, with("\"x\": [{ \"y\": { \"\u{3164}\": 1 } }]")),
    ];
    let mut cases = Vec::new();
    for (name, from, to) in places {
        let case = format!("package/hidden-in-tool-{name}");
        let why = "a character that nobody sees at this place of a definition";
        cases.push(full().refuse(&case, "manifest.text", why, twin, spoilt(from, &to)));
    }
    let name = spoilt("\"name\": \"add\"", "\"name\": \"add\u{200b}\"");
    let why = "a space of no width in a tool's name (PKG-49)";
    cases.push(full().refuse("package/hidden-in-tool-name", "manifest.invalid", why, twin, name));
    Ok(cases)
}

/// The good package with every field that a manifest can have, and definitions with a text at every place.
fn every_field() -> anyhow::Result<Draft> {
    let permissions = json!({
        "folders": { "notes": { "access": "read-only", "optional": true, "reason": "reads your notes" } },
        "http": [{ "origin": "https://api.example.com", "methods": ["GET"], "paths": ["/"], "reason": "reads rates" }],
        "secrets": { "token": {
            "origin": "https://api.example.com", "header": "authorization", "format": "Bearer {}", "reason": "signs in"
        } },
        "kv": { "quota": "1MiB", "reason": "keeps sums" },
        "env": ["LANG"],
        "config": ["rounding"],
        "clock": { "reason": "measures" },
        "devices": { "scale": { "class": "serial", "reason": "weighs" } },
        "logging": { "reason": "tells what it does" },
        "progress": { "reason": "shows how far it is" },
        "tools": { "acme:other": { "reason": "asks another" } }
    });
    let source = json!({
        "repository": "https://a.example/sum", "commit": "0123456789abcdef", "folder": "tools/sum", "builder": "command",
        "compiler": "rustc 1.95.0", "flags": ["--release"], "lockfile": "0".repeat(64), "reproducible": true,
        "plugins": [{ "name": "acme:sbom", "version": "1.0.0", "digest": "0".repeat(64) }]
    });
    let component = component::assemble(component::ADD_PAIR)?;
    Ok(every_text()
        .set("trust", json!("elevated"))
        .set("permissions", permissions)
        .set("tools", json!({ "add": { "risk": "write" } }))
        .set("agents", json!({ "allow": ["role:support"] }))
        .set("limits", json!({ "memory": "16MiB", "time_ms": 1000 }))
        .set("source", source)
        .replace(Content::packed("component.wasm.zst", &component))
        .replace(Content::packed("tools.json.zst", component::TOOLS_PAIR.as_bytes()))
        .replace(Content::plain("wit/sum.wit", component::WIT_PAIR)))
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
