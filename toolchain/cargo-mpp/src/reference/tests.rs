//! The chapter is what the program says, and the program says something of everything.

use super::{help, reference};
use crate::cli::Cli;
use clap::{Command, CommandFactory as _};
use std::path::Path;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../registry-git/web/guide/reference.md");

#[test]
fn the_reference_in_the_guide_is_that_of_the_program() {
    let made = reference();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(FILE, &made).expect("the guide is written");
    }
    let kept = std::fs::read_to_string(FILE).unwrap_or_default().replace("\r\n", "\n");
    let first = made.lines().zip(kept.lines()).find(|(made, kept)| made != kept);
    assert!(
        made == kept,
        "{} is not what the program says, from {first:?} on: BLESS=1 cargo test --workspace --bins -- reference",
        Path::new(FILE).file_name().expect("a name").display()
    );
}

#[test]
fn every_command_and_option_says_what_it_is_for() {
    fn check(command: &Command, path: &str) {
        assert!(command.get_about().is_some(), "{path} says nothing");
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            assert!(argument.get_help().is_some() || help(argument), "{path}: {} says nothing", argument.get_id());
        }
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help") {
            check(inner, &format!("{path} {}", inner.get_name()));
        }
    }
    let mut program = Cli::command();
    program.build();
    check(&program, "mpp");
}
