//! `mpp privacy`: how good the filter is.

use super::{Output, table::table};
use clap::Subcommand;
use mpp_ops::{
    Context, OpsError,
    verb::privacy::{self, QualityReport},
};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  mpp privacy test sentences.jsonl")]
pub enum Command {
    /// Measure precision and recall of the filter on labelled sentences
    #[command(
        after_help = "Examples:\n  mpp privacy test sentences.jsonl\n\nOne line reads:\n  {\"text\": \"ask ada@example.org\", \"spans\": [{\"kind\": \"email\", \"start\": 4, \"end\": 19}]}\nA JSON array of such objects is read too. Places are counted in characters."
    )]
    Test {
        /// The sentences
        file: PathBuf,
        /// Ask this package file of the kind `filter` as well; may be given several times
        #[arg(long = "filter", value_name = "FILE.mpp")]
        filters: Vec<PathBuf>,
    },
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    let Command::Test { file, filters } = command;
    let report = privacy::test(context, &file, &filters)?;
    let text = shown(&report);
    Ok(Output::new(&report, text).with_talk(format!("{} texts, {} mistakes\n", report.texts, report.mistakes_total)))
}

fn shown(report: &QualityReport) -> String {
    let part = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0));
    let head = ["kind", "recall", "precision", "found", "missed", "wrong"].map(str::to_owned).to_vec();
    let rows = report.kinds.iter().map(|kind| {
        let counts = [kind.found, kind.missed, kind.wrong].map(|count| count.to_string());
        [vec![kind.kind.to_owned(), part(kind.recall), part(kind.precision)], counts.to_vec()].concat()
    });
    table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}
