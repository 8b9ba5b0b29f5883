//! `mpp uninstall`: forgetting an installed package, and what it keeps.

use super::kv::{self, KvEntry};
use crate::{
    Context, OpsError,
    grants::{Situation, Stored},
    home::installed::InstalledRecord,
    package_file,
    secrets::SecretStore,
};
use mpp_schema::{GrantId, Ident, PackageName};
use serde::Serialize;

/// What becomes of what the package keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// It is removed too.
    Remove,
    /// It stays, for when the package is installed again.
    Keep,
}

/// What was forgotten.
#[derive(Debug, Serialize)]
pub struct UninstallReport {
    /// The package.
    #[serde(flatten)]
    pub record: InstalledRecord,
    /// What it kept, when that was removed.
    pub removed_data: Option<KvEntry>,
    /// Permission tokens that stay, and count again when the same publisher's package is installed and asks for the same (PERM-27).
    pub kept_tokens: Vec<GrantId>,
    /// Secrets that stay.
    pub kept_secrets: Vec<Ident>,
}

/// Forgets the package called `name`. Its data goes first: a removal that fails leaves a package that can be uninstalled again.
pub fn uninstall(context: &Context<'_>, name: &PackageName, data: Data) -> Result<UninstallReport, OpsError> {
    let record = context.home.installed(name)?;
    let removed_data = match data {
        Data::Keep => None,
        Data::Remove => {
            let trust = package_file::trust_for_installed(&record)?;
            let publishers = trust.publishers.iter().map(|publisher| publisher.key.id()).collect();
            kv::remove_of(context, name, publishers)?
        }
    };
    let (kept_tokens, kept_secrets) = (living_tokens(context, name)?, secrets(context, name)?);
    Ok(UninstallReport { record: context.home.forget(name)?, removed_data, kept_tokens, kept_secrets })
}

/// The tokens that would still count, were the package installed.
fn living_tokens(context: &Context<'_>, name: &PackageName) -> Result<Vec<GrantId>, OpsError> {
    let situation = Situation::read(context)?;
    let stored = Stored::read(context, name, &situation.owners)?;
    let tokens = stored.tokens.iter().map(|(token, _)| token);
    let living = tokens.filter(|token| token.is_alive(&situation.moment, &situation.policy, &stored.ledger).is_ok());
    Ok(living.map(mpp_policy::Token::id).collect())
}

fn secrets(context: &Context<'_>, name: &PackageName) -> Result<Vec<Ident>, OpsError> {
    let all = SecretStore::of(context).list()?.into_iter();
    Ok(all.filter(|(owner, ..)| owner == name).map(|(_, secret, _)| secret).collect())
}
