//! Putting a decision together: who the package is, which tokens and which policy this home has, and what its folders are now.
//!
//! Everything is decided in `mpp-policy`; this gathers the values.

use crate::{
    Context, OpsError,
    home::{
        Home,
        grants::{Mark, TokenFile},
        installed::InstalledRecord,
    },
};
use mpp_package::{
    key::PublicKey,
    verify::{Signer, VerifiedPackage},
};
use mpp_policy::{
    Decision, Ledger, Moment, Owners, Places, Policy, Question, Request, Standing, Subject, Token, decide,
};
use mpp_schema::{
    Code, Coded as _, Digest, KeyId, PackageName, ToolName, codes,
    grant::Lifetime,
    manifest::{Manifest, TrustLevel},
    permissions::Permissions,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A verified package as somebody who asks.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) package: PackageName,
    /// The known keys that signed it, the one with the best standing first.
    pub(crate) publishers: Vec<KeyId>,
    pub(crate) standing: Standing,
    pub(crate) declared: TrustLevel,
    pub(crate) asked: Permissions,
    pub(crate) request: Digest,
}

impl Asker {
    /// Who a package is; `record` is that of an installed one.
    pub(crate) fn of<R>(
        context: &Context<'_>,
        package: &VerifiedPackage<R>,
        record: Option<&InstalledRecord>,
    ) -> Result<Self, OpsError> {
        Self::new(context, package.manifest(), package.signers(), record)
    }

    /// The same, for a package that came in by either door.
    pub(crate) fn new(
        context: &Context<'_>,
        manifest: &Manifest,
        signers: &[Signer],
        record: Option<&InstalledRecord>,
    ) -> Result<Self, OpsError> {
        let known = Known::read(context, record)?;
        let mut signers: Vec<_> =
            signers.iter().map(|signer| (known.standing(signer.key, signer.development), signer.key)).collect();
        signers.sort_by_key(|(standing, key)| (std::cmp::Reverse(standing.highest()), *key));
        Ok(Self {
            package: manifest.name.clone(),
            standing: signers.first().map_or(Standing::FirstSeen, |(standing, _)| standing.clone()),
            publishers: signers.into_iter().map(|(_, key)| key).collect(),
            declared: manifest.trust,
            request: Request::of(&manifest.permissions).digest(),
            asked: manifest.permissions.clone(),
        })
    }

    /// The publisher that approvals are bound to: the known key with the best standing.
    pub(crate) fn publisher(&self) -> Result<KeyId, OpsError> {
        Ok(*self.publishers.first().ok_or_else(|| Unsigned(self.package.clone()))?)
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { package: &self.package, publishers: &self.publishers, asked: &self.asked, request: self.request }
    }
}

/// A package that nobody who is known here signed. None of them is ever verified.
#[derive(Debug, thiserror::Error)]
#[error("could not find out who signed `{0}`")]
struct Unsigned(PackageName);

impl mpp_schema::Coded for Unsigned {
    fn code(&self) -> Code {
        codes::SIG_MISSING
    }
}

/// What this home knows about keys.
struct Known {
    own: Vec<KeyId>,
    pinned: BTreeMap<KeyId, (String, bool)>,
    owners: Vec<KeyId>,
}

impl Known {
    fn read(context: &Context<'_>, record: Option<&InstalledRecord>) -> Result<Self, OpsError> {
        let marked = context.home.marked()?;
        let pinned = context.home.trusted()?.into_iter().map(|trusted| {
            let is_marked = marked.iter().any(|name| name.as_str() == trusted.name);
            (trusted.key.id(), (trusted.name, is_marked))
        });
        let owners = record.filter(|record| record.registry.is_some()).map(|record| record.publishers.as_slice());
        let owners = owners.unwrap_or_default().iter().map(|text| Ok(PublicKey::from_base64(text)?.id()));
        Ok(Self {
            own: context.home.keys()?.iter().filter(|key| key.has_secret).map(|key| key.public.id()).collect(),
            pinned: pinned.collect(),
            owners: owners.collect::<Result<_, OpsError>>()?,
        })
    }

    fn standing(&self, key: KeyId, development: bool) -> Standing {
        match self.pinned.get(&key) {
            _ if development || self.own.contains(&key) => Standing::Own,
            Some((name, true)) => Standing::Marked(name.clone()),
            Some((name, false)) => Standing::Pinned(name.clone()),
            None if self.owners.contains(&key) => Standing::NamespaceOwner,
            None => Standing::FirstSeen,
        }
    }
}

/// A file where a token should be, and why there is none that counts here.
#[derive(Debug, Clone, Serialize)]
pub struct BrokenToken {
    /// The file.
    pub file: PathBuf,
    /// The stable reason.
    pub code: String,
    /// In words.
    pub why: String,
}

/// The state of this home that decisions hang on.
pub(crate) struct Situation {
    pub(crate) policy: Policy,
    pub(crate) owners: Owners,
    pub(crate) moment: Moment,
    pub(crate) places: Places,
}

impl Situation {
    pub(crate) fn read(context: &Context<'_>) -> Result<Self, OpsError> {
        let policy = context.home.policy()?;
        let owners = Owners { own: context.home.owner_public_key()?, grantors: policy.grantors().to_vec() };
        let host = context.home.host_id()?;
        let session = session_digest(context)?;
        let moment = Moment { host, now: context.now, session };
        Ok(Self { policy, owners, moment, places: places(context) })
    }
}

/// The session that this process belongs to.
pub(crate) fn session_digest(context: &Context<'_>) -> Result<Digest, OpsError> {
    let host = context.home.host_id()?;
    Ok(Digest::of(format!("mpp-session-v1\n{host}\n{}", context.surroundings.session()).as_bytes()))
}

fn places(context: &Context<'_>) -> Places {
    let Home { config, data, cache } = &context.home;
    // A folder that is not there yet has no links in it.
    let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    Places {
        home: context.surroundings.user_home().map(|home| canonical(&home)),
        own: [config, data, cache].map(|path| canonical(path)).to_vec(),
    }
}

/// The tokens of one package.
#[derive(Default)]
pub(crate) struct Stored {
    /// Those that verify, oldest first, each with its file.
    pub(crate) tokens: Vec<(Token, PathBuf)>,
    /// The others.
    pub(crate) broken: Vec<BrokenToken>,
    pub(crate) ledger: Ledger,
}

impl Stored {
    pub(crate) fn read(context: &Context<'_>, package: &PackageName, owners: &Owners) -> Result<Self, OpsError> {
        let mut stored = Self::default();
        for file in context.home.token_files(package)? {
            match verify(&file, owners) {
                Ok(token) => {
                    stored.look_up(context, &token)?;
                    stored.tokens.push((token, file.path));
                }
                Err((code, why)) => {
                    stored.broken.push(BrokenToken { file: file.path, code: code.to_string(), why });
                }
            }
        }
        Ok(stored)
    }

    fn look_up(&mut self, context: &Context<'_>, token: &Token) -> Result<(), OpsError> {
        let id = token.id();
        if token.grant().lifetime == Lifetime::Once && context.home.is_marked(Mark::Used, id)? {
            self.ledger.used.insert(id);
        }
        if context.home.is_marked(Mark::Revoked, id)? {
            self.ledger.revoked.insert(id);
        }
        Ok(())
    }
}

fn verify(file: &TokenFile, owners: &Owners) -> Result<Token, (Code, String)> {
    let text = file.text.as_ref().map_err(|why| (codes::GRANT_MALFORMED, why.clone()))?;
    Token::verify(text, owners).map_err(|error| (error.code(), error.to_string()))
}

/// What each folder that these tokens name is now.
pub(crate) fn seen<'a>(tokens: impl Iterator<Item = &'a Token>) -> BTreeMap<PathBuf, Option<PathBuf>> {
    let folders = tokens.flat_map(|token| token.grant().allows.folders.values());
    let paths = folders.map(|bound| PathBuf::from(&bound.path));
    let is_folder = |path: &Path| path.canonicalize().ok().filter(|now| now.is_dir());
    paths.map(|path| (path.clone(), is_folder(&path))).collect()
}

/// Decides what `function` of a package may do, or all its tools. `given` is a token that was made for this very call.
pub(crate) fn decide_for(
    context: &Context<'_>,
    asker: &Asker,
    function: Option<&ToolName>,
    given: Option<Token>,
) -> Result<(Decision, Vec<BrokenToken>), OpsError> {
    if asker.asked.is_empty() {
        return Ok((Decision::default(), Vec::new()));
    }
    let situation = Situation::read(context)?;
    let stored = Stored::read(context, &asker.package, &situation.owners)?;
    let mut tokens: Vec<Token> = stored.tokens.into_iter().map(|(token, _)| token).collect();
    let first = given.as_ref().map(Token::id);
    tokens.extend(given);
    let decision = decide_with(&situation, asker, function, first, &tokens, &stored.ledger);
    Ok((decision, stored.broken))
}

/// Decides with these tokens and no others.
pub(crate) fn decide_with(
    situation: &Situation,
    asker: &Asker,
    function: Option<&ToolName>,
    first: Option<mpp_schema::GrantId>,
    tokens: &[Token],
    ledger: &Ledger,
) -> Decision {
    let question = Question {
        subject: asker.subject(),
        standing: &asker.standing,
        declared: asker.declared,
        function,
        first,
        moment: situation.moment,
        places: &situation.places,
        seen: &seen(tokens.iter()),
    };
    decide(&question, tokens, &situation.policy, ledger)
}

/// Records the tokens for one call that `decision` spends, durably, before that call begins (PERM-16).
///
/// # Errors
/// `grant.used` when another process was faster with one of them.
pub(crate) fn spend(context: &Context<'_>, package: &PackageName, decision: &Decision) -> Result<(), OpsError> {
    for id in &decision.consume {
        if !context.home.mark_token(Mark::Used, *id)? {
            return Err(mpp_policy::TokenError::Used { id: *id }.into());
        }
        // The mark is what counts; a file that stays is listed as used.
        let _ = context.home.remove_token(&context.home.token_path(package, *id));
    }
    Ok(())
}
