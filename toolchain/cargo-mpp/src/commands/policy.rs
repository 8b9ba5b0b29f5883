//! `mpp policy`: what was decided beforehand.

use super::{Output, call::package_and_version};
use clap::{Args, Subcommand};
use mpp_ops::{
    Context, OpsError, ToolInput, Who,
    verb::{
        call::{self, Answer, ToolRequest},
        policy,
    },
};
use mpp_schema::{PackageName, VersionReq, text::escaped};
use serde_json::json;
use std::fmt::Write as _;

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  mpp policy show\n  mpp policy init\n  mpp policy check\n  mpp policy explain acme:md outline --text x"
)]
pub enum Command {
    /// Show what the policy says
    Show,
    /// Write a policy file that says what holds without one, to be changed
    Init {
        /// Allow grants without a terminal, as CI needs
        #[arg(long)]
        headless_grants: bool,
    },
    /// Check that the policy can be obeyed
    Check,
    /// Say which rule would decide about a call; none is made, and nobody is asked
    #[command(
        after_help = "Examples:\n  mpp policy explain acme:notes save '{\"text\": \"milk\"}'\n  mpp policy explain --agent desk acme:md outline --text x"
    )]
    Explain(Explain),
}

/// The call that is explained.
#[derive(Debug, Args)]
pub struct Explain {
    /// The agent that asks
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// The package, NAMESPACE:NAME[@VERSION]
    #[arg(value_name = "PACKAGE", value_parser = package_and_version)]
    package: (PackageName, Option<VersionReq>),
    /// The tool, and its arguments as `mpp call` takes them
    #[arg(value_name = "TOOL] [JSON|@FILE|-|--FLAG VALUE", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::Show => {
            let report = policy::show(context)?;
            let place = if report.exists { "" } else { " (not there; this is what holds without it)" };
            let means = report.means.iter().map(|line| format!("  {line}\n")).collect::<String>();
            let text = format!("{}{place}\n{means}", report.file.display());
            Ok(Output::new(&report, text))
        }
        Command::Init { headless_grants } => {
            let (file, new) = policy::init(context, headless_grants)?;
            let verb = if new { "wrote" } else { "there already:" };
            let text = format!("{verb} {}\n", file.display());
            Ok(Output::new(json!({ "file": file, "new": new }), text))
        }
        Command::Explain(words) => explain(words, context),
        Command::Check => {
            let report = policy::show(context)?;
            let text = format!("{} can be obeyed\n", report.file.display());
            Ok(Output::new(json!({ "file": report.file, "exists": report.exists, "sound": true }), text))
        }
    }
}

fn explain(arguments: Explain, context: &Context<'_>) -> Result<Output, OpsError> {
    let (name, version) = arguments.package;
    let mut words = arguments.words.into_iter().peekable();
    let tool = words.next_if(|word| word != "-" && !word.starts_with(['-', '@', '{']));
    let request = ToolRequest {
        tool: tool.as_deref(),
        input: ToolInput(words.collect()),
        who: arguments.agent.map_or(Who::Anonymous, Who::Named),
        ..ToolRequest::default()
    };
    let report = call::explain(context, &name, version.as_ref(), &request)?;
    let answer = match report.answer {
        Answer::Allowed => "would be made without asking",
        Answer::AskedOnce => "would be asked about, once in this session",
        Answer::Asked => "would be asked about",
        Answer::Refused => "would be refused",
    };
    let mut text = format!("`{}` of {}@{} {answer}: {}\n", report.tool, report.package, report.version, report.rule);
    let _ = writeln!(text, "level      {}: {}", report.level, report.why.join("; "));
    for line in &report.granted {
        let _ = writeln!(text, "may        {}", escaped(line));
    }
    if let Some(changed) = &report.changed {
        let _ = writeln!(text, "changed    {}", escaped(changed));
    }
    let _ =
        writeln!(text, "package    {}\ngrants     {}\narguments  {}", report.digest, report.grants, report.arguments);
    if let Some(approve) = &report.approve {
        let _ = write!(text, "these lines in the policy approve it beforehand:\n{approve}");
    }
    Ok(Output::new(&report, text))
}
