//! Which tools are offered, and under which names.

use crate::home::installed::InstalledRecord;
use mpp_mcp::name;
use mpp_schema::{Code, Coded, PackageName, ToolName, codes};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    str::FromStr,
};

/// Some packages, or some of their tools: `acme:md`, `acme:*`, `acme:md/outline`, `acme:md/read-*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    package: String,
    tool: String,
}

/// A pattern that cannot be meant.
#[derive(Debug, thiserror::Error)]
#[error("could not use the pattern `{0}`: expected NAMESPACE:NAME or NAMESPACE:NAME/TOOL, where * stands for anything")]
pub struct PatternError(String);

impl Coded for PatternError {
    fn code(&self) -> Code {
        codes::USAGE
    }
}

impl FromStr for Pattern {
    type Err = PatternError;
    fn from_str(text: &str) -> Result<Self, PatternError> {
        let (package, tool) = text.split_once('/').unwrap_or((text, "*"));
        let known = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-:*".contains(c));
        let good = known(package) && known(tool) && !tool.is_empty() && package.split(':').count() == 2;
        if !good {
            return Err(PatternError(text.to_owned()));
        }
        Ok(Self { package: package.to_owned(), tool: tool.to_owned() })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.package, self.tool)
    }
}

impl Pattern {
    fn matches(&self, package: &PackageName, tool: &ToolName) -> bool {
        fits(&self.package, &package.to_string()) && fits(&self.tool, tool.as_str())
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut is_open = false;
    for part in parts {
        is_open = true;
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    // What follows the last star must stand at the end.
    let last = pattern.rsplit('*').next().unwrap_or_default();
    if is_open { text.ends_with(last) } else { rest.is_empty() }
}

/// A tool of a package: `acme:md/outline`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The package.
    pub package: PackageName,
    /// Its tool.
    pub tool: ToolName,
}

/// A text that names no tool.
#[derive(Debug, thiserror::Error)]
#[error("could not find a tool in `{0}`: expected NAMESPACE:NAME/TOOL")]
pub struct PlaceError(String);

impl Coded for PlaceError {
    fn code(&self) -> Code {
        codes::USAGE
    }
}

impl FromStr for Place {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let wrong = || PlaceError(text.to_owned());
        let (package, tool) = text.split_once('/').ok_or_else(wrong)?;
        Ok(Self { package: package.parse().map_err(|_| wrong())?, tool: tool.parse().map_err(|_| wrong())? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.package, self.tool)
    }
}

/// The names of the tools that are offered, and what is left out because its name was taken before.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) places: BTreeMap<String, Place>,
    pub(super) left_out: Vec<(String, Place)>,
}

/// Names the tools of these packages. What the user named is called that; of two that would be called the same, the one that was installed
/// first is (MCP-12, MCP-19).
pub(super) fn names<'a>(
    packages: impl Iterator<Item = (&'a InstalledRecord, Vec<&'a ToolName>)>,
    wanted: &[Pattern],
    aliases: &BTreeMap<String, Place>,
) -> Names {
    let mut packages: Vec<_> = packages.collect();
    packages.sort_by(|(a, _), (b, _)| (a.installed, &a.name).cmp(&(b.installed, &b.name)));
    let mut names = Names::default();
    for (record, tools) in packages {
        for tool in tools {
            if !wanted.is_empty() && !wanted.iter().any(|pattern| pattern.matches(&record.name, tool)) {
                continue;
            }
            let place = Place { package: record.name.clone(), tool: tool.clone() };
            if let Some((alias, _)) = aliases.iter().find(|(_, named)| **named == place) {
                names.places.insert(alias.clone(), place);
                continue;
            }
            let name = name::of(record.name.name(), tool);
            match names.places.entry(name) {
                // A name that was given away is taken, also while nothing has it.
                entry if aliases.contains_key(entry.key()) => names.left_out.push((entry.key().clone(), place)),
                Entry::Occupied(taken) => names.left_out.push((taken.key().clone(), place)),
                Entry::Vacant(free) => drop(free.insert(place)),
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{Pattern, fits, names};
    use crate::home::installed::InstalledRecord;
    use mpp_schema::{Digest, FormatVersion, Instant, ToolName};
    use std::collections::BTreeMap;

    fn package(name: &str, installed: i64) -> InstalledRecord {
        InstalledRecord {
            mpp: FormatVersion::CURRENT,
            name: name.parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            digest: Digest::of(name.as_bytes()),
            file: Digest::of(name.as_bytes()),
            publishers: Vec::new(),
            registry: None,
            locked_from: None,
            description: String::new(),
            installed: Instant::from_unix_seconds(installed).unwrap(),
        }
    }

    /// MCP-12.
    #[test]
    fn a_name_belongs_to_whoever_had_it_first() {
        let tool: ToolName = "outline".parse().unwrap();
        let (later, first) = (package("acme:md", 2), package("other:md", 1));
        let both = || [(&later, vec![&tool]), (&first, vec![&tool])].into_iter();
        let found = names(both(), &[], &BTreeMap::new());
        assert_eq!(found.places["md_outline"].package, first.name);
        assert_eq!(found.places.len(), 1);
        assert_eq!((found.left_out[0].0.as_str(), &found.left_out[0].1.package), ("md_outline", &later.name));

        // MCP-19.
        let named = |alias: &str, place: &str| BTreeMap::from([(alias.to_owned(), place.parse().unwrap())]);
        let found = names(both(), &[], &named("mine", "acme:md/outline"));
        assert_eq!(found.places["md_outline"].package, first.name);
        assert_eq!(found.places["mine"].package, later.name);
        assert!(found.left_out.is_empty());
        let found = names(both(), &[], &named("md_outline", "gone:md/outline"));
        assert_eq!((found.places.len(), found.left_out.len()), (0, 2), "it was given away");
    }

    #[test]
    fn patterns_say_which() {
        let check = |pattern: &str, package: &str, tool: &str| {
            let pattern: Pattern = pattern.parse().unwrap();
            pattern.matches(&package.parse().unwrap(), &tool.parse().unwrap())
        };
        assert!(check("acme:md", "acme:md", "outline"));
        assert!(!check("acme:md", "acme:md2", "outline"));
        assert!(check("acme:*", "acme:md2", "outline"));
        assert!(check("*:md/out*", "other:md", "outline"));
        assert!(!check("*:md/out*", "other:md", "links"));
        for bad in ["md", "acme:md/", "a:b:c", "acme md:x", ""] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn stars_stand_for_anything() {
        assert!(fits("a*b", "ab") && fits("a*b", "axxb") && fits("*", "") && fits("a*b*c", "a-b-c"));
        assert!(!fits("a*b", "abc") && !fits("a*b", "ba") && !fits("", "a"));
    }
}
