//! Walks over the structure of a frame as its bytes come by, without decompressing them and without holding them.

use super::FrameError;
use crate::limits::WINDOW_BYTES_MAX;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const BLOCK_HEADER: usize = 3;
const CHECKSUM: u64 = 4;

/// A frame that is being read.
pub struct FrameWalk {
    size: u64,
    state: State,
    /// The bytes of the header that is being read: a frame header has at most 18.
    held: Vec<u8>,
    has_checksum: bool,
}

enum State {
    FrameHeader,
    BlockHeader,
    Block { left: u64, last: bool },
    Checksum { left: u64 },
    Done,
    Refused(FrameError),
}

impl FrameWalk {
    /// Begins a frame that must declare this content size.
    pub fn new(size: u64) -> Self {
        Self { size, state: State::FrameHeader, held: Vec::new(), has_checksum: false }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !matches!(self.state, State::Refused(_)) {
            let taken = self.step(bytes);
            bytes = &bytes[taken..];
        }
    }

    /// Whether what came by was exactly one plain frame.
    ///
    /// # Errors
    /// [`FrameError::Form`] when it was not.
    pub fn finish(self) -> Result<(), FrameError> {
        match self.state {
            State::Done => Ok(()),
            State::Refused(error) => Err(error),
            _ => Err(form("a whole frame", "its beginning")),
        }
    }

    fn step(&mut self, bytes: &[u8]) -> usize {
        match &mut self.state {
            State::FrameHeader => {
                self.held.push(bytes[0]);
                self.frame_header();
                1
            }
            State::BlockHeader => {
                self.held.push(bytes[0]);
                if self.held.len() == BLOCK_HEADER {
                    self.block_header();
                }
                1
            }
            State::Block { left, last } => {
                let taken = take(left, bytes);
                if *left == 0 {
                    let last = *last;
                    self.after_block(last);
                }
                taken
            }
            State::Checksum { left } => {
                let taken = take(left, bytes);
                if *left == 0 {
                    self.state = State::Done;
                }
                taken
            }
            State::Done => {
                self.refuse(form("nothing after the frame", "more bytes"));
                0
            }
            State::Refused(_) => bytes.len(),
        }
    }

    fn refuse(&mut self, error: FrameError) {
        self.state = State::Refused(error);
    }

    fn frame_header(&mut self) {
        let header = &self.held;
        let magic_ok = header.iter().zip(MAGIC).all(|(byte, magic)| *byte == magic);
        if !magic_ok {
            return self.refuse(form("a zstd frame", "other bytes, or a skippable frame"));
        }
        let Some(&descriptor) = header.get(MAGIC.len()) else { return };
        let fields = match Fields::of(descriptor) {
            Ok(fields) => fields,
            Err(error) => return self.refuse(error),
        };
        let rest = &header[MAGIC.len() + 1..];
        if rest.len() < fields.bytes() {
            return;
        }
        self.has_checksum = fields.checksum;
        match fields.check(rest, self.size) {
            Ok(()) => self.begin(State::BlockHeader),
            Err(error) => self.refuse(error),
        }
    }

    fn block_header(&mut self) {
        let header = u64::from(self.held[0]) | u64::from(self.held[1]) << 8 | u64::from(self.held[2]) << 16;
        let (last, kind, size) = (header & 1 == 1, header >> 1 & 3, header >> 3);
        let left = match kind {
            1 => 1,
            3 => return self.refuse(form("a raw, repeated or compressed block", "the reserved type")),
            _ => size,
        };
        self.begin(State::Block { left, last });
        if left == 0 {
            self.after_block(last);
        }
    }

    fn after_block(&mut self, last: bool) {
        self.begin(match (last, self.has_checksum) {
            (false, _) => State::BlockHeader,
            (true, true) => State::Checksum { left: CHECKSUM },
            (true, false) => State::Done,
        });
    }

    fn begin(&mut self, state: State) {
        self.held.clear();
        self.state = state;
    }
}

/// What the frame header's descriptor says about the rest of the header.
struct Fields {
    window: bool,
    size_bytes: usize,
    checksum: bool,
}

impl Fields {
    fn of(descriptor: u8) -> Result<Self, FrameError> {
        let single_segment = descriptor & 0x20 != 0;
        if descriptor & 0x03 != 0 {
            return Err(form("no dictionary", "the id of one"));
        }
        if descriptor & 0x18 != 0 {
            return Err(form("unused and reserved bits that are zero", "others"));
        }
        let size_bytes = match (descriptor >> 6, single_segment) {
            (0, true) => 1,
            (0, false) => return Err(form("a content size", "none")),
            (flag, _) => 1 << flag,
        };
        Ok(Self { window: !single_segment, size_bytes, checksum: descriptor & 0x04 != 0 })
    }

    fn bytes(&self) -> usize {
        usize::from(self.window) + self.size_bytes
    }

    fn check(&self, rest: &[u8], declared: u64) -> Result<(), FrameError> {
        let (window, size) = rest.split_at(usize::from(self.window));
        let mut eight = [0; 8];
        eight[..size.len()].copy_from_slice(size);
        // A size of two bytes begins to count at 256.
        let size = u64::from_le_bytes(eight).saturating_add(if size.len() == 2 { 256 } else { 0 });
        let window = window.first().map_or(size, |&byte| {
            let base = 1u64 << (10 + (byte >> 3));
            base + base / 8 * u64::from(byte & 7)
        });
        if window > WINDOW_BYTES_MAX {
            return Err(form("a window of at most 8 MiB", &format!("{window} bytes")));
        }
        if size != declared {
            return Err(FrameError::Form {
                expected: "the content size that the manifest lists",
                found: format!("{size} in place of {declared}"),
            });
        }
        Ok(())
    }
}

fn take(left: &mut u64, bytes: &[u8]) -> usize {
    let taken = usize::try_from(*left).unwrap_or(bytes.len()).min(bytes.len());
    *left -= taken as u64;
    taken
}

fn form(expected: &'static str, found: &str) -> FrameError {
    FrameError::Form { expected, found: found.to_owned() }
}
