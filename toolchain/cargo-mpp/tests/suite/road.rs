//! The whole road, walked by the real program: an author, a registry, a user, and cheats on the way.

use crate::support::{Person, built_template};
use serde_json::json;

/// A user who installed `acme:md` from a registry that its author made.
fn installed() -> (Person, Person) {
    let (_, file) = built_template();
    let author = Person::new();
    author.json(&["key", "new", "acme"]);
    std::fs::copy(file, author.path("md.mpp")).unwrap();
    author.json(&["sign", "md.mpp", "--key", "acme"]);
    author.json(&["registry", "init", "registry.git"]);
    author.json(&["registry", "add", "home", "registry.git"]);
    let published = author.json(&["publish", "md.mpp", "--key", "acme"]);
    assert_eq!(published["name"], "acme:md");

    let user = Person::new();
    let registry = author.path("registry.git");
    user.json(&["registry", "add", "home", registry.to_str().unwrap()]);
    user.json(&["install", "acme:md"]);
    (author, user)
}

#[test]
fn from_an_empty_folder_to_a_signed_tool_that_runs() {
    let (_author, user) = installed();
    user.write("note.md", "# Shopping\n\n- milk\n\n## Later\n");

    let listed = user.json(&["list"]);
    assert_eq!(listed["packages"][0]["name"], "acme:md");

    let called = user.json(&["call", "acme:md", "outline", "--text", "@note.md"]);
    let text = called["result"].to_string();
    assert!(text.contains("Shopping") && text.contains("Later") && !text.contains("milk"), "{text}");

    let same = user.json(&["call", "acme:md", "outline", r##"{"text": "# Shopping\n\n- milk\n\n## Later\n"}"##]);
    assert_eq!(same["result"], called["result"]);

    let found = user.json(&["search", "markdown"]);
    assert_eq!((&found["packages"][0]["name"], &found["fitting"]), (&json!("acme:md"), &json!(1)));
    let none_wanted = user.mpp(&["search", "markdown", "--limit", "0"]);
    assert!(none_wanted.err.contains("1 more fit"), "{}", none_wanted.err);
    let info = user.json(&["info", "acme:md"]);
    assert_eq!(info["releases"][0]["version"], "0.1.0");

    let inspected = user.json(&["inspect", "acme:md"]);
    assert_eq!(inspected["signatures"][0]["standing"], "trusted", "the registry vouched for the key at installation");

    user.json(&["uninstall", "acme:md"]);
    assert_eq!(user.json(&["list"])["packages"], json!([]));
    assert_eq!(user.refusal(&["call", "acme:md", "outline", "{}"]), ("package.not-installed".to_owned(), 3));
}

#[test]
fn publishing_twice_is_one_release_and_another_key_owns_nothing() {
    let (author, _user) = installed();
    let again = author.json(&["publish", "md.mpp", "--key", "acme"]);
    assert_eq!(again["new"], false);

    author.json(&["key", "new", "thief"]);
    let (_, file) = built_template();
    std::fs::copy(file, author.path("stolen.mpp")).unwrap();
    author.json(&["sign", "stolen.mpp", "--key", "thief"]);
    assert_eq!(author.refusal(&["publish", "stolen.mpp", "--key", "thief"]), ("trust.namespace".to_owned(), 4));
}

#[test]
fn an_installed_file_that_changes_does_not_run() {
    let (_author, user) = installed();
    let record = user.json(&["list"])["packages"][0].clone();
    let file = format!("home/data/packages/{}.mpp", record["file"].as_str().unwrap());
    let mut bytes = user.read(&file);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    user.write(&file, &bytes);
    let (code, exit) = user.refusal(&["call", "acme:md", "outline", r#"{"text": ""}"#]);
    assert_eq!((code.as_str(), exit), ("pkg.manifest-mismatch", 4));
}

#[test]
fn a_development_build_runs_at_home_only_and_cannot_be_published() {
    let (author, file) = built_template();
    let text = r##"{"text": "# Hi"}"##;
    let run = author.json(&["run", file.to_str().unwrap(), "outline", text]);
    assert!(run["result"].to_string().contains("Hi"));

    let other = Person::new();
    assert_eq!(other.refusal(&["run", file.to_str().unwrap(), "outline", text]), ("trust.dev-key".to_owned(), 4));

    other.json(&["registry", "init", "registry.git"]);
    other.json(&["registry", "add", "home", "registry.git"]);
    assert_eq!(other.refusal(&["publish", file.to_str().unwrap()]), ("trust.dev-key".to_owned(), 4));
}

#[test]
fn arguments_and_tools_that_do_not_fit_are_named() {
    let (author, file) = built_template();
    let file = file.to_str().unwrap();
    assert_eq!(author.refusal(&["run", file, "outline", r#"{"text": 7}"#]).0, "tool.arguments");
    assert_eq!(author.refusal(&["run", file, "outline", r#"{"text": "a", "text": "b"}"#]).0, "tool.arguments");
    assert_eq!(author.refusal(&["run", file, "outline", "--txt", "a"]).0, "tool.arguments");
    assert_eq!(author.refusal(&["run", file, "outlines", "{}"]), ("tool.unknown".to_owned(), 3));
    let human = author.mpp(&["run", file, "outline", r#"{"text": 7}"#]);
    assert!(human.err.contains("args.text: expected string, found 7"), "{}", human.err);
}

#[test]
fn stdin_and_flags_reach_the_tool() {
    let (author, file) = built_template();
    let file = file.to_str().unwrap();
    let piped = author.mpp_with_input(&["--json", "run", file, "outline", "--text", "-"], "# Piped\n");
    assert!(piped.out.contains("Piped"), "{} {}", piped.out, piped.err);
    let whole = author.mpp_with_input(&["--json", "run", file, "outline", "-"], r##"{"text": "# Whole"}"##);
    assert!(whole.out.contains("Whole"), "{} {}", whole.out, whole.err);
}

#[test]
fn verify_says_who_and_how_many() {
    let (_, file) = built_template();
    let author = Person::new();
    std::fs::copy(file, author.path("md.mpp")).unwrap();
    assert_eq!(author.refusal(&["verify", "md.mpp"]), ("trust.dev-key".to_owned(), 4));
    author.json(&["key", "new", "one"]);
    author.json(&["key", "new", "two"]);
    let digest = author.json(&["sign", "md.mpp", "--key", "one"])["digest"].clone();
    assert_eq!(author.refusal(&["verify", "md.mpp", "--threshold", "2"]), ("sig.threshold".to_owned(), 4));
    author.json(&["sign", "md.mpp", "--key", "two"]);
    let verified = author.json(&["verify", "md.mpp", "--full", "--threshold", "2"]);
    assert_eq!(verified["signers"].as_array().unwrap().len(), 2);
    assert_eq!(verified["digest"], digest, "a co-signature does not change what a package is");

    let stranger = Person::new();
    std::fs::copy(author.path("md.mpp"), stranger.path("md.mpp")).unwrap();
    assert_eq!(stranger.refusal(&["verify", "md.mpp"]), ("trust.unknown-key".to_owned(), 3));
    let key = author.json(&["key", "show", "one"])["public_key"].as_str().unwrap().to_owned();
    stranger.json(&["trust", "add", "acme", &key]);
    stranger.json(&["verify", "md.mpp"]);
}

/// Runs a stock program in the person's folder; nothing when the machine lacks it, which is said aloud, and never in CI.
#[expect(clippy::print_stderr, reason = "what was not asked must be seen")]
fn stock(person: &Person, program: &str, words: &[&str]) -> Option<bool> {
    match std::process::Command::new(program).args(words).current_dir(person.folder()).output() {
        Ok(output) => Some(output.status.success()),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{program} must be there in CI: {error}");
            eprintln!("SKIPPED: `{program}` is not installed, so nothing was asked of it");
            None
        }
    }
}

#[test]
fn stock_programs_read_a_package_and_their_signatures_are_attached() {
    let (_, file) = built_template();
    let person = Person::new();
    std::fs::copy(file, person.path("md.mpp")).unwrap();
    let key = person.json(&["key", "new", "acme"])["public_key"].as_str().unwrap().to_owned();
    let signed = person.json(&["sign", "md.mpp", "--key", "acme"]);
    let (id, comment) = (signed["key"].as_str().unwrap(), signed["trusted_comment"].as_str().unwrap());

    assert_eq!(stock(&person, "tar", &["xf", "md.mpp"]), Some(true));
    let signature = format!("signatures/{id}.minisig");
    let Some(verified) = stock(&person, "minisign", &["-V", "-m", "mpp.json", "-x", &signature, "-P", &key]) else {
        return;
    };
    assert!(verified, "minisign accepts what mpp signed");

    assert_eq!(stock(&person, "minisign", &["-G", "-W", "-p", "other.pub", "-s", "other.key"]), Some(true));
    let sign = ["-S", "-s", "other.key", "-m", "mpp.json", "-x", "other.minisig", "-t", comment];
    assert_eq!(stock(&person, "minisign", &sign), Some(true));
    person.json(&["sign", "md.mpp", "--attach", "other.minisig", "--public-key", "other.pub"]);
    person.json(&["verify", "md.mpp", "--threshold", "2", "--key", &key, "--key", "other.pub"]);

    let wrong = ["-S", "-s", "other.key", "-m", "mpp.json", "-x", "wrong.minisig", "-t", "a comment of another kind"];
    assert_eq!(stock(&person, "minisign", &wrong), Some(true));
    std::fs::copy(file, person.path("again.mpp")).unwrap();
    let refused = person.refusal(&["sign", "again.mpp", "--attach", "wrong.minisig", "--public-key", "other.pub"]);
    assert_eq!(refused, ("sig.binding".to_owned(), 4));
}

#[test]
fn a_project_locks_what_it_uses() {
    let (_author, user) = installed();
    assert_eq!(user.refusal(&["install"]).0, "package.not-found");
    user.write("mpp-tools.toml", "[tools]\n\"acme:md\" = \"0.1\"\n");
    assert_eq!(user.refusal(&["install", "--locked"]).0, "lock.outdated");
    user.json(&["install"]);
    let lock = String::from_utf8(user.read("mpp.lock")).unwrap();
    assert!(
        lock.contains("name = \"acme:md\"") && lock.contains("version = \"0.1.0\"") && lock.contains("root = "),
        "{lock}"
    );
    user.json(&["install", "--locked"]);
    assert_eq!(user.read("mpp.lock"), lock.as_bytes(), "an install that changes nothing writes nothing else");

    let digest = user.json(&["list"])["packages"][0]["digest"].as_str().unwrap().to_owned();
    user.write("mpp.lock", lock.replace(&digest, &digest.replace(&digest[..8], "00000000")));
    assert_eq!(user.refusal(&["install", "--locked"]), ("index.binding".to_owned(), 4));
}
