//! Zstd frames by hand (RFC 8878, section 3.1), from blocks that need no compressor: raw ones, and one repeated byte.

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const BLOCK_BYTES_MAX: usize = 128 << 10;

/// What the stock program (1.5.4, level 19) makes of eight times `# Sum`, an empty line, `Adds two numbers.`: one compressed block.
pub(super) const OF_THE_STOCK_PROGRAM: &[u8] =
    b"\x28\xb5\x2f\xfd\x20\xc8\x05\x01\x00\xc8\x23\x20Sum\n\nAdds two numbers.\n\x01\x00\xb1\x98\x9a\x63";
/// The same with the content's checksum.
pub(super) const OF_THE_STOCK_PROGRAM_CHECKED: &[u8] =
    b"\x28\xb5\x2f\xfd\x24\xc8\x05\x01\x00\xc8\x23\x20Sum\n\nAdds two numbers.\n\x01\x00\xb1\x98\x9a\x63\x62\x8e\x5e\xda";

/// The plain frame of some content: content size present, no dictionary, window as large as the content.
pub(super) fn plain(content: &[u8]) -> Vec<u8> {
    [header(content.len()), raw_blocks(content)].concat()
}

/// The plain frame with its window stated (8 MiB), so that content may be larger than one: chunks of one byte are stored as that byte.
pub(super) fn windowed(content: &[u8]) -> Vec<u8> {
    let head = [&MAGIC, [0x80, 13 << 3].as_slice(), &(content.len() as u32).to_le_bytes()].concat();
    [head, short_blocks(content)].concat()
}

/// The plain frame, with chunks of one byte stored as that byte.
pub(super) fn short(content: &[u8]) -> Vec<u8> {
    [header(content.len()), short_blocks(content)].concat()
}

/// A frame of zeros that takes exactly `stored` bytes: the first block is stored as it is.
pub(super) fn zeros_stored_in(stored: usize, size: usize) -> Vec<u8> {
    let head = header(size);
    let blocks =
        |raw: usize| [block_header(false, 0, raw).as_slice(), &vec![0; raw], &zero_blocks(size - raw)].concat();
    let raw = (0..stored).rev().find(|raw| head.len() + blocks(*raw).len() <= stored).expect("room for the headers");
    let frame = [head, blocks(raw)].concat();
    assert_eq!(frame.len(), stored, "no frame has this size");
    frame
}

/// `size` zeros in a few bytes.
pub(super) fn zeros(size: usize) -> Vec<u8> {
    [header(size), zero_blocks(size)].concat()
}

/// A frame whose header says `said` bytes of content and whose blocks hold `held` zeros.
pub(super) fn lying_zeros(said: usize, held: usize) -> Vec<u8> {
    [header(said), zero_blocks(held)].concat()
}

/// A frame that demands a window of `2^window_log` bytes.
pub(super) fn with_window(content: &[u8], window_log: u8) -> Vec<u8> {
    let size = content.len() as u32;
    let head = [&MAGIC, [0x80, (window_log - 10) << 3].as_slice(), &size.to_le_bytes()].concat();
    [head, raw_blocks(content)].concat()
}

/// A frame without its content size.
pub(super) fn without_size(content: &[u8]) -> Vec<u8> {
    [[MAGIC.as_slice(), &[0x00, 0x00]].concat(), raw_blocks(content)].concat()
}

/// A frame that names a dictionary.
pub(super) fn with_dictionary(content: &[u8]) -> Vec<u8> {
    let size = content.len() as u32;
    let head = [&MAGIC, [0xa1, 7].as_slice(), &size.to_le_bytes()].concat();
    [head, raw_blocks(content)].concat()
}

/// A skippable frame: decompressors step over it, whatever it holds.
pub(super) fn skippable(hidden: &[u8]) -> Vec<u8> {
    [&[0x50, 0x2a, 0x4d, 0x18], (hidden.len() as u32).to_le_bytes().as_slice(), hidden].concat()
}

/// Single segment, content size in the shortest field that holds it.
fn header(size: usize) -> Vec<u8> {
    let field = match size {
        0..=255 => vec![0x20, size as u8],
        256..=65_791 => [&[0x60], ((size - 256) as u16).to_le_bytes().as_slice()].concat(),
        _ => [&[0xa0], (size as u32).to_le_bytes().as_slice()].concat(),
    };
    [MAGIC.as_slice(), &field].concat()
}

fn raw_blocks(content: &[u8]) -> Vec<u8> {
    let mut blocks = Vec::new();
    let mut chunks = content.chunks(BLOCK_BYTES_MAX).peekable();
    if chunks.peek().is_none() {
        blocks.extend(block_header(true, 0, 0));
    }
    while let Some(chunk) = chunks.next() {
        blocks.extend(block_header(chunks.peek().is_none(), 0, chunk.len()));
        blocks.extend(chunk);
    }
    blocks
}

fn short_blocks(content: &[u8]) -> Vec<u8> {
    let mut chunks = content.chunks(BLOCK_BYTES_MAX).peekable();
    let mut blocks = Vec::new();
    while let Some(chunk) = chunks.next() {
        let one_byte = chunk.iter().all(|byte| *byte == chunk[0]);
        blocks.extend(block_header(chunks.peek().is_none(), u32::from(one_byte), chunk.len()));
        blocks.extend(if one_byte { &chunk[..1] } else { chunk });
    }
    blocks
}

fn zero_blocks(size: usize) -> Vec<u8> {
    let mut blocks = Vec::new();
    let mut left = size;
    while left > 0 {
        let held = left.min(BLOCK_BYTES_MAX);
        left -= held;
        blocks.extend(block_header(left == 0, 1, held));
        blocks.push(0);
    }
    blocks
}

/// Type 0 is raw, type 1 one repeated byte.
fn block_header(last: bool, kind: u32, size: usize) -> [u8; 3] {
    let word = u32::from(last) | kind << 1 | (size as u32) << 3;
    let [first, second, third, _] = word.to_le_bytes();
    [first, second, third]
}
