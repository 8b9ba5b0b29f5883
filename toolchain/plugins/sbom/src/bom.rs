//! A CycloneDX 1.5 document of what `Cargo.lock` names. It has no time and no serial number: the same source gives the same bytes.

use serde_json::{Value, json};

/// The document. Without a lock file it names the package alone.
pub fn bom(manifest: &Value, lockfile: Option<&str>) -> Result<Value, String> {
    let lock: toml::Table = lockfile.unwrap_or_default().parse().map_err(|error| format!("Cargo.lock: {error}"))?;
    let packages = lock.get("package").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
    // What has no source is the package itself, and what lies in its workspace.
    let components: Vec<Value> = packages.iter().filter_map(component).collect();
    let (name, version) = (text(manifest, "name"), text(manifest, "version"));
    let mut about =
        json!({ "type": "application", "bom-ref": format!("{name}@{version}"), "name": name, "version": version });
    if let Some(license) = manifest["license"].as_str() {
        about["licenses"] = json!([{ "expression": license }]);
    }
    let refs: Vec<&Value> = components.iter().map(|component| &component["bom-ref"]).collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": about, "tools": { "components": [{ "type": "application", "name": "mpp:sbom" }] } },
        "dependencies": [{ "ref": format!("{name}@{version}"), "dependsOn": refs }],
        "components": components,
    }))
}

fn text(manifest: &Value, field: &str) -> String {
    manifest[field].as_str().unwrap_or_default().to_owned()
}

fn component(package: &toml::Value) -> Option<Value> {
    let field = |name: &str| package.get(name).and_then(toml::Value::as_str);
    let (name, version, source) = (field("name")?, field("version")?, field("source")?);
    let purl = match source.starts_with("registry+https://github.com/rust-lang/crates.io-index") {
        true => format!("pkg:cargo/{name}@{version}"),
        false => format!("pkg:cargo/{name}@{version}?vcs_url={}", source.replace(['?', '#', '&'], "%")),
    };
    let mut component = json!({ "type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl });
    if let Some(checksum) = field("checksum") {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    Some(component)
}

#[cfg(test)]
mod tests {
    use super::bom;
    use serde_json::json;

    const LOCK: &str = "version = 4\n[[package]]\nname = \"md\"\nversion = \"0.1.0\"\n\
        [[package]]\nname = \"memchr\"\nversion = \"2.8.3\"\n\
        source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"abc\"\n";

    #[test]
    fn crates_of_the_lock_file_are_listed_with_their_hashes() {
        let manifest = json!({ "name": "acme:md", "version": "0.1.0", "license": "MIT" });
        let bom = bom(&manifest, Some(LOCK)).unwrap();
        let components = bom["components"].as_array().unwrap();
        assert_eq!(components.len(), 1, "the package itself is no component of itself");
        assert_eq!(components[0]["purl"], "pkg:cargo/memchr@2.8.3");
        assert_eq!(components[0]["hashes"], json!([{ "alg": "SHA-256", "content": "abc" }]));
        assert_eq!(bom["metadata"]["component"]["name"], "acme:md");
        assert_eq!(bom["dependencies"][0]["dependsOn"], json!(["pkg:cargo/memchr@2.8.3"]));
    }

    #[test]
    fn a_lock_file_that_is_none_is_told() {
        assert!(bom(&json!({}), Some("[[package")).unwrap_err().starts_with("Cargo.lock: "));
        assert_eq!(bom(&json!({}), None).unwrap()["components"], json!([]));
    }
}
