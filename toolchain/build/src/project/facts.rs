//! The questions that a manifest must answer, wherever it is written: `Cargo.toml` or `mpp.toml`.

use crate::{BuildError, recipe::Recipe, trust};
use mpp_schema::{Ident, manifest::TrustLevel, project::Metadata};
use std::path::Path;

/// What the author wrote, and where.
pub(super) struct Facts<'a> {
    pub(super) file: &'a Path,
    /// The table that speaks of MPP.
    pub(super) table: &'static str,
    pub(super) metadata: &'a Metadata,
}

impl Facts<'_> {
    pub(super) fn error(&self, field: &str, problem: impl Into<String>, hint: impl Into<String>) -> BuildError {
        BuildError::Metadata {
            file: self.file.to_owned(),
            field: field.to_owned(),
            problem: problem.into(),
            hint: Some(hint.into()),
        }
    }

    pub(super) fn name(&self, name: &str) -> Result<Ident, BuildError> {
        name.parse().map_err(|error: mpp_schema::ParseNameError| {
            let hint = match closest_ident(name) {
                Some(ident) => format!("write `name = \"{ident}\"` under [package]"),
                None => "write another `name` under [package]".to_owned(),
            };
            self.error("package.name", error.to_string(), hint)
        })
    }

    pub(super) fn namespace(&self) -> Result<Ident, BuildError> {
        self.metadata.namespace.clone().ok_or_else(|| {
            let hint = format!("write `namespace = \"your-name\"` under [{}]", self.table);
            self.error(&format!("{}.namespace", self.table), "expected a namespace, found nothing", hint)
        })
    }

    pub(super) fn description(&self, written: Option<&str>) -> Result<String, BuildError> {
        let written = written.map(str::trim).filter(|text| !text.is_empty());
        written.map(str::to_owned).ok_or_else(|| {
            let hint = "write `description = \"…\"` under [package]: one sentence on what the tools are for";
            self.error("package.description", "expected one sentence, found nothing", hint)
        })
    }

    /// The recipe of any builder but cargo.
    pub(super) fn recipe(&self) -> Result<Option<Recipe>, BuildError> {
        let build = self.metadata.build.as_ref().map(Recipe::of).transpose();
        let found = build
            .map_err(|wrong| self.error(&format!("{}.build.{}", self.table, wrong.field), wrong.problem, wrong.hint));
        Ok(found?.flatten())
    }

    pub(super) fn check(&self) -> Result<(), BuildError> {
        self.check_wit()?;
        self.check_trust()
    }

    /// An absolute path would be another folder on another machine.
    fn check_wit(&self) -> Result<(), BuildError> {
        match self.metadata.wit.as_deref() {
            Some(wit) if Path::new(wit).has_root() => {
                let problem = format!("expected a path relative to the package, found `{wit}`");
                Err(self.error(&format!("{}.wit", self.table), problem, "write `wit = \"wit\"`"))
            }
            _ => Ok(()),
        }
    }

    fn check_trust(&self) -> Result<(), BuildError> {
        let declared = self.metadata.trust.unwrap_or(TrustLevel::Sandboxed);
        match trust::needed(&self.metadata.permissions) {
            Some((needed, because)) if needed > declared => Err(BuildError::Trust {
                file: self.file.to_owned(),
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
