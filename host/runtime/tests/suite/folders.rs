//! Granted folders: used rightly, and every way to leave them or to change what must not be changed. Each refusal is seen by the tool
//! and by the caller.
#![cfg(unix)]

use crate::support::{guests, host, packages};
use mpp_host::{CallOutcome, Ending, LoadedPackage, Terms};
use mpp_policy::{Allowance, FolderBinding, Grants};
use mpp_schema::permissions::Access;
use mpp_schema::{Code, codes};
use serde_json::{Value as Json, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

/// `notes` may be changed, `books` read, and `outside` is not granted.
struct World {
    _root: TempDir,
    notes: PathBuf,
    books: PathBuf,
    outside: PathBuf,
}

fn world() -> World {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().canonicalize().expect("it is there");
    let [notes, books, outside] = ["notes", "books", "outside"].map(|name| path.join(name));
    for folder in [&notes, &books, &outside] {
        fs::create_dir(folder).expect("a folder");
        fs::write(folder.join("text.txt"), folder.file_name().expect("a name").as_encoded_bytes()).expect("a file");
    }
    World { _root: root, notes, books, outside }
}

impl World {
    fn terms(&self) -> Terms {
        granting(&[("notes", &self.notes, Access::ReadWrite), ("books", &self.books, Access::ReadOnly)])
    }

    #[track_caller]
    fn call(&self, tool: &str, arguments: Json) -> CallOutcome {
        call(&self.terms(), tool, arguments)
    }

    /// The tool gives this, or this error, and the caller hears of a refusal with this code.
    #[track_caller]
    fn check(&self, tool: &str, arguments: Json, expected: Result<Json, &str>, refused: Option<Code>) {
        let outcome = self.call(tool, arguments.clone());
        let expected = match expected {
            Ok(result) => Ending::Returned(Some(json!({ "result": result }))),
            Err(error) => Ending::ToolError(json!(error)),
        };
        assert_eq!(outcome.ending, expected, "{tool} {arguments}");
        let codes: Vec<_> = outcome.refusals.kept.iter().map(|refusal| refusal.code).collect();
        assert_eq!(codes, Vec::from_iter(refused), "{tool} {arguments}: {:?}", outcome.refusals);
    }

    /// Refused by the host, and the caller hears of it.
    #[track_caller]
    fn check_refused(&self, tool: &str, arguments: Json, error: &str) {
        self.check(tool, arguments, Err(error), Some(codes::CAP_FS));
    }

    #[track_caller]
    fn check_done(&self, tool: &str, arguments: Json) {
        self.check(tool, arguments, Ok(json!("done")), None);
    }

    #[track_caller]
    fn assert_outside_is_as_it_was(&self) {
        assert_eq!(fs::read_to_string(self.outside.join("text.txt")).expect("it is there"), "outside");
        assert_eq!(fs::read_dir(&self.outside).expect("a folder").count(), 1);
    }
}

fn package() -> &'static LoadedPackage {
    static PACKAGE: OnceLock<LoadedPackage> = OnceLock::new();
    PACKAGE.get_or_init(|| packages::load_asking(host(), guests::folders(), asked()))
}

fn asked() -> Json {
    let access = |access: &str| json!({ "access": access });
    json!({ "folders": { "notes": access("read-write"), "books": access("read-only") } })
}

fn granting(folders: &[(&str, &Path, Access)]) -> Terms {
    let bound = folders.iter().map(|(slot, path, access)| {
        (slot.parse().expect("a slot"), FolderBinding { path: path.to_path_buf(), access: *access })
    });
    let allowed = Allowance { folders: bound.collect(), ..Allowance::default() };
    Terms::granted(Grants::cut(&serde_json::from_value(asked_of_all()).expect("permissions"), &allowed))
}

/// So that what the user allowed decides.
fn asked_of_all() -> Json {
    json!({ "folders": { "notes": { "access": "read-write" }, "books": { "access": "read-write" } } })
}

#[track_caller]
fn call(terms: &Terms, tool: &str, arguments: Json) -> CallOutcome {
    package()
        .call(terms, tool, &arguments.to_string())
        .unwrap_or_else(|error| panic!("`{tool}` was not started: {error}"))
}

/// A place in the folder that may be changed.
fn notes(path: &str) -> Json {
    json!({ "place": { "slot": "/notes", "path": path } })
}

/// A place in the folder that may be read.
fn books(path: &str) -> Json {
    json!({ "place": { "slot": "/books", "path": path } })
}

fn with(mut arguments: Json, name: &str, value: Json) -> Json {
    arguments[name] = value;
    arguments
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo starts").success());
}

#[test]
fn a_granted_folder_is_used_like_any_other() {
    let world = world();
    world.check("slots", json!({}), Ok(json!(["/books", "/notes"])), None);
    world.check("read-text", json!({ "path": "/books/text.txt" }), Ok(json!("books")), None);
    world.check("write-text", json!({ "path": "/notes/new.txt", "text": "four" }), Ok(json!("4")), None);
    world.check("add-text", json!({ "path": "/notes/new.txt", "text": "teen" }), Ok(json!("8")), None);
    world.check("list-folder", json!({ "path": "/notes" }), Ok(json!(["new.txt", "text.txt"])), None);
    world.check("work", json!({ "path": "/notes" }), Ok(json!("written writ")), None);
    assert_eq!(fs::read_to_string(world.notes.join("new.txt")).expect("it was written"), "fourteen");
}

#[test]
fn the_system_interface_does_what_is_allowed() {
    let world = world();
    world.check("open-to-read", books("text.txt"), Ok(json!("books")), None);
    world.check_done("open-to-write", notes("text.txt"));
    world.check_done("create", notes("new.txt"));
    world.check_done("touch", notes("text.txt"));
    world.check_done("make-folder", notes("folder"));
    world.check_done("link-to", with(notes("folder/link"), "target", json!("deeper/x")));
    world.check("read-link", notes("folder/link"), Ok(json!("deeper/x")), None);
    world.check_done("move-file", with(notes("new.txt"), "to", json!({ "slot": "/notes", "path": "folder/new.txt" })));
    world.check_done(
        "hard-link",
        with(notes("folder/new.txt"), "to", json!({ "slot": "/notes", "path": "folder/same.txt" })),
    );
    world.check_done("remove", notes("folder/same.txt"));
    world.check_done("empty", notes("text.txt"));
    assert_eq!(fs::read(world.notes.join("text.txt")).expect("it is there"), b"");
}

#[test]
fn nothing_is_granted_without_a_grant() {
    let outcome = call(&Terms::default(), "slots", json!({}));
    assert_eq!(outcome.ending, Ending::Returned(Some(json!({ "result": [] }))));
    assert!(outcome.refusals.contains(codes::CAP_DENIED));
}

#[test]
fn no_path_leads_out() {
    let world = world();
    for path in ["..", "../outside/text.txt", "a/../../outside/text.txt", "/etc/passwd", "/", "//etc"] {
        for tool in ["open-to-read", "open-to-write", "create", "empty", "look", "touch", "remove", "make-folder"] {
            let outcome = world.call(tool, notes(path));
            assert!(matches!(outcome.ending, Ending::ToolError(_)), "{tool} {path}: {outcome:?}");
            // What is not there inside is not found, rather than refused.
            let found_nothing = path.starts_with("a/") && outcome.ending == Ending::ToolError(json!("no-entry"));
            assert!(found_nothing || outcome.refusals.contains(codes::CAP_FS), "{tool} {path}: {outcome:?}");
        }
    }
    world.assert_outside_is_as_it_was();
}

#[test]
fn no_name_holds_a_nul_or_a_backslash() {
    let world = world();
    for path in ["text.txt\0", "\0", "..\\outside\\text.txt", "a\\b"] {
        for tool in ["open-to-read", "create", "look", "remove", "make-folder", "read-link"] {
            world.check_refused(tool, notes(path), "invalid");
        }
        let to = json!({ "slot": "/notes", "path": path });
        world.check_refused("move-file", with(notes("text.txt"), "to", to.clone()), "invalid");
        world.check_refused("hard-link", with(notes("text.txt"), "to", to), "invalid");
    }
    assert_eq!(fs::read_dir(&world.notes).expect("a folder").count(), 1);
}

#[test]
fn a_path_has_an_end() {
    let world = world();
    for bytes in [5_000, 4 << 20] {
        world.check("long-path", json!({ "slot-name": "/notes", "bytes": bytes }), Err("name-too-long"), None);
    }
}

#[test]
fn links_that_lead_out_are_not_followed() {
    let world = world();
    symlink("../outside", world.notes.join("up")).expect("a link");
    symlink(&world.outside, world.notes.join("away")).expect("a link");
    symlink(world.outside.join("text.txt"), world.notes.join("file")).expect("a link");
    for path in ["up/text.txt", "away/text.txt", "file"] {
        for tool in ["open-to-read", "open-to-write", "create", "empty", "look", "touch"] {
            world.check_refused(tool, notes(path), "not-permitted");
        }
    }
    for tool in ["remove", "make-folder"] {
        world.check_refused(tool, notes("up/text.txt"), "not-permitted");
    }
    world.check_refused("read-link", notes("away"), "not-permitted");
    world.check_done("remove", notes("file"));
    world.assert_outside_is_as_it_was();
}

#[test]
fn links_inside_are_followed() {
    let world = world();
    fs::create_dir(world.notes.join("deep")).expect("a folder");
    symlink("../text.txt", world.notes.join("deep/link")).expect("a link");
    world.check("open-to-read", notes("deep/link"), Ok(json!("notes")), None);
}

#[test]
fn no_link_is_made_that_leads_elsewhere() {
    let world = world();
    for target in ["/etc/passwd", "../outside", "..", "deep/../../outside", "a\\b", ""] {
        world.check_refused("link-to", with(notes("link"), "target", json!(target)), "not-permitted");
    }
    assert_eq!(fs::read_dir(&world.notes).expect("a folder").count(), 1);
}

#[test]
fn what_is_granted_for_reading_is_not_changed() {
    let world = world();
    let to = |path: &str| json!({ "slot": "/books", "path": path });
    for tool in ["open-to-write", "create", "empty", "touch", "remove"] {
        world.check_refused(tool, books("text.txt"), "read-only");
    }
    world.check_refused("create", books("new.txt"), "read-only");
    world.check_refused("make-folder", books("folder"), "read-only");
    world.check_refused("link-to", with(books("link"), "target", json!("text.txt")), "read-only");
    world.check_refused("move-file", with(books("text.txt"), "to", to("b.txt")), "read-only");
    world.check_refused("hard-link", with(books("text.txt"), "to", to("b.txt")), "read-only");
    let outcome = world.call("change-what-is-open", books("text.txt"));
    assert_eq!(outcome.ending, Ending::Returned(Some(json!({ "result": [] }))));
    assert_eq!(outcome.refusals.kept.len(), 5);
    assert_eq!(fs::read_to_string(world.books.join("text.txt")).expect("it is there"), "books");
    assert_eq!(fs::read_dir(&world.books).expect("a folder").count(), 1);
}

#[test]
fn a_handle_for_reading_changes_no_content() {
    let world = world();
    let changed = world.call("change-what-is-open", notes("text.txt"));
    assert_eq!(changed.ending, Ending::Returned(Some(json!({ "result": ["set-times"] }))));
    assert_eq!(fs::read_to_string(world.notes.join("text.txt")).expect("it is there"), "notes");
}

#[test]
fn nothing_crosses_from_one_grant_to_another() {
    let world = world();
    let into_books = json!({ "slot": "/books", "path": "new.txt" });
    let into_notes = json!({ "slot": "/notes", "path": "new.txt" });
    for tool in ["move-file", "hard-link"] {
        world.check_refused(tool, with(notes("text.txt"), "to", into_books.clone()), "read-only");
        world.check_refused(tool, with(books("text.txt"), "to", into_notes.clone()), "read-only");
        let both = granting(&[("notes", &world.notes, Access::ReadWrite), ("books", &world.books, Access::ReadWrite)]);
        let outcome = call(&both, tool, with(books("text.txt"), "to", into_notes.clone()));
        assert_eq!(outcome.ending, Ending::ToolError(json!("cross-device")), "{tool}");
        assert!(outcome.refusals.contains(codes::CAP_FS), "{tool}");
    }
    assert_eq!(fs::read_dir(&world.notes).expect("a folder").count(), 1);
}

#[test]
fn nothing_is_changed_through_a_file_with_several_names() {
    let world = world();
    fs::hard_link(world.books.join("text.txt"), world.notes.join("book.txt")).expect("a hard link");
    fs::hard_link(world.outside.join("text.txt"), world.notes.join("out.txt")).expect("a hard link");
    for path in ["book.txt", "out.txt"] {
        for tool in ["open-to-write", "create", "empty", "touch"] {
            world.check_refused(tool, notes(path), "not-permitted");
        }
        let to = json!({ "slot": "/notes", "path": "third.txt" });
        world.check_refused("hard-link", with(notes(path), "to", to), "not-permitted");
        let outcome = world.call("change-what-is-open", notes(path));
        assert_eq!(outcome.ending, Ending::Returned(Some(json!({ "result": [] }))));
    }
    world.check("open-to-read", notes("book.txt"), Ok(json!("books")), None);
    assert_eq!(fs::read_to_string(world.books.join("text.txt")).expect("it is there"), "books");
    world.assert_outside_is_as_it_was();
}

#[test]
fn pipes_sockets_and_devices_are_not_opened_and_nobody_waits() {
    let world = world();
    make_pipe(&world.notes.join("pipe"));
    let _socket = std::os::unix::net::UnixListener::bind(world.notes.join("socket")).expect("a socket");
    for path in ["pipe", "socket"] {
        for tool in ["open-to-read", "open-to-write", "create", "empty"] {
            world.check_refused(tool, notes(path), "not-permitted");
        }
    }
    let devices = granting(&[("notes", Path::new("/dev"), Access::ReadOnly)]);
    let outcome = call(&devices, "open-to-read", notes("zero"));
    assert_eq!(outcome.ending, Ending::ToolError(json!("not-permitted")));
    assert!(outcome.refusals.contains(codes::CAP_FS));
}

/// Swaps two names while `work` runs, and ends when it does.
fn while_swapping<T>(one: &Path, other: &Path, work: impl FnOnce() -> T) -> T {
    let ended = AtomicBool::new(false);
    let swap = || {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        while !ended.load(Ordering::Relaxed) {
            renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).expect("two names are swapped");
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(swap);
        let answer = work();
        ended.store(true, Ordering::Relaxed);
        answer
    })
}

const TRIES: u32 = 400;

#[cfg(target_os = "linux")]
#[test]
fn a_link_swapped_in_while_opening_is_not_followed() {
    let world = world();
    let (folder, link) = (world.notes.join("a"), world.notes.join("b"));
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("text.txt"), "inside").expect("a file");
    symlink(&world.outside, &link).expect("a link");
    let outcome =
        while_swapping(&folder, &link, || world.call("read-again", with(notes("a/text.txt"), "times", json!(TRIES))));
    let Ending::Returned(Some(texts)) = outcome.ending else { panic!("{outcome:?}") };
    assert!([json!([]), json!(["inside"])].contains(&texts["result"]), "{texts}");
    world.assert_outside_is_as_it_was();
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_with_several_names_swapped_in_while_opening_is_not_changed() {
    let world = world();
    let (own, linked) = (world.notes.join("a"), world.notes.join("b"));
    fs::write(&own, "own").expect("a file");
    fs::hard_link(world.outside.join("text.txt"), &linked).expect("a hard link");
    let outcome = while_swapping(&own, &linked, || world.call("write-again", with(notes("a"), "times", json!(TRIES))));
    assert!(matches!(outcome.ending, Ending::Returned(_)), "{outcome:?}");
    world.assert_outside_is_as_it_was();
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_swapped_in_while_opening_is_not_waited_for() {
    let world = world();
    let (file, pipe) = (world.notes.join("a"), world.notes.join("b"));
    fs::write(&file, "inside").expect("a file");
    make_pipe(&pipe);
    let outcome = while_swapping(&file, &pipe, || world.call("read-again", with(notes("a"), "times", json!(TRIES))));
    let Ending::Returned(Some(texts)) = outcome.ending else { panic!("{outcome:?}") };
    assert!([json!([]), json!(["inside"])].contains(&texts["result"]), "{texts}");
}

/// The grant names a folder that cannot be opened: the tool does not have it, and the caller hears why.
#[track_caller]
fn check_missing(path: &Path, says: &str) {
    let outcome = call(&granting(&[("notes", path, Access::ReadWrite)]), "slots", json!({}));
    assert_eq!(outcome.ending, Ending::Returned(Some(json!({ "result": [] }))), "{}", path.display());
    assert!(outcome.refusals.contains(codes::CAP_FS), "{}", path.display());
    assert!(outcome.refusals.kept[0].message.contains(says), "{:?}", outcome.refusals);
}

#[test]
fn a_folder_that_is_gone_or_is_another_now_is_not_given() {
    let world = world();
    check_missing(&world.notes.join("gone"), "os error 2");
    check_missing(&world.notes.join("text.txt"), "not a folder");
    check_missing(Path::new("notes"), "not absolute");
    check_missing(&world.notes.join("../outside"), "goes up");
    symlink(&world.outside, world.notes.join("link")).expect("a link");
    check_missing(&world.notes.join("link"), "is a link");
    fs::create_dir(world.outside.join("deep")).expect("a folder");
    check_missing(&world.notes.join("link/deep"), "is a link");
}

#[test]
fn a_folder_that_goes_while_the_tool_works_is_the_tools_error() {
    let world = world();
    fs::remove_dir_all(&world.notes).expect("it is removed");
    let outcome = world.call("open-to-read", books("text.txt"));
    assert_eq!(outcome.ending, Ending::Returned(Some(json!({ "result": "books" }))));
    assert!(outcome.refusals.contains(codes::CAP_FS));
    world.check("open-to-read", notes("text.txt"), Err("no such slot"), Some(codes::CAP_FS));
}

#[test]
fn listings_are_bounded() {
    let world = world();
    (0..300).for_each(|number| fs::write(world.notes.join(format!("{number}")), "").expect("a file"));
    let held = world.call("hold-listings", json!({ "slot-name": "/notes", "count": 100 }));
    assert_eq!(held.ending, Ending::Returned(Some(json!({ "result": 100 }))));
    let held = world.call("hold-listings", json!({ "slot-name": "/notes", "count": 1_000 }));
    assert_eq!(held.ending, Ending::Returned(Some(json!({ "result": 65_536 / 301 }))));
    assert!(held.refusals.contains(codes::LIMIT_HOST_DATA));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_the_tools_error_and_the_host_goes_on() {
    let Some(disk) = SmallDisk::mount() else { return };
    let terms = granting(&[("notes", &disk.path, Access::ReadWrite)]);
    for path in ["full", "more"] {
        let outcome = call(&terms, "fill", notes(path));
        assert_eq!(outcome.ending, Ending::ToolError(json!("insufficient-space")), "{path}");
    }
    let outcome = call(&terms, "add-text", json!({ "path": "/notes/full", "text": "x".repeat(1 << 16) }));
    assert!(matches!(outcome.ending, Ending::ToolError(_)), "{outcome:?}");
    let outcome = call(&terms, "remove", notes("full"));
    assert_eq!(outcome.ending, Ending::Returned(Some(json!({ "result": "done" }))));
}

/// A disk of 256 KiB, gone when dropped. There is none where this program may not mount.
#[cfg(target_os = "linux")]
struct SmallDisk {
    path: PathBuf,
    _folder: TempDir,
}

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().canonicalize().expect("it is there");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "none"]).arg(&path).output();
        mount.is_ok_and(|done| done.status.success()).then_some(Self { path, _folder: folder })
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.path).status();
    }
}
