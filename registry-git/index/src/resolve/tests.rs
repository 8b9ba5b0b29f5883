//! Which version is taken, and what is said about it.

use super::{About, Age, Requirement, choose, remarks_about};
use crate::package::{NamespaceEntry, PackageEntry, Said, SignedRelease, Standing};
use mpp_schema::{Code, Coded as _, Digest, Instant, codes, index::Release, manifest::Kind};

/// A version as a word: `1.0.0`, then `!` when blocked, `~` when yanked, `?` when deprecated, `*` when signed just now.
fn release(word: &str) -> SignedRelease {
    let version = word.trim_end_matches(['!', '*', '?', '~']);
    let said = |mark: char| {
        let said = Said { reason: format!("because {mark}"), issued: at(0), by_registry: false };
        word.contains(mark).then_some(said)
    };
    let standing = Standing { yanked: said('~'), deprecated: said('?'), blocked: said('!'), co_signers: Vec::new() };
    let release = Release {
        version: version.parse().unwrap(),
        package: Digest::of(b""),
        file: Digest::of(b""),
        size: 0,
        kind: Kind::Tool,
        description: String::new(),
        tools: Vec::new(),
        commit: None,
    };
    let issued = at(if word.contains('*') { NOW } else { 0 });
    SignedRelease { release, issued, signers: Vec::new(), owners: Vec::new(), standing }
}

const NOW: i64 = 1_000_000;

fn at(seconds: i64) -> Instant {
    Instant::from_unix_seconds(seconds).unwrap()
}

fn entry(words: &[&str]) -> PackageEntry {
    let namespace = NamespaceEntry { name: "acme".parse().unwrap(), records: Vec::new() };
    let releases = words.iter().map(|word| release(word)).collect();
    PackageEntry { name: "acme:notes".parse().unwrap(), owners: Vec::new(), namespace, releases }
}

#[track_caller]
fn check(words: &[&str], requirement: &str, locked: Option<&str>, expected: Result<(&str, &[About]), Code>) {
    let entry = entry(words);
    let requirement =
        Requirement { version: requirement.parse().unwrap(), locked: locked.map(|version| version.parse().unwrap()) };
    let age = Age::at_least(86_400, at(NOW));
    let found = choose(&entry, &requirement, age).map_err(|error| error.code());
    let found = found.map(|chosen| {
        let remarks = remarks_about(&entry, &requirement, age, chosen);
        (chosen.release.version.to_string(), remarks.iter().map(|remark| remark.what).collect::<Vec<_>>())
    });
    assert_eq!(found, expected.map(|(version, remarks)| (version.to_owned(), remarks.to_vec())));
}

const NOT_FOUND: Result<(&str, &[About]), Code> = Err(codes::PACKAGE_NOT_FOUND);

#[test]
fn the_highest_that_fits() {
    check(&["1.0.0", "1.10.0", "1.9.0", "2.0.0"], "1", None, Ok(("1.10.0", &[])));
    check(&["1.0.0", "2.0.0"], "3", None, NOT_FOUND);
}

#[test]
fn a_lock_keeps_its_version_while_it_fits() {
    check(&["1.0.0", "1.1.0"], "1", Some("1.0.0"), Ok(("1.0.0", &[])));
    check(&["1.0.0", "2.0.0"], "2", Some("1.0.0"), Ok(("2.0.0", &[])));
}

#[test]
fn pre_releases_are_asked_for_by_name() {
    check(&["1.0.0-rc.1"], "1", None, NOT_FOUND);
    check(&["1.0.0-rc.1"], "1.0.0-rc.1", None, Ok(("1.0.0-rc.1", &[])));
}

/// IDX-62.
#[test]
fn a_yanked_version_is_not_chosen_anew_but_kept_where_it_is_locked() {
    check(&["1.0.0", "1.1.0~"], "1", None, Ok(("1.0.0", &[About::PassedOverYanked])));
    check(&["1.0.0", "1.1.0~"], "1", Some("1.1.0"), Ok(("1.1.0", &[About::TakenThoughYanked])));
    check(&["1.1.0~"], "1", None, NOT_FOUND);
    check(&["1.1.0~", "1.2.0"], "1", None, Ok(("1.2.0", &[])));
}

#[test]
fn a_blocked_version_is_never_taken() {
    check(&["1.0.0", "1.1.0!"], "1", None, Ok(("1.0.0", &[About::PassedOverBlocked])));
    check(&["1.0.0", "1.1.0!"], "1", Some("1.1.0"), Ok(("1.0.0", &[About::PassedOverBlocked])));
    check(&["1.0.0!", "1.1.0"], "1", Some("1.0.0"), Ok(("1.1.0", &[About::PassedOverBlocked])));
    check(&["1.1.0!"], "1", None, Err(codes::PKG_BLOCKED));
    check(&["1.1.0!"], "=1.1.0", Some("1.1.0"), Err(codes::PKG_BLOCKED));
    check(&["1.1.0!~"], "1", Some("1.1.0"), Err(codes::PKG_BLOCKED));
    check(&["1.0.0~", "1.1.0!"], "1", None, NOT_FOUND);
}

/// IDX-63.
#[test]
fn a_deprecated_version_is_taken_and_it_is_said() {
    check(&["1.0.0?"], "1", None, Ok(("1.0.0", &[About::TakenThoughDeprecated])));
}

#[test]
fn a_young_version_waits_unless_it_is_locked() {
    check(&["1.0.0", "1.1.0*"], "1", None, Ok(("1.0.0", &[About::PassedOverYoung])));
    check(&["1.0.0", "1.1.0*"], "1", Some("1.1.0"), Ok(("1.1.0", &[])));
    let too_young = Err(codes::PACKAGE_TOO_YOUNG);
    check(&["1.1.0*"], "1", None, too_young);
    check(&["1.0.0~", "1.1.0*"], "1", None, too_young);
    check(&["1.0.0!", "1.1.0*"], "1", None, too_young);
    check(&["1.1.0*~"], "1", None, NOT_FOUND);
}

#[test]
fn no_minimum_age_is_none() {
    let entry = entry(&["1.0.0", "1.1.0*"]);
    let requirement = Requirement { version: "1".parse().unwrap(), locked: None };
    let chosen = |age| choose(&entry, &requirement, age).unwrap().release.version.to_string();
    assert_eq!(chosen(Age::default()), "1.1.0");
    assert_eq!(chosen(Age::at_least(0, at(NOW - 1))), "1.1.0");
    assert_eq!(chosen(Age::at_least(1, at(NOW + 1))), "1.1.0");
    assert_eq!(chosen(Age::at_least(2, at(NOW + 1))), "1.0.0");
}

/// TOOL-19, TOOL-20.
#[test]
fn a_new_version_stands_in_for_the_highest_lower_one_of_its_range() {
    let check = |words: &[&str], version: &str, expected: Option<&str>| {
        let entry = entry(words);
        let found = entry.predecessor(&version.parse().unwrap()).map(|signed| signed.release.version.to_string());
        assert_eq!(found.as_deref(), expected, "{words:?} {version}");
    };
    let words = ["1.0.0", "1.2.0", "2.0.0", "0.1.0", "0.1.4", "0.0.3"];
    check(&words, "1.3.0", Some("1.2.0"));
    check(&words, "1.1.0", Some("1.0.0"));
    check(&words, "1.3.0-rc.1", Some("1.2.0"));
    check(&words, "2.0.1", Some("2.0.0"));
    check(&words, "0.1.5", Some("0.1.4"));
    for first in ["3.0.0", "0.2.0", "0.0.4", "1.0.0", "1.0.0-rc.1", "0.0.3"] {
        check(&words, first, None);
    }
    check(&["1.0.0", "1.1.0-rc.1", "1.2.0~", "1.3.0!"], "1.4.0", Some("1.0.0"));
    check(&["1.0.0~"], "1.1.0", None);
}
