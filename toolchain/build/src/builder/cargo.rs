//! `cargo build --release --target wasm32-wasip2`, with the artifact taken from cargo's own messages and never guessed.
//!
//! What decides about the bytes is the project, its lock file and the compiler: flags and profile settings of the shell that the
//! build happens to run in are left out.

use super::{
    Builder, Built, Job,
    flags::{configs, remappings},
};
use crate::{
    BuildError, BuildOptions, CompilerLevel, Event, Project,
    process::run,
    project::cargo_error,
    recipe::CargoRecipe,
    target::{TARGET, ensure_target},
};
use cargo_metadata::{
    Artifact, CompilerMessage, Message, Metadata, MetadataCommand, TargetKind, diagnostic::DiagnosticLevel,
};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

/// Variables of the shell that would change the bytes. The project's own configuration files count, the shell does not.
const SHELL_SETTINGS: &[&str] = &[
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS",
    "CARGO_PROFILE_RELEASE_DEBUG",
    "CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS",
    "CARGO_PROFILE_RELEASE_LTO",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL",
    "CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS",
    "CARGO_PROFILE_RELEASE_PANIC",
    "CARGO_PROFILE_RELEASE_STRIP",
];

/// For crates that ask for the time at build: one fixed second, 1980-01-01, which every archive format can hold.
const SOURCE_DATE_EPOCH: &str = "315532800";

impl Builder for CargoRecipe {
    fn build(&self, job: &Job<'_>, events: &mut dyn FnMut(Event)) -> Result<Built, BuildError> {
        let Job { project, options } = *job;
        ensure_target(&project.folder, &options.programs, events)?;
        let metadata = resolved(project, options)?;
        let compiler = Compiler::of(project, options);
        let target_folder = target_folder(&metadata, options);
        let remappings =
            remappings(&metadata, &target_folder, compiler.sysroot.as_deref().zip(compiler.commit.as_deref()));
        let mut command = cargo(project, options, "build");
        command.args(["--target-dir", &target_folder]);
        for config in configs(TARGET, &remappings) {
            command.args(["--config", &config]);
        }
        let artifact = Running::start(command, self, project, options)?.artifact(metadata.packages.len(), events)?;
        Ok(Built {
            component: fs::read(&artifact).map_err(BuildError::io("reading", &artifact))?,
            compiler: compiler.version,
            flags: ["--release", "--lib", "--target", TARGET, "--remap-path-prefix"].map(str::to_owned).to_vec(),
            lockfile: Some(project.workspace.join("Cargo.lock")),
            reproducible: outside_workspace(&metadata).is_none(),
        })
    }

    fn check(&self, job: &Job<'_>, events: &mut dyn FnMut(Event)) -> Result<(), BuildError> {
        let Job { project, options } = *job;
        ensure_target(&project.folder, &options.programs, events)?;
        let metadata = resolved(project, options)?;
        let mut command = cargo(project, options, "check");
        command.args(["--target-dir", &target_folder(&metadata, options)]);
        Running::start(command, self, project, options)?.ended(metadata.packages.len(), events)
    }
}

fn cargo(project: &Project, options: &BuildOptions, verb: &str) -> Command {
    let mut command = Command::new(&options.programs.cargo);
    command.current_dir(&project.folder).env("SOURCE_DATE_EPOCH", SOURCE_DATE_EPOCH).env("CARGO_INCREMENTAL", "0");
    for name in SHELL_SETTINGS {
        command.env_remove(name);
    }
    command.args([verb, "--release", "--lib", "--target", TARGET]);
    command.args(["--message-format", if options.colour { "json-diagnostic-rendered-ansi" } else { "json" }]);
    command.arg("--manifest-path").arg(&project.manifest_path).args(network_flags(options));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn target_folder(metadata: &Metadata, options: &BuildOptions) -> String {
    let asked = options.target_folder.as_ref().map(|folder| folder.display().to_string());
    asked.unwrap_or_else(|| metadata.target_directory.to_string())
}

fn network_flags(options: &BuildOptions) -> impl Iterator<Item = &'static str> {
    [(options.offline, "--offline"), (options.locked, "--locked")]
        .into_iter()
        .filter_map(|(on, flag)| on.then_some(flag))
}

/// All packages that take part, with their folders. Writes the lock file when there is none.
fn resolved(project: &Project, options: &BuildOptions) -> Result<Metadata, BuildError> {
    let mut command = MetadataCommand::new();
    command.cargo_path(&options.programs.cargo).current_dir(&project.folder).manifest_path(&project.manifest_path);
    let platform = ["--filter-platform", TARGET].into_iter();
    command.other_options(platform.chain(network_flags(options)).map(str::to_owned).collect::<Vec<_>>());
    cargo_error(command.exec(), &options.programs)
}

/// A dependency by path that lies outside the workspace: cargo puts its absolute path into the names of symbols.
fn outside_workspace(metadata: &Metadata) -> Option<&cargo_metadata::Package> {
    let outside = |package: &&cargo_metadata::Package| !package.manifest_path.starts_with(&metadata.workspace_root);
    metadata.packages.iter().filter(|package| package.source.is_none()).find(outside)
}

/// What the compiler says about itself. Nothing of it is needed to build.
struct Compiler {
    version: Option<String>,
    commit: Option<String>,
    sysroot: Option<String>,
}

impl Compiler {
    fn of(project: &Project, options: &BuildOptions) -> Self {
        let ask = |arguments: &[&str]| {
            let mut command = Command::new(&options.programs.rustc);
            run(command.args(arguments).current_dir(&project.folder)).ok().filter(|finished| finished.success)
        };
        let verbose = ask(&["-vV"]);
        let commit =
            verbose.as_ref().and_then(|said| said.stdout.lines().find_map(|line| line.strip_prefix("commit-hash: ")));
        Self {
            version: verbose.as_ref().and_then(|said| said.first_line()).map(str::to_owned),
            commit: commit.map(str::to_owned),
            sysroot: ask(&["--print", "sysroot"]).and_then(|said| said.first_line().map(str::to_owned)),
        }
    }
}

/// What arrives from cargo's two streams.
enum Arrived {
    Message(Box<Message>),
    Line(String),
}

/// A cargo that runs; it is ended when nobody waits for it any more.
struct Running<'a> {
    recipe: &'a CargoRecipe,
    project: &'a Project,
    child: Child,
    arrivals: mpsc::Receiver<Arrived>,
    diagnostics: Vec<String>,
    cargo_errors: Vec<String>,
    artifacts: Vec<String>,
    done: usize,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl<'a> Running<'a> {
    fn start(
        mut command: Command,
        recipe: &'a CargoRecipe,
        project: &'a Project,
        options: &BuildOptions,
    ) -> Result<Self, BuildError> {
        let program = || options.programs.cargo.clone();
        let mut child = command.spawn().map_err(|source| BuildError::Program { program: program(), source })?;
        let (sender, arrivals) = mpsc::channel();
        if let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) {
            let messages = sender.clone();
            thread::spawn(move || read_messages(stdout, &messages));
            thread::spawn(move || read_lines(stderr, &sender));
        }
        let (diagnostics, cargo_errors, artifacts) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { recipe, project, child, arrivals, diagnostics, cargo_errors, artifacts, done: 0 })
    }

    /// Waits for the end and gives the path of the component.
    fn artifact(mut self, total: usize, events: &mut dyn FnMut(Event)) -> Result<String, BuildError> {
        self.ended(total, events)?;
        let package = self.project.name.clone();
        match self.artifacts.len() {
            1 => Ok(self.artifacts.remove(0)),
            0 => Err(BuildError::Artifact { package, found: "no file that ends in `.wasm`".to_owned() }),
            _ => Err(BuildError::Artifact { package, found: self.artifacts.join(", ") }),
        }
    }

    /// Waits for a good end.
    fn ended(&mut self, total: usize, events: &mut dyn FnMut(Event)) -> Result<(), BuildError> {
        while let Ok(arrived) = self.arrivals.recv() {
            match arrived {
                Arrived::Message(message) => self.take(*message, total, events),
                Arrived::Line(line) => self.take_line(line, events),
            }
        }
        let status = self.child.wait().map_err(BuildError::io("waiting for cargo in", &self.project.folder))?;
        if status.success() {
            return Ok(());
        }
        let said = std::mem::take(&mut self.diagnostics).into_iter().chain(std::mem::take(&mut self.cargo_errors));
        Err(BuildError::Failed { package: self.project.name.clone(), diagnostics: said.collect() })
    }

    fn take(&mut self, message: Message, total: usize, events: &mut dyn FnMut(Event)) {
        match message {
            Message::CompilerArtifact(artifact) if !artifact.target.is_kind(TargetKind::CustomBuild) => {
                self.done += 1;
                self.take_artifact(&artifact);
                let (name, done) = (artifact.target.name, self.done);
                events(Event::Compiled { name, fresh: artifact.fresh, done, total: total.max(done) });
            }
            Message::CompilerMessage(message) => self.take_diagnostic(message, events),
            _ => {}
        }
    }

    fn take_artifact(&mut self, artifact: &Artifact) {
        if artifact.package_id == self.recipe.id && artifact.target.name == self.recipe.lib_name {
            let components = artifact.filenames.iter().filter(|file| file.extension() == Some("wasm"));
            self.artifacts.extend(components.map(|file| file.to_string()));
        }
    }

    fn take_diagnostic(&mut self, message: CompilerMessage, events: &mut dyn FnMut(Event)) {
        let level = match message.message.level {
            DiagnosticLevel::Error | DiagnosticLevel::Ice => CompilerLevel::Error,
            DiagnosticLevel::Warning => CompilerLevel::Warning,
            _ => CompilerLevel::Note,
        };
        let rendered = message.message.rendered.unwrap_or(message.message.message);
        if level == CompilerLevel::Error {
            self.diagnostics.push(rendered.clone());
        }
        events(Event::CompilerMessage { level, rendered });
    }

    /// Cargo's own errors begin with `error` and go on to the end; everything before says what it is doing.
    fn take_line(&mut self, line: String, events: &mut dyn FnMut(Event)) {
        if line.starts_with("error") || !self.cargo_errors.is_empty() {
            self.cargo_errors.push(line);
        } else {
            events(Event::CargoLine { line });
        }
    }
}

/// A receiver that has gone away ends the reading.
fn read_messages(stdout: impl Read, sender: &mpsc::Sender<Arrived>) {
    for message in Message::parse_stream(BufReader::new(stdout)).map_while(Result::ok) {
        if sender.send(Arrived::Message(Box::new(message))).is_err() {
            break;
        }
    }
}

fn read_lines(stderr: impl Read, sender: &mpsc::Sender<Arrived>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if sender.send(Arrived::Line(line)).is_err() {
            break;
        }
    }
}
