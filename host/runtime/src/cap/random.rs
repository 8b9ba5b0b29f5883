//! `wasi:random` of the inert base: the system's random numbers, in bounded pieces.
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

fn bytes(asked: u64, limit: usize) -> Result<Vec<u8>> {
    let len = usize::try_from(asked).ok().filter(|len| *len <= limit);
    let mut bytes = vec![0; len.ok_or(LimitHit::Random { asked, limit })?];
    getrandom::fill(&mut bytes).map_err(Error::new)?;
    Ok(bytes)
}

fn number() -> Result<u64> {
    getrandom::u64().map_err(Error::new)
}

impl random::Host for State {
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        bytes(len, self.random_bytes_max)
    }
    fn get_random_u64(&mut self) -> Result<u64> {
        number()
    }
}

impl insecure::Host for State {
    fn get_insecure_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        bytes(len, self.random_bytes_max)
    }
    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        number()
    }
}

impl insecure_seed::Host for State {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        Ok((number()?, number()?))
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;
    use crate::stop::LimitHit;

    #[test]
    fn more_than_the_limit_is_not_allocated() {
        assert_eq!(bytes(16, 16).expect("within the limit").len(), 16);
        let error = bytes(u64::MAX, 16).expect_err("beyond the limit");
        assert_eq!(error.downcast_ref(), Some(&LimitHit::Random { asked: u64::MAX, limit: 16 }));
    }
}
