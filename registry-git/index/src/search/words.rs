//! Words that are looked for, and the text of a package that they are looked for in.

use memchr::memmem::Finder;
use mpp_schema::{PackageName, index::Release};

/// What stands between the parts of a line, in none of which it occurs.
const BETWEEN: char = '\t';

/// What a search looks at of one package: its name, and the tools and the description of its latest version.
pub(super) struct Line<'a> {
    name: String,
    latest: Option<&'a Release>,
}

impl<'a> Line<'a> {
    /// A line with everything.
    pub(super) fn of(name: &PackageName, latest: &'a Release) -> Self {
        Self { name: name.to_string(), latest: Some(latest) }
    }

    /// A line for who knows the name alone.
    pub(super) fn name_only(name: &PackageName) -> Self {
        Self { name: name.to_string(), latest: None }
    }

    /// The parts as one line of text, in lower case, with plain spaces.
    pub(super) fn text(&self) -> String {
        let tools: Vec<_> = self.latest.iter().flat_map(|latest| &latest.tools).map(|tool| tool.as_str()).collect();
        let description = self.latest.map_or(String::new(), |latest| latest.description.to_lowercase());
        let description = description.replace(char::is_whitespace, " ");
        format!("{}{BETWEEN}{}{BETWEEN}{description}", self.name, tools.join(" "))
    }
}

/// The name in a line.
pub(super) fn name(line: &str) -> Option<PackageName> {
    name_text(line).parse().ok()
}

/// The same as text.
pub(super) fn name_text(line: &str) -> &str {
    line.split(BETWEEN).next().unwrap_or_default()
}

/// The words, in lower case.
pub(super) struct Words(Vec<Finder<'static>>);

impl Words {
    pub(super) fn new(text: &str) -> Self {
        let finder = |word: &str| Finder::new(&word.to_lowercase()).into_owned();
        Self(text.split_whitespace().map(finder).collect())
    }

    /// How well a line fits: the sum over the words of where they are found, or nothing when one is nowhere.
    pub(super) fn score(&self, line: &str) -> Option<u32> {
        if self.0.iter().any(|word| word.find(line.as_bytes()).is_none()) {
            return None;
        }
        let mut parts = line.splitn(3, BETWEEN);
        let [full, tools, description] = [(); 3].map(|()| parts.next().unwrap_or_default());
        let name = full.split_once(':').map_or(full, |(_, name)| name);
        self.0.iter().try_fold(0, |sum, word| {
            let is = |text: &str| text.as_bytes() == word.needle();
            let is_in = |text: &str| word.find(text.as_bytes()).is_some();
            let places = [(is(name) || is(full), 8), (is_in(full), 4), (is_in(tools), 2), (is_in(description), 1)];
            let best: u32 = places.iter().filter(|(here, _)| *here).map(|(_, points)| points).sum();
            (best > 0).then_some(sum + best)
        })
    }
}
