//! What a large index costs: first clone, update by one commit and by a thousand, resolving, searching, publishing, and the memory of each.
//!
//! `MPP_BENCH_PACKAGES=100000 cargo bench -p mpp-registry --bench scale` makes an index of 100,000 packages and a million versions, which
//! takes minutes and some gigabytes in the folder for temporary files; without the variable there are 2,000 packages. `MPP_BENCH_VERSIONS` says
//! how many versions each of them has. Each step runs in a process of its own, which says how much memory it took. Every figure stands beside
//! one of the same run: git's own on the same commits, or ours on an index with a hundredth of the packages.
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod generator;
mod step;

use generator::{Generated, Size};
use mpp_registry::{PublishOptions, Registry};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant as Clock,
};
use step::{Measured, Step};
use tempfile::TempDir;

/// How often an update by one commit is measured.
const UPDATES: usize = 11;
/// The commits of the large update.
const MANY: usize = 1000;

fn main() {
    if let Some(step) = Step::asked_for() {
        return step.run();
    }
    if !git(&["--version"]) {
        println!("the git program is not installed: nothing to make an index with");
        return;
    }
    let number = |name: &str, default| std::env::var(name).ok().map_or(default, |text| text.parse().unwrap());
    let versions_each = number("MPP_BENCH_VERSIONS", 10);
    let packages = number("MPP_BENCH_PACKAGES", 2_000);
    let folder = TempDir::new().unwrap();
    let small = Side::new(folder.path(), "small", Size { packages: (packages / 100).max(1), versions_each });
    let large = Side::new(folder.path(), "large", Size { packages, versions_each });
    compare(small, large);
}

/// One index, a clone of it by git, and a home that knows it.
struct Side {
    generated: Generated,
    location: String,
    clone: PathBuf,
    home: PathBuf,
}

impl Side {
    fn new(folder: &Path, name: &str, size: Size) -> Self {
        let at = |what: &str| folder.join(format!("{name}-{what}"));
        let start = Clock::now();
        let generated = Generated::new(&at("registry.git"), size);
        let records = generated.records();
        let took = start.elapsed();
        println!("{name}: {} packages, {records} records, made in {took:.1?}", size.packages);
        let location = format!("file://{}", generated.repository().display());
        Self { generated, location, clone: at("clone.git"), home: at("home") }
    }

    fn step(&self, step: Step) -> Measured {
        step.in_a_process(&self.location, &self.home)
    }

    /// What git alone needs for a clone of the newest commit.
    fn clone(&self) -> f64 {
        let clone = self.clone.to_str().unwrap();
        seconds(|| assert!(git(&["clone", "--quiet", "--bare", "--depth=1", &self.location, clone])))
    }

    /// What git alone needs to fetch what is new.
    fn fetch(&self) -> f64 {
        let clone = self.clone.to_str().unwrap();
        let arguments = ["--git-dir", clone, "fetch", "--quiet", &self.location, "main:main"];
        seconds(|| assert!(git(&arguments)))
    }

    /// Updates by commits with one new version each; gives ours and git's.
    fn update(&mut self, commits: usize) -> (Measured, f64) {
        self.generated.publish(commits);
        let git = self.fetch();
        (self.step(Step::Update), git)
    }

    /// The median update by one commit, by its ratio.
    fn updates_by_one(&mut self) -> (Measured, f64) {
        let mut rounds: Vec<_> = (0..UPDATES).map(|_| self.update(1)).collect();
        rounds.sort_by(|(ours, git), (others, theirs)| (ours.whole / git).total_cmp(&(others.whole / theirs)));
        rounds.swap_remove(UPDATES / 2)
    }

    /// Publishes one version, in this process.
    fn publish(&self) -> f64 {
        let name = self.generated.some(1).remove(0);
        let keys = self.generated.keys();
        let file = step::package(&name, "9.0.0", &keys.publisher);
        let mut registry = Registry::open(&self.location, &self.home).unwrap();
        let options =
            PublishOptions { file: &file, publishers: &[&keys.publisher], head_keys: &[&keys.head], dry_run: false };
        seconds(|| drop(registry.publish(&options, generator::now()).unwrap()))
    }
}

fn compare(mut small: Side, mut large: Side) {
    let (git, ours) = (large.clone(), large.step(Step::Update));
    line("first clone, verified", &ours, git, "git clone --depth=1");
    let per_record = ours.inside / large.generated.records() as f64;
    let (small_git, small_ours) = (small.clone(), small.step(Step::Update));
    line("  on the small index", &small_ours, small_git, "git clone --depth=1");
    let small_per_record = small_ours.inside / small.generated.records() as f64;
    println!("  per record {:.1} µs, ratio to the small index {:.2}", per_record * 1e6, per_record / small_per_record);

    let (one, git) = large.updates_by_one();
    line("update by one commit", &one, git, "git fetch (should be below 2)");
    let (small_one, git) = small.updates_by_one();
    line("  on the small index", &small_one, git, "git fetch");
    println!("  ratio to the small index {:.2}", one.whole / small_one.whole);
    let (many, git) = large.update(MANY);
    line(&format!("update by {MANY} commits"), &many, git, "git fetch");
    println!(
        "  ratio to an update by one {:.1}, to the first clone {:.4}",
        many.whole / one.whole,
        many.whole / ours.whole
    );

    let names = |side: &Side| side.generated.some(101);
    let (resolved, of_small) = (large.step(Step::Resolve(names(&large))), small.step(Step::Resolve(names(&small))));
    line("open and resolve a package", &resolved, of_small.inside, "the small index");
    for (what, words) in
        [("a rare word", "astrolabes"), ("two words", "maps sextants"), ("a frequent word", "reads"), ("no word", "")]
    {
        let search = |side: &Side| side.step(Step::Search(words.to_owned()));
        if what == "a rare word" {
            let cold = search(&large);
            line("search with nothing kept", &cold, resolved.inside, "resolving");
            search(&small);
        }
        let (warm, of_small) = (search(&large), search(&small));
        line(&format!("search for {what}, warm"), &warm, of_small.inside, "the small index");
    }
    large.update(1);
    let after = large.step(Step::Search("astrolabes".to_owned()));
    line("search after an update by one", &after, resolved.inside, "resolving");
    let (published, of_small) = (large.publish(), small.publish());
    println!("publish one version {:>22.1} ms, ratio to the small index {:.2}", published * 1e3, published / of_small);
}

/// One figure: time inside of the library, of the whole process, its memory, and how it compares.
fn line(what: &str, ours: &Measured, other: f64, to: &str) {
    let compared = if to.starts_with("git") { ours.whole } else { ours.inside };
    println!(
        "{what:<32} {:>9.1} ms, process {:>9.1} ms, {:>6.0} MiB; ratio to {to}: {:.2}",
        ours.inside * 1e3,
        ours.whole * 1e3,
        ours.peak_mib,
        compared / other
    );
}

fn seconds(run: impl FnOnce()) -> f64 {
    let start = Clock::now();
    run();
    start.elapsed().as_secs_f64()
}

fn git(arguments: &[&str]) -> bool {
    let status = Command::new("git").args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
