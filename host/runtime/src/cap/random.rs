//! `wasi:random` of the inert base: the system's random numbers, in bounded pieces; those of its seed in a deterministic call.
//!
//! `insecure` and `insecure-seed` give the same numbers: they are allowed to be predictable, and nothing is won by making them so.

use crate::state::State;
use crate::stop::LimitHit;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Error, Result};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    random::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    insecure::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    insecure_seed::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

fn zeroes(asked: u64, limit: usize) -> Result<Vec<u8>> {
    let len = usize::try_from(asked).ok().filter(|len| *len <= limit);
    Ok(vec![0; len.ok_or(LimitHit::Random { asked, limit })?])
}

impl State {
    fn random_bytes(&mut self, asked: u64) -> Result<Vec<u8>> {
        let mut bytes = zeroes(asked, self.random_bytes_max)?;
        match &mut self.fixed {
            Some(fixed) => fixed.fill(&mut bytes),
            None => getrandom::fill(&mut bytes).map_err(Error::new)?,
        }
        Ok(bytes)
    }

    fn random_number(&mut self) -> Result<u64> {
        match &mut self.fixed {
            Some(fixed) => Ok(fixed.number()),
            None => getrandom::u64().map_err(Error::new),
        }
    }
}

impl random::Host for State {
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.random_bytes(len)
    }
    fn get_random_u64(&mut self) -> Result<u64> {
        self.random_number()
    }
}

impl insecure::Host for State {
    fn get_insecure_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.random_bytes(len)
    }
    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        self.random_number()
    }
}

impl insecure_seed::Host for State {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        Ok((self.random_number()?, self.random_number()?))
    }
}

#[cfg(test)]
mod tests {
    use super::zeroes;
    use crate::stop::LimitHit;

    #[test]
    fn more_than_the_limit_is_not_allocated() {
        assert_eq!(zeroes(16, 16).expect("within the limit").len(), 16);
        let error = zeroes(u64::MAX, 16).expect_err("beyond the limit");
        assert_eq!(error.downcast_ref(), Some(&LimitHit::Random { asked: u64::MAX, limit: 16 }));
    }
}
