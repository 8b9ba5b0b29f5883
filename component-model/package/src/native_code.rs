//! Finds machine code by how it begins (PKG-26). A package holds components; the host compiles them itself, because loading code that
//! somebody else compiled is loading whatever they wrote.

/// What is looked at of every content: the marks of most kinds, and the pointer that a PE file has at byte 60.
const HEAD_BYTES: usize = 64;
const PE_SIGNATURE: &[u8; 4] = b"PE\0\0";

/// What kind of machine code the bytes begin as. The engine's own compiled components are ELF files.
pub(crate) fn native_code(content: &[u8]) -> Option<&'static str> {
    let mut beginning = Beginning::default();
    beginning.feed(content);
    beginning.kind()
}

/// The beginning of content that comes by in pieces. Holds 68 bytes, however far the pointer of a PE file leads.
#[derive(Default)]
pub(crate) struct Beginning {
    head: Vec<u8>,
    /// How many bytes came by.
    position: u64,
    /// What stands where the pointer leads, as far as it lies behind the head.
    pointed: Vec<u8>,
}

impl Beginning {
    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        let (head, rest) = piece.split_at(piece.len().min(HEAD_BYTES - self.head.len()));
        self.head.extend(head);
        self.position += head.len() as u64;
        if let Some(pointer) = self.pointer() {
            let within =
                |at: u64| usize::try_from(at.saturating_sub(self.position)).map_or(rest.len(), |at| at.min(rest.len()));
            let end = pointer + PE_SIGNATURE.len() as u64;
            self.pointed.extend(&rest[within(pointer.max(HEAD_BYTES as u64))..within(end)]);
        }
        self.position += rest.len() as u64;
    }

    /// What the content begins as, if that is machine code.
    pub(crate) fn kind(&self) -> Option<&'static str> {
        const KINDS: [(&[u8], &str); 8] = [
            (b"\x7fELF", "ELF"),
            (b"\xfe\xed\xfa\xce", "Mach-O"),
            (b"\xfe\xed\xfa\xcf", "Mach-O"),
            (b"\xce\xfa\xed\xfe", "Mach-O"),
            (b"\xcf\xfa\xed\xfe", "Mach-O"),
            (b"\xca\xfe\xba\xbe", "Mach-O"),
            (b"\xca\xfe\xba\xbf", "Mach-O"),
            (b"!<arch>\n", "object archive"),
        ];
        let by_magic = KINDS.iter().find(|(magic, _)| self.head.starts_with(magic)).map(|(_, kind)| *kind);
        by_magic.or_else(|| self.is_portable_executable().then_some("PE"))
    }

    /// `MZ` also begins texts; the pointer at byte 60 must lead to the second signature.
    fn is_portable_executable(&self) -> bool {
        let Some(pointer) = self.pointer() else { return false };
        let pointer = usize::try_from(pointer).unwrap_or(HEAD_BYTES).min(HEAD_BYTES);
        let in_head = &self.head[pointer..(pointer + PE_SIGNATURE.len()).min(HEAD_BYTES)];
        [in_head, &self.pointed].concat() == PE_SIGNATURE
    }

    fn pointer(&self) -> Option<u64> {
        let pointer = self.head.get(60..HEAD_BYTES)?;
        self.head.starts_with(b"MZ").then(|| u64::from(u32::from_le_bytes(pointer.try_into().expect("4 bytes"))))
    }
}

#[cfg(test)]
mod tests {
    use super::{Beginning, native_code};

    #[track_caller]
    fn check(content: &[u8], expected: Option<&str>) {
        assert_eq!(native_code(content), expected);
        for piece_bytes in [1, 3, 63, 64, 65, 1000] {
            let mut beginning = Beginning::default();
            content.chunks(piece_bytes).for_each(|piece| beginning.feed(piece));
            assert_eq!(beginning.kind(), expected, "in pieces of {piece_bytes} bytes");
        }
    }

    #[test]
    fn machine_code_is_found_and_other_content_is_not() {
        check(b"\x7fELF\x02\x01", Some("ELF"));
        check(b"!<arch>\nx", Some("object archive"));
        check(b"\0asm\x0d\0\x01\0", None);
        check(b"MZ is how this text begins, and it goes on for more than sixty-four bytes.", None);
        check(b"MZ", None);
        check(b"", None);
    }

    /// A file that begins with `MZ` and whose pointer leads to the signature at `pointer`.
    fn windows(pointer: u32) -> Vec<u8> {
        let mut content = b"MZ".to_vec();
        content.resize(60, 0);
        content.extend(pointer.to_le_bytes());
        content.resize(content.len().max(pointer as usize + 4), 0);
        content[pointer as usize..][..4].copy_from_slice(b"PE\0\0");
        content
    }

    #[test]
    fn the_pointer_of_a_windows_program_may_lead_anywhere() {
        for pointer in [2, 20, 56, 64, 65, 100, 1020, 4096, 70_000] {
            check(&windows(pointer), Some("PE"));
            check(&windows(pointer)[1..], None);
        }
        let mut cut = windows(4096);
        cut.pop();
        check(&cut, None);
        let mut beyond = windows(4096);
        beyond[60..64].copy_from_slice(&u32::MAX.to_le_bytes());
        check(&beyond, None);
    }
}
