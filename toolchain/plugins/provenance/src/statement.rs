//! An in-toto statement with a SLSA provenance predicate. It has no time: the same source gives the same bytes. The signature over the
//! package covers it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// What `component` was built from, as the manifest says it.
pub fn statement(manifest: &Value, component: &[u8], lockfile: Option<(&str, &[u8])>) -> Value {
    let source = &manifest["source"];
    let mut materials = Vec::new();
    if let (Some(repository), Some(commit)) = (source["repository"].as_str(), source["commit"].as_str()) {
        materials.push(json!({ "uri": format!("git+{repository}"), "digest": { "gitCommit": commit } }));
    }
    if let Some((name, content)) = lockfile {
        materials.push(json!({ "uri": name, "digest": { "sha256": sha256(content) } }));
    }
    for plugin in source["plugins"].as_array().into_iter().flatten() {
        let name = format!(
            "{}@{}",
            plugin["name"].as_str().unwrap_or_default(),
            plugin["version"].as_str().unwrap_or_default()
        );
        materials.push(json!({ "uri": format!("mpp:{name}"), "digest": { "sha256": plugin["digest"] } }));
    }
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "component.wasm", "digest": { "sha256": sha256(component) } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": format!("mpp:{}", source["builder"].as_str().unwrap_or_default()),
                "externalParameters": {
                    "package": manifest["name"],
                    "version": manifest["version"],
                    "folder": source["folder"],
                    "flags": source["flags"],
                },
                "internalParameters": { "compiler": source["compiler"], "reproducible": source["reproducible"] },
                "resolvedDependencies": materials,
            },
            // Who built it is said by whoever signs the package.
            "runDetails": { "builder": { "id": "mpp:unattested" } },
        },
    })
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::statement;
    use serde_json::json;

    #[test]
    fn inputs_compiler_and_flags_are_named() {
        let manifest = json!({
            "name": "acme:md", "version": "0.1.0",
            "source": {
                "builder": "cargo", "compiler": "rustc 1.95.0", "flags": ["--release"], "reproducible": true,
                "repository": "https://git.example/md", "commit": "abc",
                "plugins": [{ "name": "mpp:lint", "version": "0.1.0", "digest": "def" }],
            },
        });
        let said = statement(&manifest, b"", Some(("Cargo.lock", b"")));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(said["subject"][0]["digest"]["sha256"], empty);
        let definition = &said["predicate"]["buildDefinition"];
        assert_eq!(definition["internalParameters"]["compiler"], "rustc 1.95.0");
        let uris: Vec<_> = definition["resolvedDependencies"].as_array().unwrap().iter().map(|it| &it["uri"]).collect();
        assert_eq!(uris, ["git+https://git.example/md", "Cargo.lock", "mpp:mpp:lint@0.1.0"]);
    }
}
