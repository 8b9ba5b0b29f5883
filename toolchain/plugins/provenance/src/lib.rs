//! The plugin `mpp:provenance` as a build sees it. What it makes is in `statement.rs`, which knows nothing of WebAssembly.

mod statement;

wit_bindgen::generate!({ path: "wit", world: "attach" });

use exports::mpp::plugin::attacher::{Built, File, Guest};

struct Provenance;

impl Guest for Provenance {
    fn attach(built: Built) -> Result<Vec<File>, String> {
        let manifest = serde_json::from_str(&built.manifest).map_err(|error| error.to_string())?;
        let lockfile = built.lockfile.as_ref().map(|file| (file.path.as_str(), file.content.as_slice()));
        let statement = statement::statement(&manifest, &built.component, lockfile);
        Ok(vec![File { path: "provenance.intoto.json".to_owned(), content: statement.to_string().into_bytes() }])
    }
}

export!(Provenance);
