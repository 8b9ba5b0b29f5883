//! Package files at addresses and in OCI registries: real servers, interrupted transfers, and where requests may go (spec/index.md IDX-53 to IDX-58).
#![cfg(unix)]

mod support;

use mpp_index::plan;
use mpp_registry::{Received, Registry, Wanted, transport::Settings};
use mpp_schema::{
    Digest, FormatVersion, codes,
    index::{Blobs, Config},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use support::{
    KEYS, World, check, day, name, package, publish,
    tls::{self, Shows},
    web::{Raw, answer, docker_registry},
};

/// The registry at its path, which may send this home to an origin.
fn home(world: &World, home: &str, settings: &Settings) -> Registry {
    Registry::open_with(&world.path_location(), world.folder.path().join(home), settings.clone()).unwrap()
}

fn allowing(origin: &str) -> Settings {
    Settings { origins: vec![origin.to_owned()], ..Settings::default() }
}

fn keep_files_at(registry: &mut Registry, blobs: Blobs) {
    let config = Config { mpp: FormatVersion::CURRENT, blobs, follows: Vec::new() };
    let plan = |files: &_, state: &_| plan::configure(files, state, &config, &[&KEYS.head], day(0));
    assert!(registry.edit(day(0), |files, state| plan(files, state)).unwrap().is_some());
}

fn oci(origin: &str) -> Blobs {
    Blobs::Oci { url: format!("{origin}/tools/{{namespace}}/{{name}}") }
}

fn fetch(registry: &Registry, package_name: &str) -> Result<Vec<u8>, mpp_registry::RegistryError> {
    let entry = registry.package(&name(package_name))?.unwrap();
    let release = &entry.releases[0].release;
    assert_eq!(release.commit, None);
    registry.fetch_blob(&entry.name, release).map(mpp_registry::FetchedPackage::into_bytes)
}

#[test]
fn the_whole_road_through_a_real_oci_registry() {
    let world = World::new();
    let Some(server) = docker_registry(world.folder.path(), false) else { return };
    let settings = allowing(&server.url());
    let mut author = home(&world, "author", &settings);
    let before = package("acme:before", "1.0.0", "In git.");
    publish(&mut author, &before).unwrap();
    keep_files_at(&mut author, oci(&server.url()));
    let file = package("acme:notes", "1.0.0+b", "Finds notes.");
    assert!(publish(&mut author, &file).unwrap().commit.is_none());
    assert_eq!(publish(&mut author, &file).unwrap().status, mpp_registry::PublishStatus::Already);

    let mut user = home(&world, "user", &settings);
    user.update(Some(world.made.root), day(0)).unwrap();
    assert_eq!(fetch(&user, "acme:notes").unwrap(), file);
    // What was published before stays where it was (IDX-54).
    let entry = user.package(&name("acme:before")).unwrap().unwrap();
    assert_eq!(user.fetch_blob(&entry.name, &entry.releases[0].release).unwrap().bytes(), before);
    // The manifest keeps the blob, under a tag of its own.
    assert!(
        world
            .folder
            .path()
            .join("oci/docker/registry/v2/repositories/tools/acme/notes/_manifests/tags/acme.notes.1.0.0_b")
            .is_dir()
    );
    // A home that was not told that the address may be private is not sent there.
    let mut other = home(&world, "other", &Settings::default());
    other.update(Some(world.made.root), day(0)).unwrap();
    check(fetch(&other, "acme:notes"), Err(codes::REGISTRY_PRIVATE));
}

#[test]
fn an_oci_registry_may_ask_who_comes() {
    let world = World::new();
    let Some(server) = docker_registry(world.folder.path(), true) else { return };
    let with = |password: Option<&str>| Settings {
        credentials: password.map(|password| ("tester".to_owned(), password.to_owned())),
        ..allowing(&server.url())
    };
    let file = package("acme:notes", "1.0.0", "Finds notes.");
    keep_files_at(&mut home(&world, "author", &with(None)), oci(&server.url()));
    for wrong in [None, Some("other")] {
        check(publish(&mut home(&world, "author", &with(wrong)), &file), Err(codes::REGISTRY_CREDENTIALS));
    }
    check(publish(&mut home(&world, "author", &with(Some("secret"))), &file), Ok(()));
    check(fetch(&home(&world, "author", &with(None)), "acme:notes"), Err(codes::REGISTRY_CREDENTIALS));
    assert_eq!(fetch(&home(&world, "author", &with(Some("secret"))), "acme:notes").unwrap(), file);
}

/// IDX-56.
#[test]
fn idx_56_who_the_user_is_goes_to_servers_that_the_user_named() {
    let listening = Raw::start(|_| answer(200, "", br#"{"token":"t"}"#));
    let token = listening.url();
    let challenge = format!("www-authenticate: Bearer realm=\"{token}/token\",service=\"s\"\r\n");
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&told);
    let server = Raw::start(move |request| {
        hears.lock().unwrap().push(request.head.contains("authorization: basic"));
        answer(401, &challenge, b"")
    });
    let world = World::new();
    let settings =
        Settings { credentials: Some(("tester".to_owned(), "secret".to_owned())), ..allowing(&server.url()) };
    let mut author = home(&world, "author", &settings);
    keep_files_at(&mut author, oci(&server.url()));
    // The service that would give a token is on this machine, and nobody named it.
    check(publish(&mut author, &package("acme:notes", "1.0.0", "")), Err(codes::REGISTRY_PRIVATE));
    assert_eq!((listening.seen(), told.lock().unwrap().as_slice()), (Vec::new(), &[false][..]));
}

/// A server of files by their digest, which does something else with the first request for each.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn put(&self, file: &[u8]) {
        fs::write(self.folder.path().join(Digest::of(file).to_string()), file).unwrap();
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().to_owned()
    }
}

fn ranged(folder: &Path, request: &support::web::Request) -> Vec<u8> {
    let Ok(bytes) = fs::read(folder.join(request.path.trim_start_matches('/'))) else { return answer(404, "", b"") };
    let from =
        request.head.split("range: bytes=").nth(1).and_then(|rest| rest.split('-').next()?.parse::<usize>().ok());
    match from {
        Some(from) => {
            let range = format!("content-range: bytes {from}-{}/{}\r\n", bytes.len() - 1, bytes.len());
            answer(206, &range, &bytes[from..])
        }
        None => answer(200, "", &bytes),
    }
}

fn template(origin: &str) -> Blobs {
    Blobs::Template { url: format!("{origin}/{{digest}}") }
}

/// IDX-57.
#[test]
fn idx_57_a_file_must_be_there_before_its_release() {
    let (world, files) = (World::new(), Files::new());
    let folder = files.path();
    let server = Raw::start(move |request| ranged(&folder, request));
    let mut author = home(&world, "author", &allowing(&server.url()));
    keep_files_at(&mut author, template(&server.url()));
    let file = package("acme:notes", "1.0.0", "Finds notes.");
    check(publish(&mut author, &file), Err(codes::REGISTRY_FILE_MISSING));
    let place = files.path().join(Digest::of(&file).to_string());
    fs::write(&place, b"another").unwrap();
    check(publish(&mut author, &file), Err(codes::INDEX_BINDING));
    assert_eq!(author.package(&name("acme:notes")).unwrap(), None);
    files.put(&file);
    check(publish(&mut author, &file), Ok(()));
    assert_eq!(fetch(&author, "acme:notes").unwrap(), file);
}

#[test]
fn idx_56_package_files_over_tls_come_from_who_somebody_vouches_for() {
    let (world, files) = (World::new(), Files::new());
    let folder = files.path();
    let server = Raw::start(move |request| ranged(&folder, request));
    let over_tls = |shows| format!("https://127.0.0.1:{}", tls::showing(shows, server.address()));
    let with = |origin: &str, vouches: Option<PathBuf>| Settings { certificates: vouches, ..allowing(origin) };
    for (number, (shows, vouches, expected)) in [
        (Shows::ItsOwn, Some(tls::authority()), Ok(())),
        (Shows::ItsOwn, None, Err(codes::REGISTRY_UNREACHABLE)),
        (Shows::AnothersName, Some(tls::authority()), Err(codes::REGISTRY_UNREACHABLE)),
        (Shows::AnExpiredOne, Some(tls::authority()), Err(codes::REGISTRY_UNREACHABLE)),
    ]
    .into_iter()
    .enumerate()
    {
        let origin = over_tls(shows);
        let mut author = home(&world, "author", &with(&origin, vouches));
        keep_files_at(&mut author, template(&origin));
        let file = package("acme:notes", &format!("1.0.{number}"), "Finds notes.");
        files.put(&file);
        server.seen();
        check(publish(&mut author, &file), expected);
        assert_eq!(server.seen().is_empty(), expected.is_err(), "{shows:?}");
        if expected.is_ok() {
            assert_eq!(fetch(&author, "acme:notes").unwrap(), file);
        }
    }
}

#[test]
fn idx_56_nobody_is_sent_away_from_tls() {
    let (world, files) = (World::new(), Files::new());
    let folder = files.path();
    let plain = Raw::start(move |request| ranged(&folder, request));
    let to = plain.url();
    let sends = Raw::start(move |request| answer(302, &format!("location: {to}{}\r\n", request.path), b""));
    let origin = format!("https://127.0.0.1:{}", tls::in_front_of(sends.address()));
    let origins = vec![origin.clone(), plain.url()];
    let settings = Settings { certificates: Some(tls::authority()), origins, ..Settings::default() };
    let mut author = home(&world, "author", &settings);
    keep_files_at(&mut author, template(&origin));
    let file = package("acme:notes", "1.0.0", "Finds notes.");
    files.put(&file);
    check(publish(&mut author, &file), Err(codes::REGISTRY_REDIRECT));
    assert_eq!((sends.seen().len(), plain.seen().len()), (1, 0));
    // The same server without the detour is one that the user named.
    keep_files_at(&mut author, template(&plain.url()));
    check(publish(&mut author, &file), Ok(()));
}

#[test]
fn idx_55_an_interrupted_transfer_is_gone_on_from_and_checked_again() {
    let (world, files) = (World::new(), Files::new());
    let breaks = Arc::new(AtomicBool::new(false));
    let heads = Arc::new(Mutex::new(Vec::new()));
    let (folder, breaking, hears) = (files.path(), Arc::clone(&breaks), Arc::clone(&heads));
    let server = Raw::start(move |request| {
        hears.lock().unwrap().push(request.head.lines().find(|line| line.starts_with("range:")).map(str::to_owned));
        let whole = ranged(&folder, request);
        match breaking.load(Ordering::SeqCst) {
            true => whole[..whole.len() - 500].to_vec(),
            false => whole,
        }
    });
    let mut author = home(&world, "author", &allowing(&server.url()));
    keep_files_at(&mut author, template(&server.url()));
    let file = package("acme:notes", "1.0.0", "Finds notes.");
    files.put(&file);
    publish(&mut author, &file).unwrap();
    let part = world.folder.path().join(format!("author/downloads/{}.part", Digest::of(&file)));
    let interrupt = || {
        breaks.store(true, Ordering::SeqCst);
        check(fetch(&author, "acme:notes"), Err(codes::REGISTRY_UNREACHABLE));
        breaks.store(false, Ordering::SeqCst);
        heads.lock().unwrap().clear();
        assert_eq!(fs::read(&part).unwrap(), file[..file.len() - 500]);
    };
    let asked = || std::mem::take(&mut *heads.lock().unwrap());
    let range = Some(format!("range: bytes={}-", file.len() - 500));

    interrupt();
    assert_eq!(fetch(&author, "acme:notes").unwrap(), file);
    assert_eq!((asked(), part.exists()), (vec![range.clone()], false));

    // A part that was damaged meanwhile is found out, and everything is fetched once more.
    interrupt();
    fs::write(&part, vec![7; file.len() - 500]).unwrap();
    assert_eq!(fetch(&author, "acme:notes").unwrap(), file);
    assert_eq!((asked(), part.exists()), (vec![range, None], false));

    // So is one that is longer than the whole.
    fs::write(&part, vec![7; file.len() + 1]).unwrap();
    assert_eq!(fetch(&author, "acme:notes").unwrap(), file);
    assert_eq!((asked(), part.exists()), (vec![None], false));
}

#[test]
fn several_files_are_fetched_at_once() {
    let (world, files) = (World::new(), Files::new());
    let together = Arc::new((Mutex::new(0), Condvar::new()));
    let waits = Arc::new(AtomicBool::new(false));
    let (folder, meeting, waiting) = (files.path(), Arc::clone(&together), Arc::clone(&waits));
    let server = Raw::start(move |request| {
        if waiting.load(Ordering::SeqCst) {
            // Answers only when two requests are here.
            let (count, changed) = &*meeting;
            let mut count = count.lock().unwrap();
            *count += 1;
            changed.notify_all();
            let (_count, alone) =
                changed.wait_timeout_while(count, Duration::from_secs(20), |count| *count < 2).unwrap();
            if alone.timed_out() {
                return answer(500, "", b"nobody else came");
            }
        }
        ranged(&folder, request)
    });
    let mut author = home(&world, "author", &allowing(&server.url()));
    keep_files_at(&mut author, template(&server.url()));
    let names = ["acme:alpha", "acme:beta", "acme:gamma"];
    let packages = names.map(|name| package(name, "1.0.0", "Finds."));
    for file in &packages {
        files.put(file);
        publish(&mut author, file).unwrap();
    }
    let entries = names.map(|text| author.package(&name(text)).unwrap().unwrap());
    let wanted: Vec<_> =
        entries.iter().map(|entry| Wanted { name: &entry.name, release: &entry.releases[0].release }).collect();
    waits.store(true, Ordering::SeqCst);
    let mut here = [0; 3];
    let fetched = author.fetch_blobs(&wanted, &mut |Received { file, bytes }| here[file] = bytes);
    let fetched: Vec<_> = fetched.into_iter().map(|file| file.unwrap().into_bytes()).collect();
    assert_eq!(fetched, packages);
    assert_eq!(here.to_vec(), packages.iter().map(|file| file.len() as u64).collect::<Vec<_>>());
}
