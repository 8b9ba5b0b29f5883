//! A case as a file: `tests/<tool>/<case>.json` (PROJ-71).

use super::TestError;
use crate::{
    OpsError,
    atomic_write::IoError,
    verb::grant::{FolderWish, Wishes},
};
use mpp_build::Project;
use mpp_schema::{Ident, ToolName};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

/// Where the cases of a project are.
const FOLDER: &str = "tests";
/// Files of tests that are no cases.
const FIXTURES: &str = "fixtures";

/// Where a case is.
pub(super) struct CaseFile {
    pub(super) tool: ToolName,
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// A case that was read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// What it shows; for people.
    #[serde(default, rename = "about")]
    _about: Option<String>,
    #[serde(default = "no_arguments")]
    pub(super) arguments: Json,
    #[serde(default)]
    pub(super) grants: CaseGrants,
    #[serde(default, deserialize_with = "present")]
    result: Option<Json>,
    #[serde(default)]
    error: Option<CaseError>,
}

/// What is granted for a case.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CaseGrants {
    /// For each slot a folder below the project's; the tool gets a copy.
    folders: BTreeMap<Ident, PathBuf>,
    http: Vec<String>,
    kv: bool,
    config: BTreeMap<String, String>,
    clock: bool,
    logging: bool,
    progress: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseError {
    code: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default, deserialize_with = "present")]
    value: Option<Json>,
}

/// What a case expects, or what came out.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expected {
    /// A result; `null` for a tool that has none.
    Result(Json),
    /// An error. What is absent is not compared.
    Error { code: String, message: Option<String>, value: Option<Json> },
}

fn no_arguments() -> Json {
    json!({})
}

/// `null` is a value.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// The cases of a project that the filter leaves, by name, and how many it leaves out.
pub(super) fn files(project: &Project, filter: Option<&str>) -> Result<(Vec<CaseFile>, usize), OpsError> {
    let tests = project.folder.join(FOLDER);
    if !tests.is_dir() {
        return Ok((Vec::new(), 0));
    }
    let known = mpp_build::tools(project)?;
    let (mut found, mut left_out) = (Vec::new(), 0);
    for folder in sorted(&tests)?.into_iter().filter(|path| path.is_dir() && !path.ends_with(FIXTURES)) {
        let cases: Vec<_> = sorted(&folder)?.into_iter().filter(|path| has_ending(path, "json")).collect();
        let tool = known.iter().find(|tool| folder.ends_with(tool.as_str()));
        let tool = match tool {
            Some(tool) => tool,
            None if cases.is_empty() => continue,
            None => return Err(unknown_tool(project, folder, &known).into()),
        };
        for path in cases {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match filter.is_none_or(|filter| format!("{tool}/{name}").contains(filter)) {
                true => found.push(CaseFile { tool: tool.clone(), name, path }),
                false => left_out += 1,
            }
        }
    }
    Ok((found, left_out))
}

fn unknown_tool(project: &Project, folder: PathBuf, known: &[ToolName]) -> TestError {
    let known = known.iter().map(|tool| format!("`{tool}`")).collect();
    TestError::UnknownTool { folder, package: project.name.clone(), known }
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, IoError> {
    let failed = || IoError::on("read the folder", folder);
    let entries = fs::read_dir(folder).map_err(failed())?;
    let mut paths = entries.map(|entry| Ok(entry.map_err(failed())?.path())).collect::<Result<Vec<_>, IoError>>()?;
    paths.sort();
    Ok(paths)
}

impl Case {
    pub(super) fn read(path: &Path) -> Result<Self, OpsError> {
        let text = fs::read_to_string(path).map_err(IoError::on("read the case", path))?;
        let case: Self = serde_json::from_str(&text).map_err(|error| malformed(path, error.to_string()))?;
        match (&case.result, &case.error) {
            (Some(_), Some(_)) => Err(malformed(path, "expected `result` or `error`, found both".to_owned()).into()),
            _ => Ok(case),
        }
    }

    /// What it expects; nothing where it says nothing yet.
    pub(super) fn expected(&self) -> Option<Expected> {
        let error = |error: &CaseError| Expected::Error {
            code: error.code.clone(),
            message: error.message.clone(),
            value: error.value.clone(),
        };
        self.result.clone().map(Expected::Result).or_else(|| self.error.as_ref().map(error))
    }
}

/// The text of the case at `path`, which expects what came out from now on. What else it says stays.
pub(super) fn blessed(path: &Path, found: &Expected) -> Result<String, OpsError> {
    let text = fs::read_to_string(path).map_err(IoError::on("read the case", path))?;
    let mut case: Map<String, Json> =
        serde_json::from_str(&text).map_err(|error| malformed(path, error.to_string()))?;
    let kept = case.get("error").and_then(|error| error.get("message")).is_some();
    case.shift_remove("result");
    case.shift_remove("error");
    match found {
        Expected::Result(result) => case.insert("result".to_owned(), result.clone()),
        Expected::Error { code, message, value } => {
            let mut error = json!({ "code": code });
            // The words of a message may change; they are compared only where an author wrote them down.
            if let Some(message) = message.as_ref().filter(|_| kept) {
                error["message"] = json!(message);
            }
            if let Some(value) = value {
                error["value"] = value.clone();
            }
            case.insert("error".to_owned(), error)
        }
    };
    let text = serde_json::to_string_pretty(&case).map_err(|error| malformed(path, error.to_string()))?;
    Ok(text + "\n")
}

fn malformed(path: &Path, problem: String) -> TestError {
    TestError::Malformed { file: path.to_owned(), problem }
}

impl CaseGrants {
    /// The same as wishes for one call; folders are copied below `copies`.
    pub(super) fn wishes(&self, project: &Project, file: &CaseFile, copies: &Path) -> Result<Wishes, OpsError> {
        let mut folders = Vec::new();
        for (slot, path) in &self.folders {
            if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
                let problem = format!("the folder `{}` must lie below the project's", path.display());
                return Err(malformed(&file.path, problem).into());
            }
            let copy = copies.join(slot.as_str());
            copy_folder(&project.folder.join(path), &copy)?;
            folders.push(FolderWish { slot: slot.clone(), path: copy, access: None });
        }
        Ok(Wishes {
            folders,
            http: self.http.clone(),
            kv: self.kv,
            config: self.config.clone().into_iter().collect(),
            clock: self.clock,
            logging: self.logging,
            progress: self.progress,
            ..Wishes::default()
        })
    }
}

/// Copies folders and files; links are left out, since they may lead anywhere.
fn copy_folder(from: &Path, to: &Path) -> Result<(), IoError> {
    fs::create_dir_all(to).map_err(IoError::on("make the folder", to))?;
    for path in sorted(from)? {
        let kind = fs::symlink_metadata(&path).map_err(IoError::on("look at", &path))?.file_type();
        let copy = to.join(path.file_name().unwrap_or_default());
        if kind.is_dir() {
            copy_folder(&path, &copy)?;
        } else if kind.is_file() {
            fs::copy(&path, &copy).map_err(IoError::on("copy", &path))?;
        }
    }
    Ok(())
}
