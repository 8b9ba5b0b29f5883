//! The plugin `mpp:sbom` as a build sees it. What it makes is in `bom.rs`, which knows nothing of WebAssembly.

mod bom;

wit_bindgen::generate!({ path: "wit", world: "attach" });

use exports::mpp::plugin::attacher::{Built, File, Guest};

struct Sbom;

impl Guest for Sbom {
    fn attach(built: Built) -> Result<Vec<File>, String> {
        let manifest = serde_json::from_str(&built.manifest).map_err(|error| error.to_string())?;
        let lockfile = built.lockfile.filter(|file| file.path == "Cargo.lock");
        let lockfile =
            lockfile.map(|file| String::from_utf8(file.content)).transpose().map_err(|error| error.to_string())?;
        let bom = bom::bom(&manifest, lockfile.as_deref())?;
        Ok(vec![File { path: "sbom.cdx.json".to_owned(), content: bom.to_string().into_bytes() }])
    }
}

export!(Sbom);
