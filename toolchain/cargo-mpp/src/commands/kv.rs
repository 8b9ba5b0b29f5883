//! `mpp kv`: what packages keep between their calls.

use super::{Output, table::table};
use clap::{Args, Subcommand};
use mpp_ops::{
    Context, OpsError,
    verb::kv::{self, KvEntry, KvReport, Which},
};
use mpp_schema::{KeyId, PackageName, text::escaped};
use serde_json::json;

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  mpp kv list\n  mpp kv show acme:notes\n  mpp kv get acme:notes last-opened\n  mpp kv clear acme:notes"
)]
pub enum Command {
    /// List the packages that keep something
    #[command(after_help = "Examples:\n  mpp kv list")]
    List,
    /// Show the keys of a package and how much it keeps
    #[command(after_help = "Examples:\n  mpp kv show acme:notes")]
    Show(Store),
    /// Print the value of a key; with --json its bytes too
    #[command(after_help = "Examples:\n  mpp kv get acme:notes last-opened")]
    Get {
        #[command(flatten)]
        store: Store,
        /// The key
        key: String,
    },
    /// Remove all that a package keeps
    #[command(after_help = "Examples:\n  mpp kv clear acme:notes")]
    Clear(Store),
}

#[derive(Debug, Args)]
pub struct Store {
    /// The package, NAMESPACE:NAME
    package: PackageName,
    /// The key id of its publisher, where several have a package of that name
    #[arg(long, value_name = "KEY-ID")]
    publisher: Option<KeyId>,
}

impl Store {
    fn which(&self) -> Which<'_> {
        Which { package: &self.package, publisher: self.publisher }
    }
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::List => list(context),
        Command::Show(store) => {
            let report = kv::show(context, &store.which())?;
            Ok(Output::new(&report, shown(&report)))
        }
        Command::Get { store, key } => {
            let value = kv::get(context, &store.which(), &key)?;
            // A value is what a tool wrote: nothing of it may move the cursor of a terminal.
            let lines = String::from_utf8_lossy(&value).lines().map(|line| escaped(line) + "\n").collect::<String>();
            let json = json!({ "package": store.package, "key": key, "bytes": value.len(), "value": value });
            Ok(Output::new(json, lines))
        }
        Command::Clear(store) => {
            let removed = kv::clear(context, &store.which())?;
            let text = format!("removed what {} kept: {}\n", removed.package, amount(&removed));
            Ok(Output::new(json!({ "removed": removed }), text))
        }
    }
}

fn list(context: &Context<'_>) -> Result<Output, OpsError> {
    let stores = kv::list(context)?;
    let rows: Vec<Vec<String>> = stores
        .iter()
        .map(|store| vec![store.package.to_string(), amount(store), format!("key {}", short(store))])
        .collect();
    let talk = if stores.is_empty() { "no package keeps anything\n" } else { "" };
    Ok(Output::new(json!({ "stores": stores }), table(&rows)).with_talk(talk))
}

/// The beginning of a key id: enough to tell two apart; `--json` has all of it.
fn short(store: &KvEntry) -> String {
    store.publisher.to_string().chars().take(16).collect()
}

/// How much a store holds, in words.
pub fn amount(store: &KvEntry) -> String {
    let keys = store.usage.keys;
    format!("{keys} {}, {} bytes", if keys == 1 { "key" } else { "keys" }, store.usage.bytes)
}

fn shown(report: &KvReport) -> String {
    let usage = report.store.usage;
    let quota = report.quota.map(|quota| format!(" of {quota}")).unwrap_or_default();
    let mut text =
        format!("{}: {} of {} keys, {}{quota} bytes\n", report.store.package, usage.keys, report.keys_max, usage.bytes);
    let rows: Vec<Vec<String>> = report
        .entries
        .iter()
        .map(|entry| vec![format!("    {}", escaped(&entry.key)), entry.bytes.to_string()])
        .collect();
    text.push_str(&table(&rows));
    text
}
