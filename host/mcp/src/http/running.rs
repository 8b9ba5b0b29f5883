//! The requests that run now, so that a client of the older revisions can cancel one with a message of its own (MCP-46).
//!
//! A request is known by the agent, the session that the client names, and its id; nothing here is keyed by a connection.

use rmcp::model::RequestId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// Whose request it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    pub(super) agent: String,
    pub(super) session: Option<String>,
}

#[derive(Default)]
pub(super) struct Running(Mutex<HashMap<(Owner, RequestId), CancellationToken>>);

impl Running {
    /// Keeps a request in mind; nothing when one of that id runs already.
    pub(super) fn begin(self: &Arc<Self>, owner: Owner, id: RequestId) -> Option<Begun> {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (owner, id);
        if requests.contains_key(&key) {
            return None;
        }
        let cancelled = CancellationToken::new();
        requests.insert(key.clone(), cancelled.clone());
        Some(Begun { running: Arc::clone(self), key, cancelled })
    }

    pub(super) fn cancel(&self, owner: Owner, id: RequestId) {
        let requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        requests.get(&(owner, id)).iter().for_each(|request| request.cancel());
    }
}

/// A request that runs until this is dropped.
pub(super) struct Begun {
    running: Arc<Running>,
    key: (Owner, RequestId),
    /// Its client does not want it any more.
    pub(super) cancelled: CancellationToken,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
