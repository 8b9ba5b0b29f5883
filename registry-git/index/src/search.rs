//! Looking for packages by words, in a state of the index that was verified (spec/index.md IDX-27).

mod finder;
mod remembering;
mod section;
mod words;

use crate::{
    Files, IndexError,
    layout::{self, Covered},
    package::{self, PackageEntry, Said, Standing},
    shards,
    state::TrustedState,
};
pub use finder::Finder;
use mpp_schema::{Ident, PackageName, index::Release};
use remembering::Remembering;
pub use section::{Depth, Nowhere, Sections};
use words::{Line, Words};

/// A package that fits the words.
#[derive(Debug, Clone)]
pub struct Found {
    /// The package.
    pub name: PackageName,
    /// Its highest version, and what the publisher says about it.
    pub latest: Release,
    /// That its publisher says to use something else.
    pub deprecated: Option<Said>,
    /// That no version of it may run: the highest is blocked, and so are all others or they are yanked.
    pub blocked: Option<Said>,
}

/// All names in the index, in the order of the shard table.
///
/// # Errors
/// When a shard is not what the trusted head says.
pub fn names(files: &dyn Files, state: &TrustedState) -> Result<Vec<PackageName>, IndexError> {
    let names = covered(files, state)?.into_iter().filter_map(|covered| match covered {
        Covered::Package(name) => Some(name),
        _ => None,
    });
    Ok(names.collect())
}

/// The names that begin with a text, `most` of them at most, sorted. For whoever completes a name that is typed: the lines of the shard files are
/// looked at as they stand.
///
/// # Errors
/// As [`names`].
pub fn beginning(
    files: &dyn Files,
    state: &TrustedState,
    text: &str,
    most: usize,
) -> Result<Vec<PackageName>, IndexError> {
    let table = shards::table(files, state.head())?;
    let typed = text.replacen(':', "/", 1);
    let mut found = Vec::new();
    for shard in layout::Shard::all() {
        let Some(digest) = table[usize::from(shard.0)].filter(|_| found.len() < most) else { continue };
        let file = shards::read_exact(files, &layout::shard_file(shard), digest)?;
        let folder = format!("pkg/{shard}/{typed}");
        let lines = file.split(|byte| *byte == b'\n').filter(|line| line.starts_with(folder.as_bytes()));
        let paths = lines.filter_map(|line| std::str::from_utf8(line).ok()?.split(' ').next());
        found.extend(paths.filter_map(|path| match Covered::of(path) {
            Covered::Package(name) if name.to_string().starts_with(text) => Some(name),
            _ => None,
        }));
    }
    found.sort();
    found.truncate(most);
    Ok(found)
}

/// All namespaces in the index, sorted.
///
/// # Errors
/// As [`names`].
pub fn namespaces(files: &dyn Files, state: &TrustedState) -> Result<Vec<Ident>, IndexError> {
    let names = covered(files, state)?.into_iter().filter_map(|covered| match covered {
        Covered::Namespace(name) => Some(name),
        _ => None,
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    Ok(names)
}

/// What all covered files are.
pub(crate) fn covered(files: &dyn Files, state: &TrustedState) -> Result<Vec<Covered>, IndexError> {
    let table = shards::table(files, state.head())?;
    let mut covered = Vec::new();
    for shard in layout::Shard::all() {
        covered.extend(shards::lines(files, &table, shard)?.keys().map(|path| Covered::of(path)));
    }
    Ok(covered)
}

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// Words that must all occur. No words: every package.
    pub text: &'a str,
    /// What is looked at.
    pub depth: Depth,
    /// How many packages are wanted at most.
    pub most: usize,
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The packages that fit, best first, each as the trusted state proves it.
    pub found: Vec<Found>,
    /// How many fit, those that were not wanted included.
    pub fitting: usize,
}

/// The packages in which every word is found, best first.
///
/// Which ones fit is read from the sections, which only ever save work: a section counts for the shard file whose digest it carries and for
/// no other, is made anew where it is missing, old or damaged, and never says what a package is. That is read from the trusted state.
///
/// # Errors
/// When a file is not what the trusted head says.
pub fn search(
    files: &dyn Files,
    state: &TrustedState,
    sections: &dyn Sections,
    query: &Query<'_>,
) -> Result<Answer, IndexError> {
    let words = Words::new(query.text);
    let table = shards::table(files, state.head())?;
    let mut fitting = Vec::new();
    for shard in layout::Shard::all() {
        let section = section::current(files, &table, shard, query.depth, sections)?;
        fitting.extend(section.fitting(&words));
    }
    let (count, most) = (fitting.len(), query.most.min(query.depth.most()));
    let mut found = proven(files, state, &best(fitting, most))?;
    found.retain(|found| found.fits(&words));
    Ok(Answer { found, fitting: count })
}

/// What the trusted state proves of these packages, in their order; those without a release are left out.
///
/// # Errors
/// As [`names`].
pub fn proven(files: &dyn Files, state: &TrustedState, names: &[PackageName]) -> Result<Vec<Found>, IndexError> {
    let table = shards::table(files, state.head())?;
    let files = Remembering::new(files);
    let mut found = Vec::new();
    for name in names {
        let entry = package::package_in(&files, state, &table, name, state.proof())?;
        found.extend(entry.and_then(newest));
    }
    Ok(found)
}

/// The names of the best, in their order.
fn best(mut fitting: Vec<(u32, PackageName)>, most: usize) -> Vec<PackageName> {
    let order = |a: &(u32, PackageName), b: &(u32, PackageName)| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1));
    if most < fitting.len() {
        fitting.select_nth_unstable_by(most, order);
        fitting.truncate(most);
    }
    fitting.sort_unstable_by(order);
    fitting.into_iter().map(|(_, name)| name).collect()
}

/// The newest release of a package.
fn newest(entry: PackageEntry) -> Option<Found> {
    let latest = package::latest(entry.releases)?;
    let Standing { deprecated, blocked, .. } = latest.standing;
    Some(Found { name: entry.name, latest: latest.release, deprecated, blocked })
}

impl Found {
    /// Whether every word is found in what was proven.
    fn fits(&self, words: &Words) -> bool {
        words.score(&Line::of(&self.name, &self.latest).text()).is_some()
    }
}

#[cfg(test)]
mod tests;
