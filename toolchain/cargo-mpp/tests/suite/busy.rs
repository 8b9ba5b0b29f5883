//! A tool that takes what it is told to, in a home whose policy says how much; and what such a home says about its secret, its origin
//! and its tokens.

use crate::{
    serve::Agent,
    support::{Ended, Person},
};
use serde_json::{Value as Json, json};
use std::{fs, path::PathBuf, sync::OnceLock};

const ASKS: &str = r#"
[package.metadata.mpp.permissions]
http = [{ origin = "http://localhost:8080", reason = "your own server" }]
secrets = { token = { origin = "http://localhost:8080", header = "authorization", reason = "to log in" } }
"#;

/// The package, signed by nobody that anyone else knows.
fn built() -> &'static (Person, PathBuf) {
    static BUILT: OnceLock<(Person, PathBuf)> = OnceLock::new();
    BUILT.get_or_init(|| {
        let author = Person::new();
        author.json(&["new", "busy", "--namespace", "acme"]);
        for folder in ["busy/src", "busy/wit"] {
            fs::remove_dir_all(author.path(folder)).expect("the template has it");
            fs::create_dir(author.path(folder)).expect("a folder");
        }
        author.write("busy/src/lib.rs", include_str!("../busy/lib.rs"));
        author.write("busy/wit/world.wit", include_str!("../busy/world.wit"));
        let manifest = String::from_utf8(author.read("busy/Cargo.toml")).expect("text");
        author.write("busy/Cargo.toml", manifest.replace("trust = \"sandboxed\"", "trust = \"elevated\"") + ASKS);
        let built = author.json(&["build", "busy", "--offline"]);
        let kept = author.path("busy.mpp");
        fs::copy(built["packages"][0]["file"].as_str().expect("a path"), &kept).expect("the package was built");
        (author, kept)
    })
}

/// Somebody who published acme:busy, installed it, and allowed it all that it asks for.
fn person() -> Person {
    let person = Person::new();
    person.json(&["key", "new", "acme"]);
    person.json(&["registry", "init", "registry.git"]);
    person.json(&["registry", "add", "home", "registry.git"]);
    fs::copy(&built().1, person.path("busy.mpp")).expect("the package was built");
    person.json(&["sign", "busy.mpp", "--key", "acme"]);
    person.json(&["publish", "busy.mpp", "--key", "acme"]);
    person.json(&["install", "acme:busy"]);
    limit(&person, "");
    person.detached(&["grant", "acme:busy", "--all", "--for", "always"]);
    person
}

fn limit(person: &Person, limits: &str) {
    person.write("home/config/policy.toml", format!("headless-grants = true\n[limits]\n{limits}\n"));
}

#[track_caller]
fn check(person: &Person, tool: &str, arguments: &Json, expected: Result<(), &str>) {
    let answer = person.detached(&["call", "acme:busy", tool, &arguments.to_string()]);
    assert_eq!(answer["error"]["code"].as_str(), expected.err(), "{tool}: {answer}");
}

/// PERM-45, for `mpp call`.
#[test]
fn the_policy_lowers_what_one_call_may_use() {
    let person = person();
    check(&person, "grow", &json!({ "mib": 8 }), Ok(()));
    check(&person, "text", &json!({ "bytes": 100_000 }), Ok(()));
    limit(&person, "memory = \"4MiB\"\ntime-ms = 1000\nresult = \"64KiB\"");
    check(&person, "grow", &json!({ "mib": 8 }), Err("limit.memory"));
    check(&person, "spin", &json!({}), Err("limit.time"));
    check(&person, "text", &json!({ "bytes": 100_000 }), Err("limit.result"));
    check(&person, "grow", &json!({ "mib": 1 }), Ok(()));
    let means = person.json(&["policy", "show"])["means"].to_string();
    assert!(means.contains("no call uses more than 4MiB of memory"), "{means}");
}

/// PERM-45: a policy raises nothing, and one that cannot be obeyed is refused.
#[test]
fn the_policy_raises_nothing() {
    let person = person();
    limit(&person, "memory = \"1GiB\"");
    check(&person, "grow", &json!({ "mib": 100 }), Err("limit.memory"));
    limit(&person, "memory = -1");
    check(&person, "grow", &json!({ "mib": 1 }), Err("format.malformed"));
}

/// PERM-45, for `mpp serve`, where a change counts for the next call.
#[test]
fn the_policy_lowers_what_a_served_call_may_use() {
    let person = person();
    let mut agent = Agent::start(&person, &[]);
    let mut ask = |tool: &str, arguments: Json| {
        let answer = agent.ask("tools/call", &json!({ "name": tool, "arguments": arguments }));
        let text = answer["content"][0]["text"].as_str().unwrap_or_default().to_owned();
        if answer["isError"] == true { Err(text) } else { Ok(text) }
    };
    ask("busy_grow", json!({ "mib": 8 })).expect("nothing stands in the way");
    limit(&person, "memory = \"4MiB\"\ntime-ms = 1000");
    for (tool, arguments, code) in
        [("busy_grow", json!({ "mib": 8 }), "limit.memory"), ("busy_spin", json!({}), "limit.time")]
    {
        let stopped = ask(tool, arguments).expect_err("the policy stops it");
        assert!(stopped.starts_with(code), "{stopped}");
    }
    limit(&person, "");
    ask("busy_grow", json!({ "mib": 8 })).expect("nothing stands in the way again");
}

#[test]
fn a_secret_is_stored_for_a_package_that_asks_for_it() {
    let person = person();
    let set = |name: &str| person.mpp_with_input(&["secret", "set", "acme:busy", name, "-"], "s3cr3t");
    let Ended { exit, err, .. } = set("tokn");
    assert_eq!(exit, 3, "{err}");
    assert!(err.contains("secret.unasked") && err.contains("mpp secret set acme:busy token"), "{err}");
    assert_eq!(person.json(&["secret", "list"])["secrets"], json!([]));
    let stored = set("token");
    assert_eq!((stored.exit, stored.err.as_str()), (0, ""));
    // What one that is not installed asks for, nobody knows.
    let unknown = person.mpp_with_input(&["secret", "set", "acme:other", "token", "-"], "s3cr3t");
    assert_eq!(unknown.exit, 0, "{}", unknown.err);
    assert!(unknown.err.contains("acme:other is not installed"), "{}", unknown.err);
}

#[test]
fn a_grant_in_vain_says_so() {
    let person = person();
    let shown = person.mpp(&["grant", "acme:busy", "--all", "--dry-run"]);
    let sentence = "http://localhost:8080 is refused at each request (`net.private`)";
    assert!(shown.out.contains(sentence) && shown.out.contains("http://127.0.0.1"), "{}", shown.out);
    let installed = person.mpp(&["install", "acme:busy"]);
    assert!(installed.out.contains(sentence), "{}", installed.out);
}

/// PERM-27.
#[test]
fn tokens_outlive_their_package_and_are_told_listed_and_revoked() {
    let person = person();
    let id = person.json(&["grants"])["grants"][0]["id"].clone();
    person.mpp_with_input(&["secret", "set", "acme:busy", "token", "-"], "s3cr3t");
    let gone = person.json(&["uninstall", "acme:busy"]);
    assert_eq!((&gone["kept_tokens"], &gone["kept_secrets"]), (&json!([id]), &json!(["token"])));
    let listed = person.json(&["grants"])["grants"][0].clone();
    assert_eq!((&listed["orphaned"], &listed["counts"]), (&json!(true), &json!(false)));
    assert_eq!(listed["code"], "package.not-installed");
    assert!(person.mpp(&["grants"]).err.contains("mpp revoke --orphaned"));

    // The same publisher's package, which asks for the same.
    person.json(&["install", "acme:busy"]);
    check(&person, "grow", &json!({ "mib": 1 }), Ok(()));
    assert_eq!(person.refusal(&["revoke", "--orphaned"]).0, "grant.not-found");
    let again = person.mpp(&["uninstall", "acme:busy"]);
    for said in ["1 of its permission tokens stay", "mpp revoke acme:busy", "mpp secret remove acme:busy token"] {
        assert!(again.out.contains(said), "{}", again.out);
    }
    assert_eq!(person.json(&["revoke", "--orphaned"])["revoked"], json!([id]));
    assert_eq!(person.json(&["grants"])["grants"], json!([]));
    person.json(&["install", "acme:busy"]);
    check(&person, "grow", &json!({ "mib": 1 }), Err("grant.missing"));
}
