//! `mpp doctor`: is everything there, and what to do where it is not.
//!
//! Looks and reports; it changes nothing.

use crate::{Context, OpsError, home::keys};
use serde::Serialize;
use std::process::Command;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What it is.
    pub what: &'static str,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub found: String,
    /// What to do; empty when nothing needs doing.
    pub help: String,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Good,
    /// Something works less well, or not yet.
    Missing,
    /// Something is wrong.
    Bad,
}

/// Everything that was looked at.
pub fn doctor(context: &Context<'_>) -> Result<Vec<Check>, OpsError> {
    Ok(vec![
        home(context),
        program("cargo", &["--version"], "install Rust: https://rustup.rs", "building Rust tools"),
        wasm_target(context),
        program("git", &["--version"], "install git with your system's packages", "registries on other machines"),
        development_key(context),
        policy(context),
        registries(context),
        installed(context),
    ])
}

fn home(context: &Context<'_>) -> Check {
    let found = context.home.data.display().to_string();
    match context.home.lock() {
        Ok(_) => good("home", found),
        Err(error) => Check {
            what: "home",
            state: State::Bad,
            found: format!("{found}: {error}"),
            help: "export MPP_HOME=/a/folder/that/can/be/written".to_owned(),
        },
    }
}

fn good(what: &'static str, found: String) -> Check {
    Check { what, state: State::Good, found, help: String::new() }
}

fn program(name: &'static str, words: &[&str], help: &str, needed_for: &str) -> Check {
    match Command::new(name).args(words).output() {
        Ok(output) if output.status.success() => good(name, String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        _ => Check {
            what: name,
            state: State::Missing,
            found: format!("not found; needed for {needed_for}"),
            help: help.to_owned(),
        },
    }
}

fn wasm_target(context: &Context<'_>) -> Check {
    let what = "wasm target";
    match mpp_build::target_is_installed(&context.folder, &mpp_build::Programs::default()) {
        Ok(true) => good(what, mpp_build::TARGET.to_owned()),
        _ => Check {
            what,
            state: State::Missing,
            found: format!("{} is not installed; `mpp build` will install it", mpp_build::TARGET),
            help: format!("rustup target add {}", mpp_build::TARGET),
        },
    }
}

fn development_key(context: &Context<'_>) -> Check {
    let what = "development key";
    match context.home.development_public_key() {
        Ok(Some(key)) => good(what, key.id().to_string()),
        Ok(None) => good(what, format!("none yet; `mpp build` makes `{}`", keys::DEVELOPMENT)),
        Err(error) => bad(what, &error),
    }
}

fn policy(context: &Context<'_>) -> Check {
    let what = "policy";
    match context.home.policy() {
        Ok(policy) if policy.file().headless_grants => good(what, "grants can be made without a terminal".to_owned()),
        Ok(_) => good(what, "grants are made on a terminal only".to_owned()),
        Err(error) => bad(what, &error),
    }
}

fn registries(context: &Context<'_>) -> Check {
    let what = "registries";
    match context.home.registries() {
        Ok(known) if known.is_empty() => Check {
            what,
            state: State::Missing,
            found: "none".to_owned(),
            help: "mpp registry add NAME URL".to_owned(),
        },
        Ok(known) => good(what, known.iter().map(|registry| registry.name.to_string()).collect::<Vec<_>>().join(", ")),
        Err(error) => bad(what, &error),
    }
}

fn installed(context: &Context<'_>) -> Check {
    let what = "installed packages";
    let records = match context.home.all_installed() {
        Ok(records) => records,
        Err(error) => return bad(what, &error),
    };
    let lost = records.iter().find(|record| !context.home.package_path(record.file).exists());
    match lost {
        None => good(what, records.len().to_string()),
        Some(record) => Check {
            what,
            state: State::Bad,
            found: format!("the file of {} is gone", record.name),
            help: format!("mpp install {}@={}", record.name, record.version),
        },
    }
}

fn bad(what: &'static str, error: &OpsError) -> Check {
    Check { what, state: State::Bad, found: error.message(), help: error.hints().first().cloned().unwrap_or_default() }
}
