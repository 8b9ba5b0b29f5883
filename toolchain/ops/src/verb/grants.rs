//! `mpp grants`: the tokens of this home, whether each counts and why, and taking them elsewhere.

use super::grant::{functions_words, lifetime_words, open_target};
use crate::{
    Context, OpsError,
    atomic_write::{self, Readable},
    grants::{Asker, Situation, Stored},
    home::grants::Mark,
};
use mpp_policy::{Token, TokenError, allowed};
use mpp_schema::{
    Code, Coded, GrantId, Instant, PackageName, codes,
    grant::{Audience, Grant},
};
use serde::Serialize;
use std::path::{Path, PathBuf};

pub use crate::grants::BrokenToken;

/// One token.
#[derive(Debug, Serialize)]
pub struct ListedGrant {
    /// The token.
    pub id: GrantId,
    /// The package.
    pub package: PackageName,
    /// What it allows, in sentences.
    pub allows: Vec<String>,
    /// For how long, in words.
    pub lifetime: String,
    /// For which tools, in words.
    pub functions: String,
    /// Where it counts.
    pub host: Audience,
    /// When it was made.
    pub issued: Instant,
    /// Who made it: nothing for this home's owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grantor: Option<String>,
    /// Its file.
    pub file: PathBuf,
    /// Whether it counts now.
    pub counts: bool,
    /// Its package is not installed. It counts again when the same publisher's package is, and asks for the same (PERM-27).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub orphaned: bool,
    /// The stable reason why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The tokens of this home.
#[derive(Debug, Default, Serialize)]
pub struct GrantsReport {
    /// Tokens that verify.
    pub grants: Vec<ListedGrant>,
    /// Files that hold none.
    pub broken: Vec<BrokenToken>,
}

/// There is no such token.
#[derive(Debug, thiserror::Error)]
#[error("could not find a permission token for `{0}` in this home")]
pub struct GrantNotFound(pub String);

impl Coded for GrantNotFound {
    fn code(&self) -> Code {
        codes::GRANT_NOT_FOUND
    }
    fn hints(&self) -> Vec<String> {
        vec!["mpp grants".to_owned()]
    }
}

/// Lists the tokens of one package, or all.
pub fn list(context: &Context<'_>, package: Option<&PackageName>) -> Result<GrantsReport, OpsError> {
    let situation = Situation::read(context)?;
    let packages = match package {
        Some(package) => vec![package.clone()],
        None => context.home.packages_with_tokens()?,
    };
    let mut report = GrantsReport::default();
    for package in packages {
        let stored = Stored::read(context, &package, &situation.owners)?;
        let asker = asker(context, &package);
        for (token, file) in stored.tokens {
            let counts = match &asker {
                Ok(asker) => token.fits(&asker.subject(), &situation.moment, &situation.policy, &stored.ledger),
                Err(_) => token.is_alive(&situation.moment, &situation.policy, &stored.ledger),
            };
            let counts = counts.map_err(|error| (error.code(), error.to_string()));
            let installed = asker.as_ref().map(drop).map_err(|error| (error.code(), error.message()));
            let orphaned = installed.as_ref().is_err_and(|(code, _)| *code == codes::PACKAGE_NOT_INSTALLED);
            report.grants.push(ListedGrant { orphaned, ..listed(&token, file, counts.and(installed)) });
        }
        report.broken.extend(stored.broken);
    }
    Ok(report)
}

fn asker(context: &Context<'_>, package: &PackageName) -> Result<Asker, OpsError> {
    let (verified, record) = open_target(context, &package.to_string())?;
    Asker::of(context, &verified, record.as_ref())
}

fn listed(token: &Token, file: PathBuf, counts: Result<(), (Code, String)>) -> ListedGrant {
    let Grant { id, package, allows, lifetime, functions, host, issued, .. } = token.grant();
    let (code, why) = counts.err().map(|(code, why)| (code.to_string(), why)).unzip();
    ListedGrant {
        id: *id,
        package: package.clone(),
        allows: allowed(allows),
        lifetime: lifetime_words(lifetime),
        functions: functions_words(functions),
        host: *host,
        issued: *issued,
        grantor: token.grantor().map(str::to_owned),
        file,
        counts: code.is_none(),
        orphaned: false,
        code,
        why,
    }
}

/// Writes tokens to a file, one a line: one by its id, or all of a package. Gives how many.
pub fn export(context: &Context<'_>, what: &str, file: &Path) -> Result<usize, OpsError> {
    let owners = Situation::read(context)?.owners;
    let packages = match what.parse::<PackageName>() {
        Ok(package) => vec![package],
        Err(_) => context.home.packages_with_tokens()?,
    };
    let id = what.parse::<GrantId>().ok();
    let mut lines = String::new();
    for package in packages {
        for (token, path) in Stored::read(context, &package, &owners)?.tokens {
            if id.is_none_or(|id| id == token.id()) && (id.is_some() || what == package.to_string()) {
                lines.push_str(&atomic_write::read_text_if_there(&path)?.unwrap_or_default());
            }
        }
    }
    if lines.is_empty() {
        return Err(GrantNotFound(what.to_owned()).into());
    }
    atomic_write::write(&context.path(file), lines.as_bytes(), Readable::ByAll)?;
    Ok(lines.lines().count())
}

/// Takes the tokens of a file, one a line, into this home: all of them, or none when one does not count here. Gives them.
///
/// A signature by this home's owner or by a grantor of its policy is what makes them count; nobody is asked.
pub fn import(context: &Context<'_>, file: &Path) -> Result<Vec<GrantId>, OpsError> {
    let _lock = context.home.lock()?;
    let situation = Situation::read(context)?;
    let path = context.path(file);
    let text = atomic_write::read_if_there(&path)?.ok_or_else(|| GrantNotFound(path.display().to_string()))?;
    let mut tokens = Vec::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let token = Token::verify(line, &situation.owners)?;
        check_import(context, &situation, &token)?;
        tokens.push((token, String::from_utf8_lossy(line).into_owned()));
    }
    if tokens.is_empty() {
        return Err(GrantNotFound(path.display().to_string()).into());
    }
    for (token, text) in &tokens {
        context.home.keep_token(&token.grant().package, token.id(), text)?;
    }
    Ok(tokens.iter().map(|(token, _)| token.id()).collect())
}

fn check_import(context: &Context<'_>, situation: &Situation, token: &Token) -> Result<(), OpsError> {
    let id = token.id();
    match token.grant().host {
        Audience::Host(found) if found != situation.moment.host => return Err(TokenError::Host { id, found }.into()),
        _ => {}
    }
    if context.home.is_marked(Mark::Revoked, id)? {
        return Err(TokenError::Revoked { id }.into());
    }
    if context.home.is_marked(Mark::Used, id)? {
        return Err(TokenError::Used { id }.into());
    }
    Ok(token.is_alive(&situation.moment, &situation.policy, &mpp_policy::Ledger::default())?)
}
