//! A registry at a path: everything in process, without the git program.

mod support;

use mpp_package::key::Signer;
use mpp_registry::{PublishOptions, PublishStatus};
use mpp_schema::codes;
use std::fs;
use support::{KEYS, World, check, day, name, package, publish, publish_with, walk_the_road};

#[test]
fn the_whole_road() {
    let world = World::new();
    walk_the_road(&world, &world.path_location());
}

#[test]
fn a_registry_is_started_in_an_empty_folder_only() {
    let world = World::new();
    let options = mpp_registry::InitOptions {
        root_keys: &[&KEYS.root],
        head_keys: &[&KEYS.head],
        head_lifetime_days: 7,
        root_lifetime_days: 365,
    };
    check(mpp_registry::init(&world.path(), &options, day(0)), Err(codes::IO_FAILED));
    let other = world.folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    check(mpp_registry::init(&other, &options, day(0)), Ok(()));
    check(world.at_path("home").update(Some(world.made.root), day(0)), Ok(()));
}

#[test]
fn what_is_not_a_registry_is_not_reached() {
    let world = World::new();
    let folder = world.folder.path().to_str().unwrap().to_owned();
    check(world.home("a", &format!("{folder}/nothing")).update(None, day(0)), Err(codes::REGISTRY_UNREACHABLE));
    std::fs::create_dir(world.folder.path().join("empty")).unwrap();
    check(world.home("b", &format!("{folder}/empty")).update(None, day(0)), Err(codes::REGISTRY_UNREACHABLE));
    check(world.at_path("c").package(&name("acme:notes")), Err(codes::REGISTRY_UNKNOWN));
}

#[test]
fn the_first_root_is_pinned() {
    let world = World::new();
    let other = mpp_schema::Digest::of(b"");
    check(world.at_path("a").update(Some(other), day(0)), Err(codes::ROOT_PIN));
    let mut home = world.at_path("b");
    let report = home.update(None, day(0)).unwrap();
    assert_eq!((report.first_use, report.root), (true, world.made.root));
    assert!(!home.update(None, day(0)).unwrap().first_use);
    assert_eq!(home.locked("team").unwrap().root, world.made.root);
}

#[test]
fn what_is_believed_is_kept_between_runs() {
    let world = World::new();
    world.at_path("home").update(None, day(0)).unwrap();
    let again = world.at_path("home");
    assert_eq!(again.state().unwrap().registry(), world.made.registry);
    check(again.package(&name("acme:notes")), Ok(()));
    check(again.check_fresh(day(6)), Ok(()));
    check(again.check_fresh(day(7)), Err(codes::INDEX_STALE));
}

/// IDX-42.
#[test]
fn publishing_again_says_that_it_is_done() {
    let world = World::new();
    let mut home = world.at_path("home");
    let file = package("acme:notes", "1.0.0", "Finds notes.");
    assert_eq!(publish(&mut home, &file).unwrap().status, PublishStatus::Published);
    let again = publish(&mut home, &file).unwrap();
    assert_eq!((again.status, again.commit.is_some()), (PublishStatus::Already, true));
    let other = package("acme:notes", "1.0.0", "Finds other notes.");
    check(publish(&mut home, &other), Err(codes::INDEX_DUPLICATE_VERSION));
    check(publish(&mut home, &package("acme:notes", "1.0.0+b", "")), Err(codes::INDEX_DUPLICATE_VERSION));
}

#[test]
fn a_dry_run_checks_and_changes_nothing() {
    let world = World::new();
    let mut home = world.at_path("home");
    let file = package("acme:notes", "1.0.0", "Finds notes.");
    let mut dry = |head_keys: &[&dyn Signer]| {
        let options = PublishOptions { file: &file, publishers: &[&KEYS.publisher], head_keys, dry_run: true };
        home.publish(&options, day(0)).map(|report| report.status)
    };
    assert_eq!(dry(&[&KEYS.head]).unwrap(), PublishStatus::Planned);
    check(dry(&[]), Err(codes::REGISTRY_NO_HEAD_KEY));
    assert_eq!(home.package(&name("acme:notes")).unwrap(), None);
}

/// IDX-43.
#[test]
fn what_is_published_was_checked() {
    let world = World::new();
    let mut home = world.at_path("home");
    let file = package("acme:notes", "1.0.0", "Finds notes.");
    let mut broken = file.clone();
    broken[1000] ^= 1;
    assert!(publish(&mut home, &broken).is_err());
    let by_stranger =
        PublishOptions { file: &file, publishers: &[&KEYS.stranger], head_keys: &[&KEYS.head], dry_run: false };
    check(home.publish(&by_stranger, day(0)), Err(codes::TRUST_UNKNOWN_KEY));
    check(publish_with(&mut home, &file, &[]), Err(codes::REGISTRY_NO_HEAD_KEY));
    check(publish(&mut home, &file), Ok(()));
}

#[test]
fn an_expired_head_is_renewed_by_its_signer_alone() {
    let world = World::new();
    let mut home = world.at_path("home");
    home.update(None, day(0)).unwrap();
    check(home.update(None, day(8)), Err(codes::INDEX_STALE));
    check(home.sign_head(&[&KEYS.stranger], day(8)), Err(codes::REGISTRY_NO_HEAD_KEY));
    assert_eq!(home.sign_head(&[&KEYS.head], day(8)).unwrap().expires, day(15));
    check(world.at_path("other").update(Some(world.made.root), day(8)), Ok(()));
}

/// IDX-50.
#[test]
fn the_file_behind_a_statement_is_the_one_that_it_names() {
    let world = World::new();
    let mut home = world.at_path("home");
    let notes = publish(&mut home, &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    let other = publish(&mut home, &package("acme:other", "1.0.0", "Does more.")).unwrap();
    let release = |package: &str| home.package(&name(package)).unwrap().unwrap().releases[0].release.clone();
    check(home.fetch_blob(&notes.name, &release("acme:notes")), Ok(()));

    let mut wrong = release("acme:notes");
    wrong.commit = other.commit;
    check(home.fetch_blob(&notes.name, &wrong), Err(codes::INDEX_BINDING));
    let mut wrong = release("acme:notes");
    wrong.file = other.file;
    check(home.fetch_blob(&notes.name, &wrong), Err(codes::INDEX_BINDING));
    let mut wrong = release("acme:notes");
    wrong.package = other.package;
    check(home.fetch_blob(&notes.name, &wrong), Err(codes::INDEX_BINDING));
    for size in [-1, 1] {
        let mut wrong = release("acme:notes");
        wrong.size = wrong.size.checked_add_signed(size).unwrap();
        check(home.fetch_blob(&notes.name, &wrong), Err(codes::INDEX_BINDING));
    }
    let mut missing = release("acme:notes");
    missing.commit = Some("1".repeat(40));
    check(home.fetch_blob(&notes.name, &missing), Err(codes::INDEX_GIT));
}

#[test]
fn idx_28_what_is_kept_for_searches_may_be_lost_or_spoilt() {
    let world = World::new();
    let mut author = world.at_path("author");
    publish(&mut author, &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    let found = |author: &mpp_registry::Registry, text| {
        let answer = author.search(text, 9).unwrap();
        answer.found.iter().map(|found| found.latest.version.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found(&author, "finds"), ["1.0.0"]);
    let kept = world.folder.path().join("author/search");
    let files: Vec<_> = fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    for spoil in [&b""[..], b"mpp-search-1", b"\xff\xfe"] {
        files.iter().for_each(|file| fs::write(file, spoil).unwrap());
        assert_eq!(found(&author, "finds"), ["1.0.0"]);
    }
    publish(&mut author, &package("acme:notes", "1.1.0", "Loses notes.")).unwrap();
    assert_eq!((found(&author, "finds").len(), found(&author, "loses")), (0, vec!["1.1.0".to_owned()]));
    fs::remove_dir_all(&kept).unwrap();
    fs::write(&kept, b"no folder").unwrap();
    assert_eq!(found(&author, "loses"), ["1.1.0"]);
}
