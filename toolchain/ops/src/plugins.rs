//! Plugins in a build: each is found, verified, granted and asked, in the order of the stages (PLUG-1 to PLUG-9).
//!
//! They are installed like tools, and what locks a project's tools locks its plugins. One that fails stops the build, by name.

use crate::{
    Context, Event, OpsError,
    compile_process::{ChildCompiler, CompileLimits},
    grants::{Asker, decide_for},
    home::installed::InstalledRecord,
    package_file::{self, OpenPackage},
    project_files, standing,
    verb::build::BuildOptions,
};
use mpp_build::Project;
use mpp_host::{Answer, BuiltPackage, Finding, HostOptions, PluginHost, PluginPackage, Terms};
use mpp_package::{container::check_path, pack::Contents};
use mpp_schema::{Code, Coded, PackageName, ToolName, Version, VersionReq, codes, manifest::PluginUse, text::escaped};
use std::{path::Path, sync::Arc};

/// What a plugin attaches under this name is the list of what the component was made of.
const SBOM: &str = "sbom.cdx.json";

/// Names that are not a plugin's to give.
const TAKEN: &[&str] = &["mpp.json", "component.wasm", "tools.json", "readme.md", "license", "signatures", "wit"];

const FILES_MAX: usize = 64;

/// What went wrong with a plugin.
#[derive(Debug, thiserror::Error)]
enum PluginError {
    #[error("the plugin `{plugin}` stopped in the stage `{stage}`: {reason} ({code})")]
    Stopped { plugin: PackageName, stage: &'static str, reason: String, code: Code },
    #[error("the plugin `{plugin}` found {}", findings.join("; "))]
    Found { plugin: PackageName, findings: Vec<String>, help: Vec<String> },
    #[error("the plugin `{plugin}` attached `{path}`: {reason}")]
    Attached { plugin: PackageName, path: String, reason: String },
    #[error("the plugin `{plugin}` made a component that cannot be taken: {reason}")]
    Component { plugin: PackageName, reason: String },
    #[error(
        "could not read `{0}` under `build.plugins`: expected `namespace:name@version`, or the path of a package file"
    )]
    Name(String),
    #[error("could not use the plugin `{name}@{wanted}`: version {installed} is installed")]
    OtherVersion { name: PackageName, wanted: VersionReq, installed: Version },
    #[error("could not use the plugin `{name}`: {problem}")]
    Locked { name: PackageName, problem: &'static str },
}

impl Coded for PluginError {
    fn code(&self) -> Code {
        match self {
            Self::Name(_) => codes::BUILD_METADATA,
            Self::OtherVersion { .. } => codes::PACKAGE_NOT_INSTALLED,
            Self::Locked { .. } => codes::LOCK_OUTDATED,
            _ => codes::BUILD_PLUGIN,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Found { help, .. } => help.clone(),
            Self::OtherVersion { name, wanted, .. } => vec![format!("mpp install '{name}@{wanted}'")],
            Self::Locked { .. } => vec!["mpp install # in the folder of the project".to_owned()],
            Self::Stopped { plugin, .. } | Self::Attached { plugin, .. } | Self::Component { plugin, .. } => {
                vec![format!("tell its author, or remove `{plugin}` from `build.plugins`")]
            }
            Self::Name(_) => Vec::new(),
        }
    }
}

/// Lets the plugins of `project` take part, and gives what they warn about.
pub(crate) fn take_part(
    context: &Context<'_>,
    project: &Project,
    options: &BuildOptions,
    contents: &mut Contents,
) -> Result<Vec<String>, OpsError> {
    if project.plugins().is_empty() {
        return Ok(Vec::new());
    }
    let host = start(context)?;
    let mut plugins = Vec::new();
    for name in project.plugins() {
        plugins.push(Plugin::load(context, &host, project, options, name)?);
    }
    // Stable: within a stage, the author's order.
    plugins.sort_by_key(|plugin| plugin.package.stage());
    let mut warnings = Vec::new();
    for plugin in &plugins {
        let built = shown(project, contents)?;
        let step = plugin.package.stage().name();
        (context.tell)(Event::Started { step, what: plugin.name().to_string() });
        let answer = plugin.ask(&built);
        (context.tell)(Event::Finished);
        plugin.take(project, answer?, contents, &mut warnings)?;
        contents.manifest.source.plugins.push(plugin.used());
    }
    Ok(warnings)
}

fn start(context: &Context<'_>) -> Result<PluginHost, OpsError> {
    let cache = context.home.code_cache().ok().map(|cache| Arc::new(cache) as _);
    let compiler = Arc::new(ChildCompiler::new(context.program.clone(), CompileLimits::default()));
    Ok(PluginHost::new(HostOptions { compiler, cache, ..HostOptions::default() })?)
}

/// What the plugins are shown of a package.
fn shown(project: &Project, contents: &Contents) -> Result<BuiltPackage, OpsError> {
    let text = |json: serde_json::Result<String>| json.map_err(|error| OpsError::from(Unwritable(error)));
    let info = mpp_wit::validate(&contents.component)?;
    let wit = contents.wit.iter().map(|(path, text)| (format!("wit/{path}"), text.clone().into_bytes()));
    let texts = [("README.md", &contents.readme), ("LICENSE", &contents.license_text)];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into_bytes())));
    let lockfile = match project.lock_file() {
        Some(path) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            crate::atomic_write::read_if_there(&path)?.map(|bytes| (name, bytes))
        }
        None => None,
    };
    Ok(BuiltPackage {
        manifest: text(serde_json::to_string(&contents.manifest))?,
        tools: text(serde_json::to_string(&contents.tools))?,
        component: contents.component.clone(),
        imports: info.imports.into_iter().map(|import| import.name).collect(),
        files: wit.chain(texts).collect(),
        lockfile,
    })
}

#[derive(Debug, thiserror::Error)]
#[error("writing a manifest as JSON: {0}")]
struct Unwritable(serde_json::Error);

impl Coded for Unwritable {
    fn code(&self) -> Code {
        codes::BUG
    }
}

/// A plugin that is ready, and what it may do.
struct Plugin {
    package: PluginPackage,
    terms: Terms,
}

impl Plugin {
    fn load(
        context: &Context<'_>,
        host: &PluginHost,
        project: &Project,
        options: &BuildOptions,
        written: &str,
    ) -> Result<Self, OpsError> {
        let (mut package, record) = match written.ends_with(".mpp") {
            true => (package_file::open_loose(context, &project.folder.join(written))?, None),
            false => installed(context, project, options, written)?,
        };
        standing::refuse_blocked(context, package.digest())?;
        let asker = Asker::new(context, package.manifest(), package.signers(), record.as_ref())?;
        let package = host.load(&mut package)?;
        let function: ToolName = package.stage().name().parse()?;
        let (mut decision, _) = decide_for(context, &asker, Some(&function), None)?;
        if let Some(missing) = decision.missing.take() {
            return Err(OpsError::from(missing).hint(format!("mpp grant {}", asker.package)));
        }
        Ok(Self { package, terms: Terms::granted(decision.grants) })
    }

    fn name(&self) -> &PackageName {
        self.package.package().name()
    }

    fn used(&self) -> PluginUse {
        let package = self.package.package();
        let (name, version) = (package.name().clone(), package.manifest().version.clone());
        PluginUse { name, version, digest: package.digest() }
    }

    fn ask(&self, built: &BuiltPackage) -> Result<Answer, PluginError> {
        let answer = self.package.ask(&self.terms, built);
        answer.map_err(|stop| PluginError::Stopped {
            plugin: self.name().clone(),
            stage: self.package.stage().name(),
            reason: escaped(&stop.message),
            code: stop.code,
        })
    }

    /// Does with the answer what its stage may do.
    fn take(
        &self,
        project: &Project,
        answer: Answer,
        contents: &mut Contents,
        warnings: &mut Vec<String>,
    ) -> Result<(), PluginError> {
        match answer {
            Answer::Findings(findings) => self.findings(findings, warnings),
            Answer::Component(component) => {
                mpp_build::check_component(project, &component).map_err(|error| {
                    let (plugin, reason) = (self.name().clone(), escaped(&error.to_string()));
                    PluginError::Component { plugin, reason }
                })?;
                contents.component = component;
                Ok(())
            }
            Answer::Files(files) => {
                files.into_iter().try_for_each(|(path, content)| self.attach(path, content, contents))
            }
        }
    }

    fn findings(&self, findings: Vec<Finding>, warnings: &mut Vec<String>) -> Result<(), PluginError> {
        let (errors, others): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| finding.is_error);
        warnings.extend(others.iter().map(|finding| {
            let help = finding.help.as_ref().map(|help| format!(" ({})", escaped(help))).unwrap_or_default();
            format!("{}: {}{help}", self.name(), escaped(&finding.message))
        }));
        if errors.is_empty() {
            return Ok(());
        }
        Err(PluginError::Found {
            plugin: self.name().clone(),
            findings: errors.iter().map(|finding| escaped(&finding.message)).collect(),
            help: errors.iter().filter_map(|finding| finding.help.as_deref()).map(escaped).collect(),
        })
    }

    fn attach(&self, path: String, content: Vec<u8>, contents: &mut Contents) -> Result<(), PluginError> {
        let refuse = |path: &str, reason: String| {
            Err(PluginError::Attached { plugin: self.name().clone(), path: escaped(path), reason })
        };
        if let Err(error) = check_path(&path) {
            return refuse(&path, escaped(&error.to_string()));
        }
        let lower = path.to_ascii_lowercase();
        let first = lower.split('/').next().unwrap_or_default().trim_end_matches(".zst");
        if TAKEN.contains(&first) || lower.ends_with(".zst") {
            return refuse(&path, "the name is not a plugin's to give".to_owned());
        }
        let is_there = if path == SBOM { contents.sbom.is_some() } else { contents.extra.contains_key(&path) };
        if is_there || (lower == SBOM && path != SBOM) {
            return refuse(&path, "the package has a file of that name".to_owned());
        }
        if contents.extra.len() == FILES_MAX {
            return refuse(&path, format!("a package has at most {FILES_MAX} attached files"));
        }
        match path == SBOM {
            true => contents.sbom = Some(content),
            false => drop(contents.extra.insert(path, content)),
        }
        Ok(())
    }
}

/// An installed plugin: the version that fits, and where the project has a lock file, the very package that it names.
fn installed(
    context: &Context<'_>,
    project: &Project,
    options: &BuildOptions,
    written: &str,
) -> Result<(OpenPackage, Option<InstalledRecord>), OpsError> {
    let (name, wanted) = parsed(written).ok_or_else(|| PluginError::Name(escaped(written)))?;
    let record = context.home.installed(&name)?;
    if !wanted.matches(&record.version) {
        return Err(PluginError::OtherVersion { name, wanted, installed: record.version }.into());
    }
    check_locked(&project.workspace, options, &name, &record)?;
    let trust = package_file::trust_for_installed(&record)?;
    let package = package_file::open_verified(context, &context.home.package_path(record.file), &trust)?;
    Ok((package, Some(record)))
}

fn check_locked(
    folder: &Path,
    options: &BuildOptions,
    name: &PackageName,
    record: &InstalledRecord,
) -> Result<(), OpsError> {
    let lock = project_files::read_lock(folder)?;
    let held = lock.as_ref().and_then(|lock| lock.packages.iter().find(|held| held.name == *name));
    let problem = match held {
        Some(held) if held.digest != record.digest => "another package is installed than `mpp.lock` names",
        None if options.locked => "`mpp.lock` does not name it",
        _ => return Ok(()),
    };
    Err(PluginError::Locked { name: name.clone(), problem }.into())
}

fn parsed(written: &str) -> Option<(PackageName, VersionReq)> {
    match written.split_once('@') {
        Some((name, version)) => Some((name.parse().ok()?, version.parse().ok()?)),
        None => Some((written.parse().ok()?, VersionReq::STAR)),
    }
}
