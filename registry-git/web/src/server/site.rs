//! The newest state of the registry that was verified, the answers that were made from it, and what is said when it is not fresh any more.

use super::kept::KeptAnswers;
use crate::{Answer, Catalog, SiteError, answer};
use mpp_registry::{Registry, RegistryError};
use mpp_schema::{Code, Coded as _, Digest, Instant};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// How much answers of one state may take that are kept: pages and documents, and searches, of which a client can think of as many as it likes.
const PAGES_BYTES_MAX: usize = 48 << 20;
const SEARCHES_BYTES_MAX: usize = 16 << 20;

/// What is served.
pub struct Site {
    state: RwLock<Arc<Shown>>,
    /// Names by which this server may be asked, without ports; empty for any.
    pub(super) hosts: Vec<String>,
    now: Box<dyn Fn() -> Instant + Send + Sync>,
}

/// One state, and the answers that were made from it.
struct Shown {
    catalog: Catalog,
    pages: Mutex<KeptAnswers>,
    searches: Mutex<KeptAnswers>,
}

/// An answer and the digest of its content.
pub(super) struct Tagged {
    pub(super) answer: Answer,
    pub(super) etag: String,
}

impl Site {
    /// Serves this state until it is renewed. `hosts` are the names by which it may be asked.
    pub fn new(catalog: Catalog, hosts: Vec<String>, now: Box<dyn Fn() -> Instant + Send + Sync>) -> Self {
        Self { state: RwLock::new(Arc::new(Shown::of(catalog))), hosts, now }
    }

    /// Shows a newer state of the same registry from now on; says whether it is one.
    ///
    /// Whoever looks for one and is refused has nothing to show: what was verified is served until it is not fresh any more.
    ///
    /// # Errors
    /// When the registry was never updated.
    pub fn show(&self, registry: Registry) -> Result<bool, SiteError> {
        let shown = self.shown();
        if shown.catalog.state()?.signed_head() == registry.trusted()?.signed_head() {
            return Ok(false);
        }
        let newer = Arc::new(Shown::of(shown.catalog.renewed(registry)));
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = newer;
        Ok(true)
    }

    /// Answers a path and a query.
    pub(super) fn answer(&self, path: &str, query: Option<&str>) -> Arc<Tagged> {
        let shown = self.shown();
        if let Some((code, detail)) = self.not_fresh(&shown.catalog) {
            return Arc::new(Tagged::of(Answer::problem(None, path, 503, code, &detail)));
        }
        let query = query.filter(|query| !query.is_empty());
        let (kept, asked) = match query {
            Some(query) => (&shown.searches, format!("{path}?{query}")),
            None => (&shown.pages, path.to_owned()),
        };
        if let Some(tagged) = kept.lock().unwrap_or_else(PoisonError::into_inner).get(&asked) {
            return tagged;
        }
        let tagged = Arc::new(Tagged::of(answer(&shown.catalog, path, query)));
        if tagged.answer.status == 200 {
            kept.lock().unwrap_or_else(PoisonError::into_inner).keep(asked, &tagged);
        }
        tagged
    }

    /// Whether what is shown may not be believed any more, and why.
    fn not_fresh(&self, catalog: &Catalog) -> Option<(Code, String)> {
        let refused = |error: SiteError| (error.code(), error.to_string());
        match catalog.state() {
            Ok(state) => state.check_fresh((self.now)()).err().map(|error| refused(RegistryError::from(error).into())),
            Err(error) => Some(refused(error)),
        }
    }

    fn shown(&self) -> Arc<Shown> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shown {
    fn of(catalog: Catalog) -> Self {
        Self {
            catalog,
            pages: Mutex::new(KeptAnswers::within(PAGES_BYTES_MAX)),
            searches: Mutex::new(KeptAnswers::within(SEARCHES_BYTES_MAX)),
        }
    }
}

impl Tagged {
    pub(super) fn of(answer: Answer) -> Self {
        let etag = format!("\"{}\"", &Digest::of(&answer.body).to_string()[..32]);
        Self { answer, etag }
    }
}
