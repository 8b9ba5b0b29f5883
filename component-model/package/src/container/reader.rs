//! Reads the container as a stream, strictly, and holds no more of it than it is asked for (PKG-1 to PKG-4, PKG-38).

use super::{BLOCK_BYTES, ContainerError, MANIFEST_PATH, header, padding};
use crate::limits::FILE_BYTES_MAX;
use std::io::Read;

/// How much is read at a time.
const CHUNK_BYTES: usize = 64 << 10;
/// What must follow the last entry.
const END_BYTES: u64 = 2 * BLOCK_BYTES as u64;

/// The header of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryHeader {
    /// The entry's name.
    pub name: String,
    /// Bytes of its content.
    pub size: u64,
    /// Where its content begins in the file.
    pub offset: u64,
}

/// A container that is being read from its first byte to its last.
///
/// [`Reader::next`] and one of the two content readers take turns.
pub struct Reader<R> {
    inner: R,
    position: u64,
    chunk: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// Begins at the first byte of a package.
    pub fn new(inner: R) -> Self {
        Self { inner, position: 0, chunk: Vec::new() }
    }

    /// The header of the next entry; nothing when the package ended, and the file with it.
    ///
    /// # Errors
    /// When the next block is not a canonical header, or not the canonical end.
    #[expect(clippy::should_implement_trait, reason = "the content of the entry must be read in between")]
    pub fn next(&mut self) -> Result<Option<EntryHeader>, ContainerError> {
        let at = self.position;
        let mut block = [0; BLOCK_BYTES];
        if at == 0 {
            self.magic(&mut block)?;
        }
        self.need(&mut block[(self.position - at) as usize..], "a header block")?;
        if block == [0; BLOCK_BYTES] {
            self.end()?;
            return Ok(None);
        }
        let (name, size) = header::read(&block, at)?;
        let entry_end = self.position.saturating_add(size).saturating_add(padding(size) as u64);
        if entry_end.saturating_add(END_BYTES) > FILE_BYTES_MAX {
            return Err(ContainerError::FileLimit { limit: FILE_BYTES_MAX });
        }
        Ok(Some(EntryHeader { name, size, offset: self.position }))
    }

    /// The content of an entry, held whole. Memory grows with what the file really holds, not with what the header says.
    ///
    /// # Errors
    /// When the file ends too soon, or other bytes than zeros follow the content.
    pub fn content(&mut self, entry: &EntryHeader) -> Result<Vec<u8>, ContainerError> {
        let mut content = Vec::new();
        self.stream(entry, |chunk| content.extend_from_slice(chunk))?;
        Ok(content)
    }

    /// Gives the content of an entry to `sink`, in pieces of at most 64 KiB.
    ///
    /// # Errors
    /// As [`Reader::content`].
    pub fn stream(&mut self, entry: &EntryHeader, mut sink: impl FnMut(&[u8])) -> Result<(), ContainerError> {
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.resize(CHUNK_BYTES, 0);
        let mut left = entry.size;
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            let piece = &mut chunk[..wanted];
            self.need(piece, &entry.name)?;
            sink(piece);
            left -= wanted as u64;
        }
        self.chunk = chunk;
        self.skip_padding(entry)
    }

    /// The name of the first entry, before anything is said about the file's length.
    fn magic(&mut self, block: &mut [u8; BLOCK_BYTES]) -> Result<(), ContainerError> {
        const MAGIC: usize = MANIFEST_PATH.len() + 1;
        let found = self.fill(&mut block[..MAGIC])?;
        if found > 0 && block.starts_with(&MANIFEST_PATH.as_bytes()[..found.min(MAGIC - 1)]) && block[MAGIC - 1] == 0 {
            return Ok(());
        }
        Err(ContainerError::Magic)
    }

    fn skip_padding(&mut self, entry: &EntryHeader) -> Result<(), ContainerError> {
        let mut zeros = [0; BLOCK_BYTES];
        self.need(&mut zeros[..padding(entry.size)], "the zeros after an entry")?;
        if zeros.iter().any(|&byte| byte != 0) {
            return Err(ContainerError::Padding { name: entry.name.clone(), size: entry.size });
        }
        Ok(())
    }

    /// The second block of zeros, and nothing after it.
    fn end(&mut self) -> Result<(), ContainerError> {
        let at = self.position;
        let mut block = [0; BLOCK_BYTES];
        self.need(&mut block, "the last block of zeros")?;
        if block != [0; BLOCK_BYTES] {
            return Err(ContainerError::Trailing { at });
        }
        let at = self.position;
        match self.fill(&mut [0])? {
            0 => Ok(()),
            _ => Err(ContainerError::Trailing { at }),
        }
    }

    /// Fills the whole buffer, or says what the file ended in.
    fn need(&mut self, buffer: &mut [u8], what: &str) -> Result<(), ContainerError> {
        let at = self.position;
        let (expected, found) = (buffer.len() as u64, self.fill(buffer)? as u64);
        if found < expected {
            return Err(ContainerError::Length { what: what.to_owned(), at, expected, found });
        }
        Ok(())
    }

    /// Reads until the buffer is full or the file ends.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ContainerError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.inner.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ContainerError::Io { at: self.position + filled as u64, source }),
            }
        }
        self.position += filled as u64;
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::{ContainerError, Reader};
    use crate::container::{BLOCK_BYTES, header_block, write};
    use mpp_schema::{Code, Coded as _, codes};
    use proptest::prelude::*;
    use std::io::Read;

    fn small() -> Vec<u8> {
        write([("mpp.json", b"{}".as_slice()), ("a/b", &[1; 600]), ("empty", b"")])
    }

    fn read_all(file: impl Read) -> Result<Vec<(String, Vec<u8>)>, ContainerError> {
        let mut reader = Reader::new(file);
        let mut entries = Vec::new();
        while let Some(entry) = reader.next()? {
            let content = reader.content(&entry)?;
            entries.push((entry.name, content));
        }
        Ok(entries)
    }

    #[track_caller]
    fn check(spoil: impl FnOnce(&mut Vec<u8>), expected: Result<usize, Code>) {
        let mut file = small();
        spoil(&mut file);
        let outcome = read_all(file.as_slice()).map(|entries| entries.len()).map_err(|error| error.code());
        assert_eq!(outcome, expected);
    }

    #[test]
    fn what_the_writer_writes_is_read() {
        check(|_| {}, Ok(3));
    }

    #[test]
    fn the_end_is_two_blocks_of_zeros_and_nothing_after() {
        check(|file| file.push(0), Err(codes::PKG_TRAILING));
        check(|file| file.extend([0; BLOCK_BYTES]), Err(codes::PKG_TRAILING));
        check(|file| file.extend(small()), Err(codes::PKG_TRAILING));
        check(|file| file.truncate(file.len() - 1), Err(codes::PKG_LENGTH));
        check(|file| file.truncate(file.len() - BLOCK_BYTES), Err(codes::PKG_LENGTH));
        check(|file| file.truncate(file.len() - 2 * BLOCK_BYTES), Err(codes::PKG_LENGTH));
        check(|file| *file.last_mut().unwrap() = 1, Err(codes::PKG_TRAILING));
    }

    #[test]
    fn the_beginning_is_the_manifest() {
        check(|file| file.insert(0, 0), Err(codes::PKG_MAGIC));
        check(|file| drop(file.splice(..0, [0; BLOCK_BYTES])), Err(codes::PKG_MAGIC));
        check(Vec::clear, Err(codes::PKG_MAGIC));
        check(|file| drop(file.drain(..1024)), Err(codes::PKG_MAGIC));
        check(|file| *file = write([("mpp.json2", b"{}".as_slice())]), Err(codes::PKG_MAGIC));
        check(|file| file.truncate(9), Err(codes::PKG_LENGTH));
    }

    #[test]
    fn lengths_fit_the_file() {
        check(|file| file[1024..1536].copy_from_slice(&header_block("a/b", 599)), Err(codes::PKG_LENGTH));
        check(|file| file[1024..1536].copy_from_slice(&header_block("a/b", 20 << 20)), Err(codes::PKG_LENGTH));
        check(|file| file[1024..1536].copy_from_slice(&header_block("a/b", 88)), Err(codes::PKG_LENGTH));
        check(|file| file[1024..1536].copy_from_slice(&header_block("a/b", 64 << 20)), Err(codes::LIMIT_FILE));
        let largest = (64 << 20) - 1536 - 1024;
        check(|file| file[1024..1536].copy_from_slice(&header_block("a/b", largest)), Err(codes::PKG_LENGTH));
        check(|file| file[1024..1536].copy_from_slice(&header_block("a/b", largest + 1)), Err(codes::LIMIT_FILE));
    }

    #[test]
    fn every_shorter_file_is_refused() {
        let file = small();
        for length in 0..file.len() {
            assert!(read_all(&file[..length]).is_err(), "{length} bytes");
        }
    }

    /// Gives one byte at a time, and fails the test when asked for much more than it has.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            assert!(buffer.len() <= super::CHUNK_BYTES, "asked for {} bytes at once", buffer.len());
            let count = buffer.len().min(self.0.len()).min(1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn a_header_that_promises_much_costs_nothing() {
        assert_eq!(read_all(Trickle(&small())).unwrap().len(), 3);
        let mut reader = Reader::new(Trickle(&[]));
        let entry = super::EntryHeader { name: "a".to_owned(), size: 60 << 20, offset: 0 };
        let mut held = 0;
        assert_eq!(reader.stream(&entry, |chunk| held += chunk.len()).unwrap_err().code(), codes::PKG_LENGTH);
        assert_eq!((held, reader.chunk.capacity()), (0, 0));
    }

    proptest! {
        #[test]
        fn accepted_bytes_are_what_the_writer_writes(at in 0usize..4096, to in any::<u8>()) {
            let mut file = small();
            let at = at % file.len();
            file[at] = to;
            if let Ok(entries) = read_all(file.as_slice()) {
                prop_assert_eq!(write(entries.iter().map(|(name, content)| (name.as_str(), content.as_slice()))), file);
            }
        }

        #[test]
        fn random_bytes_do_not_panic(file in prop::collection::vec(any::<u8>(), 0..3000)) {
            let named = [b"mpp.json\0".as_slice(), &file].concat();
            prop_assert!(read_all(file.as_slice()).is_err());
            prop_assert!(read_all(named.as_slice()).is_err());
        }
    }
}
