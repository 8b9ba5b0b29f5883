//! `mpp attest`: what an approval proves.

use super::Output;
use clap::Subcommand;
use mpp_ops::{Context, OpsError, verb::attest};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  mpp attest verify approval.json\n  mpp attest verify approval.json --key approver.pem\n\nOther programs verify it too: spec/consent.md has the recipe."
)]
pub enum Command {
    /// Verify who signed an approval, and show what it says
    Verify {
        /// The file of the envelope
        file: PathBuf,
        /// The public key that must have signed, or its file; without it the approvers of this home count
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
}

pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    let Command::Verify { file, key } = command;
    let report = attest::verify(context, &file, key.as_deref())?;
    let approval = &report.approval;
    let place = serde_json::to_value(approval.surface).ok();
    let place = place.as_ref().and_then(|place| place.as_str()).unwrap_or_default();
    let agent = approval.agent.map_or_else(|| "anonymous".to_owned(), |agent| agent.to_string());
    let text = format!(
        "signed by {}: {}\ntool       {}\npackage    {}\npublisher  {}\narguments  {}\ngrants     {}\nagent      \
         {agent}\nlevel      {}, decided on {place}\ncounts     from {} until {}, once, as {}\n",
        report.signer,
        approval.approver,
        approval.tool,
        approval.package,
        approval.publisher,
        approval.arguments,
        approval.grants,
        approval.level,
        approval.issued,
        approval.expires,
        approval.nonce,
    );
    let mut talk = String::new();
    if !report.for_this_home {
        talk.push_str("it was made for another home\n");
    }
    if !report.in_time {
        talk.push_str("its time is over, or has not come\n");
    }
    Ok(Output::new(&report, text).with_talk(talk))
}
