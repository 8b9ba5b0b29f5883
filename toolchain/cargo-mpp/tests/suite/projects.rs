//! Projects: locked installations, updates that are shown first, going back, vendored files, and no network at all.

use crate::support::Person;
use serde_json::{Value as Json, json};
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

const TEXT: &str = r##"{"text": "# Hi"}"##;

/// Three versions of `acme:paths-md`: the second has another description, one tool more, and asks for more; the third is not compatible by its number.
fn versions() -> &'static (Person, [PathBuf; 3]) {
    static BUILT: OnceLock<(Person, [PathBuf; 3])> = OnceLock::new();
    BUILT.get_or_init(|| {
        let author = Person::new();
        author.json(&["new", "paths-md", "--namespace", "acme"]);
        let build = |version: &str| {
            let built = author.json(&["build", "paths-md", "--offline"]);
            let kept = author.path(&format!("{version}.mpp"));
            std::fs::copy(built["packages"][0]["file"].as_str().unwrap(), &kept).unwrap();
            kept
        };
        let first = build("0.1.0");
        author.edit("paths-md/Cargo.toml", "version = \"0.1.0\"", "version = \"0.1.1\"");
        author.edit("paths-md/Cargo.toml", "trust = \"sandboxed\"", MORE);
        author.edit(
            "paths-md/wit/world.wit",
            "  /// Counts words,",
            "  /// The length.\n  size: func(text: string) -> u32;\n\n  /// Always call this first. Counts words,",
        );
        author.edit(
            "paths-md/src/lib.rs",
            "    fn stats(",
            "    fn size(text: String) -> u32 {\n        text.len() as u32\n    }\n\n    fn stats(",
        );
        let second = build("0.1.1");
        author.edit("paths-md/Cargo.toml", "version = \"0.1.1\"", "version = \"0.2.0\"");
        let third = build("0.2.0");
        (author, [first, second, third])
    })
}

const MORE: &str = "trust = \"limited\"\n\n[package.metadata.mpp.permissions]\nenv = [\"LANG\"]\n\n\
                    [package.metadata.mpp.tools.links]\nrisk = \"external\"\n";

/// An author with a registry and nothing in it.
fn author() -> Person {
    let author = Person::new();
    author.json(&["key", "new", "acme"]);
    author.json(&["registry", "init", "registry.git"]);
    author.json(&["registry", "add", "home", "registry.git"]);
    author
}

impl Person {
    fn publish_version(&self, place: usize) {
        std::fs::copy(&versions().1[place], self.path("next.mpp")).unwrap();
        self.json(&["sign", "next.mpp", "--key", "acme"]);
        self.json(&["publish", "next.mpp", "--key", "acme"]);
    }

    fn asks_for(&self, requirement: &str) {
        self.write("mpp-tools.toml", format!("[tools]\n\"acme:paths-md\" = \"{requirement}\"\n"));
    }

    fn installed_version(&self) -> Json {
        self.json(&["list"])["packages"][0]["version"].clone()
    }

    fn lock(&self) -> String {
        String::from_utf8(self.read("mpp.lock")).unwrap()
    }
}

fn user_of(author: &Person) -> Person {
    let user = Person::new();
    user.json(&["registry", "add", "home", author.path("registry.git").to_str().unwrap()]);
    user
}

/// An author of the first version, and a user whose project has it.
fn project() -> (Person, Person) {
    let author = author();
    author.publish_version(0);
    let user = user_of(&author);
    user.asks_for("0.1");
    user.json(&["install"]);
    (author, user)
}

#[test]
fn proj_16_what_leaves_the_lock_is_shown_before_it_leaves() {
    let (_author, user) = project();
    let lock = user.lock();
    user.write("mpp-tools.toml", "[tools]\n");
    let dropped = json!([{ "name": "acme:paths-md", "version": "0.1.0" }]);
    let planned = user.json(&["update", "--dry-run"]);
    assert_eq!((&planned["dropped"], &planned["changed"]), (&dropped, &json!(false)));
    assert_eq!(user.refusal(&["update"]).0, "update.declined");
    assert_eq!(user.lock(), lock);
    assert!(user.mpp(&["update", "--dry-run"]).out.contains("acme:paths-md@0.1.0 leaves mpp.lock"));
    assert_eq!(user.json(&["update", "--yes"])["changed"], true);
    assert!(!user.lock().contains("acme:paths-md"));

    user.write("mpp.lock", &lock);
    let installed = user.mpp(&["install"]);
    assert!(installed.err.contains("acme:paths-md@0.1.0 leaves mpp.lock"), "{installed:?}");
    assert_eq!(user.json(&["update", "--dry-run"])["dropped"], json!(null));
}

#[test]
fn proj_3_a_locked_installation_fails_whenever_the_lock_would_change() {
    let author = author();
    author.publish_version(0);
    let user = user_of(&author);
    let outdated = ("lock.outdated".to_owned(), 3);
    let locked = || user.refusal(&["install", "--locked"]);
    user.asks_for("0.1");
    assert_eq!(locked(), outdated);
    user.json(&["install"]);
    let lock = user.lock();
    user.json(&["install", "--locked"]);
    author.publish_version(1);
    user.json(&["install", "--locked"]);
    assert_eq!((user.lock(), user.installed_version()), (lock.clone(), json!("0.1.0")));

    user.asks_for("0.2");
    assert_eq!(locked(), outdated);
    user.write("mpp-tools.toml", "[tools]\n");
    assert_eq!(locked(), outdated);
    user.write("mpp-tools.toml", "[tools]\n\"acme:paths-md\" = \"0.1\"\n\"acme:other\" = \"1\"\n");
    let said = user.mpp(&["install", "--locked"]);
    assert!(said.err.contains("`acme:other` is not in it") && said.err.contains("help: "), "{said:?}");
    user.write("mpp-tools.toml", "[tools]\n\"acme:paths-md\" = { version = \"0.1\", registry = \"elsewhere\" }\n");
    assert_eq!(locked(), outdated);

    user.asks_for("0.1");
    let signer = lock.split("signers = [\"").nth(1).or_else(|| lock.split("signers = [\n    \"").nth(1)).unwrap();
    let signer = &signer[..64];
    user.write("mpp.lock", lock.replace(signer, &"0".repeat(64)));
    assert_eq!(locked(), outdated);
    user.write("mpp.lock", lock.replace("version = \"0.1.0\"", "version = \"0.1.7\""));
    assert_eq!(locked(), outdated);
    // PROJ-1.
    for wrong in
        ["minimum-age = 3\n[tools]\n", "[tools]\n\"acme:paths-md\" = { version = \"0.1\", registy = \"home\" }\n"]
    {
        user.write("mpp-tools.toml", wrong);
        assert_eq!(locked().0, "format.malformed");
    }
    user.asks_for("0.1");
    user.write("mpp.lock", &lock);
    user.json(&["install", "--locked"]);
    assert_eq!(user.lock(), lock);
}

#[test]
fn proj_2_a_registry_is_known_by_its_id_and_not_by_its_name() {
    let (author, user) = project();
    let other = Person::new();
    for file in ["mpp-tools.toml", "mpp.lock"] {
        std::fs::copy(user.path(file), other.path(file)).unwrap();
    }
    let unknown = other.mpp(&["install", "--locked"]);
    let root = author.json(&["registry", "list"])["registries"][0]["root"].as_str().unwrap().to_owned();
    assert!(unknown.err.starts_with("error[registry.unknown]: "), "{unknown:?}");
    assert!(unknown.err.contains("mpp registry add home ") && unknown.err.contains(&format!("--root {root}")));
    assert_eq!(other.refusal(&["install"]).0, "registry.unknown");
    // A registry of the same name and another identity is none of it.
    other.json(&["registry", "init", "mine.git"]);
    other.json(&["registry", "add", "home", "mine.git"]);
    assert_eq!(other.refusal(&["install", "--locked"]).0, "registry.unknown");
    let place = author.path("registry.git");
    other.json(&["registry", "add", "theirs", place.to_str().unwrap()]);
    other.json(&["install", "--locked"]);
    other.json(&["install"]);
    assert_eq!(other.lock(), user.lock(), "what a home calls a registry is not written down");
}

#[test]
fn proj_16_proj_20_an_update_is_shown_whole_before_anything_happens() {
    let (author, user) = project();
    let (lock, nothing) = (user.lock(), user.json(&["update", "--dry-run"]));
    assert_eq!((&nothing["changes"], &nothing["changed"]), (&json!([]), &json!(false)));
    assert_eq!(user.json(&["outdated"])["outdated"], json!([]));
    author.publish_version(1);
    author.publish_version(2);
    let outdated = user.json(&["outdated"])["outdated"][0].clone();
    let three = [&outdated["present"], &outdated["update"], &outdated["newest"]];
    assert_eq!(three, [&json!("0.1.0"), &json!("0.1.1"), &json!("0.2.0")]);

    let planned = user.json(&["update", "--dry-run"]);
    let change = &planned["changes"][0];
    assert_eq!((&change["from"]["version"], &change["to"]["version"]), (&json!("0.1.0"), &json!("0.1.1")));
    assert_eq!(change["tools"]["added"], json!(["size"]));
    assert_eq!(change["new_tools"][0]["description"], "The length.");
    assert_eq!((&change["tools"]["removed"], &change["tools"]["renamed"]), (&json!([]), &json!([])));
    assert_eq!(change["tools"]["changed"][0]["name"], "stats");
    assert!(change["newly_asks_for"].to_string().contains("LANG"), "{change}");
    assert_eq!(change["risks"], json!([{ "tool": "links", "was": "none", "now": "external" }]));
    assert_eq!((&change["from"]["trust"], &change["to"]["trust"]), (&json!("sandboxed"), &json!("limited")));
    assert_eq!((&change["new_signers"], &change["gone_signers"]), (&json!([]), &json!([])));
    let kept = std::fs::read_dir(user.path("home/data/packages")).unwrap().next().unwrap().unwrap();
    assert_eq!(change["from"]["size"], kept.metadata().unwrap().len());
    assert!(change["to"]["size"].is_u64());
    let unchanged =
        |person: &Person| assert_eq!((person.lock(), person.installed_version()), (lock.clone(), json!("0.1.0")));
    unchanged(&user);

    assert_eq!(user.detached_refusal(&["update"]), "update.declined");
    let no = user.on_terminal("update", &[("update these? [y/N] ", "n")]);
    assert!(no.out.contains("~ tool stats") && no.out.contains("Always call this first"), "{}", no.out);
    assert!(no.out.contains("+ tool size") && no.out.contains("risk of links: none -> external"), "{}", no.out);
    unchanged(&user);
    let yes = user.on_terminal("update", &[("update these? [y/N] ", "y")]);
    assert!(yes.out.contains("installed acme:paths-md@0.1.1"), "{}", yes.out);
    assert_eq!(user.installed_version(), "0.1.1");
    user.json(&["install", "--locked"]);

    // PROJ-17: back, and forward again.
    let newer = user.lock();
    let back = user.json(&["rollback", "--yes"]);
    assert_eq!(back["changes"][0]["tools"]["removed"], json!(["size"]));
    unchanged(&user);
    user.json(&["install", "--locked"]);
    user.json(&["rollback", "--yes"]);
    assert_eq!((user.lock(), user.installed_version()), (newer, json!("0.1.1")));
}

#[test]
fn proj_15_proj_17_without_a_project_what_is_installed_goes_forward_and_back() {
    let author = author();
    author.publish_version(0);
    let user = user_of(&author);
    user.json(&["install", "acme:paths-md"]);
    assert_eq!(user.refusal(&["rollback", "acme:paths-md", "--yes"]), ("history.empty".to_owned(), 3));
    assert_eq!(user.refusal(&["rollback", "--yes"]).0, "history.empty");
    author.publish_version(1);
    author.publish_version(2);
    assert_eq!(user.json(&["update", "--yes"])["installed"][0]["version"], "0.1.1");
    assert_eq!(user.json(&["update", "--yes"])["changed"], false);
    assert_eq!(user.json(&["outdated"])["outdated"][0]["newest"], "0.2.0");
    assert_eq!(user.json(&["update", "--incompatible", "--yes"])["installed"][0]["version"], "0.2.0");
    assert_eq!(user.refusal(&["update", "acme:other", "--yes"]).0, "package.not-installed");

    assert_eq!(user.detached_refusal(&["rollback", "acme:paths-md"]), "update.declined");
    user.json(&["rollback", "acme:paths-md", "--yes"]);
    assert_eq!(user.installed_version(), "0.1.1");
    user.json(&["rollback", "acme:paths-md", "--to", "0.1.0", "--yes"]);
    user.json(&["call", "acme:paths-md", "outline", TEXT]);
    assert_eq!(user.installed_version(), "0.1.0");
    user.json(&["rollback", "acme:paths-md", "--to", "0.2.0", "--yes"]);

    author.json(&["block", "acme:paths-md@0.1.1", "--as-registry", "--reason", "malware"]);
    user.mpp(&["audit"]);
    let blocked = user.refusal(&["rollback", "acme:paths-md", "--to", "0.1.1", "--yes"]);
    assert_eq!((blocked.0.as_str(), user.installed_version()), ("pkg.blocked", json!("0.2.0")));
    // A file that changed is not gone back to either.
    let earlier = user.json(&["rollback", "acme:paths-md", "--to", "0.1.0", "--dry-run"]);
    assert_eq!(earlier["changed"], false);
    for file in std::fs::read_dir(user.path("home/data/packages")).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    let spoiled = user.mpp(&["rollback", "acme:paths-md", "--to", "0.1.0", "--yes"]);
    assert_ne!(spoiled.exit, 0, "{spoiled:?}");
    assert_eq!(user.installed_version(), "0.2.0");
}

#[test]
fn proj_10_young_versions_wait() {
    let (author, user) = project();
    author.publish_version(1);
    let young = ("package.too-young".to_owned(), 3);
    let policy = |days: u32| user.write("home/config/policy.toml", format!("minimum-age-days = {days}\n"));
    policy(3);
    // What is locked stays, and nothing younger takes its place.
    user.json(&["install"]);
    user.json(&["update", "--yes"]);
    assert_eq!(user.installed_version(), "0.1.0");
    std::fs::remove_file(user.path("mpp.lock")).unwrap();
    assert_eq!(user.refusal(&["install"]), young);
    assert_eq!(user.refusal(&["install", "acme:paths-md"]), young);
    let said = user.mpp(&["install", "acme:paths-md"]);
    assert!(said.err.contains("--minimum-age 0"), "{said:?}");
    user.json(&["install", "--minimum-age", "0"]);
    assert_eq!(user.installed_version(), "0.1.1");
    // The stricter of the policy and the project counts.
    std::fs::remove_file(user.path("mpp.lock")).unwrap();
    policy(0);
    user.json(&["install", "acme:paths-md"]);
    let tools = "[tools]\n\"acme:paths-md\" = \"0.1\"\n";
    user.write("mpp-tools.toml", format!("minimum-age-days = 3\n{tools}"));
    assert_eq!(user.refusal(&["install"]), young);
    policy(3);
    user.write("mpp-tools.toml", format!("minimum-age-days = 0\n{tools}"));
    assert_eq!(user.refusal(&["install"]), young);
    user.json(&["install", "--minimum-age", "0"]);
}

#[test]
fn proj_20_any_two_versions_are_compared() {
    let (author, user) = project();
    author.publish_version(1);
    let changed = |diff: &Json| (diff["from"]["version"].clone(), diff["to"]["version"].clone(), diff["same"].clone());
    let newest = user.json(&["diff", "acme:paths-md"]);
    assert_eq!(changed(&newest), (json!("0.1.0"), json!("0.1.1"), json!(false)));
    assert_eq!(newest["tools"]["added"], json!(["size"]));
    let back = user.json(&["diff", "acme:paths-md@0.1.1", "acme:paths-md@0.1.0"]);
    assert_eq!(changed(&back), (json!("0.1.1"), json!("0.1.0"), json!(false)));
    assert_eq!((&back["tools"]["removed"], &back["from_verified"]), (&json!(["size"]), &json!(true)));
    let same = user.json(&["diff", "acme:paths-md", "acme:paths-md@0.1.0"]);
    assert_eq!(changed(&same).2, true);
    let [first, second, _] = &versions().1;
    let files = user.json(&["diff", first.to_str().unwrap(), second.to_str().unwrap()]);
    assert_eq!(changed(&files), (json!("0.1.0"), json!("0.1.1"), json!(false)));
    assert_eq!(files["from_verified"], false);
    assert_eq!(user.refusal(&["diff", "acme:paths-md@3.0.0", "acme:paths-md"]).0, "package.not-found");
    user.write("no.mpp", "no package");
    assert_eq!(user.refusal(&["diff", "no.mpp", "acme:paths-md"]).0, "pkg.magic");
}

/// A server of static files on loopback, which ends with this value.
struct Served {
    child: Child,
    port: String,
}

impl Served {
    fn start(folder: &Path) -> Self {
        let mut server = Command::new("python3");
        server.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]).current_dir(folder);
        let mut child = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("python3 starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split("port ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a port").to_owned();
        Self { child, port }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `mpp --json` where there is no network at all, not even loopback.
#[track_caller]
fn without_network(person: &Person, words: &[&str]) -> Json {
    let all = [&["--user", "--map-root-user", "--net", env!("CARGO_BIN_EXE_mpp"), "--json"], words].concat();
    let output = person.program("unshare", &all).stdin(Stdio::null()).output().expect("unshare starts");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("mpp {words:?} printed no JSON object: {output:?}"))
}

#[expect(clippy::print_stderr, reason = "what was not tried must be seen")]
fn can_unshare() -> bool {
    let tried = Command::new("unshare").args(["--user", "--map-root-user", "--net", "true"]).output();
    let can = tried.is_ok_and(|tried| tried.status.success());
    if !can {
        eprintln!("SKIPPED: network namespaces cannot be made here, so nothing was tried without a network");
    }
    can
}

#[test]
fn proj_5_proj_6_proj_8_everything_works_with_no_network() {
    if !can_unshare() {
        return;
    }
    let author = author();
    author.publish_version(0);
    author.json(&["registry", "export", "www"]);
    let served = Served::start(&author.path("www"));
    let url = format!("sparse+http://127.0.0.1:{}/", served.port);
    let add = |person: &Person| drop(person.json(&["registry", "add", "home", &url]));
    let (user, fresh, stranger) = (Person::new(), Person::new(), Person::new());
    add(&user);
    add(&fresh);
    user.asks_for("0.1");
    user.json(&["install"]);
    let code = |answer: &Json| answer["error"]["code"].clone();
    let locked = |person: &Person| without_network(person, &["install", "--locked"]);
    let version = |answer: &Json| answer["installed"][0]["version"].clone();
    // A filled cache is enough, also for an installation that would have kept to the lock file anyway.
    assert_eq!(version(&locked(&user)), "0.1.0");
    assert_eq!(version(&without_network(&user, &["install"])), "0.1.0");
    assert_eq!(without_network(&user, &["call", "acme:paths-md", "outline", TEXT])["error"], json!(null));
    let moved = |to: &Person, files: &[&str]| {
        for file in files {
            std::fs::copy(user.path(file), to.path(file)).unwrap();
        }
    };
    for person in [&fresh, &stranger] {
        moved(person, &["mpp-tools.toml", "mpp.lock"]);
    }
    // A fresh clone of the project has neither files nor keys.
    assert_eq!(code(&locked(&fresh)), "registry.unreachable");
    assert_eq!(code(&locked(&stranger)), "registry.unknown");

    let vendored = without_network(&user, &["vendor"]);
    assert_eq!((&vendored["packages"][0]["version"], &vendored["written"]), (&json!("0.1.0"), &json!(2)));
    assert_eq!(without_network(&user, &["vendor"])["written"], 0);
    let names = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(user.path(folder)).unwrap().map(|entry| entry.unwrap().file_name());
        let names = entries.map(|name| format!("{folder}/{}", name.to_str().unwrap()));
        names.filter(|name| name.contains('.')).collect()
    };
    let (packages, keys) = (names("mpp-vendor"), names("mpp-vendor/keys"));
    assert_eq!((packages.len(), keys.len()), (1, 1));
    let vendor_for = |person: &Person| {
        std::fs::create_dir_all(person.path("mpp-vendor/keys")).unwrap();
        moved(person, &[packages[0].as_str(), keys[0].as_str()]);
    };
    for person in [&fresh, &stranger] {
        vendor_for(person);
        assert_eq!(version(&locked(person)), "0.1.0");
        assert_eq!(without_network(person, &["call", "acme:paths-md", "outline", TEXT])["error"], json!(null));
        assert_eq!(person.lock(), user.lock());
    }
    // PROJ-7: what only a lock file vouched for learns of blocks as soon as its registry can be asked.
    let record = stranger.json(&["list"])["packages"][0].clone();
    assert_eq!((&record["registry"], record["locked_from"].is_string()), (&json!(null), true));

    // Nothing in the folder is believed because it is there.
    let careful = Person::new();
    moved(&careful, &["mpp-tools.toml", "mpp.lock"]);
    vendor_for(&careful);
    careful.json(&["key", "new", "thief"]);
    let thief = careful.json(&["key", "show", "thief"])["public_key"].as_str().unwrap().to_owned();
    let right_key = careful.read(&keys[0]);
    careful.write(&keys[0], format!("untrusted comment: mpp\n{thief}\n"));
    assert_eq!(code(&locked(&careful)), "registry.unknown");
    careful.write(&keys[0], right_key);
    let right = careful.read(&packages[0]);
    let mut wrong = right.clone();
    wrong[600] ^= 1;
    careful.write(&packages[0], &wrong);
    assert_eq!(code(&locked(&careful)), "registry.unreachable");
    careful.write(&packages[0], &right);
    careful.json(&["trust", "pin", "acme", &thief]);
    assert_eq!(code(&locked(&careful)), "trust.pin");
    careful.json(&["trust", "unpin", "acme"]);
    assert_eq!(version(&locked(&careful)), "0.1.0");

    // `--offline` is the same without the wait, and nothing is chosen anew without a registry.
    assert_eq!(version(&fresh.json(&["install", "--locked", "--offline"])), "0.1.0");
    fresh.asks_for("0.2");
    assert_eq!(code(&without_network(&fresh, &["install"])), "registry.unreachable");
    author.json(&["block", "acme:paths-md@0.1.0", "--as-registry", "--reason", "malware"]);
    author.json(&["registry", "export", "www"]);
    add(&stranger);
    stranger.mpp(&["audit"]);
    assert_eq!(stranger.refusal(&["call", "acme:paths-md", "outline", TEXT]).0, "pkg.blocked");
    assert_eq!(code(&locked(&stranger)), "pkg.blocked");
}

#[test]
fn proj_8_vendored_files_follow_the_lock() {
    let (author, user) = project();
    user.json(&["vendor"]);
    user.write("mpp-vendor/README.md", "ours");
    author.publish_version(1);
    user.json(&["update", "--yes"]);
    let vendored = user.json(&["vendor"]);
    assert_eq!((&vendored["written"], &vendored["removed"]), (&json!(1), &json!(1)));
    assert_eq!(user.read("mpp-vendor/README.md"), b"ours");
    user.asks_for("0.2");
    assert_eq!(user.refusal(&["vendor"]).0, "lock.outdated");
}
