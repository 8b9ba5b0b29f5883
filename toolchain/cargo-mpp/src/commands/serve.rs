//! `mpp serve`: the installed tools for an agent, over stdin and stdout or over HTTP.

use super::Output;
use crate::context;
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::serve::{self, Every, Http, HttpOptions, Mode, Pattern, ServeOptions},
};
use serde_json::Value as Json;
use std::net::SocketAddr;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mpp serve\n  mpp serve --tools acme:md --tools 'acme:notes/read-*'\n  mpp serve --search\n  mpp agent new desk && mpp agent token desk\n  mpp serve --http 127.0.0.1:8750\n\nAgents start it themselves: it speaks the Model Context Protocol on stdin and\nstdout until its input ends, and says everything else on stderr. With --http it\nserves any number of agents at http://ADDRESS/mcp, each known by its token."
)]
pub struct Arguments {
    /// Offer only these tools: NAMESPACE:NAME or NAMESPACE:NAME/TOOL, where * stands for anything
    #[arg(long, value_name = "PATTERN")]
    tools: Vec<Pattern>,
    /// List two tools that find and call the others: fewer tokens (mpp list --tokens)
    #[arg(long)]
    search: bool,
    /// The agent that is served, as `mpp agent list` names it
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// How long a call waits for somebody who approves it with `mpp approve`
    #[arg(long, value_name = "SECONDS", default_value_t = 45)]
    wait: u64,
    /// Serve over HTTP on this address instead, such as 127.0.0.1:8750
    #[arg(long, value_name = "ADDRESS", conflicts_with = "agent")]
    http: Option<SocketAddr>,
    /// Listen where other machines can reach it; put TLS in front of it
    #[arg(long, requires = "http")]
    allow_remote: bool,
    /// A name by which agents call this server besides localhost: NAME or NAME:PORT
    #[arg(long = "host", value_name = "NAME", requires = "http")]
    hosts: Vec<String>,
    /// A page that may call this server, such as https://desk.example
    #[arg(long = "origin", value_name = "ORIGIN", requires = "http")]
    origins: Vec<String>,
    /// How often to ask registries what they have blocked, such as 15m; or never
    #[arg(long, value_name = "TIME", default_value_t = Every::Seconds(3_600))]
    update_every: Every,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let options = ServeOptions {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        tools: arguments.tools,
        mode: if arguments.search { Mode::Search } else { Mode::All },
        agent: arguments.agent,
        wait_seconds: arguments.wait,
        update_every: arguments.update_every,
    };
    let outside = context::outside(context);
    match arguments.http {
        Some(address) => {
            let callers = HttpOptions { hosts: arguments.hosts, origins: arguments.origins };
            serve::serve_http(outside, options, Http { address, allow_remote: arguments.allow_remote, callers })?;
        }
        None => serve::serve(outside, options, context::pipes()?)?,
    }
    Ok(Output::new(Json::Null, ""))
}
