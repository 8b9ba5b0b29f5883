//! The way from a template to the contents of a package, with the real compiler.
//!
//! The builds are slow, so they are made once and shared. They must not need the network: what the template links is fetched with
//! this workspace, and the test below says what is missing where that is not so.

use mpp_build::{BuildError, BuildOptions, Event, Step, build, init, new, project, template};
use mpp_package::pack::{Contents, pack};
use mpp_schema::Coded as _;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The package that the template becomes.
const PACKAGE: &str = "me:my-notes";

/// Builds below cargo's own folder for tests, whatever the tests themselves are built in. What was built stays for the next time.
fn options(target: &str) -> BuildOptions {
    let target_folder = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("targets").join(target));
    BuildOptions { offline: true, locked: true, target_folder, ..BuildOptions::default() }
}

/// A folder for this test alone, empty, below cargo's own folder for tests.
fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn project_folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("template/notes")
}

/// The template built under new names, and what was said meanwhile.
fn built() -> &'static (Contents, Vec<Event>) {
    static BUILT: OnceLock<(Contents, Vec<Event>)> = OnceLock::new();
    BUILT.get_or_init(|| {
        empty_folder("template");
        let folder = project_folder();
        new::create(&template("rust").unwrap(), &folder, &PACKAGE.parse().unwrap()).unwrap();
        let mut events = Vec::new();
        let contents =
            build(&project(&folder).unwrap(), &options("template"), &mut |event| events.push(event)).unwrap();
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

/// Cargo puts the absolute path of such a crate into the names of symbols, so another folder would give other bytes.
#[test]
fn a_crate_by_path_outside_of_the_workspace_is_not_reproducible_and_one_inside_is() {
    let outer = empty_folder("by-path");
    let folder = outer.join("notes");
    new::create(&template("rust").unwrap(), &folder, &PACKAGE.parse().unwrap()).unwrap();
    let (manifest, lock) = (folder.join("Cargo.toml"), folder.join("Cargo.lock"));
    let (clean, locked) = (fs::read_to_string(&manifest).unwrap(), fs::read_to_string(&lock).unwrap());
    for (place, path, reproducible) in [("outside", "../outside", false), ("inside", "inside", true)] {
        let own = folder.join(path);
        fs::create_dir_all(own.join("src")).unwrap();
        let text = format!("[package]\nname = \"{place}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        fs::write(own.join("Cargo.toml"), text).unwrap();
        fs::write(own.join("src/lib.rs"), "").unwrap();
        let with = clean.replace("[dependencies]\n", &format!("[dependencies]\n{place} = {{ path = \"{path}\" }}\n"));
        assert_ne!(with, clean);
        fs::write(&manifest, with).unwrap();
        fs::write(&lock, &locked).unwrap();
        let options = BuildOptions { locked: false, ..options("by-path") };
        let contents = build(&project(&folder).unwrap(), &options, &mut |_| {}).unwrap();
        assert_eq!(contents.manifest.source.reproducible, reproducible, "{place}");
    }
}

/// A second build of the same source elsewhere, by a cargo whose home is elsewhere too.
#[cfg(unix)]
#[test]
fn the_same_source_gives_the_same_bytes_from_two_folders_and_two_cargo_homes() {
    let elsewhere = empty_folder("elsewhere");
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cargo"));
    fs::create_dir_all(elsewhere.join("cargo-home")).unwrap();
    std::os::unix::fs::symlink(cargo_home.join("registry"), elsewhere.join("cargo-home/registry")).unwrap();
    let folder = elsewhere.join("a longer name");
    new::create(&template("rust").unwrap(), &folder, &PACKAGE.parse().unwrap()).unwrap();
    let mut options = options("elsewhere");
    options.programs.cargo = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/cargo-with-its-home-beside");
    let second = build(&project(&folder).unwrap(), &options, &mut |_| {}).unwrap();
    let (first, _) = built();
    assert!(first.component == second.component, "the components differ");
    assert_eq!(first.manifest, second.manifest);
    let (first, second) = (pack(first.clone()).unwrap(), pack(second).unwrap());
    assert_eq!(first.digest(), second.digest());
}

#[test]
fn an_import_without_its_permission_fails_the_build() {
    let error = changed("reads-files", |folder| {
        let lib = folder.join("src/lib.rs");
        let text = fs::read_to_string(&lib).unwrap();
        let reads = "let text = std::fs::read_to_string(&text).unwrap_or(text); outline::outline(";
        fs::write(&lib, text.replacen("outline::outline(", reads, 1)).unwrap();
    })
    .unwrap_err();
    assert_eq!(error.code().as_str(), "wasm.interface");
    assert!(error.to_string().contains("wasi:filesystem/"), "{error}");
    assert!(error.hints()[0].contains("folders = "), "{:?}", error.hints());
}

#[test]
fn a_tool_that_only_the_metadata_knows_fails_the_build() {
    let error = changed("misspelt", |folder| {
        let manifest = folder.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text + "[package.metadata.mpp.tools.outlin]\nrisk = \"read\"\n").unwrap();
    })
    .unwrap_err();
    assert_eq!(error.code().as_str(), "build.metadata");
    assert!(error.to_string().contains("speaks of the tool `outlin`; the WIT declares `outline`"), "{error}");
}

/// Builds the template with a change. What the first build compiled for the compiler's own use is used again.
fn changed(name: &str, change: impl FnOnce(&Path)) -> Result<Contents, BuildError> {
    built();
    let folder = empty_folder(&format!("changed-{name}")).join(name);
    new::create(&template("rust").unwrap(), &folder, &format!("me:{name}").parse().unwrap()).unwrap();
    change(&folder);
    build(&project(&folder).unwrap(), &options("template"), &mut |_| {})
}

#[test]
fn the_tests_of_a_new_project_pass() {
    built();
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--release", "--offline", "--locked", "--target-dir"]);
    let cargo = cargo.arg(options("template").target_folder.unwrap()).current_dir(project_folder());
    let output = cargo.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let passed = said.lines().find(|line| line.starts_with("test result: ok. "));
    assert!(output.status.success() && passed.is_some(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_package_that_was_made_a_tool_builds() {
    built();
    let folder = empty_folder("made-a-tool").join("counter");
    fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = "[package]\nname = \"counter\"\nversion = \"0.1.0\"\nedition = \"2024\"\ndescription = \"Counts.\"\n\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/main.rs"), "fn main() {}").unwrap();
    // With the template's versions: what else lies in this machine's cache must not decide.
    fs::copy(project_folder().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let plan = init::plan(&folder, &"me".parse().unwrap()).unwrap();
    plan.carry_out().unwrap();
    assert_eq!(plan.remaining, [""; 0]);
    let options = BuildOptions { locked: false, ..options("template") };
    let contents = build(&project(&folder).unwrap(), &options, &mut |_| {}).unwrap();
    let tools: Vec<_> = contents.tools.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(tools, ["count-words"]);
}

#[test]
fn a_compiler_error_carries_what_the_compiler_says() {
    let folder = empty_folder("broken").join("notes");
    new::create(&template("rust").unwrap(), &folder, &"me:broken-notes".parse().unwrap()).unwrap();
    // No dependency, so that nothing has to be compiled before the mistake.
    let manifest = "[package]\nname = \"broken\"\nversion = \"0.1.0\"\nedition = \"2024\"\ndescription = \"x\"\n[workspace]\n\
        [lib]\ncrate-type = [\"cdylib\"]\n[package.metadata.mpp]\nnamespace = \"me\"\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::remove_file(folder.join("Cargo.lock")).unwrap();
    fs::write(folder.join("src/lib.rs"), "fn f() -> u8 { \"seven\" }").unwrap();
    let options = BuildOptions { locked: false, ..options("broken") };
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
fn one_fetch_of_the_workspace_serves_every_template_too() {
    let workspace = locked("../../Cargo.lock");
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates")).unwrap();
    let locks = folders.map(|entry| entry.unwrap().path().join("Cargo.lock")).filter(|lock| lock.is_file());
    for lock in locks {
        let missing: Vec<_> = locked(lock.to_str().unwrap())
            .into_iter()
            .filter(|(_, checksum)| checksum.is_some())
            .filter(|(package, checksum)| workspace.get(package) != Some(checksum))
            .map(|((name, version), _)| format!("{name} {version}"))
            .collect();
        let folder = lock.display();
        assert!(
            missing.is_empty(),
            "the workspace's lock file lacks {missing:?} of {folder}: run `cargo update` there"
        );
    }
}
