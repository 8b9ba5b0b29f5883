//! When a person was asked on behalf of an agent: the budget of questions, known to all processes of the home (CONS-24).

use super::{Home, MalformedFile};
use crate::{
    OpsError,
    atomic_write::{self, Readable},
};
use mpp_policy::consent::{Budget, PROMPTS_MAX};
use mpp_schema::{Instant, MessageKeyId};

impl Home {
    /// Counts one more question on behalf of an agent. Gives how many there were when there may be no more.
    pub fn count_question(&self, agent: Option<MessageKeyId>, now: Instant) -> Result<Result<(), usize>, OpsError> {
        let name = agent.map_or_else(|| "anonymous".to_owned(), |agent| agent.to_string());
        let path = self.data.join("asked").join(name);
        let _lock = self.lock()?;
        let text = atomic_write::read_text_if_there(&path)?.unwrap_or_default();
        let moments: Result<Vec<Instant>, String> = text.lines().map(|line| line.to_owned().try_into()).collect();
        let moments = moments.map_err(|reason| MalformedFile { path: path.clone(), reason })?;
        let mut budget = Budget::new(moments);
        if let Err(asked) = budget.spend(now) {
            return Ok(Err(asked));
        }
        debug_assert!(budget.asked().len() <= PROMPTS_MAX);
        let text: String = budget.asked().iter().map(|at| format!("{at}\n")).collect();
        atomic_write::write(&path, text.as_bytes(), Readable::ByAll)?;
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use crate::home::Home;
    use mpp_policy::consent::PROMPTS_MAX;
    use mpp_schema::{Instant, MessageKeyId};

    /// CONS-24
    #[test]
    fn each_agent_has_its_own_budget() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::below(folder.path());
        let now = Instant::from_unix_seconds(1_800_000_000).unwrap();
        let asked = |agent| (0..100).filter(|_| home.count_question(agent, now).unwrap().is_ok()).count();
        assert_eq!(asked(None), PROMPTS_MAX);
        assert_eq!(asked(Some(MessageKeyId::from_bytes([1; 32]))), PROMPTS_MAX);
        assert_eq!(home.count_question(None, now).unwrap(), Err(PROMPTS_MAX));
        assert_eq!(home.count_question(None, now.plus_seconds(600)).unwrap(), Ok(()));
    }
}
