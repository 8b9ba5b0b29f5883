//! `mpp agent`: who may ask for calls.

use super::Output;
use clap::{Args, Subcommand};
use mpp_ops::{
    Context, OpsError, ToolInput,
    verb::agent::{self, AgentReport, Decisions, HandOn, Signer, Wanted},
};
use mpp_schema::{HostId, Ident, PackageName, ToolName, consent::Level};
use serde_json::json;
use std::{fmt::Write as _, path::PathBuf};

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  mpp agent new desk --level L2 --package acme:notes --role support\n  mpp agent list\n  mpp agent allow desk --package acme:md\n  mpp agent revoke desk\n  mpp serve --agent desk\n  mpp agent sign --agent desk acme:notes save '{\"text\": \"milk\"}' > request.json\n  mpp call --agent-request request.json acme:notes save '{\"text\": \"milk\"}'"
)]
pub enum Command {
    /// Make an agent known
    #[command(after_help = "Examples:\n  mpp agent new desk\n  mpp agent new ci --public MCowBQYDK2Vw… --level L1")]
    New {
        /// What to call it
        name: Ident,
        /// Its public key, where it made one itself; else one is made here
        #[arg(long, value_name = "KEY")]
        public: Option<String>,
        #[command(flatten)]
        decisions: Allowed,
    },
    /// List the agents
    List,
    /// Change what an agent may call
    #[command(
        after_help = "Examples:\n  mpp agent allow desk --package acme:md --level L3\n  mpp agent allow desk --every-package"
    )]
    Allow {
        /// The agent
        name: Ident,
        #[command(flatten)]
        decisions: Allowed,
    },
    /// Take an agent back
    #[command(after_help = "Examples:\n  mpp agent revoke desk")]
    Revoke {
        /// The agent
        name: Ident,
    },
    /// Make the token with which an agent comes in over HTTP; prints it, once
    #[command(
        after_help = "Examples:\n  mpp agent token desk\n  mpp agent token desk --remove\n\nWhoever has the token is the agent, up to what `mpp agent list` says that it may\ndo. Only a digest of it is kept; a new one takes the place of the one before."
    )]
    Token {
        /// The agent
        name: Ident,
        /// Take its token away
        #[arg(long)]
        remove: bool,
    },
    /// Let another agent ask in the place of one; prints what it then shows
    #[command(
        after_help = "Examples:\n  mpp agent delegate --agent desk --to MCowBQYDK2Vw… --hours 8 --level L1 --package acme:md > link.json"
    )]
    Delegate(Delegate),
    /// Sign the request of an agent for one call; prints it
    #[command(after_help = "Examples:\n  mpp agent sign --agent desk acme:md outline --text @README.md > request.json")]
    Sign(Sign),
}

/// What an agent may call.
#[derive(Debug, Args)]
pub struct Allowed {
    /// A package that it may call; none named at first: every one
    #[arg(long = "package", value_name = "PACKAGE")]
    packages: Vec<PackageName>,
    /// It may call every package
    #[arg(long, conflicts_with = "packages")]
    every_package: bool,
    /// A role, which lists of packages name
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<Ident>,
    /// The highest level of its calls: L0, L1, L2, L3 or L4
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    level: Option<Level>,
}

impl From<Allowed> for Decisions {
    fn from(allowed: Allowed) -> Self {
        let Allowed { packages, every_package, roles, level } = allowed;
        Self { packages, every_package, roles, level }
    }
}

/// Whose key signs.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct By {
    /// An agent whose key is in this home
    #[arg(long, value_name = "NAME")]
    agent: Option<Ident>,
    /// The file of an agent's secret key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

impl By {
    fn signer(self) -> Signer {
        match (self.agent, self.key) {
            (Some(name), _) => Signer::Named(name),
            (None, key) => Signer::KeyFile(key.unwrap_or_default()),
        }
    }
}

#[derive(Debug, Args)]
pub struct Delegate {
    #[command(flatten)]
    by: By,
    /// The public key of the agent that may ask
    #[arg(long, value_name = "KEY")]
    to: String,
    /// The home where it counts; this one unless another is named
    #[arg(long, value_name = "HOST")]
    host: Option<HostId>,
    /// For how many hours, at most 2160
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    hours: u64,
    /// The highest level of a call
    #[arg(long, value_name = "LEVEL", default_value = "L1", value_parser = level)]
    level: Level,
    /// A package; none named: every one
    #[arg(long = "package", value_name = "PACKAGE")]
    packages: Vec<PackageName>,
    /// A tool; none named: every one
    #[arg(long = "tool", value_name = "TOOL")]
    tools: Vec<ToolName>,
}

#[derive(Debug, Args)]
pub struct Sign {
    #[command(flatten)]
    by: By,
    /// A delegation that it shows, the first one first
    #[arg(long = "delegation", value_name = "FILE")]
    delegations: Vec<PathBuf>,
    /// The package
    package: PackageName,
    /// The tool
    tool: ToolName,
    /// What follows the tool is its own
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "JSON|@FILE|-|--FLAG VALUE")]
    words: Vec<String>,
}

/// A level by its name.
pub fn level(word: &str) -> Result<Level, String> {
    serde_json::from_value(json!(word))
        .map_err(|_| format!("expected L0, L1, L2, L3 or L4, found \"{}\"", word.escape_default()))
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::New { name, public, decisions } => {
            let report = agent::new(context, &name, public.as_deref(), &decisions.into())?;
            Ok(one(&report))
        }
        Command::List => {
            let agents = agent::list(context)?;
            let text: String = agents.iter().map(line).collect();
            let output = Output::new(json!({ "agents": agents }), text);
            Ok(if agents.is_empty() { output.with_talk("no agent is known: mpp agent new NAME\n") } else { output })
        }
        Command::Allow { name, decisions } => Ok(one(&agent::allow(context, &name, &decisions.into())?)),
        Command::Revoke { name } => Ok(one(&agent::revoke(context, &name)?)),
        Command::Token { name, remove: true } => {
            let removed = agent::remove_token(context, &name)?;
            let talk = if removed { "its token does not count any more\n" } else { "it had no token\n" };
            Ok(Output::new(json!({ "agent": name, "removed": removed }), "").with_talk(talk))
        }
        Command::Token { name, remove: false } => {
            let report = agent::token(context, &name)?;
            let text = format!("{}\n", report.token);
            Ok(Output::new(&report, text).with_talk("it is kept nowhere; for `mpp serve --http`\n"))
        }
        Command::Delegate(Delegate { by, to, host, hours, level, packages, tools }) => {
            let seconds = hours.saturating_mul(3600);
            let what = HandOn { to: &to, host, seconds, level, packages, tools };
            let envelope = agent::delegate(context, &by.signer(), what)?;
            Ok(Output::new(json!({ "delegation": envelope }), format!("{envelope}\n")))
        }
        Command::Sign(Sign { by, delegations, package, tool, words }) => {
            let input = ToolInput(words);
            let wanted = Wanted { package: &package, tool: &tool, input: &input, delegations: &delegations };
            let envelope = agent::sign(context, &by.signer(), &wanted)?;
            Ok(Output::new(json!({ "request": envelope }), format!("{envelope}\n")))
        }
    }
}

fn one(report: &AgentReport) -> Output {
    Output::new(report, line(report))
}

fn line(report: &AgentReport) -> String {
    let record = &report.record;
    let mut text = format!("{}  {}", record.name, report.id);
    if record.revoked {
        text.push_str("  revoked");
    }
    let packages = match &record.packages {
        None => "every package".to_owned(),
        Some(packages) => packages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let _ = write!(text, "\n    calls {packages} up to {}", record.level);
    if !record.roles.is_empty() {
        let roles: Vec<String> = record.roles.iter().map(ToString::to_string).collect();
        let _ = write!(text, ", as {}", roles.join(", "));
    }
    let _ = write!(text, "\n    public key {}", record.key);
    if let Some(file) = &report.key_file {
        let _ = write!(text, "\n    secret key in {}", file.display());
    }
    text + "\n"
}
