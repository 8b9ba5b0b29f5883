//! What a host looks for: the privacy filter that it was given, and the secrets that it has seen of its own, in one filter.
//!
//! A secret that was looked up once for any package is looked for in everything that leaves from then on (PRIV-6, PRIV-53). Nothing here
//! hands a secret out again.
//!
//! What holds now lies ready for each lane, so that calls which begin at one time do not wait for each other.

use crate::cap::http::secrets::{SecretValue, Secrets};
use crate::privacy::Privacy;
use mpp_policy::Grants;
use mpp_privacy::{Blocked, Filter};
use mpp_schema::{Ident, PackageName};
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// One for each host.
pub(crate) struct Vault {
    known: Mutex<Known>,
    /// For each lane.
    current: Box<[Slot]>,
}

/// What holds for a call that begins now; its filter also finds the secrets.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Current(pub(crate) Privacy);

#[repr(align(128))]
struct Slot(RwLock<Arc<Current>>);

struct Known {
    privacy: Arc<Privacy>,
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
    /// For a host with so many lanes.
    pub(crate) fn new(privacy: Arc<Privacy>, lanes: usize) -> Self {
        let current = (0..lanes).map(|_| Slot(RwLock::new(Arc::new(Current(Privacy::clone(&privacy))))));
        let current = current.collect();
        Self { known: Mutex::new(Known { privacy, secrets: Vec::new(), asked: HashSet::new() }), current }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What holds for a call that begins now in this lane.
    pub(crate) fn current(&self, lane: usize) -> Arc<Current> {
        Arc::clone(&self.current[lane].0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes what is known hold from now on.
    fn publish(&self, known: &Known) -> Result<(), Blocked> {
        let filter = with_secrets(&known.privacy.filter, &known.secrets)?;
        let privacy = Privacy { filter, ..Privacy::clone(&known.privacy) };
        for Slot(slot) in &self.current {
            let current = Arc::new(Current(privacy.clone()));
            *slot.write().unwrap_or_else(PoisonError::into_inner) = current;
        }
        Ok(())
    }

    /// Puts another filter in place; what is known of secrets stays known.
    pub(crate) fn set(&self, privacy: Arc<Privacy>) -> Result<(), Blocked> {
        let mut known = self.known();
        let before = std::mem::replace(&mut known.privacy, privacy);
        let published = self.publish(&known);
        if published.is_err() {
            known.privacy = before;
        }
        published
    }

    /// Looks for these from now on; says whether any was new.
    pub(crate) fn learn(&self, secrets: &[&str]) -> Result<bool, Blocked> {
        let mut known = self.known();
        let before = known.secrets.len();
        for secret in secrets {
            if known.secrets.iter().all(|old| old.expose() != *secret) {
                known.secrets.push(SecretValue::new((*secret).to_owned()));
            }
        }
        if known.secrets.len() == before {
            return Ok(false);
        }
        self.publish(&known)?;
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
            if self.known().asked.contains(&place) {
                continue;
            }
            match store.secret(package, name) {
                Ok(Some(secret)) => drop(self.learn(&[secret.expose()])?),
                Ok(None) => {}
                Err(_) => continue,
            }
            self.known().asked.insert(place);
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
        let vault = Vault::new(Arc::default(), 2);
        assert_eq!(vault.learn(&["correct horse"]), Ok(true));
        assert_eq!(vault.learn(&["correct horse"]), Ok(false));
        vault.set(Arc::new(Privacy::off())).unwrap();
        for lane in [0, 1] {
            assert_eq!(vault.current(lane).0.filter.find(b"a correct horse").unwrap().len(), 1);
        }
    }
}
