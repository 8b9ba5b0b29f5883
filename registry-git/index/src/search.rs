//! Looking for packages by words, in a state of the index that was verified (spec/index.md IDX-27).

use crate::{
    Files, IndexError,
    layout::{self, Covered},
    package::{self, Said, SignedRelease, Standing},
    shards,
    state::TrustedState,
    statements,
};
use mpp_schema::{Ident, PackageName, index::Release};

/// How many packages are looked at where each costs a request.
const FOUND_BY_NAME_MAX: usize = 50;

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
    /// How well it fits: more is better.
    pub score: u32,
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

/// The packages whose name, description or tools hold every word of `text`, best first. No words: all packages.
///
/// Files are compared with the trusted head; signatures of statements are not verified again, because a search reads many files and
/// decides nothing: [`crate::package::package`] does it for the one that is chosen.
///
/// # Errors
/// When a file is not what the trusted head says.
pub fn search(files: &dyn Files, state: &TrustedState, text: &str) -> Result<Vec<Found>, IndexError> {
    let words = words(text);
    let table = shards::table(files, state.head())?;
    let mut found = Vec::new();
    for shard in layout::Shard::all() {
        for (path, digest) in shards::lines(files, &table, shard)? {
            let Covered::Package(name) = Covered::of(&path) else { continue };
            let file = shards::read_exact(files, &path, digest)?;
            let releases = statements::unproven(&name, &file)?;
            found.extend(fitting(name, releases, &words));
        }
    }
    Ok(best_first(found))
}

/// The same for whoever reads single files: the packages whose name holds every word. Only their files are read.
///
/// # Errors
/// As [`search`].
pub fn search_names(files: &dyn Files, state: &TrustedState, text: &str) -> Result<Vec<Found>, IndexError> {
    let words = words(text);
    let fits = |name: &PackageName| words.iter().all(|word| name.to_string().contains(word.as_str()));
    let mut found = Vec::new();
    for name in names(files, state)?.into_iter().filter(fits).take(FOUND_BY_NAME_MAX) {
        let releases = package::package(files, state, &name)?.map(|entry| entry.releases).unwrap_or_default();
        found.extend(fitting(name, releases, &words));
    }
    Ok(best_first(found))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_lowercase).collect()
}

/// The newest release of a package, if the words are found in it.
fn fitting(name: PackageName, releases: Vec<SignedRelease>, words: &[String]) -> Option<Found> {
    let latest = package::latest(releases)?;
    let score = score(&name, &latest.release, words)?;
    let Standing { deprecated, blocked, .. } = latest.standing;
    Some(Found { name, latest: latest.release, deprecated, blocked, score })
}

fn best_first(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.name.cmp(&b.name)));
    found
}

/// The sum over the words of where they are found, or nothing when one is nowhere.
fn score(name: &PackageName, latest: &Release, words: &[String]) -> Option<u32> {
    let full = name.to_string();
    let description = latest.description.to_lowercase();
    let tools = &latest.tools;
    words.iter().try_fold(0, |sum, word| {
        let places = [
            (name.name().as_str() == word || full == *word, 8),
            (full.contains(word.as_str()), 4),
            (tools.iter().any(|tool| tool.as_str().contains(word.as_str())), 2),
            (description.contains(word.as_str()), 1),
        ];
        let best: u32 = places.iter().filter(|(here, _)| *here).map(|(_, points)| points).sum();
        (best > 0).then_some(sum + best)
    })
}
