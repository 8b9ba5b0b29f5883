//! `mpp list`: what is installed.

use super::{Output, outcome::tool_line, table::table};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::list::{self, Detail, ListedPackage},
    verb::serve::{self, OfferedTool, TokenReport},
};
use mpp_schema::text::escaped;
use serde_json::json;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mpp list\n  mpp list --tools\n  mpp list --tokens")]
pub struct Arguments {
    /// Show each package's tools too
    #[arg(long)]
    tools: bool,
    /// Show what the tools cost a model, by their names for agents
    #[arg(long, conflicts_with = "tools")]
    tokens: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    if arguments.tokens {
        let report = serve::tokens(context, &[])?;
        return Ok(Output::new(&report, tokens(&report)));
    }
    let detail = if arguments.tools { Detail::Tools } else { Detail::Records };
    let packages = list::list(context, detail)?;
    let text = match detail {
        Detail::Records => table(&packages.iter().map(row).collect::<Vec<_>>()),
        Detail::Tools => packages.iter().map(with_tools).collect(),
    };
    let talk = if packages.is_empty() { "nothing is installed; look for something: mpp search WORD\n" } else { "" };
    Ok(Output::new(json!({ "packages": packages }), text).with_talk(talk))
}

fn tokens(report: &TokenReport) -> String {
    let row = |tool: &OfferedTool| vec![tool.name.clone(), tool.tokens.to_string(), tool.tool.clone()];
    let rows = table(&report.tools.iter().map(row).collect::<Vec<_>>());
    let (all, search) = (report.all, report.search);
    format!("{rows}all tools: about {all} tokens; with `mpp serve --search`: about {search}\n")
}

fn row(package: &ListedPackage) -> Vec<String> {
    let record = &package.record;
    vec![record.name.to_string(), record.version.to_string(), escaped(&record.description)]
}

fn with_tools(package: &ListedPackage) -> String {
    let tools = package.tools.iter().flatten().map(tool_line).collect::<String>();
    format!("{}@{}\n{tools}", package.record.name, package.record.version)
}
