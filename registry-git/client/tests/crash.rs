//! A client that is killed (`kill -9`) wherever it changes the disk, and started again (spec/index.md IDX-30, IDX-40, IDX-55, IDX-80): what it
//! believed it believes still or it believes what is new, others see the registry before or after and nothing between, and the same works the
//! next time.
//!
//! strace kills it: as it makes a system call that changes which files there are, what is in them or how durable that is for the n-th time, for each
//! of these calls and each n until it comes through. No code of the client knows of this.
#![cfg(target_os = "linux")]

mod support;

use mpp_index::plan;
use mpp_package::key::SecretKey;
use mpp_registry::{InitOptions, PublishOptions, Registry, transport::Settings};
use mpp_schema::{
    FormatVersion,
    index::{Blobs, Config},
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use support::{
    KEYS, World, day, has_git, name, package, publish,
    web::{Raw, is_installed, static_file},
};

/// What the killed process is told.
const TOLD: &str = "MPP_TEST_CRASH";
/// What changes the disk.
const CHANGES: [&str; 5] = [
    "write,pwrite64,writev,ftruncate",
    "mkdir,mkdirat",
    "rename,renameat,renameat2,link,linkat",
    "unlink,unlinkat,rmdir",
    "fsync,fdatasync",
];
/// After this many steps a client has long come through.
const STEPS_MAX: u32 = 1000;
const SIGKILL: i32 = 9;

/// What a process does that will be killed.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Work {
    Start,
    Publish { location: String, file: PathBuf },
    Update { location: String },
    Export { location: String },
    Fetch { location: String },
}

#[derive(Serialize, Deserialize)]
struct Told {
    work: Work,
    folder: PathBuf,
}

impl Told {
    fn home(&self, location: &str) -> Registry {
        let origins = vec![fs::read_to_string(self.folder.join("origin")).unwrap_or_default()];
        Registry::open_with(location, self.folder.join("home"), Settings { origins, ..Settings::default() }).unwrap()
    }

    fn key(&self, of: &str) -> SecretKey {
        SecretKey::from_file_text(&fs::read_to_string(self.folder.join(of)).unwrap(), None).unwrap()
    }

    fn run(&self) {
        match &self.work {
            Work::Start => {
                let (root, head) = (self.key("root"), self.key("head"));
                let options = InitOptions {
                    root_keys: &[&root],
                    head_keys: &[&head],
                    head_lifetime_days: 7,
                    root_lifetime_days: 365,
                };
                mpp_registry::init(&self.folder.join("started.git"), &options, day(0)).map(drop).unwrap();
            }
            Work::Publish { location, file } => {
                let (publisher, head) = (self.key("publisher"), self.key("head"));
                let file = fs::read(self.folder.join(file)).unwrap();
                let options =
                    PublishOptions { file: &file, publishers: &[&publisher], head_keys: &[&head], dry_run: false };
                self.home(location).publish(&options, day(0)).map(drop).unwrap();
            }
            Work::Update { location } => self.home(location).update(None, day(0)).map(drop).unwrap(),
            Work::Export { location } => {
                let mut home = self.home(location);
                home.update(None, day(0)).unwrap();
                home.export(&self.folder.join("copy"), &mut |_, _| {}).map(drop).unwrap();
            }
            Work::Fetch { location } => {
                let home = self.home(location);
                let entry = home.package(&name("acme:notes")).unwrap().unwrap();
                home.fetch_blob(&entry.name, &entry.releases[0].release).map(drop).unwrap();
            }
        }
    }
}

#[test]
#[ignore = "runs as a process of its own, started and killed by another test"]
fn work() {
    let told: Told = serde_json::from_str(&std::env::var(TOLD).expect("another test says it")).unwrap();
    told.run();
}

/// Whether a process can be killed in this way here.
fn can_kill() -> bool {
    is_installed("strace", "clients that are killed") && {
        let traced = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
        let traced = traced.is_ok_and(|output| output.status.success());
        assert!(traced || std::env::var_os("CI").is_none(), "CI lets strace trace");
        traced
    }
}

/// Does the work in a process that is killed at a step; says whether it came that far. A program that it started may be the one that is killed:
/// then it fails, which is as good.
fn killed_at(told: &Told, calls: &str, step: u32) -> bool {
    let inject = format!("inject={calls}:signal=KILL:when={step}");
    let trace = format!("trace={calls}");
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "signal=none", "-e", &trace, "-e", &inject])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "work", "--ignored", "--test-threads=1"])
        .env(TOLD, serde_json::to_string(told).unwrap())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.signal().is_none_or(|signal| signal == SIGKILL), "{status}");
    !status.success()
}

/// Does the work once for each step, each time in a fresh copy of `before`, and lets `look` see what a kill left. Says how often it was killed.
fn at_each_step(before: &Path, work: impl Fn(&Path) -> Work, look: impl Fn(&Told)) -> usize {
    at_each_of(&CHANGES, before, work, look)
}

/// The same for some of the calls.
fn at_each_of(calls: &[&str], before: &Path, work: impl Fn(&Path) -> Work, look: impl Fn(&Told)) -> usize {
    let killed = |calls: &str, step| {
        let copy = tempfile::tempdir().unwrap();
        copy_all(before, copy.path());
        let told = Told { work: work(copy.path()), folder: copy.path().to_owned() };
        let killed = killed_at(&told, calls, step);
        let hour = Duration::from_secs(3600);
        age(copy.path(), hour);
        look(&told);
        killed
    };
    let kills = |calls: &&str| (1..STEPS_MAX).take_while(|step| killed(calls, *step)).count();
    calls.iter().map(kills).sum()
}

/// Makes what killed processes left as old as if it had been left long ago: folders that were being made, and locks of references.
fn age(folder: &Path, by: Duration) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let file_name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            age(&entry.path(), by);
        }
        if file_name.starts_with(".work-") || file_name.ends_with(".lock") {
            let made = entry.metadata().unwrap().modified().unwrap();
            fs::File::open(entry.path()).unwrap().set_modified(made - by).unwrap();
        }
    }
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_all(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// A registry with one version that the home knows, and the keys and files that a process needs.
fn world(location: fn(&Path) -> String) -> World {
    let world = World::new();
    publish(&mut world.home("home", &location(world.folder.path())), &package("acme:notes", "1.0.0", "Finds notes."))
        .unwrap();
    for (key, of) in [(&KEYS.root, "root"), (&KEYS.head, "head"), (&KEYS.publisher, "publisher")] {
        fs::write(world.folder.path().join(of), key.to_file_text(None).unwrap()).unwrap();
    }
    fs::write(world.folder.path().join("next.mpp"), package("acme:notes", "1.1.0", "Finds notes.")).unwrap();
    world
}

fn releases(registry: &Registry) -> usize {
    registry.package(&name("acme:notes")).unwrap().map_or(0, |entry| entry.releases.len())
}

/// What somebody sees who has never seen the registry.
#[track_caller]
fn seen_by_a_stranger(location: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = Registry::open(location, folder.path()).unwrap();
    reader.update(None, day(0)).unwrap();
    releases(&reader)
}

/// Nothing that is being written is left in a folder or below it.
#[track_caller]
fn check_clean(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let file_name = entry.file_name().into_string().unwrap();
        let left = [".work-", ".writing-", ".mpp-"].iter().any(|prefix| file_name.starts_with(prefix));
        assert!(!left && !file_name.ends_with(".lock"), "{}", entry.path().display());
        if entry.file_type().unwrap().is_dir() {
            check_clean(&entry.path());
        }
    }
}

fn path_in(folder: &Path) -> String {
    folder.join("registry.git").to_str().unwrap().to_owned()
}

fn address_in(folder: &Path) -> String {
    format!("file://{}", path_in(folder))
}

/// A killed publisher: others see the version or they do not, and publishing it again makes it one that is there once.
fn check_publishing(location: fn(&Path) -> String, calls: &[&str]) {
    let world = world(location);
    let work = |folder: &Path| Work::Publish { location: location(folder), file: "next.mpp".into() };
    let killed = at_each_of(calls, world.folder.path(), work, |told| {
        let location = location(&told.folder);
        assert!(matches!(seen_by_a_stranger(&path_in(&told.folder)), 1 | 2));
        let mut home = told.home(&location);
        assert!(matches!(home.state().map(|_| releases(&home)), Some(1 | 2)));
        publish(&mut home, &fs::read(told.folder.join("next.mpp")).unwrap()).unwrap();
        assert_eq!((releases(&home), seen_by_a_stranger(&path_in(&told.folder))), (2, 2));
        check_clean(&told.folder.join("home"));
    });
    assert!(killed > 20, "{killed}");
}

#[test]
fn idx_40_a_publisher_at_a_path_is_killed() {
    if can_kill() {
        check_publishing(path_in, &CHANGES);
    }
}

#[test]
fn idx_40_a_publisher_at_an_address_is_killed() {
    if can_kill() && has_git() {
        // Most of what is written on the way to an address goes to other programs, and not to the disk.
        check_publishing(address_in, &CHANGES[1..]);
    }
}

/// A killed reader: it believes the old state or the new one, can read what it believes, and goes on.
fn check_updating(known: &World, location: impl Fn(&Path) -> String) {
    publish(&mut known.at_path("author"), &fs::read(known.folder.path().join("next.mpp")).unwrap()).unwrap();
    let work = |folder: &Path| Work::Update { location: location(folder) };
    let killed = at_each_step(known.folder.path(), work, |told| {
        let location = location(&told.folder);
        let mut home = told.home(&location);
        assert!(matches!(releases(&home), 1 | 2));
        home.update(None, day(0)).unwrap();
        assert_eq!(releases(&home), 2);
        check_clean(&told.folder.join("home"));
    });
    assert!(killed > 5, "{killed}");
}

#[test]
fn idx_30_a_reader_at_a_path_is_killed() {
    if can_kill() {
        check_updating(&world(path_in), path_in);
    }
}

#[test]
fn idx_30_a_reader_at_an_address_is_killed() {
    if can_kill() && has_git() {
        check_updating(&world(address_in), address_in);
    }
}

#[test]
fn idx_30_a_reader_of_a_copy_is_killed() {
    if !can_kill() {
        return;
    }
    let world = world(path_in);
    let copy = world.folder.path().join("copy");
    let served = copy.clone();
    let server = Raw::start(move |request| static_file(&served, &request.path));
    let url = format!("sparse+{}", server.url());
    let export = |world: &World| {
        let mut writer = world.at_path("writer");
        writer.update(None, day(0)).unwrap();
        writer.export(&copy, &mut |_, _| {}).unwrap();
    };
    export(&world);
    fs::remove_dir_all(world.folder.path().join("home")).unwrap();
    let mut home = world.home("home", &url);
    home.update(None, day(0)).unwrap();
    assert_eq!(releases(&home), 1);
    let mut author = world.at_path("author");
    publish(&mut author, &package("acme:notes", "1.1.0", "Finds notes.")).unwrap();
    export(&world);
    let killed = at_each_step(
        world.folder.path(),
        |_| Work::Update { location: url.clone() },
        |told| {
            let mut home = told.home(&url);
            home.update(None, day(0)).unwrap();
            assert_eq!(releases(&home), 2);
            check_clean(&told.folder.join("home"));
        },
    );
    assert!(killed > 5, "{killed}");
}

#[test]
fn idx_80_a_writer_of_a_copy_is_killed() {
    if !can_kill() {
        return;
    }
    let world = world(path_in);
    let writer = world.home("home", &world.path_location());
    writer.export(&world.folder.path().join("copy"), &mut |_, _| {}).unwrap();
    publish(&mut world.at_path("author"), &package("acme:notes", "1.1.0", "Finds notes.")).unwrap();
    let work = |folder: &Path| Work::Export { location: path_in(folder) };
    let killed = at_each_step(world.folder.path(), work, |told| {
        let copy = told.folder.join("copy");
        let mut writer = told.home(&path_in(&told.folder));
        writer.update(None, day(0)).unwrap();
        writer.export(&copy, &mut |_, _| {}).unwrap();
        check_clean(&copy);
        let served = copy.clone();
        let server = Raw::start(move |request| static_file(&served, &request.path));
        assert_eq!(seen_by_a_stranger(&format!("sparse+{}", server.url())), 2);
    });
    assert!(killed > 10, "{killed}");
}

#[test]
fn a_registry_that_is_being_started_is_there_whole_or_not_at_all() {
    if !can_kill() {
        return;
    }
    let world = world(path_in);
    let killed = at_each_step(
        world.folder.path(),
        |_| Work::Start,
        |told| {
            let started = told.folder.join("started.git");
            if !started.exists() {
                Told { work: Work::Start, folder: told.folder.clone() }.run();
            }
            let folder = tempfile::tempdir().unwrap();
            let mut reader = Registry::open(started.to_str().unwrap(), folder.path()).unwrap();
            assert_eq!(reader.update(None, day(0)).unwrap().records, 2);
        },
    );
    assert!(killed > 20, "{killed}");
}

#[test]
fn idx_55_a_reader_of_a_package_file_is_killed() {
    if !can_kill() {
        return;
    }
    let world = world(path_in);
    let file = package("acme:notes", "1.0.0", "Finds notes.");
    let (place, served) = (world.folder.path().join("files"), world.folder.path().join("files"));
    fs::create_dir(&place).unwrap();
    let server = Raw::start(move |request| static_file(&served, &request.path));
    fs::write(world.folder.path().join("origin"), server.url()).unwrap();
    let other = World::new();
    let settings = Settings { origins: vec![server.url()], ..Settings::default() };
    let home = world.folder.path().join("home");
    fs::remove_dir_all(&home).unwrap();
    let mut author = Registry::open_with(&other.path_location(), &home, settings).unwrap();
    let blobs = Blobs::Template { url: format!("{}/{{digest}}", server.url()) };
    let config = Config { mpp: FormatVersion::CURRENT, blobs, follows: Vec::new() };
    author
        .edit(day(0), |files, state| plan::configure(files, state, &config, &[&KEYS.head], day(0)))
        .unwrap()
        .expect("the configuration is another one");
    fs::write(place.join(mpp_schema::Digest::of(&file).to_string()), &file).unwrap();
    publish(&mut author, &file).unwrap();
    let location = other.path_location();
    let killed = at_each_step(
        world.folder.path(),
        |_| Work::Fetch { location: location.clone() },
        |told| {
            let home = told.home(&location);
            let entry = home.package(&name("acme:notes")).unwrap().unwrap();
            assert_eq!(home.fetch_blob(&entry.name, &entry.releases[0].release).unwrap().bytes(), file);
            assert!(fs::read_dir(told.folder.join("home/downloads")).unwrap().next().is_none());
        },
    );
    assert!(killed > 5, "{killed}");
}
