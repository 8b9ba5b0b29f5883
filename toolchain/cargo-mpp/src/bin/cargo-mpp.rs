//! `cargo mpp …`: starts the `mpp` beside it with the same words.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let beside =
        std::env::current_exe().ok().map(|exe| exe.with_file_name(format!("mpp{}", std::env::consts::EXE_SUFFIX)));
    let program = beside.filter(|path| path.exists()).unwrap_or_else(|| "mpp".into());
    let words =
        std::env::args_os().skip(1).enumerate().filter(|(at, word)| *at > 0 || word != "mpp").map(|(_, word)| word);
    match Command::new(&program).args(words).status() {
        Ok(status) => ExitCode::from(u8::try_from(status.code().unwrap_or(70)).unwrap_or(70)),
        Err(error) => {
            #[allow(clippy::print_stderr, reason = "the shim has no other way to say that `mpp` is missing")]
            {
                eprintln!(
                    "error: could not start `{}`: {error}\nhelp: cargo install --path toolchain/cargo-mpp",
                    program.display()
                );
            }
            ExitCode::from(6)
        }
    }
}
