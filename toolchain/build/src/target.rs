//! Is the compiler able to build for wasm? If not, rustup makes it so, and an event says it.

use crate::{BuildError, Event, Programs, process::run};
use std::{path::Path, process::Command};

/// The target that tools are built for.
pub const TARGET: &str = "wasm32-wasip2";

/// Makes sure that the toolchain that cargo uses in `folder` has the target's standard library.
pub fn ensure_target(folder: &Path, programs: &Programs, events: &mut dyn FnMut(Event)) -> Result<(), BuildError> {
    if target_is_installed(folder, programs)? {
        return Ok(());
    }
    let toolchain = active_toolchain(folder, programs)?;
    let (target, command) = (TARGET.to_owned(), format!("rustup target add {TARGET} --toolchain {toolchain}"));
    events(Event::TargetInstalling { target: target.clone(), toolchain: toolchain.clone() });
    let mut add = Command::new(&programs.rustup);
    add.args(["target", "add", TARGET, "--toolchain", &toolchain]).current_dir(folder);
    let problem = match run(&mut add) {
        Ok(finished) if finished.success && target_is_installed(folder, programs)? => {
            events(Event::TargetInstalled { target, toolchain });
            return Ok(());
        }
        Ok(finished) if finished.success => format!("`{}` is not the compiler of rustup", programs.rustc.display()),
        Ok(finished) => format!("rustup says: {}", finished.stderr.trim()),
        Err(error) => error.to_string(),
    };
    Err(BuildError::Target { problem, command })
}

/// Whether the toolchain that cargo uses in `folder` has the target: its standard library lies in the compiler's own folder.
///
/// # Errors
/// When the compiler cannot be started or does not know the target.
pub fn target_is_installed(folder: &Path, programs: &Programs) -> Result<bool, BuildError> {
    let mut command = Command::new(&programs.rustc);
    command.args(["--print", "target-libdir", "--target", TARGET]).current_dir(folder);
    let finished =
        run(&mut command).map_err(|source| BuildError::Program { program: programs.rustc.clone(), source })?;
    let Some(libraries) = finished.first_line() else {
        let problem = format!("`{}` does not know it: {}", programs.rustc.display(), finished.stderr.trim());
        return Err(BuildError::Target { problem, command: "rustup update".to_owned() });
    };
    let Ok(entries) = std::fs::read_dir(libraries) else { return Ok(false) };
    Ok(entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
}

/// The name of the toolchain that rustup's stand-ins run in `folder`.
fn active_toolchain(folder: &Path, programs: &Programs) -> Result<String, BuildError> {
    let without_rustup = |problem: String| BuildError::Target {
        problem,
        command: format!("install rustup from https://rustup.rs, then: rustup target add {TARGET}"),
    };
    let mut command = Command::new(&programs.rustup);
    command.args(["show", "active-toolchain"]).current_dir(folder);
    let finished = run(&mut command).map_err(|error| {
        without_rustup(format!(
            "its standard library is not installed, and `{}` cannot be started: {error}",
            programs.rustup.display()
        ))
    })?;
    let name = finished.first_line().and_then(|line| line.split_whitespace().next());
    name.map(str::to_owned)
        .ok_or_else(|| without_rustup(format!("rustup names no toolchain: {}", finished.stderr.trim())))
}
