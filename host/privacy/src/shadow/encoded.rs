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
#[derive(Debug, Clone)]
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Base64,
    Hex,
}

impl Decoded<'_> {
    /// The original span of a span of the decoded text.
    pub(crate) fn original(&self, bytes: &[u8], span: Range<usize>) -> Range<usize> {
        self.places.original(bytes, span)
    }

    /// The text, for longer than the decoder keeps it.
    pub(crate) fn kept(&self) -> Kept {
        let Places { run, first, form } = self.places;
        Kept { text: self.text.into(), run: run.clone(), first, form }
    }
}

/// A decoded text that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The text.
    pub(crate) text: Box<[u8]>,
    run: Run,
    first: usize,
    form: Form,
}

impl Kept {
    /// The original span of a span of the decoded text.
    pub(crate) fn original(&self, bytes: &[u8], span: Range<usize>) -> Range<usize> {
        Places { run: &self.run, first: self.first, form: self.form }.original(bytes, span)
    }
}

impl Places<'_> {
    fn original(self, bytes: &[u8], span: Range<usize>) -> Range<usize> {
        let Self { run, first, form } = self;
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
    /// What the characters stand for in base64.
    sextets: Vec<u8>,
    /// Where groups begin that print.
    groups: Vec<u8>,
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
                // Several lines are never longer than a piece.
                run.lines.iter().for_each(|line| self.characters.extend_from_slice(&bytes[line.clone()]));
            }
            self.base64(run, start, found);
            self.hex(run, start, found);
            if end == length {
                return;
            }
            start = end - OVERLAP;
        }
    }

    /// Looks at all four places at which a group could begin at once: what the three bytes of the group at each character are is computed for
    /// the whole piece, without branches, and only what prints is decoded.
    fn base64(&mut self, run: &Run, start: usize, found: &mut impl FnMut(&Decoded<'_>)) {
        self.mark_groups();
        let mut free = [0; 4];
        let mut from = 0;
        while let Some(at) = memchr::memchr(1, &self.groups[from..]).map(|ahead| from + ahead) {
            from = at + 1;
            let shift = at % 4;
            if at < free[shift] {
                continue;
            }
            let end = self.last_group(at);
            free[shift] = end;
            self.text_around(run, start, at, end, found);
        }
    }

    /// Marks the characters at which a group begins whose three bytes all print.
    fn mark_groups(&mut self) {
        let Self { characters, sextets, groups, .. } = self;
        sextets.clear();
        sextets.extend(characters.iter().map(|byte| SEXTETS[usize::from(*byte)]));
        groups.clear();
        let rest = |ahead: usize| sextets.get(ahead..).unwrap_or_default();
        let four = sextets.iter().zip(rest(1)).zip(rest(2)).zip(rest(3));
        groups.extend(four.map(|(((a, b), c), d)| {
            u8::from(prints(a << 2 | b >> 4)) & u8::from(prints(b << 4 | c >> 2)) & u8::from(prints(c << 6 | d))
        }));
    }

    /// Behind the last of the groups that print, from the one at `at` on.
    fn last_group(&self, at: usize) -> usize {
        let more = (at..self.groups.len()).step_by(4).take_while(|place| self.groups[*place] != 0).count();
        at + more * 4
    }

    /// Decodes the groups at `at..end`, and what prints of the bytes beside them.
    fn text_around(&mut self, run: &Run, start: usize, at: usize, end: usize, found: &mut impl FnMut(&Decoded<'_>)) {
        let first = if at >= 4 { at - 4 } else { at };
        let last = self.sextets.len().min(end + 4);
        self.decoded.clear();
        for group in self.sextets[first..last].chunks(4) {
            let bits = group.iter().fold(0, |bits, sextet| bits << 6 | u32::from(*sextet));
            let bits = bits << (6 * (4 - group.len()));
            self.decoded.extend_from_slice(&bits.to_be_bytes()[1..group.len().max(1)]);
        }
        // What prints beside the groups is at most two bytes before them and some behind.
        let inside = (at - first) / 4 * 3;
        let before = self.decoded[..inside].iter().rev().take_while(|byte| prints(**byte)).count();
        let after = self.decoded[inside..].iter().take_while(|byte| prints(**byte)).count();
        let text = inside - before..inside + after;
        if text.len() >= TEXT_MIN {
            // A group holds three bytes: begin with a whole one, so that spans count from there.
            let skip = text.start % 3;
            let places = Places { run, first: start + first + text.start / 3 * 4, form: Form::Base64 };
            let (at, end) = (text.start, text.end);
            shifted(&self.decoded[at..end], places, skip, &self.decoded[at - skip..end], found);
        }
    }

    fn hex(&mut self, run: &Run, start: usize, found: &mut impl FnMut(&Decoded<'_>)) {
        let mut free = 0;
        let mut probe = RUN_MIN - 1;
        // Every part of this length holds one of the places that are probed.
        while probe < self.characters.len() {
            if !self.characters[probe].is_ascii_hexdigit() {
                probe += RUN_MIN;
                continue;
            }
            let is_digit = |byte: &&u8| byte.is_ascii_hexdigit();
            let from = probe - self.characters[free..probe].iter().rev().take_while(is_digit).count();
            let end = probe + self.characters[probe..].iter().take_while(is_digit).count();
            if end - from >= RUN_MIN {
                self.hex_part(run, start, from..end, found);
            }
            free = end;
            probe = end + RUN_MIN;
        }
    }

    fn hex_part(&mut self, run: &Run, start: usize, part: Range<usize>, found: &mut impl FnMut(&Decoded<'_>)) {
        for shift in 0..2 {
            self.decoded.clear();
            let pairs = self.characters[part.start + shift..part.end].chunks_exact(2);
            self.decoded.extend(pairs.map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])));
            printable(&self.decoded, |at, text| {
                let places = Places { run, first: start + part.start + shift + at * 2, form: Form::Hex };
                found(&Decoded { text, places });
            });
        }
    }
}

/// Whether a byte is one of a printable text.
fn prints(byte: u8) -> bool {
    byte.wrapping_sub(b' ') < 95 || byte == b'\t' || byte == b'\n' || byte == b'\r'
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

fn nibble(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        _ => (byte | 0x20) - b'a' + 10,
    }
}

/// Calls `found` for each stretch of printable ASCII that is long enough, with its place.
fn printable<'a>(decoded: &'a [u8], mut found: impl FnMut(usize, &'a [u8])) {
    let mut at = 0;
    for text in decoded.split(|byte| !prints(*byte)) {
        if text.len() >= TEXT_MIN {
            found(at, text);
        }
        at += text.len() + 1;
    }
}
