//! `mpp revoke`: taking grants back. A revoked token stays revoked when its file comes back (PERM-17).

use super::grants::GrantNotFound;
use crate::{
    Context, OpsError,
    grants::{Situation, Stored},
    home::grants::Mark,
};
use mpp_schema::{GrantId, PackageName};

/// What to take back.
#[derive(Debug, Clone)]
pub enum Revoke {
    /// One token.
    Token(GrantId),
    /// Everything of one package.
    Package(PackageName),
    /// Everything of packages that are not installed (PERM-27).
    Orphaned,
    /// Everything.
    All,
}

/// Revokes; gives the tokens that were taken back.
pub fn revoke(context: &Context<'_>, what: &Revoke) -> Result<Vec<GrantId>, OpsError> {
    let _lock = context.home.lock()?;
    let owners = Situation::read(context)?.owners;
    let packages = match what {
        Revoke::Package(package) => vec![package.clone()],
        Revoke::Token(_) | Revoke::All => context.home.packages_with_tokens()?,
        Revoke::Orphaned => orphaned(context)?,
    };
    let mut revoked = Vec::new();
    for package in packages {
        let stored = Stored::read(context, &package, &owners)?;
        for (token, file) in stored.tokens {
            if !matches!(what, Revoke::Token(id) if *id != token.id()) {
                context.home.mark_token(Mark::Revoked, token.id())?;
                context.home.remove_token(&file)?;
                revoked.push(token.id());
            }
        }
        // What counts for nothing has no id to mark; its file goes with the rest.
        if !matches!(what, Revoke::Token(_)) {
            stored.broken.iter().try_for_each(|broken| context.home.remove_token(&broken.file))?;
        }
    }
    if revoked.is_empty() {
        return Err(GrantNotFound(what.to_string()).into());
    }
    Ok(revoked)
}

/// The packages that have tokens and are not installed.
fn orphaned(context: &Context<'_>) -> Result<Vec<PackageName>, OpsError> {
    let mut packages = context.home.packages_with_tokens()?;
    let installed = context.home.all_installed()?;
    packages.retain(|package| !installed.iter().any(|record| record.name == *package));
    Ok(packages)
}

impl std::fmt::Display for Revoke {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token(id) => id.fmt(f),
            Self::Package(package) => package.fmt(f),
            Self::Orphaned => f.write_str("a package that is not installed"),
            Self::All => f.write_str("any package"),
        }
    }
}
