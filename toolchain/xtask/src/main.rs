//! `cargo xtask`: chores of the repository.
//!
//! `schemas` and `vectors` write generated files; `tidy` says what is not as it should be and changes nothing, unless `BLESS=1`
//! asks it to rewrite what is generated. Every check is also a test, so `cargo test` finds what `tidy` finds.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its findings are this program's output")]

mod architecture;
mod errors_page;
mod findings;
mod generated;
mod layers;
mod paths;
mod refusals;
mod schemas;
mod sources;
mod spec_rules;
mod tree;
mod vectors;

use findings::Findings;
use generated::Mode;
use std::process::ExitCode;
use tree::Tree;

const USAGE: &str = "usage: cargo xtask schemas | vectors | tidy";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let mode = if std::env::var_os("BLESS").is_some_and(|value| value == "1") { Mode::Write } else { Mode::Compare };
    let done = match task.as_str() {
        "schemas" => Tree::read().and_then(|tree| schemas::check(&tree, Mode::Write)),
        "vectors" => Tree::read().and_then(|tree| vectors::check(&tree, Mode::Write)),
        "tidy" => Tree::read().and_then(|tree| tidy(&tree, mode)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(findings) if findings.is_empty() => ExitCode::SUCCESS,
        Ok(findings) => {
            findings.iter().for_each(|finding| println!("{finding}"));
            println!("{} findings", findings.len());
            ExitCode::FAILURE
        }
        Err(problem) => {
            eprintln!("error: {problem:#}");
            ExitCode::from(70)
        }
    }
}

/// Everything that must be true of the tree.
fn tidy(tree: &Tree, mode: Mode) -> anyhow::Result<Findings> {
    let mut findings = layers::check(tree)?;
    findings.extend(refusals::check(tree)?);
    findings.extend(architecture::check(tree, mode)?);
    findings.extend(errors_page::check(tree, mode)?);
    findings.extend(schemas::check(tree, mode)?);
    findings.extend(sources::check(tree)?);
    findings.extend(spec_rules::check(tree)?);
    findings.extend(vectors::check(tree, mode)?);
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use crate::{findings::Findings, generated::Mode, tree::Tree};

    #[track_caller]
    fn check(question: impl Fn(&Tree) -> anyhow::Result<Findings>) {
        let findings = question(&Tree::read().unwrap()).unwrap();
        let text: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert!(text.is_empty(), "{}", text.join("\n"));
    }

    #[test]
    fn each_crate_uses_only_what_its_entry_names() {
        check(crate::layers::check);
    }

    /// PKG-10 among others: the crate that reads packages has no files to extract them to.
    #[test]
    fn each_crate_refuses_to_know_what_its_entry_says() {
        check(crate::refusals::check);
    }

    #[test]
    fn the_architecture_page_has_the_list_of_crates() {
        check(|tree| crate::architecture::check(tree, Mode::Compare));
    }

    #[test]
    fn the_errors_page_has_the_table_of_codes() {
        check(|tree| crate::errors_page::check(tree, Mode::Compare));
    }

    #[test]
    fn the_schemas_are_those_of_the_shapes() {
        check(|tree| crate::schemas::check(tree, Mode::Compare));
    }

    #[test]
    fn the_conformance_cases_are_well_formed_and_the_generated_ones() {
        check(|tree| crate::vectors::check(tree, Mode::Compare));
    }

    #[test]
    fn sources_have_headers_and_honest_names() {
        check(crate::sources::check);
    }

    #[test]
    fn rules_of_the_specification_have_unique_ids() {
        check(crate::spec_rules::check);
    }
}
