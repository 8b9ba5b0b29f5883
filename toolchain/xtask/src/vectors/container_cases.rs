//! Chapter `package`, the container: one spelling for each file, lengths that fit, names that mean one file everywhere.

use super::{
    archive::{Archive, Entry},
    case::Case,
    draft::{Content, Draft, admission, full, good},
    keys::TestKey,
};

const TWIN: &str = "package/valid";
/// The good package with one more entry.
const BESIDE_TWIN: &str = "package/extra-entry";

/// The container's part of the chapter.
pub(super) fn cases() -> Vec<Case> {
    [accepted(), flipped_bits(), ends(), lengths(), names(), kinds(), duplicates(), agreement(), limits()].concat()
}

fn bad(name: &str, code: &'static str, why: &'static str, file: impl Into<Vec<u8>>) -> Case {
    admission().refuse(&format!("package/{name}"), code, why, TWIN, file)
}

/// Refused because of an entry beside those of the good package.
fn bad_beside(name: &str, code: &'static str, why: &'static str, file: impl Into<Vec<u8>>) -> Case {
    admission().refuse(&format!("package/{name}"), code, why, BESIDE_TWIN, file)
}

fn signed(draft: &Draft) -> Archive {
    draft.signed(&[&TestKey::acme()])
}

/// The good package with one more entry.
fn beside(name: &str) -> Draft {
    Draft::new().add(Content::plain(name, "text"))
}

fn accepted() -> Vec<Case> {
    vec![
        admission().accept(TWIN, "a small package, admitted", &good()),
        admission().accept(BESIDE_TWIN, "the same with one more entry", &signed(&beside("wit/a.wit"))),
        full().accept("package/valid-full", "the same with its content unpacked and checked", &good()),
    ]
}

/// One bit each, found before anything is unpacked.
fn flipped_bits() -> Vec<Case> {
    let content = |entry: &str, at: usize| {
        let mut archive = good();
        archive.entry(entry).content[at] ^= 1;
        archive.to_bytes()
    };
    let file = |change: &dyn Fn(&Archive) -> usize| {
        let archive = good();
        let mut bytes = archive.to_bytes();
        bytes[change(&archive)] ^= 1;
        bytes
    };
    let header = |entry: &'static str, at: usize| file(&move |archive| archive.offset(entry) + at);
    let signature = good().entry("signatures/").content.clone();
    let in_comment = String::from_utf8_lossy(&signature).find("1.0.0").expect("the comment holds the version");
    let mismatch = "pkg.manifest-mismatch";
    vec![
        bad("flipped-bit-manifest", "sig.invalid", "one bit of the manifest", content("mpp.json", 60)),
        bad(
            "flipped-bit-signature",
            "sig.invalid",
            "one bit of a signature's comment",
            content("signatures/", in_comment),
        ),
        bad("flipped-bit-component", mismatch, "one bit of the component", content("component", 40)),
        bad("flipped-bit-tools", mismatch, "one bit of the tools", content("tools", 40)),
        bad("flipped-bit-wit", mismatch, "one bit of the WIT", content("wit/", 10)),
        bad("flipped-bit-header-mode", "pkg.header", "one bit of an entry's mode", header("component", 106)),
        bad("flipped-bit-header-time", "pkg.header", "one bit of an entry's time", header("wit/", 146)),
        bad("flipped-bit-header-checksum", "pkg.header", "one bit of a header's checksum", header("mpp.json", 150)),
        bad("flipped-bit-header-filler", "pkg.header", "one bit of the unused end of a header", header("tools", 511)),
        bad(
            "flipped-bit-padding",
            "pkg.length",
            "one bit of the zeros after an entry",
            file(&|archive| archive.to_bytes().len() - 1025),
        ),
        bad(
            "flipped-bit-end",
            "pkg.trailing",
            "one bit of the last block",
            file(&|archive| archive.to_bytes().len() - 1),
        ),
    ]
}

fn ends() -> Vec<Case> {
    let file = good().to_bytes();
    let with = |more: &[u8]| [file.as_slice(), more].concat();
    let before = |more: &[u8]| [more, &file].concat();
    let hidden = Archive(vec![Entry::new("hidden", "text")]).to_bytes();
    vec![
        bad("appended-byte", "pkg.trailing", "one byte after the end", with(&[0])),
        bad("appended-block", "pkg.trailing", "a third block of zeros", with(&[0; 512])),
        bad("appended-archive", "pkg.trailing", "another archive after the end", with(&hidden)),
        bad("prepended-byte", "pkg.magic", "one byte before the beginning", before(&[0])),
        bad("prepended-archive", "pkg.magic", "another entry before the manifest", before(&hidden[..1024])),
        bad("empty-file", "pkg.magic", "a file of no bytes", Vec::new()),
        bad("gzip", "pkg.magic", "a compressed archive is not a package", b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec()),
    ]
}

fn lengths() -> Vec<Case> {
    let file = good().to_bytes();
    let mut long = good();
    long.entry("mpp.json").size = 900_000;
    let mut huge = good();
    huge.entry("mpp.json").size = (1 << 20) + 1;
    let in_component = good().offset("component") + 520;
    vec![
        bad(
            "length-beyond-the-file",
            "pkg.length",
            "the manifest claims more bytes than the file has",
            long.to_bytes(),
        ),
        bad(
            "manifest-over-one-mebibyte",
            "limit.manifest",
            "the manifest claims more than a manifest may have",
            huge.to_bytes(),
        ),
        bad("truncated-entry", "pkg.length", "the file ends inside of an entry", &file[..in_component]),
        bad("truncated-end", "pkg.length", "the last block of zeros is missing", &file[..file.len() - 512]),
        bad("truncated-header", "pkg.length", "the file ends inside of a header", &file[..file.len() - 1024 - 700]),
    ]
}

/// In manifest and archive alike, and rightly signed: only the name is the reason.
fn names() -> Vec<Case> {
    let refuse = |case: &str, why, name: &str| bad_beside(case, "pkg.path", why, signed(&beside(name)).to_bytes());
    vec![
        refuse("path-parent", "a name that leads out of the folder", "../evil"),
        refuse("path-parent-inside", "a name that leads out later", "wit/../../evil"),
        refuse("path-dot", "a name with a part that is nothing", "./evil"),
        refuse("path-absolute", "a name from the root", "/etc/passwd"),
        refuse("path-backslash", "a name that is a path on Windows", "wit\\evil.wit"),
        refuse("path-drive", "a name with a drive", "c:evil"),
        refuse("path-empty", "no name", ""),
        refuse("path-empty-part", "two slashes in a row", "wit//evil.wit"),
        refuse("path-nul", "a name that ends early for some readers", "wit/a\0b.wit"),
        refuse("path-not-ascii", "a name with letters that look like others", "wit/\u{440}.wit"),
        refuse("path-device", "a name that is a device on Windows", "wit/nul.wit"),
    ]
}

fn kinds() -> Vec<Case> {
    let typed = |kind: u8, link: &'static str| {
        let mut archive = good();
        (archive.entry("wit/").kind, archive.entry("wit/").link) = (kind, link);
        archive.to_bytes()
    };
    let refuse = |name: &str, why, file| bad(name, "pkg.entry-type", why, file);
    vec![
        refuse("entry-hard-link", "a hard link", typed(b'1', "mpp.json")),
        refuse("entry-symbolic-link", "a symbolic link", typed(b'2', "/etc/passwd")),
        refuse("entry-device", "a character device", typed(b'3', "")),
        refuse("entry-block-device", "a block device", typed(b'4', "")),
        refuse("entry-folder", "a folder", typed(b'5', "")),
        refuse("entry-fifo", "a fifo", typed(b'6', "")),
        refuse("entry-pax", "a header that changes the next one", typed(b'x', "")),
        refuse("entry-gnu-long-name", "a long name in GNU's way", typed(b'L', "")),
        refuse("entry-old-style", "a plain file as old tar wrote it", typed(0, "")),
    ]
}

fn duplicates() -> Vec<Case> {
    let refuse = |case: &str, why, name: &str| bad_beside(case, "pkg.duplicate", why, signed(&beside(name)).to_bytes());
    let again = |name: &str| {
        let mut archive = good();
        let entry = archive.entry(name).clone();
        archive.0.push(entry);
        archive.to_bytes()
    };
    vec![
        refuse("duplicate", "two entries of one name", "wit/sum.wit"),
        refuse("duplicate-case", "two names that differ only in case", "wit/SUM.wit"),
        refuse("duplicate-folder-case", "two names that differ only in the case of a folder", "WIT/sum.wit"),
        refuse("file-as-folder", "a file that is also a folder", "wit/sum.wit/inner"),
        bad("duplicate-not-listed", "pkg.duplicate", "an entry once more at the end", again("wit/")),
        bad("duplicate-manifest", "pkg.duplicate", "a second manifest at the end", again("mpp.json")),
        bad_beside(
            "content-among-signatures",
            "pkg.path",
            "content in the folder of the signatures",
            signed(&beside("Signatures/a.txt")).to_bytes(),
        ),
    ]
}

/// What the archive holds and what the manifest lists.
fn agreement() -> Vec<Case> {
    let mismatch = |name: &str, why, archive: &Archive| bad(name, "pkg.manifest-mismatch", why, archive.to_bytes());
    let change = |edit: &dyn Fn(&mut Archive)| {
        let mut archive = good();
        edit(&mut archive);
        archive
    };
    let unlisted = change(&|archive| archive.0.push(Entry::new("wit/zzz.wit", "text")));
    let absent = change(&|archive| drop(archive.0.pop()));
    let longer = change(&|archive| {
        let content = [archive.entry("wit/").content.as_slice(), b"\n"].concat();
        *archive.entry("wit/") = Entry::new("wit/sum.wit", content);
    });
    let exchanged = change(&|archive| {
        let content = archive.entry("wit/").content.clone();
        *archive.entry("wit/") = Entry::new("wit/sum.wit", vec![b' '; content.len()]);
    });
    let swapped = change(&|archive| {
        let place = archive.position("component");
        archive.0.swap(place, place + 1);
    });
    let mut unsorted = beside("wit/a.wit");
    unsorted.content.swap(2, 3);
    vec![
        mismatch("entry-not-listed", "an entry that the manifest does not list", &unlisted),
        mismatch("entry-absent", "the last listed entry is not there", &absent),
        mismatch("entry-other-size", "an entry that is longer than listed", &longer),
        mismatch("entry-other-content", "an entry with other bytes of the same length", &exchanged),
        bad("entries-swapped", "pkg.order", "two listed entries in the other order", swapped.to_bytes()),
        bad_beside(
            "manifest-not-sorted",
            "pkg.order",
            "the manifest lists its entries in another order",
            signed(&unsorted).to_bytes(),
        ),
    ]
}

fn limits() -> Vec<Case> {
    let with = |count: usize| {
        let mut draft = Draft::new();
        let more = (0..count - draft.content.len()).map(|n| Content::plain(&format!("wit/x{n:04}"), "x"));
        draft.content.extend(more.collect::<Vec<_>>());
        signed(&draft)
    };
    let twin = "package/entries-1024";
    let why = "two thousand entries";
    let draft = beside("wit/big.wit");
    let manifest = draft.manifest_text().replace("\"size\": 4,", &format!("\"size\": {},", 65 << 20));
    let mut large = draft.sealed(&manifest, &[&TestKey::acme()], super::draft::COMMENT);
    large.entry("wit/big").size = 65 << 20;
    vec![
        admission().accept(twin, "as many entries as a package may have", &with(1024)),
        admission().refuse("package/entries-2000", "limit.entries", why, twin, with(2000).to_bytes()),
        bad_beside(
            "file-over-64-mebibytes",
            "limit.file",
            "an entry that claims more than a file may have",
            large.to_bytes(),
        ),
    ]
}
