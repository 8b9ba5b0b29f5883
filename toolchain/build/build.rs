//! Lists the folders of `templates/` so that they are part of the program, without what a build left in them.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// What builds leave behind.
const LEFT_OUT: &[&str] = &["target", "node_modules", "__pycache__"];

fn main() -> io::Result<()> {
    let templates = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../templates");
    println!("cargo::rerun-if-changed={}", templates.display());
    let mut listing = String::from("&[\n");
    for folder in sorted_entries(&templates)?.into_iter().filter(|path| path.is_dir()) {
        listing += &format!("    BuiltIn {{ name: {:?}, files: &[\n", file_name(&folder));
        list_files(&folder, "", &mut listing)?;
        listing += "    ] },\n";
    }
    listing += "]\n";
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("templates.rs"), listing)
}

fn list_files(folder: &Path, prefix: &str, listing: &mut String) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for path in sorted_entries(folder)? {
        let name = format!("{prefix}{}", file_name(&path));
        if path.is_file() {
            println!("cargo::rerun-if-changed={}", path.display());
            *listing += &format!("        ({name:?}, include_str!({:?})),\n", path.canonicalize()?);
        } else if !LEFT_OUT.contains(&file_name(&path)) {
            list_files(&path, &format!("{name}/"), listing)?;
        }
    }
    Ok(())
}

fn sorted_entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("templates have plain names")
}
