//! The plugin as a build sees it: the one function of the world `check` in `wit/world.wit`, which says what it promises.
//!
//! What the rules are is in the module below. It knows nothing of WebAssembly, so `cargo test` runs it as it is.

mod rules;

wit_bindgen::generate!({ path: "wit", world: "check" });

use exports::mpp::plugin::checker::{Built, Finding, Guest, Level};

struct Plugin;

impl Guest for Plugin {
    fn check(built: Built) -> Result<Vec<Finding>, String> {
        let manifest = serde_json::from_str(&built.manifest).map_err(|error| error.to_string())?;
        let tools = serde_json::from_str(&built.tools).map_err(|error| error.to_string())?;
        Ok(rules::broken(&manifest, &tools).into_iter().map(finding).collect())
    }
}

fn finding(broken: rules::Broken) -> Finding {
    let level = if broken.stops { Level::Error } else { Level::Warning };
    Finding { level, message: broken.message, help: Some(broken.help.to_owned()) }
}

export!(Plugin);
