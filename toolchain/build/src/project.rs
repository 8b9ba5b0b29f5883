//! What the author wrote, read and checked once: a [`Project`] has everything that a manifest needs.

use crate::{BuildError, Programs, metadata::Written, trust};
use cargo_metadata::{MetadataCommand, Package, PackageId, TargetKind};
use mpp_schema::{
    Ident, PackageName, Version,
    manifest::TrustLevel,
    project::{Metadata, ProjectFile},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A cargo package that can become a package for MPP.
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
    /// Its `Cargo.toml`.
    pub manifest_path: PathBuf,
    /// The folder of its workspace; the package's own where there is no other.
    pub workspace: PathBuf,
    /// Where cargo builds.
    pub target_folder: PathBuf,
    pub(crate) readme: Option<PathBuf>,
    pub(crate) license_file: Option<PathBuf>,
    pub(crate) id: PackageId,
    pub(crate) lib_name: String,
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

/// The project at `path`; or, where `path` is a workspace without a package of its own, all its packages for MPP. Never none.
pub fn projects(path: &Path) -> Result<Vec<Project>, BuildError> {
    let folder = path.canonicalize().map_err(BuildError::io("opening folder", path))?;
    let mpp_toml = folder.join("mpp.toml");
    if mpp_toml.is_file() {
        return Err(refuse_mpp_toml(&mpp_toml));
    }
    if !folder.ancestors().any(|folder| folder.join("Cargo.toml").is_file()) {
        return Err(BuildError::NoProject { folder: path.to_owned() });
    }
    let cargo = read(&folder)?;
    let members = cargo.workspace_packages();
    let at_root = folder == cargo.workspace_root.as_std_path();
    if let Some(own) = closest(&members, &folder).filter(|own| speaks_of_mpp(own) || !at_root) {
        return Ok(vec![of_package(own, &cargo)?]);
    }
    let speaking: Vec<_> = members.into_iter().filter(|package| speaks_of_mpp(package)).collect();
    if speaking.is_empty() {
        return Err(BuildError::NotAPackage { manifest: cargo.workspace_root.join("Cargo.toml").into() });
    }
    speaking.into_iter().map(|package| of_package(package, &cargo)).collect()
}

/// The shape of `mpp.toml` is checked, so that a mistake in it is not hidden behind the missing builder.
fn refuse_mpp_toml(file: &Path) -> BuildError {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return BuildError::io("reading", file)(error),
    };
    let field = |field: &str, problem: String, hint| BuildError::Metadata {
        file: file.to_owned(),
        field: field.to_owned(),
        problem,
        hint,
    };
    let parsed = toml::Deserializer::parse(&text).map_err(|error| field("mpp.toml", error.to_string(), None));
    let project = parsed.and_then(|document| {
        serde_path_to_error::deserialize::<_, ProjectFile>(document).map_err(|error| {
            let path = error.path().to_string();
            field(&path, error.into_inner().message().to_owned(), None)
        })
    });
    match project.map(|project| project.mpp.build.and_then(|build| build.builder)) {
        Ok(Some(builder)) => BuildError::Builder { file: file.to_owned(), builder },
        Ok(None) => {
            let hint = Some("write `builder = \"…\"` under [mpp.build]".to_owned());
            field("mpp.build.builder", "expected the builder, found nothing".to_owned(), hint)
        }
        Err(error) => error,
    }
}

fn read(folder: &Path) -> Result<cargo_metadata::Metadata, BuildError> {
    let programs = Programs::default();
    let mut command = MetadataCommand::new();
    command.cargo_path(&programs.cargo).current_dir(folder).no_deps();
    cargo_error(command.exec(), &programs)
}

/// The error of `cargo metadata`, told by whose turn it is.
pub(crate) fn cargo_error<T>(result: cargo_metadata::Result<T>, programs: &Programs) -> Result<T, BuildError> {
    result.map_err(|error| match error {
        cargo_metadata::Error::Io(source) => BuildError::Program { program: programs.cargo.clone(), source },
        cargo_metadata::Error::CargoMetadata { stderr } => BuildError::Cargo { message: stderr.trim().to_owned() },
        other => BuildError::Cargo { message: other.to_string() },
    })
}

/// The member whose folder holds `folder`, the deepest of several; not the root package's when `folder` is beside it.
fn closest<'a>(members: &[&'a Package], folder: &Path) -> Option<&'a Package> {
    let holds = |package: &&&Package| package.manifest_path.parent().is_some_and(|own| folder.starts_with(own));
    members.iter().filter(holds).max_by_key(|package| package.manifest_path.as_str().len()).copied()
}

fn speaks_of_mpp(package: &Package) -> bool {
    package.metadata.get("mpp").is_some()
}

/// A field that is there and empty says as little as one that is not there.
fn said(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

fn of_package(package: &Package, cargo: &cargo_metadata::Metadata) -> Result<Project, BuildError> {
    let manifest_path = package.manifest_path.as_std_path();
    if !speaks_of_mpp(package) {
        return Err(BuildError::NotAPackage { manifest: manifest_path.to_owned() });
    }
    let workspace = cargo.workspace_root.as_std_path();
    let metadata = Written {
        package: &package.metadata,
        package_file: manifest_path,
        workspace: &cargo.workspace_metadata,
        workspace_file: &workspace.join("Cargo.toml"),
    }
    .merged()?;
    let facts = Facts { package, metadata: &metadata };
    facts.check_builder()?;
    facts.check_wit()?;
    facts.check_trust()?;
    Ok(Project {
        name: PackageName::new(facts.namespace()?, facts.name()?),
        version: package.version.clone(),
        description: facts.description()?,
        license: said(package.license.as_ref()),
        homepage: said(package.homepage.as_ref()),
        repository: said(package.repository.as_ref()),
        folder: manifest_path.parent().unwrap_or(workspace).to_owned(),
        manifest_path: manifest_path.to_owned(),
        workspace: workspace.to_owned(),
        target_folder: cargo.target_directory.clone().into(),
        readme: package.readme().map(Into::into),
        license_file: package.license_file().map(Into::into),
        id: package.id.clone(),
        lib_name: facts.lib_name()?,
        metadata,
    })
}

/// The questions that a package must answer.
struct Facts<'a> {
    package: &'a Package,
    metadata: &'a Metadata,
}

impl Facts<'_> {
    fn error(&self, field: &str, problem: impl Into<String>, hint: impl Into<String>) -> BuildError {
        BuildError::Metadata {
            file: self.package.manifest_path.clone().into(),
            field: field.to_owned(),
            problem: problem.into(),
            hint: Some(hint.into()),
        }
    }

    fn name(&self) -> Result<Ident, BuildError> {
        let name = self.package.name.as_str();
        name.parse().map_err(|error: mpp_schema::ParseNameError| {
            let hint = match closest_ident(name) {
                Some(ident) => format!("write `name = \"{ident}\"` under [package]"),
                None => "write another `name` under [package]".to_owned(),
            };
            self.error("package.name", error.to_string(), hint)
        })
    }

    fn namespace(&self) -> Result<Ident, BuildError> {
        self.metadata.namespace.clone().ok_or_else(|| {
            let hint = "write `namespace = \"your-name\"` under [package.metadata.mpp]";
            self.error("package.metadata.mpp.namespace", "expected a namespace, found nothing", hint)
        })
    }

    fn description(&self) -> Result<String, BuildError> {
        let written = self.package.description.as_deref().map(str::trim).filter(|text| !text.is_empty());
        written.map(str::to_owned).ok_or_else(|| {
            let hint = "write `description = \"…\"` under [package]: one sentence on what the tools are for";
            self.error("package.description", "expected one sentence, found nothing", hint)
        })
    }

    fn lib_name(&self) -> Result<String, BuildError> {
        let libs = self.package.targets.iter().find(|target| target.is_kind(TargetKind::CDyLib));
        libs.map(|target| target.name.clone()).ok_or_else(|| {
            let hint = "write `crate-type = [\"cdylib\"]` under [lib]";
            self.error("lib.crate-type", "expected a library of the type `cdylib`, found none", hint)
        })
    }

    fn check_builder(&self) -> Result<(), BuildError> {
        match self.metadata.build.as_ref().and_then(|build| build.builder.as_deref()) {
            None | Some("cargo") => Ok(()),
            Some(other) => {
                let file = self.package.manifest_path.clone().into();
                Err(BuildError::Builder { file, builder: other.to_owned() })
            }
        }
    }

    /// An absolute path would be another folder on another machine.
    fn check_wit(&self) -> Result<(), BuildError> {
        match self.metadata.wit.as_deref() {
            Some(wit) if Path::new(wit).has_root() => {
                let problem = format!("expected a path relative to the package, found `{wit}`");
                Err(self.error("package.metadata.mpp.wit", problem, "write `wit = \"wit\"`"))
            }
            _ => Ok(()),
        }
    }

    fn check_trust(&self) -> Result<(), BuildError> {
        let declared = self.metadata.trust.unwrap_or(TrustLevel::Sandboxed);
        match trust::needed(&self.metadata.permissions) {
            Some((needed, because)) if needed > declared => Err(BuildError::Trust {
                file: self.package.manifest_path.clone().into(),
                needed: level_name(needed),
                declared: level_name(declared),
                because,
            }),
            _ => Ok(()),
        }
    }
}

fn level_name(level: TrustLevel) -> &'static str {
    match level {
        TrustLevel::Sandboxed => "sandboxed",
        TrustLevel::Limited => "limited",
        TrustLevel::Elevated => "elevated",
    }
}

/// The identifier that comes closest to `name`.
pub(crate) fn closest_ident(name: &str) -> Option<Ident> {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("-");
    joined.trim_start_matches(|c: char| !c.is_ascii_lowercase()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::closest_ident;

    #[test]
    fn suggests_a_name_that_is_allowed() {
        let check = |name, expected| {
            assert_eq!(closest_ident(name).map(String::from).as_deref(), expected, "{name}");
        };
        check("my_tool", Some("my-tool"));
        check("My__Tool_2", Some("my-tool-2"));
        check("3d", Some("d"));
        check("__", None);
    }
}
