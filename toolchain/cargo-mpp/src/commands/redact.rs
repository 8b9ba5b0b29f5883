//! `mpp redact`: the masked text on stdout byte for byte, the report on stderr.

use super::Output;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::redact::{self, RedactReport},
};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mpp redact notes.txt\n  mpp redact notes.txt --filter target/mpp/project-names-0.1.0.mpp\n  journalctl -u shop | mpp redact - --as log > log.txt"
)]
pub struct Arguments {
    /// The file, or `-` for standard input
    file: PathBuf,
    /// Mask as what leaves in this direction: result, http, output, log, error, audit, arguments, storage
    #[arg(long = "as", value_name = "DIRECTION", default_value = "result")]
    direction: mpp_ops::privacy::Direction,
    /// Ask this package file of the kind `filter` as well; may be given several times
    #[arg(long = "filter", value_name = "FILE.mpp")]
    filters: Vec<PathBuf>,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let report = redact::redact(context, &arguments.file, arguments.direction, &arguments.filters)?;
    let talk = talk(&report);
    // In an object only text has a place: what is none is shown as such.
    let json = json!({ "text": String::from_utf8_lossy(&report.text), "report": report });
    Ok(Output::new(json, "").with_talk(talk).with_data(report.text))
}

fn talk(report: &RedactReport) -> String {
    let words = |verb: &str, counts: &std::collections::BTreeMap<&str, u64>| {
        let each: Vec<_> = counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        (!each.is_empty()).then(|| format!("{verb}: {}\n", each.join(", ")))
    };
    let lines: String =
        [words("masked", &report.masked), words("left as it is", &report.reported)].into_iter().flatten().collect();
    if lines.is_empty() { "nothing was found\n".to_owned() } else { lines }
}
