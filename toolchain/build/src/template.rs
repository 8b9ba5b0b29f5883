//! The templates that are part of the program: real projects of this repository, with what `mpp new` may change in them.

use crate::BuildError;
use serde::Deserialize;

/// A project that `mpp new` copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// What it is called.
    pub name: &'static str,
    /// Its files: path with forward slashes, and text.
    pub(crate) files: &'static [(&'static str, &'static str)],
}

/// `template.toml`, which lies in each template and is not copied.
const ABOUT: &str = "template.toml";

/// All templates, sorted by name.
static TEMPLATES: &[Template] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// What `template.toml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    pub(crate) description: String,
    /// The command that is tried first with the new project.
    pub(crate) next: String,
    pub(crate) names: Names,
}

/// The names that a new project's names take the place of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Names {
    pub(crate) namespace: String,
    pub(crate) package: String,
    pub(crate) files: Vec<String>,
}

/// All templates, sorted by name.
pub fn templates() -> &'static [Template] {
    TEMPLATES
}

/// The template of that name.
pub fn template(name: &str) -> Result<&'static Template, BuildError> {
    let unknown = || BuildError::UnknownTemplate {
        name: name.to_owned(),
        known: TEMPLATES.iter().map(|template| template.name).collect(),
    };
    TEMPLATES.iter().find(|template| template.name == name).ok_or_else(unknown)
}

impl Template {
    /// What it is, in one sentence.
    pub fn description(&self) -> String {
        self.about().description
    }

    /// The command that is tried first: `run`, or `build` for what cannot be called.
    pub fn next(&self) -> String {
        self.about().next
    }

    /// The files that a new project gets.
    pub(crate) fn project_files(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.files.iter().copied().filter(|(path, _)| *path != ABOUT)
    }

    pub(crate) fn about(&self) -> About {
        let text = self.files.iter().find(|(path, _)| *path == ABOUT).map_or("", |(_, text)| text);
        toml::from_str(text).unwrap_or_else(|error| panic!("template `{}` is not complete: {error}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::{template, templates};

    #[test]
    fn each_template_says_what_it_is() {
        assert!(!templates().is_empty());
        for template in templates() {
            let about = template.about();
            assert!(about.description.ends_with('.'), "{}", template.name);
            assert!(["run", "build"].contains(&&*about.next), "{}", template.name);
            for file in &about.names.files {
                assert!(template.project_files().any(|(path, _)| path == file), "{}: {file}", template.name);
            }
        }
    }

    #[test]
    fn an_unknown_template_is_answered_with_those_there_are() {
        let error = template("cobol").unwrap_err();
        assert_eq!(error.to_string(), "no template is called `cobol`; there are: filter, rust");
    }

    #[test]
    fn nothing_that_a_build_left_is_part_of_a_template() {
        for template in templates() {
            for (path, _) in template.files {
                assert!(!path.starts_with("target/"), "{}: {path}", template.name);
            }
        }
    }
}
