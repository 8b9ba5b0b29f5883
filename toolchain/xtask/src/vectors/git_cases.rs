//! Git repositories that no honest server would offer: damaged, rewound, or with names and kinds that an index may not hold.

use super::{
    case::{Case, under},
    git_objects::Repository,
    index_cases::{known, next},
    index_draft::{CONFIG, TODAY, sha256},
    keys::hex,
};

const TWIN: &str = "index/git";
const NOTHING_NEW: &str = "index/git-nothing-new";
const PACKED: &str = "index/git-packed";

/// The cases about git.
pub(super) fn cases() -> Vec<Case> {
    [under("IDX-30", damaged()), under("IDX-3", trees()), under("IDX-33", branches())].concat()
}

/// A repository whose branch is what the client knows, and one with a commit more.
fn both() -> (Repository, Repository, [u8; 20]) {
    let mut before = Repository::new();
    let commit = before.commit(&known().files(), None);
    before.set_main(commit);
    let mut after = before.clone();
    let commit = after.commit(&next().files(), None);
    after.set_main(commit);
    (before, after, commit)
}

fn head() -> String {
    sha256(next().head_text().as_bytes())
}

fn ask(case: Case, known: &Repository, offered: Vec<u8>) -> Case {
    case.file("known", "known.json", known.with_loose_objects())
        .file("offered", "offered.json", offered)
        .value("now", TODAY)
}

fn good(name: &str, why: &'static str) -> Case {
    Case::good(name, why, "index.fetch").giving("digest", head())
}

fn bad(name: &str, code: &'static str, why: &'static str, twin: &'static str) -> Case {
    Case::bad(name, why, "index.fetch", twin, code)
}

fn damaged() -> Vec<Case> {
    let (before, after, _) = both();
    let mut repository = after.clone();
    let (statements, config) = {
        let files = next().files();
        let (path, text) =
            files.iter().find(|(path, _)| path.starts_with("pkg/")).expect("the good index has a package");
        assert!(path.ends_with("/sum.jsonl"));
        (repository.blob(text.as_bytes()), repository.blob(files[CONFIG].as_bytes()))
    };
    let place = Repository::loose(statements);
    let spoilt = |bytes: Vec<u8>| {
        let mut repository = repository.clone();
        repository.put(&place, &bytes);
        repository.with_loose_objects()
    };
    let honest = repository.loose_bytes(statements);
    let mut flipped = honest.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    vec![
        ask(good(TWIN, "a commit more than the client knows"), &before, after.with_loose_objects()),
        ask(
            bad("index/git-object-cut-off", "index.git", "a loose object that ends too early", TWIN),
            &before,
            spoilt(honest[..honest.len() / 2].to_vec()),
        ),
        ask(
            bad("index/git-object-flipped", "index.git", "a loose object with one bit that is another", TWIN),
            &before,
            spoilt(flipped),
        ),
        ask(
            bad(
                "index/git-object-of-another",
                "index.mismatch",
                "a loose object that holds another one: git may pass it, its digest does not (IDX-15)",
                TWIN,
            ),
            &before,
            spoilt(repository.loose_bytes(config)),
        ),
        ask(good(PACKED, "the same commit in a pack"), &before, after.with_a_pack(|_| {})),
        ask(
            bad("index/git-pack-of-zeros", "index.git", "a pack of which only the header is left", PACKED),
            &before,
            after.with_a_pack(|pack| pack[12..].fill(0)),
        ),
        ask(
            bad("index/git-pack-cut-off", "index.git", "a pack that ends too early", PACKED),
            &before,
            after.with_a_pack(|pack| pack.truncate(40)),
        ),
    ]
}

fn trees() -> Vec<Case> {
    let (before, after, _) = both();
    let with = |mode: &'static str, name: &str| {
        let mut repository = after.clone();
        let target = repository.blob(b"/etc/passwd");
        let commit = repository.commit(&next().files(), Some((mode, name, target)));
        repository.set_main(commit);
        repository.with_loose_objects()
    };
    let refused = |(name, why, mode, entry): (&str, &'static str, &'static str, &str)| {
        ask(bad(name, "index.git", why, TWIN), &before, with(mode, entry))
    };
    [
        ("index/git-link", "a link in the tree", "120000", "link"),
        ("index/git-submodule", "a submodule in the tree", "160000", "module"),
        ("index/git-executable", "an executable file in the tree", "100755", "program"),
        ("index/git-group-writable", "a file of an old mode in the tree", "100664", "file"),
        ("index/git-name-git", "the name `.git` in the tree", "100644", ".git"),
        ("index/git-name-git-capitals", "the name `.GIT` in the tree", "100644", ".GIT"),
        ("index/git-name-git-short", "the name `git~1` in the tree", "100644", "git~1"),
        ("index/git-name-above", "the name `..` in the tree", "100644", ".."),
        ("index/git-name-backslash", "a name with a backslash in the tree", "100644", "a\\b"),
        ("index/git-name-space", "a name with a space in the tree", "100644", "a b"),
    ]
    .map(refused)
    .to_vec()
}

fn branches() -> Vec<Case> {
    let (before, after, commit) = both();
    let mut replaced = after.clone();
    let other = replaced.commit(&known().files(), None);
    replaced.put(&format!("refs/replace/{}", hex(&commit)), format!("{}\n", hex(&other)).as_bytes());
    let mut gone = after.clone();
    gone.files.remove("refs/heads/main");
    vec![
        ask(good(NOTHING_NEW, "a branch that stands where the client knows it"), &after, after.with_loose_objects()),
        ask(
            good("index/git-replaced", "a reference that would replace the commit is not followed"),
            &before,
            replaced.with_loose_objects(),
        ),
        ask(
            bad("index/git-rewound", "index.rollback", "a branch that goes back to what was there before", NOTHING_NEW),
            &after,
            before.with_loose_objects(),
        ),
        ask(
            bad("index/git-no-branch", "registry.unreachable", "a repository without its branch", TWIN),
            &before,
            gone.with_loose_objects(),
        ),
    ]
}
