//! Git repositories by hand: objects, loose and in a pack, so that a case can hold what no git program would write.

use super::{index_draft::Files, keys::hex};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};
use std::collections::BTreeMap;

/// A plain file in a tree.
pub(super) const FILE: &str = "100644";
/// A folder in a tree.
const FOLDER: &str = "40000";

/// The name of an object.
type Id = [u8; 20];

/// An entry of a tree.
#[derive(Clone)]
struct Entry {
    mode: &'static str,
    name: Vec<u8>,
    id: Id,
}

/// A bare repository.
#[derive(Clone, Default)]
pub(super) struct Repository {
    /// Kind and content of each object.
    objects: BTreeMap<Id, (&'static str, Vec<u8>)>,
    /// What its files hold that are no objects, and those that were spoilt.
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

impl Repository {
    /// One without commits.
    pub(super) fn new() -> Self {
        let mut repository = Self::default();
        repository.put("HEAD", b"ref: refs/heads/main\n");
        repository.put("config", b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n");
        repository
    }

    /// Writes a file.
    pub(super) fn put(&mut self, path: &str, bytes: &[u8]) {
        self.files.insert(path.to_owned(), bytes.to_vec());
    }

    /// Adds an object.
    fn object(&mut self, kind: &'static str, content: Vec<u8>) -> Id {
        let id = Sha1::digest(framed(kind, &content)).into();
        self.objects.insert(id, (kind, content));
        id
    }

    /// Adds a file's content.
    pub(super) fn blob(&mut self, content: &[u8]) -> Id {
        self.object("blob", content.to_vec())
    }

    /// Adds a commit of these files, and of one entry more in its root tree.
    pub(super) fn commit(&mut self, files: &Files, more: Option<(&'static str, &str, Id)>) -> Id {
        let mut entries = self.entries(files);
        entries.extend(more.map(|(mode, name, id)| Entry { mode, name: name.as_bytes().to_vec(), id }));
        let tree = hex(&self.tree(entries));
        let who = "mpp <mpp@localhost> 0 +0000";
        self.object("commit", format!("tree {tree}\nauthor {who}\ncommitter {who}\n\nIndex\n").into_bytes())
    }

    /// Adds the files below a folder.
    fn entries(&mut self, files: &Files) -> Vec<Entry> {
        let mut folders: BTreeMap<&str, Files> = BTreeMap::new();
        let mut entries = Vec::new();
        for (path, content) in files {
            match path.split_once('/') {
                Some((folder, rest)) => {
                    drop(folders.entry(folder).or_default().insert(rest.to_owned(), content.clone()))
                }
                None => {
                    let id = self.blob(content.as_bytes());
                    entries.push(Entry { mode: FILE, name: path.as_bytes().to_vec(), id });
                }
            }
        }
        for (name, files) in folders {
            let below = self.entries(&files);
            let id = self.tree(below);
            entries.push(Entry { mode: FOLDER, name: name.as_bytes().to_vec(), id });
        }
        entries
    }

    /// Adds a tree. Git sorts folders as if their names ended with a slash.
    fn tree(&mut self, mut entries: Vec<Entry>) -> Id {
        let key = |entry: &Entry| [entry.name.as_slice(), if entry.mode == FOLDER { b"/" } else { b"" }].concat();
        entries.sort_by_key(key);
        let entry = |entry: &Entry| [entry.mode.as_bytes(), b" ", &entry.name, b"\0", &entry.id].concat();
        self.object("tree", entries.iter().flat_map(entry).collect())
    }

    /// Moves the branch.
    pub(super) fn set_main(&mut self, id: Id) {
        self.put("refs/heads/main", format!("{}\n", hex(&id)).as_bytes());
    }

    /// Where the loose file of an object is.
    pub(super) fn loose(id: Id) -> String {
        let id = hex(&id);
        format!("objects/{}/{}", &id[..2], &id[2..])
    }

    /// The bytes of the loose file of an object.
    pub(super) fn loose_bytes(&self, id: Id) -> Vec<u8> {
        let (kind, content) = &self.objects[&id];
        zlib(&framed(kind, content))
    }

    /// All files, each object in one of its own.
    pub(super) fn with_loose_objects(&self) -> Vec<u8> {
        let mut files: BTreeMap<_, _> =
            self.objects.keys().map(|id| (Self::loose(*id), self.loose_bytes(*id))).collect();
        files.extend(self.files.clone());
        input(&files)
    }

    /// All files, with every object in one pack, whose bytes are spoilt after they were put together.
    pub(super) fn with_a_pack(&self, spoil: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut pack = [&b"PACK\0\0\0\x02"[..], &length(self.objects.len())].concat();
        let mut places = Vec::new();
        for (id, (kind, content)) in &self.objects {
            let start = pack.len();
            pack.extend(entry_header(kind, content.len()));
            pack.extend(zlib(content));
            places.push((*id, start, crc32(&pack[start..])));
        }
        let sum: Id = Sha1::digest(&pack).into();
        pack.extend(sum);
        let index = pack_index(&places, sum);
        spoil(&mut pack);
        let mut files = self.files.clone();
        let name = format!("objects/pack/pack-{}", hex(&sum));
        files.insert(format!("{name}.pack"), pack);
        files.insert(format!("{name}.idx"), index);
        input(&files)
    }
}

/// Files as an input: one object, from paths to base64.
fn input(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let files: BTreeMap<_, _> = files.iter().map(|(path, bytes)| (path, STANDARD.encode(bytes))).collect();
    (serde_json::to_string_pretty(&files).unwrap_or_default() + "\n").into_bytes()
}

fn framed(kind: &str, content: &[u8]) -> Vec<u8> {
    [format!("{kind} {}\0", content.len()).as_bytes(), content].concat()
}

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

/// A zlib stream that stores its content as it is.
fn zlib(content: &[u8]) -> Vec<u8> {
    const STORED_MAX: usize = 0xffff;
    let mut stream = vec![0x78, 0x01];
    let blocks = content.len().div_ceil(STORED_MAX).max(1);
    for number in 0..blocks {
        let block = &content[number * STORED_MAX..content.len().min((number + 1) * STORED_MAX)];
        let size = block.len() as u16;
        stream.push(u8::from(number + 1 == blocks));
        stream.extend(size.to_le_bytes());
        stream.extend((!size).to_le_bytes());
        stream.extend(block);
    }
    let (a, b) = content.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (b + a) % 65521)
    });
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}

/// Kind and size of an object in a pack.
fn entry_header(kind: &str, size: usize) -> Vec<u8> {
    let number = match kind {
        "commit" => 1,
        "tree" => 2,
        _ => 3,
    };
    let (mut byte, mut rest) = ((number << 4) | (size & 15) as u8, size >> 4);
    let mut header = Vec::new();
    while rest > 0 {
        header.push(byte | 0x80);
        (byte, rest) = ((rest & 0x7f) as u8, rest >> 7);
    }
    header.push(byte);
    header
}

/// The index of a pack, version 2: how many objects begin with up to which byte, their ids, checksums and places.
fn pack_index(places: &[(Id, usize, u32)], pack: Id) -> Vec<u8> {
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    for byte in 0..=u8::MAX {
        index.extend(length(places.iter().filter(|(id, ..)| id[0] <= byte).count()));
    }
    places.iter().for_each(|(id, ..)| index.extend(id));
    places.iter().for_each(|(.., crc)| index.extend(crc.to_be_bytes()));
    places.iter().for_each(|(_, start, _)| index.extend(length(*start)));
    index.extend(pack);
    let sum: Id = Sha1::digest(&index).into();
    index.extend(sum);
    index
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::{Repository, crc32, zlib};
    use crate::vectors::keys::hex;

    #[test]
    fn the_sums_are_the_known_ones() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(zlib(b"a"), [0x78, 0x01, 1, 1, 0, 0xfe, 0xff, b'a', 0, 0x62, 0, 0x62]);
        let mut repository = Repository::new();
        assert_eq!(hex(&repository.blob(b"hello\n")), "ce013625030ba8dba906f756967f9e9ca394464a");
    }
}
