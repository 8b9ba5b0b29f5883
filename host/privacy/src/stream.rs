//! Masking what does not fit into memory: a window over the text, of which the last part is held back (PRIV-42).

use crate::{Blocked, Direction, Masker, detect::Text, finding::FINDING_BYTES_MAX};

/// How much before a finding can decide about it.
const BEFORE: usize = 2 * 1024;
/// What is held back: the longest finding, and what can decide about it.
const HOLD: usize = FINDING_BYTES_MAX + 8 * 1024;
/// How much is looked at in one go.
const STEP: usize = 104 * 1024;

/// A text that arrives in pieces. Where it is cut makes no difference to what comes out.
///
/// ```
/// use mpp_privacy::{Direction, Filter, Masker, Modes, Stream};
///
/// let mut masker = Masker::new(Filter::new(), Modes::default());
/// let mut stream = Stream::new(Direction::Http);
/// let mut out = Vec::new();
/// for piece in ["to: ada@exam", "ple.org, card 4242 42", "42 4242 4242"] {
///     stream.push(&mut masker, piece.as_bytes(), &mut out)?;
/// }
/// stream.finish(&mut masker, &mut out)?;
/// assert_eq!(out, b"to: [EMAIL#1], card [CARD#1]");
/// # Ok::<(), mpp_privacy::Blocked>(())
/// ```
#[derive(Debug)]
pub struct Stream {
    direction: Direction,
    window: Vec<u8>,
    /// How much of the window has gone out: it is kept for what follows.
    gone: usize,
    closed: bool,
}

impl Stream {
    /// The most bytes that a stream holds back.
    pub const HELD_BYTES_MAX: usize = HOLD + STEP;

    /// A stream that goes in this direction.
    pub fn new(direction: Direction) -> Self {
        Self { direction, window: Vec::new(), gone: 0, closed: false }
    }

    /// Takes a piece, and adds to `out` what can go out.
    ///
    /// # Errors
    /// What is held back must not leave, and nothing that follows.
    pub fn push(&mut self, masker: &mut Masker, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.open()?;
        if masker.modes().is_off(self.direction) {
            out.extend_from_slice(piece);
            return Ok(());
        }
        let mut rest = piece;
        while !rest.is_empty() {
            let room = self.gone + Self::HELD_BYTES_MAX - self.window.len();
            let (now, later) = rest.split_at(rest.len().min(room));
            self.window.extend_from_slice(now);
            rest = later;
            if self.window.len() == self.gone + Self::HELD_BYTES_MAX {
                let cut = self.window.len() - HOLD;
                self.advance(masker, cut, out)?;
            }
        }
        Ok(())
    }

    /// Ends the text, and adds the rest of it to `out`.
    ///
    /// # Errors
    /// What is held back must not leave.
    pub fn finish(mut self, masker: &mut Masker, out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.open()?;
        let end = self.window.len();
        self.advance(masker, end, out)
    }

    fn open(&self) -> Result<(), Blocked> {
        if self.closed { Err(Blocked::Closed) } else { Ok(()) }
    }

    /// Lets everything before `cut` go, or a little less, so that no finding is cut.
    fn advance(&mut self, masker: &mut Masker, cut: usize, out: &mut Vec<u8>) -> Result<(), Blocked> {
        self.closed = true;
        let settled = masker.settle(self.direction, Text::new(&self.window, b""), self.gone)?;
        let crossing = settled.masked.iter().chain(&settled.reported).filter(|hit| hit.start < cut && hit.end > cut);
        let cut = crossing.map(|hit| hit.start).min().unwrap_or(cut);
        // Of two findings with different modes, the other may begin before the one that was not cut.
        let cut = settled.masked.iter().find(|hit| hit.start < cut && hit.end > cut).map_or(cut, |hit| hit.start);
        let whole = settled.masked.partition_point(|hit| hit.start < cut);
        masker.write(self.direction, &self.window, self.gone..cut, &settled.masked[..whole], out);
        settled.reported.iter().filter(|hit| hit.start < cut).for_each(|hit| masker.count_reported(hit));
        let keep = cut.saturating_sub(BEFORE);
        self.window.drain(..keep);
        self.gone = cut - keep;
        self.closed = false;
        Ok(())
    }
}
