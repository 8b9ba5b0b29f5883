//! What a host looks for: the privacy filter that it was given, and the secrets that it has seen of its own, in one filter.
//!
//! A secret that was looked up once for any package is looked for in everything that leaves from then on (PRIV-6, PRIV-53). Nothing here
//! hands a secret out again.

use crate::cap::http::secrets::{SecretValue, Secrets};
use crate::privacy::Privacy;
use mpp_policy::Grants;
use mpp_privacy::{Blocked, Filter};
use mpp_schema::{Ident, PackageName};
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// One for each host.
pub(crate) struct Vault(RwLock<Known>);

struct Known {
    privacy: Arc<Privacy>,
    /// With the secrets.
    filter: Filter,
    secrets: Vec<SecretValue>,
    /// Those that were looked up, whether there was one or not.
    asked: HashSet<(PackageName, Ident)>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Vault {
    pub(crate) fn new(privacy: Arc<Privacy>) -> Self {
        let filter = privacy.filter.clone();
        Self(RwLock::new(Known { privacy, filter, secrets: Vec::new(), asked: HashSet::new() }))
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What holds for a call that begins now.
    pub(crate) fn current(&self) -> (Arc<Privacy>, Filter) {
        let known = self.read();
        (Arc::clone(&known.privacy), known.filter.clone())
    }

    /// Puts another filter in place; what is known of secrets stays known.
    pub(crate) fn set(&self, privacy: Arc<Privacy>) -> Result<(), Blocked> {
        let mut known = self.write();
        known.filter = with_secrets(&privacy.filter, &known.secrets)?;
        known.privacy = privacy;
        Ok(())
    }

    /// Looks for these from now on; says whether any was new.
    pub(crate) fn learn(&self, secrets: &[&str]) -> Result<bool, Blocked> {
        let is_known = |known: &Known, secret: &str| known.secrets.iter().any(|old| old.expose() == secret);
        if secrets.iter().all(|secret| is_known(&self.read(), secret)) {
            return Ok(false);
        }
        let mut known = self.write();
        for secret in secrets {
            if !is_known(&known, secret) {
                known.secrets.push(SecretValue::new((*secret).to_owned()));
            }
        }
        known.filter = with_secrets(&known.privacy.filter, &known.secrets)?;
        Ok(true)
    }

    /// Looks up the secrets that a call was granted, those that were not looked up before, and learns them. One that cannot be
    /// looked up is asked for again by the next call.
    pub(crate) fn learn_granted(
        &self,
        store: &dyn Secrets,
        package: &PackageName,
        grants: &Grants,
    ) -> Result<(), Blocked> {
        for name in grants.secrets().keys() {
            let place = (package.clone(), name.clone());
            if self.read().asked.contains(&place) {
                continue;
            }
            match store.secret(package, name) {
                Ok(Some(secret)) => drop(self.learn(&[secret.expose()])?),
                Ok(None) => {}
                Err(_) => continue,
            }
            self.write().asked.insert(place);
        }
        Ok(())
    }
}

fn with_secrets(filter: &Filter, secrets: &[SecretValue]) -> Result<Filter, Blocked> {
    if secrets.is_empty() {
        return Ok(filter.clone());
    }
    let filter = filter.with_secrets(secrets.iter().map(|secret| secret.expose().as_bytes()));
    filter.map_err(|error| Blocked::Detector { detector: "secret".to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::Vault;
    use crate::privacy::Privacy;
    use std::sync::Arc;

    #[test]
    fn a_secret_is_learnt_once_and_outlives_another_filter() {
        let vault = Vault::new(Arc::default());
        assert_eq!(vault.learn(&["correct horse"]), Ok(true));
        assert_eq!(vault.learn(&["correct horse"]), Ok(false));
        vault.set(Arc::new(Privacy::off())).unwrap();
        assert_eq!(vault.current().1.find(b"a correct horse").unwrap().len(), 1);
    }
}
