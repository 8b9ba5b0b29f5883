//! Chapter `package`, the container: one spelling for each file, lengths that fit, names that mean one file everywhere.

use super::{
    archive::{Archive, Entry},
    case::{Case, under},
    draft::{Content, Draft, admission, full, good},
    keys::TestKey,
};

const TWIN: &str = "package/valid";
/// The good package with one more entry.
const BESIDE_TWIN: &str = "package/extra-entry";

/// The container's part of the chapter.
pub(super) fn cases() -> Vec<Case> {
    [
        under("PKG-1", accepted()),
        under("PKG-60", flipped_bits()),
        under("PKG-2", ends()),
        under("PKG-7", beginnings()),
        under("PKG-3", lengths()),
        under("PKG-4", headers()),
        under("PKG-5", names()),
        under("PKG-4", kinds()),
        under("PKG-6", duplicates()),
        under("PKG-9", agreement()),
        under("PKG-33", limits()),
    ]
    .concat()
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
        admission().accept(TWIN, "a small package, admitted under the SHA-256 of its manifest (PKG-45)", &good()),
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
    let hidden = Archive(vec![Entry::new("hidden", "text")]).to_bytes();
    let place = file.len() - 1024;
    let after_zeros = [&file[..place], &[0; 512], &hidden[..1024], &file[place..]].concat();
    vec![
        bad("appended-byte", "pkg.trailing", "one byte after the end", with(&[0])),
        bad("appended-block", "pkg.trailing", "a third block of zeros", with(&[0; 512])),
        bad("appended-archive", "pkg.trailing", "another archive after the end", with(&hidden)),
        bad("entry-after-the-end", "pkg.trailing", "an entry after the first block of zeros", after_zeros),
        bad("truncated-before-the-end", "pkg.length", "both blocks of zeros are missing", &file[..file.len() - 1024]),
    ]
}

fn beginnings() -> Vec<Case> {
    let file = good().to_bytes();
    let before = |more: &[u8]| [more, &file].concat();
    let hidden = Archive(vec![Entry::new("hidden", "text")]).to_bytes();
    let mut swapped = good();
    swapped.0.swap(0, 1);
    let longer = good().with_header("mpp.json", 0, b"mpp.json5");
    vec![
        bad("signature-first", "pkg.magic", "a signature before the manifest", swapped.to_bytes()),
        bad("manifest-under-a-longer-name", "pkg.magic", "a name that only begins as the manifest's", longer),
        bad("truncated-first-name", "pkg.length", "the file ends inside of the first name", &file[..5]),
        bad("truncated-after-the-first-name", "pkg.length", "the file ends after the first name", &file[..9]),
        bad("short-and-another", "pkg.magic", "a file of five bytes that begins as nothing we know", b"mpp.x".to_vec()),
        bad("zeros", "pkg.magic", "an archive without entries", vec![0; 1024]),
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
    let mut short = good();
    short.entry("mpp.json").size -= 1;
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
            "the manifest claims more than a manifest may have (PKG-31)",
            huge.to_bytes(),
        ),
        bad(
            "length-too-short",
            "pkg.length",
            "the manifest has one byte more than its header claims",
            short.to_bytes(),
        ),
        bad("truncated-entry", "pkg.length", "the file ends inside of an entry", &file[..in_component]),
        bad("truncated-end", "pkg.length", "the last block of zeros is missing", &file[..file.len() - 512]),
        bad("truncated-header", "pkg.length", "the file ends inside of a header", &file[..file.len() - 1024 - 700]),
    ]
}

/// Each with a right checksum, so that other readers see the same entry.
fn headers() -> Vec<Case> {
    let refuse =
        |name: &str, why, at: usize, bytes: &[u8]| bad(name, "pkg.header", why, good().with_header("wit/", at, bytes));
    let size = good().entry("wit/").size;
    let binary = [&[0x80, 0, 0, 0], size.to_be_bytes().as_slice()].concat();
    vec![
        refuse("header-mode", "a mode that lets everybody write", 100, b"0000666\0"),
        refuse("header-set-user-id", "a mode that runs as its owner", 100, b"0004755\0"),
        refuse("header-owner", "an owner", 108, b"0001750\0"),
        refuse("header-group", "a group", 116, b"0001750\0"),
        refuse("header-size-with-spaces", "a size that begins with spaces", 124, format!("{size:11o}\0").as_bytes()),
        refuse(
            "header-size-ended-by-a-space",
            "a size that ends with a space",
            124,
            format!("{size:011o} ").as_bytes(),
        ),
        refuse("header-size-in-binary", "a size in GNU's binary form", 124, &binary),
        refuse("header-time", "a time", 136, b"14000000000\0"),
        refuse("header-link-name", "a plain file that names a link", 157, b"mpp.json"),
        refuse("header-gnu-magic", "the mark of GNU tar", 257, b"ustar  \0"),
        refuse("header-without-magic", "no mark, as tar before POSIX", 257, &[0; 8]),
        refuse("header-owner-name", "the name of an owner", 265, b"root"),
        refuse("header-group-name", "the name of a group", 297, b"root"),
        refuse("header-device-number", "the number of a device", 329, b"0000001\0"),
        refuse("header-prefix", "a folder in the prefix field: another name for other readers", 345, b"../.."),
        refuse("header-filler", "a byte in the unused end", 511, b"x"),
    ]
}

/// In manifest and archive alike, and rightly signed: only the name is the reason.
fn names() -> Vec<Case> {
    let refuse = |case: &str, why, name: &str| bad_beside(case, "pkg.path", why, signed(&beside(name)).to_bytes());
    let longest = signed(&beside(&format!("wit/{}", "a".repeat(96))));
    let almost = signed(&beside("wit/com10.wit").add(Content::plain("wit/console.wit", "text")));
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
        refuse("path-device-numbered", "a name that is a port on Windows", "wit/Com1.wit"),
        refuse("path-ends-in-a-dot", "a name that Windows shortens", "wit/evil.wit."),
        refuse("path-ends-in-a-slash", "the name of a folder", "wit/evil/"),
        refuse("path-line-feed", "a name of two lines", "wit/evil\n.wit"),
        refuse("path-space", "a name with a space", "wit/evil .wit"),
        admission().accept("package/path-longest", "a name as long as it may be", &longest),
        admission().accept("package/path-almost-a-device", "names that only begin as a device's", &almost),
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
    let renamed = |name: &str, again: &str| {
        let mut archive = good();
        let entry = Entry::new(again, archive.entry(name).content.clone());
        archive.0.push(entry);
        archive.to_bytes()
    };
    let again = |name: &str| renamed(name, &String::from_utf8_lossy(&good().entry(name).name));
    vec![
        refuse("duplicate", "two entries of one name", "wit/sum.wit"),
        refuse("duplicate-case", "two names that differ only in case", "wit/SUM.wit"),
        refuse("duplicate-folder-case", "two names that differ only in the case of a folder", "WIT/sum.wit"),
        refuse("file-as-folder", "a file that is also a folder", "wit/sum.wit/inner"),
        bad("duplicate-not-listed", "pkg.duplicate", "an entry once more at the end (PKG-9)", again("wit/")),
        bad("duplicate-manifest", "pkg.duplicate", "a second manifest at the end (PKG-9)", again("mpp.json")),
        bad(
            "duplicate-manifest-case",
            "pkg.duplicate",
            "the same in capitals (PKG-9)",
            renamed("mpp.json", "MPP.JSON"),
        ),
        bad("duplicate-signature", "pkg.duplicate", "a signature once more at the end (PKG-9)", again("signatures/")),
        bad(
            "duplicate-signature-case",
            "pkg.duplicate",
            "the same in a folder in capitals (PKG-9)",
            renamed("signatures/", &format!("SIGNATURES/{}.minisig", TestKey::acme().id())),
        ),
        bad(
            "signature-after-content",
            "pkg.manifest-mismatch",
            "the signature of another key at the end (PKG-9)",
            renamed("signatures/", &format!("signatures/{}.minisig", TestKey::second().id())),
        ),
        bad_beside(
            "content-among-signatures",
            "pkg.path",
            "content in the folder of the signatures (PKG-42)",
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
    let empty = Draft::new().add(Content::plain("wit/a.wit", ""));
    let mut unsorted = beside("wit/a.wit");
    unsorted.content.swap(2, 3);
    vec![
        admission().accept("package/entry-empty", "an entry of no bytes", &signed(&empty)),
        mismatch("entry-not-listed", "an entry that the manifest does not list", &unlisted),
        mismatch("entry-absent", "the last listed entry is not there", &absent),
        mismatch("entry-other-size", "an entry that is longer than listed", &longer),
        mismatch("entry-other-content", "an entry with other bytes of the same length", &exchanged),
        bad("entries-swapped", "pkg.order", "two listed entries in the other order", swapped.to_bytes()),
        bad_beside(
            "manifest-not-sorted",
            "pkg.order",
            "the manifest lists its entries in another order (PKG-42)",
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
    let begins = large.offset("wit/big") as u64 + 512;
    let room = (64 << 20) - 1024 - begins;
    let with_size = |size: u64| {
        let manifest = draft.manifest_text().replace("\"size\": 4,", &format!("\"size\": {size},"));
        let mut archive = draft.sealed(&manifest, &[&TestKey::acme()], super::draft::COMMENT);
        assert_eq!(archive.offset("wit/big") as u64 + 512, begins, "the manifest grew into another block");
        archive.entry("wit/big").size = size;
        archive.to_bytes()
    };
    vec![
        bad_beside(
            "file-of-64-mebibytes-cut-short",
            "pkg.length",
            "an entry after which the file would be as large as it may be, if it were all there (PKG-30)",
            with_size(room),
        ),
        bad_beside(
            "file-over-64-mebibytes-by-its-end",
            "limit.file",
            "an entry that is one byte too large for the two blocks of zeros to fit (PKG-30, PKG-37)",
            with_size(room + 1),
        ),
        admission().refuse("package/entries-1025", "limit.entries", "one entry too many", twin, with(1025).to_bytes()),
        admission().accept(twin, "as many entries as a package may have", &with(1024)),
        admission().refuse("package/entries-2000", "limit.entries", why, twin, with(2000).to_bytes()),
        bad_beside(
            "file-over-64-mebibytes",
            "limit.file",
            "an entry that claims more than a file may have (PKG-30, PKG-38)",
            large.to_bytes(),
        ),
    ]
}
