//! Builders other than cargo, with programs of the tests' own; the real compilers are in the suite of `cargo-mpp`.

use mpp_build::{BuildError, BuildOptions, CompilerLevel, Event, Programs, build, builders, project};
use mpp_package::pack::Contents;
use mpp_schema::Coded as _;
use std::{fs, path::Path};
use tempfile::TempDir;

const WIT: &str = "package acme:notes;\nworld tools { export one: func() -> u32; }\n";

/// A component that fits the WIT, as text.
const COMPONENT: &str = r#"(component
    (core module $m (func (export "one") (result i32) i32.const 1))
    (core instance $i (instantiate $m))
    (func (export "one") (result u32) (canon lift (core func $i "one")))
)"#;

/// A project, and a folder beside it that is all there is to the `PATH` but for the system's own.
struct Place(TempDir);

impl Place {
    fn new(build: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let text = format!(
            "[package]\nname = \"notes\"\nversion = \"0.1.0\"\ndescription = \"x\"\n[mpp]\nnamespace = \"acme\"\n[mpp.build]\n{build}\n"
        );
        place.write("project/mpp.toml", text.as_bytes());
        place.write("project/wit/world.wit", WIT.as_bytes());
        place.write("project/ready.wasm", &wat::parse_str(COMPONENT).unwrap());
        fs::create_dir(place.0.path().join("bin")).unwrap();
        place
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    #[cfg(unix)]
    fn program(&self, name: &str, script: &str) -> &Self {
        use std::os::unix::fs::PermissionsExt as _;
        self.write(&format!("bin/{name}"), format!("#!/bin/sh\n{script}\n").as_bytes());
        let path = self.0.path().join("bin").join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn programs(&self) -> Programs {
        let bin = self.0.path().join("bin");
        Programs { path: Some(format!("{}:/usr/bin:/bin", bin.display()).into()), ..Programs::default() }
    }

    fn build(&self) -> (Result<Contents, BuildError>, Vec<Event>) {
        let project = project(&self.0.path().join("project")).unwrap();
        let options = BuildOptions { programs: self.programs(), ..BuildOptions::default() };
        let mut events = Vec::new();
        (build(&project, &options, &mut |event| events.push(event)), events)
    }
}

#[track_caller]
fn check_refused(place: &Place, code: &str, words: &str) {
    let error = place.build().0.unwrap_err();
    assert_eq!(error.code().as_str(), code, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

const COMMAND: &str = "builder = \"command\"\noutput = \"out/tool.wasm\"\ncommand = ";

#[cfg(unix)]
#[test]
fn a_command_leaves_the_component_where_the_manifest_says() {
    let script = "mkdir -p out && cp ready.wasm out/tool.wasm";
    let contents = Place::new(&format!("{COMMAND}[\"sh\", \"-c\", \"{script}\"]")).build().0.unwrap();
    let source = contents.manifest.source;
    assert_eq!((source.builder.as_str(), source.reproducible), ("command", false));
    assert_eq!(source.flags, ["sh", "-c", script]);
}

#[cfg(unix)]
#[test]
fn what_an_earlier_run_left_is_not_taken_for_a_component() {
    let place = Place::new(&format!("{COMMAND}[\"true\"]"));
    place.write("project/out/tool.wasm", &wat::parse_str(COMPONENT).unwrap());
    check_refused(&place, "build.failed", "found no file `out/tool.wasm`");
}

#[cfg(unix)]
#[test]
fn a_command_that_fails_says_why_and_one_that_is_not_there_is_named() {
    let failing = Place::new(&format!("{COMMAND}[\"sh\", \"-c\", \"echo no rule for tool >&2; exit 3\"]"));
    check_refused(&failing, "build.failed", "no rule for tool");
    check_refused(&Place::new(&format!("{COMMAND}[\"no-such-program\"]")), "build.target", "no-such-program");
}

#[cfg(unix)]
#[test]
fn a_builder_of_somebody_else_is_told_what_to_build() {
    let place = Place::new("builder = \"mine\"\nentry = \"main.mine\"");
    // Keeps what it was told, and finds in it where the component goes.
    let script = r#"cat > ../told.json
cp ready.wasm "$(sed 's/.*"output":"\([^"]*\)".*/\1/' ../told.json)"
echo '{"event":"message","level":"warning","text":"main.mine:1: is short"}'
echo '{"event":"something-newer","of":"a later protocol"}'
echo '{"event":"built","compiler":"mine 1.0","flags":["-O2"],"reproducible":true}'"#;
    place.program("mpp-build-mine", script);
    let (contents, events) = place.build();
    let source = contents.unwrap().manifest.source;
    assert_eq!((source.builder.as_str(), source.compiler.as_deref()), ("mine", Some("mine 1.0")));
    assert_eq!((source.flags, source.reproducible), (vec!["-O2".to_owned()], true));
    let warning =
        Event::CompilerMessage { level: CompilerLevel::Warning, rendered: "main.mine:1: is short".to_owned() };
    assert!(events.contains(&warning), "{events:?}");
    let told: serde_json::Value = serde_json::from_slice(&fs::read(place.0.path().join("told.json")).unwrap()).unwrap();
    assert_eq!((&told["protocol"], &told["name"]), (&1.into(), &"acme:notes".into()));
    assert_eq!(told["settings"], serde_json::json!({ "builder": "mine", "entry": "main.mine" }));
    assert!(Path::new(told["wit"].as_str().unwrap()).ends_with("project/wit"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_builder_that_breaks_the_protocol_is_refused() {
    let check = |script: &str, words: &str| {
        let place = Place::new("builder = \"mine\"");
        place.program("mpp-build-mine", script);
        check_refused(&place, "build.failed", words);
    };
    check("true", "no event `built` from `mpp-build-mine`");
    check("echo hello", "no event of the builder protocol");
    check("echo '{\"event\":\"built\"}'", "no file `component.wasm`");
    check("echo broken >&2; exit 1", "broken");
}

#[test]
fn a_builder_that_is_not_there_is_named_with_those_there_are() {
    let error = Place::new("builder = \"cobol\"").build().0.unwrap_err();
    assert!(error.to_string().contains("no program `mpp-build-cobol` on the PATH"), "{error}");
    assert!(error.hints()[0].ends_with("cargo, c, componentize-py, jco, command"), "{:?}", error.hints());
}

#[test]
fn a_compiler_that_is_not_there_is_named_with_the_command_that_installs_it() {
    for (builder, install) in [
        ("c", "pip install ziglang"),
        ("componentize-py", "pip install componentize-py"),
        ("jco", "npm install -g @bytecodealliance/jco"),
    ] {
        let place = Place::new(&format!("builder = \"{builder}\""));
        let project = project(&place.0.path().join("project")).unwrap();
        let programs = Programs { path: Some(place.0.path().join("bin").into()), ..Programs::default() };
        let states = builders(&programs, Path::new("."));
        assert!(states.iter().all(|state| state.compiler.is_none()), "{states:?}");
        let options = BuildOptions { programs, ..BuildOptions::default() };
        let error = build(&project, &options, &mut |_| {}).unwrap_err();
        assert_eq!(error.code().as_str(), "build.target");
        assert_eq!(error.hints()[0], install);
    }
}

/// Of several ways the first that answers is taken.
#[cfg(unix)]
#[test]
fn a_compiler_is_found_on_the_path_and_asked_what_it_is() {
    let place = Place::new("builder = \"c\"");
    place.program("zig", "exit 1").program("python3", "[ \"$*\" = '-m ziglang version' ] && echo 0.17.1");
    let states = builders(&place.programs(), Path::new("."));
    assert_eq!(states[0].compiler.as_deref(), Some("0.17.1"));
}
