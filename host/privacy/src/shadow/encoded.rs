//! Runs that could be base64 or hexadecimal, and the texts in them (PRIV-11).
//!
//! A run is decoded from each of the places at which a group could begin, because what stands in front of an encoded text is often of the
//! same alphabet. Only stretches of printable ASCII are looked at; in what is no encoded text there are hardly any.

use std::ops::Range;

/// The shortest run that could hold anything.
const RUN_MIN: usize = 14;
/// The shortest text that could be anything.
const TEXT_MIN: usize = 7;
/// A line at least so long is continued by the next one.
const LINE_MIN: usize = 40;
/// How much of a run is decoded at once, and how much of it again with the next piece.
const PIECE: usize = 64 * 1024;
const OVERLAP: usize = 24 * 1024;

/// What may stand between two lines: line ends, and how JSON writes them.
const LINE_ENDS: [&str; 4] = ["\r\n", "\n", "\\r\\n", "\\n"];

const NONE: u8 = 0xff;

/// The value of each byte in base64, of both alphabets.
const SEXTETS: [u8; 256] = {
    let mut table = [NONE; 256];
    let mut number = 0;
    while number < 26 {
        table[b'A' as usize + number] = number as u8;
        table[b'a' as usize + number] = 26 + number as u8;
        number += 1;
    }
    let mut number = 0;
    while number < 10 {
        table[b'0' as usize + number] = 52 + number as u8;
        number += 1;
    }
    table[b'+' as usize] = 62;
    table[b'-' as usize] = 62;
    table[b'/' as usize] = 63;
    table[b'_' as usize] = 63;
    table
};

/// A run: places of its bytes in the text, line ends left out.
struct Run {
    /// Where each line of it stands.
    lines: Vec<Range<usize>>,
}

/// A decoded text, and how to find its original.
pub(crate) struct Decoded<'a> {
    /// The text.
    pub(crate) text: &'a [u8],
    places: Places<'a>,
}

/// Where the characters stand that a text was decoded from.
#[derive(Clone, Copy)]
struct Places<'a> {
    run: &'a Run,
    /// Which character of the run the first byte was decoded from.
    first: usize,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Base64,
    Hex,
}

impl Decoded<'_> {
    /// The original span of a span of the decoded text.
    pub(crate) fn original(&self, bytes: &[u8], span: Range<usize>) -> Range<usize> {
        let Places { run, first, form } = self.places;
        let (start, end) = match form {
            Form::Hex => (first + span.start * 2, first + span.end * 2),
            // Whole groups of four, for three bytes each.
            Form::Base64 => (first + span.start / 3 * 4, first + span.end.div_ceil(3) * 4),
        };
        let length: usize = run.lines.iter().map(Range::len).sum();
        let last = run.place(end.min(length).saturating_sub(1));
        let padding = bytes[last + 1..].iter().take(2).take_while(|byte| **byte == b'=').count();
        let padded = form == Form::Base64 && end >= length;
        run.place(start)..last + 1 + if padded { padding } else { 0 }
    }
}

impl Run {
    /// Where a character of the run stands in the text.
    fn place(&self, mut character: usize) -> usize {
        for line in &self.lines {
            if character < line.len() {
                return line.start + character;
            }
            character -= line.len();
        }
        self.lines.last().map_or(0, |line| line.end)
    }
}

/// Calls `found` for each printable text that is encoded in `bytes`.
pub(crate) fn texts(bytes: &[u8], found: &mut impl FnMut(&Decoded<'_>)) {
    let mut decoder = Decoder::default();
    let mut probe = RUN_MIN - 1;
    let mut free = 0;
    // Every run of this length holds one of the places that are probed.
    while probe < bytes.len() {
        if SEXTETS[usize::from(bytes[probe])] == NONE {
            probe += RUN_MIN;
            continue;
        }
        let back = bytes[free..probe].iter().rev().take_while(|byte| SEXTETS[usize::from(**byte)] != NONE).count();
        let line = probe - back..line_end(bytes, probe);
        free = line.end;
        if line.len() >= RUN_MIN {
            let run = lines(bytes, line);
            free = run.lines.last().map_or(free, |line| line.end);
            decoder.run(bytes, &run, found);
        }
        probe = free + RUN_MIN;
    }
}

fn line_end(bytes: &[u8], start: usize) -> usize {
    start + bytes[start..].iter().take_while(|byte| SEXTETS[usize::from(**byte)] != NONE).count()
}

/// The lines of a run that begins with this one, at most a piece long.
fn lines(bytes: &[u8], first: Range<usize>) -> Run {
    let mut run = Run { lines: vec![first] };
    let mut length = run.lines[0].len();
    while let Some(line) = run.lines.last().filter(|line| line.len() >= LINE_MIN) {
        let rest = &bytes[line.end..];
        let Some(gap) = LINE_ENDS.iter().find(|gap| rest.starts_with(gap.as_bytes())) else { break };
        let start = line.end + gap.len();
        let next = start..line_end(bytes, start);
        length += next.len();
        if next.is_empty() || length > PIECE {
            break;
        }
        run.lines.push(next);
    }
    run
}

/// Memory that is used for one run after the other.
#[derive(Default)]
struct Decoder {
    characters: Vec<u8>,
    decoded: Vec<u8>,
}

impl Decoder {
    fn run(&mut self, bytes: &[u8], run: &Run, found: &mut impl FnMut(&Decoded<'_>)) {
        let length: usize = run.lines.iter().map(Range::len).sum();
        let mut start = 0;
        loop {
            let end = length.min(start + PIECE);
            self.characters.clear();
            if let [line] = run.lines.as_slice() {
                self.characters.extend_from_slice(&bytes[line.start + start..line.start + end]);
            } else {
                self.characters
                    .extend(run.lines.iter().flat_map(|line| &bytes[line.clone()]).skip(start).take(end - start));
            }
            self.base64(run, start, found);
            self.hex(run, start, found);
            if end == length {
                return;
            }
            start = end - OVERLAP;
        }
    }

    fn base64(&mut self, run: &Run, start: usize, found: &mut impl FnMut(&Decoded<'_>)) {
        for shift in 0..4 {
            let characters = self.characters.get(shift..).unwrap_or_default();
            if !could_be_text(characters) {
                continue;
            }
            self.decoded.clear();
            for group in characters.chunks(4) {
                let bits = group.iter().fold(0, |bits, byte| bits << 6 | u32::from(SEXTETS[usize::from(*byte)]));
                let bits = bits << (6 * (4 - group.len()));
                self.decoded.extend_from_slice(&bits.to_be_bytes()[1..group.len().max(1)]);
            }
            printable(&self.decoded, |at, text| {
                // A group holds three bytes: begin with a whole one, so that spans count from there.
                let skip = at % 3;
                let places = Places { run, first: start + shift + at / 3 * 4, form: Form::Base64 };
                shifted(text, places, skip, &self.decoded[at - skip..], found);
            });
        }
    }

    fn hex(&mut self, run: &Run, start: usize, found: &mut impl FnMut(&Decoded<'_>)) {
        let mut from = 0;
        for part in self.characters.split(|byte| !byte.is_ascii_hexdigit()) {
            for shift in (0..2).filter(|_| part.len() >= RUN_MIN) {
                self.decoded.clear();
                let pairs = part.get(shift..).unwrap_or_default().chunks_exact(2);
                self.decoded.extend(pairs.map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])));
                printable(&self.decoded, |at, text| {
                    let places = Places { run, first: start + from + shift + at * 2, form: Form::Hex };
                    found(&Decoded { text, places });
                });
            }
            from += part.len() + 1;
        }
    }
}

/// Gives out a text that may begin inside of a group.
fn shifted<'a>(
    text: &'a [u8],
    places: Places<'a>,
    skip: usize,
    from_group: &'a [u8],
    found: &mut impl FnMut(&Decoded<'_>),
) {
    if skip == 0 {
        found(&Decoded { text, places });
        return;
    }
    // Bytes of the group that are no part of the text are made blank, so that the text keeps its place in the group.
    let mut whole = from_group[..skip + text.len()].to_vec();
    whole[..skip].fill(0);
    found(&Decoded { text: &whole, places });
}

/// Whether at least two groups in a row decode to ASCII: what every text of some length has.
fn could_be_text(characters: &[u8]) -> bool {
    let mut row = 0;
    for group in characters.chunks_exact(4) {
        let [a, b, c, _] = [0, 1, 2, 3].map(|place| SEXTETS[usize::from(group[place])]);
        // The first bit of each of the three bytes.
        let ascii = a & 0x20 == 0 && b & 0x08 == 0 && c & 0x02 == 0;
        row = if ascii { row + 1 } else { 0 };
        if row == 2 {
            return true;
        }
    }
    false
}

fn nibble(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        _ => (byte | 0x20) - b'a' + 10,
    }
}

/// Calls `found` for each stretch of printable ASCII that is long enough, with its place.
fn printable<'a>(decoded: &'a [u8], mut found: impl FnMut(usize, &'a [u8])) {
    let mut at = 0;
    for text in decoded.split(|byte| !matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')) {
        if text.len() >= TEXT_MIN {
            found(at, text);
        }
        at += text.len() + 1;
    }
}
