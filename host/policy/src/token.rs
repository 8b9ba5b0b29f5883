//! Permission tokens: from the bytes of an envelope to a [`Token`], which only a counting owner's signature makes, and from there to the question
//! whether it counts for this package, in this home, now (PERM-10 to PERM-18).

use crate::{Allowance, FolderBinding, Origin, Policy, Wider, check_within, folder::is_plain};
use mpp_package::dsse::{self, DsseError, Envelope, MessageKey, MessagePublicKey};
use mpp_schema::{
    Code, Coded, Digest, FORMAT_MAJOR, FormatVersion, GrantId, HostId, Instant, KeyId, MessageKeyId, PackageName,
    ToolName, codes,
    grant::{Allows, Audience, Functions, Grant, Lifetime, PAYLOAD_TYPE},
    permissions::Permissions,
    text::excerpt,
};
use std::{collections::BTreeSet, path::Path};

/// How far clocks may differ, in seconds.
const SKEW_SECONDS: u64 = 5;

/// Whose tokens count in a home: its own owner's, and those of the grantors that its policy lists.
#[derive(Debug, Clone, Default)]
pub struct Owners {
    /// The home's own owner key, once it was made.
    pub own: Option<MessagePublicKey>,
    /// Others, with the names that the policy gives them.
    pub grantors: Vec<(String, MessagePublicKey)>,
}

impl Owners {
    fn find(&self, id: MessageKeyId) -> Option<(&MessagePublicKey, Option<&str>)> {
        if let Some(own) = self.own.as_ref().filter(|own| own.id() == id) {
            return Some((own, None));
        }
        self.grantors.iter().find(|(_, key)| key.id() == id).map(|(name, key)| (key, Some(name.as_str())))
    }
}

/// Why a token does not count.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The envelope or its signature.
    #[error(transparent)]
    Message(#[from] DsseError),
    /// Signed by nobody who counts here.
    #[error("verified a permission token: the key {0} is neither this home's owner nor a grantor of its policy")]
    Owner(MessageKeyId),
    /// Written for a newer format.
    #[error("read a permission token: expected format version {FORMAT_MAJOR}.x, found {0}")]
    Newer(FormatVersion),
    /// Not the shape of a token.
    #[error("read a permission token: {}", excerpt(.0))]
    Malformed(String),
    /// For another home.
    #[error("could not use the permission token {id}: it was made for the host {found}")]
    Host {
        /// The token.
        id: GrantId,
        /// The host it is for.
        found: HostId,
    },
    /// For another package.
    #[error("could not use the permission token {id}: it was made for {found}")]
    Package {
        /// The token.
        id: GrantId,
        /// The package it is for.
        found: PackageName,
    },
    /// For a package of another publisher.
    #[error("could not use the permission token {id}: it was made for a package signed by {found}")]
    Publisher {
        /// The token.
        id: GrantId,
        /// The publisher it is for.
        found: KeyId,
    },
    /// For another request.
    #[error("could not use the permission token {id}: the package asks for other things than when it was granted")]
    Request {
        /// The token.
        id: GrantId,
    },
    /// For other tools.
    #[error("could not use the permission token {id}: it was made for other tools than `{function}`")]
    Function {
        /// The token.
        id: GrantId,
        /// The tool that is called.
        function: ToolName,
    },
    /// Allows more than was asked for.
    #[error("could not use the permission token {id}")]
    Wider {
        /// The token.
        id: GrantId,
        /// What is too much.
        source: Wider,
    },
    /// Its time is over.
    #[error("could not use the permission token {id}: it counted until {until}")]
    Expired {
        /// The token.
        id: GrantId,
        /// When it ended.
        until: Instant,
    },
    /// It counts for longer than the policy allows.
    #[error("could not use the permission token {id}: the policy allows at most {days} days")]
    TooLong {
        /// The token.
        id: GrantId,
        /// The limit.
        days: u32,
    },
    /// From the future.
    #[error("could not use the permission token {id}: it was issued at {issued}, and it is {now}")]
    Future {
        /// The token.
        id: GrantId,
        /// When it says that it was issued.
        issued: Instant,
        /// What time it is.
        now: Instant,
    },
    /// Used before.
    #[error("could not use the permission token {id}: it was for one call, which took place")]
    Used {
        /// The token.
        id: GrantId,
    },
    /// Made for another session.
    #[error("could not use the permission token {id}: it was made for another session")]
    Session {
        /// The token.
        id: GrantId,
    },
    /// Taken back.
    #[error("could not use the permission token {id}: it was revoked")]
    Revoked {
        /// The token.
        id: GrantId,
    },
}

impl Coded for TokenError {
    fn code(&self) -> Code {
        match self {
            Self::Message(DsseError::Unsigned) => codes::GRANT_UNSIGNED,
            Self::Message(DsseError::Invalid { .. } | DsseError::Type { .. }) => codes::GRANT_SIGNATURE,
            Self::Message(DsseError::OtherKey { .. }) | Self::Owner(_) => codes::GRANT_OWNER,
            Self::Message(_) | Self::Malformed(_) => codes::GRANT_MALFORMED,
            Self::Newer(_) => codes::FORMAT_NEWER,
            Self::Host { .. } => codes::GRANT_HOST,
            Self::Package { .. } => codes::GRANT_PACKAGE,
            Self::Publisher { .. } => codes::GRANT_PUBLISHER,
            Self::Request { .. } => codes::GRANT_REQUEST,
            Self::Function { .. } => codes::GRANT_FUNCTION,
            Self::Wider { .. } => codes::GRANT_WIDER,
            Self::Expired { .. } => codes::GRANT_EXPIRED,
            Self::TooLong { .. } => codes::GRANT_DENIED,
            Self::Future { .. } => codes::GRANT_FUTURE,
            Self::Used { .. } => codes::GRANT_USED,
            Self::Session { .. } => codes::GRANT_SESSION,
            Self::Revoked { .. } => codes::GRANT_REVOKED,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Owner(_) => vec!["to accept its signer, list its key under `grantors` in policy.toml".to_owned()],
            Self::Newer(_) => vec!["update mpp: `cargo install cargo-mpp`".to_owned()],
            _ => Vec::new(),
        }
    }
}

/// A token that an owner signed whose tokens count. Made by [`Token::verify`] and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    grant: Grant,
    grantor: Option<String>,
}

/// Which package asks.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its name.
    pub package: &'a PackageName,
    /// The keys whose signatures made it acceptable.
    pub publishers: &'a [KeyId],
    /// What it asks for.
    pub asked: &'a Permissions,
    /// Digest of that (PERM-2).
    pub request: Digest,
}

/// Where and when it asks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The home.
    pub host: HostId,
    /// The time.
    pub now: Instant,
    /// The session, as a digest that its host made.
    pub session: Digest,
}

/// What happened to tokens before.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Tokens for one call whose call took place.
    pub used: BTreeSet<GrantId>,
    /// Tokens that were taken back.
    pub revoked: BTreeSet<GrantId>,
}

impl Token {
    /// Signs a token with the owner key that it names; gives the envelope's text.
    ///
    /// # Errors
    /// [`TokenError`] when it would not be read again.
    pub fn sign(grant: &Grant, key: &MessageKey) -> Result<String, TokenError> {
        let payload = serde_json::to_vec(grant).map_err(|error| TokenError::Malformed(error.to_string()))?;
        let text = dsse::sign(PAYLOAD_TYPE, &payload, key)?;
        let owners = Owners { own: Some(*key.public()), grantors: Vec::new() };
        Self::verify(text.as_bytes(), &owners)?;
        Ok(text)
    }

    /// Reads and verifies an envelope. Nothing in it is read before the signature holds.
    ///
    /// # Errors
    /// [`TokenError`] when the form is another one, the signature does not hold, or its key does not count here.
    pub fn verify(text: &[u8], owners: &Owners) -> Result<Self, TokenError> {
        let envelope = Envelope::read(text)?;
        let (key, grantor) = owners.find(envelope.key_id()).ok_or(TokenError::Owner(envelope.key_id()))?;
        let grantor = grantor.map(str::to_owned);
        let message = envelope.verify(PAYLOAD_TYPE, key)?;
        let grant = read_grant(message.payload())?;
        if grant.granted_by != message.key().id() {
            return Err(TokenError::Malformed("it names another owner than the one that signed it".to_owned()));
        }
        Ok(Self { grant, grantor })
    }

    /// The document.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Its identity.
    pub fn id(&self) -> GrantId {
        self.grant.id
    }

    /// Who made it: nothing for this home's owner, the policy's name for another one.
    pub fn grantor(&self) -> Option<&str> {
        self.grantor.as_deref()
    }

    /// Whether it counts for this package, here and now, for any of its tools.
    ///
    /// # Errors
    /// [`TokenError`] with the first reason why it does not.
    pub fn fits(
        &self,
        subject: &Subject<'_>,
        moment: &Moment,
        policy: &Policy,
        ledger: &Ledger,
    ) -> Result<(), TokenError> {
        let (grant, id) = (&self.grant, self.grant.id);
        match grant.host {
            Audience::Host(found) if found != moment.host => return Err(TokenError::Host { id, found }),
            _ => {}
        }
        if grant.package != *subject.package {
            return Err(TokenError::Package { id, found: grant.package.clone() });
        }
        if !subject.publishers.contains(&grant.publisher) {
            return Err(TokenError::Publisher { id, found: grant.publisher });
        }
        if ledger.revoked.contains(&id) {
            return Err(TokenError::Revoked { id });
        }
        self.is_alive(moment, policy, ledger)?;
        if grant.request != subject.request {
            return Err(TokenError::Request { id });
        }
        check_within(&grant.allows, subject.asked).map_err(|source| TokenError::Wider { id, source })
    }

    /// Whether its lifetime holds (PERM-15).
    ///
    /// # Errors
    /// [`TokenError`] when it is over, not begun, used up, or longer than the policy allows.
    pub fn is_alive(&self, moment: &Moment, policy: &Policy, ledger: &Ledger) -> Result<(), TokenError> {
        let (grant, id) = (&self.grant, self.grant.id);
        if grant.issued > moment.now.plus_seconds(SKEW_SECONDS) {
            return Err(TokenError::Future { id, issued: grant.issued, now: moment.now });
        }
        let last = policy.file().limits.days.map(|days| (days, grant.issued.plus_days(days)));
        if let Some((days, last)) = last {
            let long = matches!(grant.lifetime, Lifetime::Always)
                || matches!(grant.lifetime, Lifetime::Until(until) if until > last);
            if long || moment.now >= last {
                return Err(TokenError::TooLong { id, days });
            }
        }
        match grant.lifetime {
            Lifetime::Always => Ok(()),
            Lifetime::Until(until) if moment.now >= until => Err(TokenError::Expired { id, until }),
            Lifetime::Until(_) => Ok(()),
            Lifetime::Session(session) if session != moment.session => Err(TokenError::Session { id }),
            Lifetime::Session(_) => Ok(()),
            Lifetime::Once if ledger.used.contains(&id) => Err(TokenError::Used { id }),
            Lifetime::Once => Ok(()),
        }
    }

    /// Whether it counts for this tool of its package.
    ///
    /// # Errors
    /// [`TokenError::Function`] when it does not.
    pub fn covers(&self, function: &ToolName) -> Result<(), TokenError> {
        match &self.grant.functions {
            Functions::Only(functions) if !functions.contains(function) => {
                Err(TokenError::Function { id: self.grant.id, function: function.clone() })
            }
            _ => Ok(()),
        }
    }

    /// What it allows.
    pub fn allowance(&self) -> Allowance {
        allowance(&self.grant.allows)
    }
}

fn allowance(allows: &Allows) -> Allowance {
    let folder = |bound: &mpp_schema::grant::BoundFolder| FolderBinding {
        path: bound.path.clone().into(),
        access: bound.access,
    };
    Allowance {
        folders: allows.folders.iter().map(|(slot, bound)| (slot.clone(), folder(bound))).collect(),
        http: allows.http.iter().filter_map(|origin| Origin::parse(origin)).collect(),
        secrets: allows.secrets.iter().cloned().collect(),
        kv: allows.kv,
        env: allows.env.iter().cloned().collect(),
        config: allows.config.0.clone(),
        clock: allows.clock,
        devices: allows.devices.iter().map(|(slot, path)| (slot.clone(), path.into())).collect(),
        logging: allows.logging,
        progress: allows.progress,
        tools: allows.tools.iter().cloned().collect(),
    }
}

/// The payload in its one spelling: what our writer writes for the same document (PERM-11).
fn read_grant(payload: &[u8]) -> Result<Grant, TokenError> {
    let malformed = |error: serde_json::Error| TokenError::Malformed(error.to_string());
    let probe: mpp_schema::manifest::VersionProbe = serde_json::from_slice(payload).map_err(malformed)?;
    if probe.mpp.major != FORMAT_MAJOR {
        return Err(TokenError::Newer(probe.mpp));
    }
    let grant: Grant = serde_json::from_slice(payload).map_err(malformed)?;
    if serde_json::to_vec(&grant).map_err(malformed)? != payload {
        return Err(TokenError::Malformed("its text is not the one spelling of what it says".to_owned()));
    }
    check(&grant).map_err(|reason| TokenError::Malformed(reason.to_owned()))?;
    Ok(grant)
}

/// What must hold for a token whatever it is for (PERM-12).
fn check(grant: &Grant) -> Result<(), &'static str> {
    let bound = matches!(grant.lifetime, Lifetime::Once | Lifetime::Session(_));
    if bound && grant.host == Audience::Any {
        return Err("a token for one call or one session must name its host");
    }
    let sorted = |sorted: bool| if sorted { Ok(()) } else { Err("a list is not sorted, or holds something twice") };
    if let Functions::Only(functions) = &grant.functions {
        sorted(strictly(functions))?;
        if functions.is_empty() {
            return Err("it counts for no tool");
        }
    }
    let allows = &grant.allows;
    sorted(strictly(&allows.http) && strictly(&allows.secrets) && strictly(&allows.env) && strictly(&allows.tools))?;
    if allows.folders.values().any(|bound| !is_plain(Path::new(&bound.path)))
        || allows.devices.values().any(|path| !is_plain(Path::new(path)))
    {
        return Err("a path is not absolute and free of `.` and `..`");
    }
    let canonical = |text: &String| Origin::parse(text).is_some_and(|origin| origin.to_string() == *text);
    if !allows.http.iter().all(canonical) {
        return Err("an origin is not in its one spelling");
    }
    Ok(())
}

fn strictly<T: Ord>(items: &[T]) -> bool {
    items.windows(2).all(|pair| pair[0] < pair[1])
}

#[cfg(test)]
pub(crate) mod tests;
