//! Servers that answer with everything that a server should not: a named refusal, nothing left on the disk, nothing believed that was
//! not believed before, and the next honest answer works.

mod support;

use gix::{ObjectId, zlib};
use mpp_registry::{Registry, RegistryError};
use mpp_schema::{Code, Coded as _, codes};
use std::{
    fs,
    io::{Cursor, Read, Write as _},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};
use support::{World, day, has_git, http::GitServer, package, publish};
use tiny_http::{Header, Response, Server};

type Body = Box<dyn Read + Send>;
type Answer = Box<dyn Fn() -> Body + Send>;

/// What a server answers, step by step.
struct Script {
    status: u16,
    headers: Vec<(&'static str, String)>,
    kind: &'static str,
    greeting: Answer,
    references: Answer,
    pack: Answer,
}

impl Script {
    /// A server that offers a commit, and has nothing behind it.
    fn new() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            kind: "application/x-git-upload-pack-",
            greeting: bytes(
                [
                    line("# service=git-upload-pack\n"),
                    b"0000".to_vec(),
                    line("version 2\n"),
                    line("ls-refs=unborn\n"),
                    line("fetch=shallow\n"),
                    line("object-format=sha1\n"),
                    b"0000".to_vec(),
                ]
                .concat(),
            ),
            references: bytes([line(&format!("{} refs/heads/main\n", commit())), b"0000".to_vec()].concat()),
            pack: bytes(Vec::new()),
        }
    }

    fn greeting(bytes_: impl Into<Vec<u8>>) -> Self {
        Self { greeting: bytes(bytes_), ..Self::new() }
    }

    fn references(bytes_: impl Into<Vec<u8>>) -> Self {
        Self { references: bytes(bytes_), ..Self::new() }
    }

    fn reply(bytes_: impl Into<Vec<u8>>) -> Self {
        Self { pack: bytes(bytes_), ..Self::new() }
    }

    /// A server that sends these bytes as a pack.
    fn pack(pack: &[u8]) -> Self {
        Self::reply(in_band(pack, b"0000"))
    }
}

fn bytes(bytes: impl Into<Vec<u8>>) -> Answer {
    let bytes = bytes.into();
    Box::new(move || Box::new(Cursor::new(bytes.clone())))
}

fn commit() -> ObjectId {
    ObjectId::from_hex(&[b'c'; 40]).unwrap()
}

fn line(text: &str) -> Vec<u8> {
    packet(text.as_bytes())
}

fn packet(content: &[u8]) -> Vec<u8> {
    [format!("{:04x}", content.len() + 4).as_bytes(), content].concat()
}

/// The answer to a request for a pack.
fn in_band(pack: &[u8], end: &[u8]) -> Vec<u8> {
    let head = [line("shallow-info\n"), line(&format!("shallow {}\n", commit())), b"0001".to_vec(), line("packfile\n")];
    let body = pack.chunks(60_000).flat_map(|part| packet(&[&[1], part].concat()));
    head.concat().into_iter().chain(body).chain(end.iter().copied()).collect()
}

/// A pack of some entries, with a header that claims `objects` and a trailer that fits.
fn pack_of(objects: u32, entries: &[u8]) -> Vec<u8> {
    let mut pack = [&b"PACK\0\0\0\x02"[..], &objects.to_be_bytes(), entries].concat();
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(&pack);
    pack.extend_from_slice(hasher.try_finalize().unwrap().as_slice());
    pack
}

/// An entry of a kind that claims a size, with its content packed.
fn entry(kind: u8, size: u64, extra: &[u8], content: &mut dyn Read) -> Vec<u8> {
    let mut entry = Vec::new();
    let (mut byte, mut rest) = ((kind << 4) | (size & 15) as u8, size >> 4);
    while rest > 0 {
        entry.push(byte | 0x80);
        (byte, rest) = ((rest & 0x7f) as u8, rest >> 7);
    }
    entry.push(byte);
    entry.extend_from_slice(extra);
    let mut packer = zlib::stream::deflate::Write::new(&mut entry, zlib::Compression::BEST_SPEED);
    std::io::copy(content, &mut packer).unwrap();
    packer.flush().unwrap();
    entry
}

const BLOB: u8 = 3;
const OFS_DELTA: u8 = 6;
const REF_DELTA: u8 = 7;

/// Serves a script on the loopback address.
struct Hostile {
    server: Arc<Server>,
    script: Arc<Mutex<Script>>,
    thread: Option<JoinHandle<()>>,
}

impl Hostile {
    fn start(script: Script) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let script = Arc::new(Mutex::new(script));
        let (serving, following) = (Arc::clone(&server), Arc::clone(&script));
        let thread = std::thread::spawn(move || {
            for mut request in serving.incoming_requests() {
                let mut body = Vec::new();
                request.as_reader().read_to_end(&mut body).unwrap();
                let script = following.lock().unwrap();
                let (answer, kind) = match request.url().contains("/info/refs") {
                    true => (&script.greeting, "advertisement"),
                    false if body.windows(7).any(|part| part == b"ls-refs") => (&script.references, "result"),
                    false => (&script.pack, "result"),
                };
                let kind = format!("{}{kind}", script.kind);
                let mut headers = vec![Header::from_bytes("Content-Type", kind).unwrap()];
                for (name, value) in &script.headers {
                    headers.push(Header::from_bytes(*name, value.as_str()).unwrap());
                }
                let response = Response::new(script.status.into(), headers, answer(), None, None);
                drop(script);
                // A client that has heard enough goes away.
                let _ = request.respond(response);
            }
        });
        Self { server, script, thread: Some(thread) }
    }

    fn location(&self) -> String {
        format!("http://{}/registry.git", self.server.server_addr())
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.server.unblock();
        self.thread.take().map(JoinHandle::join);
    }
}

#[track_caller]
fn check_code(what: &str, outcome: &Result<(), RegistryError>, expected: Code) {
    let found = outcome.as_ref().map_err(|error| (error.code(), error.to_string()));
    assert_eq!(found.as_ref().map_err(|(code, _)| *code), Err(expected), "{what}: {found:?}");
    let said = found.unwrap_err().1;
    assert!(said.len() < 4000 && !said.contains(|c: char| c.is_control()), "{what}: {said}");
}

/// A client that knows nothing refuses, and nothing is left; one that knows something still knows it.
#[track_caller]
fn check(what: &str, script: Script, expected: Code) {
    let folder = tempfile::tempdir().unwrap();
    let server = Hostile::start(script);
    let mut client = Registry::open(&server.location(), folder.path()).unwrap();
    let outcome = client.update(None, day(0)).map(drop);
    check_code(what, &outcome, expected);
    assert!(client.state().is_none());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"], "{what}");
}

#[test]
fn what_is_no_git_server_is_not_reached() {
    let unreachable = codes::REGISTRY_UNREACHABLE;
    for status in [204, 400, 401, 403, 404, 418, 500, 503] {
        check(&format!("{status}"), Script { status, ..Script::new() }, unreachable);
    }
    check("other kind", Script { kind: "text/html;", ..Script::new() }, unreachable);
    let redirect = |to: &str| Script { status: 302, headers: vec![("Location", to.to_owned())], ..Script::new() };
    check("redirect in a circle", redirect("/registry.git/info/refs?service=git-upload-pack"), unreachable);
    check("redirect to a file", redirect("file:///etc/passwd"), unreachable);
    check("redirect to nothing", redirect("http://127.0.0.1:1/x/info/refs?service=git-upload-pack"), unreachable);
    check("redirect to nonsense", redirect("http://[::"), unreachable);
}

#[test]
fn greetings_that_are_none() {
    let greetings: [(&str, Vec<u8>); 12] = [
        ("empty", Vec::new()),
        ("text", b"<html>Hello</html>".to_vec()),
        ("zeros", vec![0; 1000]),
        ("not hexadecimal", b"zzzz".to_vec()),
        ("a length of 1", b"0001".to_vec()),
        ("a length of 3", b"0003".to_vec()),
        ("more than there is", b"fff0version 2\n".to_vec()),
        ("only a flush", b"0000".to_vec()),
        ("another service", [line("# service=git-receive-pack\n"), b"0000".to_vec()].concat()),
        ("version 9", [line("version 9\n"), b"0000".to_vec()].concat()),
        ("an error with control characters", line("ERR go away \x1b[31m\u{202e}\n")),
        ("no capabilities", [line("version 2\n"), b"0000".to_vec()].concat()),
    ];
    for (what, greeting) in greetings {
        check(what, Script::greeting(greeting), codes::REGISTRY_UNREACHABLE);
    }
}

#[test]
fn lists_of_references_that_are_none() {
    let lists: [(&str, Vec<u8>); 8] = [
        ("empty", Vec::new()),
        ("no reference", b"0000".to_vec()),
        ("no id", [line("xyz refs/heads/main\n"), b"0000".to_vec()].concat()),
        ("a short id", [line("cccc refs/heads/main\n"), b"0000".to_vec()].concat()),
        ("another name", [line(&format!("{} refs/heads/other\n", commit())), b"0000".to_vec()].concat()),
        ("an unborn branch", [line("unborn refs/heads/main symref-target:refs/heads/x\n"), b"0000".to_vec()].concat()),
        ("an empty line", [b"0004".to_vec(), b"0000".to_vec()].concat()),
        ("an error", line("ERR nothing to see\n")),
    ];
    for (what, list) in lists {
        check(what, Script::references(list), codes::REGISTRY_UNREACHABLE);
    }
}

#[test]
fn an_endless_list_of_references_ends() {
    let name = line(&format!("{} refs/heads/{}\n", commit(), "x".repeat(60_000)));
    let endless = move || Box::new(Repeat { what: name.clone(), at: 0 }) as Body;
    let script = Script { references: Box::new(endless), ..Script::new() };
    check("endless", script, codes::REGISTRY_UNREACHABLE);
}

/// The same bytes for ever.
struct Repeat {
    what: Vec<u8>,
    at: usize,
}

impl Read for Repeat {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = (&self.what[self.at..]).read(buffer)?;
        self.at = (self.at + read) % self.what.len();
        Ok(read)
    }
}

#[test]
fn answers_without_a_pack() {
    let unreachable = codes::REGISTRY_UNREACHABLE;
    check("empty", Script::reply(Vec::new()), unreachable);
    check("a flush", Script::reply(*b"0000"), unreachable);
    check("an error", Script::reply(line("ERR upload-pack: not our ref\n")), unreachable);
    check("another section", Script::reply([line("presents\n"), b"0000".to_vec()].concat()), unreachable);
    let shallow = [line("shallow-info\n"), line("shallow xyz\n"), b"0001".to_vec(), line("packfile\n")].concat();
    check("a boundary that is none", Script::reply(shallow), unreachable);
}

#[test]
fn packs_that_are_none() {
    let damaged = codes::INDEX_GIT;
    let small = |size: u64| entry(BLOB, size, b"", &mut &b"hello"[..]);
    let whole = pack_of(1, &small(5));
    check("nothing of it", Script::pack(b""), damaged);
    check("text", Script::pack(b"<html>Hello, this is no pack at all</html>"), damaged);
    check("version 9", Script::pack(b"PACK\0\0\0\x09\0\0\0\x01"), damaged);
    check("no objects", Script::pack(&pack_of(0, b"")), damaged);
    check("another object than was asked for", Script::pack(&whole), damaged);
    check("cut off", Script::pack(&whole[..whole.len() - 21]), damaged);
    check("another trailer", Script::pack(&[&whole[..whole.len() - 1], b"x"].concat()), damaged);
    check("fewer objects than it says", Script::pack(&pack_of(2, &small(5))), damaged);
    check("more objects than it says", Script::pack(&pack_of(1, &[small(5), small(5)].concat())), damaged);
    check("four billion objects", Script::pack(&pack_of(u32::MAX, &small(5))), damaged);
    check("seven million objects", Script::pack(&pack_of(7_000_000, &small(5))), damaged);
    check("another size than it says", Script::pack(&pack_of(1, &small(6))), damaged);
    check("a huge size", Script::pack(&pack_of(1, &small(1 << 60))), damaged);
    check("a kind that does not exist", Script::pack(&pack_of(1, &entry(5, 5, b"", &mut &b"hello"[..]))), damaged);
    let endless_size = [&[0xbf][..], &[0xff; 40]].concat();
    check("a size without an end", Script::pack(&pack_of(1, &endless_size)), damaged);
    let error = packet(b"\x03aborting due to \x1b[31mcorruption\n");
    check("an error in the middle", Script::reply(in_band(&whole[..15], &error)), damaged);
    check("an unknown band", Script::reply(in_band(&whole[..15], &packet(b"\x09x"))), damaged);
}

#[test]
fn deltas_that_are_none() {
    let damaged = codes::INDEX_GIT;
    let base = entry(BLOB, 5, b"", &mut &b"hello"[..]);
    let distance = [base.len() as u8];
    let delta = |extra: &[u8], kind, delta: &[u8]| {
        let delta = entry(kind, delta.len() as u64, extra, &mut &delta[..]);
        Script::pack(&pack_of(2, &[&base[..], &delta].concat()))
    };
    check("a base that is nowhere", delta(&[7; 20], REF_DELTA, b"\x05\x05\x90\x05"), damaged);
    check("a base before the pack", delta(&[0xff, 0x7f], OFS_DELTA, b"\x05\x05\x90\x05"), damaged);
    check("itself as base", delta(&[0], OFS_DELTA, b"\x05\x05\x90\x05"), damaged);
    check("a base of another size", delta(&distance, OFS_DELTA, b"\x04\x05\x90\x05"), damaged);
    check("a result of another size", delta(&distance, OFS_DELTA, b"\x05\x06\x90\x05"), damaged);
    check("a copy from beyond the base", delta(&distance, OFS_DELTA, b"\x05\x05\x91\x04\x05"), damaged);
    check("an insertion from beyond the delta", delta(&distance, OFS_DELTA, b"\x05\x05\x05ab"), damaged);
    check("a command that does not exist", delta(&distance, OFS_DELTA, b"\x05\x05\x00"), damaged);
    check("an empty delta", delta(&distance, OFS_DELTA, b""), damaged);
    let huge = b"\x05\xff\xff\xff\xff\xff\xff\xff\x7f\x90\x05";
    check("a huge result", delta(&distance, OFS_DELTA, huge), damaged);
}

#[test]
fn an_object_that_unpacks_to_more_than_a_reader_accepts() {
    let size = 1 << 30;
    let bomb = entry(BLOB, size, b"", &mut std::io::repeat(0).take(size));
    assert!((bomb.len() as u64) < size / 64);
    check("a bomb", Script::pack(&pack_of(1, &bomb)), codes::INDEX_GIT);
}

#[test]
fn a_client_that_knows_something_goes_on_from_there() {
    if !has_git() {
        return;
    }
    let world = World::new();
    let mut author = world.at_path("author");
    publish(&mut author, &package("acme:notes", "1.0.0", "Finds notes.")).unwrap();
    let honest = GitServer::start(world.folder.path());
    let home = |location: &str| world.home("client", location);
    home(&honest.location("registry.git")).update(None, day(0)).unwrap();
    publish(&mut author, &package("acme:notes", "1.1.0", "Finds notes.")).unwrap();

    let before = fs::read(world.folder.path().join("client/state.json")).unwrap();
    let size = || files(&world.folder.path().join("client"));
    let size_before = size();
    let server = Hostile::start(Script::new());
    let small = entry(BLOB, 5, b"", &mut &b"hello"[..]);
    for (script, expected) in [
        (Script { status: 500, ..Script::new() }, codes::REGISTRY_UNREACHABLE),
        (Script::pack(&pack_of(1, &small)), codes::INDEX_GIT),
        (Script::pack(&pack_of(u32::MAX, &small)), codes::INDEX_GIT),
        (Script::pack(b"PACK"), codes::INDEX_GIT),
    ] {
        *server.script.lock().unwrap() = script;
        let mut client = home(&server.location());
        check_code("known", &client.update(None, day(0)).map(drop), expected);
        assert_eq!(fs::read(world.folder.path().join("client/state.json")).unwrap(), before);
        assert_eq!(size(), size_before);
        assert_eq!(client.package(&support::name("acme:notes")).unwrap().unwrap().releases.len(), 1);
    }
    let mut client = home(&honest.location("registry.git"));
    client.update(None, day(0)).unwrap();
    assert_eq!(client.package(&support::name("acme:notes")).unwrap().unwrap().releases.len(), 2);
}

/// The files below a folder.
fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found.sort();
    found
}
