//! Tar archives by hand (POSIX ustar), so that a case can hold a header that no tar program would write.

const BLOCK_BYTES: usize = 512;

/// One entry, each part of it free to lie.
#[derive(Clone)]
pub(super) struct Entry {
    /// The bytes of the name field, up to 100.
    pub(super) name: Vec<u8>,
    /// The size that the header states.
    pub(super) size: u64,
    /// `0` for a plain file.
    pub(super) kind: u8,
    /// What a link points to.
    pub(super) link: &'static str,
    /// What follows the header.
    pub(super) content: Vec<u8>,
}

impl Entry {
    /// A plain file.
    pub(super) fn new(name: impl Into<Vec<u8>>, content: impl Into<Vec<u8>>) -> Self {
        let content = content.into();
        Self { name: name.into(), size: content.len() as u64, kind: b'0', link: "", content }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let padding = (BLOCK_BYTES - self.content.len() % BLOCK_BYTES) % BLOCK_BYTES;
        [self.header().as_slice(), &self.content, &vec![0; padding]].concat()
    }

    fn header(&self) -> [u8; BLOCK_BYTES] {
        let mut block = [0; BLOCK_BYTES];
        let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &self.name);
        put(100, b"0000644\x000000000\x000000000\0");
        put(124, format!("{:011o}\x0000000000000\0        ", self.size).as_bytes());
        put(156, &[self.kind]);
        put(157, self.link.as_bytes());
        put(257, b"ustar\x0000");
        put(329, b"0000000\x000000000\0");
        set_checksum(&mut block);
        block
    }
}

/// The checksum that belongs to the other bytes.
fn set_checksum(block: &mut [u8]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// The entries in their order.
#[derive(Clone)]
pub(super) struct Archive(pub(super) Vec<Entry>);

impl Archive {
    /// The file, with its two blocks of zeros at the end.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let entries: Vec<u8> = self.0.iter().flat_map(Entry::to_bytes).collect();
        [entries.as_slice(), &[0; 2 * BLOCK_BYTES]].concat()
    }

    /// The file, with these bytes at this place of that entry's header and the checksum right again.
    pub(super) fn with_header(&self, name: &str, at: usize, bytes: &[u8]) -> Vec<u8> {
        let (mut file, header) = (self.to_bytes(), self.offset(name));
        file[header + at..][..bytes.len()].copy_from_slice(bytes);
        set_checksum(&mut file[header..][..BLOCK_BYTES]);
        file
    }

    /// The first entry whose name begins with this.
    pub(super) fn entry(&mut self, name: &str) -> &mut Entry {
        let place = self.position(name);
        &mut self.0[place]
    }

    /// Where the first entry stands whose name begins with this.
    pub(super) fn position(&self, name: &str) -> usize {
        self.0
            .iter()
            .position(|entry| entry.name.starts_with(name.as_bytes()))
            .expect("a case names an entry that it has")
    }

    /// Where in the file the header of that entry begins.
    pub(super) fn offset(&self, name: &str) -> usize {
        self.0[..self.position(name)].iter().map(|entry| entry.to_bytes().len()).sum()
    }
}
