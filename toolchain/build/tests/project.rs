//! Reading projects with the real cargo: what is found where, and what is refused with which words.

use mpp_build::{project, projects};
use mpp_schema::{Coded as _, manifest::TrustLevel};
use std::{fs, path::Path};
use tempfile::TempDir;

const WORKSPACE: &str = "[workspace]\nmembers = [\"a\", \"b\", \"c\"]\nresolver = \"3\"\n\
    [workspace.metadata.mpp]\nnamespace = \"acme\"\ntrust = \"limited\"\n";

fn member(name: &str, metadata: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.2.0\"\nedition = \"2024\"\ndescription = \"Does it.\"\n\
         [lib]\ncrate-type = [\"cdylib\"]\n{metadata}"
    )
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap().join("src")).unwrap();
        fs::write(path.parent().unwrap().join("src/lib.rs"), "").unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn workspace() -> TempDir {
    folder(&[
        ("Cargo.toml", WORKSPACE),
        ("a/Cargo.toml", &member("a", "[package.metadata.mpp]\n")),
        ("b/Cargo.toml", &member("b", "[package.metadata.mpp]\nnamespace = \"me\"\n")),
        ("c/Cargo.toml", &member("c", "")),
    ])
}

#[track_caller]
fn check(path: &Path, expected: &[&str]) {
    let found = projects(path).unwrap();
    assert_eq!(found.iter().map(|project| project.name.to_string()).collect::<Vec<_>>(), expected);
}

/// `changes` are made to a package that would be read without an error.
#[track_caller]
fn check_refusal(changes: &[(&str, &str)], code: &str, message: &str, help: &str) {
    let mut text = member("notes", "[package.metadata.mpp]\nnamespace = \"acme\"\n") + "[workspace]\n";
    let good = folder(&[("Cargo.toml", &text)]);
    project(good.path()).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from));
        text = text.replace(from, to);
    }
    let error = project(folder(&[("Cargo.toml", &text)]).path()).unwrap_err();
    assert_eq!(error.code().as_str(), code, "{error}");
    assert!(error.to_string().contains(message), "{error}");
    assert!(error.hints().join("\n").contains(help), "{:?}", error.hints());
}

#[test]
fn a_workspace_is_all_its_packages_for_mpp() {
    let workspace = workspace();
    check(workspace.path(), &["acme:a", "me:b"]);
    check(&workspace.path().join("a"), &["acme:a"]);
    check(&workspace.path().join("b/src"), &["me:b"]);
}

#[test]
fn a_project_knows_what_a_manifest_needs() {
    let workspace = workspace();
    let project = project(&workspace.path().join("a")).unwrap();
    assert_eq!(project.trust(), TrustLevel::Limited, "from the workspace");
    assert_eq!(project.description, "Does it.");
    let root = workspace.path().canonicalize().unwrap();
    assert!(project.package_file().ends_with("mpp/a-0.2.0.mpp"), "{:?}", project.package_file());
    assert_eq!(project.wit_folder(), root.join("a/wit"));
}

/// A manifest leaves out what holds nothing (PKG-40).
#[test]
fn a_field_that_is_there_and_empty_says_nothing() {
    let read = |value: &str| {
        let more = format!("license = \"{value}\"\nhomepage = \"{value}\"\nrepository = \"{value}\"\n[lib]");
        let text =
            member("notes", "[package.metadata.mpp]\nnamespace = \"acme\"\n").replace("[lib]", &more) + "[workspace]\n";
        let project = project(folder(&[("Cargo.toml", &text)]).path()).unwrap();
        [project.license, project.homepage, project.repository]
    };
    assert_eq!(read(""), [None, None, None]);
    assert_eq!(read("MIT"), ["MIT", "MIT", "MIT"].map(|text| Some(text.to_owned())));
}

#[test]
fn one_of_several_has_to_be_chosen() {
    let workspace = workspace();
    let error = project(workspace.path()).unwrap_err();
    assert!(error.to_string().contains("`acme:a`, `me:b`"), "{error}");
    assert!(error.hints()[0].starts_with("mpp build /"), "{:?}", error.hints());
    let error = project(&workspace.path().join("c")).unwrap_err();
    assert!(error.to_string().contains("expected a table [package.metadata.mpp]"), "{error}");
    assert_eq!(error.hints(), ["mpp init"]);
}

#[test]
fn where_there_is_no_project() {
    let empty = tempfile::tempdir().unwrap();
    let error = project(empty.path()).unwrap_err();
    assert!(error.to_string().starts_with("no project in `"), "{error}");
    assert_eq!(project(&empty.path().join("gone")).unwrap_err().code().as_str(), "io.failed");
}

#[test]
fn what_is_missing_or_wrong_is_named_with_what_to_write() {
    let field = |changes, message, help| check_refusal(changes, "build.metadata", message, help);
    field(&[("name = \"notes\"", "name = \"my_notes\"")], "`package.name`", "`name = \"my-notes\"`");
    field(&[("namespace = \"acme\"", "")], "`package.metadata.mpp.namespace`", "namespace = \"your-name\"");
    field(&[("description = \"Does it.\"", "")], "`package.description`", "description = ");
    field(&[("\"cdylib\"", "\"rlib\"")], "`lib.crate-type`", "crate-type = [\"cdylib\"]");
    field(&[("\"acme\"", "\"acme\"\ntrsut = \"limited\"")], "`package.metadata.mpp.trsut`", "");
    let command = "\"acme\"\nbuild.builder = \"command\"";
    let changes = [("\"acme\"", command)];
    field(&changes, "`package.metadata.mpp.build.command`", "command = [");
    field(&[("\"acme\"", "\"acme\"\nwit = \"/wit\"")], "`package.metadata.mpp.wit`", "wit = \"wit\"");
    field(&[("[package]", "[package")], "reading the project with cargo", "");
}

#[test]
fn trust_must_cover_the_permissions() {
    let http = "\"acme\"\npermissions.http = [{ origin = \"https://api.example.org\" }]";
    let changes = [("\"acme\"", http)];
    check_refusal(&changes, "manifest.trust", "at least `limited` for `permissions.http`", "trust = \"limited\"");
}

#[test]
fn an_mpp_toml_counts_before_what_lies_above_it_and_beside_it() {
    let text = "[package]\nname = \"notes\"\nversion = \"0.1.0\"\ndescription = \"x\"\n[mpp]\nnamespace = \"acme\"\n\
                [mpp.build]\nbuilder = \"c\"\n";
    let folder = folder(&[("Cargo.toml", &member("a", "[package.metadata.mpp]\n")), ("b/mpp.toml", text)]);
    for below in ["b", "b/src"] {
        let project = project(&folder.path().join(below)).unwrap();
        assert_eq!((project.name.to_string().as_str(), project.builder()), ("acme:notes", "c"), "{below}");
        assert!(project.package_file().ends_with("b/target/mpp/notes-0.1.0.mpp"), "{:?}", project.package_file());
    }
}

#[test]
fn a_wrong_mpp_toml_is_refused_by_the_name_of_its_field() {
    let check = |text: &str, expected: &str| {
        let error = project(folder(&[("mpp.toml", text)]).path()).unwrap_err();
        assert_eq!(error.code().as_str(), "build.metadata");
        assert!(error.to_string().contains(expected), "{error}");
    };
    let good = "[package]\nname = \"notes\"\nversion = \"0.1.0\"\ndescription = \"x\"\n[mpp]\nnamespace = \"acme\"\n";
    check(&format!("{good}build.builder = \"cargo\""), "`mpp.build.builder`");
    check(good, "`mpp.build.builder`");
    check(&format!("{good}build.builder = \"command\""), "`mpp.build.command`");
    check(&format!("{good}build.sources = []\nbuild.bulider = \"c\""), "`mpp.build.bulider`");
    check(&format!("{good}trust = \"all\""), "`mpp.trust`");
    check("[package", "mpp.toml");
}
