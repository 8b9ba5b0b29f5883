//! `mpp alias`: what agents call a tool.

use super::{Output, table::table};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::{
        alias::{self, Action, Named},
        serve::Place,
    },
};
use serde_json::json;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mpp alias\n  mpp alias outline acme:md/outline\n  mpp alias --remove outline\n\nAgents know a tool as PACKAGE_TOOL, or by the name that is given here. Of two\ntools with one name the first that was installed has it; the other needs an alias."
)]
pub struct Arguments {
    /// The name; without one, the names that were given are listed
    #[arg(requires = "tool")]
    name: Option<String>,
    /// The tool: NAMESPACE:NAME/TOOL
    tool: Option<Place>,
    /// Let the tool of this name have its own name again
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    remove: Option<String>,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let action = match arguments {
        Arguments { remove: Some(name), .. } => Action::Remove { name },
        Arguments { name: Some(name), tool: Some(place), .. } => Action::Set { name, place },
        _ => Action::List,
    };
    let names = alias::alias(context, action)?;
    let row = |named: &Named| vec![named.name.clone(), named.tool.clone()];
    let text = table(&names.iter().map(row).collect::<Vec<_>>());
    let talk = if names.is_empty() { "no tool was given a name\n" } else { "" };
    Ok(Output::new(json!({ "names": names }), text).with_talk(talk))
}
