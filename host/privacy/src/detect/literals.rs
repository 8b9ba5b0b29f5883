//! Finds which of some hundred short literals stand in a text, whatever the case of their letters.
//!
//! Three bytes, of each its low five bits, are looked up in a table of bits that fits into the nearest cache; few places get further than that. A
//! general automaton has to wait for each byte before it can look at the next one, and takes about three times as long.

/// All combinations of three times five bits.
const TRIPLES: usize = 1 << 15;
/// How many bytes are looked at before anything is decided.
const ROUND: usize = 16;

/// The literals, ready to be looked for.
pub(super) struct Literals {
    literals: Vec<&'static str>,
    /// A bit for each triple that begins a literal.
    begins: Box<[u64; TRIPLES / 64]>,
    /// Which literals each triple begins, sorted.
    of_triple: Vec<(u16, u16)>,
    /// Where the literals of each triple begin among those; looked at only where there are any.
    first_of: Box<[u16]>,
}

impl Literals {
    /// Literals of at least two bytes. Each is called by its place in the list.
    pub(super) fn new(literals: Vec<&'static str>) -> Self {
        let mut of_triple = Vec::new();
        for (number, literal) in literals.iter().enumerate() {
            let number = u16::try_from(number).unwrap_or(u16::MAX);
            match *literal.as_bytes() {
                [a, b, c, ..] => of_triple.push((triple(a, b, c), number)),
                // Whatever stands behind it.
                [a, b] => of_triple.extend((0..32).map(|c| (triple(a, b, c), number))),
                _ => {}
            }
        }
        of_triple.sort_unstable();
        let mut begins = Box::new([0; TRIPLES / 64]);
        for (triple, _) in &of_triple {
            begins[usize::from(*triple) / 64] |= 1 << (triple % 64);
        }
        let mut first_of = vec![0; TRIPLES].into_boxed_slice();
        for (place, (triple, _)) in of_triple.iter().enumerate().rev() {
            first_of[usize::from(*triple)] = u16::try_from(place).unwrap_or(u16::MAX);
        }
        Self { literals, begins, of_triple, first_of }
    }

    /// Calls `found` with the literal, its start and its end, for each literal in `bytes[from..to]`, in the order of their starts.
    pub(super) fn find(&self, bytes: &[u8], from: usize, to: usize, mut found: impl FnMut(usize, usize, usize)) {
        let Some(part) = bytes.get(from..to).filter(|part| part.len() >= 2) else { return };
        let mut rolling = u32::from(triple(0, part[0], part[1]));
        let mut start = 0;
        // A round of bytes at once, without branches: nearly always there is nothing.
        let rounds = part[2..].chunks_exact(ROUND);
        // Nothing stands behind the last two bytes.
        let rest = rounds.remainder().iter().chain(&[0]);
        for round in rounds {
            let before = rolling;
            let mut begun = 0_u32;
            for (place, next) in round.iter().enumerate() {
                rolling = rolling << 5 | u32::from(next & 31);
                begun |= self.begins(rolling) << place;
            }
            while begun != 0 {
                let place = begun.trailing_zeros() as usize;
                let at = round[..=place].iter().rev().take(3).rev();
                let triple = at.fold(before, |triple, next| triple << 5 | u32::from(next & 31));
                self.verify(part, start + place, triple, |literal, end| {
                    found(literal, from + start + place, from + end)
                });
                begun &= begun - 1;
            }
            start += ROUND;
        }
        for next in rest {
            rolling = rolling << 5 | u32::from(next & 31);
            if self.begins(rolling) == 1 {
                self.verify(part, start, rolling, |literal, end| found(literal, from + start, from + end));
            }
            start += 1;
        }
    }

    /// 1 when a literal begins with this triple.
    fn begins(&self, rolling: u32) -> u32 {
        let at = rolling as usize % TRIPLES;
        (self.begins[at / 64] >> (at % 64) & 1) as u32
    }

    fn verify(&self, part: &[u8], start: usize, rolling: u32, mut found: impl FnMut(usize, usize)) {
        let triple = rolling as usize % TRIPLES;
        let first = usize::from(self.first_of[triple]);
        for (_, number) in self.of_triple[first..].iter().take_while(|(known, _)| usize::from(*known) == triple) {
            let literal = self.literals[usize::from(*number)];
            let end = start + literal.len();
            if part.get(start..end).is_some_and(|text| text.eq_ignore_ascii_case(literal.as_bytes())) {
                found(usize::from(*number), end);
            }
        }
    }
}

fn triple(a: u8, b: u8, c: u8) -> u16 {
    u16::from(a & 31) << 10 | u16::from(b & 31) << 5 | u16::from(c & 31)
}

#[cfg(test)]
mod tests {
    use super::Literals;
    use proptest::prelude::*;

    const LITERALS: [&str; 6] = ["ab", "abc", "b-", "Token", "-b-", "aaaa"];

    proptest! {
        #[test]
        fn what_is_found_is_what_a_plain_search_finds(text in "[abcABC-]{0,40}(token)?[abC-]{0,5}", from in 0_usize..4) {
            let bytes = text.as_bytes();
            let mut found = Vec::new();
            Literals::new(LITERALS.to_vec()).find(bytes, from, bytes.len(), |literal, start, end| found.push((start, literal, end)));
            let mut expected = Vec::new();
            for start in from..bytes.len() {
                for (number, literal) in LITERALS.iter().enumerate() {
                    if bytes[start..].len() >= literal.len() && bytes[start..start + literal.len()].eq_ignore_ascii_case(literal.as_bytes()) {
                        expected.push((start, number, start + literal.len()));
                    }
                }
            }
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
