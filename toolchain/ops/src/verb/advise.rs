//! `mpp advise`: what people should know about some versions of a package.

use super::notice::As;
use crate::{
    Context, OpsError,
    writing::{self, WriteReport, Writing},
};
use mpp_index::plan::{self, Advise};
use mpp_schema::{PackageName, Version, VersionReq, index::Severity};

/// What to write.
#[derive(Debug)]
pub struct Advice {
    /// The package.
    pub name: PackageName,
    /// What the advisory is called; one with this id is replaced.
    pub id: String,
    /// The versions that it concerns.
    pub versions: VersionReq,
    /// How bad it is.
    pub severity: Severity,
    /// What people should know.
    pub text: String,
    /// The first version that is not concerned.
    pub fixed_in: Option<Version>,
}

/// Writes an advisory.
pub fn advise(context: &Context<'_>, advice: &Advice, by: As, writing: &Writing) -> Result<WriteReport, OpsError> {
    let mut open = writing.open(context)?;
    let keys = match by {
        As::Publisher => writing.publishers(context)?,
        As::Registry => writing.roots(context, &open)?,
    };
    let heads = writing.heads(context, &open)?;
    let new = Advise {
        name: &advice.name,
        id: advice.id.clone(),
        versions: advice.versions.clone(),
        severity: advice.severity,
        text: advice.text.clone(),
        fixed_in: advice.fixed_in.clone(),
        signers: &writing::signers(&keys),
        head_keys: &writing::signers(&heads),
        now: context.now,
    };
    writing::edit(context, &mut open, |files, state| plan::advise(files, state, &new).map(Some))
}
