//! Copies in static files: behind a real web server, and behind one that answers with everything that it should not (spec/index.md IDX-80 to IDX-86).
#![cfg(unix)]

mod support;

use mpp_package::key::Signer as _;
use mpp_registry::{Registry, transport::Settings};
use mpp_schema::{Code, Coded as _, codes};
use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};
use support::{
    KEYS, World, check, day, name, package, publish,
    tls::{self, Shows},
    web::{Raw, Request, answer, nginx, static_file},
};

/// A registry with two packages, and a copy of it.
struct Copied {
    world: World,
    folder: PathBuf,
}

impl Copied {
    fn new() -> Self {
        let world = World::new();
        let folder = world.folder.path().join("copy");
        let copied = Self { world, folder };
        copied.publish("acme:notes", "1.0.0");
        copied.publish("acme:other", "1.0.0");
        copied.export();
        copied
    }

    fn publish(&self, package_name: &str, version: &str) {
        let mut author = self.world.at_path("author");
        publish(&mut author, &package(package_name, version, "Finds notes.")).unwrap();
    }

    fn export(&self) -> mpp_registry::ExportReport {
        let mut writer = self.world.at_path("writer");
        writer.update(Some(self.world.made.root), day(0)).unwrap();
        writer.export(&self.folder, &mut |_, _| {}).unwrap()
    }

    fn reader(&self, url: &str) -> Registry {
        self.world.home("reader", &format!("sparse+{url}"))
    }
}

/// IDX-81.
#[test]
fn the_whole_road_over_a_real_web_server() {
    let copied = Copied::new();
    let Some(server) = nginx(&copied.folder, copied.world.folder.path()) else { return };
    let mut reader = copied.reader(&server.url());
    let report = reader.update(Some(copied.world.made.root), day(0)).unwrap();
    assert_eq!((report.root, report.first_use), (copied.world.made.root, false));
    let entry = reader.package(&name("acme:notes")).unwrap().unwrap();
    assert_eq!(entry.releases[0].signers, [KEYS.publisher.public_key().id()]);
    let release = &entry.releases[0].release;
    let file = package("acme:notes", "1.0.0", "Finds notes.");
    assert_eq!(reader.fetch_blob(&entry.name, release).unwrap().bytes(), file);
    assert_eq!(reader.search("note", 9).unwrap().found.len(), 1);
    assert_eq!(reader.package(&name("acme:none")).unwrap(), None);
    assert!(fs::read_dir(copied.world.folder.path().join("reader/downloads")).unwrap().next().is_none());

    // Nothing new: one conditional request for the head, one for the next root, and no other.
    let log = copied.world.folder.path().join("nginx.log");
    let before = fs::read_to_string(&log).unwrap().lines().count();
    copied.reader(&server.url()).update(None, day(0)).unwrap();
    let mut reader = copied.reader(&server.url());
    reader.package(&name("acme:notes")).unwrap().unwrap();
    let text = fs::read_to_string(&log).unwrap();
    let asked: Vec<_> = text.lines().skip(before).collect();
    assert_eq!(asked, [&format!("GET /index/{} 404", mpp_index::layout::root(2)), "GET /index/head.json 304"]);

    copied.publish("acme:notes", "1.1.0");
    let report = copied.export();
    assert_eq!((report.blobs, report.removed), (3, 0));
    assert!(report.written < report.files, "{report:?}");
    assert_eq!(reader.update(None, day(0)).unwrap().records, 1);
    assert_eq!(reader.package(&name("acme:notes")).unwrap().unwrap().releases.len(), 2);
}

#[test]
fn a_copy_over_tls_from_a_server_that_somebody_vouches_for() {
    let copied = Copied::new();
    let folder = copied.folder.clone();
    let server = Raw::start(move |request| static_file(&folder, &request.path));
    let reader = |home: &str, shows, vouches: Option<PathBuf>| {
        let location = format!("sparse+https://127.0.0.1:{}", tls::showing(shows, server.address()));
        let settings = Settings { certificates: vouches, ..Settings::default() };
        Registry::open_with(&location, copied.world.folder.path().join(home), settings).unwrap()
    };
    let mut good = reader("good", Shows::ItsOwn, Some(tls::authority()));
    good.update(Some(copied.world.made.root), day(0)).unwrap();
    let entry = good.package(&name("acme:notes")).unwrap().unwrap();
    let file = package("acme:notes", "1.0.0", "Finds notes.");
    assert_eq!(good.fetch_blob(&entry.name, &entry.releases[0].release).unwrap().bytes(), file);
    // The proxy passes requests on only once they came over TLS.
    assert!(server.seen().iter().any(|path| path.starts_with("/blobs/")));
    let state = fs::read(copied.world.folder.path().join("good/state.json")).unwrap();

    for (what, shows, vouches) in [
        ("nobody vouches for it", Shows::ItsOwn, None),
        ("others vouch for it", Shows::ItsOwn, Some(copied.world.path().join("HEAD"))),
        ("another's certificate", Shows::AnothersName, Some(tls::authority())),
        ("an expired certificate", Shows::AnExpiredOne, Some(tls::authority())),
    ] {
        let mut refused = reader("good", shows, vouches);
        check(refused.update(None, day(0)), Err(codes::REGISTRY_UNREACHABLE));
        assert_eq!(server.seen(), Vec::<String>::new(), "{what}: nothing was asked");
    }
    assert_eq!(fs::read(copied.world.folder.path().join("good/state.json")).unwrap(), state);
    copied.publish("acme:notes", "1.1.0");
    copied.export();
    check(reader("good", Shows::ItsOwn, Some(tls::authority())).update(None, day(0)), Ok(()));
}

#[test]
fn idx_86_a_copy_is_not_published_to() {
    let copied = Copied::new();
    let folder = copied.folder.clone();
    let server = Raw::start(move |request| static_file(&folder, &request.path));
    let mut reader = copied.reader(&server.url());
    reader.update(None, day(0)).unwrap();
    check(publish(&mut reader, &package("acme:notes", "2.0.0", "")), Err(codes::REGISTRY_READ_ONLY));
    check(reader.sign_head(&[&KEYS.head], day(0)), Err(codes::REGISTRY_READ_ONLY));
    check(reader.export(&copied.world.folder.path().join("again"), &mut |_, _| {}), Err(codes::REGISTRY_READ_ONLY));
}

#[test]
fn a_clone_goes_on_from_what_a_copy_showed_and_back() {
    let copied = Copied::new();
    let folder = copied.folder.clone();
    let server = Raw::start(move |request| static_file(&folder, &request.path));
    copied.reader(&server.url()).update(Some(copied.world.made.root), day(0)).unwrap();
    let mut whole = copied.world.at_path("reader");
    // What single files did not show is verified from the start of the log.
    assert_eq!(whole.update(None, day(0)).unwrap().records, 5);
    assert!(whole.package(&name("acme:notes")).unwrap().is_some());
    copied.publish("acme:third", "1.0.0");
    copied.export();
    let mut reader = copied.reader(&server.url());
    assert_eq!(reader.update(None, day(0)).unwrap().records, 1);
    assert!(reader.package(&name("acme:third")).unwrap().is_some());
}

/// What a hostile server does with a request; nothing where it answers as it should.
type Tamper = Box<dyn Fn(&Request) -> Option<Vec<u8>> + Send + Sync>;

/// Answers the requests for one path in this way.
fn at(path: &'static str, bytes: impl Into<Vec<u8>>) -> Tamper {
    let bytes = bytes.into();
    Box::new(move |request| request.path.contains(path).then(|| bytes.clone()))
}

/// Runs one update and one lookup against a server that does something else; then the same against the good one.
struct Hostile {
    copied: Copied,
    tamper: Arc<Mutex<Option<Tamper>>>,
    server: Raw,
}

impl Hostile {
    fn new() -> Self {
        let copied = Copied::new();
        let tamper: Arc<Mutex<Option<Tamper>>> = Arc::default();
        let (folder, tampering) = (copied.folder.clone(), Arc::clone(&tamper));
        let server = Raw::start(move |request| {
            let tampered = tampering.lock().unwrap().as_ref().and_then(|tamper| tamper(request));
            tampered.unwrap_or_else(|| static_file(&folder, &request.path))
        });
        Self { copied, tamper, server }
    }

    fn reader(&self) -> Registry {
        self.copied.reader(&self.server.url())
    }

    fn state(&self) -> Vec<u8> {
        fs::read(self.copied.world.folder.path().join("reader/state.json")).unwrap()
    }

    #[track_caller]
    fn check(
        &self,
        what: &str,
        tamper: Tamper,
        expected: Code,
        act: impl Fn(&mut Registry) -> Result<(), mpp_registry::RegistryError>,
    ) {
        let before = self.state();
        *self.tamper.lock().unwrap() = Some(tamper);
        let outcome = act(&mut self.reader());
        *self.tamper.lock().unwrap() = None;
        let found = outcome.as_ref().map_err(|error| (error.code(), error.to_string()));
        assert_eq!(
            found.map_err(|(code, _)| code),
            Err(expected),
            "{what}: {:?}",
            outcome.as_ref().err().map(ToString::to_string)
        );
        assert_eq!(self.state(), before, "{what}: the trusted state is as it was");
        act(&mut self.reader()).unwrap_or_else(|error| panic!("{what}: the next good answer works: {error}"));
    }
}

fn update(registry: &mut Registry) -> Result<(), mpp_registry::RegistryError> {
    registry.update(None, day(0)).map(drop)
}

#[test]
fn hostile_answers_to_an_update_are_refused_by_name() {
    let hostile = Hostile::new();
    let old_head = fs::read(hostile.copied.folder.join("index/head.json")).unwrap();
    hostile.reader().update(Some(hostile.copied.world.made.root), day(0)).unwrap();
    hostile.reader().package(&name("acme:notes")).unwrap().unwrap();
    let read = |path: &str| fs::read(hostile.copied.folder.join("index").join(path)).unwrap();
    for (round, (what, tamper, expected)) in update_cases(&old_head, &hostile.copied.world).into_iter().enumerate() {
        hostile.copied.publish("acme:notes", &format!("1.1.{round}"));
        hostile.copied.export();
        assert_ne!(read("head.json"), old_head);
        hostile.check(what, tamper, expected, update);
    }
}

fn update_cases(old_head: &[u8], world: &World) -> Vec<(&'static str, Tamper, Code)> {
    let strangers = World::new();
    let folder = strangers.folder.path().join("copy");
    let mut stranger = strangers.at_path("writer");
    stranger.update(None, day(0)).unwrap();
    stranger.export(&folder, &mut |_, _| {}).unwrap();
    let other_head = fs::read(folder.join("index/head.json")).unwrap();
    let elsewhere = |place: &str| answer(302, &format!("location: {place}\r\n"), b"");
    let mut forged = String::from_utf8(old_head.to_vec()).unwrap();
    forged = forged.replacen("\\\"seq\\\":3", "\\\"seq\\\":9", 1);
    assert_ne!(forged.as_bytes(), old_head, "{world_path}", world_path = world.path_location());
    let head = "/index/head.json";
    vec![
        ("no server's answer", at(head, *b""), codes::REGISTRY_UNREACHABLE),
        (
            "half an answer",
            at(head, *b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"signed"),
            codes::REGISTRY_UNREACHABLE,
        ),
        ("an error", at(head, answer(500, "", b"sorry")), codes::REGISTRY_ANSWER),
        ("a page in place of a head", at(head, answer(200, "", b"<html></html>\n")), codes::INDEX_MALFORMED),
        ("no head", at(head, answer(404, "", b"")), codes::INDEX_REMOVED),
        ("an older head", at(head, answer(200, "", old_head)), codes::INDEX_ROLLBACK),
        ("another registry's head", at(head, answer(200, "", &other_head)), codes::SIG_BINDING),
        ("an edited head", at(head, answer(200, "", forged.as_bytes())), codes::SIG_INVALID),
        ("packed bytes", at(head, answer(200, "content-encoding: gzip\r\n", b"\x1f\x8b")), codes::REGISTRY_ANSWER),
        ("a huge file", at(head, *b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"), codes::REGISTRY_ANSWER),
        ("an endless file", at(head, endless()), codes::REGISTRY_ANSWER),
        ("nothing new, to nobody who asked", at("/index/shards.json", answer(304, "", b"")), codes::REGISTRY_ANSWER),
        ("a redirect in circles", at(head, elsewhere(head)), codes::REGISTRY_REDIRECT),
        ("a redirect to nowhere", at(head, answer(302, "", b"")), codes::REGISTRY_REDIRECT),
        ("a redirect to a file", at(head, elsewhere("file:///etc/passwd")), codes::REGISTRY_REDIRECT),
        (
            "a redirect to a cloud's metadata",
            at(head, elsewhere("http://169.254.169.254/latest")),
            codes::REGISTRY_PRIVATE,
        ),
        ("a redirect to a private name", at(head, elsewhere("https://localhost:1/x")), codes::REGISTRY_PRIVATE),
        ("a redirect to a private number", at(head, elsewhere("https://[::ffff:10.0.0.1]/x")), codes::REGISTRY_PRIVATE),
        ("another shard table", at("/index/shards.json", answer(200, "", b"{}\n")), codes::INDEX_MISMATCH),
        ("no shard table", at("/index/shards.json", answer(404, "", b"")), codes::INDEX_REMOVED),
        ("another shard", at("/index/shards/", answer(200, "", b"x\n")), codes::INDEX_MISMATCH),
        ("another package file", at("/index/pkg/", answer(200, "", b"{}\n")), codes::INDEX_MISMATCH),
        ("no package file", at("/index/pkg/", answer(404, "", b"")), codes::INDEX_REMOVED),
        ("no log", at("/index/log/", answer(404, "", b"")), codes::INDEX_LOG_BROKEN),
        ("another log", at("/index/log/", answer(200, "", b"{}\n")), codes::INDEX_LOG_BROKEN),
        ("another root", at("2.json", answer(200, "", b"{}\n")), codes::INDEX_MALFORMED),
    ]
}

/// A file without an end, as far as anybody reads it.
fn endless() -> Vec<u8> {
    let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    [head, vec![b'x'; (16 << 20) + 4096]].concat()
}

#[test]
fn hostile_answers_to_a_lookup_are_refused_by_name() {
    for (what, tamper, expected) in [
        ("another package file", at("/index/pkg/", answer(200, "", b"{}\n")), codes::INDEX_MISMATCH),
        ("no package file", at("/index/pkg/", answer(404, "", b"")), codes::INDEX_REMOVED),
        ("no namespace", at("/index/ns/", answer(404, "", b"")), codes::INDEX_REMOVED),
        ("an error", at("/index/ns/", answer(503, "", b"")), codes::REGISTRY_ANSWER),
    ] {
        let hostile = Hostile::new();
        hostile.reader().update(Some(hostile.copied.world.made.root), day(0)).unwrap();
        hostile.check(what, tamper, expected, |registry| registry.package(&name("acme:notes")).map(drop));
    }
}

#[test]
fn hostile_package_files_are_refused_by_name() {
    let hostile = Hostile::new();
    hostile.reader().update(Some(hostile.copied.world.made.root), day(0)).unwrap();
    let good = package("acme:notes", "1.0.0", "Finds notes.");
    let mut edited = good.clone();
    edited[700] ^= 1;
    let longer = [good.as_slice(), b"x"].concat();
    let chunked = |bytes: &[u8]| [&b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"[..], bytes].concat();
    let fetch = |registry: &mut Registry| {
        let entry = registry.package(&name("acme:notes"))?.unwrap();
        registry.fetch_blob(&entry.name, &entry.releases[0].release).map(drop)
    };
    for (what, bytes, expected) in [
        ("another file", answer(200, "", &edited), codes::INDEX_BINDING),
        ("a longer one", answer(200, "", &longer), codes::INDEX_BINDING),
        ("a longer one of unknown length", chunked(&longer), codes::INDEX_BINDING),
        ("a shorter one", answer(200, "", &good[..900]), codes::INDEX_BINDING),
        ("a shorter one of unknown length", chunked(&good[..900]), codes::INDEX_BINDING),
        ("none", answer(404, "", b""), codes::REGISTRY_FILE_MISSING),
        (
            "a part that nobody asked for",
            answer(206, "content-range: bytes 5-9/10\r\n", b"abcde"),
            codes::REGISTRY_ANSWER,
        ),
        ("a page", answer(403, "", b"<html>"), codes::REGISTRY_CREDENTIALS),
    ] {
        hostile.check(what, at("/blobs/", bytes), expected, fetch);
        let left = fs::read_dir(hostile.copied.world.folder.path().join("reader/downloads")).unwrap().count();
        assert_eq!(left, 0, "{what}: nothing refused stays");
    }
}
