//! Finds machine code by its first bytes (PKG-26). A package holds components; the host compiles them itself, because loading code that
//! somebody else compiled is loading whatever they wrote.

/// What kind of machine code the bytes begin as. The engine's own compiled components are ELF files.
pub(crate) fn native_code(content: &[u8]) -> Option<&'static str> {
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
    let by_magic = KINDS.iter().find(|(magic, _)| content.starts_with(magic)).map(|(_, kind)| *kind);
    by_magic.or_else(|| is_portable_executable(content).then_some("PE"))
}

/// `MZ` also begins texts; the pointer at byte 60 must lead to the second signature.
fn is_portable_executable(content: &[u8]) -> bool {
    let pointer = content.get(60..64).map(|bytes| u32::from_le_bytes(bytes.try_into().expect("4 bytes")));
    let signature = pointer.and_then(|at| content.get(at as usize..)).map(|rest| rest.starts_with(b"PE\0\0"));
    content.starts_with(b"MZ") && signature == Some(true)
}

#[cfg(test)]
mod tests {
    use super::native_code;

    #[test]
    fn machine_code_is_found_and_other_content_is_not() {
        let mut windows = b"MZ".to_vec();
        windows.resize(60, 0);
        windows.extend(64u32.to_le_bytes());
        assert_eq!(native_code(&windows), None);
        windows.extend(b"PE\0\0");
        assert_eq!(native_code(&windows), Some("PE"));
        assert_eq!(native_code(b"\x7fELF\x02\x01"), Some("ELF"));
        assert_eq!(native_code(b"\0asm\x0d\0\x01\0"), None);
        assert_eq!(native_code(b"MZ is how this text begins, and it goes on for more than sixty-four bytes."), None);
        assert_eq!(native_code(b""), None);
    }
}
