//! What a search looks at of the packages of one shard, in a form that is read at once (spec/index.md IDX-28).
//!
//! Derived from files that were compared with the trusted head, and kept by somebody else. A section is a line that says what it was
//! made of, and a sorted line for each package. It is believed only where the digest of its shard file is the one that the head gives now, and its own
//! is right; a line of an older one is taken over while the package's file has the same digest.

use super::words::{self, Line, Words};
use crate::{
    Files, IndexError,
    layout::{Covered, Shard},
    package, shards, statements,
};
use mpp_schema::{Digest, PackageName};
use std::{collections::BTreeMap, fmt::Write as _};

/// How a section begins. Another way to write lines is another number.
const MAGIC: &str = "mpp-search-1";
/// How many packages are proven where each costs a request.
const FOUND_BY_NAME_MAX: usize = 50;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Names: for whoever reads single files, of which each costs a request.
    Names,
    /// Names, and the tools and the description of the latest version.
    Texts,
}

impl Depth {
    pub(super) fn most(self) -> usize {
        match self {
            Self::Names => FOUND_BY_NAME_MAX,
            Self::Texts => usize::MAX,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Texts => "texts",
        }
    }
}

/// Where sections are kept between searches. What is given back may be anything; who keeps nothing only loses time.
pub trait Sections {
    /// What was kept for a shard.
    fn read(&self, shard: Shard) -> Option<Vec<u8>>;
    /// Keeps a section in place of the one before.
    fn keep(&self, shard: Shard, section: &[u8]);
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy)]
pub struct Nowhere;

impl Sections for Nowhere {
    fn read(&self, _shard: Shard) -> Option<Vec<u8>> {
        None
    }
    fn keep(&self, _shard: Shard, _section: &[u8]) {}
}

/// A section whose own digest is right.
pub(super) struct Section {
    depth: Depth,
    /// Of the shard file.
    of: Digest,
    text: String,
    /// Where the lines begin.
    lines: usize,
}

/// The section of a shard as the trusted head fixes it: the one that was kept, or one made anew of it.
pub(super) fn current(
    files: &dyn Files,
    table: &[Option<Digest>],
    shard: Shard,
    depth: Depth,
    sections: &dyn Sections,
) -> Result<Section, IndexError> {
    let Some(of) = table[usize::from(shard.0)] else { return Ok(Section::write(depth, Digest::of(b""), "")) };
    let kept = sections.read(shard).and_then(Section::parse).filter(|kept| kept.depth >= depth);
    match kept {
        Some(kept) if kept.of == of => Ok(kept),
        kept => {
            let depth = kept.as_ref().map_or(depth, |kept| kept.depth.max(depth));
            let known = kept.as_ref().map(Section::by_name).unwrap_or_default();
            let lines = lines(files, &shards::lines(files, table, shard)?, depth, &known)?;
            let made = Section::write(depth, of, &lines);
            sections.keep(shard, made.text().as_bytes());
            Ok(made)
        }
    }
}

type Known<'a> = BTreeMap<&'a str, (&'a str, &'a str)>;

/// A line for each package of a shard.
fn lines(files: &dyn Files, shard: &shards::ShardLines, depth: Depth, known: &Known<'_>) -> Result<String, IndexError> {
    let mut lines = String::new();
    for (path, digest) in shard {
        let Covered::Package(name) = Covered::of(path) else { continue };
        let same = known.get(name.to_string().as_str()).filter(|(of, _)| *of == digest.to_string());
        let text = match (same, depth) {
            (Some((_, text)), _) => (*text).to_owned(),
            (None, Depth::Names) => Line::name_only(&name).text(),
            (None, Depth::Texts) => read(files, &name, path, *digest)?,
        };
        // Writing to a text cannot fail.
        let _ = writeln!(lines, "{digest} {text}");
    }
    Ok(lines)
}

fn read(files: &dyn Files, name: &PackageName, path: &str, digest: Digest) -> Result<String, IndexError> {
    let file = shards::read_exact(files, path, digest)?;
    let latest = package::latest(statements::unproven(name, &file)?);
    Ok(latest.map_or_else(|| Line::name_only(name).text(), |latest| Line::of(name, &latest.release).text()))
}

impl Section {
    pub(super) fn write(depth: Depth, of: Digest, lines: &str) -> Self {
        let head = format!("{MAGIC} {} {of} {}\n", depth.as_str(), Digest::of(lines.as_bytes()));
        Self { depth, of, lines: head.len(), text: head + lines }
    }

    /// Nothing where it is not a whole section.
    fn parse(bytes: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(bytes).ok()?;
        let (head, lines) = text.split_once('\n')?;
        let mut fields = head.split(' ');
        (fields.next()? == MAGIC).then_some(())?;
        let depth = fields.next()?;
        let depth = [Depth::Names, Depth::Texts].into_iter().find(|known| known.as_str() == depth)?;
        let of = fields.next()?.parse().ok()?;
        let digest: Digest = fields.next()?.parse().ok()?;
        let is_whole = fields.next().is_none() && digest == Digest::of(lines.as_bytes());
        let lines = head.len() + 1;
        is_whole.then_some(Self { depth, of, text, lines })
    }

    /// The section as it is kept.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The packages in which every word is found, and how well they fit.
    pub(super) fn fitting<'a>(&'a self, words: &'a Words) -> impl Iterator<Item = (u32, PackageName)> + 'a {
        self.lines().filter_map(|(_, text)| Some((words.score(text)?, words::name(text)?)))
    }

    fn by_name(&self) -> Known<'_> {
        self.lines().map(|(of, text)| (words::name_text(text), (of, text))).collect()
    }

    /// The digest of each package's file, and its text.
    fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        self.text[self.lines..].lines().filter_map(|line| line.split_once(' '))
    }
}
