//! What is found, what is read for it, and that sections never say more than the trusted state.

use super::{Answer, Depth, Finder, IndexError, Nowhere, Query, Sections, proven, search};
use crate::{
    Files, FilesError,
    layout::{self, Shard},
    world::{World, name, world},
};
use mpp_schema::{Coded as _, codes};
use std::{cell::RefCell, collections::BTreeMap};

/// Keeps sections in memory.
#[derive(Default)]
struct Kept(RefCell<BTreeMap<Shard, Vec<u8>>>);

impl Sections for Kept {
    fn read(&self, shard: Shard) -> Option<Vec<u8>> {
        self.0.borrow().get(&shard).cloned()
    }
    fn keep(&self, shard: Shard, section: &[u8]) {
        self.0.borrow_mut().insert(shard, section.to_owned());
    }
}

/// Notes what is read of a world.
struct Noting<'a>(&'a World, RefCell<Vec<String>>);

impl Files for Noting<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FilesError> {
        self.1.borrow_mut().push(path.to_owned());
        self.0.files.read(path)
    }
}

fn query(text: &str) -> Query<'_> {
    Query { text, depth: Depth::Texts, most: 20 }
}

fn names(answer: &Answer) -> Vec<String> {
    answer.found.iter().map(|found| found.name.to_string()).collect()
}

/// What is found, and the packages' files that were read for it.
#[track_caller]
fn check(world: &World, sections: &dyn Sections, text: &str, found: &[&str], read: &[&str]) {
    let files = Noting(world, RefCell::default());
    let answer = search(&files, &world.state, sections, &query(text)).unwrap();
    assert_eq!(names(&answer), found, "{text}");
    let mut was_read = files.1.into_inner();
    was_read.retain(|path| path.starts_with("pkg/"));
    was_read.sort();
    let mut expected: Vec<_> = read.iter().map(|read| layout::package(&name(read))).collect();
    expected.sort();
    assert_eq!(was_read, expected, "{text}");
}

const NOTES: &str = "acme:notes";
const OTHER: &str = "acme:other";

fn two() -> World {
    let mut world = world();
    world.accept(world.publish(OTHER, "1.0.0").unwrap());
    world
}

#[test]
fn names_descriptions_and_tools_are_looked_at() {
    let world = world();
    let found = |text| search(&world.files, &world.state, &Nowhere, &query(text)).unwrap().found.len();
    assert_eq!((found(""), found("NOTES"), found("finds"), found("search acme")), (1, 1, 1, 1));
    assert_eq!((found("nothing"), found("notes nothing"), found("notes\tsearch\tfinds")), (0, 0, 1));
}

#[test]
fn names_begin_with_what_is_typed() {
    let world = two();
    let beginning = |text, most| -> Vec<String> {
        let found = super::beginning(&world.files, &world.state, text, most).unwrap();
        found.iter().map(ToString::to_string).collect()
    };
    for text in ["", "ac", "acme", "acme:"] {
        assert_eq!(beginning(text, 9), [NOTES, OTHER], "{text}");
    }
    assert_eq!(beginning("acme:n", 9), [NOTES]);
    assert_eq!(beginning("", 1).len(), 1);
    for text in ["b", "acme:notes@1", "acme:notes.jsonl", "../", "acme::notes"] {
        assert_eq!(beginning(text, 9), [""; 0], "{text}");
    }
}

#[test]
fn the_best_come_first_and_no_more_than_wanted() {
    let world = two();
    let most = |text, most| search(&world.files, &world.state, &Nowhere, &Query { most, ..query(text) }).unwrap();
    let answer = most("other", 20);
    assert_eq!((names(&answer), answer.fitting), (vec![OTHER.to_owned()], 1));
    let answer = most("finds", 20);
    assert_eq!((names(&answer), answer.fitting), (vec![NOTES.to_owned(), OTHER.to_owned()], 2));
    let answer = most("finds", 1);
    assert_eq!((names(&answer), answer.fitting), (vec![NOTES.to_owned()], 2));
    assert_eq!(most("finds", 0).fitting, 2);
}

/// IDX-28.
#[test]
fn idx_28_a_warm_search_reads_what_it_shows_and_an_update_what_is_new() {
    let (mut world, sections) = (two(), Kept::default());
    check(&world, &sections, "other", &[OTHER], &[NOTES, OTHER, OTHER]);
    check(&world, &sections, "other", &[OTHER], &[OTHER]);
    check(&world, &sections, "nothing", &[], &[]);
    world.accept(world.publish(NOTES, "1.1.0").unwrap());
    check(&world, &sections, "nothing", &[], &[NOTES]);
    check(&world, &sections, "nothing", &[], &[]);
}

#[test]
fn idx_28_a_spoilt_section_is_made_anew() {
    let (world, sections) = (two(), Kept::default());
    check(&world, &sections, "other", &[OTHER], &[NOTES, OTHER, OTHER]);
    let honest = sections.0.borrow().clone();
    let shard = layout::shard_of_package(&name(OTHER));
    for length in [0, 1, 20, honest[&shard].len() - 1] {
        sections.0.borrow_mut().insert(shard, honest[&shard][..length].to_vec());
        check(&world, &sections, "other", &[OTHER], &[OTHER, OTHER]);
        assert_eq!(*sections.0.borrow(), honest);
    }
    for n in 0..honest[&shard].len() {
        sections.0.borrow_mut().get_mut(&shard).unwrap()[n] ^= 1;
        assert_eq!(names(&search(&world.files, &world.state, &sections, &query("other")).unwrap()), [OTHER]);
        assert_eq!(*sections.0.borrow(), honest, "{n}");
    }
}

#[test]
fn idx_28_a_section_that_lies_adds_nothing_to_what_is_true() {
    let (world, sections) = (two(), Kept::default());
    check(&world, &sections, "other", &[OTHER], &[NOTES, OTHER, OTHER]);
    let shard = layout::shard_of_package(&name(OTHER));
    let table = crate::shards::table(&world.files, world.state.head()).unwrap();
    let lie = |line: String| {
        let of = table[usize::from(shard.0)].unwrap();
        let section = super::section::Section::write(Depth::Texts, of, &line);
        sections.keep(shard, section.text().as_bytes());
    };
    let digest = mpp_schema::Digest::of(b"");
    lie(format!("{digest} {OTHER}\t\tpays your bills\n"));
    check(&world, &sections, "bills", &[], &[OTHER]);
    lie(format!("{digest} acme:ghost\t\tpays your bills\n"));
    check(&world, &sections, "bills", &[], &[]);
    lie("no line\n\n".to_owned());
    check(&world, &sections, "bills", &[], &[]);
}

/// IDX-85.
#[test]
fn who_reads_single_files_looks_at_names_and_proves_what_fits() {
    let (world, sections) = (two(), Kept::default());
    let names_of = |text, depth| {
        let files = Noting(&world, RefCell::default());
        let answer = search(&files, &world.state, &sections, &Query { depth, ..query(text) }).unwrap();
        let read = files.1.into_inner().iter().filter(|path| path.starts_with("pkg/")).count();
        (names(&answer).len(), read)
    };
    assert_eq!(names_of("finds", Depth::Names), (0, 0));
    assert_eq!(names_of("other", Depth::Names), (1, 1));
    // A section with names alone is not enough for who looks at texts; one with texts is for who looks at names.
    assert_eq!(names_of("finds", Depth::Texts), (2, 4));
    assert_eq!(names_of("other", Depth::Names), (1, 1));
    assert_eq!(names_of("finds", Depth::Texts), (2, 2));
}

/// IDX-27.
#[test]
fn what_is_read_is_what_the_head_says() {
    let world = two();
    for path in [layout::package(&name(OTHER)), layout::SHARDS.to_owned()] {
        let mut files = world.files.clone();
        files.0.get_mut(&path).unwrap().push(b'\n');
        let refused = search(&files, &world.state, &Nowhere, &query("other")).unwrap_err();
        assert_eq!(refused.code(), codes::INDEX_MISMATCH, "{path}");
    }
}

/// IDX-28.
#[test]
fn idx_28_a_finder_reads_once_and_finds_what_a_search_finds() {
    let (world, sections) = (two(), Kept::default());
    let finder = Finder::read(&world.files, &world.state, Depth::Texts, &sections).unwrap();
    let found = |finder: &Finder, text, most| {
        finder.search::<IndexError>(text, most, |names| proven(&world.files, &world.state, names)).unwrap()
    };
    for (text, most) in [("other", 20), ("finds", 20), ("finds", 1), ("", 20), ("nothing", 20), ("search acme", 20)] {
        let searched = search(&world.files, &world.state, &Nowhere, &Query { most, ..query(text) }).unwrap();
        let answer = found(&finder, text, most);
        assert_eq!((names(&answer), answer.fitting), (names(&searched), searched.fitting), "{text}");
    }
    let shard = layout::shard_of_package(&name(OTHER));
    let of = crate::shards::table(&world.files, world.state.head()).unwrap()[usize::from(shard.0)].unwrap();
    let lie = format!("{} {OTHER}\t\tpays your bills\n", mpp_schema::Digest::of(b""));
    sections.keep(shard, super::section::Section::write(Depth::Texts, of, &lie).text().as_bytes());
    let lying = Finder::read(&world.files, &world.state, Depth::Texts, &sections).unwrap();
    assert_eq!(names(&found(&lying, "bills", 20)), [""; 0], "what is shown is what was proven");
}
