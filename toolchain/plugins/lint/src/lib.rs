//! The plugin `mpp:lint` as a build sees it. What it looks for is in `rules.rs`, which knows nothing of WebAssembly.

mod rules;

wit_bindgen::generate!({ path: "wit", world: "check" });

use exports::mpp::plugin::checker::{Built, Finding, Guest, Level};

struct Lint;

impl Guest for Lint {
    fn check(built: Built) -> Result<Vec<Finding>, String> {
        let json = |text: &str| serde_json::from_str(text).map_err(|error| error.to_string());
        let package = rules::Package {
            manifest: json(&built.manifest)?,
            tools: json(&built.tools)?,
            imports: built.imports,
            component_bytes: built.component.len(),
            has_readme: built.files.iter().any(|file| file.path == "README.md"),
        };
        let finding = |found: rules::Found| {
            let level = if found.is_error { Level::Error } else { Level::Warning };
            Finding { level, message: found.message, help: found.help }
        };
        Ok(rules::check(&package).into_iter().map(finding).collect())
    }
}

export!(Lint);
