//! A folder with an `mpp.toml` as a project: for every builder but cargo, which has its own manifest.

use super::{Project, facts::Facts};
use crate::BuildError;
use mpp_schema::{PackageName, project::ProjectFile};
use std::{fs, path::Path};

/// What the file is called.
pub(super) const NAME: &str = "mpp.toml";

/// The table that speaks of MPP.
pub(super) const TABLE: &str = "mpp";

/// The project in `folder`, which holds the file.
pub(super) fn read(folder: &Path) -> Result<Project, BuildError> {
    let path = folder.join(NAME);
    let ProjectFile { package, mpp } = parse(&path)?;
    let facts = Facts { file: &path, table: TABLE, metadata: &mpp };
    facts.check()?;
    let recipe = facts.recipe()?.ok_or_else(|| {
        let hint =
            "write `builder = \"…\"` under [mpp.build]; a cargo package has its table [package.metadata.mpp] instead";
        facts.error("mpp.build.builder", "expected a builder other than `cargo`", hint)
    })?;
    let beside = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
    Ok(Project {
        name: PackageName::new(facts.namespace()?, package.name),
        version: package.version,
        description: facts.description(Some(&package.description))?,
        license: said(package.license),
        homepage: said(package.homepage),
        repository: said(package.repository),
        readme: beside("README.md"),
        license_file: None,
        target_folder: folder.join("target"),
        workspace: folder.to_owned(),
        folder: folder.to_owned(),
        recipe,
        metadata: mpp,
        manifest_path: path,
    })
}

fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn parse(path: &Path) -> Result<ProjectFile, BuildError> {
    let text = fs::read_to_string(path).map_err(BuildError::io("reading", path))?;
    let wrong =
        |field: String, problem: String| BuildError::Metadata { file: path.to_owned(), field, problem, hint: None };
    let document = toml::Deserializer::parse(&text).map_err(|error| wrong(NAME.to_owned(), error.to_string()))?;
    serde_path_to_error::deserialize(document)
        .map_err(|error| wrong(error.path().to_string(), error.into_inner().message().to_owned()))
}
