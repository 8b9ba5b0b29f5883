//! The way from a template to the contents of a package, with the real compiler.
//!
//! The builds are slow, so they are made once and shared. They must not need the network: what the template links is fetched with
//! this workspace, and the test below says what is missing where that is not so.

use mpp_build::{BuildOptions, Event, Step, build, new, project, template};
use mpp_package::pack::{Contents, pack};
use mpp_schema::Coded as _;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

fn options() -> BuildOptions {
    BuildOptions { offline: true, locked: true, ..BuildOptions::default() }
}

/// A folder for this test alone, empty, below cargo's own folder for tests.
fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The template built under new names, and what was said meanwhile.
fn built() -> &'static (Contents, Vec<Event>) {
    static BUILT: OnceLock<(Contents, Vec<Event>)> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = empty_folder("template").join("notes");
        new::create(template("rust").unwrap(), &folder, &"me:my-notes".parse().unwrap()).unwrap();
        let mut events = Vec::new();
        let contents = build(&project(&folder).unwrap(), &options(), &mut |event| events.push(event)).unwrap();
        (contents, events)
    })
}

#[test]
fn a_new_project_builds_as_it_stands() {
    let (contents, _) = built();
    let manifest = &contents.manifest;
    assert_eq!(manifest.name.to_string(), "me:my-notes");
    assert_eq!(manifest.world, "me:my-notes/tools@0.1.0");
    assert!(manifest.permissions.is_empty());
    assert!(manifest.source.reproducible);
    assert!(manifest.source.compiler.as_ref().unwrap().starts_with("rustc "));
    let tools: Vec<_> = contents.tools.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(tools, ["outline", "section", "links", "stats", "plain-text"]);
    let parameters: Vec<_> = contents.tools.tools[0].input["properties"].as_object().unwrap().keys().collect();
    assert_eq!(parameters, ["text"], "the first tool takes one string named `text`");
    assert!(contents.readme.as_ref().unwrap().contains("my-notes"));
    assert!(contents.license_text.as_ref().unwrap().contains("Apache License"));
    assert!(contents.wit.contains_key("world.wit"));
    pack(contents.clone()).unwrap();
}

#[test]
fn the_template_asks_for_nothing_above_the_inert_base() {
    let (contents, _) = built();
    for import in mpp_wit::validate(&contents.component).unwrap().imports {
        assert_eq!(mpp_wit::need(&import), mpp_wit::Need::Nothing, "{}", import.name);
    }
}

#[test]
fn a_build_says_what_it_does() {
    let (_, events) = built();
    let started = events.iter().filter_map(|event| match event {
        Event::StepStarted { step, .. } => Some(*step),
        _ => None,
    });
    assert_eq!(started.collect::<Vec<_>>(), Step::ALL);
    let last_compiled = events.iter().rev().find_map(|event| match event {
        Event::Compiled { name, .. } => Some(name.as_str()),
        _ => None,
    });
    assert_eq!(last_compiled, Some("my_notes"));
}

#[test]
fn no_path_of_this_machine_is_in_the_component() {
    let (contents, _) = built();
    let text = String::from_utf8_lossy(&contents.component);
    for folder in [env!("CARGO_TARGET_TMPDIR"), env!("CARGO_MANIFEST_DIR"), ".cargo/registry"] {
        assert!(!text.contains(folder), "{folder}");
    }
    assert!(text.contains("/crates/pulldown-cmark-"), "paths of crates are rewritten");
}

#[test]
fn a_compiler_error_carries_what_the_compiler_says() {
    let folder = empty_folder("broken").join("notes");
    new::create(template("rust").unwrap(), &folder, &"me:broken-notes".parse().unwrap()).unwrap();
    // No dependency, so that nothing has to be compiled before the mistake.
    let manifest = "[package]\nname = \"broken\"\nversion = \"0.1.0\"\nedition = \"2024\"\ndescription = \"x\"\n[workspace]\n\
        [lib]\ncrate-type = [\"cdylib\"]\n[package.metadata.mpp]\nnamespace = \"me\"\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::remove_file(folder.join("Cargo.lock")).unwrap();
    fs::write(folder.join("src/lib.rs"), "fn f() -> u8 { \"seven\" }").unwrap();
    let options = BuildOptions { offline: true, ..BuildOptions::default() };
    let error = build(&project(&folder).unwrap(), &options, &mut |_| {}).unwrap_err();
    assert_eq!(error.code().as_str(), "build.failed");
    let message = error.to_string();
    assert!(message.contains("expected `u8`, found `&str`") && message.contains("src/lib.rs:1:"), "{message}");
}

/// name and version → checksum
fn locked(path: &str) -> BTreeMap<(String, String), Option<String>> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let lock: toml::Table = text.parse().unwrap();
    let field =
        |package: &toml::Value, name: &str| package.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let packages = lock["package"].as_array().unwrap().iter();
    packages
        .map(|package| {
            ((field(package, "name").unwrap(), field(package, "version").unwrap()), field(package, "checksum"))
        })
        .collect()
}

#[test]
fn one_fetch_of_the_workspace_serves_the_template_too() {
    let workspace = locked("../../Cargo.lock");
    let missing: Vec<_> = locked("../../templates/rust/Cargo.lock")
        .into_iter()
        .filter(|(_, checksum)| checksum.is_some())
        .filter(|(package, checksum)| workspace.get(package) != Some(checksum))
        .map(|((name, version), _)| format!("{name} {version}"))
        .collect();
    assert!(missing.is_empty(), "the workspace's lock file lacks {missing:?}: run `cargo update` in templates/rust");
}
