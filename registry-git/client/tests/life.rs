//! What happens to a registry after publishing: notices, other owners, other roots, recovery, and proofs. At a path and at an address.

mod support;

use gix::ObjectId;
use mpp_index::{
    IndexError,
    plan::{self, NewRoot, Owners, Reset, Revoke, RootChange, Say},
    state::{Comparison, TrustedState},
};
use mpp_package::key::{SecretKey, Signer};
use mpp_registry::{Edited, Registry, RegistryError, Snapshot};
use mpp_schema::{
    Instant, codes,
    index::{KeySet, Notice, Says, Signed},
};
use std::fs;
use support::{KEYS, World, check, day, has_git, name, package, publish, publish_with};

/// Asks the same of a registry at its path and at an address.
fn everywhere(ask: impl Fn(&World, &str)) {
    let world = World::new();
    ask(&world, &world.path_location());
    if has_git() {
        let world = World::new();
        ask(&world, &world.file_location());
    }
}

/// A registry with `acme:notes` 1.0.0 and its author's home.
fn published(world: &World, location: &str) -> Registry {
    let mut author = world.home("author", location);
    publish(&mut author, &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    author
}

fn notice(reason: &str) -> Notice {
    Notice { version: "1.0.0".parse().unwrap(), reason: reason.to_owned() }
}

fn say(registry: &mut Registry, says: Says, signers: &[&dyn Signer]) -> Result<Option<Edited>, RegistryError> {
    let name = name("acme:notes");
    let new = Say { name: &name, says, signers, head_keys: &[&KEYS.head], now: day(0) };
    registry.edit(day(0), |files: &Snapshot, state: &TrustedState| plan::say(files, state, &new))
}

#[test]
fn a_notice_reaches_other_homes() {
    everywhere(|world, location| {
        let mut author = published(world, location);
        let mut user = world.home("user", location);
        user.update(None, day(0)).unwrap();
        let edited = say(&mut author, Says::Block(notice("It is malware.")), &[&KEYS.publisher]).unwrap().unwrap();
        assert_eq!(edited.summary, "Block acme:notes@1.0.0");
        assert!(say(&mut author, Says::Block(notice("It is malware.")), &[&KEYS.publisher]).unwrap().is_none());
        check(say(&mut author, Says::Yank(notice("x")), &[&KEYS.stranger]), Err(codes::TRUST_NAMESPACE));
        assert_eq!(user.update(None, day(0)).unwrap().records, 1);
        let entry = user.package(&name("acme:notes")).unwrap().unwrap();
        assert_eq!(entry.releases[0].standing.blocked.as_ref().unwrap().reason, "It is malware.");
    });
}

#[test]
fn what_every_client_would_refuse_is_not_written() {
    everywhere(|world, location| {
        let mut author = published(world, location);
        let key = KEYS.publisher.public_key();
        let revoke = Revoke {
            key,
            reason: "It was stolen.".to_owned(),
            signers: &[&KEYS.publisher],
            head_keys: &[&KEYS.head],
            now: day(0),
        };
        let done = author.edit(day(0), |files, state| plan::revoke(files, state, &revoke)).unwrap();
        assert!(done.is_some());
        let before = author.state().unwrap().clone();
        check(say(&mut author, Says::Yank(notice("x")), &[&KEYS.publisher]), Err(codes::KEY_REVOKED));
        check(publish(&mut author, &package("acme:notes", "1.1.0", "Finds notes.")), Err(codes::KEY_REVOKED));
        assert_eq!(world.home("author", location).state().unwrap(), &before);
        let mut reader = world.home("reader", location);
        reader.update(None, day(0)).unwrap();
        assert_eq!(reader.state().unwrap().head(), before.head());
    });
}

#[test]
fn a_namespace_changes_hands_and_old_releases_stay_whole() {
    everywhere(|world, location| {
        let mut author = published(world, location);
        let namespace = "acme".parse().unwrap();
        let new = Owners {
            namespace: &namespace,
            owners: plan::set_of(&[*KEYS.stranger.public_key()], 1),
            reset: Reset::ByOwners,
            signers: &[&KEYS.publisher, &KEYS.stranger],
            head_keys: &[&KEYS.head],
            now: day(0),
        };
        author.edit(day(0), |files, state| plan::owners(files, state, &new).map(Some)).unwrap();
        check(publish(&mut author, &package("acme:notes", "1.1.0", "Finds notes.")), Err(codes::TRUST_NAMESPACE));
        let entry = author.package(&name("acme:notes")).unwrap().unwrap();
        assert_eq!(entry.owners, [*KEYS.stranger.public_key()]);
        assert_eq!(entry.releases[0].owners, [*KEYS.publisher.public_key()]);
        author.fetch_blob(&entry.name, &entry.releases[0].release).unwrap();
    });
}

fn sole(key: &SecretKey) -> Option<KeySet> {
    Some(plan::set_of(&[*key.public_key()], 1))
}

/// New root keys and new head keys, where they change.
type Change = (Option<KeySet>, Option<KeySet>);
/// Root keys and head keys at hand.
type AtHand<'a> = (&'a [&'a dyn Signer], &'a [&'a dyn Signer]);

fn new_root<'a>(keys: Change, signers: AtHand<'a>, now: Instant) -> NewRoot<'a> {
    NewRoot {
        change: RootChange { root_keys: keys.0, head_keys: keys.1, head_lifetime_days: None, lifetime_days: 365 },
        root_signers: signers.0,
        head_signers: signers.1,
        now,
    }
}

fn rotate(author: &mut Registry, keys: Change, signers: AtHand<'_>) -> Result<Edited, RegistryError> {
    author.rotate_root(&new_root(keys, signers, day(0)))
}

/// Recovers with another head key.
fn recover(author: &mut Registry, good: &str, root: &SecretKey) -> Result<Edited, RegistryError> {
    author.recover(good, &new_root((None, sole(&KEYS.stranger)), (&[root], &[&KEYS.stranger]), day(0)))
}

#[test]
fn a_root_is_changed_and_the_old_head_key_signs_no_more() {
    everywhere(|world, location| {
        let mut author = published(world, location);
        let mut user = world.home("user", location);
        user.update(None, day(0)).unwrap();
        let keys = (sole(&KEYS.stranger), sole(&KEYS.stranger));
        check(rotate(&mut author, keys.clone(), (&[&KEYS.root], &[&KEYS.stranger])), Err(codes::ROOT_INVALID));
        check(
            rotate(&mut author, keys.clone(), (&[&KEYS.root, &KEYS.stranger], &[&KEYS.head])),
            Err(codes::REGISTRY_NO_HEAD_KEY),
        );
        let edited = rotate(&mut author, keys, (&[&KEYS.root, &KEYS.stranger], &[&KEYS.stranger])).unwrap();
        assert_eq!((edited.head.root, edited.summary.as_str()), (2, "Change to root 2"));
        user.update(Some(world.made.root), day(0)).unwrap();
        assert_eq!(user.state().unwrap().root().version, 2);
        let next = package("acme:notes", "1.1.0", "Finds notes.");
        check(publish(&mut author, &next), Err(codes::REGISTRY_NO_HEAD_KEY));
        publish_with(&mut author, &next, &[&KEYS.stranger]).unwrap();
        user.update(None, day(0)).unwrap();
        assert_eq!(user.package(&name("acme:notes")).unwrap().unwrap().releases.len(), 2);
    });
}

#[test]
fn an_expired_root_and_head_are_followed() {
    everywhere(|world, location| {
        let mut author = published(world, location);
        let late = day(500);
        check(author.update(None, late), Err(codes::ROOT_EXPIRED));
        author.rotate_root(&new_root((None, None), (&[&KEYS.root], &[&KEYS.head]), late)).unwrap();
        let mut user = world.home("user", location);
        user.update(Some(world.made.root), late).unwrap();
        user.check_fresh(late).unwrap();
    });
}

fn main_of(world: &World) -> ObjectId {
    world.repository().find_reference("refs/heads/main").unwrap().id().detach()
}

#[test]
fn a_registry_recovers_from_a_misused_head_key() {
    everywhere(|world, location| {
        let mut author = published(world, location);
        let good = main_of(world).to_string();
        // Somebody with the head key, and no publisher key that anybody asked for, adds what should not be there.
        let mut thief = world.home("thief", location);
        publish(&mut thief, &package("evil:notes", "1.0.0", "Finds secrets.")).unwrap();
        let mut victim = world.home("victim", location);
        victim.update(None, day(0)).unwrap();
        let misused = main_of(world);

        check(recover(&mut author, "nonsense", &KEYS.root), Err(codes::INDEX_GIT));
        check(recover(&mut author, &good, &KEYS.stranger), Err(codes::ROOT_INVALID));
        assert_eq!(main_of(world), misused);
        let edited = recover(&mut author, &good, &KEYS.root).unwrap();
        assert_eq!(edited.summary, "Recover under root 2");

        let repository = world.repository();
        let parents: Vec<_> = repository.find_commit(main_of(world)).unwrap().parent_ids().collect();
        assert_eq!(parents, [misused], "nothing is forced");
        let mut fresh = world.home("fresh", location);
        fresh.update(Some(world.made.root), day(0)).unwrap();
        victim.update(None, day(0)).unwrap();
        for client in [&author, &victim, &fresh] {
            assert!(client.package(&name("evil:notes")).unwrap().is_none());
            assert_eq!(client.package(&name("acme:notes")).unwrap().unwrap().releases.len(), 1);
        }
        check(publish(&mut thief, &package("evil:notes", "1.1.0", "Again.")), Err(codes::REGISTRY_NO_HEAD_KEY));
        publish_with(&mut author, &package("acme:notes", "1.1.0", "Finds notes."), &[&KEYS.stranger]).unwrap();
    });
}

#[test]
fn two_people_who_were_shown_two_heads_can_prove_it() {
    everywhere(|world, location| {
        let mut author = published(world, location);
        let base = main_of(world);
        let mut one = world.home("one", location);
        publish(&mut author, &package("acme:notes", "1.1.0", "Finds notes.")).unwrap();
        one.update(None, day(0)).unwrap();
        let head = |registry: &Registry| registry.state().unwrap().signed_head().clone();
        let shown_to_author = head(&author);
        assert_eq!(one.compare(&shown_to_author).unwrap(), Comparison::Same);

        let repository = world.repository();
        repository.reference("refs/heads/main", base, gix::refs::transaction::PreviousValue::Any, "").unwrap();
        publish(&mut world.home("other-author", location), &package("acme:fork", "1.0.0", "Forks.")).unwrap();
        let mut two = world.home("two", location);
        two.update(None, day(0)).unwrap();

        assert!(one.evidence().unwrap().is_empty());
        check(one.compare(&head(&two)), Err(codes::INDEX_FORK));
        let kept = one.evidence().unwrap();
        assert_eq!((kept.len(), kept[0].heads.len()), (1, 2));
        assert_eq!(kept[0].heads[0].seq, kept[0].heads[1].seq);
        // The proof stands alone: whoever gets the file verifies it with the registry's keys.
        let lines = fs::read_to_string(&kept[0].path).unwrap();
        for line in lines.lines() {
            let signed: Signed = serde_json::from_str(line).unwrap();
            let purpose = mpp_package::signature::Purpose::Head { registry: world.made.registry };
            mpp_package::signed::verify_text(&signed, &purpose, &[*KEYS.head.public_key()], 1).unwrap();
        }
        check(one.compare(&head(&two)), Err(codes::INDEX_FORK));
        assert_eq!(one.evidence().unwrap().len(), 1, "one contradiction is one proof");
        check(one.update(None, day(0)), Err(codes::INDEX_FORK));
        assert_eq!(one.evidence().unwrap().len(), 1);
    });
}

#[test]
fn a_plan_that_fails_changes_nothing() {
    let world = World::new();
    let mut author = published(&world, &world.path_location());
    let before = main_of(&world);
    let refused = author.edit(day(0), |_, _| {
        Err(IndexError::NotRoot { path: "x".to_owned(), reason: "it was never signed".to_owned() })
    });
    check(refused, Err(codes::TRUST_NAMESPACE));
    assert!(author.edit(day(0), |_, _| Ok(None)).unwrap().is_none());
    assert_eq!(main_of(&world), before);
}
