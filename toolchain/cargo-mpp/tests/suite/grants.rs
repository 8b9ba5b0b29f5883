//! Grants from the command line: with a terminal and without one, used, revoked, carried elsewhere, and attacked.

use crate::{support::Person, terminal::AS_ASKED};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

const ASKS: &str = r#"
[package.metadata.mpp.permissions]
folders = { notes = { access = "read-write", reason = "where your notes live" } }
http = [{ origin = "https://api.example.com", reason = "to look up words" }]
env = ["LANG"]
kv = { quota = "1MiB" }
"#;

/// The template as a package that asks for things: version 0.1.0, and 0.2.0 that asks for a clock too. It does not use what it asks for, which
/// is nobody's business here: whether a call is begun is decided before.
pub(crate) fn packages() -> &'static (Person, PathBuf, PathBuf) {
    static BUILT: OnceLock<(Person, PathBuf, PathBuf)> = OnceLock::new();
    BUILT.get_or_init(|| {
        let author = Person::new();
        author.json(&["key", "new", "acme"]);
        author.json(&["new", "md", "--namespace", "acme"]);
        let build = |version: &str, asks: &str| {
            let manifest = String::from_utf8(author.read("md/Cargo.toml")).unwrap();
            let manifest = manifest.replace("trust = \"sandboxed\"", "trust = \"limited\"");
            let start = manifest.find("[package.metadata.mpp.permissions]").unwrap_or(manifest.len());
            let manifest = manifest[..start].replacen("version = \"0.1.0\"", &format!("version = \"{version}\""), 1);
            author.write("md/Cargo.toml", manifest + asks);
            let built = author.json(&["build", "md", "--offline"]);
            let kept = author.path(&format!("md-{version}.mpp"));
            std::fs::copy(built["packages"][0]["file"].as_str().unwrap(), &kept).unwrap();
            author.json(&["sign", kept.to_str().unwrap(), "--key", "acme"]);
            kept
        };
        let first = build("0.1.0", ASKS);
        let second = build("0.2.0", &format!("{ASKS}clock = {{ reason = \"to be exact\" }}\n"));
        (author, first, second)
    })
}

/// A user who installed version 0.1.0 from a registry, and the registry's author.
pub(crate) fn installed() -> (Person, Person) {
    let (signer, first, _) = packages();
    let author = Person::new();
    author.write("acme.key", signer.json(&["key", "export", "acme"])["key_file"].as_str().unwrap());
    author.json(&["key", "import", "acme", "acme.key"]);
    author.json(&["registry", "init", "registry.git"]);
    author.json(&["registry", "add", "home", "registry.git"]);
    author.json(&["publish", first.to_str().unwrap(), "--key", "acme"]);
    let user = Person::new();
    user.json(&["registry", "add", "home", author.path("registry.git").to_str().unwrap()]);
    user.json(&["install", "acme:md"]);
    std::fs::create_dir(user.path("notes")).unwrap();
    (author, user)
}

fn allow_headless(person: &Person) {
    person.json(&["policy", "init", "--headless-grants"]);
}

const CALL: [&str; 4] = ["call", "acme:md", "outline", r##"{"text": "# Milk"}"##];

const GRANT: [&str; 12] = [
    "grant",
    "acme:md",
    "--folder",
    "notes=notes:rw",
    "--http",
    "https://api.example.com",
    "--env",
    "LANG",
    "--for",
    "always",
    "--tool",
    "outline",
];

/// What was granted is enough, or what stands in the way. A person still has to be asked; here the policy approves beforehand.
#[track_caller]
fn check_call(person: &Person, expected: Result<(), &str>) {
    let mut answer = person.detached(&CALL);
    if answer["error"]["code"] == "hitl.unavailable" || answer["error"]["code"] == "approval.changed" {
        person.approve_beforehand(&CALL[1..]);
        answer = person.detached(&CALL);
    }
    match expected {
        Ok(()) => assert!(answer["result"].to_string().contains("Milk"), "{answer}"),
        Err(code) => assert_eq!(answer["error"]["code"], code, "{answer}"),
    }
}

#[test]
fn a_call_without_grants_fails_with_the_command_that_grants_them() {
    let (_author, user) = installed();
    let answer = user.detached(&CALL);
    assert_eq!(answer["error"]["code"], "grant.missing");
    let help = answer["error"]["help"].as_str().unwrap();
    let command = "mpp grant acme:md --folder notes=PATH:rw --http https://api.example.com --env LANG --for always";
    assert_eq!(help.lines().next(), Some(command));

    // What it says can be typed, with a folder in place of PATH.
    allow_headless(&user);
    let typed = user.detached_script(&command.replace("PATH", "notes"));
    assert_eq!(typed.exit, 0, "{}", typed.err);
    check_call(&user, Ok(()));
}

#[test]
fn nothing_is_granted_without_a_terminal_unless_the_policy_allows_it() {
    let (_author, user) = installed();
    assert_eq!(user.detached_refusal(&GRANT), "grant.headless");
    let yes = [&GRANT[..], &["--yes"]].concat();
    assert_eq!(user.detached_refusal(&yes), "grant.headless");
    assert_eq!(user.json(&["grants"])["grants"], json!([]));
    // Piped words are no terminal.
    let piped = user.detached_script("yes | mpp grant acme:md --all --folder notes=notes");
    assert_eq!(piped.exit, 3, "{}", piped.err);
    assert!(piped.err.contains("grant.headless"), "{}", piped.err);
    allow_headless(&user);
    let granted = user.detached(&GRANT);
    assert!(granted["id"].is_string(), "{granted}");
    check_call(&user, Ok(()));
}

#[test]
fn on_a_terminal_it_is_shown_and_asked() {
    let (_author, user) = installed();
    let words = "grant acme:md --folder notes=notes --http https://api.example.com --env LANG --for always";
    let asked = user.on_terminal(words, &[("grant this? [y/N]", "n")]);
    assert_eq!(asked.exit, 3, "{}", asked.out);
    assert!(asked.out.contains("grant.declined"), "{}", asked.out);
    let notes = user.path("notes").canonicalize().unwrap();
    let shown = format!("read, change and delete files in {}, as `notes`", notes.display());
    assert!(asked.out.contains(&shown), "{}", asked.out);
    assert!(asked.out.contains("owns the namespace in its registry"), "{}", asked.out);
    check_call(&user, Err("grant.missing"));

    let granted = user.on_terminal(words, &[("grant this? [y/N]", "y")]);
    assert_eq!(granted.exit, 0, "{}", granted.out);
    check_call(&user, Ok(()));
}

#[test]
fn without_anything_named_each_thing_is_asked_and_a_no_is_remembered() {
    let (_author, user) = installed();
    let answers = [
        ("folder for `notes`", "notes"),
        ("may it send GET requests to https://api.example.com", "n"),
        ("may it read the environment variable LANG", "y"),
        ("for how long?", "30d"),
        ("grant this? [y/N]", "y"),
    ];
    let granted = user.on_terminal("grant acme:md", &answers);
    assert_eq!(granted.exit, 0, "{}", granted.out);
    assert!(granted.out.contains("where your notes live"), "{}", granted.out);
    assert!(granted.out.contains("could be sent away"), "{}", granted.out);
    // What was refused does not stand in the way: it was left out on purpose.
    check_call(&user, Ok(()));
    let dry = user.detached(&["call", "--dry-run", "acme:md", "outline"]);
    let verdicts = dry["dry_run"]["verdicts"].as_array().unwrap();
    assert_eq!(
        verdicts.iter().map(|verdict| verdict["granted"].as_bool().unwrap()).collect::<Vec<_>>(),
        [true, false, true, true]
    );
}

#[test]
fn without_a_terminal_the_request_is_only_shown() {
    let (_author, user) = installed();
    let shown = user.detached(&["grant", "acme:md"]);
    assert!(shown["id"].is_null() && shown["command"].as_str().unwrap().starts_with("mpp grant acme:md --folder"));
    assert_eq!(shown["asks_for"].as_array().unwrap().len(), 4);
}

#[test]
fn a_dry_run_says_what_a_call_may_do_and_why() {
    let (_author, user) = installed();
    let dry = user.mpp(&["call", "--dry-run", "acme:md", "outline"]);
    assert_eq!(dry.exit, 0, "{}", dry.err);
    assert!(dry.out.contains("may not send GET requests to https://api.example.com"), "{}", dry.out);
    assert!(dry.out.contains("may keep up to 1MiB of its own data"), "{}", dry.out);
    assert!(dry.out.contains("the call would be refused"), "{}", dry.out);
    let named = ["call", "--dry-run", "--all", "--folder", "notes=notes", "acme:md", "outline"];
    assert_eq!(user.json(&named)["dry_run"]["starts"], true);
    let granted = user.json(&["grant", "acme:md", "--all", "--folder", "notes=notes", "--dry-run"]);
    assert!(granted["id"].is_null() && granted["allows"].as_array().unwrap().len() == 4, "{granted}");
    assert_eq!(user.json(&["grants"])["grants"], json!([]));
}

#[test]
fn a_grant_for_one_call_is_used_by_it_and_stays_used() {
    let (_author, user) = installed();
    allow_headless(&user);
    let granted = user.detached(&["grant", "acme:md", "--all", "--folder", "notes=notes", "--for", "once"]);
    let file = granted["file"].as_str().unwrap().to_owned();
    let token = std::fs::read(&file).unwrap();
    // A call that is not begun uses nothing.
    assert_eq!(user.detached_refusal(&["call", "acme:md", "outline", r#"{"wrong": 1}"#]), "tool.arguments");
    check_call(&user, Ok(()));
    assert!(!Path::new(&file).exists());
    check_call(&user, Err("grant.missing"));
    // Replayed: the file comes back.
    std::fs::write(&file, &token).unwrap();
    let answer = user.detached(&CALL);
    assert_eq!(answer["error"]["code"], "grant.missing");
    assert!(answer["error"]["help"].as_str().unwrap().contains("[grant.used]"), "{answer}");
    user.write("token.jsonl", &token);
    assert_eq!(user.detached_refusal(&["grants", "import", "token.jsonl"]), "grant.used");
}

#[test]
fn what_is_named_for_one_call_is_allowed_for_that_call() {
    let (_author, user) = installed();
    let named = ["call", "--all", "--folder", "notes=notes", "acme:md", "outline", r##"{"text": "# Milk"}"##];
    assert_eq!(user.detached_refusal(&named), "grant.headless");
    let words = r##"call --all --folder notes=notes acme:md outline '{"text": "# Milk"}'"##;
    let asked = user.on_terminal(words, &[("grant this? [y/N]", "y"), ("to allow this one call", AS_ASKED)]);
    assert_eq!(asked.exit, 0, "{}", asked.out);
    assert!(asked.out.contains("for `outline`, for one call"), "{}", asked.out);
    check_call(&user, Err("grant.missing"));
    allow_headless(&user);
    // What was named is enough; that somebody confirms the call is another question.
    assert_eq!(user.detached_refusal(&named), "hitl.unavailable");
    assert_eq!(user.json(&["grants"])["grants"], json!([]));
}

#[test]
fn a_grant_for_a_session_ends_with_it() {
    let (_author, user) = installed();
    allow_headless(&user);
    let script = r##"mpp grant acme:md --all --folder notes=notes --for session && mpp call acme:md outline '{"text": "# Milk"}'"##;
    let one = user.detached_script(script);
    assert!(one.err.contains("hitl.unavailable"), "{}", one.err);
    check_call(&user, Err("grant.missing"));
    assert_eq!(user.json(&["grants"])["grants"][0]["code"], "grant.session");
}

#[test]
fn a_grant_for_one_tool_says_nothing_about_others() {
    let (_author, user) = installed();
    allow_headless(&user);
    user.detached(&GRANT);
    check_call(&user, Ok(()));
    let other = user.detached(&["call", "--dry-run", "acme:md", "links"]);
    assert_eq!(other["dry_run"]["starts"], false, "{other}");
    assert_eq!(user.detached_refusal(&["grant", "acme:md", "--clock", "--tool", "nothing"]), "tool.unknown");
}

#[test]
fn revoking_takes_a_grant_back_for_good() {
    let (_author, user) = installed();
    allow_headless(&user);
    let granted = user.detached(&GRANT);
    let (id, file) = (granted["id"].as_str().unwrap(), granted["file"].as_str().unwrap());
    let token = std::fs::read(file).unwrap();
    assert_eq!(user.json(&["grants", "acme:md"])["grants"][0]["counts"], true);
    assert_eq!(user.json(&["revoke", id])["revoked"], json!([id]));
    check_call(&user, Err("grant.missing"));
    assert_eq!(user.refusal(&["revoke", id]).0, "grant.not-found");
    std::fs::write(file, &token).unwrap();
    check_call(&user, Err("grant.missing"));
    assert_eq!(user.json(&["grants"])["grants"][0]["code"], "grant.revoked");
}

#[test]
fn a_newer_version_that_asks_for_more_asks_again_and_shows_the_difference() {
    let (author, user) = installed();
    let (_, _, second) = packages();
    allow_headless(&user);
    user.detached(&GRANT);
    check_call(&user, Ok(()));
    author.json(&["publish", second.to_str().unwrap(), "--key", "acme"]);
    let update = user.mpp(&["install", "acme:md"]);
    assert!(update.out.contains("+ now asks to  read a precise clock"), "{}", update.out);
    assert!(update.out.contains("mpp grant acme:md"), "{}", update.out);
    let answer = user.detached(&CALL);
    assert_eq!(answer["error"]["code"], "grant.missing");
    assert!(answer["error"]["help"].as_str().unwrap().contains("[grant.request]"), "{answer}");
    user.detached(&[&GRANT[..], &["--clock"]].concat());
    check_call(&user, Ok(()));
}

/// CONS-39: a question says what changed since a call of the tool was confirmed; where nobody can be asked, that is the refusal.
#[test]
fn a_question_says_what_changed_since_the_tool_was_confirmed() {
    let (author, user) = installed();
    let (_, _, second) = packages();
    allow_headless(&user);
    user.detached(&GRANT);
    let words = r##"call acme:md outline '{"text": "# Milk"}'"##;
    let confirmed = || {
        let asked = user.on_terminal(words, &[("to allow this one call, type", AS_ASKED)]);
        assert_eq!(asked.exit, 0, "{}", asked.out);
        asked.out
    };
    assert!(!confirmed().contains("CHANGED"), "nothing was confirmed before");
    assert_eq!(user.detached_refusal(&CALL), "hitl.unavailable", "nothing changed");
    author.json(&["publish", second.to_str().unwrap(), "--key", "acme"]);
    user.json(&["install", "acme:md"]);
    user.detached(&[&GRANT[..], &["--clock"]].concat());
    assert_eq!(user.detached_refusal(&CALL), "approval.changed");
    let asked = confirmed();
    let changed = "CHANGED since you confirmed it: version 0.1.0 became 0.2.0; it may now read a precise clock";
    assert!(asked.contains(changed), "{asked}");
    assert_eq!(user.detached_refusal(&CALL), "hitl.unavailable", "nothing changed since then");
}

/// CONS-60: the log says of a call that was allowed and not begun how it ended.
#[test]
fn a_call_that_is_allowed_and_not_begun_ends_in_the_log() {
    let (_author, user) = installed();
    allow_headless(&user);
    user.detached(&GRANT);
    check_call(&user, Ok(()));
    // What the session reads can no longer be remembered.
    let sessions = user.home().join("data/sessions");
    std::fs::remove_dir_all(&sessions).unwrap();
    std::os::unix::fs::symlink("nowhere/at-all", &sessions).unwrap();
    assert_eq!(user.detached_refusal(&CALL), "audit.unwritable");
    let shown = user.json(&["log", "show"]);
    let records = shown["records"].as_array().unwrap();
    let last = |event: &str| records.iter().rfind(|record| record["what"]["event"] == event).unwrap();
    let (decided, ended) = (last("decided"), last("ended"));
    assert_eq!(decided["what"]["answer"], "allowed");
    assert_eq!((&ended["what"]["call"], &ended["what"]["ending"]), (&decided["seq"], &json!("audit.unwritable")));
}

/// CONS-64, PRIV-21: neither what a tool is given nor a name in what it was granted stands in the log.
#[test]
fn what_a_call_is_about_stays_out_of_the_log() {
    const CARD: &str = "4111 1111 1111 1111";
    let (_author, user) = installed();
    allow_headless(&user);
    std::fs::create_dir(user.path("ada@example.org")).unwrap();
    let mut grant = GRANT;
    grant[3] = "notes=ada@example.org:rw";
    user.json(&grant);
    let arguments = json!({ "text": format!("# Milk for ada@example.org, paid with {CARD}") }).to_string();
    let call = ["call", "acme:md", "outline", &arguments];
    assert_eq!(user.detached(&call)["error"]["code"], "hitl.unavailable");
    user.approve_beforehand(&call[1..]);
    let answer = user.detached(&call);
    assert!(answer["result"].to_string().contains("Milk"), "{answer}");
    let log = String::from_utf8(user.read("home/data/audit/log.jsonl")).unwrap();
    assert!(log.contains("[EMAIL#1]"), "{log}");
    for said in ["ada@", "example.org", CARD, "Milk"] {
        assert!(!log.contains(said), "{said}: {log}");
    }
    user.json(&["log", "verify"]);

    // Whoever wants to see it in the log says so.
    let policy = String::from_utf8(user.read("home/config/policy.toml")).unwrap();
    user.write(
        "home/config/policy.toml",
        policy.replacen("[privacy.modes]\n", "[privacy.modes]\naudit = { email = \"report\" }\n", 1),
    );
    let answer = user.detached(&call);
    assert!(answer["result"].is_object(), "{answer}");
    let log = String::from_utf8(user.read("home/data/audit/log.jsonl")).unwrap();
    assert!(log.contains("ada@example.org") && !log.contains("Milk"), "{log}");
}

#[test]
fn folders_that_hold_too_much_are_not_granted() {
    let (_author, user) = installed();
    allow_headless(&user);
    let refused = |folder: &str| user.detached_refusal(&["grant", "acme:md", "--folder", &format!("notes={folder}")]);
    for never in ["/", "home", "home/data", ".", "/proc/self", "missing"] {
        assert_eq!(refused(never), "grant.folder", "{never}");
    }
    std::os::unix::fs::symlink("/", user.path("link")).unwrap();
    assert_eq!(refused("link"), "grant.folder");
    assert_eq!(refused("/etc"), "grant.trust");
    std::fs::create_dir_all(user.path("work/one/.git")).unwrap();
    assert_eq!(refused("work"), "grant.trust");
    assert!(user.detached(&["grant", "acme:md", "--folder", "notes=work/one"])["id"].is_string());
}

#[test]
fn a_folder_that_leads_elsewhere_or_is_gone_stops_the_call() {
    let (_author, user) = installed();
    allow_headless(&user);
    user.detached(&GRANT);
    std::fs::rename(user.path("notes"), user.path("moved")).unwrap();
    check_call(&user, Err("grant.folder"));
    std::os::unix::fs::symlink("/etc", user.path("notes")).unwrap();
    check_call(&user, Err("grant.folder"));
    std::fs::remove_file(user.path("notes")).unwrap();
    std::fs::rename(user.path("moved"), user.path("notes")).unwrap();
    check_call(&user, Ok(()));
}

#[test]
fn nothing_beyond_the_request_is_granted() {
    let (_author, user) = installed();
    allow_headless(&user);
    for wider in [
        &["--clock"][..],
        &["--http", "https://other.example"],
        &["--http", "https://*"],
        &["--env", "PATH"],
        &["--secret", "token"],
        &["--tools", "acme:other"],
        &["--folder", "other=notes"],
    ] {
        assert_eq!(user.detached_refusal(&[&["grant", "acme:md"], wider].concat()), "grant.wider", "{wider:?}");
    }
}

#[test]
fn a_hostile_token_file_is_named_and_stops_no_other() {
    let (_author, user) = installed();
    allow_headless(&user);
    let granted = user.detached(&GRANT);
    let file = PathBuf::from(granted["file"].as_str().unwrap());
    let token = std::fs::read_to_string(&file).unwrap();
    let beside = |name: &str| file.with_file_name(name);
    std::fs::write(beside("empty.json"), "").unwrap();
    std::fs::write(beside("huge.json"), vec![b'['; 4 << 20]).unwrap();
    std::fs::write(beside("edited.json"), token.replacen("\"sig\":\"", "\"sig\":\"A", 1)).unwrap();
    std::fs::write(beside("unsigned.json"), token[..token.find("[{").unwrap()].to_owned() + "[]}").unwrap();
    std::fs::create_dir(beside("folder.json")).unwrap();
    assert!(user.program("mkfifo", &[beside("pipe.json").to_str().unwrap()]).status().unwrap().success());
    check_call(&user, Ok(()));
    let listed = user.json(&["grants"]);
    let mut codes: Vec<_> = listed["broken"].as_array().unwrap().iter().map(|broken| broken["code"].clone()).collect();
    codes.sort_by_key(ToString::to_string);
    let malformed = json!("grant.malformed");
    let expected = [&malformed, &malformed, &malformed, &malformed, &malformed, &json!("grant.unsigned")];
    assert_eq!(codes.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_full_disk_makes_no_half_token_and_begins_no_call_for_one() {
    let (_author, user) = installed();
    allow_headless(&user);
    let grant = ["grant", "acme:md", "--all", "--folder", "notes=notes", "--for", "once", "--yes"];
    let full = ("io.failed".to_owned(), 6);
    assert_eq!(user.refusal_on_a_full_disk(0, &grant), full);
    assert_eq!(user.json(&["grants"]), json!({ "grants": [], "broken": [] }));
    let id = user.detached(&grant)["id"].clone();
    // A mark of use has no content; it is the folder that it stands in that cannot be made.
    std::fs::write(user.path("home/data/grants-used"), "").unwrap();
    assert_eq!(user.detached_refusal(&CALL), "io.failed");
    std::fs::remove_file(user.path("home/data/grants-used")).unwrap();
    let listed = user.json(&["grants"])["grants"][0].clone();
    assert_eq!((&listed["id"], &listed["counts"]), (&id, &json!(true)));
    check_call(&user, Ok(()));
    check_call(&user, Err("grant.missing"));
    let again = user.detached(&grant)["id"].as_str().unwrap().to_owned();
    assert_eq!(user.json(&["revoke", &again])["revoked"], json!([again]));
}

#[test]
fn tokens_travel_only_where_their_owner_counts() {
    let (author, user) = installed();
    let other = Person::new();
    other.json(&["registry", "add", "home", author.path("registry.git").to_str().unwrap()]);
    other.json(&["install", "acme:md"]);
    allow_headless(&user);
    let grant = ["grant", "acme:md", "--http", "https://api.example.com", "--env", "LANG", "--only", "--for", "30d"];
    user.detached(&grant);
    user.json(&["grants", "export", "acme:md", "here.jsonl"]);
    user.json(&["revoke", "acme:md"]);
    user.detached(&[&grant[..], &["--host", "*"]].concat());
    user.json(&["grants", "export", "acme:md", "anywhere.jsonl"]);
    for file in ["here.jsonl", "anywhere.jsonl"] {
        std::fs::copy(user.path(file), other.path(file)).unwrap();
        assert_eq!(other.refusal(&["grants", "import", file]).0, "grant.owner");
    }
    let owner = user.json(&["owner"])["public_key"].as_str().unwrap().to_owned();
    std::fs::create_dir_all(other.path("home/config")).unwrap();
    other.write("home/config/policy.toml", format!("[grantors]\nsecurity = \"{owner}\"\n"));
    assert_eq!(other.refusal(&["grants", "import", "here.jsonl"]).0, "grant.host");
    assert_eq!(other.json(&["grants", "import", "anywhere.jsonl"])["imported"].as_array().unwrap().len(), 1);
    check_call(&other, Ok(()));
    assert_eq!(other.json(&["grants"])["grants"][0]["grantor"], "security");
    other.write("home/config/policy.toml", "[limits]\ndays = 7\n");
    check_call(&other, Err("grant.missing"));
}

#[test]
fn the_policy_is_obeyed_or_refused_and_never_passed_over() {
    let (_author, user) = installed();
    allow_headless(&user);
    user.detached(&GRANT);
    let policy = |text: &str| user.write("home/config/policy.toml", text);
    policy("[deny]\npackages = [\"acme:md\"]\n");
    check_call(&user, Err("grant.denied"));
    policy("[deny]\nfolder = [\"/srv\"]\n");
    check_call(&user, Err("format.malformed"));
    assert_eq!(user.refusal(&["policy", "check"]).0, "format.malformed");
    policy("");
    check_call(&user, Ok(()));
    assert_eq!(user.json(&["policy", "show"])["policy"]["headless-grants"], false);
}

#[test]
fn a_loose_package_needs_grants_too() {
    let (signer, first, _) = packages();
    let user = Person::new();
    let key = signer.json(&["key", "show", "acme"])["public_key"].as_str().unwrap().to_owned();
    user.json(&["trust", "add", "acme", &key]);
    std::fs::copy(first, user.path("md.mpp")).unwrap();
    std::fs::create_dir(user.path("notes")).unwrap();
    let run = ["run", "md.mpp", "outline", r##"{"text": "# Milk"}"##];
    let answer = user.detached(&run);
    assert_eq!(answer["error"]["code"], "grant.missing");
    assert!(answer["error"]["help"].as_str().unwrap().starts_with("mpp grant md.mpp --folder"), "{answer}");
    allow_headless(&user);
    user.detached(&["grant", "md.mpp", "--all", "--folder", "notes=notes", "--for", "1h"]);
    assert_eq!(user.detached_refusal(&run), "hitl.unavailable");
    // The mark changes what may be granted: a folder of the system.
    let wide = ["grant", "md.mpp", "--folder", "notes=/etc:ro", "--dry-run"];
    assert_eq!(user.detached_refusal(&wide), "grant.trust");
    user.json(&["trust", "mark", "acme", "--elevated"]);
    assert_eq!(user.detached(&wide)["allows"][0], "read files in /etc, as `notes`");
    user.json(&["trust", "mark", "acme", "--limited"]);
    assert_eq!(user.detached_refusal(&wide), "grant.trust");
}

#[expect(clippy::print_stderr, reason = "what was not tested must be seen")]
#[test]
fn stock_programs_read_the_owner_key() {
    let person = Person::new();
    let owner = person.json(&["owner"]);
    let Ok(output) = person.program("openssl", &["pkey", "-in", "home/data/owner/owner.pem", "-pubout"]).output()
    else {
        eprintln!("skipped: there is no openssl");
        return;
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout), owner["pem"].as_str().unwrap());
}
