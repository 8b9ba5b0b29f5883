//! Writes the container (PKG-1 to PKG-4).

use super::{BLOCK_BYTES, header_block};

/// The bytes of a container with these entries, in this order. Nothing is judged: names, order and limits are the caller's.
///
/// # Panics
/// As [`header_block`].
pub fn write<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut file = Vec::new();
    for (name, content) in entries {
        file.extend(header_block(name, content.len() as u64));
        file.extend(content);
        file.resize(file.len() + padding(content.len() as u64), 0);
    }
    file.resize(file.len() + 2 * BLOCK_BYTES, 0);
    file
}

/// How many zeros follow content of this size.
pub fn padding(size: u64) -> usize {
    (BLOCK_BYTES - (size % BLOCK_BYTES as u64) as usize) % BLOCK_BYTES
}

#[cfg(test)]
mod tests {
    use super::write;
    use std::io::Read as _;

    #[test]
    fn another_program_reads_the_same_entries() {
        let large = vec![7; 1000];
        let entries = [("mpp.json", b"{}".as_slice()), ("wit/deps/a.wit", &large), ("empty", b"")];
        let file = write(entries);
        let mut archive = tar::Archive::new(file.as_slice());
        let mut read = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            assert_eq!(entry.header().mode().unwrap(), 0o644);
            read.push((entry.path().unwrap().to_str().unwrap().to_owned(), content));
        }
        assert_eq!(read, entries.map(|(name, content)| (name.to_owned(), content.to_vec())));
    }
}
