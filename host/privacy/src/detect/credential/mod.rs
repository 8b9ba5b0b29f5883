//! Keys, tokens and passwords: by a literal that begins them, then by their structure, then by their entropy.
//!
//! All literals are looked for in one pass. A rule starts only where what stands before could not be part of it, and runs over a bounded
//! stretch, so that no text makes it slow.

mod assigned;
mod rules;
mod structured;

use super::{Hit, Text, entropy, literals::Literals};
use crate::Kind;
use rules::{Part, RULES, Rule, Set};
use std::sync::LazyLock;

/// What a literal leads to.
#[derive(Clone, Copy)]
enum Road {
    /// The rule of this index.
    Rule(usize),
    /// A function that knows a structure.
    Structured(structured::Finder),
    /// A word that is followed by a value.
    Assigned(assigned::Word),
}

struct Roads {
    literals: Literals,
    /// Where each literal leads to, and its one spelling when its case counts.
    roads: Vec<(Road, Option<&'static str>)>,
}

static ROADS: LazyLock<Roads> = LazyLock::new(|| {
    let rules = RULES.iter().enumerate().map(|(index, rule)| (rule.literal, Road::Rule(index), true));
    let structured =
        structured::STRUCTURES.iter().map(|(literal, _, finder)| (*literal, Road::Structured(*finder), true));
    let assigned = assigned::WORDS.iter().map(|(literal, word)| (*literal, Road::Assigned(*word), false));
    let all = rules.chain(structured).chain(assigned);
    let (literals, roads) = all.map(|(literal, road, exact)| (literal, (road, exact.then_some(literal)))).unzip();
    Roads { literals: Literals::new(literals), roads }
});

/// The names of all credential rules, by the index that a hit carries.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let rules = RULES.iter().map(|rule| rule.name);
    rules.chain(structured::STRUCTURES.iter().map(|(_, name, _)| *name)).chain(["assigned"])
}

/// The name of the rule of a hit.
pub(crate) fn name(rule: u16) -> &'static str {
    names().nth(usize::from(rule)).unwrap_or("credential")
}

/// All credentials of a text.
pub(crate) fn find(text: Text<'_>, out: &mut Vec<Hit>) {
    let roads = &*ROADS;
    roads.literals.find(text.bytes, 0, text.bytes.len(), |literal, start, end| {
        let (road, spelling) = roads.roads[literal];
        if spelling.is_some_and(|spelling| &text.bytes[start..end] != spelling.as_bytes()) {
            return;
        }
        let hit = match road {
            Road::Rule(index) => RULES[index].matches(text, start, end).map(|(start, end)| (index, start, end)),
            Road::Structured(finder) => structured::find(finder, text, start, end),
            Road::Assigned(word) => assigned::find(word, text, start, end),
        };
        out.extend(hit.map(|(rule, start, end)| Hit::new(Kind::Credential, rule, start, end)));
    });
    if let Some((start, end)) = assigned::by_field(text) {
        out.push(Hit::new(Kind::Credential, ASSIGNED, start, end));
    }
}

/// The index of the first structure, and of what is assigned to a word.
const FIRST_STRUCTURE: usize = RULES.len();
const ASSIGNED: usize = FIRST_STRUCTURE + structured::STRUCTURES.len();

/// How long a stretch may be that is gone through at every place where its literal stands.
const LONG: usize = 400;

impl Rule {
    /// Where a credential stands whose literal stands at `start..end`.
    fn matches(&self, text: Text<'_>, start: usize, end: usize) -> Option<(usize, usize)> {
        let from = start - self.before(text, start)?;
        let mut place = end;
        for part in self.parts {
            place += part.length(text, place)?;
        }
        let body = if self.before.is_some() { from..place } else { end..place };
        let varied = entropy::tenths_of_bits(&text.bytes[body]) >= self.entropy;
        (varied && self.ends(text, place)).then_some((from, place))
    }

    /// How many bytes before the literal belong to the credential; nothing when it cannot begin here.
    fn before(&self, text: Text<'_>, start: usize) -> Option<usize> {
        let Some((set, least, most)) = self.before else {
            // A long stretch begins at its first byte only, so that none is gone through again and again.
            let inside =
                |byte: u8| matches!(self.parts, [Part::Some(set, _, most), ..] if *most > LONG && set.joins(byte));
            let middle = !text.before(start, 1).is_ascii_alphanumeric() && inside(text.before(start, 1));
            return (text.begins_word(start) && !middle).then_some(0);
        };
        let length = (1..=most + 1).take_while(|back| *back <= start && set.has(text.before(start, *back))).count();
        // An escape such as `\n` can stand in front, and its letter looks like part of it.
        let length = if length > least && text.begins_word(start - length + 1) { length - 1 } else { length };
        (least..=most).contains(&length).then_some(length)
    }

    fn ends(&self, text: Text<'_>, place: usize) -> bool {
        text.ends_word(place)
    }
}

impl Part {
    /// How long this part is at a place.
    fn length(&self, text: Text<'_>, place: usize) -> Option<usize> {
        match self {
            Self::Text(literal) => text.bytes.get(place..)?.starts_with(literal.as_bytes()).then_some(literal.len()),
            Self::Some(set, least, most) => {
                let length = run(text, place, *set, *most);
                (length >= *least).then_some(length)
            }
        }
    }
}

/// How many bytes of a set stand at a place, at most `most`.
fn run(text: Text<'_>, place: usize, set: Set, most: usize) -> usize {
    let rest = text.bytes.get(place..).unwrap_or_default();
    rest.iter().take(most).take_while(|byte| set.has(**byte)).count()
}
