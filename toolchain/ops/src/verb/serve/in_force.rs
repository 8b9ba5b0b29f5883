//! The privacy filter of a session follows the policy: what is changed there, and another version of a filter, count from the next call on.
//!
//! While the policy cannot be obeyed nothing is called: an old filter in its place would be one that nobody wants any more.

use super::stamp::Stamp;
use crate::{Context, OpsError, filters};
use mpp_host::Host;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// How the files were on which the filter of the host hangs.
#[derive(Default)]
pub(super) struct InForce(Mutex<Option<(Vec<PathBuf>, Stamp)>>);

impl InForce {
    /// Puts the filter in place that the policy wants now.
    ///
    /// # Errors
    /// The policy cannot be obeyed, or one of its filters cannot be loaded.
    pub(super) fn follow(&self, context: &Context<'_>, host: &Host) -> Result<(), OpsError> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.as_ref().is_some_and(|(places, stamp)| Stamp::of(places) == *stamp) {
            return Ok(());
        }
        *seen = None;
        let policy = context.home.policy()?;
        let mut places = filters::places(context, &policy.file().privacy);
        places.push(context.home.policy_path());
        let stamp = Stamp::of(&places);
        host.set_privacy(Arc::new(filters::privacy(context, &policy)?))?;
        // What changed between reading and looking at the times is too fresh to be believed.
        *seen = stamp.is_settled(context.now).then_some((places, stamp));
        Ok(())
    }
}
