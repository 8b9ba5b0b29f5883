//! `mpp init`: the cargo package here becomes a tool.

use super::{Output, new};
use clap::Args;
use mpp_ops::{Context, OpsError, verb};
use mpp_schema::Ident;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp init\n  mpp init crates/notes --namespace acme")]
pub struct Arguments {
    /// The cargo package
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The namespace to publish under later
    #[arg(long, value_name = "NS")]
    namespace: Option<Ident>,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let report = verb::new::init(context, &arguments.path, arguments.namespace.as_ref())?;
    let remaining: String = report.remaining.iter().map(|step| format!("to do: {step}\n")).collect();
    Ok(Output::new(&report, new::text(&report.made))
        .with_talk(remaining + "next: describe your functions in wit/world.wit, then: mpp build\n"))
}
