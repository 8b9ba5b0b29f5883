//! Templates: real projects, with what `mpp new` may change in them. Some are part of the program, the others lie in a folder or in a
//! git repository.
//!
//! A template is text. Nothing of it runs when a project is made, wherever it came from.

mod folder;
mod origin;

use crate::BuildError;
use mpp_schema::Ident;
use serde::Deserialize;
use std::collections::BTreeMap;

pub use origin::TemplateOrigin;

/// A project that `mpp new` copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// What it is called, or where it came from.
    pub name: String,
    pub(crate) about: About,
    /// The files that a new project gets: path with forward slashes, and text.
    pub(crate) files: BTreeMap<String, String>,
}

/// `template.toml`, which lies in each template and is not copied.
const ABOUT: &str = "template.toml";

/// A template that is part of the program.
struct BuiltIn {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// All of them, sorted by name.
static BUILT_IN: &[BuiltIn] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// What `template.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    pub(crate) description: String,
    /// The command that is tried first with the new project.
    pub(crate) next: Next,
    pub(crate) names: Names,
}

/// The command that is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Next {
    Run,
    Build,
}

/// The names that a new project's names take the place of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Names {
    pub(crate) namespace: Ident,
    pub(crate) package: Ident,
    pub(crate) files: Vec<String>,
}

/// The names of the templates that are part of the program, sorted.
pub fn template_names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|template| template.name).collect()
}

/// The template of that name.
pub fn template(name: &str) -> Result<Template, BuildError> {
    let unknown = || BuildError::UnknownTemplate { name: name.to_owned(), known: template_names() };
    let found = BUILT_IN.iter().find(|template| template.name == name).ok_or_else(unknown)?;
    let files = found.files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Template::of_files(name.to_owned(), files)
}

impl Template {
    /// What it is, in one sentence.
    pub fn description(&self) -> &str {
        &self.about.description
    }

    /// The command that is tried first: `run`, or `build` for what cannot be called.
    pub fn next(&self) -> &'static str {
        match self.about.next {
            Next::Run => "run",
            Next::Build => "build",
        }
    }

    fn of_files(name: String, mut files: BTreeMap<String, String>) -> Result<Self, BuildError> {
        let wrong = |problem: String| BuildError::TemplateSource { name: name.clone(), problem };
        let about = files.remove(ABOUT).ok_or_else(|| wrong(format!("expected a file `{ABOUT}`, found none")))?;
        let about: About = toml::from_str(&about).map_err(|error| wrong(format!("`{ABOUT}`: {error}")))?;
        match about.names.files.iter().find(|file| !files.contains_key(*file)) {
            Some(file) => Err(wrong(format!("`{ABOUT}` names the file `{file}`, which is not there"))),
            None => Ok(Self { name, about, files }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{template, template_names};

    #[test]
    fn each_template_says_what_it_is() {
        assert!(!template_names().is_empty());
        for name in template_names() {
            let template = template(name).unwrap();
            assert!(template.description().ends_with('.'), "{name}");
            assert!(template.files.contains_key("README.md"), "{name}");
        }
    }

    #[test]
    fn an_unknown_template_is_answered_with_those_there_are() {
        let error = template("cobol").unwrap_err().to_string();
        let known = template_names().join(", ");
        assert_eq!(error, format!("no template is called `cobol`; there are: {known}"));
    }

    #[test]
    fn nothing_that_a_build_left_is_part_of_a_template() {
        for name in template_names() {
            for path in template(name).unwrap().files.keys() {
                assert!(!path.starts_with("target/"), "{name}: {path}");
            }
        }
    }
}
