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

/// Files lie at the top, in `deps/`, or in `deps/<name>/`. What lies deeper is not WIT of this package, and links may go in circles.
const FOLDERS_DEEP: usize = 3;

/// All `.wit` files of the package.
pub(crate) fn wit_folder(project: &Project) -> Result<WitFolder, BuildError> {
    let folder = project.wit_folder();
    if !folder.is_dir() {
        return Err(BuildError::Metadata {
            file: project.manifest_path.clone(),
            field: "package.metadata.mpp.wit".to_owned(),
            problem: format!("expected a folder with the WIT text of the tools, found none at `{}`", folder.display()),
            hint: Some("mpp init".to_owned()),
        });
    }
    let mut files = BTreeMap::new();
    collect(&folder, "", FOLDERS_DEEP, &mut files)?;
    Ok(WitFolder { files })
}

fn collect(
    folder: &Path,
    prefix: &str,
    folders_deep: usize,
    files: &mut BTreeMap<String, String>,
) -> Result<(), BuildError> {
    for entry in fs::read_dir(folder).map_err(BuildError::io("reading folder", folder))? {
        let path = entry.map_err(BuildError::io("reading folder", folder))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let name = format!("{prefix}{name}");
        if path.is_dir() && folders_deep > 1 {
            collect(&path, &format!("{name}/"), folders_deep - 1, files)?;
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
