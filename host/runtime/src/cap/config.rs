//! `wasi:config/store`: the settings that were granted, with their values. Another one is not there. Permission `config`; rule HOST-73.

use crate::state::State;
use wasmtime::Result;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

/// The names that the interface has had while it was drafted; its shape did not change.
const INTERFACES: [&str; 2] = ["wasi:config/store@0.2.0-rc.1", "wasi:config/store@0.2.0-draft"];

/// `error` of the interface. Granted values are at hand, so that none of it happens.
#[derive(Debug, Clone, ComponentType, Lift, Lower)]
#[component(variant)]
enum ConfigError {
    #[component(name = "upstream")]
    #[allow(dead_code, reason = "a case of the interface")]
    Upstream(String),
    #[component(name = "io")]
    #[allow(dead_code, reason = "a case of the interface")]
    Io(String),
}

type Answer<T> = (Result<T, ConfigError>,);

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    for interface in INTERFACES {
        let mut instance = linker.instance(interface)?;
        instance.func_wrap("get", |store, (name,): (String,)| -> Result<Answer<Option<String>>> {
            Ok((Ok(store.data().terms.grants.config().get(&name).cloned()),))
        })?;
        instance.func_wrap("get-all", |store, (): ()| -> Result<Answer<Vec<(String, String)>>> {
            let settings = store.data().terms.grants.config();
            Ok((Ok(settings.iter().map(|(name, value)| (name.clone(), value.clone())).collect()),))
        })?;
    }
    Ok(())
}
