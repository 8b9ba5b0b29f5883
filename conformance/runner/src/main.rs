//! `mpp-conformance`: asks a program about every case under a folder and says which answers were right.
//!
//! Uses no crate of MPP, so that it can judge any implementation, ours included. It knows nothing of packages, signatures or
//! keys: a case names its operation and its values, and the runner passes them on. `../PROTOCOL.md` is what it speaks.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the report is this program's output")]

mod arguments;
mod case;
mod program;
mod verdict;

use std::{process::ExitCode, time::Duration};

/// How long a program may take for one case.
const TIME_MAX: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("error: {problem}\n\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("error: {problem:#}");
            ExitCode::from(2)
        }
    }
}

/// Asks about every case, prints a line for each and the closing line; gives the number of wrong answers.
fn run(arguments: &arguments::Arguments) -> anyhow::Result<usize> {
    let cases = case::read_all(&arguments.vectors)?;
    let chosen: Vec<_> = cases.iter().filter(|case| arguments.chooses(&case.name)).collect();
    anyhow::ensure!(!chosen.is_empty(), "no case under `{}` fits", arguments.vectors.display());
    let mut failed = 0;
    for case in &chosen {
        let answer = program::ask(&arguments.program, &case.request(), TIME_MAX);
        match verdict::judge(&case.expect, &answer) {
            Ok(()) => println!("ok {}", case.name),
            Err(wrong) => {
                failed += 1;
                println!("FAILED {}: {wrong}\n    {}", case.name, case.why);
            }
        }
    }
    println!("{} passed, {failed} failed", chosen.len() - failed);
    Ok(failed)
}
