//! Which builder a project has, with the settings of that builder and of no other.

use mpp_schema::{Ident, project::Build};

/// How the component of a project is made.
#[derive(Debug, Clone)]
pub(crate) enum Recipe {
    Cargo(CargoRecipe),
    C(CRecipe),
    Script(ScriptRecipe),
    Command(CommandRecipe),
    External(ExternalRecipe),
}

/// A library of a cargo package.
#[derive(Debug, Clone)]
pub(crate) struct CargoRecipe {
    pub(crate) id: cargo_metadata::PackageId,
    pub(crate) lib_name: String,
}

/// C files, relative to the project.
#[derive(Debug, Clone)]
pub(crate) struct CRecipe {
    pub(crate) sources: Vec<String>,
}

/// A module in a language whose interpreter travels with it.
#[derive(Debug, Clone)]
pub(crate) struct ScriptRecipe {
    pub(crate) language: Language,
    /// The module or file that the tool is.
    pub(crate) entry: String,
}

/// A language of scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Python,
    JavaScript,
}

/// A program of the project's own, and the component that it leaves.
#[derive(Debug, Clone)]
pub(crate) struct CommandRecipe {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) output: String,
}

/// `mpp-build-<name>`, found on the `PATH`.
#[derive(Debug, Clone)]
pub(crate) struct ExternalRecipe {
    pub(crate) name: Ident,
    pub(crate) settings: Build,
}

impl Recipe {
    /// What the manifest calls the builder.
    pub(crate) fn builder(&self) -> &str {
        match self {
            Self::Cargo(_) => "cargo",
            Self::C(_) => "c",
            Self::Script(ScriptRecipe { language: Language::Python, .. }) => "componentize-py",
            Self::Script(ScriptRecipe { language: Language::JavaScript, .. }) => "jco",
            Self::Command(_) => "command",
            Self::External(recipe) => recipe.name.as_str(),
        }
    }

    /// The recipe for what an author wrote; none for cargo, which needs more than that. An error names the field, and says what is
    /// wrong with it and what to write.
    pub(crate) fn of(build: &Build) -> Result<Option<Self>, WrongRecipe> {
        match build.builder.as_ref().map(Ident::as_str) {
            None | Some("cargo") => {
                allow(build, &[])?;
                Ok(None)
            }
            Some("c") => {
                allow(build, &["sources"])?;
                Ok(Some(Self::C(CRecipe { sources: inside("sources", &build.sources)? })))
            }
            Some("componentize-py") => {
                allow(build, &["entry"])?;
                let entry = build.entry.as_deref().unwrap_or("app");
                Ok(Some(Self::Script(ScriptRecipe { language: Language::Python, entry: module(entry)? })))
            }
            Some("jco") => {
                allow(build, &["entry"])?;
                let entry = build.entry.clone().unwrap_or_else(|| "src/tool.js".to_owned());
                let entry = inside("entry", &[entry])?.remove(0);
                Ok(Some(Self::Script(ScriptRecipe { language: Language::JavaScript, entry })))
            }
            Some("command") => {
                allow(build, &["command", "output"])?;
                command(build).map(Self::Command).map(Some)
            }
            Some(_) => {
                Ok(build.builder.clone().map(|name| Self::External(ExternalRecipe { name, settings: build.clone() })))
            }
        }
    }
}

/// A setting that is missing, wrong, or of another builder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrongRecipe {
    pub(crate) field: &'static str,
    pub(crate) problem: String,
    pub(crate) hint: String,
}

fn wrong(field: &'static str, problem: impl Into<String>, hint: impl Into<String>) -> WrongRecipe {
    WrongRecipe { field, problem: problem.into(), hint: hint.into() }
}

/// A setting that this builder does not know would be obeyed by nobody.
fn allow(build: &Build, known: &[&str]) -> Result<(), WrongRecipe> {
    let given = [
        ("command", !build.command.is_empty()),
        ("output", build.output.is_some()),
        ("sources", !build.sources.is_empty()),
        ("entry", build.entry.is_some()),
    ];
    match given.into_iter().find(|(name, given)| *given && !known.contains(name)) {
        Some((name, _)) => {
            let builder = build.builder.as_ref().map_or("cargo", Ident::as_str);
            Err(wrong(name, format!("the builder `{builder}` has no such setting"), format!("remove `{name}`")))
        }
        None => Ok(()),
    }
}

fn command(build: &Build) -> Result<CommandRecipe, WrongRecipe> {
    let Some((program, arguments)) = build.command.split_first() else {
        return Err(wrong(
            "command",
            "expected a program, found nothing",
            "write `command = [\"make\", \"tool.wasm\"]`",
        ));
    };
    let Some(output) = &build.output else {
        let hint = "write `output = \"tool.wasm\"`: the component that the command leaves";
        return Err(wrong("output", "expected a file, found nothing", hint));
    };
    let output = inside("output", std::slice::from_ref(output))?.remove(0);
    Ok(CommandRecipe { program: program.clone(), arguments: arguments.to_vec(), output })
}

/// The name of a Python module, which must not be taken for an option.
fn module(name: &str) -> Result<String, WrongRecipe> {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if name.split('.').all(is_word) {
        return Ok(name.to_owned());
    }
    let problem = format!("expected the name of a module in `src` such as `app`, found `{name}`");
    Err(wrong("entry", problem, "write `entry = \"app\"`"))
}

/// Paths that stay inside of the project, on every system.
pub(crate) fn inside(field: &'static str, paths: &[String]) -> Result<Vec<String>, WrongRecipe> {
    let is_inside = |path: &str| {
        !path.is_empty() && !path.contains(['\\', ':']) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
    };
    match paths.iter().find(|path| !is_inside(path)) {
        Some(path) => {
            let problem = format!("expected a path inside of the project such as `src/tool.c`, found `{path}`");
            Err(wrong(field, problem, format!("correct `{field}`")))
        }
        None => Ok(paths.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::Recipe;
    use mpp_schema::project::Build;

    #[track_caller]
    fn check(written: &str, expected: Result<Option<&str>, (&str, &str)>) {
        let build: Build = toml::from_str(written).unwrap();
        match (Recipe::of(&build), expected) {
            (Ok(recipe), Ok(expected)) => assert_eq!(recipe.as_ref().map(Recipe::builder), expected),
            (Err(error), Err((field, problem))) => {
                assert_eq!(error.field, field);
                assert!(error.problem.contains(problem), "{}", error.problem);
            }
            (found, expected) => panic!("expected {expected:?}, found {found:?}"),
        }
    }

    #[test]
    fn a_recipe_has_the_settings_of_its_builder() {
        check("", Ok(None));
        check("builder = \"cargo\"", Ok(None));
        check("builder = \"c\"", Ok(Some("c")));
        check("builder = \"componentize-py\"\nentry = \"my_tool.app\"", Ok(Some("componentize-py")));
        check("builder = \"jco\"", Ok(Some("jco")));
        check("builder = \"command\"\ncommand = [\"make\"]\noutput = \"out/a.wasm\"", Ok(Some("command")));
        check("builder = \"zig\"\nentry = \"src/main.zig\"", Ok(Some("zig")));
    }

    #[test]
    fn what_is_missing_or_of_another_builder_is_refused_by_name() {
        check("builder = \"command\"", Err(("command", "expected a program")));
        check("builder = \"command\"\ncommand = [\"make\"]", Err(("output", "expected a file")));
        check("builder = \"c\"\noutput = \"a.wasm\"", Err(("output", "the builder `c` has no such setting")));
        check("builder = \"componentize-py\"\nentry = \"--help\"", Err(("entry", "the name of a module")));
        check("builder = \"jco\"\nentry = \"../a.js\"", Err(("entry", "inside of the project")));
        check("sources = [\"a.c\"]", Err(("sources", "the builder `cargo` has no such setting")));
        for path in ["/etc/a.c", "../a.c", "a/../b.c", "", "C:/a.c", "a\\\\b.c"] {
            check(&format!("builder = \"c\"\nsources = [\"{path}\"]"), Err(("sources", "inside of the project")));
        }
    }
}
