//! A guest for the host's tests: granted folders, used rightly and attacked.

use exports::guest::folders::tools::{Guest, Place};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags};

wit_bindgen::generate!({ world: "folders", path: "wit" });

struct Folders;
export!(Folders);

/// A granted folder.
fn slot(name: &str) -> Result<Descriptor, String> {
    let found = get_directories().into_iter().find(|(_, path)| path == name);
    found.map(|(folder, _)| folder).ok_or_else(|| "no such slot".to_owned())
}

fn named(error: ErrorCode) -> String {
    error.name().to_owned()
}

fn done<T>(answer: Result<T, ErrorCode>) -> Result<String, String> {
    answer.map(|_| "done".to_owned()).map_err(named)
}

fn open(place: &Place, open: OpenFlags, flags: DescriptorFlags) -> Result<Descriptor, String> {
    slot(&place.slot)?.open_at(PathFlags::SYMLINK_FOLLOW, &place.path, open, flags).map_err(named)
}

fn begin_of(file: &Descriptor) -> Result<String, String> {
    let (bytes, _) = file.read(64, 0).map_err(named)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

const READ: DescriptorFlags = DescriptorFlags::READ;
const WRITE: DescriptorFlags = DescriptorFlags::WRITE;

fn read_place(place: &Place) -> Result<String, String> {
    begin_of(&open(place, OpenFlags::empty(), READ)?)
}

fn write_place(place: &Place) -> Result<String, String> {
    done(open(place, OpenFlags::empty(), WRITE)?.write(b"changed", 0))
}

impl Guest for Folders {
    fn slots() -> Vec<String> {
        get_directories().into_iter().map(|(_, path)| path).collect()
    }
    fn read_text(path: String) -> Result<String, String> {
        fs::read_to_string(path).map_err(|error| error.to_string())
    }
    fn write_text(path: String, text: String) -> Result<u64, String> {
        fs::write(path, &text).map(|()| text.len() as u64).map_err(|error| error.to_string())
    }
    fn add_text(path: String, text: String) -> Result<u64, String> {
        let mut file = fs::OpenOptions::new().append(true).open(path).map_err(|error| error.to_string())?;
        file.write_all(text.as_bytes()).and_then(|()| file.metadata()).map(|it| it.len()).map_err(|error| error.to_string())
    }
    fn list_folder(path: String) -> Result<Vec<String>, String> {
        let entries = fs::read_dir(path).map_err(|error| error.to_string())?;
        let names = entries.map(|entry| entry.map(|it| it.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        names.sort();
        Ok(names)
    }
    fn work(path: String) -> Result<String, String> {
        work(&path).map_err(|error| error.to_string())
    }

    fn open_to_read(place: Place) -> Result<String, String> {
        read_place(&place)
    }
    fn open_to_write(place: Place) -> Result<String, String> {
        write_place(&place)
    }
    fn create(place: Place) -> Result<String, String> {
        open(&place, OpenFlags::CREATE, READ | WRITE).map(|_| "done".to_owned())
    }
    fn empty(place: Place) -> Result<String, String> {
        open(&place, OpenFlags::TRUNCATE, READ | WRITE).map(|_| "done".to_owned())
    }
    fn change_what_is_open(place: Place) -> Result<Vec<String>, String> {
        let file = open(&place, OpenFlags::empty(), READ)?;
        let tried = [
            ("set-times", file.set_times(NewTimestamp::Now, NewTimestamp::Now).is_ok()),
            ("set-size", file.set_size(0).is_ok()),
            ("write", file.write(b"changed", 0).is_ok()),
            ("write-via-stream", file.write_via_stream(0).is_ok_and(|it| it.blocking_write_and_flush(b"x").is_ok())),
            ("append-via-stream", file.append_via_stream().is_ok_and(|it| it.blocking_write_and_flush(b"x").is_ok())),
        ];
        Ok(tried.iter().filter(|(_, succeeded)| *succeeded).map(|(name, _)| (*name).to_owned()).collect())
    }
    fn touch(place: Place) -> Result<String, String> {
        let (follow, now) = (PathFlags::SYMLINK_FOLLOW, NewTimestamp::Now);
        done(slot(&place.slot)?.set_times_at(follow, &place.path, now, now))
    }
    fn look(place: Place) -> Result<String, String> {
        let found = slot(&place.slot)?.stat_at(PathFlags::SYMLINK_FOLLOW, &place.path).map_err(named)?;
        Ok(format!("{:?}", found.type_))
    }
    fn read_link(place: Place) -> Result<String, String> {
        slot(&place.slot)?.readlink_at(&place.path).map_err(named)
    }
    fn remove(place: Place) -> Result<String, String> {
        done(slot(&place.slot)?.unlink_file_at(&place.path))
    }
    fn make_folder(place: Place) -> Result<String, String> {
        done(slot(&place.slot)?.create_directory_at(&place.path))
    }
    fn hard_link(place: Place, to: Place) -> Result<String, String> {
        done(slot(&place.slot)?.link_at(PathFlags::empty(), &place.path, &slot(&to.slot)?, &to.path))
    }
    fn move_file(place: Place, to: Place) -> Result<String, String> {
        done(slot(&place.slot)?.rename_at(&place.path, &slot(&to.slot)?, &to.path))
    }
    fn link_to(place: Place, target: String) -> Result<String, String> {
        done(slot(&place.slot)?.symlink_at(&target, &place.path))
    }
    fn read_again(place: Place, times: u32) -> Vec<String> {
        let texts: BTreeSet<_> = (0..times).filter_map(|_| read_place(&place).ok()).collect();
        texts.into_iter().collect()
    }
    fn write_again(place: Place, times: u32) -> u32 {
        (0..times).filter(|_| write_place(&place).is_ok()).count() as u32
    }
    fn fill(place: Place) -> Result<u64, String> {
        let file = open(&place, OpenFlags::CREATE, READ | WRITE)?;
        let block = vec![b'x'; 64 << 10];
        let mut at = 0;
        loop {
            at += file.write(&block, at).map_err(named)?;
        }
    }
    fn hold_listings(slot_name: String, count: u32) -> u32 {
        let Ok(folder) = slot(&slot_name) else { return 0 };
        let held: Vec<_> = (0..count).map_while(|_| folder.read_directory().ok()).collect();
        held.len() as u32
    }
    fn long_path(slot_name: String, bytes: u32) -> Result<String, String> {
        let folder = slot(&slot_name)?;
        done(folder.stat_at(PathFlags::empty(), &"a/".repeat(bytes as usize / 2)))
    }
}

fn work(path: &str) -> std::io::Result<String> {
    let inside = |name: &str| format!("{path}/desk/{name}");
    fs::create_dir(format!("{path}/desk"))?;
    fs::write(inside("a.txt"), "written")?;
    fs::rename(inside("a.txt"), inside("b.txt"))?;
    fs::hard_link(inside("b.txt"), inside("c.txt"))?;
    let text = fs::read_to_string(inside("c.txt"))?;
    fs::remove_file(inside("b.txt"))?;
    let file = fs::OpenOptions::new().write(true).open(inside("c.txt"))?;
    file.set_len(4)?;
    file.sync_all()?;
    let shorter = fs::read_to_string(inside("c.txt"))?;
    fs::remove_dir_all(format!("{path}/desk"))?;
    Ok(format!("{text} {shorter}"))
}
