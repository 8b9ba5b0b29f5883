//! What may be said about a version after its release, and by whom (IDX-60 to IDX-66, IDX-70, IDX-71).

use super::{NOTES, notes_path};
use crate::{
    advisories::{advisories, concerns},
    document, layout,
    search::{Depth, Nowhere, Query, search},
    world::{
        KEYS, REGISTRY, World, cover, day, key_set, name, next_root, notice, release, said, sealed, statement, world,
    },
};
use mpp_package::{key::Signer, signature::Purpose};
use mpp_schema::{
    Code, Digest, FormatVersion, codes,
    index::{Advisory, CoSignature, Notice, Says, Severity},
};

const OWNERS: (u32, Option<u32>) = (1, None);
const REGISTRY_1: (u32, Option<u32>) = (1, Some(1));

#[track_caller]
fn check(says: Says, by: (u32, Option<u32>), keys: &[&dyn Signer], expected: Result<(), Code>) {
    let world = world();
    world.check(&world.appended(&[(&notes_path(), said(NOTES, says, by, keys))]), expected);
}

#[test]
fn owners_say_what_they_like_about_their_versions() {
    let by: [&dyn Signer; 1] = [&KEYS.publisher];
    for says in [Says::Yank, Says::Unyank, Says::Deprecate, Says::Block] as [fn(Notice) -> Says; 4] {
        check(says(notice("It loses notes.")), OWNERS, &by, Ok(()));
        check(says(notice("It loses notes.")), OWNERS, &[&KEYS.stranger], Err(codes::TRUST_NAMESPACE));
        check(says(notice("It loses notes.")), (2, None), &by, Err(codes::TRUST_NAMESPACE));
        let mut other = notice("It loses notes.");
        other.version = "1.0.1".parse().unwrap();
        check(says(other), OWNERS, &by, Err(codes::INDEX_MALFORMED));
        let mut other = notice("It loses notes.");
        other.version = "1.0.0+build".parse().unwrap();
        check(says(other), OWNERS, &by, Err(codes::INDEX_MALFORMED));
        for reason in ["", " \n", "a\u{202e}b", &"a".repeat(1025)] {
            check(says(notice(reason)), OWNERS, &by, Err(codes::INDEX_MALFORMED));
        }
        check(says(notice(&"a".repeat(1024))), OWNERS, &by, Ok(()));
    }
}

#[test]
fn the_registry_blocks_by_its_root_keys_and_says_nothing_else() {
    let block = || Says::Block(notice("It is malware."));
    check(block(), REGISTRY_1, &[&KEYS.root], Ok(()));
    for others in [&KEYS.publisher, &KEYS.head, &KEYS.stranger] {
        check(block(), REGISTRY_1, &[others], Err(codes::TRUST_NAMESPACE));
    }
    check(block(), (1, Some(2)), &[&KEYS.root], Err(codes::TRUST_NAMESPACE));
    check(block(), (1, Some(0)), &[&KEYS.root], Err(codes::TRUST_NAMESPACE));
    for says in [Says::Yank, Says::Unyank, Says::Deprecate] as [fn(Notice) -> Says; 3] {
        check(says(notice("It is malware.")), REGISTRY_1, &[&KEYS.root], Err(codes::INDEX_MALFORMED));
    }
    check(Says::Release(release("2.0.0")), REGISTRY_1, &[&KEYS.root], Err(codes::INDEX_MALFORMED));
}

#[test]
fn a_root_speaks_while_it_is_in_force() {
    let world = world();
    let root = next_root(&world, &[&KEYS.root, &KEYS.stranger], |root| root.root_keys = key_set(&KEYS.stranger));
    let block = |root, key: &dyn Signer| said(NOTES, Says::Block(notice("It is malware.")), (1, Some(root)), &[key]);
    let mut later = world.clone();
    later.files = cover(&world.files, "root/2.json", root, &KEYS.head, 2);
    later.state = world.offer(&later.files, day(0)).unwrap().state;
    later.check(&later.appended(&[(&notes_path(), block(2, &KEYS.stranger))]), Ok(()));
    let old = later.appended(&[(&notes_path(), block(1, &KEYS.root))]);
    later.check(&old, Err(codes::TRUST_NAMESPACE));
    let code = later.offer_without_base(&old, day(0)).map(drop).map_err(|error| mpp_schema::Coded::code(&error));
    assert_eq!(code, Err(codes::TRUST_NAMESPACE));

    // Said before the change, it stays valid, also for who reads everything from the start.
    let mut before = world.clone();
    before.accept(world.appended(&[(&notes_path(), block(1, &KEYS.root))]));
    let root = next_root(&before, &[&KEYS.root, &KEYS.stranger], |root| root.root_keys = key_set(&KEYS.stranger));
    let changed = cover(&before.files, "root/2.json", root, &KEYS.head, 2);
    before.check(&changed, Ok(()));
    assert!(before.offer_without_base(&changed, day(0)).is_ok());
    assert!(world.offer(&changed, day(0)).is_ok());
}

#[test]
fn a_root_that_nobody_verified_gives_nobody_a_voice() {
    let world = world();
    let forged = next_root(&world, &[&KEYS.stranger], |root| {
        root.version = 3;
        root.root_keys = key_set(&KEYS.stranger);
    });
    let block = said(NOTES, Says::Block(notice("It is malware.")), (1, Some(3)), &[&KEYS.stranger]);
    let files = world.draft(|draft| {
        draft.write("root/3.json".to_owned(), forged);
        draft.append(notes_path(), &block).unwrap();
    });
    world.check(&files, Err(codes::ROOT_INVALID));
    let alone = world.draft(|draft| draft.append(notes_path(), &block).unwrap());
    world.check(&alone, Err(codes::TRUST_NAMESPACE));
}

fn accepted(lines: &[Says]) -> World {
    let mut world = world();
    for says in lines {
        world.accept(world.appended(&[(&notes_path(), said(NOTES, says.clone(), OWNERS, &[&KEYS.publisher]))]));
    }
    world
}

#[test]
fn the_last_yank_counts_and_a_block_stays() {
    let reason = |said: &Option<crate::package::Said>| said.as_ref().map(|said| said.reason.clone());
    let yanked = accepted(&[Says::Yank(notice("first")), Says::Yank(notice("second"))]).notes();
    assert_eq!(reason(&yanked.releases[0].standing.yanked).as_deref(), Some("second"));
    let back = accepted(&[Says::Yank(notice("first")), Says::Unyank(notice("works"))]).notes();
    assert_eq!(back.releases[0].standing.yanked, None);
    let told = accepted(&[Says::Deprecate(notice("use x")), Says::Deprecate(notice("use y"))]).notes();
    assert_eq!(reason(&told.releases[0].standing.deprecated).as_deref(), Some("use y"));
    let blocked = accepted(&[Says::Block(notice("bad")), Says::Unyank(notice("no")), Says::Block(notice("x"))]);
    let blocked = blocked.notes();
    assert_eq!(reason(&blocked.releases[0].standing.blocked).as_deref(), Some("bad"));
    assert!(!blocked.releases[0].standing.is_free());
}

#[test]
fn the_latest_version_is_one_that_may_be_chosen() {
    let mut world = accepted(&[]);
    world.accept(world.publish(NOTES, "1.1.0").unwrap());
    assert_eq!(world.notes().latest().unwrap().release.version.to_string(), "1.1.0");
    let yank = Says::Yank(Notice { version: "1.1.0".parse().unwrap(), reason: "bad".to_owned() });
    world.accept(world.appended(&[(&notes_path(), said(NOTES, yank, OWNERS, &[&KEYS.publisher]))]));
    assert_eq!(world.notes().latest().unwrap().release.version.to_string(), "1.0.0");
    let query = Query { text: "notes", depth: Depth::Texts, most: 1 };
    let answer = search(&world.files, &world.state, &Nowhere, &query).unwrap();
    assert_eq!(answer.found[0].latest.version.to_string(), "1.0.0");
}

fn co_signature(key: &dyn Signer, change: impl FnOnce(&mut CoSignature)) -> Says {
    let release = release("1.0.0");
    let key = key.public_key().to_base64();
    let mut co = CoSignature { version: release.version, package: release.package, file: release.file, key };
    change(&mut co);
    Says::CoSign(co)
}

/// IDX-65.
#[test]
fn anybody_vouches_for_a_file_with_their_own_key() {
    let stranger: [&dyn Signer; 1] = [&KEYS.stranger];
    let malformed = Err(codes::INDEX_MALFORMED);
    check(co_signature(&KEYS.stranger, |_| {}), OWNERS, &stranger, Ok(()));
    check(co_signature(&KEYS.stranger, |_| {}), OWNERS, &[&KEYS.publisher], Err(codes::TRUST_NAMESPACE));
    check(co_signature(&KEYS.stranger, |_| {}), REGISTRY_1, &stranger, malformed);
    check(co_signature(&KEYS.stranger, |co| co.file = Digest::of(b"x")), OWNERS, &stranger, malformed);
    check(co_signature(&KEYS.stranger, |co| co.package = Digest::of(b"x")), OWNERS, &stranger, malformed);
    check(co_signature(&KEYS.stranger, |co| co.key = "RW".to_owned()), OWNERS, &stranger, Err(codes::KEY_MALFORMED));
    let mut world = world();
    world.accept(
        world.appended(&[(&notes_path(), said(NOTES, co_signature(&KEYS.stranger, |_| {}), OWNERS, &stranger))]),
    );
    let entry = world.notes();
    assert_eq!(entry.releases[0].standing.co_signers, [KEYS.stranger.public_key().id()]);
    assert_eq!(entry.releases[0].signers, [KEYS.publisher.public_key().id()]);
}

#[test]
fn a_kind_of_a_newer_minor_version_is_passed_over_and_of_a_newer_major_one_refused() {
    let world = world();
    let line = String::from_utf8(document::line(&Says::Yank(notice("x")))).unwrap();
    let text = |mpp: &str, says: &str, more: &str| {
        let yank = said(NOTES, Says::Yank(notice("x")), OWNERS, &[&KEYS.publisher]);
        let signed: mpp_schema::index::Signed = serde_json::from_slice(&yank).unwrap();
        let text = signed.signed.replace("\"mpp\":\"1.0\"", &format!("\"mpp\":\"{mpp}\"{more}"));
        text.replace(line.trim_end(), says)
    };
    let check = |text: String, key: &dyn Signer, expected| {
        let purpose = Purpose::Statement { registry: REGISTRY };
        let line = document::line(&mpp_package::signed::sign_text(text, &purpose, &[key]).unwrap());
        world.check(&world.appended(&[(&notes_path(), line)]), expected);
    };
    let praise = "{\"praise\":{\"stars\":5}}";
    let malformed: Result<(), Code> = Err(codes::INDEX_MALFORMED);
    check(text("1.1", praise, ""), &KEYS.publisher, Ok(()));
    check(text("1.1", praise, ""), &KEYS.stranger, Err(codes::TRUST_NAMESPACE));
    check(text("1.0", praise, ""), &KEYS.publisher, malformed);
    check(text("2.0", praise, ""), &KEYS.publisher, Err(codes::FORMAT_NEWER));
    check(text("1.1", "{\"yank\":{\"stars\":5}}", ""), &KEYS.publisher, malformed);
    check(text("1.1", "{\"praise\":1,\"blame\":2}", ""), &KEYS.publisher, malformed);
    check(text("1.1", "{}", ""), &KEYS.publisher, malformed);
    check(text("1.1", praise, ",\"more\":1"), &KEYS.publisher, malformed);
    check(text("1.1", line.trim_end(), ""), &KEYS.publisher, Ok(()));
}

fn advisory(change: impl FnOnce(&mut Advisory)) -> Advisory {
    let mut advisory = Advisory {
        mpp: FormatVersion::CURRENT,
        registry: REGISTRY,
        name: name(NOTES),
        owners: 1,
        root: None,
        issued: day(0),
        id: "MPP-2026-1".to_owned(),
        versions: "<1.2".parse().unwrap(),
        severity: Severity::High,
        text: "It can lose notes.".to_owned(),
        fixed_in: Some("1.2.0".parse().unwrap()),
    };
    change(&mut advisory);
    advisory
}

fn advised(world: &World, advisory: &Advisory, key: &dyn Signer) -> crate::MemoryFiles {
    let line = sealed(advisory, &Purpose::Advisory { registry: REGISTRY }, &[key]);
    world.appended(&[(&layout::advisories(&name(NOTES)), line)])
}

#[test]
fn advisories_are_by_the_owners_or_by_the_registry() {
    let world = world();
    let check = |change: fn(&mut Advisory), key: &dyn Signer, expected| {
        world.check(&advised(&world, &advisory(change), key), expected);
    };
    let malformed: Result<(), Code> = Err(codes::INDEX_MALFORMED);
    check(|_| {}, &KEYS.publisher, Ok(()));
    check(|_| {}, &KEYS.stranger, Err(codes::TRUST_NAMESPACE));
    check(|_| {}, &KEYS.head, Err(codes::TRUST_NAMESPACE));
    check(|advisory| advisory.root = Some(1), &KEYS.root, Ok(()));
    check(|advisory| advisory.root = Some(1), &KEYS.head, Err(codes::TRUST_NAMESPACE));
    check(|advisory| advisory.root = Some(2), &KEYS.root, Err(codes::TRUST_NAMESPACE));
    check(|advisory| advisory.owners = 2, &KEYS.publisher, Err(codes::TRUST_NAMESPACE));
    check(|advisory| advisory.name = name("acme:other"), &KEYS.publisher, malformed);
    check(|advisory| advisory.text.clear(), &KEYS.publisher, malformed);
    check(|advisory| advisory.text.push('\u{200b}'), &KEYS.publisher, malformed);
    for id in ["", "1", "-a", "a b", "a\n", &"a".repeat(65)] {
        let wrong = advisory(|advisory| advisory.id = id.to_owned());
        world.check(&advised(&world, &wrong, &KEYS.publisher), malformed);
    }
    let statement = statement(NOTES, "1.1.0", 1, &KEYS.publisher);
    world.check(&world.appended(&[(&layout::advisories(&name(NOTES)), statement)]), malformed);
    let as_statement = sealed(&advisory(|_| {}), &Purpose::Statement { registry: REGISTRY }, &[&KEYS.publisher]);
    let path = layout::advisories(&name(NOTES));
    world.check(&world.appended(&[(&path, as_statement)]), Err(codes::SIG_BINDING));
}

#[test]
fn an_advisory_is_replaced_by_its_id_and_withdrawn() {
    let mut world = world();
    let ids = |world: &World| {
        let found = advisories(&world.files, &world.state, &name(NOTES)).unwrap();
        found.iter().map(|advisory| (advisory.id.clone(), advisory.severity)).collect::<Vec<_>>()
    };
    assert_eq!(ids(&world), []);
    let other = advisory(|advisory| advisory.id = "MPP-2026-2".to_owned());
    for (advisory, expected) in [
        (advisory(|_| {}), vec![("MPP-2026-1", Severity::High)]),
        (other, vec![("MPP-2026-1", Severity::High), ("MPP-2026-2", Severity::High)]),
        (
            advisory(|advisory| advisory.severity = Severity::Low),
            vec![("MPP-2026-1", Severity::Low), ("MPP-2026-2", Severity::High)],
        ),
        (advisory(|advisory| advisory.severity = Severity::Withdrawn), vec![("MPP-2026-2", Severity::High)]),
    ] {
        world.accept(advised(&world, &advisory, &KEYS.publisher));
        let expected: Vec<_> = expected.into_iter().map(|(id, severity)| (id.to_owned(), severity)).collect();
        assert_eq!(ids(&world), expected);
    }
    let line = sealed(&advisory(|_| {}), &Purpose::Advisory { registry: REGISTRY }, &[&KEYS.publisher]);
    let path = layout::advisories(&name(NOTES));
    world.check(&world.appended(&[(&path, line.clone())]), Ok(()));
    world.check(&world.draft(|draft| draft.write(path, line)), Err(codes::INDEX_REMOVED));
}

#[test]
fn an_advisory_concerns_the_versions_that_it_names_and_that_are_not_fixed() {
    let advisory = advisory(|advisory| {
        advisory.versions = ">=1, <2".parse().unwrap();
    });
    for (version, expected) in
        [("1.0.0", true), ("1.1.9", true), ("1.2.0", false), ("2.0.0", false), ("0.9.0", false), ("1.1.0-rc.1", true)]
    {
        assert_eq!(concerns(&advisory, &version.parse().unwrap()), expected, "{version}");
    }
}
