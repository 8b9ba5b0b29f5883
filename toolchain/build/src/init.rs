//! Making a tool of a cargo package that exists: what it lacks is added, and nothing that is there is changed or moved.
//!
//! [`plan`] reads and decides, [`Plan::carry_out`] writes. A person can look at the plan in between.

use crate::{BuildError, project::closest_ident};
use mpp_schema::{Ident, PackageName};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, value};

/// The bindings that a starting point uses; the templates use the same line.
const WIT_BINDGEN: &str = "0.60";

/// What will be written, and what is left to the author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The package.
    pub package: PackageName,
    /// The folder of the package.
    pub folder: PathBuf,
    /// Files with their whole new text, relative to the folder. Only `Cargo.toml` exists already.
    pub writes: Vec<(PathBuf, String)>,
    /// What the author still has to do, one sentence each.
    pub remaining: Vec<String>,
}

/// What the package in `folder` lacks to be a tool of `namespace`.
pub fn plan(folder: &Path, namespace: &Ident) -> Result<Plan, BuildError> {
    let manifest_path = folder.join("Cargo.toml");
    let old = fs::read_to_string(&manifest_path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => BuildError::NoProject { folder: folder.to_owned() },
        _ => BuildError::io("reading", &manifest_path)(error),
    })?;
    let mut edit = Edit { file: &manifest_path, document: parse(&old, &manifest_path)? };
    let name = edit.name()?;
    let (has_lib, has_wit) = (edit.has_lib(folder), folder.join("wit").is_dir());
    let namespace = edit.metadata(namespace)?;
    edit.crate_type(folder)?;
    let (mut writes, mut remaining) = (Vec::new(), Vec::new());
    if !has_wit {
        writes.push((PathBuf::from("wit/world.wit"), starting_wit(&namespace, &name)));
    }
    if has_lib && !(has_wit && edit.has_bindings()) {
        remaining.push(format!(
            "implement the functions of `wit/` in the library, for instance with wit-bindgen {WIT_BINDGEN}"
        ));
    } else if !has_lib && !has_wit {
        edit.dependency()?;
        writes.push((PathBuf::from("src/lib.rs"), STARTING_LIB.to_owned()));
    }
    if !edit.has_description() {
        remaining.push(
            "write a `description` under [package] in `Cargo.toml`: one sentence on what the tools are for".to_owned(),
        );
    }
    let new = edit.document.to_string();
    if new != old {
        // Last: as long as it is the old one, the package is what it was.
        writes.push((PathBuf::from("Cargo.toml"), new));
    }
    Ok(Plan { package: PackageName::new(namespace, name), folder: folder.to_owned(), writes, remaining })
}

impl Plan {
    /// Writes everything. After an error the package is as it was before.
    pub fn carry_out(&self) -> Result<(), BuildError> {
        let mut made = Vec::new();
        let result = self.writes.iter().try_for_each(|(path, text)| {
            let path = self.folder.join(path);
            let existed = path.exists();
            replace(&path, text)?;
            made.extend((!existed).then_some(path));
            Ok(())
        });
        if result.is_err() {
            for path in made {
                // The first error is the one to tell.
                let _ = fs::remove_file(path);
            }
        }
        result
    }
}

/// Puts `text` in the place of the file at once, or not at all.
fn replace(path: &Path, text: &str) -> Result<(), BuildError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(BuildError::io("making folder", folder))?;
    let mut file =
        tempfile::NamedTempFile::new_in(folder).map_err(BuildError::io("making a temporary file in", folder))?;
    if let Ok(old) = fs::metadata(path) {
        file.as_file().set_permissions(old.permissions()).map_err(BuildError::io("writing", path))?;
    }
    let written = file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all());
    written.map_err(BuildError::io("writing", path))?;
    file.persist(path).map_err(|error| BuildError::io("writing", path)(error.error))?;
    Ok(())
}

fn parse(text: &str, file: &Path) -> Result<DocumentMut, BuildError> {
    text.parse().map_err(|error: toml_edit::TomlError| wrong(file, "Cargo.toml", error.to_string()))
}

fn wrong(file: &Path, field: &str, problem: String) -> BuildError {
    BuildError::Metadata { file: file.to_owned(), field: field.to_owned(), problem, hint: None }
}

/// A `Cargo.toml` that is being changed.
struct Edit<'a> {
    file: &'a Path,
    document: DocumentMut,
}

impl Edit<'_> {
    fn package(&self) -> Option<&dyn TableLike> {
        self.document.get("package").and_then(Item::as_table_like)
    }

    fn name(&self) -> Result<Ident, BuildError> {
        let Some(name) = self.package().and_then(|package| package.get("name")?.as_str()) else {
            let problem = "expected the name of a package, found none (in a workspace, go to one of its packages)";
            return Err(wrong(self.file, "package.name", problem.to_owned()));
        };
        name.parse().map_err(|error: mpp_schema::ParseNameError| BuildError::Metadata {
            file: self.file.to_owned(),
            field: "package.name".to_owned(),
            problem: error.to_string(),
            hint: closest_ident(name).map(|ident| format!("write `name = \"{ident}\"` under [package]")),
        })
    }

    fn has_description(&self) -> bool {
        self.package().is_some_and(|package| package.contains_key("description"))
    }

    fn has_bindings(&self) -> bool {
        let dependencies = self.document.get("dependencies").and_then(Item::as_table_like);
        dependencies.is_some_and(|dependencies| dependencies.contains_key("wit-bindgen"))
    }

    fn has_lib(&self, folder: &Path) -> bool {
        let path = self.document.get("lib").and_then(|lib| lib.get("path")?.as_str()).unwrap_or("src/lib.rs");
        folder.join(path).is_file()
    }

    /// Adds `[package.metadata.mpp]`, and gives the namespace: the one that was there counts.
    fn metadata(&mut self, namespace: &Ident) -> Result<Ident, BuildError> {
        let package = table_in(self.document.as_table_mut(), "package", self.file)?;
        let metadata = table_in(package, "metadata", self.file)?;
        let mpp = table_in(metadata, "mpp", self.file)?;
        let written = mpp.entry("namespace").or_insert_with(|| value(namespace.as_str())).as_str();
        let parsed = written.and_then(|written| written.parse().ok());
        parsed.ok_or_else(|| {
            let problem = "expected a kebab-case identifier such as `acme`".to_owned();
            wrong(self.file, "package.metadata.mpp.namespace", problem)
        })
    }

    /// Adds `cdylib` to the library's types, and keeps what cargo would have built without it where something can use that.
    fn crate_type(&mut self, folder: &Path) -> Result<(), BuildError> {
        let used =
            ["src/main.rs", "src/bin", "tests", "examples", "benches"].iter().any(|path| folder.join(path).exists());
        let lib = table_in(self.document.as_table_mut(), "lib", self.file)?;
        let key = if lib.contains_key("crate_type") { "crate_type" } else { "crate-type" };
        let types = lib.entry(key).or_insert_with(|| {
            let types: Array = if used { ["rlib"].into_iter().collect() } else { Array::new() };
            value(types)
        });
        let Some(types) = types.as_array_mut() else {
            return Err(wrong(self.file, "lib.crate-type", "expected an array".to_owned()));
        };
        if !types.iter().any(|kind| kind.as_str() == Some("cdylib")) {
            types.push("cdylib");
        }
        Ok(())
    }

    fn dependency(&mut self) -> Result<(), BuildError> {
        let mut bindings = InlineTable::new();
        bindings.insert("version", WIT_BINDGEN.into());
        bindings.insert("default-features", false.into());
        bindings.insert("features", ["macros", "realloc"].into_iter().collect::<Array>().into());
        let dependencies = table_in(self.document.as_table_mut(), "dependencies", self.file)?;
        dependencies.entry("wit-bindgen").or_insert(value(bindings));
        Ok(())
    }
}

/// The table `key` of `parent`, made when it is not there. A new one gets a heading only when it holds values of its own.
fn table_in<'t>(parent: &'t mut dyn TableLike, key: &str, file: &Path) -> Result<&'t mut dyn TableLike, BuildError> {
    let item = parent.entry(key).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let found = item.type_name();
    item.as_table_like_mut().ok_or_else(|| wrong(file, key, format!("expected a table, found {found}")))
}

fn starting_wit(namespace: &Ident, name: &Ident) -> String {
    use crate::placeholder::wit_name;
    format!("package {}:{};\n{STARTING_WORLD}", wit_name(namespace), wit_name(name))
}

const STARTING_WORLD: &str = "
/// What this package offers. Every function is one tool.
world tools {
  /// Counts the words of a text. This comment is what an agent reads before it calls.
  export count-words: func(
    /// The text.
    text: string,
  ) -> u32;
}
";

const STARTING_LIB: &str = r#"//! The tools that `wit/world.wit` declares.

wit_bindgen::generate!({ path: "wit", world: "tools" });

struct Tool;

impl Guest for Tool {
    fn count_words(text: String) -> u32 {
        text.split_whitespace().count() as u32
    }
}

export!(Tool);
"#;

#[cfg(test)]
mod tests {
    use super::plan;
    use std::{fs, path::Path};
    use tempfile::TempDir;

    fn package(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], written: &[&str], cargo_toml: &str) {
        let folder = package(files);
        let plan = plan(folder.path(), &"acme".parse().unwrap()).unwrap();
        let paths: Vec<_> = plan.writes.iter().map(|(path, _)| path.to_str().unwrap()).collect();
        assert_eq!(paths, written);
        plan.carry_out().unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("Cargo.toml")).unwrap(), cargo_toml);
    }

    const SMALL: &str = "[package]\nname = \"notes\"\n";

    #[test]
    fn what_is_there_stays_as_it_is_written() {
        let odd =
            "# mine\n[package] # here\nname = 'notes'\ndescription = \"x\"\n\n[dependencies]\nserde   = \"1\" # odd\n";
        let lib = "\n[lib]\ncrate-type = [\"cdylib\"]\n";
        let expected =
            odd.replace("\n[dependencies]", "\n[package.metadata.mpp]\nnamespace = \"acme\"\n\n[dependencies]");
        check(&[("Cargo.toml", odd), ("src/lib.rs", "")], &["wit/world.wit", "Cargo.toml"], &(expected + lib));
    }

    #[test]
    fn a_library_that_others_use_stays_one() {
        let written = "[package]\nname = \"notes\"\n\n[package.metadata.mpp]\nnamespace = \"acme\"\n\n[lib]\ncrate-type = [\"rlib\", \"cdylib\"]\n";
        check(
            &[("Cargo.toml", SMALL), ("src/lib.rs", ""), ("src/main.rs", ""), ("wit/a.wit", "")],
            &["Cargo.toml"],
            written,
        );
    }

    #[test]
    fn a_second_run_changes_nothing() {
        let done = "[package]\nname = \"notes\"\n[package.metadata.mpp]\nnamespace = \"me\"\n[lib]\ncrate-type = [\"cdylib\"]\n";
        check(&[("Cargo.toml", done), ("src/lib.rs", ""), ("wit/a.wit", "")], &[], done);
    }

    #[test]
    fn a_tool_that_is_one_has_nothing_left_to_do() {
        let done = "[package]\nname = \"notes\"\ndescription = \"x\"\n[package.metadata.mpp]\nnamespace = \"me\"\n\
                    [lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nwit-bindgen = \"0.60\"\n";
        let folder = package(&[("Cargo.toml", done), ("src/lib.rs", ""), ("wit/a.wit", "")]);
        let plan = plan(folder.path(), &"acme".parse().unwrap()).unwrap();
        assert!(plan.writes.is_empty() && plan.remaining.is_empty(), "{plan:?}");
    }

    #[test]
    fn a_package_without_a_library_gets_one_that_builds() {
        let folder = package(&[("Cargo.toml", SMALL), ("src/main.rs", "fn main() {}")]);
        let plan = plan(folder.path(), &"acme".parse().unwrap()).unwrap();
        let paths: Vec<_> = plan.writes.iter().map(|(path, _)| path.as_path()).collect();
        assert_eq!(paths, [Path::new("wit/world.wit"), Path::new("src/lib.rs"), Path::new("Cargo.toml")]);
        assert!(plan.writes[2].1.contains("wit-bindgen = { version = \"0.60\""), "{}", plan.writes[2].1);
        assert_eq!(plan.remaining.len(), 1, "the description is missing");
    }

    #[test]
    fn a_plan_that_cannot_be_carried_out_leaves_the_package_as_it_was() {
        let folder = package(&[("Cargo.toml", SMALL), ("src/main.rs", "")]);
        let plan = plan(folder.path(), &"acme".parse().unwrap()).unwrap();
        fs::remove_file(folder.path().join("Cargo.toml")).unwrap();
        fs::create_dir_all(folder.path().join("Cargo.toml/in-the-way")).unwrap();
        plan.carry_out().unwrap_err();
        assert!(!folder.path().join("wit/world.wit").exists());
        assert!(!folder.path().join("src/lib.rs").exists());
    }

    #[test]
    fn what_is_no_package_is_refused() {
        let check = |text: &str, expected: &str| {
            let folder = package(&[("Cargo.toml", text)]);
            let error = plan(folder.path(), &"acme".parse().unwrap()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        check("[workspace]\n", "package.name");
        check("[package]\nname = \"my_notes\"\n", "my_notes");
        check("[package\n", "Cargo.toml");
        check("[package]\nname = \"a\"\nmetadata = 1\n", "expected a table, found integer");
    }
}
