//! Plugins of the build: the first-party ones, built by this toolchain, and one that does what it may not (PLUG-1 to PLUG-9).

use crate::support::Person;
use serde_json::{Value as Json, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// A component that fits the WIT below, as text.
const COMPONENT: &str = r#"(component
    (core module $m (func (export "one") (result i32) i32.const 1))
    (core instance $i (instantiate $m))
    (func (export "one") (result u32) (canon lift (core func $i "one")))
)"#;

/// Somebody who built all the plugins, in a home whose development key signed them.
struct Workshop {
    person: Person,
    plugins: Vec<(&'static str, PathBuf)>,
}

impl Workshop {
    /// Built once: each plugin takes its compiler a while.
    fn open() -> &'static Self {
        static WORKSHOP: OnceLock<Workshop> = OnceLock::new();
        WORKSHOP.get_or_init(|| {
            let person = Person::new();
            let first_party = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
            let mut plugins = Vec::new();
            for name in ["lint", "sbom", "provenance"] {
                let folder = first_party.join(name);
                plugins.push((name, built(&person, folder.to_str().expect("text"))));
            }
            person.json(&["new", "house-rules", "--template", "plugin", "--namespace", "me"]);
            plugins.push(("house-rules", built(&person, "house-rules")));
            person.json(&["new", "hostile", "--template", "plugin", "--namespace", "me"]);
            person.write("hostile/src/lib.rs", include_str!("../hostile/lib.rs"));
            let manifest = String::from_utf8(person.read("hostile/Cargo.toml")).expect("text");
            let manifest = manifest.replace("world = \"check\"", "world = \"attach\"") + "time_ms = 2000\n";
            person.write("hostile/Cargo.toml", manifest);
            plugins.push(("hostile", built(&person, "hostile")));
            Self { person, plugins }
        })
    }

    fn plugin(&self, name: &str) -> &Path {
        &self.plugins.iter().find(|(known, _)| *known == name).expect("it was built").1
    }

    /// A project of this description and WIT that is built with these plugins; gives what `mpp --json build` answers.
    fn build(&self, project: &str, description: &str, docs: &str, plugins: &[&str]) -> Json {
        let folder = self.person.path(project);
        fs::create_dir_all(folder.join("wit")).expect("a folder");
        let plugins: Vec<_> = plugins.iter().map(|name| self.plugin(name)).collect();
        let manifest = format!(
            "[package]\nname = \"{project}\"\nversion = \"0.1.0\"\ndescription = \"{description}\"\nlicense = \"MIT\"\n\
             [mpp]\nnamespace = \"me\"\n[mpp.build]\nbuilder = \"command\"\ncommand = [\"cp\", \"ready.wasm\", \"out.wasm\"]\n\
             output = \"out.wasm\"\nplugins = {plugins:?}\n"
        );
        fs::write(folder.join("mpp.toml"), manifest).expect("a file");
        fs::write(folder.join("README.md"), "# x\n").expect("a file");
        let wit = format!("package me:{project};\nworld tools {{\n{docs}\nexport one: func() -> u32;\n}}\n");
        fs::write(folder.join("wit/world.wit"), wit).expect("a file");
        fs::write(folder.join("ready.wasm"), wat::parse_str(COMPONENT).expect("a component")).expect("a file");
        let ended = self.person.mpp(&["--json", "build", project]);
        serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"))
    }

    #[track_caller]
    fn check_hostile(&self, what: &str, expected: &str) {
        let answer = self.build(&format!("does-{what}"), &format!("does: {what}"), "/// Gives one.", &["hostile"]);
        let error = &answer["error"];
        assert_eq!(error["code"], "build.plugin", "{answer}");
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains("`me:hostile`") && message.contains(expected), "{message}");
        let made = self.person.path(&format!("does-{what}/target/mpp")).join(format!("does-{what}-0.1.0.mpp"));
        assert!(!made.exists(), "a package was made all the same");
    }
}

fn built(person: &Person, folder: &str) -> PathBuf {
    let built = person.json(&["build", folder, "--offline"]);
    let file = built["packages"][0]["file"].as_str().expect("a path");
    // What is built for the same folder later must not change what a test has in hand.
    let kept = person.path(Path::new(file).file_name().expect("a name").to_str().expect("text"));
    fs::copy(file, &kept).expect("the package was built");
    kept
}

/// An entry of a package, as other programs read it.
fn entry(file: &Path, name: &str) -> Vec<u8> {
    let tar = Command::new("tar").arg("xOf").arg(file).arg(name).output().expect("tar starts");
    assert!(tar.status.success(), "{name} is not in {}", file.display());
    tar.stdout
}

#[test]
fn the_first_party_plugins_check_list_and_state() {
    let workshop = Workshop::open();
    let person = &workshop.person;
    person.json(&["new", "md", "--namespace", "me"]);
    let manifest = String::from_utf8(person.read("md/Cargo.toml")).expect("text");
    let plugins: Vec<_> = ["provenance", "sbom", "lint"].map(|name| workshop.plugin(name)).into();
    person.write("md/Cargo.toml", format!("{manifest}\n[package.metadata.mpp.build]\nplugins = {plugins:?}\n"));
    let first = person.json(&["build", "md", "--offline"])["packages"][0].clone();
    let file = PathBuf::from(first["file"].as_str().expect("a path"));
    let manifest: Json = serde_json::from_slice(&entry(&file, "mpp.json")).expect("JSON");
    let used = manifest["source"]["plugins"].as_array().expect("plugins");
    let names: Vec<_> = used.iter().map(|plugin| plugin["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["mpp:lint", "mpp:provenance", "mpp:sbom"], "by stage, then as they are written");
    let unpacked = |name: &str| {
        let entries = manifest["entries"].as_array().expect("entries");
        entries.iter().find(|entry| entry["path"] == name).unwrap_or_else(|| panic!("no {name}"))["unpacked"].clone()
    };
    // Every crate of the lock file but the package itself takes more than a hundred bytes.
    let lock = String::from_utf8(person.read("md/Cargo.lock")).expect("text");
    let crates = lock.matches("[[package]]").count() as u64 - 1;
    assert!(unpacked("sbom.cdx.json.zst")["size"].as_u64().expect("a size") > crates * 100);
    assert!(unpacked("provenance.intoto.json.zst")["size"].as_u64().expect("a size") > 500);
    let again = person.json(&["build", "md", "--offline"])["packages"][0].clone();
    assert_eq!(again["digest"], first["digest"], "the same source gives the same bytes, plugins included");
}

#[test]
fn a_finding_stops_the_build_and_a_warning_does_not() {
    let workshop = Workshop::open();
    let silent = workshop.build("silent", "Gives one.", "", &["lint"]);
    assert_eq!(silent["error"]["code"], "build.plugin", "{silent}");
    let message = silent["error"]["message"].as_str().expect("a message");
    assert!(message.contains("`mpp:lint`") && message.contains("the tool `one` has no description"), "{message}");
    let short = workshop.build("short", "Gives one.", "/// One.", &["lint", "house-rules"]);
    let warnings = short["packages"][0]["warnings"].as_array().unwrap_or_else(|| panic!("{short}"));
    let said = |words: &str| warnings.iter().any(|warning| warning.as_str().is_some_and(|text| text.contains(words)));
    assert!(said("mpp:lint: the description of `one`") && said("me:house-rules: nobody can tell"), "{warnings:?}");
}

#[test]
fn a_plugin_that_fails_or_does_what_it_may_not_stops_the_build_by_name() {
    let workshop = Workshop::open();
    workshop.check_hostile("trap", "tool.trap");
    workshop.check_hostile("loop", "limit.time");
    workshop.check_hostile("huge", "limit.");
    workshop.check_hostile("component", "`component.wasm`: the name is not a plugin's to give");
    workshop.check_hostile("outside", "attached `../outside`");
    workshop.check_hostile("twice", "the package has a file of that name");
    workshop.check_hostile("refuse", "I will not");
    let harmless = workshop.build("harmless", "does: nothing", "/// Gives one.", &["hostile"]);
    assert!(harmless["packages"][0]["digest"].is_string(), "{harmless}");
}

#[test]
fn what_is_no_plugin_takes_no_part_and_a_plugin_is_no_tool() {
    let workshop = Workshop::open();
    let tool = workshop.build("tool", "Gives one.", "/// Gives one.", &[]);
    let file = tool["packages"][0]["file"].as_str().expect("a path");
    let text = String::from_utf8(workshop.person.read("tool/mpp.toml")).expect("text");
    let named = |plugin: &str| {
        workshop.person.write("tool/mpp.toml", text.replace("plugins = []", &format!("plugins = [{plugin:?}]")));
        workshop.person.refusal(&["build", "tool"]).0
    };
    assert_eq!(named(file), "pkg.kind");
    assert_eq!(named("mpp:none@1"), "package.not-installed");
    assert_eq!(named("nonsense name"), "build.metadata");
    let lint = workshop.plugin("lint").to_str().expect("text");
    let code = workshop.person.detached_refusal(&["run", lint, "check", &json!({}).to_string()]);
    assert!(["pkg.kind", "tool.arguments"].contains(&code.as_str()), "{code}");
}

/// As a team does it: the plugin comes from a registry, and the lock file says which one.
#[test]
fn a_plugin_comes_from_a_registry_and_is_locked() {
    let workshop = Workshop::open();
    let person = Person::new();
    person.json(&["key", "new", "mpp"]);
    person.json(&["registry", "init", "registry.git"]);
    person.json(&["registry", "add", "home", "registry.git"]);
    fs::copy(workshop.plugin("lint"), person.path("lint.mpp")).expect("a file");
    person.json(&["sign", "lint.mpp", "--key", "mpp"]);
    person.json(&["publish", "lint.mpp", "--key", "mpp"]);
    let project = "checked";
    fs::create_dir_all(person.path("checked/wit")).expect("a folder");
    person.write(
        "checked/wit/world.wit",
        "package me:checked;\nworld tools {\n/// Gives one.\nexport one: func() -> u32;\n}\n",
    );
    person.write("checked/ready.wasm", wat::parse_str(COMPONENT).expect("a component"));
    let manifest = |version: &str| {
        let text = format!(
            "[package]\nname = \"checked\"\nversion = \"0.1.0\"\ndescription = \"Gives one.\"\n[mpp]\nnamespace = \"me\"\n\
             [mpp.build]\nbuilder = \"command\"\ncommand = [\"cp\", \"ready.wasm\", \"out.wasm\"]\noutput = \"out.wasm\"\n\
             plugins = [\"mpp:lint@{version}\"]\n"
        );
        person.write("checked/mpp.toml", text);
    };
    manifest("0.1");
    assert_eq!(person.refusal(&["build", project]).0, "package.not-installed");
    person.json(&["install", "mpp:lint"]);
    assert!(person.json(&["build", project])["packages"][0]["digest"].is_string());
    assert_eq!(person.refusal(&["build", project, "--locked"]).0, "lock.outdated");
    person.write("checked/mpp-tools.toml", "[tools]\n\"mpp:lint\" = \"0.1\"\n");
    let installed = person.program(env!("CARGO_BIN_EXE_mpp"), &["install"]).current_dir(person.path(project)).output();
    assert!(installed.expect("mpp starts").status.success());
    assert!(person.json(&["build", project, "--locked"])["packages"][0]["digest"].is_string());
    manifest("2");
    assert_eq!(person.refusal(&["build", project]).0, "package.not-installed");
    manifest("0.1");
    let lock = String::from_utf8(person.read("checked/mpp.lock")).expect("text");
    let digest = lock.split("digest = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a digest");
    person.write("checked/mpp.lock", lock.replace(digest, &"0".repeat(64)));
    assert_eq!(person.refusal(&["build", project]).0, "lock.outdated");
}

/// The plugins carry the world as the host has it.
#[test]
fn the_world_of_each_plugin_is_that_of_the_host() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| fs::read_to_string(root.join(path)).expect("a text");
    let ours = read("component-model/wit/wit/mpp-plugin-0.1/plugin.wit");
    for folder in
        ["toolchain/plugins/lint", "toolchain/plugins/sbom", "toolchain/plugins/provenance", "templates/plugin"]
    {
        assert!(read(&format!("{folder}/wit/world.wit")) == ours, "{folder}");
    }
}
