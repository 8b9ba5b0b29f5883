//! How much an address may send, whatever it says: counted where bytes come in, before anything looks at them.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// What may still arrive. Clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget {
    left: Arc<AtomicU64>,
}

impl Budget {
    /// From now on this many bytes may arrive.
    pub(super) fn set(&self, bytes: u64) {
        self.left.store(bytes, Ordering::Relaxed);
    }

    fn take(&self, bytes: u64) -> io::Result<()> {
        let take = |left: u64| left.checked_sub(bytes);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::other("the address sends more than it may")),
        }
    }
}

/// A reader that gives no more than the budget.
pub(super) struct Bounded<R> {
    pub(super) inner: R,
    pub(super) budget: Budget,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.budget.take(read as u64)?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounded, Budget};
    use std::io::Read as _;

    #[test]
    fn more_than_the_budget_is_an_error() {
        let budget = Budget::default();
        let mut reader = Bounded { inner: std::io::repeat(7), budget: budget.clone() };
        let mut buffer = [0; 10];
        assert!(reader.read(&mut buffer).is_err());
        budget.set(15);
        assert_eq!(reader.read(&mut buffer).unwrap(), 10);
        assert!(reader.read(&mut buffer).is_err());
        assert_eq!(reader.read(&mut buffer[..5]).unwrap(), 5);
    }
}
