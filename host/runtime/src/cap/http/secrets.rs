//! Secrets: the host puts them into requests, and the tool never sees them.

use super::failure::Failure;
use crate::privacy::Guard;
use http::{HeaderName, HeaderValue, Request};
use mpp_policy::{SecretGrant, may_carry_secret};
use mpp_schema::{Ident, PackageName, codes};
use std::fmt;
use std::sync::Arc;
use wasmtime_wasi_http::Error;
use zeroize::Zeroizing;

/// The value of a secret. It is wiped when it is dropped, and never shown.
#[derive(Clone)]
pub struct SecretValue(Zeroizing<String>);

impl SecretValue {
    /// A secret of this value.
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value, for whoever has to send or store it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

/// The store of secrets did not answer. What it says must not hold the secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SecretsError(pub String);

/// Who knows secrets. It is asked on a thread for blocking work, and only for secrets that were granted.
pub trait Secrets: Send + Sync {
    /// The secret that the package calls `name`; nothing when none is stored.
    fn secret(&self, package: &PackageName, name: &Ident) -> Result<Option<SecretValue>, SecretsError>;
}

/// No secret is stored.
#[derive(Debug, Clone, Copy)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn secret(&self, _: &PackageName, _: &Ident) -> Result<Option<SecretValue>, SecretsError> {
        Ok(None)
    }
}

/// The secrets of one request, and who knows them.
pub(super) struct Wanted {
    pub(super) store: Arc<dyn Secrets>,
    pub(super) package: Arc<PackageName>,
    pub(super) secrets: Vec<(Ident, SecretGrant)>,
    pub(super) guard: Guard,
}

impl Wanted {
    /// Puts the secrets into the headers, in place of what the tool had put there.
    pub(super) async fn add_to<B>(self, request: &mut Request<B>) -> Result<(), Failure> {
        if self.secrets.is_empty() {
            return Ok(());
        }
        let looked_up = tokio::task::spawn_blocking(move || self.headers());
        for (name, value) in looked_up.await.map_err(|_| Error::InternalError(None))?? {
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }

    fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, Failure> {
        self.secrets.iter().map(|(name, grant)| self.header(name, grant)).collect()
    }

    fn header(&self, name: &Ident, grant: &SecretGrant) -> Result<(HeaderName, HeaderValue), Failure> {
        let refused = |code, why: &str| {
            let message = format!("the secret `{name}` of `{}` {why}", self.package);
            Failure::refused(Error::HttpRequestDenied, code, message)
        };
        let header =
            HeaderName::from_bytes(grant.header.as_bytes()).ok().filter(|name| may_carry_secret(name.as_str()));
        let header =
            header.ok_or_else(|| refused(codes::NET_HEADER, "is to be sent in a header that may not carry it"))?;
        let value = self.store.secret(&self.package, name);
        let value = value.map_err(|error| refused(codes::SECRET_STORE, &format!("could not be read: {error}")))?;
        let value = value.ok_or_else(|| refused(codes::SECRET_MISSING, "was granted and is not stored"))?;
        // A server can send it back: from here on it is looked for.
        self.guard.learn(&[value.expose()]).map_err(|blocked| Failure::blocked("the request", &blocked))?;
        let text = Zeroizing::new(grant.format.replacen("{}", value.expose(), 1));
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| refused(codes::SECRET_STORE, "holds characters that no header can carry"))?;
        value.set_sensitive(true);
        Ok((header, value))
    }
}

#[cfg(test)]
mod tests {
    use super::SecretValue;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = SecretValue::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "SecretValue(…) Some(SecretValue(…))");
        assert_eq!(secret.expose(), "hunter2");
    }
}
