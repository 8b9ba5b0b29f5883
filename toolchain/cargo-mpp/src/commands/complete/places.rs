//! Where in the table of commands a name of this home can stand.

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use mpp_ops::verb::complete::{Kind, Names};
use std::sync::Arc;

/// The table with the names of a home in it. What is neither a name nor a word of the table is left to the shell.
pub(super) fn with_names(table: Command, names: &Arc<Names>) -> Command {
    below(table, "", names)
}

fn below(command: Command, path: &str, names: &Arc<Names>) -> Command {
    command.mut_args(|argument| filled(argument, path, names)).mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        below(sub, path.trim_start(), names)
    })
}

fn filled(argument: Arg, path: &str, names: &Arc<Names>) -> Arg {
    let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    match kind(path, argument.get_id().as_str(), value.as_deref().unwrap_or_default()) {
        Some(kind) => {
            let names = Arc::clone(names);
            argument.add(ArgValueCandidates::new(move || {
                names.of(kind).into_iter().map(CompletionCandidate::new).collect()
            }))
        }
        None => argument.value_hint(ValueHint::Other),
    }
}

/// What stands in an argument of the command at a path.
fn kind(path: &str, id: &str, value: &str) -> Option<Kind> {
    let verb = path.split(' ').next().unwrap_or_default();
    match (verb, id, value) {
        ("registry", "name", "NAME") if path == "registry assign" => Some(Kind::Known),
        ("registry", "name", _) if !["registry add", "registry follow"].contains(&path) => Some(Kind::Registry),
        ("registry", "names", _) | (_, "registry", _) => Some(Kind::Registry),
        ("call" | "policy", "words", _) => Some(Kind::Tool),
        ("install" | "info", "package" | "packages", _) | ("advise", "name", _) => Some(Kind::Known),
        ("diff", _, "FILE|PACKAGE") => Some(Kind::Known),
        (_, _, "NAMESPACE:NAME@VERSION") => Some(Kind::KnownVersion),
        ("uninstall", "name", _) | ("grant", "target", _) | (_, "package" | "packages" | "what", _) => {
            Some(Kind::Installed)
        }
        (_, _, "NAME|FILE") => Some(Kind::Key),
        ("key", "name", _) if !["key new", "key import"].contains(&path) => Some(Kind::Key),
        (_, "namespace", _) if !["new", "init"].contains(&verb) => Some(Kind::Namespace),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::kind;
    use crate::cli::Cli;
    use clap::{Command, CommandFactory as _};

    fn places(command: &Command, path: &str, found: &mut Vec<String>) {
        for argument in command.get_arguments().filter(|argument| argument.get_action().takes_values()) {
            let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
            let value = value.unwrap_or_default();
            if let Some(kind) = kind(path, argument.get_id().as_str(), &value) {
                found.push(format!("{path} {} {kind:?}", argument.get_id()));
            }
        }
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            places(sub, format!("{path} {}", sub.get_name()).trim_start(), found);
        }
    }

    #[test]
    fn names_stand_where_they_are_meant() {
        let mut table = Cli::command();
        table.build();
        let mut found = Vec::new();
        places(&table, "", &mut found);
        let of = |kind: &str| -> Vec<_> {
            let verb = |place: &String| Some(place.strip_suffix(&format!(" {kind}"))?.to_owned());
            found.iter().filter_map(verb).collect()
        };
        let known = ["advise name", "info package", "install packages", "diff from", "diff to", "registry assign name"];
        assert_eq!(of("Known"), known);
        let versions = ["yank", "unyank", "deprecate", "block", "co-sign"].map(|verb| format!("{verb} package"));
        assert_eq!(of("KnownVersion"), versions);
        assert_eq!(of("Tool"), ["call words", "policy explain words"]);
        let installed = of("Installed");
        for place in ["call package", "uninstall name", "grant target", "revoke what", "kv show package"] {
            assert!(installed.contains(&place.to_owned()), "{place}: {installed:?}");
        }
        let new =
            |place: &&String| ["key new", "key import", "new ", "init "].iter().any(|verb| place.starts_with(verb));
        assert_eq!(found.iter().find(new), None, "what does not exist yet is not completed");
    }
}
