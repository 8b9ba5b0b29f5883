//! Plugins of the build: packages of the kind `plugin`, of one of the worlds of `mpp:plugin`, each of which is one stage (PLUG-1).
//!
//! A plugin is called like a tool, under the limits of a call and with no more than its terms grant. What it answers is given its type here;
//! what may be done with the answer is decided by whoever builds.

use crate::error::{HostError, LoadError};
use crate::host::{Host, HostOptions};
use crate::limits::Limits;
use crate::load;
use crate::loaded::LoadedPackage;
use crate::privacy::Privacy;
use crate::terms::Terms;
use mpp_package::verify::VerifiedPackage;
use mpp_schema::{Code, Coded as _, codes, manifest::Manifest};
use mpp_wit::Value;
use std::io::{Read, Seek};
use std::sync::Arc;

/// When a plugin takes part, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Looks at what was built.
    Check,
    /// Makes another component of it.
    Transform,
    /// Adds files to the package.
    Attach,
}

impl Stage {
    /// The stage, which is also the name of its function and of its world.
    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Transform => "transform",
            Self::Attach => "attach",
        }
    }

    /// The stage of the world that a manifest names.
    pub(crate) fn of(manifest: &Manifest) -> Option<Self> {
        let rest = manifest.world.strip_prefix("mpp:plugin/")?;
        let (name, version) = rest.split_once('@')?;
        let stage = [Self::Check, Self::Transform, Self::Attach].into_iter().find(|stage| stage.name() == name);
        stage.filter(|_| version.starts_with("0.1."))
    }
}

/// What was built, as a plugin is shown it.
#[derive(Debug, Clone, Default)]
pub struct BuiltPackage {
    /// The manifest as JSON.
    pub manifest: String,
    /// The definitions of the tools as JSON.
    pub tools: String,
    /// The component.
    pub component: Vec<u8>,
    /// What the component imports.
    pub imports: Vec<String>,
    /// Names and contents of texts.
    pub files: Vec<(String, Vec<u8>)>,
    /// Name and content of the builder's lock file.
    pub lockfile: Option<(String, Vec<u8>)>,
}

/// What a plugin answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// What a check found.
    Findings(Vec<Finding>),
    /// Another component.
    Component(Vec<u8>),
    /// Names and contents of files.
    Files(Vec<(String, Vec<u8>)>),
}

/// Something that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the build stops.
    pub is_error: bool,
    /// What it is.
    pub message: String,
    /// What would help.
    pub help: Option<String>,
}

/// Why a plugin gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginStop {
    /// One of `tool.*` and `limit.*`, as for a tool.
    pub code: Code,
    /// What happened.
    pub message: String,
}

/// Loads plugins. What they answer goes into a package and not to an agent, so nothing in it is masked.
#[derive(Debug)]
pub struct PluginHost(Host);

impl PluginHost {
    /// The largest answer: a component may be one.
    pub const ANSWER_BYTES: usize = 32 << 20;

    /// Sets up the engine.
    ///
    /// # Errors
    /// As [`Host::new`].
    pub fn new(options: HostOptions) -> Result<Self, HostError> {
        let limits = Limits { result_bytes: Self::ANSWER_BYTES, ..options.limits.clone() };
        Host::new(HostOptions { limits, privacy: Arc::new(Privacy::off()), ..options }).map(Self)
    }

    /// Loads a package of the kind `plugin`.
    ///
    /// # Errors
    /// It is of another kind or world, or as for [`Host::load`].
    pub fn load<R: Read + Seek>(&self, package: &mut VerifiedPackage<R>) -> Result<PluginPackage, LoadError> {
        let stage = Stage::of(package.manifest());
        let package = load::plugin(self.0.shared(), package)?;
        let world = || LoadError::World { found: package.manifest().world.clone(), expected: load::PLUGIN_WORLDS };
        Ok(PluginPackage { stage: stage.ok_or_else(world)?, package })
    }
}

/// A plugin that is ready to be asked.
#[derive(Debug)]
pub struct PluginPackage {
    stage: Stage,
    package: LoadedPackage,
}

impl PluginPackage {
    /// When it takes part.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// The package.
    pub fn package(&self) -> &LoadedPackage {
        &self.package
    }

    /// Shows it what was built, and gives its answer.
    ///
    /// # Errors
    /// It says that it failed, trapped, reached a limit, or answered in another shape than its world's.
    pub fn ask(&self, terms: &Terms, built: &BuiltPackage) -> Result<Answer, PluginStop> {
        let called = self.package.call_values(terms, self.stage.name(), vec![shown(built)]);
        let outcome = called.map_err(|error| PluginStop { code: error.code(), message: error.to_string() })?;
        let value = outcome.ended.map_err(|stop| PluginStop { code: stop.code, message: stop.message })?;
        match value {
            Some(Value::Result(Ok(Some(value)))) => self.answer(*value).ok_or_else(other_shape),
            Some(Value::Result(Err(Some(why)))) => match *why {
                Value::String(message) => Err(PluginStop { code: codes::TOOL_ERROR, message }),
                _ => Err(other_shape()),
            },
            _ => Err(other_shape()),
        }
    }

    fn answer(&self, value: Value) -> Option<Answer> {
        Some(match (self.stage, value) {
            (Stage::Check, Value::List(values)) => {
                Answer::Findings(values.into_iter().map(finding).collect::<Option<_>>()?)
            }
            (Stage::Transform, Value::Bytes(component)) => Answer::Component(component),
            (Stage::Attach, Value::List(values)) => Answer::Files(values.into_iter().map(file).collect::<Option<_>>()?),
            _ => return None,
        })
    }
}

fn other_shape() -> PluginStop {
    let message = "it answers in another shape than that of its world".to_owned();
    PluginStop { code: codes::WASM_INTERFACE, message }
}

fn shown(built: &BuiltPackage) -> Value {
    let text = |text: &String| Value::String(text.clone());
    let file = |(path, content): &(String, Vec<u8>)| Value::Record(vec![text(path), Value::Bytes(content.clone())]);
    Value::Record(vec![
        text(&built.manifest),
        text(&built.tools),
        Value::Bytes(built.component.clone()),
        Value::List(built.imports.iter().map(text).collect()),
        Value::List(built.files.iter().map(file).collect()),
        Value::Option(built.lockfile.as_ref().map(|lockfile| Box::new(file(lockfile)))),
    ])
}

fn file(value: Value) -> Option<(String, Vec<u8>)> {
    let Value::Record(fields) = value else { return None };
    match <[Value; 2]>::try_from(fields).ok()? {
        [Value::String(path), Value::Bytes(content)] => Some((path, content)),
        _ => None,
    }
}

fn finding(value: Value) -> Option<Finding> {
    let Value::Record(fields) = value else { return None };
    let [Value::Enum(level), Value::String(message), Value::Option(help)] = <[Value; 3]>::try_from(fields).ok()? else {
        return None;
    };
    let help = match help.map(|help| *help) {
        None => None,
        Some(Value::String(help)) => Some(help),
        Some(_) => return None,
    };
    Some(Finding { is_error: level == 0, message, help })
}

#[cfg(test)]
mod tests {
    use super::{file, finding};
    use mpp_wit::Value;

    #[test]
    fn an_answer_of_another_shape_is_none() {
        let text = |text: &str| Value::String(text.to_owned());
        assert_eq!(file(Value::Record(vec![text("a"), Value::Bytes(vec![1])])), Some(("a".to_owned(), vec![1])));
        assert_eq!(file(Value::Record(vec![text("a"), text("b")])), None);
        assert_eq!(file(text("a")), None);
        let found = finding(Value::Record(vec![Value::Enum(1), text("m"), Value::Option(None)])).unwrap();
        assert!(!found.is_error && found.message == "m");
        assert_eq!(finding(Value::Record(vec![Value::Enum(1), text("m")])), None);
    }
}
