//! What killed processes leave behind is removed by the next one, and what living ones have is not.

mod support;

use gix::ObjectId;
use mpp_registry::{
    Location, Registry, RegistryError,
    transport::{Address, Move, Pushed, Settings, Transport},
};
use mpp_schema::codes;
use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use support::{World, check, day, has_git, name, package, publish};

/// What the child process is told.
const LOCATION: &str = "MPP_TEST_LOCATION";
const HOME: &str = "MPP_TEST_HOME";
const READY: &str = "ready to be killed";

/// Fetches, and then never comes back.
struct Hanging(Address);

impl Transport for Hanging {
    fn reference(&self, name: &str) -> Result<Option<ObjectId>, RegistryError> {
        self.0.reference(name)
    }

    fn references(&self, prefix: &str) -> Result<Vec<(String, ObjectId)>, RegistryError> {
        self.0.references(prefix)
    }

    fn remove(&self, from: &Path, references: &[(String, ObjectId)]) -> Result<(), RegistryError> {
        self.0.remove(from, references)
    }

    #[expect(clippy::print_stdout, reason = "the test that started this process waits for the line")]
    fn fetch_index(&self, into: &Path, commit: ObjectId, have: Option<ObjectId>) -> Result<(), RegistryError> {
        self.0.fetch_index(into, commit, have)?;
        println!("{READY}");
        loop {
            std::thread::park();
        }
    }

    fn fetch_package(&self, into: &Path, commit: ObjectId, reference: &str) -> Result<(), RegistryError> {
        self.0.fetch_package(into, commit, reference)
    }

    fn push(&self, from: &Path, moves: &[Move]) -> Result<Pushed, RegistryError> {
        self.0.push(from, moves)
    }
}

#[test]
#[ignore = "runs as a process of its own, started and killed by another test"]
fn hang_in_the_middle() {
    let said = |name| std::env::var(name).expect("another test says it");
    let location = Location::parse(&said(LOCATION)).unwrap();
    let transport = Hanging(Address::new(&location, Settings::default()).unwrap());
    let mut home = Registry::with_transport(location, said(HOME), Some(Box::new(transport))).unwrap();
    let _ = home.update(None, day(0));
}

/// A process in the middle of an update.
fn hanging(world: &World) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hang_in_the_middle", "--ignored", "--nocapture"])
        .env(LOCATION, world.file_location())
        .env(HOME, world.folder.path().join("home"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with(READY)));
    child
}

/// The folders for work in progress in the home.
fn at_work(world: &World) -> Vec<PathBuf> {
    let entries = fs::read_dir(world.folder.path().join("home")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(".work-")).collect()
}

#[test]
fn the_work_of_a_killed_process_is_removed_and_that_of_a_living_one_is_not() {
    if !has_git() {
        return;
    }
    let world = World::new();
    publish(&mut world.at_path("author"), &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    let mut home = world.home("home", &world.file_location());
    home.update(None, day(0)).unwrap();
    let entry = home.package(&name("acme:notes")).unwrap().unwrap();
    publish(&mut world.at_path("author"), &package("acme:notes", "1.1.0", "Finds notes.")).unwrap();

    let mut child = hanging(&world);
    let left = at_work(&world);
    assert_eq!(left.len(), 1);
    home.fetch_blob(&entry.name, &entry.releases[0].release).unwrap();
    assert_eq!(at_work(&world), left);

    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(at_work(&world), left);
    check(home.update(None, day(0)), Ok(()));
    assert_eq!(at_work(&world), Vec::<PathBuf>::new());
    assert_eq!(home.package(&name("acme:notes")).unwrap().unwrap().releases.len(), 2);
}

#[test]
fn half_written_files_and_locks_of_the_clone_are_removed() {
    if !has_git() {
        return;
    }
    let world = World::new();
    let mut home = world.home("home", &world.file_location());
    home.update(None, day(0)).unwrap();
    let folder = world.folder.path().join("home");
    fs::create_dir_all(folder.join("evidence")).unwrap();
    let left = [
        ".writing-abc",
        "evidence/.writing-abc",
        "index.git/refs/mpp/trusted/main.lock",
        "index.git/packed-refs.lock",
        "index.git/shallow.lock",
    ];
    left.iter().for_each(|file| fs::write(folder.join(file), b"").unwrap());
    publish(&mut world.at_path("author"), &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    check(home.update(None, day(0)), Ok(()));
    assert!(left.iter().all(|file| !folder.join(file).exists()));
    let trusted = gix::open_opts(folder.join("index.git"), gix::open::Options::isolated()).unwrap();
    let main = world.repository().find_reference("refs/heads/main").unwrap().id().detach();
    assert_eq!(trusted.find_reference("refs/mpp/trusted/main").unwrap().id().detach(), main);
}

/// IDX-55.
#[test]
fn parts_of_files_that_nobody_goes_on_with_are_removed_after_a_week() {
    let world = World::new();
    let mut home = world.at_path("home");
    let folder = world.folder.path().join("home/downloads");
    fs::create_dir_all(&folder).unwrap();
    let day_seconds = 24 * 3600;
    let made = |name: &str, days: u64| {
        let path = folder.join(name);
        let file = File::create_new(&path).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        file.set_modified(now - Duration::from_secs(days * day_seconds)).unwrap();
        (path, file)
    };
    let (old, young, other) = (made("a.part", 8).0, made("b.part", 6).0, made("c.txt", 8).0);
    let (written, writer) = made("d.part", 8);
    writer.lock().unwrap();
    check(home.update(None, day(0)), Ok(()));
    assert_eq!([&old, &young, &other, &written].map(|path| path.exists()), [false, true, true, true]);
    drop(writer);
    check(home.update(None, day(0)), Ok(()));
    assert!(!written.exists());
}

#[test]
fn the_lock_of_a_killed_writer_does_not_hold_others_up_for_ever() {
    let world = World::new();
    let mut author = world.at_path("author");
    author.update(None, day(0)).unwrap();
    let file = package("acme:notes", "1.0.0", "Finds notes.");
    let lock = world.path().join("refs/heads/main.lock");
    File::create_new(&lock).unwrap();
    check(publish(&mut author, &file), Err(codes::REGISTRY_RACE));
    assert!(lock.exists());

    let made = fs::metadata(&lock).unwrap().modified().unwrap();
    File::options().write(true).open(&lock).unwrap().set_modified(made - Duration::from_secs(3600)).unwrap();
    check(publish(&mut author, &file), Ok(()));
    assert!(!lock.exists());
}

#[test]
fn an_interrupted_start_of_a_registry_leaves_nothing_for_long() {
    let world = World::new();
    let left = world.folder.path().join(".mpp-registry-abc");
    fs::create_dir_all(left.join("content/objects")).unwrap();
    fs::write(left.join("owner"), "owned\n").unwrap();
    let options = mpp_registry::InitOptions {
        root_keys: &[&support::KEYS.root],
        head_keys: &[&support::KEYS.head],
        head_lifetime_days: 7,
        root_lifetime_days: 365,
    };
    check(mpp_registry::init(&world.folder.path().join("second"), &options, day(0)), Ok(()));
    assert!(!left.exists());
}
