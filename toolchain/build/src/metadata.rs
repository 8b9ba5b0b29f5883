//! `[package.metadata.mpp]` with the defaults of `[workspace.metadata.mpp]`, strictly: what is not understood is refused by name.

use crate::BuildError;
use mpp_schema::project::Metadata;
use serde_json::{Map, Value as Json};
use std::path::Path;

/// The two tables and the files that they stand in.
pub(crate) struct Written<'a> {
    pub(crate) package: &'a Json,
    pub(crate) package_file: &'a Path,
    pub(crate) workspace: &'a Json,
    pub(crate) workspace_file: &'a Path,
}

impl Written<'_> {
    /// Both tables as one. A value or table that the package writes stands whole in the place of the workspace's.
    pub(crate) fn merged(&self) -> Result<Metadata, BuildError> {
        let mut merged = Map::new();
        for table in [self.workspace, self.package].into_iter().filter_map(|table| table.get("mpp")) {
            match table {
                Json::Object(table) => merged.extend(table.clone()),
                other => return Err(self.error("mpp", format!("expected a table, found {other}"))),
            }
        }
        serde_path_to_error::deserialize(Json::Object(merged)).map_err(|error| {
            let path = match error.path().to_string() {
                path if path == "." => "mpp".to_owned(),
                path => format!("mpp.{path}"),
            };
            self.error(&path, error.into_inner().to_string())
        })
    }

    /// An error about the file that the value came from.
    fn error(&self, path: &str, problem: String) -> BuildError {
        let written_in = |table: &Json| match path.split('.').nth(1) {
            Some(field) => table.pointer(&format!("/mpp/{field}")).is_some(),
            None => table.get("mpp").is_some_and(|mpp| !mpp.is_object()),
        };
        let (table, file) = match written_in(self.package) || !written_in(self.workspace) {
            true => ("package", self.package_file),
            false => ("workspace", self.workspace_file),
        };
        BuildError::Metadata { file: file.to_owned(), field: format!("{table}.metadata.{path}"), problem, hint: None }
    }
}

#[cfg(test)]
mod tests {
    use super::Written;
    use serde_json::{Value as Json, json};
    use std::path::Path;

    fn merged(package: &Json, workspace: &Json) -> Result<Json, String> {
        let (package_file, workspace_file) = (Path::new("p/Cargo.toml"), Path::new("Cargo.toml"));
        let merged = Written { package, package_file, workspace, workspace_file }.merged();
        merged.map(|metadata| serde_json::to_value(metadata).unwrap()).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn check(package: Json, workspace: Json, expected: Json) {
        assert_eq!(merged(&package, &workspace), Ok(expected));
    }

    #[track_caller]
    fn check_error(package: Json, workspace: Json, expected: &str) {
        let error = merged(&package, &workspace).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn the_workspace_gives_defaults_table_by_table() {
        check(
            json!({ "mpp": { "permissions": { "env": ["LANG"] } } }),
            json!({ "mpp": { "namespace": "acme", "permissions": { "config": ["x"] } } }),
            json!({ "namespace": "acme", "permissions": { "env": ["LANG"] } }),
        );
        check(
            json!({ "mpp": { "namespace": "me" } }),
            json!({ "mpp": { "namespace": "acme" } }),
            json!({ "namespace": "me" }),
        );
    }

    #[test]
    fn an_error_names_the_field_and_the_file_it_stands_in() {
        let misspelt = json!({ "mpp": { "permissions": { "folders": { "notes": { "acess": "read-only" } } } } });
        let field = "permissions.folders.notes.acess` in `";
        check_error(misspelt.clone(), Json::Null, &format!("`package.metadata.mpp.{field}p/Cargo.toml"));
        check_error(Json::Null, misspelt, &format!("`workspace.metadata.mpp.{field}Cargo.toml"));
        check_error(json!({ "mpp": { "trust": "full" } }), Json::Null, "`package.metadata.mpp.trust`");
        check_error(json!({ "mpp": { "trust": "full" } }), Json::Null, "`sandboxed`");
        check_error(json!({ "mpp": "yes" }), Json::Null, "`package.metadata.mpp` in");
        check_error(json!({ "mpp": { "tools": { "Bad_Name": { "risk": "read" } } } }), Json::Null, "Bad_Name");
    }
}
