//! Counts what a call takes of memory and tables, and stops it at its limits.
//!
//! The engine's own settings are per memory; here all memories of a call share one account, as do all tables. Growth beyond the account
//! stops the call instead of returning -1: a tool that runs on after a failed allocation is harder to understand than one that was stopped.

use crate::limits::Limits;
use crate::stop::LimitHit;
use wasmtime::{Error, ResourceLimiter, Result};

/// The account of one call.
#[derive(Debug)]
pub(crate) struct Meter {
    memory_bytes: usize,
    memory_bytes_max: usize,
    table_elements: usize,
    table_elements_max: usize,
    memories_max: usize,
    tables_max: usize,
    instances_max: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_bytes: 0,
            memory_bytes_max: limits.memory_bytes,
            table_elements: 0,
            table_elements_max: limits.table_elements,
            memories_max: limits.memories,
            tables_max: limits.tables,
            instances_max: limits.instances,
        }
    }
}

/// The new total, or nothing when it is above `max`.
fn grown(total: usize, current: usize, desired: usize, max: usize) -> Option<usize> {
    total.checked_add(desired.checked_sub(current)?).filter(|sum| *sum <= max)
}

fn beyond_own_maximum(desired: usize, maximum: Option<usize>) -> bool {
    maximum.is_some_and(|maximum| desired > maximum)
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let limit = self.memory_bytes_max;
        match grown(self.memory_bytes, current, desired, limit) {
            // The module's own maximum is a matter between it and the engine: growing gives -1.
            _ if beyond_own_maximum(desired, maximum) && desired <= limit => Ok(false),
            Some(total) => {
                self.memory_bytes = total;
                Ok(true)
            }
            None => Err(LimitHit::Memory { limit }.into()),
        }
    }

    fn memory_grow_failed(&mut self, _: Error) -> Result<()> {
        Err(LimitHit::Memory { limit: self.memory_bytes_max }.into())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let limit = self.table_elements_max;
        match grown(self.table_elements, current, desired, limit) {
            _ if beyond_own_maximum(desired, maximum) && desired <= limit => Ok(false),
            Some(total) => {
                self.table_elements = total;
                Ok(true)
            }
            None => Err(LimitHit::TableElements { limit }.into()),
        }
    }

    fn table_grow_failed(&mut self, _: Error) -> Result<()> {
        Err(LimitHit::TableElements { limit: self.table_elements_max }.into())
    }

    fn instances(&self) -> usize {
        self.instances_max
    }
    fn tables(&self) -> usize {
        self.tables_max
    }
    fn memories(&self) -> usize {
        self.memories_max
    }
}

#[cfg(test)]
mod tests {
    use super::Meter;
    use crate::limits::Limits;
    use crate::stop::LimitHit;
    use wasmtime::ResourceLimiter;

    const PAGE: usize = 64 << 10;

    fn meter() -> Meter {
        Meter::new(&Limits { memory_bytes: 4 * PAGE, table_elements: 10, ..Limits::default() })
    }

    #[track_caller]
    fn check(meter: &mut Meter, step: (usize, usize, Option<usize>), expected: Option<bool>) {
        let answer = meter.memory_growing(step.0, step.1, step.2);
        let hit = answer.as_ref().err().and_then(|error| error.downcast_ref::<LimitHit>().copied());
        assert_eq!(hit, expected.is_none().then_some(LimitHit::Memory { limit: 4 * PAGE }), "{step:?}");
        assert_eq!(answer.ok(), expected, "{step:?}");
    }

    #[test]
    fn all_memories_share_one_account() {
        let mut meter = meter();
        check(&mut meter, (0, 2 * PAGE, None), Some(true));
        check(&mut meter, (0, PAGE, None), Some(true));
        check(&mut meter, (PAGE, 2 * PAGE, None), Some(true));
        check(&mut meter, (2 * PAGE, 3 * PAGE, None), None);
    }

    #[test]
    fn a_module_may_stop_at_its_own_maximum() {
        check(&mut meter(), (PAGE, 3 * PAGE, Some(2 * PAGE)), Some(false));
        check(&mut meter(), (PAGE, 9 * PAGE, Some(2 * PAGE)), None);
    }

    #[test]
    fn all_tables_share_one_account() {
        let mut meter = meter();
        assert!(meter.table_growing(0, 10, None).is_ok());
        assert!(meter.table_growing(0, 1, None).is_err());
    }
}
