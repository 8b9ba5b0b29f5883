//! The one header block that an entry can have (PKG-3).
//!
//! POSIX ustar, all of it fixed but name, size and checksum: mode 0644, owner and group 0 without names, time 0, a plain file.

use super::{ContainerError, check_path};
use crate::limits::PATH_BYTES_MAX;

/// Tar counts in blocks of this many bytes.
pub const BLOCK_BYTES: usize = 512;

const SIZE: std::ops::Range<usize> = 124..136;
const CHECKSUM: std::ops::Range<usize> = 148..156;
const TYPE: usize = 156;
/// The largest size that eleven octal digits hold.
const SIZE_MAX: u64 = (1 << 33) - 1;

/// The header block of a plain file with this name and size.
///
/// # Panics
/// When the name is longer than 100 bytes or the size has more than eleven octal digits: no package holds such an entry.
pub fn header_block(name: &str, size: u64) -> [u8; BLOCK_BYTES] {
    assert!(name.len() <= PATH_BYTES_MAX && size <= SIZE_MAX, "no header block for `{name}` with {size} bytes");
    let mut block = [0; BLOCK_BYTES];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(SIZE.start, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(TYPE, b"0");
    put(257, b"ustar\x0000");
    put(329, b"0000000\0");
    put(337, b"0000000\0");
    set_checksum(&mut block);
    block
}

/// Writes the checksum that belongs to the other bytes of a block: six octal digits, a NUL and a space.
pub fn set_checksum(block: &mut [u8; BLOCK_BYTES]) {
    block[CHECKSUM].fill(b' ');
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// The name and size of a header block that stands at byte `at`, or why it is not the canonical one.
pub(super) fn read(block: &[u8; BLOCK_BYTES], at: u64) -> Result<(String, u64), ContainerError> {
    let field = &block[..PATH_BYTES_MAX];
    let name_end = field.iter().position(|&byte| byte == 0).unwrap_or(PATH_BYTES_MAX);
    let name = String::from_utf8_lossy(&field[..name_end]).into_owned();
    if block[TYPE] != b'0' {
        return Err(ContainerError::EntryType { name, kind: block[TYPE] });
    }
    if field[name_end..].iter().any(|&byte| byte != 0) {
        return Err(ContainerError::Path { name, reason: "it holds a NUL" });
    }
    check_path(&name)?;
    let size = octal(&block[SIZE]);
    match size {
        Some(size) if header_block(&name, size) == *block => Ok((name, size)),
        _ => Err(ContainerError::Header { at, name }),
    }
}

fn octal(field: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(field.strip_suffix(b"\0")?).ok()?;
    u64::from_str_radix(digits, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_BYTES, header_block, read, set_checksum};
    use mpp_schema::{Code, Coded as _, codes};

    #[track_caller]
    fn check(spoil: impl FnOnce(&mut [u8; BLOCK_BYTES]), expected: Result<(&str, u64), Code>) {
        let mut block = header_block("wit/notes.wit", 1234);
        spoil(&mut block);
        set_checksum(&mut block);
        let outcome = read(&block, 0).map_err(|error| error.code());
        assert_eq!(outcome, expected.map(|(name, size)| (name.to_owned(), size)));
    }

    #[test]
    fn a_canonical_block_is_read() {
        check(|_| {}, Ok(("wit/notes.wit", 1234)));
        let longest = "a".repeat(100);
        assert_eq!(read(&header_block(&longest, super::SIZE_MAX), 0).unwrap(), (longest, super::SIZE_MAX));
    }

    #[test]
    fn other_spellings_of_the_same_entry_are_refused() {
        let header = Err(codes::PKG_HEADER);
        check(|block| block[106] = b'5', header);
        check(|block| block[136] = b'1', header);
        check(|block| block[124..136].copy_from_slice(b"       2322\0"), header);
        check(|block| block[124..136].copy_from_slice(b"00000002322 "), header);
        check(|block| block[124..136].copy_from_slice(b"\x80\0\0\0\0\0\0\0\0\0\x04\xd2"), header);
        check(|block| block[257..265].copy_from_slice(b"ustar  \0"), header);
        check(|block| block[265] = b'r', header);
        check(|block| block[345] = b'p', header);
        check(|block| block[511] = 1, header);
        check(|block| block[157] = b'l', header);
        let mut block = header_block("mpp.json", 1);
        block[148] ^= 1;
        assert_eq!(read(&block, 0).unwrap_err().code(), codes::PKG_HEADER);
    }

    #[test]
    fn only_plain_files() {
        for kind in [0, b'1', b'2', b'3', b'4', b'5', b'6', b'7', b'x', b'g', b'L', b'K', b'S'] {
            check(|block| block[156] = kind, Err(codes::PKG_ENTRY_TYPE));
        }
    }

    #[test]
    fn names_are_checked_before_anything_else_about_them() {
        check(|block| block[..3].copy_from_slice(b"../"), Err(codes::PKG_PATH));
        check(|block| block[50] = b'x', Err(codes::PKG_PATH));
        check(|block| block[0] = 0xff, Err(codes::PKG_PATH));
        check(|block| block[..100].fill(0), Err(codes::PKG_PATH));
    }
}
