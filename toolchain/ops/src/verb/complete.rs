//! Names that this home knows, for a shell that completes a word. Nothing is asked of a registry, and what cannot be read is left out.

use crate::{
    home::{Home, installed::InstalledRecord, keys::DEVELOPMENT},
    package_file,
};
use mpp_registry::Registry;
use mpp_schema::{Ident, PackageName, tools::ToolsFile};
use std::{collections::BTreeSet, fs::File, io::BufReader};

/// How many names of one kind are offered: more than anybody reads, and few enough for any shell.
const MOST: usize = 500;

/// What is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An installed package.
    Installed,
    /// A package of a registry, as this home saw it last, or an installed one.
    Known,
    /// The same with one of its versions, once its name is whole.
    KnownVersion,
    /// A tool of the installed package that stands before it.
    Tool,
    /// A registry of this home.
    Registry,
    /// A key of this home.
    Key,
    /// A namespace of the packages that are known.
    Namespace,
}

/// The names of a home, for one line.
pub struct Names {
    home: Home,
    words: Vec<String>,
}

impl Names {
    /// Those that could stand in place of the last of these words.
    pub fn new(home: Home, words: Vec<String>) -> Self {
        Self { home, words }
    }

    /// The names of a kind, sorted. Those that do not begin as what is typed may be left out.
    pub fn of(&self, kind: Kind) -> Vec<String> {
        let names: BTreeSet<String> = match kind {
            Kind::Installed => self.installed(),
            Kind::Known => self.known(self.typed()),
            Kind::KnownVersion => self.versions(),
            Kind::Tool => self.tools(),
            Kind::Registry => self.registries(),
            Kind::Key => self.keys(),
            Kind::Namespace => self.namespaces(),
        };
        names.into_iter().take(MOST).collect()
    }

    fn typed(&self) -> &str {
        self.words.last().map(String::as_str).unwrap_or_default()
    }

    fn installed(&self) -> BTreeSet<String> {
        let records = self.home.all_installed().unwrap_or_default();
        records.into_iter().map(|record| record.name.to_string()).collect()
    }

    fn known(&self, typed: &str) -> BTreeSet<String> {
        let of_registry = |registry: Registry| registry.names(typed, MOST).unwrap_or_default();
        let mut names: BTreeSet<_> = self.each_registry().flat_map(of_registry).map(|name| name.to_string()).collect();
        names.extend(self.installed().into_iter().filter(|name| name.starts_with(typed)));
        names
    }

    fn versions(&self) -> BTreeSet<String> {
        let Some((name, _)) = self.typed().split_once('@') else { return self.known(self.typed()) };
        let Ok(name) = name.parse::<PackageName>() else { return BTreeSet::new() };
        let entries = self.each_registry().filter_map(|registry| registry.package(&name).ok().flatten());
        entries.flat_map(|entry| entry.releases).map(|signed| format!("{name}@{}", signed.release.version)).collect()
    }

    fn tools(&self) -> BTreeSet<String> {
        // Only the first word after the package is its tool.
        let Some(before) = self.words.len().checked_sub(2).map(|at| &self.words[at]) else { return BTreeSet::new() };
        let name = before.split('@').next().unwrap_or_default();
        let Ok(name) = name.parse::<PackageName>() else { return BTreeSet::new() };
        let tools = self.home.installed(&name).ok().and_then(|record| self.tools_of(&record));
        tools.into_iter().flat_map(|file| file.tools).map(|tool| tool.name.to_string()).collect()
    }

    fn tools_of(&self, record: &InstalledRecord) -> Option<ToolsFile> {
        let file = File::open(self.home.package_path(record.file)).ok()?;
        let trust = package_file::trust_for_installed(record).ok()?;
        mpp_package::verify::open(BufReader::new(file), &trust).ok()?.tools().ok()
    }

    fn registries(&self) -> BTreeSet<String> {
        let known = self.home.registries().unwrap_or_default();
        known.into_iter().map(|known| known.name.to_string()).collect()
    }

    fn keys(&self) -> BTreeSet<String> {
        let keys = self.home.keys().unwrap_or_default();
        keys.into_iter().map(|key| key.name).filter(|name| name != DEVELOPMENT).collect()
    }

    fn namespaces(&self) -> BTreeSet<String> {
        let namespace = |name: &String| name.split(':').next().and_then(|text| text.parse::<Ident>().ok());
        self.known(self.typed()).iter().filter_map(namespace).map(|name| name.to_string()).collect()
    }

    /// The registries of this home, as they were seen last.
    fn each_registry(&self) -> impl Iterator<Item = Registry> + '_ {
        let known = self.home.registries().unwrap_or_default();
        known.into_iter().filter_map(|known| Registry::open(&known.url, self.home.registry_state(&known.name)).ok())
    }
}
