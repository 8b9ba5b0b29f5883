//! The table of who may have what, and that grants never hold more than the reasons say.

use super::{Decision, Question, Rule, decide};
use crate::token::tests::{PUBLISHER, asked, at, grant, moment, token};
use crate::{Ledger, Places, Policy, Request, Standing, Subject, Token};
use mpp_schema::{
    Code, GrantId, codes,
    grant::{Functions, Grant, Lifetime},
    manifest::TrustLevel,
    permissions::Permissions,
};
use serde_json::json;
use std::{collections::BTreeMap, path::PathBuf};

struct Case {
    asked: Permissions,
    standing: Standing,
    declared: TrustLevel,
    function: &'static str,
    policy: serde_json::Value,
    tokens: Vec<Token>,
    ledger: Ledger,
    first: Option<GrantId>,
    seen: BTreeMap<PathBuf, Option<PathBuf>>,
}

impl Case {
    fn of(json: serde_json::Value) -> Self {
        Self {
            asked: asked(json),
            standing: Standing::Pinned("acme".to_owned()),
            declared: TrustLevel::Sandboxed,
            function: "list",
            policy: json!({}),
            tokens: Vec::new(),
            ledger: Ledger::default(),
            first: None,
            seen: BTreeMap::new(),
        }
    }

    fn allowing(mut self, allows: serde_json::Value) -> Self {
        let grant = grant(self.tokens.len() as u8 + 1, &self.asked, allows);
        let folders = grant.allows.folders.values().map(|bound| PathBuf::from(&bound.path));
        self.seen.extend(folders.map(|path| (path.clone(), Some(path))));
        self.tokens.push(token(&grant));
        self
    }

    fn with(mut self, change: impl FnOnce(&Permissions) -> Grant) -> Self {
        self.tokens.push(token(&change(&self.asked)));
        self
    }

    fn by(mut self, standing: Standing) -> Self {
        self.standing = standing;
        self
    }

    fn under(mut self, policy: serde_json::Value) -> Self {
        self.policy = policy;
        self
    }

    fn decide(&self) -> Decision {
        let package = "acme:notes".parse().expect("a name");
        let function = self.function.parse().expect("a name");
        let home = Some(PathBuf::from("/home/ann"));
        let places = Places { home, own: vec!["/home/ann/.local/share/mpp".into()] };
        let request = Request::of(&self.asked).digest();
        let question = Question {
            subject: Subject { package: &package, publishers: &[PUBLISHER], asked: &self.asked, request },
            standing: &self.standing,
            declared: self.declared,
            function: Some(&function),
            first: self.first,
            moment: moment(),
            places: &places,
            seen: &self.seen,
        };
        let policy = Policy::new(serde_json::from_value(self.policy.clone()).expect("a policy")).expect("a policy");
        decide(&question, &self.tokens, &policy, &self.ledger)
    }

    #[track_caller]
    fn check(&self, expected: Result<(), Code>) -> Decision {
        let decision = self.decide();
        let found = decision.missing.as_ref().map_or(Ok(()), |missing| Err(missing.code));
        assert_eq!(found, expected, "{:#?}", decision.reasons);
        decision
    }
}

#[test]
fn what_is_asked_for_and_not_granted_is_missing_with_its_command() {
    let asks = json!({
        "folders": { "notes": { "access": "read-write" } }, "http": [{ "origin": "https://a.example" }],
        "kv": { "quota": "1MiB" }, "logging": {}
    });
    let decision = Case::of(asks).check(Err(codes::GRANT_MISSING));
    let command = decision.missing.expect("missing").command;
    let expected = "mpp grant acme:notes --folder notes=PATH:rw --http https://a.example --for always";
    assert_eq!(command.as_deref(), Some(expected));
    assert_eq!(decision.grants.kv_bytes(), Some(1 << 20));
    assert!(decision.grants.logging() && decision.grants.http().is_empty() && decision.grants.folders().is_empty());
}

#[test]
fn sandboxed_things_need_no_token_unless_the_policy_says_so() {
    let asks = || json!({ "kv": { "quota": "4MiB" }, "config": ["unit"], "logging": {}, "progress": {} });
    let decision = Case::of(asks()).by(Standing::FirstSeen).check(Ok(()));
    assert!(decision.used.is_empty() && decision.grants.progress());
    let strict = json!({ "without-asking": { "kv": false, "config": true, "logging": false, "progress": true } });
    let decision = Case::of(asks()).under(strict).check(Err(codes::GRANT_MISSING));
    let command = decision.missing.expect("missing").command;
    assert_eq!(command.as_deref(), Some("mpp grant acme:notes --kv --logging --for always"));
    let small = Case::of(asks()).under(json!({ "limits": { "kv": "1MiB" } })).check(Ok(()));
    assert_eq!(small.grants.kv_bytes(), Some(1 << 20));
}

#[test]
fn the_table_of_who_may_have_what() {
    let limited = || Case::of(json!({ "clock": {} })).allowing(json!({ "clock": true }));
    let elevated = || {
        let asks = json!({ "devices": { "scale": { "class": "serial" } } });
        Case::of(asks).allowing(json!({ "devices": { "scale": "/dev/ttyS0" } }))
    };
    let pinned = || Standing::Pinned("acme".to_owned());
    limited().by(Standing::FirstSeen).check(Err(codes::GRANT_TRUST));
    for standing in [pinned(), Standing::NamespaceOwner, Standing::Own, Standing::Marked("acme".to_owned())] {
        limited().by(standing).check(Ok(()));
    }
    for standing in [Standing::FirstSeen, pinned(), Standing::NamespaceOwner] {
        let decision = elevated().by(standing).check(Err(codes::GRANT_TRUST));
        assert!(decision.grants.is_empty());
        assert!(decision.missing.expect("missing").command.is_none(), "no grant can mend it");
    }
    for standing in [Standing::Own, Standing::Marked("acme".to_owned())] {
        elevated().by(standing).check(Ok(()));
    }
}

#[test]
fn what_the_author_declares_raises_the_level() {
    let mut case = Case::of(json!({ "clock": {}, "kv": { "quota": "1MiB" } })).allowing(json!({ "clock": true }));
    case.declared = TrustLevel::Elevated;
    let decision = case.check(Err(codes::GRANT_TRUST));
    assert_eq!(decision.grants.kv_bytes(), Some(1 << 20), "sandboxed things stay so");
}

#[test]
fn wide_origins_are_elevated() {
    for origin in ["https://*", "https://*.example", "https://127.0.0.1", "http://localhost:8080"] {
        let case = || Case::of(json!({ "http": [{ "origin": origin }] })).allowing(json!({ "http": [origin] }));
        case().check(Err(codes::GRANT_TRUST));
        assert_eq!(case().by(Standing::Own).check(Ok(())).grants.http().len(), 1);
    }
}

fn folder(path: &str) -> Case {
    let asks = json!({ "folders": { "notes": { "access": "read-write" } } });
    Case::of(asks).allowing(json!({ "folders": { "notes": { "path": path, "access": "read-only" } } }))
}

#[cfg(unix)]
#[test]
fn folders_are_judged_by_where_they_are() {
    let decision = folder("/home/ann/notes").check(Ok(()));
    assert_eq!(decision.sentences().len(), 1);
    assert!(decision.sentences()[0].starts_with("may read files in /home/ann/notes, as `notes`: the permission token"));
    folder("/srv").check(Err(codes::GRANT_TRUST));
    folder("/srv").by(Standing::Own).check(Ok(()));
    for never in ["/", "/home/ann", "/home/ann/.ssh", "/home/ann/.local/share/mpp"] {
        folder(never).by(Standing::Own).check(Err(codes::GRANT_FOLDER));
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_gone_or_leads_elsewhere_is_not_granted() {
    let path = PathBuf::from("/home/ann/notes");
    for now in [None, Some(PathBuf::from("/home/ann/.ssh"))] {
        let mut case = folder("/home/ann/notes");
        case.seen.insert(path.clone(), now);
        let decision = case.check(Err(codes::GRANT_FOLDER));
        assert!(decision.grants.is_empty());
    }
}

#[test]
fn an_optional_folder_is_not_missing() {
    let asks = json!({ "folders": { "notes": { "access": "read-only", "optional": true } } });
    let decision = Case::of(asks).check(Ok(()));
    assert_eq!(decision.reasons[0].rule, Rule::Optional);
    assert!(decision.grants.is_empty());
}

#[test]
fn the_policy_wins_over_every_token() {
    let case = || {
        Case::of(json!({ "http": [{ "origin": "https://a.example" }] }))
            .allowing(json!({ "http": ["https://a.example"] }))
    };
    case().check(Ok(()));
    for deny in [
        json!({ "packages": ["acme:notes"] }),
        json!({ "publishers": [PUBLISHER] }),
        json!({ "permissions": ["http"] }),
        json!({ "origins": ["https://*.example"] }),
    ] {
        let decision = case().under(json!({ "deny": deny })).check(Err(codes::GRANT_DENIED));
        assert!(decision.grants.is_empty());
    }
    case().under(json!({ "deny": { "origins": ["https://b.example"] } })).check(Ok(()));
}

#[test]
fn a_denied_wildcard_does_not_lend_its_methods() {
    let asks = json!({ "http": [{ "origin": "https://a.example" }, { "origin": "https://*.example", "methods": ["DELETE"] }] });
    let case = Case::of(asks).allowing(json!({ "http": ["https://*.example"] }));
    let decision = case.check(Err(codes::GRANT_TRUST));
    let methods: Vec<_> = decision.grants.http().iter().flat_map(|grant| grant.methods.clone()).collect();
    assert_eq!(methods, ["GET"]);
}

#[test]
fn tokens_add_up_and_one_for_a_call_is_spent_only_where_it_is_needed() {
    let asks = || json!({ "clock": {}, "env": ["LANG"] });
    let once = |id| {
        move |asked: &Permissions| Grant {
            lifetime: Lifetime::Once,
            issued: at(-120),
            ..grant(id, asked, json!({ "clock": true }))
        }
    };
    let both = Case::of(asks()).allowing(json!({ "env": ["LANG"] })).with(once(2)).check(Ok(()));
    assert_eq!(both.consume.len(), 1);
    assert_eq!(both.used.len(), 2);
    let enough = Case::of(asks()).allowing(json!({ "clock": true, "env": ["LANG"] })).with(once(2)).check(Ok(()));
    assert!(enough.consume.is_empty());
    let two = Case::of(asks()).allowing(json!({ "env": ["LANG"] })).with(once(2)).with(once(3)).check(Ok(()));
    assert_eq!(two.consume.len(), 1, "one of two is enough");
    let mut used = Case::of(asks()).allowing(json!({ "env": ["LANG"] })).with(once(2));
    used.ledger.used.insert(used.tokens[1].id());
    let decision = used.check(Err(codes::GRANT_MISSING));
    assert_eq!(decision.refused[0].code, codes::GRANT_USED);
}

#[test]
fn a_token_for_some_tools_says_nothing_about_others() {
    let only = |asked: &Permissions| {
        let functions = Functions::Only(vec!["list".parse().expect("a name")]);
        Grant { functions, ..grant(1, asked, json!({ "clock": true })) }
    };
    let mut case = Case::of(json!({ "clock": {} })).with(only);
    case.check(Ok(()));
    case.function = "delete";
    let decision = case.check(Err(codes::GRANT_MISSING));
    assert_eq!(decision.refused[0].code, codes::GRANT_FUNCTION);
}

#[test]
fn what_is_left_out_on_purpose_is_not_missing() {
    let only = |asked: &Permissions| Grant { only: true, ..grant(1, asked, json!({ "clock": true })) };
    let decision = Case::of(json!({ "clock": {}, "env": ["LANG"] })).with(only).check(Ok(()));
    assert!(decision.grants.clock() && decision.grants.env().is_empty());
    assert!(matches!(decision.reasons[0].rule, Rule::LeftOut(_)));
}

#[test]
fn a_token_of_an_older_request_grants_nothing() {
    let mut case = Case::of(json!({ "clock": {} })).allowing(json!({ "clock": true }));
    case.asked = asked(json!({ "clock": {}, "env": ["LANG"] }));
    let decision = case.check(Err(codes::GRANT_MISSING));
    assert_eq!(decision.refused[0].code, codes::GRANT_REQUEST);
    assert!(decision.grants.is_empty());
}

#[test]
fn the_newest_binding_wins_and_one_for_this_call_before_it() {
    let asks = json!({ "config": ["unit"] });
    let value = |id, seconds, lifetime, unit: &'static str| {
        move |asked: &Permissions| Grant {
            lifetime,
            issued: at(seconds),
            ..grant(id, asked, json!({ "config": { "unit": unit } }))
        }
    };
    let always = Lifetime::Always;
    let mut case = Case::of(asks)
        .with(value(1, -20, always, "newer"))
        .with(value(2, -30, always, "oldest"))
        .with(value(3, -20, always, "newest"))
        .with(value(4, -10, Lifetime::Once, "once"));
    let unit = |case: &Case| case.check(Ok(())).grants.config().values().next().cloned();
    assert_eq!(unit(&case).as_deref(), Some("newest"));
    case.first = Some(GrantId::from_bytes([4; 16]));
    assert_eq!(unit(&case).as_deref(), Some("once"));
    assert_eq!(case.check(Ok(())).consume, [GrantId::from_bytes([4; 16])]);
}
