//! Chapter `index`: what a client refuses to believe of a registry, each beside a twin that it believes.

use super::{
    archive::Archive,
    case::{Case, under},
    draft::{digest, good},
    git_cases,
    index_draft::{
        CONFIG, Files, HEAD, Index, LOG, NEXT_YEAR, REGISTRY, Record, SEVENTH_DAY, SHARDS, SIXTH_DAY, TODAY, YESTERDAY,
        first_root, line, namespace, owners, package, release, reset, revocation, root, set, sha256, signed, statement,
    },
    keys::TestKey,
};
use serde_json::{Value as Json, json};

const SUM: &str = "acme:sum";
const UPDATE: &str = "index/update";
const FIRST_USE: &str = "index/first-use";
const NOTHING_NEW: &str = "index/nothing-new";
const ROOT: &str = "index/next-root";
const RESOLVE: &str = "index/resolve";
const FILE: &str = "index/package-file";
const CLAIM: &str = "index/claim";

/// The chapter.
pub(super) fn cases() -> Vec<Case> {
    [
        under("IDX-33", heads()),
        under("IDX-34", clocks()),
        under("IDX-13", logs()),
        under("IDX-36", trees()),
        under("IDX-31", roots()),
        under("IDX-39", recoveries()),
        under("IDX-18", statements()),
        under("IDX-68", revocations()),
        under("IDX-26", lookups()),
        under("IDX-52", files()),
        under("IDX-24", names()),
        git_cases::cases(),
    ]
    .concat()
}

/// A registry with `acme:sum` 1.0.0, whose file is the good package.
pub(super) fn known() -> Index {
    let acme = TestKey::acme();
    Index::new().then(|index| {
        index.append(&namespace("acme"), &owners("acme", 1, &acme, &[&acme]));
        index.append(&package(SUM), &statement(SUM, 1, &release_of(&good(), "1.0.0"), &[&acme]));
    })
}

/// That a version is this file.
fn release_of(archive: &Archive, version: &str) -> Json {
    let file = archive.to_bytes();
    let mut says = release(version);
    says["release"]["package"] = json!(digest(archive));
    says["release"]["file"] = json!(sha256(&file));
    says["release"]["size"] = json!(file.len());
    says
}

/// The same with 1.1.0.
pub(super) fn next() -> Index {
    with(&statement(SUM, 1, &release("1.1.0"), &[&TestKey::acme()]))
}

/// The registry with one more line about the package.
fn with(line: &str) -> Index {
    known().then(|index| index.append(&package(SUM), line))
}

/// Files as an input: one object, from paths to texts.
fn input(files: &Files) -> Vec<u8> {
    (serde_json::to_string_pretty(files).unwrap_or_default() + "\n").into_bytes()
}

/// An update from one state to another.
struct Asking {
    known: Option<Files>,
    known_at: &'static str,
    now: &'static str,
    pin: Json,
}

/// By a client that knows the registry with one version, on the day on which everything is written.
fn update() -> Asking {
    Asking { known: Some(known().files()), known_at: TODAY, now: TODAY, pin: Json::Null }
}

/// By a client that has never seen the registry.
fn first_use() -> Asking {
    Asking { known: None, ..update() }
}

impl Asking {
    fn knowing(self, index: &Index) -> Self {
        Self { known: Some(index.files()), ..self }
    }

    fn on(self, now: &'static str) -> Self {
        Self { now, ..self }
    }

    fn accept(&self, name: &str, why: &'static str, offered: &Index) -> Case {
        let head = sha256(offered.head_text().as_bytes());
        self.ask(Case::good(name, why, "index.update").giving("digest", head), &offered.files())
    }

    fn refuse(&self, name: &str, code: &'static str, why: &'static str, twin: &'static str, offered: &Files) -> Case {
        self.ask(Case::bad(name, why, "index.update", twin, code), offered)
    }

    fn ask(&self, mut case: Case, offered: &Files) -> Case {
        if let Some(known) = &self.known {
            case = case.file("known", "known.json", input(known));
        }
        case.file("offered", "offered.json", input(offered))
            .value("known_at", self.known_at)
            .value("now", self.now)
            .value("pin", self.pin.clone())
    }
}

fn heads() -> Vec<Case> {
    let (known, next) = (known(), next());
    let fork = known.then(|index| {
        index.append(&package("acme:other"), &statement("acme:other", 1, &release("1.0.0"), &[&TestKey::acme()]));
    });
    let by_stranger = Index { head_key: TestKey::stranger(), ..next.clone() };
    let mut of_another = next.files();
    of_another.insert(HEAD.to_owned(), signed(&next.head_text(), "head", &"08".repeat(16), &[&TestKey::head()]));
    let mut as_root = next.files();
    as_root.insert(HEAD.to_owned(), signed(&next.head_text(), "root", REGISTRY, &[&TestKey::head()]));
    let newer = known.then(|index| index.head["mpp"] = json!("2.0"));
    let surplus = known.then(|index| index.head["more"] = json!(1));
    let mut without_end = next.files();
    without_end.entry(HEAD.to_owned()).and_modify(|head| head.truncate(head.len() - 1));
    let knowing_next = || update().knowing(&next);
    vec![
        update().accept(UPDATE, "a version more than the client knows", &next),
        first_use().accept(FIRST_USE, "a registry that the client has never seen (IDX-31)", &known),
        knowing_next().accept(NOTHING_NEW, "what the client knows already", &next),
        knowing_next().refuse(
            "index/rollback",
            "index.rollback",
            "the state before the one that the client knows",
            NOTHING_NEW,
            &known.files(),
        ),
        knowing_next().refuse(
            "index/fork",
            "index.fork",
            "another head with the sequence number that the client knows",
            NOTHING_NEW,
            &fork.files(),
        ),
        update().refuse(
            "index/head-by-stranger",
            "trust.unknown-key",
            "no head key signed the head",
            UPDATE,
            &by_stranger.files(),
        ),
        update().refuse(
            "index/head-of-another-registry",
            "sig.binding",
            "a head that was signed for another registry (IDX-6)",
            UPDATE,
            &of_another,
        ),
        update().refuse(
            "index/head-signed-as-root",
            "sig.binding",
            "a head that was signed for another purpose (IDX-6)",
            UPDATE,
            &as_root,
        ),
        update().refuse(
            "index/newer-format",
            "format.newer",
            "a head of the next major version (IDX-5)",
            UPDATE,
            &newer.files(),
        ),
        update().refuse(
            "index/unknown-field",
            "index.malformed",
            "a signed head with a field that nobody knows (IDX-5)",
            UPDATE,
            &surplus.files(),
        ),
        update().refuse(
            "index/no-line-feed",
            "index.malformed",
            "a head without its line feed (IDX-5)",
            UPDATE,
            &without_end,
        ),
    ]
}

fn clocks() -> Vec<Case> {
    let next = next();
    let long = known().then(|index| {
        index.head["expires"] = json!(NEXT_YEAR);
        index.append(&package(SUM), &statement(SUM, 1, &release("1.1.0"), &[&TestKey::acme()]));
    });
    let late = |known_at, now| Asking { known_at, ..update().on(now) };
    vec![
        update().on(SIXTH_DAY).accept("index/sixth-day", "a head that is fresh for one day more", &next),
        update().on(SEVENTH_DAY).refuse(
            "index/stale",
            "index.stale",
            "a head that has expired",
            "index/sixth-day",
            &next.files(),
        ),
        update().on(SEVENTH_DAY).refuse(
            "index/stale-whatever-it-says",
            "index.stale",
            "a head that says it is fresh for a year, where the root allows seven days",
            "index/sixth-day",
            &long.files(),
        ),
        late(SIXTH_DAY, SIXTH_DAY).accept("index/clock-that-stands", "a clock that shows what it showed before", &next),
        late(SIXTH_DAY, TODAY).refuse(
            "index/clock-that-went-back",
            "clock.backwards",
            "a clock that shows less than when the client was here before",
            "index/clock-that-stands",
            &next.files(),
        ),
        first_use().on(YESTERDAY).refuse(
            "index/clock-behind-the-head",
            "clock.backwards",
            "a clock that shows less than the head's",
            FIRST_USE,
            &known().files(),
        ),
    ]
}

fn logs() -> Vec<Case> {
    let spoil = |change: fn(&mut Vec<Record>)| {
        let mut index = next();
        change(&mut index.records);
        index.files()
    };
    let edit = |change: fn(&mut String)| {
        let mut files = next().files();
        files.entry(LOG.to_owned()).and_modify(change);
        files
    };
    let mut gone = next().files();
    gone.remove(LOG);
    let mut surplus = next().files();
    surplus.insert("log/00000001.jsonl".to_owned(), "{}\n".to_owned());
    let broken = |name: &str, why, files: &Files| update().refuse(name, "index.log-broken", why, UPDATE, files);
    vec![
        broken(
            "index/log-record-removed",
            "a record that the client has seen is gone, under a signed head",
            &spoil(|records| drop(records.remove(1))),
        ),
        broken(
            "index/log-record-edited",
            "a record that the client has seen is another, under a signed head",
            &spoil(|records| records[1].at = YESTERDAY),
        ),
        broken(
            "index/log-records-reordered",
            "records that the client has seen changed places, under a signed head",
            &spoil(|records| records.swap(0, 1)),
        ),
        broken(
            "index/log-record-inserted",
            "a record before those that the client has seen, under a signed head",
            &spoil(|records| records.insert(1, records[1].clone())),
        ),
        broken(
            "index/log-shortened",
            "fewer records than the client has seen, under a signed head",
            &spoil(|records| records.truncate(2)),
        ),
        broken(
            "index/log-edited",
            "a record that is not what the head says (IDX-11)",
            &edit(|log| *log = log.replacen("T12:00:00Z", "T12:00:01Z", 1)),
        ),
        broken(
            "index/log-record-added",
            "a record after the last one of the head (IDX-12)",
            &edit(|log| *log = log.repeat(2)),
        ),
        broken("index/log-gone", "no log (IDX-12)", &gone),
        broken("index/log-segment-surplus", "a segment that the head does not reach (IDX-37)", &surplus),
    ]
}

fn trees() -> Vec<Case> {
    let other_config =
        line(&json!({ "mpp": "1.0", "blobs": { "type": "template", "url": "https://example.com/{digest}" } }));
    let mut edited = next().files();
    edited.insert(CONFIG.to_owned(), other_config.clone());
    let listed = known().then(|index| {
        index.append(&package(SUM), &statement(SUM, 1, &release("1.1.0"), &[&TestKey::acme()]));
        index.covered.insert(CONFIG.to_owned(), other_config.clone());
        index.listed.insert(CONFIG.to_owned(), sha256(other_config.as_bytes()));
    });
    let logged = known().then(|index| index.write(CONFIG, other_config.clone()));
    let mut beside = next().files();
    beside.insert("README.md".to_owned(), "# Hello\n".to_owned());
    let other_line = known().then(|index| {
        index.append(&package(SUM), &statement(SUM, 1, &release("1.1.0"), &[&TestKey::acme()]));
        index.listed.insert(package(SUM), sha256(b"another"));
    });
    let old = |path: &str| {
        let mut files = next().files();
        files.extend(known().files().into_iter().filter(|(known, _)| known == path));
        files
    };
    let shard = format!("shards/{}", &package(SUM)[4..6]);
    let without = |path: &str| {
        let mut files = next().files();
        files.remove(path);
        files
    };
    let unlisted = |path: &str| {
        let mut index = next();
        index.listed.remove(path);
        index.files()
    };
    let acme = TestKey::acme();
    let rewritten = known().then(|index| index.write(&package(SUM), statement(SUM, 1, &release("1.1.0"), &[&acme])));
    let twice = |name: &str, code, why, files: &Files| update().refuse(name, code, why, UPDATE, files);
    vec![
        update().accept("index/config-logged", "another configuration, with its record (IDX-10)", &logged),
        update().refuse(
            "index/unlogged-file",
            "index.unlogged",
            "another configuration without a record (IDX-37)",
            "index/config-logged",
            &edited,
        ),
        update().refuse(
            "index/unlogged-line",
            "index.unlogged",
            "another configuration that the shard table lists without a record",
            "index/config-logged",
            &listed.files(),
        ),
        twice("index/unlogged-beside", "index.unlogged", "a file that nobody logged (IDX-37)", &beside),
        twice(
            "index/line-of-another-digest",
            "index.unlogged",
            "a line of the shard table that is not the last record (IDX-16)",
            &other_line.files(),
        ),
        twice(
            "index/old-package-under-new-head",
            "index.mismatch",
            "the statements of before under the new head (IDX-15)",
            &old(&package(SUM)),
        ),
        twice(
            "index/old-shard-under-new-head",
            "index.mismatch",
            "the shard file of before under the new head (IDX-15)",
            &old(&shard),
        ),
        twice(
            "index/old-table-under-new-head",
            "index.mismatch",
            "the table of before under the new head (IDX-15)",
            &old(SHARDS),
        ),
        twice(
            "index/package-gone",
            "index.removed",
            "the statements about a package are gone (IDX-15)",
            &without(&package(SUM)),
        ),
        twice(
            "index/line-gone",
            "index.removed",
            "a package that the shard table does not list any more (IDX-16)",
            &unlisted(&package(SUM)),
        ),
        twice(
            "index/config-line-gone",
            "index.removed",
            "a file that the client has seen is not listed any more",
            &unlisted(CONFIG),
        ),
        twice(
            "index/statement-gone",
            "index.removed",
            "a statement that the client has seen is gone, with a record (IDX-22)",
            &rewritten.files(),
        ),
    ]
}

/// The registry under another root.
fn rooted(key: &TestKey, signers: &[&TestKey], change: impl FnOnce(&mut Json)) -> Index {
    over(&next(), key, signers, change)
}

fn over(index: &Index, key: &TestKey, signers: &[&TestKey], change: impl FnOnce(&mut Json)) -> Index {
    let mut second = first_root();
    second["version"] = json!(2);
    change(&mut second);
    let mut index = index.then(|index| index.write("root/2.json", root(&second, signers)));
    index.head["root"] = json!(2);
    index.head_key = key.clone();
    index
}

fn roots() -> Vec<Case> {
    let (head, old, new) = (TestKey::head(), TestKey::root(), TestKey::second());
    let renewed = |root: &mut Json| root["root_keys"] = set(&[&TestKey::second()]);
    let invalid = |name: &str, why, index: &Index| update().refuse(name, "root.invalid", why, ROOT, &index.files());
    let late = known().then(|index| {
        index.head["issued"] = json!("2027-01-30T12:00:00Z");
        index.head["expires"] = json!("2027-02-06T12:00:00Z");
    });
    let pinned = |pin: Json| Asking { pin, ..first_use() };
    let fingerprint = sha256(first_root().to_string().as_bytes());
    let two_of_two = |root: &mut Json| {
        root["root_keys"] = set(&[&TestKey::root(), &TestKey::second()]);
        root["root_keys"]["threshold"] = json!(2);
    };
    vec![
        update().accept(
            ROOT,
            "a new root by the keys of the old one and by its own",
            &rooted(&head, &[&old, &new], renewed),
        ),
        invalid(
            "index/root-without-the-old",
            "a new root that the keys of the old one did not sign",
            &rooted(&head, &[&new], renewed),
        ),
        invalid(
            "index/root-without-the-new",
            "a new root that its own keys did not sign",
            &rooted(&head, &[&old], renewed),
        ),
        invalid(
            "index/root-below-its-threshold",
            "a new root that wants two keys, signed by one of them",
            &rooted(&head, &[&old], two_of_two),
        ),
        invalid(
            "index/root-skipped",
            "the third root in place of the second",
            &rooted(&head, &[&old], |root| root["version"] = json!(3)),
        ),
        invalid(
            "index/root-too-early",
            "a file for the fourth root while the first is in force: nobody could replace it when its turn comes (IDX-31)",
            &known().then(|index| index.write("root/4.json", "{}\n".to_owned())),
        ),
        update().refuse(
            "index/root-of-another-registry",
            "sig.binding",
            "a new root that says it is another registry's (IDX-6)",
            ROOT,
            &rooted(&head, &[&old], |root| root["registry"] = json!("08".repeat(16))).files(),
        ),
        update().refuse(
            "index/root-next-expired",
            "root.expired",
            "a new root that has expired (IDX-32)",
            ROOT,
            &rooted(&head, &[&old], |root| root["expires"] = json!(TODAY)).files(),
        ),
        Asking { known_at: "2027-01-30T12:00:00Z", ..first_use().on("2027-01-30T12:00:00Z") }.accept(
            "index/root-of-a-year",
            "the last day of a root (IDX-32)",
            &late,
        ),
        first_use().on(NEXT_YEAR).refuse(
            "index/root-expired",
            "root.expired",
            "a root that has expired (IDX-32)",
            "index/root-of-a-year",
            &late.files(),
        ),
        pinned(json!(fingerprint)).accept(
            "index/root-pinned",
            "the root that the client was told to expect (IDX-8)",
            &known(),
        ),
        pinned(json!("0".repeat(64))).refuse(
            "index/root-not-pinned",
            "root.pin",
            "another root than the client was told to expect",
            "index/root-pinned",
            &known().files(),
        ),
    ]
}

fn recoveries() -> Vec<Case> {
    let (old, new) = (TestKey::root(), TestKey::second());
    let misused = known().then(|index| {
        index.head["seq"] = json!(u64::MAX - 1);
        index.append(&package(SUM), &statement(SUM, 1, &release("6.6.6"), &[&TestKey::acme()]));
    });
    let recovered = |resume: Option<Json>| {
        over(&known(), &new, &[&old], |root| {
            root["head_keys"] = set(&[&TestKey::second()]);
            if let Some(resume) = resume {
                root["resume"] = resume;
            }
        })
    };
    let elsewhere = json!({ "length": known().records.len(), "hash": "0".repeat(64) });
    let knowing = || update().knowing(&misused);
    let resumed = recovered(Some(known().point()));
    vec![
        knowing().accept(
            "index/recovered",
            "after a head with a huge number, a new root says from where the log goes on",
            &resumed,
        ),
        update().accept("index/recovered-unharmed", "the same to a client that has not seen the huge number", &resumed),
        knowing().refuse(
            "index/honest-after-a-jump",
            "index.rollback",
            "an honest head after a huge number, without a new root (IDX-33)",
            "index/recovered",
            &next().files(),
        ),
        knowing().refuse(
            "index/recovered-without-a-point",
            "index.log-broken",
            "a new root that does not say that the log goes on elsewhere",
            "index/recovered",
            &recovered(None).files(),
        ),
        knowing().refuse(
            "index/recovered-from-elsewhere",
            "index.log-broken",
            "a new root that names a point where the log never was",
            "index/recovered",
            &recovered(Some(elsewhere)).files(),
        ),
    ]
}

fn statements() -> Vec<Case> {
    let (acme, stranger) = (TestKey::acme(), TestKey::stranger());
    let refused = |name: &str, code, why, index: &Index| update().refuse(name, code, why, UPDATE, &index.files());
    let free = known().then(|index| {
        index.append(&package("free:sum"), &statement("free:sum", 1, &release("1.0.0"), &[&acme]));
    });
    let theirs = known().then(|index| {
        index.append(&namespace("other"), &owners("other", 1, &stranger, &[&stranger]));
        index.append(&package(SUM), &statement(SUM, 1, &release("1.1.0"), &[&stranger]));
    });
    vec![
        refused(
            "index/statement-by-another-namespace",
            "trust.namespace",
            "a version signed by the owner of another namespace",
            &theirs,
        ),
        refused(
            "index/statement-by-stranger",
            "trust.namespace",
            "a version signed by somebody who owns nothing",
            &with(&statement(SUM, 1, &release("1.1.0"), &[&stranger])),
        ),
        refused(
            "index/statement-of-owners-to-come",
            "trust.namespace",
            "a version under owners that are not there yet",
            &with(&statement(SUM, 2, &release("1.1.0"), &[&acme])),
        ),
        refused(
            "index/statement-in-free-namespace",
            "trust.namespace",
            "a version in a namespace that nobody owns",
            &free,
        ),
        refused(
            "index/statement-about-another",
            "index.malformed",
            "a statement about another package than the file is of",
            &with(&statement("acme:other", 1, &release("1.1.0"), &[&acme])),
        ),
        refused(
            "index/version-again",
            "index.duplicate-version",
            "a version that was released before (IDX-21)",
            &with(&statement(SUM, 1, &release("1.0.0"), &[&acme])),
        ),
        refused(
            "index/version-with-build-metadata",
            "index.duplicate-version",
            "a version that was released before, with build metadata (IDX-21)",
            &with(&statement(SUM, 1, &release("1.0.0+b"), &[&acme])),
        ),
    ]
}

fn revocations() -> Vec<Case> {
    let acme = TestKey::acme();
    let (path, text) = revocation(&acme);
    let new = statement(SUM, 1, &release("1.1.0"), &[&acme]);
    let in_order = |statement_first: bool| {
        known().then(|index| {
            if statement_first {
                index.append(&package(SUM), &new);
            }
            index.write(&path, text.clone());
            if !statement_first {
                index.append(&package(SUM), &new);
            }
        })
    };
    vec![
        update().accept("index/revoked-after", "a version that was logged before its key was revoked", &in_order(true)),
        update().refuse(
            "index/revoked-before",
            "key.revoked",
            "a version that was logged after its key was revoked",
            "index/revoked-after",
            &in_order(false).files(),
        ),
    ]
}

/// A lookup in a registry that the client trusts.
fn look(case: Case, index: &Index, locked: Json, pinned: Json) -> Case {
    case.file("index", "index.json", input(&index.files()))
        .value("now", TODAY)
        .value("name", SUM)
        .value("requirement", "^1")
        .value("locked", locked)
        .value("pinned", pinned)
}

fn lookups() -> Vec<Case> {
    let (acme, second, root) = (TestKey::acme(), TestKey::second(), TestKey::root());
    let block = |version: &str| {
        let says = json!({ "block": { "version": version, "reason": "It sends files away." } });
        statement(SUM, 1, &says, &[&acme])
    };
    let one = with(&block("1.0.0"));
    let both = next().then(|index| {
        index.append(&package(SUM), &block("1.0.0"));
        index.append(&package(SUM), &block("1.1.0"));
    });
    let upper = next().then(|index| index.append(&package(SUM), &block("1.1.0")));
    let given = known().then(|index| index.append(&namespace("acme"), &owners("acme", 2, &second, &[&acme, &second])));
    let taken =
        known().then(|index| index.append(&namespace("acme"), &reset("acme", 2, &[&second], &[&root, &second])));
    let beside = reset("acme", 2, &[&acme, &second], &[&root, &second]);
    let beside = known().then(|index| index.append(&namespace("acme"), &beside));
    let accepted = |name: &str, why, version: &str| {
        let digest = match version {
            "1.0.0" => digest(&good()),
            other => sha256(format!("package {other}").as_bytes()),
        };
        Case::good(name, why, "index.resolve").giving("digest", digest)
    };
    let pin = json!(acme.id());
    vec![
        look(accepted(RESOLVE, "the highest version that fits", "1.1.0"), &next(), Json::Null, Json::Null),
        look(
            accepted("index/resolve-locked", "the version that a lock file holds", "1.0.0"),
            &next(),
            json!("1.0.0"),
            Json::Null,
        ),
        look(
            accepted("index/resolve-past-blocked", "the highest version that is not blocked", "1.0.0"),
            &upper,
            Json::Null,
            Json::Null,
        ),
        look(
            Case::bad("index/blocked", "every version that fits is blocked", "index.resolve", RESOLVE, "pkg.blocked"),
            &both,
            Json::Null,
            Json::Null,
        ),
        look(
            Case::bad(
                "index/blocked-and-installed",
                "the version that a lock file holds is blocked, and there is no other (IDX-64)",
                "index.resolve",
                "index/resolve-locked",
                "pkg.blocked",
            ),
            &one,
            json!("1.0.0"),
            Json::Null,
        ),
        look(
            accepted("index/pinned-and-given", "a pinned namespace that its owners gave to others (IDX-73)", "1.0.0"),
            &given,
            Json::Null,
            pin.clone(),
        ),
        look(
            Case::bad(
                "index/pinned-and-reset",
                "a pinned namespace that the registry gave to others (IDX-73)",
                "index.resolve",
                "index/pinned-and-given",
                "trust.pin",
            ),
            &taken,
            Json::Null,
            pin.clone(),
        ),
        look(
            Case::bad(
                "index/pinned-and-reset-beside",
                "a pinned namespace that the registry gave to others, with the pinned key named beside theirs (IDX-73)",
                "index.resolve",
                "index/pinned-and-given",
                "trust.pin",
            ),
            &beside,
            Json::Null,
            pin,
        ),
        look(
            Case::bad(
                "index/pinned-to-another",
                "a namespace that the pinned key never owned (IDX-73)",
                "index.resolve",
                "index/pinned-and-given",
                "trust.pin",
            ),
            &given,
            Json::Null,
            json!(TestKey::stranger().id()),
        ),
    ]
}

/// The file of a release, from wherever it came.
fn files() -> Vec<Case> {
    let acme = TestKey::acme();
    let file = good().to_bytes();
    let about = |name: &str, version: &str, says: Json| {
        let mut index = known();
        if (name, version) != (SUM, "1.0.0") {
            index = index.then(|index| index.append(&package(name), &statement(name, 1, &says, &[&acme])));
        }
        index
    };
    let ask = |case: Case, index: &Index, name: &str, version: &str, file: &[u8]| {
        case.file("index", "index.json", input(&index.files()))
            .file("file", "input.mpp", file)
            .value("now", TODAY)
            .value("name", name)
            .value("version", version)
    };
    let bad = |name: &str, why| Case::bad(name, why, "index.file", FILE, "index.binding");
    let mut flipped = file.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let longer = [file.as_slice(), b"x"].concat();
    let mut other_package = release_of(&good(), "1.1.0");
    other_package["release"]["version"] = json!("1.1.0");
    let mut lying = release_of(&good(), "1.1.0");
    lying["release"]["package"] = json!("0".repeat(64));
    let accepted = Case::good(FILE, "the file that the release names", "index.file").giving("digest", digest(&good()));
    vec![
        ask(accepted, &known(), SUM, "1.0.0", &file),
        ask(bad("index/file-of-another-digest", "one bit of the file is another"), &known(), SUM, "1.0.0", &flipped),
        ask(bad("index/file-of-another-size", "one byte more than the release says"), &known(), SUM, "1.0.0", &longer),
        ask(
            bad("index/file-under-another-name", "the right file of another package under this name"),
            &about("acme:other", "1.0.0", release_of(&good(), "1.0.0")),
            "acme:other",
            "1.0.0",
            &file,
        ),
        ask(
            bad("index/file-of-another-version", "the right file of another version under this one"),
            &about(SUM, "1.1.0", other_package),
            SUM,
            "1.1.0",
            &file,
        ),
        ask(
            bad("index/file-of-another-package", "a release whose package digest is not the file's"),
            &about(SUM, "1.1.0", lying),
            SUM,
            "1.1.0",
            &file,
        ),
    ]
}

/// New names, asked for by the owner of `acme`.
fn names() -> Vec<Case> {
    let ask = |case: Case, name: &str| {
        case.file("index", "index.json", input(&known().files()))
            .file("key", "acme.key", TestKey::acme().secret_file())
            .value("now", TODAY)
            .value("name", name)
    };
    let bad = |name: &str, why| Case::bad(name, why, "index.claim", CLAIM, "name.collision");
    vec![
        ask(Case::good(CLAIM, "a name like no other", "index.claim"), "acme:product"),
        ask(Case::good("index/claim-namespace", "a namespace like no other", "index.claim"), "fabrikam:sum"),
        ask(bad("index/lookalike-package", "a name that differs by a hyphen"), "acme:s-um"),
        ask(bad("index/lookalike-namespace", "a namespace that differs by a hyphen"), "ac-me:product"),
    ]
}
