//! A cargo package as a project: `[package.metadata.mpp]` in its `Cargo.toml`, and what `cargo metadata` says about the rest.

use super::{Project, facts::Facts};
use crate::{
    BuildError, Programs,
    metadata::Written,
    recipe::{CargoRecipe, Recipe},
};
use cargo_metadata::{MetadataCommand, Package, TargetKind};
use mpp_schema::PackageName;
use std::path::Path;

/// The table that speaks of MPP.
pub(super) const TABLE: &str = "package.metadata.mpp";

/// The package whose folder holds `folder`; or all packages for MPP of the workspace whose root it is. Never none.
pub(super) fn projects(folder: &Path) -> Result<Vec<Project>, BuildError> {
    let cargo = read(folder)?;
    let members = cargo.workspace_packages();
    let at_root = folder == cargo.workspace_root.as_std_path();
    if let Some(own) = closest(&members, folder).filter(|own| speaks_of_mpp(own) || !at_root) {
        return Ok(vec![of_package(own, &cargo)?]);
    }
    let speaking: Vec<_> = members.into_iter().filter(|package| speaks_of_mpp(package)).collect();
    if speaking.is_empty() {
        return Err(BuildError::NotAPackage { manifest: cargo.workspace_root.join("Cargo.toml").into() });
    }
    speaking.into_iter().map(|package| of_package(package, &cargo)).collect()
}

fn read(folder: &Path) -> Result<cargo_metadata::Metadata, BuildError> {
    let programs = Programs::default();
    let mut command = MetadataCommand::new();
    command.cargo_path(&programs.cargo).current_dir(folder).no_deps();
    cargo_error(command.exec(), &programs)
}

fn lib_name(package: &Package, facts: &Facts<'_>) -> Result<String, BuildError> {
    let libs = package.targets.iter().find(|target| target.is_kind(TargetKind::CDyLib));
    libs.map(|target| target.name.clone()).ok_or_else(|| {
        let hint = "write `crate-type = [\"cdylib\"]` under [lib]";
        facts.error("lib.crate-type", "expected a library of the type `cdylib`, found none", hint)
    })
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
    let facts = Facts { file: manifest_path, table: TABLE, metadata: &metadata };
    facts.check()?;
    let recipe = match facts.recipe()? {
        Some(recipe) => recipe,
        None => Recipe::Cargo(CargoRecipe { id: package.id.clone(), lib_name: lib_name(package, &facts)? }),
    };
    Ok(Project {
        name: PackageName::new(facts.namespace()?, facts.name(&package.name)?),
        version: package.version.clone(),
        description: facts.description(package.description.as_deref())?,
        license: said(package.license.as_ref()),
        homepage: said(package.homepage.as_ref()),
        repository: said(package.repository.as_ref()),
        folder: manifest_path.parent().unwrap_or(workspace).to_owned(),
        manifest_path: manifest_path.to_owned(),
        workspace: workspace.to_owned(),
        target_folder: cargo.target_directory.clone().into(),
        readme: package.readme().map(Into::into),
        license_file: package.license_file().map(Into::into),
        recipe,
        metadata,
    })
}
