//! `mpp grant`: allowing a package some of what it asks for.

use super::{Output, permissions::Permissions};
use clap::Args;
use mpp_ops::{
    Context, OpsError,
    verb::grant::{self, For, GrantOptions, GrantReport},
};
use mpp_schema::{ToolName, grant::Audience, text::escaped};

#[derive(Debug, Args)]
#[command(after_help = "Without anything to allow, it shows what the package asks for, and on a\n\
                  terminal asks about each thing. On a terminal it asks before it grants;\n\
                  without one, the policy of this home must allow it (mpp policy).\n\n\
                  Examples:\n  \
                  mpp grant acme:notes\n  \
                  mpp grant acme:notes --folder notes=~/notes:rw --for always\n  \
                  mpp grant acme:notes --http https://api.github.com --for session\n  \
                  mpp grant acme:notes --folder notes=~/notes:ro --tool search --for 30d")]
pub struct Arguments {
    /// An installed package, or a .mpp file or project folder
    #[arg(value_name = "PACKAGE")]
    target: String,
    #[command(flatten)]
    permissions: Permissions,
    /// Only for this tool of the package
    #[arg(long = "tool", value_name = "FUNCTION")]
    functions: Vec<ToolName>,
    /// For how long: once, session, always, a time such as 8h or 30d, or a moment
    #[arg(long = "for", value_name = "TIME")]
    lifetime: Option<For>,
    /// For another home, by the host id that `mpp owner` shows there, or * for all that accept this owner
    #[arg(long, value_name = "HOST", value_parser = audience)]
    host: Option<Audience>,
    /// Show what would be granted, and grant nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

fn audience(word: &str) -> Result<Audience, String> {
    Audience::try_from(word.to_owned()).map_err(|error| error.to_string())
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    let options = GrantOptions {
        wishes: arguments.permissions.wishes(),
        functions: arguments.functions,
        lifetime: arguments.lifetime,
        host: arguments.host,
        dry_run: arguments.dry_run,
        yes: arguments.yes,
    };
    let report = grant::grant(context, &arguments.target, &options)?;
    Ok(Output::new(&report, text(&report)))
}

fn text(report: &GrantReport) -> String {
    let mut text = format!("{}@{}; {}\n", report.package, report.version, report.publisher);
    let mut list = |label: &str, lines: &[String]| {
        lines.iter().for_each(|line| text.push_str(&format!("{label}  {line}\n")));
    };
    if report.command.is_some() {
        list("asks to", &report.asks_for);
    }
    list("unusual", &report.unusual);
    list("may", &report.allows);
    list("may not", &report.leaves_out);
    let when = format!("{}, {}", report.functions, report.lifetime);
    match (&report.id, &report.command) {
        (Some(id), _) => text.push_str(&format!("granted {when}\ntoken    {id}\n")),
        (None, Some(command)) => text.push_str(&format!("nothing was granted; to grant it: {}\n", escaped(command))),
        (None, None) => text.push_str(&format!("would be granted {when}; nothing was granted\n")),
    }
    text
}
