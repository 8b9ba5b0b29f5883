//! What the author wrote, read and checked once: a [`Project`] has everything that a manifest needs.

mod cargo;
mod facts;
mod mpp_toml;

use crate::{BuildError, recipe::Recipe};
use mpp_schema::{PackageName, Version, manifest::TrustLevel, project::Metadata};
use std::path::{Path, PathBuf};

pub(crate) use cargo::cargo_error;
pub(crate) use facts::closest_ident;

/// Source that can become a package: a cargo package, or a folder with an `mpp.toml`.
#[derive(Debug, Clone)]
pub struct Project {
    /// `namespace:name`.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// One sentence.
    pub description: String,
    /// SPDX expression.
    pub license: Option<String>,
    /// Where to read more.
    pub homepage: Option<String>,
    /// Where the source is.
    pub repository: Option<String>,
    /// What else the author says, with the workspace's defaults.
    pub metadata: Metadata,
    /// The folder of the package.
    pub folder: PathBuf,
    /// Its `Cargo.toml` or `mpp.toml`.
    pub manifest_path: PathBuf,
    /// The folder of its workspace; the package's own where there is no other.
    pub workspace: PathBuf,
    /// Where its builder builds.
    pub target_folder: PathBuf,
    pub(crate) readme: Option<PathBuf>,
    pub(crate) license_file: Option<PathBuf>,
    pub(crate) recipe: Recipe,
}

impl Project {
    /// `target/mpp/<name>-<version>.mpp`: where `mpp build` puts the package.
    pub fn package_file(&self) -> PathBuf {
        self.target_folder.join("mpp").join(format!("{}-{}.mpp", self.name.name(), self.version))
    }

    /// The folder with the WIT text.
    pub fn wit_folder(&self) -> PathBuf {
        self.folder.join(self.metadata.wit.as_deref().unwrap_or("wit"))
    }

    /// The plugins that take part in a build, as the author names them.
    pub fn plugins(&self) -> &[String] {
        self.metadata.build.as_ref().map_or(&[], |build| &build.plugins)
    }

    /// The file that pins what the source uses, where there is one.
    pub fn lock_file(&self) -> Option<PathBuf> {
        let files = [
            self.workspace.join("Cargo.lock"),
            self.folder.join("package-lock.json"),
            self.folder.join("requirements.txt"),
        ];
        files.into_iter().find(|file| file.is_file())
    }

    /// What the manifest calls the builder.
    pub fn builder(&self) -> &str {
        self.recipe.builder()
    }

    /// The table of its manifest that speaks of MPP.
    pub(crate) fn table(&self) -> &'static str {
        if self.manifest_path.ends_with(mpp_toml::NAME) { mpp_toml::TABLE } else { cargo::TABLE }
    }

    /// The declared trust level.
    pub fn trust(&self) -> TrustLevel {
        self.metadata.trust.unwrap_or(TrustLevel::Sandboxed)
    }
}

/// The one project at `path`: a folder, or a folder below it, as cargo finds it.
pub fn project(path: &Path) -> Result<Project, BuildError> {
    let mut found = projects(path)?;
    match found.len() {
        1 => Ok(found.remove(0)),
        _ => Err(BuildError::Ambiguous {
            folder: path.to_owned(),
            packages: found.into_iter().map(|project| (project.name, project.folder)).collect(),
        }),
    }
}

/// The project at `path`; or, where `path` is a cargo workspace without a package of its own, all its packages for MPP. Never none.
///
/// The closest folder that holds a manifest decides, and an `mpp.toml` counts before a `Cargo.toml` beside it.
pub fn projects(path: &Path) -> Result<Vec<Project>, BuildError> {
    let folder = path.canonicalize().map_err(BuildError::io("opening folder", path))?;
    for folder_above in folder.ancestors() {
        if folder_above.join(mpp_toml::NAME).is_file() {
            return Ok(vec![mpp_toml::read(folder_above)?]);
        }
        if folder_above.join("Cargo.toml").is_file() {
            return cargo::projects(&folder);
        }
    }
    Err(BuildError::NoProject { folder: path.to_owned() })
}
