//! A bare repository that asks `mpp registry check` before it takes a push, with the real git.

use crate::support::{Person, built_template};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// The git program, run without anybody's configuration; nothing when the machine lacks it, which is said aloud, and never in CI.
#[expect(clippy::print_stderr, reason = "what was not asked must be seen")]
fn has_git() -> bool {
    let found = Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        assert!(std::env::var_os("CI").is_none(), "git must be there in CI");
        eprintln!("SKIPPED: git is not installed, so no hook ran");
    }
    found
}

/// Runs git in a folder; gives whether it went well, and what it said.
fn git(folder: &Path, words: &[&str]) -> (bool, String) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=x", "-c", "user.email=x@localhost", "-c", "commit.gpgsign=false"]).args(words);
    command.current_dir(folder).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = command.stdin(Stdio::null()).output().expect("git starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[track_caller]
fn git_well(folder: &Path, words: &[&str]) -> String {
    let (well, said) = git(folder, words);
    assert!(well, "git {words:?}: {said}");
    said.trim().to_owned()
}

/// An author whose registry has the hook, reached through an address so that git pushes.
fn guarded() -> Person {
    let (_, file) = built_template();
    let author = Person::new();
    author.json(&["key", "new", "acme"]);
    fs::copy(file, author.path("md.mpp")).unwrap();
    author.json(&["sign", "md.mpp", "--key", "acme"]);
    author.json(&["registry", "init", "registry.git"]);
    author.json(&["registry", "add", "home", &address(&author)]);
    install_hook(&author);
    author
}

fn address(author: &Person) -> String {
    format!("file://{}", author.path("registry.git").display())
}

fn install_hook(author: &Person) {
    let shipped = include_str!("../../../../registry-git/hooks/pre-receive");
    let program = Path::new(env!("CARGO_BIN_EXE_mpp")).parent().unwrap().display();
    let hook = shipped.replacen("#!/bin/sh\n", &format!("#!/bin/sh\nPATH=\"{program}:$PATH\"\n"), 1);
    fs::create_dir_all(author.path("registry.git/hooks")).unwrap();
    author.write("registry.git/hooks/pre-receive", hook);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let path = author.path("registry.git/hooks/pre-receive");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// What the references of the registry name.
fn references(author: &Person) -> String {
    git_well(&author.path("registry.git"), &["for-each-ref"])
}

/// A push that the registry refuses, for this reason; nothing moves.
#[track_caller]
fn check_refused(author: &Person, folder: &Path, words: &[&str], code: &str) {
    let before = references(author);
    let (well, said) = git(folder, words);
    assert!(!well && said.contains(&format!("[{code}]")) && said.contains("hook declined"), "git {words:?}: {said}");
    assert_eq!(references(author), before);
}

/// IDX-45, IDX-47.
#[test]
fn an_honest_push_of_file_and_index_passes_and_the_file_alone_does_not() {
    if !has_git() {
        return;
    }
    let author = guarded();
    assert_eq!(author.json(&["publish", "md.mpp", "--key", "acme"])["new"], true);
    assert!(references(&author).contains("refs/mpp/packages/acme/md"), "the file and the index arrived together");
    author.json(&["yank", "acme:md@0.1.0", "--reason", "x"]);
    author.json(&["registry", "sign-head"]);
    let user = Person::new();
    user.json(&["registry", "add", "home", &address(&author)]);
    assert_eq!(user.json(&["info", "acme:md"])["releases"].as_array().unwrap().len(), 1);

    // Everything that was pushed, pushed again to a fresh registry with the same root: in one push, and piece by piece.
    let all = ["push", "--atomic"];
    for together in [true, false] {
        let target = Person::new();
        let repository = target.path("registry.git");
        git_well(target.folder(), &["init", "-q", "--bare", "-b", "main", "registry.git"]);
        install_hook(&target);
        let source = author.path("registry.git");
        let url = address(&target);
        let (main, package) =
            ("refs/heads/main:refs/heads/main", "refs/mpp/packages/acme/md:refs/mpp/packages/acme/md");
        if together {
            git_well(&source, &[&all[..], &[&url, package, main]].concat());
            assert!(repository.join("refs/mpp/packages/acme/md").exists());
            check_refused(&target, &source, &["push", &url, ":refs/heads/main"], "index.git");
        } else {
            check_refused(&target, &source, &["push", &url, main], "index.git");
            check_refused(&target, &source, &["push", &url, package], "index.unlogged");
            check_refused(&target, &source, &["push", &url, "refs/heads/main:refs/heads/other"], "index.git");
        }
    }
}

/// IDX-46, IDX-48.
#[test]
fn what_no_client_would_accept_does_not_arrive() {
    if !has_git() {
        return;
    }
    let author = guarded();
    author.json(&["publish", "md.mpp", "--key", "acme"]);
    let url = address(&author);
    git_well(author.folder(), &["clone", "-q", &url, "work"]);
    let work = author.path("work");
    let reset = || git_well(&work, &["reset", "-q", "--hard", "origin/main"]);
    let push = ["push", "origin", "HEAD:refs/heads/main"];
    let commit = |what: &str| git_well(&work, &["commit", "-q", "-am", what]);

    // A file that nobody logged.
    author.write("work/README.md", "# Hello\n");
    git_well(&work, &["add", "README.md"]);
    commit("Add a file");
    check_refused(&author, &work, &push, "index.unlogged");
    reset();

    // A statement changed in place.
    let pkg = git_well(&work, &["ls-files", "pkg"]);
    let path = format!("work/{pkg}");
    let text = String::from_utf8(author.read(&path)).unwrap();
    author.write(&path, text.replace("0.1.0", "0.1.1"));
    commit("Change a statement");
    check_refused(&author, &work, &push, "index.unlogged");
    reset();

    // An older index, forced.
    author.json(&["yank", "acme:md@0.1.0", "--reason", "x"]);
    check_refused(&author, &work, &["push", "--force", "origin", "HEAD:refs/heads/main"], "index.git");

    // The old files as a new commit.
    git_well(&work, &["fetch", "-q"]);
    let tree = git_well(&work, &["rev-parse", "HEAD^{tree}"]);
    let replayed = git_well(&work, &["commit-tree", &tree, "-p", "origin/main", "-m", "Replay"]);
    check_refused(&author, &work, &["push", "origin", &format!("{replayed}:refs/heads/main")], "index.rollback");

    // An orphan with the right files.
    let tree = git_well(&work, &["rev-parse", "origin/main^{tree}"]);
    let orphan = git_well(&work, &["commit-tree", &tree, "-m", "Orphan"]);
    check_refused(&author, &work, &["push", "--force", "origin", &format!("{orphan}:refs/heads/main")], "index.git");

    // The registry is as good as before.
    author.json(&["unyank", "acme:md@0.1.0", "--reason", "y"]);
    let checked = author.json(&["registry", "check", &url, "--files"]);
    assert_eq!(checked["files"], 1);
}

#[test]
fn a_stranger_with_the_right_to_push_publishes_nothing() {
    if !has_git() {
        return;
    }
    let author = guarded();
    author.json(&["publish", "md.mpp", "--key", "acme"]);
    let source = author.path("registry.git");
    // A package file of somebody's making, put on top of the honest one.
    git_well(author.folder(), &["clone", "-q", &address(&author), "work"]);
    let work = author.path("work");
    git_well(&work, &["fetch", "-q", "origin", "refs/mpp/packages/acme/md"]);
    let tip = git_well(&source, &["rev-parse", "refs/mpp/packages/acme/md"]);
    let tree = git_well(&work, &["rev-parse", &format!("{tip}^{{tree}}")]);
    let evil = git_well(&work, &["commit-tree", &tree, "-p", &tip, "-m", "acme:md@0.2.0"]);
    let onto = format!("{evil}:refs/mpp/packages/acme/md");
    check_refused(&author, &work, &["push", "origin", &onto], "index.unlogged");
    let to_free = format!("{evil}:refs/mpp/packages/free/name");
    check_refused(&author, &work, &["push", "origin", &to_free], "index.unlogged");
    let merge = git_well(&work, &["commit-tree", &tree, "-p", &tip, "-p", "origin/main", "-m", "Merge"]);
    let onto = format!("{merge}:refs/mpp/packages/acme/md");
    check_refused(&author, &work, &["push", "origin", &onto], "index.git");

    // What the program says when the registry declines: its own checks are passed over by spoiling what the hook believes.
    fs::write(author.path("registry.git/mpp-check/state.json"), "{}").unwrap();
    let refused = author.refusal(&["yank", "acme:md@0.1.0", "--reason", "x"]);
    assert_eq!(refused, ("registry.declined".to_owned(), 4));
}

/// Somebody who knows the registry of `author`, and holds none of its head keys.
fn proposer(author: &Person, key: &str) -> Person {
    let (_, file) = built_template();
    let person = Person::new();
    person.json(&["key", "new", key]);
    fs::copy(file, person.path("md.mpp")).unwrap();
    person.json(&["sign", "md.mpp", "--key", key]);
    person.json(&["registry", "add", "home", &address(author)]);
    person
}

/// IDX-102, IDX-103.
#[test]
fn a_proposal_waits_until_somebody_with_a_head_key_takes_it_in() {
    if !has_git() {
        return;
    }
    // IDX-100 to IDX-104, through the hook.
    let author = guarded();
    let person = proposer(&author, "mine");
    let report = person.json(&["publish", "md.mpp"]);
    let waits_in = report["proposed"].as_str().unwrap().to_owned();
    assert!(waits_in.starts_with("refs/heads/publish/") && references(&author).contains(&waits_in), "{report}");
    assert_eq!(person.json(&["publish", "md.mpp"])["new"], false);
    assert_eq!(person.refusal(&["info", "acme:md"]).0, "package.not-found");
    assert_eq!(person.refusal(&["registry", "sign-head"]).0, "registry.no-head-key");

    let signed = author.json(&["registry", "sign-head"]);
    assert_eq!(
        (signed["taken"][0]["releases"][0].as_str(), &signed["refused"]),
        (Some("acme:md@0.1.0"), &serde_json::json!([]))
    );
    assert!(!references(&author).contains("refs/heads/publish/"), "what was taken in waits no more");
    let checked = person.json(&["registry", "check", &address(&author), "--files"]);
    assert_eq!((&checked["packages"], &checked["files"]), (&serde_json::json!(1), &serde_json::json!(1)));
    person.json(&["install", "acme:md"]);
    assert_eq!(person.json(&["publish", "md.mpp"])["new"], false);

    // Nobody else proposes into the namespace.
    let stranger = proposer(&author, "other");
    assert_eq!(stranger.refusal(&["publish", "md.mpp"]), ("trust.namespace".to_owned(), 4));
}

/// IDX-101.
#[test]
fn a_proposal_is_taken_as_it_was_signed_or_not_at_all() {
    if !has_git() {
        return;
    }
    let author = guarded();
    let (first, second) = (proposer(&author, "first"), proposer(&author, "second"));
    first.json(&["publish", "md.mpp"]);
    second.json(&["publish", "md.mpp"]);
    // Both claim the namespace: one of them gets it, the other is told why not.
    let signed = author.json(&["registry", "sign-head"]);
    assert_eq!(signed["taken"].as_array().unwrap().len(), 1, "{signed}");
    assert_eq!(signed["refused"].as_array().unwrap().len(), 1, "{signed}");
    assert!(references(&author).matches("refs/heads/publish/").count() == 1);

    // What waits under the name of one key does not arrive under that of another.
    git_well(author.folder(), &["clone", "-q", &address(&author), "work"]);
    let work = author.path("work");
    let left = references(&author);
    let stays = left.lines().find(|line| line.contains("refs/heads/publish/")).unwrap().to_owned();
    let commit = stays.split(' ').next().unwrap().to_owned();
    git_well(&work, &["fetch", "-q", "origin", &commit]);
    let onto = format!("{commit}:refs/heads/publish/{}/00", "0".repeat(64));
    check_refused(&author, &work, &["push", "origin", &onto], "index.git");
}

#[test]
fn a_pull_request_brings_its_files_and_is_checked_without_keys() {
    if !has_git() {
        return;
    }
    let author = guarded();
    let person = proposer(&author, "mine");
    let report = person.json(&["publish", "md.mpp", "--pull-request", "clone"]);
    let json = report["proposed"].as_str().unwrap().to_owned();
    assert!(json.ends_with(&format!("clone/incoming/{}.json", report["file"].as_str().unwrap())), "{json}");
    let check = ["registry", "check", &address(&author), "--proposals", "clone"];
    assert_eq!(person.json(&check)["proposals"][0]["releases"][0], "acme:md@0.1.0");
    let clone = person.path("clone");
    let taken = |author: &Person| author.json(&["registry", "sign-head", "--proposals", clone.to_str().unwrap()]);
    // One byte of a signed line, and then a package file that is not the one.
    let honest = fs::read_to_string(&json).unwrap();
    fs::write(&json, honest.replacen("0.1.0", "0.1.1", 1)).unwrap();
    assert_ne!(person.mpp(&check).exit, 0);
    fs::write(&json, &honest).unwrap();
    let package = json.replace(".json", ".mpp");
    fs::write(&package, b"x").unwrap();
    assert_eq!(person.refusal(&check), ("index.binding".to_owned(), 4));
    assert_eq!(taken(&author)["refused"][0]["refused"]["code"], "index.binding");
    #[cfg(unix)]
    {
        // Links lead anywhere, and a device has no end.
        let link = |to: &str, at: &str| {
            fs::remove_file(at).unwrap();
            std::os::unix::fs::symlink(to, at).unwrap();
        };
        link("/dev/zero", &package);
        assert_eq!(person.refusal(&check).0, "index.git");
        link("/dev/zero", &json);
        assert_eq!(taken(&author)["refused"][0]["refused"]["code"], "index.git");
        link("nowhere", &json);
        assert_eq!(taken(&author)["refused"][0]["refused"]["code"], "index.git");
        fs::remove_file(&json).and_then(|()| fs::remove_file(&package)).unwrap();
        fs::write(&json, &honest).unwrap();
    }
    fs::copy(person.path("md.mpp"), &package).unwrap();
    assert_eq!(taken(&author)["taken"][0]["releases"][0], "acme:md@0.1.0");
    person.json(&["install", "acme:md"]);
    // The files stay in the branch, and are passed over.
    assert_eq!(taken(&author)["refused"], serde_json::json!([]));
}
