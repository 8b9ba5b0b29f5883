//! Environment variables: the tool sees those that were granted, with the values that the host's provider gives them, and no others.
//!
//! Permission `env`. There are still no arguments and there is no working folder.

use crate::state::State;
use std::collections::BTreeSet;
use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::p2::bindings::cli::environment;

/// Who knows the values of environment variables.
pub trait Environment: Send + Sync {
    /// The value of a variable; nothing when it is not set.
    fn variable(&self, name: &str) -> Option<String>;
}

/// No variable is set.
#[derive(Debug, Clone, Copy)]
pub struct NoEnvironment;

impl Environment for NoEnvironment {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    environment::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

fn granted(names: &BTreeSet<String>, environment: &dyn Environment) -> Vec<(String, String)> {
    names.iter().filter_map(|name| Some((name.clone(), environment.variable(name)?))).collect()
}

impl environment::Host for State {
    fn get_environment(&mut self) -> Result<Vec<(String, String)>> {
        Ok(granted(self.terms.grants.env(), &*self.providers().environment))
    }
    fn get_arguments(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
    fn initial_cwd(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, granted};

    struct Two;

    impl Environment for Two {
        fn variable(&self, name: &str) -> Option<String> {
            matches!(name, "LANG" | "TOKEN").then(|| format!("value of {name}"))
        }
    }

    #[test]
    fn only_granted_names_are_looked_up() {
        let names = ["LANG".to_owned(), "UNSET".to_owned()].into();
        assert_eq!(granted(&names, &Two), [("LANG".to_owned(), "value of LANG".to_owned())]);
    }
}
