//! What is checked before a version is published: the work tree, and what callers of the last version rely on.

use crate::support::Person;
use serde_json::json;
use std::process::Command;

impl Person {
    pub(crate) fn git(&self, folder: &str, words: &[&str]) {
        let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
        let done = Command::new("git").args(identity).args(words).current_dir(self.path(folder)).output();
        let done = done.expect("git starts");
        assert!(done.status.success(), "git {words:?}: {done:?}");
    }

    /// Replaces text in a file, which must be there.
    #[track_caller]
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.read(file)).unwrap();
        assert!(text.contains(from), "{file} does not hold {from:?}");
        self.write(file, text.replace(from, to));
    }
}

/// An author with a project in git, a key and a registry. Projects of one name would share what is compiled, so each test has its own.
fn author(name: &str) -> Person {
    let author = Person::new();
    author.json(&["new", name, "--namespace", "acme"]);
    std::fs::rename(author.path(name), author.path("md")).unwrap();
    author.json(&["key", "new", "acme"]);
    author.json(&["registry", "init", "registry.git"]);
    author.json(&["registry", "add", "home", "registry.git"]);
    author.git("md", &["init", "--quiet"]);
    author.git("md", &["add", "--all"]);
    author.git("md", &["commit", "--quiet", "--message", "Begin"]);
    author
}

/// PROJ-30.
#[test]
fn a_dirty_work_tree_is_named_and_a_dry_run_says_what_would_be_pushed() {
    let author = author("tidy-md");
    author.edit("md/README.md", "\n", "\n\nMore.\n");
    let dirty = author.mpp(&["publish", "md"]);
    assert!(dirty.err.starts_with("error[build.dirty]: ") && dirty.err.contains("README.md"), "{dirty:?}");
    assert!(dirty.err.contains("mpp publish --allow-dirty"), "{dirty:?}");
    author.write("md/README.md", "# md\n");
    author.git("md", &["commit", "--quiet", "--all", "--message", "Say more"]);

    let planned = author.json(&["publish", "md", "--dry-run"]);
    assert_eq!(planned["reference"], "refs/mpp/packages/acme/tidy-md");
    let writes: Vec<_> = planned["writes"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    let has = |start: &str| writes.iter().any(|path| path.starts_with(start));
    assert!(has("ns/acme.jsonl") && has("pkg/") && has("log/") && has("head.json") && has("shards/"), "{writes:?}");
    assert_eq!(author.refusal(&["info", "acme:tidy-md"]).0, "package.not-found");

    let published = author.json(&["publish", "md"]);
    assert_eq!((&published["new"], &published["writes"]), (&json!(true), &planned["writes"]));
    assert_eq!((&published["file"], &published["size"]), (&planned["file"], &planned["size"]));
    // The same again is no error and changes nothing, dirty or not.
    let again = author.json(&["publish", "md"]);
    assert_eq!((&again["new"], &again["writes"]), (&json!(false), &json!([])));
    let planned = author.json(&["publish", "md", "--dry-run"]);
    assert_eq!((&planned["new"], &planned["writes"]), (&json!(false), &json!([])));
    author.write("md/new.txt", "x");
    assert_eq!(author.refusal(&["publish", "md"]), ("build.dirty".to_owned(), 3));
    // What is built from a dirty tree names no commit, and is another file.
    assert_eq!(author.refusal(&["publish", "md", "--allow-dirty"]).0, "index.duplicate-version");
}

/// TOOL-20.
#[test]
fn a_version_that_breaks_callers_is_refused_within_its_range() {
    let author = author("changed-md");
    author.json(&["publish", "md"]);
    let world = "md/wit/world.wit";
    let outline = |name: &str| format!("outline: func(\n    /// The Markdown document.\n    {name}: string");
    author.edit(world, &outline("text"), &outline("document"));
    let version = |from: &str, to: &str| {
        author.edit("md/Cargo.toml", &format!("version = \"{from}\""), &format!("version = \"{to}\""));
    };
    version("0.1.0", "0.1.1");
    let refused = author.mpp(&["publish", "md", "--allow-dirty"]);
    assert_eq!(refused.exit, 4, "{refused:?}");
    for part in [
        "refused[wit.incompatible]: ",
        "it would replace 0.1.0",
        "tool `outline`, `text`: it is gone",
        "tool `outline`, `document`: it is new",
        "help: write `version = \"0.2.0\"`",
        "mpp yank acme:changed-md@0.1.0 --reason",
    ] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    assert_eq!(author.refusal(&["publish", "md", "--allow-dirty", "--dry-run"]).0, "wit.incompatible");
    assert_eq!(author.json(&["info", "acme:changed-md"])["releases"].as_array().unwrap().len(), 1);
    // Another number says it, and so does taking the earlier version back.
    version("0.1.1", "0.2.0");
    let planned = author.json(&["publish", "md", "--allow-dirty", "--dry-run"]);
    assert_eq!((&planned["version"], &planned["compatible_with"]), (&json!("0.2.0"), &json!(null)));
    version("0.2.0", "0.1.1");
    author.json(&["yank", "acme:changed-md@0.1.0", "--reason", "its parameter has another name"]);
    author.json(&["publish", "md", "--allow-dirty"]);
    version("0.1.1", "0.1.2");
    assert_eq!(author.json(&["publish", "md", "--allow-dirty"])["compatible_with"], "0.1.1");
}
