//! The command line, parsed without doing anything.

use std::path::PathBuf;

/// Printed when the command line cannot be understood.
pub(crate) const USAGE: &str = "usage: mpp-conformance --vectors DIR --program \"PATH [ARGS…]\" [--filter TEXT]";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The folder that holds `<chapter>/<case>/case.json`.
    pub(crate) vectors: PathBuf,
    /// The program under test and its arguments.
    pub(crate) program: Vec<String>,
    /// Only cases whose name holds this text.
    filter: Option<String>,
}

impl Arguments {
    /// Whether a case of this name was asked for.
    pub(crate) fn chooses(&self, case: &str) -> bool {
        self.filter.as_deref().is_none_or(|text| case.contains(text))
    }
}

/// Reads the arguments after the program's own name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Arguments, String> {
    let (mut vectors, mut program, mut filter) = (None, None, None);
    let mut arguments = arguments.into_iter();
    while let Some(option) = arguments.next() {
        let place = match option.as_str() {
            "--vectors" => &mut vectors,
            "--program" => &mut program,
            "--filter" => &mut filter,
            _ => return Err(format!("unknown argument `{option}`")),
        };
        *place = Some(arguments.next().ok_or_else(|| format!("`{option}` needs a value"))?);
    }
    let program: Vec<String> =
        program.ok_or("`--program` is missing")?.split_whitespace().map(ToOwned::to_owned).collect();
    if program.is_empty() {
        return Err("`--program` is empty".to_owned());
    }
    Ok(Arguments { vectors: vectors.ok_or("`--vectors` is missing")?.into(), program, filter })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[track_caller]
    fn check(line: &[&str], expected: Result<&[&str], &str>) {
        let parsed = parse(line.iter().map(|&word| word.to_owned()));
        let program = parsed.as_ref().map(|arguments| arguments.program.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(program.as_deref().map_err(|problem| problem.as_str()), expected);
    }

    #[test]
    fn a_program_is_split_at_spaces() {
        check(&["--vectors", "v", "--program", "mpp  conformance"], Ok(&["mpp", "conformance"]));
        check(&["--vectors", "v", "--program", " "], Err("`--program` is empty"));
    }

    #[test]
    fn mistakes_are_named() {
        check(&["--vectors", "v"], Err("`--program` is missing"));
        check(&["--program", "x"], Err("`--vectors` is missing"));
        check(&["--vectors"], Err("`--vectors` needs a value"));
        check(&["--verbose"], Err("unknown argument `--verbose`"));
    }

    #[test]
    fn a_filter_is_a_part_of_the_name() {
        let words = ["--vectors", "v", "--program", "x", "--filter", "legacy"].map(str::to_owned);
        let arguments = parse(words).unwrap();
        assert!(arguments.chooses("signature/legacy-flipped"));
        assert!(!arguments.chooses("signature/valid"));
    }
}
