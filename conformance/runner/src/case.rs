//! One case: what is asked, which answer is right, and why.
//!
//! A case is a folder with `case.json` and its input files. What the values mean is the operation's business, not ours.

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// A case as it is asked.
#[derive(Debug)]
pub(crate) struct Case {
    /// `<chapter>/<case>`.
    pub(crate) name: String,
    /// One line: what goes wrong when the answer is another.
    pub(crate) why: String,
    /// The right answer.
    pub(crate) expect: Expect,
    folder: PathBuf,
    written: Written,
}

/// `case.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    operation: String,
    why: String,
    /// The accepted case that differs only in the attacked point.
    #[serde(default)]
    twin: Option<String>,
    /// Fields of the request that name input files, relative to the case's folder.
    #[serde(default)]
    files: Map<String, Json>,
    /// The other fields of the request.
    #[serde(default)]
    values: Map<String, Json>,
    expect: Expect,
}

/// The right answer. A field that is absent is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Expect {
    /// The input is good.
    Accepted {
        /// The digest that identifies what was accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<String>,
        /// The id of the key that was accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// What the input became.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// The input is bad, for this reason.
    Refused {
        /// A code of `spec/errors.md`.
        code: String,
    },
}

impl Case {
    /// The request for the program: one JSON object with absolute file names.
    pub(crate) fn request(&self) -> Json {
        let mut request = json!({ "protocol": 1, "operation": self.written.operation });
        for (field, name) in &self.written.files {
            let path = self.folder.join(name.as_str().unwrap_or_default());
            request[field] = json!(path.to_string_lossy());
        }
        for (field, value) in &self.written.values {
            request[field] = value.clone();
        }
        request
    }
}

/// Every case under `vectors`, sorted by name. A folder that is not a well-formed case is an error, never skipped.
pub(crate) fn read_all(vectors: &Path) -> anyhow::Result<Vec<Case>> {
    let vectors = vectors.canonicalize().with_context(|| format!("cannot find the cases `{}`", vectors.display()))?;
    let mut cases = Vec::new();
    for chapter in folders_in(&vectors)? {
        for folder in folders_in(&vectors.join(&chapter))? {
            let name = format!("{chapter}/{folder}");
            let case = read(&vectors, &name).with_context(|| format!("case `{name}`"))?;
            cases.push(case);
        }
    }
    for case in &cases {
        check_twin(case, &cases).with_context(|| format!("case `{}`", case.name))?;
    }
    Ok(cases)
}

fn folders_in(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn read(vectors: &Path, name: &str) -> anyhow::Result<Case> {
    let folder = vectors.join(name);
    let text = fs::read_to_string(folder.join("case.json")).context("cannot read `case.json`")?;
    let written: Written = serde_json::from_str(&text).context("`case.json` does not have the shape of a case")?;
    ensure!(!written.why.is_empty() && !written.why.contains('\n'), "`why` is not one line");
    for file in written.files.values() {
        check_file(&folder, file)?;
    }
    Ok(Case { name: name.to_owned(), why: written.why.clone(), expect: written.expect.clone(), folder, written })
}

fn check_file(folder: &Path, file: &Json) -> anyhow::Result<()> {
    let name = Path::new(file.as_str().context("a file name is not text")?);
    let inside = name.components().all(|part| matches!(part, Component::Normal(_)));
    ensure!(inside && folder.join(name).is_file(), "`{}` is not a file of the case", name.display());
    Ok(())
}

/// A refusal proves little unless the same thing without the attack is accepted.
fn check_twin(case: &Case, cases: &[Case]) -> anyhow::Result<()> {
    let Some(twin) = &case.written.twin else {
        ensure!(matches!(case.expect, Expect::Accepted { .. }), "a refused case needs a `twin`");
        return Ok(());
    };
    let twin = cases.iter().find(|other| other.name == *twin).with_context(|| format!("there is no twin `{twin}`"))?;
    ensure!(matches!(twin.expect, Expect::Accepted { .. }), "the twin `{}` is not an accepted case", twin.name);
    ensure!(twin.written.operation == case.written.operation, "the twin `{}` is another operation", twin.name);
    Ok(())
}
