//! Disks that are full: a clear error, everything as it was, and the same works once there is room.
//!
//! A disk is made full in two ways: a small one in memory, where the system lets us mount it, and a limit on how large a file may become,
//! which every Unix has. The room grows step by step, so that each write of a step is once the one that fails.
#![cfg(unix)]

mod support;

use mpp_registry::{Registry, RegistryError};
use mpp_schema::{Code, Coded as _, codes};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};
use support::{World, day, has_git, name, package, publish};

/// Set in the process in which files may not grow.
const LIMITED: &str = "MPP_TEST_LIMITED";
const PAGE: u64 = 4096;

/// A place that can be made full.
trait Disk {
    /// Where it is.
    fn folder(&self) -> &Path;
    /// How much room makes a difference.
    fn step(&self) -> u64;
    /// Leaves this much room.
    fn leave(&self, bytes: u64);
    /// Leaves all the room.
    fn empty(&self);
}

/// A disk in memory.
struct InMemory {
    folder: tempfile::TempDir,
}

impl InMemory {
    const SIZE: &'static str = "size=24m";

    /// Mounts one, where the system lets us.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", Self::SIZE, "mpp-test"]).arg(folder.path());
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self { folder })
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }
}

impl Disk for InMemory {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn step(&self) -> u64 {
        PAGE
    }

    fn leave(&self, bytes: u64) {
        let mut ballast = File::create(self.ballast()).unwrap();
        let page = [0; PAGE as usize];
        let mut size = 0;
        while let Ok(written @ 1..) = ballast.write(&page) {
            size += written as u64;
        }
        ballast.set_len(size - bytes).unwrap();
    }

    fn empty(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for InMemory {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.folder.path()).status();
    }
}

/// A disk on which no file may become larger than the room that is left. This holds for the process and those that it starts.
struct Limited {
    folder: tempfile::TempDir,
    before: Rlimit,
}

impl Limited {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), before: getrlimit(Resource::Fsize) }
    }
}

impl Disk for Limited {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn step(&self) -> u64 {
        64
    }

    fn leave(&self, bytes: u64) {
        setrlimit(Resource::Fsize, Rlimit { current: Some(bytes), maximum: self.before.maximum }).unwrap();
    }

    fn empty(&self) {
        setrlimit(Resource::Fsize, self.before).unwrap();
    }
}

/// Tries with more and more room until it works. Each time before, `as_it_was` looks that nothing has changed. Says how often it failed.
#[track_caller]
fn until_it_works(
    disk: &dyn Disk,
    expected: &[Code],
    mut step: impl FnMut() -> Result<(), RegistryError>,
    as_it_was: impl Fn(),
) -> usize {
    for failures in 0..16 {
        let room = if failures == 0 { 0 } else { disk.step() << (failures - 1) };
        disk.leave(room);
        let outcome = step();
        disk.empty();
        match outcome {
            Ok(()) => return failures,
            Err(error) => assert!(expected.contains(&error.code()), "with {room} bytes: {}: {error:?}", error.code()),
        }
        as_it_was();
    }
    panic!("it never works");
}

const VERSIONS: [&str; 2] = ["1.0.0", "1.1.0"];

fn releases(registry: &Registry) -> usize {
    registry.package(&name("acme:notes")).unwrap().map_or(0, |entry| entry.releases.len())
}

fn file(version: &str) -> Vec<u8> {
    package("acme:notes", version, "Finds notes.")
}

/// Publishing to a registry on a full disk, from a home on it.
fn publishing(disk: &dyn Disk, location: impl Fn(&World) -> String, expected: &[Code]) -> usize {
    let world = World::inside(disk.folder());
    let mut author = world.home("author", &location(&world));
    let [first, second] = VERSIONS.map(file);
    publish(&mut author, &first).unwrap();
    let state = world.folder.path().join("author/state.json");
    let before = fs::read(&state).unwrap();
    let failures = until_it_works(
        disk,
        expected,
        || publish(&mut author, &second).map(drop),
        || {
            let mut reader = Registry::open(&world.path_location(), tempfile::tempdir().unwrap().path()).unwrap();
            reader.update(Some(world.made.root), day(0)).unwrap();
            let published = releases(&reader);
            // A home that could not write down what it has published says so, and believes what it believed.
            assert!(published == 1 || published == 2, "{published}");
            assert_eq!(fs::read(&state).unwrap(), before);
        },
    );
    let mut reader = world.home("reader", &location(&world));
    reader.update(Some(world.made.root), day(0)).unwrap();
    assert_eq!(releases(&reader), 2);
    assert_eq!(releases(&author), 2);
    failures
}

/// Updating and fetching in a home on a full disk, from a registry that is elsewhere.
fn reading(disk: &dyn Disk, location: impl Fn(&World) -> String, expected: &[Code]) -> [usize; 2] {
    let world = World::new();
    let mut author = world.at_path("author");
    publish(&mut author, &file(VERSIONS[0])).unwrap();
    let home = disk.folder().join("home");
    let mut reader = Registry::open(&location(&world), &home).unwrap();
    reader.update(None, day(0)).unwrap();
    publish(&mut author, &file(VERSIONS[1])).unwrap();
    let before = fs::read(home.join("state.json")).unwrap();
    let as_it_was = || {
        assert_eq!(fs::read(home.join("state.json")).unwrap(), before);
        assert_eq!(releases(&Registry::open(&location(&world), &home).unwrap()), 1);
        let left = fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert!(left.into_iter().all(|name| !name.starts_with('.')));
    };
    let updates = until_it_works(disk, expected, || reader.update(None, day(0)).map(drop), as_it_was);
    assert_eq!(releases(&reader), 2);
    let entry = reader.package(&name("acme:notes")).unwrap().unwrap();
    let fetch = || reader.fetch_blob(&entry.name, &entry.releases[1].release).map(drop);
    let fetches = until_it_works(disk, expected, fetch, || {});
    [updates, fetches]
}

fn starting(disk: &dyn Disk) -> usize {
    let path = disk.folder().join("registry.git");
    let options = mpp_registry::InitOptions {
        root_keys: &[&support::KEYS.root],
        head_keys: &[&support::KEYS.head],
        head_lifetime_days: 7,
        root_lifetime_days: 365,
    };
    let start = || mpp_registry::init(&path, &options, day(0)).map(drop);
    until_it_works(disk, &[codes::IO_FAILED], start, || assert!(!path.exists()))
}

fn on(disk: &dyn Disk, others_may_fail: bool) {
    let here = [codes::IO_FAILED];
    // What another program cannot write, it cannot take or give.
    let there = [codes::IO_FAILED, codes::REGISTRY_UNREACHABLE];
    let at_an_address: &[Code] = if others_may_fail { &there } else { &here };
    assert!(starting(disk) > 0);
    assert!(publishing(disk, World::path_location, &here) > 0);
    assert!(reading(disk, World::path_location, &here)[0] > 0);
    if has_git() {
        fs::remove_dir_all(disk.folder().join("home")).unwrap();
        assert!(publishing(disk, World::file_location, &there) > 0);
        let [updates, fetches] = reading(disk, World::file_location, at_an_address);
        assert!(updates > 0 && fetches > 0);
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "what was not tested must be seen")]
fn a_small_disk_in_memory() {
    match InMemory::mount() {
        Some(disk) => on(&disk, false),
        None if std::env::var_os("CI").is_some() => panic!("in CI, a small disk can be mounted"),
        None => eprintln!("NOT TESTED: a small disk in memory, because it cannot be mounted here"),
    }
}

#[test]
fn files_that_may_not_grow() {
    // A signal would end the process; a shell that ignores it hands that on.
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" --exact in_a_process_of_its_own --ignored --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .env(LIMITED, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned() + &String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "runs as a process of its own, started by another test"]
fn in_a_process_of_its_own() {
    assert!(std::env::var_os(LIMITED).is_some(), "another test starts this one");
    on(&Limited::new(), true);
}
