//! What one call may do: the tokens of this home, and what was named for this call alone on its command line.

use super::{ToolRequest, choose};
use crate::{
    Context, OpsError,
    grants::{Asker, BrokenToken, decide_for},
    home::installed::InstalledRecord,
    verb::grant::{self, Wishes},
};
use mpp_package::verify::VerifiedPackage;
use mpp_policy::{Decision, grant_command};
use mpp_schema::{Coded as _, PackageName, ToolName, Version};
use serde::Serialize;
use std::io::{Read, Seek};

/// What is allowed for one call alone.
#[derive(Debug, Clone, Default)]
pub struct Permit {
    /// What; usually nothing.
    pub wishes: Wishes,
    /// Do not ask.
    pub yes: bool,
}

/// What a call would be allowed to do.
#[derive(Debug, Serialize)]
pub struct DryRun {
    /// The package.
    pub package: PackageName,
    /// Its version.
    pub version: Version,
    /// The tool; nothing for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolName>,
    /// What this home knows about its publisher.
    pub publisher: String,
    /// Whether the call would be begun.
    pub starts: bool,
    /// What becomes of each thing that is asked for.
    pub verdicts: Vec<Verdict>,
    /// Tokens that do not count, and why.
    pub not_counting: Vec<String>,
    /// Files that hold no token.
    pub broken: Vec<BrokenToken>,
    /// What could be typed.
    pub help: Vec<String>,
}

/// What becomes of one thing that is asked for.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Whether it is granted.
    pub granted: bool,
    /// What, to be read after "may" or "may not".
    pub what: String,
    /// Why.
    pub why: String,
}

/// Decides about one call, and asks about what was named for it alone.
///
/// # Errors
/// `grant.missing` with the command that grants it, or what else stands in the way.
pub(super) fn permit(
    context: &Context<'_>,
    asker: &Asker,
    version: &Version,
    function: &ToolName,
    target: &str,
    permit: &Permit,
) -> Result<Decision, OpsError> {
    let given = match permit.wishes.is_empty() {
        true => None,
        false => Some(grant::for_one_call(context, asker, version, function, &permit.wishes, permit.yes)?),
    };
    let (mut decision, broken) = decide_for(context, asker, Some(function), given)?;
    let Some(missing) = decision.missing.take() else { return Ok(decision) };
    let mut missing = missing;
    missing.command = command(&decision, target);
    let mut error = OpsError::from(missing);
    for why in not_counting(&decision).into_iter().chain(broken.iter().map(describe)) {
        error = error.last_hint(why);
    }
    Err(error)
}

/// The command that would grant what is missing, to the package as the user called it.
fn command(decision: &Decision, target: &str) -> Option<String> {
    let missing = decision.reasons.iter().filter(|reason| reason.can_be_granted());
    let asks: Vec<_> = missing.map(|reason| &reason.ask).collect();
    (!asks.is_empty()).then(|| grant_command(target, asks))
}

fn not_counting(decision: &Decision) -> Vec<String> {
    decision.refused.iter().map(|refused| format!("{} [{}]", refused.why, refused.code)).collect()
}

fn describe(broken: &BrokenToken) -> String {
    format!("the file {} grants nothing: {} [{}]", broken.file.display(), broken.why, broken.code)
}

/// Decides and makes no call.
pub(crate) fn dry_run<R: Read + Seek>(
    context: &Context<'_>,
    package: &mut VerifiedPackage<R>,
    record: Option<&InstalledRecord>,
    target: &str,
    request: &ToolRequest<'_>,
) -> Result<DryRun, OpsError> {
    let tools = package.tools()?;
    let manifest = package.manifest();
    let tool = match (request.tool, tools.tools.as_slice()) {
        (None, [_, _, ..]) => None,
        (wanted, _) => Some(choose(manifest.name.clone(), &tools, wanted)?.name.clone()),
    };
    let version = manifest.version.clone();
    let asker = Asker::of(context, package, record)?;
    let given = match request.permit.wishes.is_empty() {
        true => None,
        false => Some(grant::draft_of_one_call(context, &asker, tool.as_ref(), &request.permit.wishes)?),
    };
    let (decision, broken) = decide_for(context, &asker, tool.as_ref(), given)?;
    let help = decision.missing.clone().map(|mut missing| {
        missing.command = command(&decision, target);
        missing.hints()
    });
    let verdict = |reason: &mpp_policy::Reason| Verdict {
        granted: reason.granted,
        what: reason.what.clone(),
        why: reason.why.clone(),
    };
    Ok(DryRun {
        package: asker.package.clone(),
        version,
        tool,
        publisher: format!("its publisher {}", asker.standing.sentence()),
        starts: decision.missing.is_none(),
        verdicts: decision.reasons.iter().map(verdict).collect(),
        not_counting: not_counting(&decision),
        broken,
        help: help.unwrap_or_default(),
    })
}
