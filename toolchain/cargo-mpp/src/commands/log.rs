//! `mpp log`: what was decided and done.

use super::Output;
use clap::{Args, Subcommand, ValueEnum};
use mpp_ops::{
    Context, OpsError,
    verb::log::{self, Form, Wanted},
};
use mpp_schema::{Instant, PackageName, audit::AuditRecord, text::escaped};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  mpp log show\n  mpp log show --package acme:notes --refused --last 20\n  mpp log follow\n  mpp log verify\n  mpp log checkpoint > kept-elsewhere.json\n  mpp log verify --checkpoint kept-elsewhere.json\n  mpp log export --form opentelemetry --file log.json"
)]
pub enum Command {
    /// Show what was decided and done
    Show(Filter),
    /// Show it as it happens, until Ctrl-C
    Follow(Filter),
    /// Verify that nothing was changed
    Verify {
        /// A checkpoint that was kept elsewhere: then a cut end is found too
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// Sign the log as it is; what is printed is to be kept elsewhere
    Checkpoint,
    /// Write records for other programs
    Export {
        /// JSON lines as they are in the log, or a message of OpenTelemetry's log protocol
        #[arg(long, value_name = "FORM", default_value = "json-lines")]
        form: Shape,
        /// The file; without it they are printed
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        filter: Filter,
    },
}

/// The forms of an export.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "kebab-case")]
pub enum Shape {
    JsonLines,
    #[value(name = "opentelemetry")]
    OpenTelemetry,
}

/// Which records.
#[derive(Debug, Args)]
pub struct Filter {
    /// Only those about this package
    #[arg(long, value_name = "PACKAGE")]
    package: Option<PackageName>,
    /// Only those since then, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    since: Option<Instant>,
    /// Only refusals
    #[arg(long)]
    refused: bool,
    /// Only so many, the newest
    #[arg(long, value_name = "COUNT")]
    last: Option<usize>,
}

fn moment(word: &str) -> Result<Instant, String> {
    word.to_owned().try_into()
}

impl From<Filter> for Wanted {
    fn from(filter: Filter) -> Self {
        let Filter { package, since, refused, last } = filter;
        Self { package, since, refused, last }
    }
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::Show(filter) => {
            let records = log::show(context, &filter.into())?;
            let text: String = records.iter().map(line).collect();
            Ok(Output::new(json!({ "records": records }), text))
        }
        Command::Follow(filter) => {
            log::follow(context, &filter.into(), &mut |record| {
                (context.tell)(mpp_ops::Event::Note(line(record).trim_end().to_owned()));
                true
            })?;
            Ok(Output::new(json!(null), ""))
        }
        Command::Verify { checkpoint } => {
            let report = log::verify(context, checkpoint.as_deref())?;
            let text = format!("{} lines are as they were written, {} of them signed\n", report.lines, report.sealed);
            Ok(Output::new(&report, text))
        }
        Command::Checkpoint => {
            let envelope = log::checkpoint(context)?;
            Ok(Output::new(json!({ "checkpoint": envelope }), format!("{envelope}\n")))
        }
        Command::Export { form, file, filter } => {
            let form = match form {
                Shape::JsonLines => Form::JsonLines,
                Shape::OpenTelemetry => Form::OpenTelemetry,
            };
            let report = log::export(context, &filter.into(), form, file.as_deref())?;
            let text = report.text.clone().unwrap_or_default();
            Ok(Output::new(&report, text).with_talk(format!("{} records\n", report.records)))
        }
    }
}

fn line(record: &AuditRecord) -> String {
    format!("{:>6}  {}  {}\n", record.seq, record.at, escaped(&log::sentence(record)))
}
