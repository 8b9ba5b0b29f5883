//! The command line: one table of commands, and what is common to all. Each command's own words stand in its file.

use crate::commands;
use clap::{Args, Parser, Subcommand, ValueEnum, builder::styling};
use std::{ffi::OsString, path::PathBuf};

const STYLES: styling::Styles = styling::Styles::styled()
    .header(styling::AnsiColor::Green.on_default().bold())
    .usage(styling::AnsiColor::Green.on_default().bold())
    .literal(styling::AnsiColor::Cyan.on_default().bold())
    .placeholder(styling::AnsiColor::Cyan.on_default());

/// Signed packages of tools for agents: make them, sign them, publish them, run them in a sandbox.
#[derive(Debug, Parser)]
#[command(
    name = "mpp",
    bin_name = "mpp",
    version,
    styles = STYLES,
    term_width = 80,
    after_help = "Start with `mpp demo`, or `mpp new my-tool` and `mpp run my-tool/`.\nExit codes are listed in spec/errors.md."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct Global {
    /// Print one JSON object on stdout, errors too
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Work as if started in this folder
    #[arg(short = 'C', long = "directory", value_name = "FOLDER", global = true)]
    pub directory: Option<PathBuf>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// The commands, in the order in which somebody meets them. The words of one are made out when it is called: making out all of them at
/// each start would take a tenth of the time of a call.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// See the whole road on real input: make, sign, publish, install, run, refuse
    Demo(commands::demo::Arguments),
    /// Make a new tool from a template
    New(commands::new::Arguments),
    /// Turn an existing cargo package into a tool
    Init(commands::init::Arguments),
    /// Build a package, signed with this home's development key
    Build(commands::build::Arguments),
    /// Find what a build would refuse, without making code
    Check(commands::check::Arguments),
    /// Run the cases in a project's tests folder, in a home of their own
    Test(commands::test::Arguments),
    /// Run a tool of a package file or a project, without installing it
    Run(commands::run::Arguments),
    /// Add a signature to a package
    Sign(commands::sign::Arguments),
    /// Check the container, the signatures and the digests of a package
    Verify(commands::verify::Arguments),
    /// Show what a package is, what it asks for and what it holds
    Inspect(commands::inspect::Arguments),
    /// Make and show signing keys
    #[command(subcommand)]
    Key(commands::key::Command),
    /// Decide which publishers are trusted
    #[command(subcommand)]
    Trust(commands::trust::Command),
    /// Publish a package to a registry
    Publish(commands::publish::Arguments),
    /// Keep a version from being chosen anew; where it is locked it still runs
    #[command(after_help = "Examples:\n  mpp yank acme:md@0.1.0 --reason 'it loses headings'")]
    Yank(commands::notice::NoticeArguments),
    /// Let a yanked version be chosen again
    #[command(after_help = "Examples:\n  mpp unyank acme:md@0.1.0 --reason 'it was the file that was wrong'")]
    Unyank(commands::notice::NoticeArguments),
    /// Tell people to use something else than a version
    #[command(after_help = "Examples:\n  mpp deprecate acme:md@0.1.0 --reason 'use acme:markdown'")]
    Deprecate(commands::notice::NoticeArguments),
    /// Keep a version from running, installed copies included; this cannot be taken back
    Block(commands::notice::BlockArguments),
    /// Vouch for exactly the file of a version, with a key of this home
    CoSign(commands::notice::CoSignArguments),
    /// Write an advisory about some versions of a package
    Advise(commands::advise::Arguments),
    /// Look for packages in the registries of this home
    Search(commands::search::Arguments),
    /// Show what a registry says about a package
    Info(commands::info::Arguments),
    /// Install packages from a registry
    Install(commands::install::Arguments),
    /// Take newer versions, after showing everything that changes
    Update(commands::update::Arguments),
    /// Show which newer versions there are
    Outdated(commands::outdated::Arguments),
    /// Go back to what was there before an update
    Rollback(commands::rollback::Arguments),
    /// Show everything that changes between two packages
    Diff(commands::diff::Arguments),
    /// Copy everything that a project needs into its folder
    Vendor(commands::vendor::Arguments),
    /// Remove an installed package
    Uninstall(commands::uninstall::Arguments),
    /// List installed packages and their tools
    List(commands::list::Arguments),
    /// Show what is blocked, yanked, deprecated or advised against among the installed packages
    Audit(commands::audit::Arguments),
    /// Call a tool of an installed package
    Call(commands::call::Arguments),
    /// Serve the installed tools to an agent that started this program
    Serve(commands::serve::Arguments),
    /// Show and give the names that agents know tools by
    Alias(commands::alias::Arguments),
    /// Let an agent use the installed tools: one entry in its settings
    Connect(commands::connect::Arguments),
    /// Show and remove what packages keep between calls
    #[command(subcommand)]
    Kv(commands::kv::Command),
    /// Allow a package some of what it asks for
    Grant(commands::grant::Arguments),
    /// Take grants back
    Revoke(commands::revoke::Arguments),
    /// List grants, and take them elsewhere
    Grants(commands::grants::Arguments),
    /// Show and make the policy of this home
    #[command(subcommand)]
    Policy(commands::policy::Command),
    /// See the calls that wait for a person, and decide about them
    Approve(commands::approve::Arguments),
    /// Decide which agents may ask for what
    #[command(subcommand)]
    Agent(commands::agent::Command),
    /// Verify the proof that a call was approved
    #[command(subcommand)]
    Attest(commands::attest::Command),
    /// Show, verify and export the record of what was decided and done
    #[command(subcommand)]
    Log(commands::log::Command),
    /// Mask personal data and secrets in a text
    Redact(commands::redact::Arguments),
    /// See how good the privacy filter is
    #[command(subcommand)]
    Privacy(commands::privacy::Command),
    /// Show who signs the grants of this home; with a word after it, see and change who owns a namespace
    Owner(commands::owner::Arguments),
    /// Keep secrets that the host sends for packages
    #[command(subcommand)]
    Secret(commands::secret::Command),
    /// Make and use registries
    #[command(subcommand)]
    Registry(commands::registry::Command),
    /// Show and empty the cache of compiled code
    #[command(subcommand)]
    Cache(commands::cache::Command),
    /// Check what is there, and say what to type where something is missing
    Doctor(commands::doctor::Arguments),
    /// Print completions for a shell
    Completions(commands::completions::Arguments),
    /// Answer a shell that completes a word
    #[command(hide = true)]
    Complete(commands::complete::Arguments),
    /// Answer one request of the conformance protocol on stdin
    #[command(hide = true)]
    Conformance(commands::conformance::Arguments),
}

/// Whether the words ask for JSON, known before they are understood so that a usage error is JSON too.
pub fn wants_json(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn the_table_of_commands_is_consistent() {
        Cli::command().debug_assert();
    }
}
