//! `mpp yank`, `unyank`, `deprecate`, `block` and `co-sign`: what is said about a version after its release.

use crate::{
    Context, OpsError,
    writing::{self, WriteReport, Writing},
};
use mpp_index::{
    IndexError,
    plan::{self, Say},
};
use mpp_package::key::Signer as _;
use mpp_schema::{
    PackageName, Version,
    index::{CoSignature, Notice, Says},
};

/// What to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Do not choose it anew.
    Yank,
    /// Choose it again.
    Unyank,
    /// Use something else.
    Deprecate,
    /// It must not run.
    Block,
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// The owners of the namespace.
    Publisher,
    /// The registry, with its root keys.
    Registry,
}

/// Says something about one version, for a reason that people read.
pub fn say(
    context: &Context<'_>,
    (name, version): (&PackageName, &Version),
    verb: Verb,
    reason: &str,
    by: As,
    writing: &Writing,
) -> Result<WriteReport, OpsError> {
    let mut open = writing.open(context)?;
    let keys = match by {
        As::Publisher => writing.publishers(context)?,
        As::Registry => writing.roots(context, &open)?,
    };
    let heads = writing.heads(context, &open)?;
    let notice = Notice { version: version.clone(), reason: reason.to_owned() };
    let says = match verb {
        Verb::Yank => Says::Yank(notice),
        Verb::Unyank => Says::Unyank(notice),
        Verb::Deprecate => Says::Deprecate(notice),
        Verb::Block => Says::Block(notice),
    };
    let new =
        Say { name, says, signers: &writing::signers(&keys), head_keys: &writing::signers(&heads), now: context.now };
    writing::edit(context, &mut open, |files, state| plan::say(files, state, &new))
}

/// Vouches for exactly the file of a release, with one key of this home.
pub fn co_sign(
    context: &Context<'_>,
    (name, version): (&PackageName, &Version),
    writing: &Writing,
) -> Result<WriteReport, OpsError> {
    let mut open = writing.open(context)?;
    let keys = writing.publishers(context)?;
    let heads = writing.heads(context, &open)?;
    let (signers, head_keys) = (writing::signers(&keys[..1]), writing::signers(&heads));
    writing::edit(context, &mut open, |files, state| {
        let entry = mpp_index::package::package(files, state, name)?;
        let signed = entry.as_ref().and_then(|entry| entry.release(version)).ok_or_else(|| IndexError::NotFound {
            name: name.clone(),
            requirement: format!("={version}"),
            found: "there is no such version".to_owned(),
        })?;
        let says = Says::CoSign(CoSignature {
            version: signed.release.version.clone(),
            package: signed.release.package,
            file: signed.release.file,
            key: keys[0].public_key().to_base64(),
        });
        plan::say(files, state, &Say { name, says, signers: &signers, head_keys: &head_keys, now: context.now })
    })
}
