//! What a tool may do now: decided as for `mpp call`, and believed while the files that the decision hangs on stay as they were.

use super::stamp::Stamp;
use crate::{
    Context, OpsError,
    grants::{Asker, decide_for},
    home::{self, installed::InstalledRecord},
    standing,
};
use mpp_host::Ceilings;
use mpp_package::verify::Signer;
use mpp_policy::{Decision, Grants, Policy};
use mpp_schema::{Digest, Instant, KeyId, PackageName, ToolName, manifest::Manifest};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What is known about a package that a decision needs.
pub(super) struct Subject<'a> {
    pub(super) record: &'a InstalledRecord,
    pub(super) manifest: &'a Manifest,
    pub(super) signers: &'a [Signer],
}

/// What was decided about a tool, with everything that a call of it is judged by.
pub(super) struct Decided {
    pub(super) decision: Decision,
    pub(super) policy: Policy,
    /// What the call does not go beyond.
    pub(super) ceilings: Ceilings,
    pub(super) publisher: KeyId,
    pub(super) grants: Arc<Grants>,
    pub(super) grants_digest: Digest,
    pub(super) granted: Vec<String>,
}

/// Decisions that are believed for a moment.
#[derive(Default)]
pub(super) struct Decisions(Mutex<HashMap<(PackageName, ToolName), Believed>>);

struct Believed {
    digest: Digest,
    stamp: Stamp,
    second: Instant,
    decided: Arc<Decided>,
}

impl Decisions {
    /// What a tool may do.
    ///
    /// # Errors
    /// The package is blocked, its registry was silent for too long, or the home cannot be read.
    pub(super) fn decide(
        &self,
        context: &Context<'_>,
        subject: &Subject<'_>,
        tool: &ToolName,
    ) -> Result<Arc<Decided>, OpsError> {
        let stamp = Stamp::of(context.home.decision_places(&subject.record.name));
        let key = (subject.record.name.clone(), tool.clone());
        let digest = subject.record.digest;
        let is_good = |kept: &&Believed| kept.digest == digest && kept.second == context.now && kept.stamp == stamp;
        if let Some(kept) = self.kept().get(&key).filter(is_good) {
            return Ok(Arc::clone(&kept.decided));
        }
        let decided = Arc::new(Self::anew(context, subject, tool)?);
        // A grant for one call is asked for anew each time.
        if stamp.is_settled(context.now) && decided.decision.consume.is_empty() {
            let kept = Believed { digest, stamp, second: context.now, decided: Arc::clone(&decided) };
            self.kept().insert(key, kept);
        }
        Ok(decided)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<(PackageName, ToolName), Believed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn anew(context: &Context<'_>, subject: &Subject<'_>, tool: &ToolName) -> Result<Decided, OpsError> {
        standing::refuse_blocked(context, subject.record.digest)?;
        let asker = Asker::new(context, subject.manifest, subject.signers, Some(subject.record))?;
        let (decision, _) = decide_for(context, &asker, Some(tool), None)?;
        standing::check_freshness(context, Some(subject.record), !decision.grants.http().is_empty())?;
        let policy = context.home.policy()?;
        Ok(Decided {
            ceilings: home::policy::ceilings(&policy),
            policy,
            publisher: asker.publisher()?,
            grants: Arc::new(decision.grants.clone()),
            grants_digest: decision.grants.digest(),
            granted: decision.granted(),
            decision,
        })
    }
}
