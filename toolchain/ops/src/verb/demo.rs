//! `mpp demo`: the whole road on real input, each step done by the verb that a person would type.
//!
//! Two people take part, each with a home of their own: an author, who makes and publishes, and a user, who installs and runs.
//! Nothing of the person's own home is touched.

use super::{
    build::{self, BuildOptions},
    call::{self, CallReport, ToolRequest},
    inspect::{self, InspectReport},
    install::{self, InstallOptions},
    key::{self, Lock},
    new::{self, Names, NewOptions},
    publish::{self, PublishOptions},
    registry,
    verify::{self, VerifyOptions},
};
use crate::{
    Context, OpsError, ToolInput,
    atomic_write::{self, IoError, Readable},
    home::Home,
};
use mpp_schema::Problem;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A step that was done.
#[derive(Debug)]
pub struct Step {
    /// What was done, in a few words.
    pub title: &'static str,
    /// What a person would type.
    pub command: String,
    /// What came of it.
    pub found: Found,
}

/// What came of a step.
#[derive(Debug)]
pub enum Found {
    /// A few lines.
    Lines(Vec<String>),
    /// A package, looked into.
    Package(Box<InspectReport>),
    /// A call.
    Call(Box<CallReport>),
    /// A refusal, which was expected.
    Refusal(Problem),
}

/// The flipped byte was accepted: everything that MPP promises is broken.
#[derive(Debug, thiserror::Error)]
#[error("a package with a flipped byte was accepted")]
pub struct FlippedByteAccepted;

impl mpp_schema::Coded for FlippedByteAccepted {
    fn code(&self) -> mpp_schema::Code {
        mpp_schema::codes::BUG
    }
}

const PACKAGE: &str = "acme:md";

/// Walks the road in a fresh folder at `work` and shows each step when it is done. The tool runs on the text in `input`, or on the README of
/// the folder that the program was started in, or where there is none on its own.
pub fn demo(
    context: &Context<'_>,
    work: &Path,
    input: Option<&Path>,
    show: &mut dyn FnMut(Step),
) -> Result<(), OpsError> {
    prepare(work)?;
    let input = input.map_or_else(|| readme(context, work), Path::to_owned);
    let road = Road { author: person(context, work, "author"), user: person(context, work, "user"), input };
    for step in [Road::make, Road::build, Road::sign, Road::publish, Road::install, Road::look, Road::call, Road::cheat]
    {
        show(step(&road)?);
    }
    Ok(())
}

fn readme(context: &Context<'_>, work: &Path) -> PathBuf {
    let here = context.folder.join("README.md");
    if here.is_file() { here } else { work.join("md/README.md") }
}

/// The file that says that a folder was made by a demo and may be emptied by the next.
const MARK: &str = ".made-by-mpp-demo";

fn prepare(work: &Path) -> Result<(), OpsError> {
    let is_taken = fs::read_dir(work).is_ok_and(|mut entries| entries.next().is_some());
    if is_taken && !work.join(MARK).exists() {
        return Err(FolderTaken(work.to_owned()).into());
    }
    if work.exists() {
        fs::remove_dir_all(work).map_err(IoError::on("empty the folder", work))?;
    }
    Ok(atomic_write::write(&work.join(MARK), b"", Readable::ByAll)?)
}

/// The folder holds something that no demo made.
#[derive(Debug, thiserror::Error)]
#[error("could not use `{}`: it is not empty, and no demo made it", .0.display())]
pub struct FolderTaken(PathBuf);

impl mpp_schema::Coded for FolderTaken {
    fn code(&self) -> mpp_schema::Code {
        mpp_schema::codes::BUILD_TEMPLATE
    }
    fn hints(&self) -> Vec<String> {
        vec!["mpp demo --work target/another-folder".to_owned()]
    }
}

fn person<'a>(context: &Context<'a>, work: &Path, who: &str) -> Context<'a> {
    Context {
        home: Home::below(&work.join("homes").join(who)),
        program: context.program.clone(),
        folder: work.to_owned(),
        now: context.now,
        passwords: context.passwords,
        tell: context.tell,
        terminal: context.terminal,
        surroundings: context.surroundings,
    }
}

struct Road<'a> {
    author: Context<'a>,
    user: Context<'a>,
    input: PathBuf,
}

impl Road<'_> {
    fn make(&self) -> Result<Step, OpsError> {
        let names = Names::AcceptDefaults;
        let options = NewOptions { template: "rust".to_owned(), namespace: Some("acme".parse()?), name: None, names };
        let report = new::new(&self.author, Path::new("md"), &options)?;
        Ok(Step {
            title: "an author makes a tool from a template",
            command: "mpp new md --namespace acme".to_owned(),
            found: Found::Lines(vec![report.files.join("  ")]),
        })
    }

    fn build(&self) -> Result<Step, OpsError> {
        let built = build::build(&self.author, Path::new("md"), &BuildOptions::default())?;
        let line = |report: &build::BuildReport| {
            format!("{}@{}, {} bytes, package {}", report.name, report.version, report.size, report.digest)
        };
        Ok(Step {
            title: "builds it for WebAssembly, derives its schemas, packs it",
            command: "mpp build md".to_owned(),
            found: Found::Lines(built.iter().map(line).collect()),
        })
    }

    fn sign(&self) -> Result<Step, OpsError> {
        let report = key::new(&self.author, &"acme".parse()?, Lock::None)?;
        Ok(Step {
            title: "makes a signing key",
            command: "mpp key new acme".to_owned(),
            found: Found::Lines(vec![report.public_key]),
        })
    }

    fn publish(&self) -> Result<Step, OpsError> {
        let made = registry::init(&self.author, Path::new("registry.git"))?;
        registry::add(&self.author, &"home".parse()?, "registry.git", None)?;
        let options = PublishOptions { key: Some("acme".to_owned()), ..PublishOptions::default() };
        let published = publish::publish(&self.author, Path::new("md"), &options)?;
        Ok(Step {
            title: "makes a registry, a git repository, and publishes there, signed",
            command:
                "mpp registry init registry.git && mpp registry add home registry.git && mpp publish md --key acme"
                    .to_owned(),
            found: Found::Lines(vec![
                format!("registry {}, root {}", made.id, made.root),
                format!("{}@{}, signed by {}", published.name, published.version, published.key),
            ]),
        })
    }

    fn install(&self) -> Result<Step, OpsError> {
        let added = registry::add(&self.user, &"home".parse()?, "registry.git", None)?;
        let installed = install::install(&self.user, &PACKAGE.parse()?, None, &InstallOptions::default())?;
        Ok(Step {
            title: "somebody else, with another home, installs it",
            command: format!("mpp registry add home registry.git && mpp install {PACKAGE}"),
            found: Found::Lines(vec![
                format!("pinned the registry's root {}", added.root),
                format!("{}@{}, verified, package {}", installed.name, installed.version, installed.digest),
            ]),
        })
    }

    fn installed_file(&self) -> Result<PathBuf, OpsError> {
        Ok(self.user.home.package_path(self.user.home.installed(&PACKAGE.parse()?)?.file))
    }

    fn look(&self) -> Result<Step, OpsError> {
        let report = inspect::inspect(&self.user, PACKAGE)?;
        Ok(Step {
            title: "looks at what it holds and what it asks for",
            command: format!("mpp inspect {PACKAGE}"),
            found: Found::Package(Box::new(report)),
        })
    }

    fn call(&self) -> Result<Step, OpsError> {
        let words = vec!["--text".to_owned(), format!("@{}", self.input.display())];
        let request =
            ToolRequest { tool: Some("outline"), input: ToolInput(words), goes_on: true, ..Default::default() };
        let report = call::call(&self.user, &PACKAGE.parse()?, None, &request)?;
        Ok(Step {
            title: "runs it in a sandbox, on a file of theirs",
            command: format!(
                "mpp call {PACKAGE} outline --text @{}",
                self.input.file_name().unwrap_or_default().to_string_lossy()
            ),
            found: Found::Call(Box::new(report)),
        })
    }

    /// Flips one bit in the middle of the package and shows that it is refused before anything is unpacked.
    fn cheat(&self) -> Result<Step, OpsError> {
        let file = self.installed_file()?;
        let mut bytes = fs::read(&file).map_err(IoError::on("read", &file))?;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let changed = self.user.folder.join("changed.mpp");
        atomic_write::write(&changed, &bytes, Readable::ByAll)?;
        let keys = self.user.home.installed(&PACKAGE.parse()?)?.publishers;
        let options = VerifyOptions { keys, ..VerifyOptions::default() };
        match verify::verify(&self.user, &changed, &options) {
            Ok(_) => Err(FlippedByteAccepted.into()),
            Err(error) => Ok(Step {
                title: "a cheat flips one bit of the package",
                command: "mpp verify changed.mpp".to_owned(),
                found: Found::Refusal(error.problem()),
            }),
        }
    }
}
