//! The texts that travel with a component: WIT, the readme and the licence.

use crate::{BuildError, Project};
use mpp_wit::WitFolder;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// How a licence file is called when the manifest does not name one.
const LICENCE_NAMES: &[&str] = &["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENSE-APACHE", "LICENSE-MIT", "COPYING"];

/// All `.wit` files below `folder`.
pub(crate) fn wit_folder(folder: &Path) -> Result<WitFolder, BuildError> {
    let mut files = BTreeMap::new();
    collect(folder, "", &mut files)?;
    Ok(WitFolder { files })
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> Result<(), BuildError> {
    for entry in fs::read_dir(folder).map_err(BuildError::io("reading folder", folder))? {
        let path = entry.map_err(BuildError::io("reading folder", folder))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files)?;
        } else if name.ends_with(".wit") {
            files.insert(name, text(&path)?);
        }
    }
    Ok(())
}

/// The readme that the package names or that lies beside it.
pub(crate) fn readme(project: &Project) -> Result<Option<String>, BuildError> {
    project.readme.as_deref().map(text).transpose()
}

/// The licence text of the package, else of its workspace.
pub(crate) fn licence(project: &Project) -> Result<Option<String>, BuildError> {
    let beside = |folder: &PathBuf| LICENCE_NAMES.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    let found =
        project.license_file.clone().or_else(|| [&project.folder, &project.workspace].into_iter().find_map(beside));
    found.as_deref().map(text).transpose()
}

fn text(path: &Path) -> Result<String, BuildError> {
    fs::read_to_string(path).map_err(BuildError::io("reading", path))
}
