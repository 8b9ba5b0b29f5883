//! Why a registry could not be read, updated or published to.

use crate::WebError;
use mpp_index::{FilesError, IndexError};
use mpp_package::verify::VerifyError;
use mpp_schema::{Code, Coded, Digest, PackageName, Version, codes};
use std::path::PathBuf;

/// Why something with a registry failed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The index was refused, or an edit of it.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The index was refused, and signed bytes prove that the registry contradicts itself.
    #[error("{source}; the proof is in `{}`", evidence.display())]
    Evidence {
        /// Why.
        source: Box<IndexError>,
        /// The file with the proof.
        evidence: PathBuf,
    },
    /// A package that is to be published was refused.
    #[error("checked the package before publishing it")]
    Package(#[source] Box<VerifyError>),
    /// The text is not a location.
    #[error("read the location \"{}\": expected a path, or a file, http, https, ssh or sparse+https address; {reason}", text.escape_default())]
    Location {
        /// The text.
        text: String,
        /// Why not.
        reason: &'static str,
    },
    /// Something is wrong in a repository.
    #[error("{action} in the repository `{}`: {detail}", repository.display())]
    Git {
        /// What was tried.
        action: String,
        /// Where.
        repository: PathBuf,
        /// What git says.
        detail: String,
    },
    /// A push that moves a reference in a way that a registry does not accept.
    #[error("checked a push to `{}`: {reason}", mpp_schema::text::excerpt(reference))]
    Push {
        /// The reference.
        reference: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A push that brings a package file of which no new release speaks.
    #[error("checked a push to `{reference}`: no new release names its commit {commit}")]
    Unnamed {
        /// The reference.
        reference: String,
        /// The commit.
        commit: gix::ObjectId,
    },
    /// The registry looked at what was pushed and refused it.
    #[error("pushed to `{location}`: the registry refused: {detail}")]
    Declined {
        /// Where.
        location: String,
        /// What it said.
        detail: String,
    },
    /// There is no registry.
    #[error("looked for a registry at `{location}`: {detail}")]
    Unreachable {
        /// Where.
        location: String,
        /// What is there instead.
        detail: String,
    },
    /// The git program is not installed or cannot be started.
    #[error("started the `git` program, which registries at addresses need")]
    NoGit(#[source] std::io::Error),
    /// Others published at the same time, each time.
    #[error("published to `{location}`: others published at the same time, {attempts} times in a row")]
    Race {
        /// Where.
        location: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// A proposal that was made for an older state of its package.
    #[error("took in the proposal of {name}@{version}: another version came first, so its file would go elsewhere")]
    Overtaken {
        /// The package.
        name: PackageName,
        /// The version.
        version: Version,
    },
    /// The registry was never updated here.
    #[error("looked into the registry `{location}`: it has never been updated from this home")]
    NeverUpdated {
        /// Where.
        location: String,
    },
    /// The file behind a statement is another.
    #[error("fetched {name}@{version}: expected {what} {expected}, found {found}")]
    Binding {
        /// The package.
        name: Box<PackageName>,
        /// The version.
        version: Box<Version>,
        /// What differs.
        what: &'static str,
        /// What the statement says.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A release in a registry that keeps files in git, without the commit that holds its file.
    #[error("looked for the file of {name}@{version}: the release does not name the commit that holds it")]
    NoCommit {
        /// The package.
        name: PackageName,
        /// The version.
        version: Version,
    },
    /// A file that is to be published, and is not where readers will look for it.
    #[error("published {name}@{version}: its file is not where the registry says that files are")]
    NotStored {
        /// The package.
        name: Box<PackageName>,
        /// The version.
        version: Box<Version>,
        /// What was found there.
        source: Box<WebError>,
    },
    /// The file is too large.
    #[error("read a package file: expected at most {expected} bytes, found {found}")]
    TooLarge {
        /// The limit.
        expected: u64,
        /// The size.
        found: u64,
    },
    /// A file of this home does not have its shape.
    #[error("read `{}`: {detail}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A file of this home could not be read or written.
    #[error("{action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A repository could not be written, because of the disk and not because of what is in it.
    #[error("{action} in the repository `{}`: {detail}", repository.display())]
    Disk {
        /// What was tried.
        action: String,
        /// Where.
        repository: PathBuf,
        /// What gix says.
        detail: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A request did not bring what it was sent for.
    #[error(transparent)]
    Web(#[from] WebError),
    /// A copy was to be changed.
    #[error("would have changed the registry at `{location}`: it is a copy, which is only read")]
    ReadOnly {
        /// Where.
        location: String,
    },
    /// The system gave no random bytes.
    #[error("chose the id of a registry: the system gave no random bytes: {0}")]
    Random(String),
}

impl RegistryError {
    pub(crate) fn git(
        action: impl Into<String>,
        repository: impl Into<PathBuf>,
        error: impl std::fmt::Display,
    ) -> Self {
        let detail = error.to_string().lines().take(8).collect::<Vec<_>>().join("; ");
        Self::Git { action: action.into(), repository: repository.into(), detail }
    }

    /// An error of gix: the disk's turn when it is full or may not be written, else the repository's.
    pub(crate) fn gix(action: impl Into<String>, repository: impl Into<PathBuf>, error: &gix::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let of_the_disk =
            error.iter_errors().filter_map(|error| error.downcast_ref::<std::io::Error>()).find(|error| {
                let kinds = [Kind::StorageFull, Kind::FileTooLarge, Kind::QuotaExceeded, Kind::ReadOnlyFilesystem];
                kinds.contains(&error.kind()) || error.kind() == Kind::PermissionDenied
            });
        match of_the_disk {
            None => Self::git(action, repository, error),
            Some(cause) => Self::Disk {
                action: action.into(),
                repository: repository.into(),
                detail: error.to_string(),
                source: std::io::Error::new(cause.kind(), cause.to_string()),
            },
        }
    }

    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

impl From<FilesError> for RegistryError {
    fn from(error: FilesError) -> Self {
        Self::Index(error.into())
    }
}

/// A digest that differs from what a statement says.
pub(crate) fn binding(
    name: &PackageName,
    version: &Version,
    what: &'static str,
    expected: impl ToString,
    found: impl ToString,
) -> RegistryError {
    let (expected, found) = (expected.to_string(), found.to_string());
    RegistryError::Binding { name: Box::new(name.clone()), version: Box::new(version.clone()), what, expected, found }
}

/// Refuses a digest that is not the expected one.
pub(crate) fn check_digest(
    name: &PackageName,
    version: &Version,
    what: &'static str,
    expected: Digest,
    found: Digest,
) -> Result<(), RegistryError> {
    match expected == found {
        true => Ok(()),
        false => Err(binding(name, version, what, expected, found)),
    }
}

impl Coded for RegistryError {
    fn code(&self) -> Code {
        match self {
            Self::Index(source) => source.code(),
            Self::Evidence { source, .. } => source.code(),
            Self::Package(source) => source.code(),
            Self::Location { .. } => codes::USAGE,
            Self::Git { .. } | Self::Push { .. } => codes::INDEX_GIT,
            Self::Unnamed { .. } => codes::INDEX_UNLOGGED,
            Self::Declined { .. } => codes::REGISTRY_DECLINED,
            Self::Unreachable { .. } | Self::NoGit(_) => codes::REGISTRY_UNREACHABLE,
            Self::Race { .. } | Self::Overtaken { .. } => codes::REGISTRY_RACE,
            Self::NeverUpdated { .. } => codes::REGISTRY_UNKNOWN,
            Self::Binding { .. } => codes::INDEX_BINDING,
            Self::NoCommit { .. } => codes::INDEX_BINDING,
            Self::NotStored { source, .. } => source.code(),
            Self::Web(source) => source.code(),
            Self::ReadOnly { .. } => codes::REGISTRY_READ_ONLY,
            Self::TooLarge { .. } => codes::LIMIT_FILE,
            Self::State { .. } => codes::FORMAT_MALFORMED,
            Self::Io { .. } | Self::Disk { .. } | Self::Random(_) => codes::IO_FAILED,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Index(source) => return source.hints(),
            Self::Evidence { source, .. } => return source.hints(),
            Self::Package(source) => return source.hints(),
            Self::Web(source) => return source.hints(),
            Self::NotStored { source, .. } if source.code() == codes::REGISTRY_FILE_MISSING => {
                "sign it (`mpp sign FILE --key NAME`), bring exactly that file there, then `mpp publish FILE`"
            }
            Self::NotStored { source, .. } => return source.hints(),
            Self::ReadOnly { .. } => {
                "`mpp registry add NAME URL` with the address of its repository, and publish there"
            }
            Self::Location { .. } => "`mpp registry add NAME PATH-or-ADDRESS`",
            Self::NoGit(_) => "install git (Debian: `apt install git`), or use a registry at a path, which needs none",
            Self::Unreachable { .. } => {
                "`mpp registry list` shows the locations; `mpp registry init PATH` starts a registry"
            }
            Self::Race { .. } => {
                "run `mpp publish` again; nothing was published. What a killed program left locked is free after ten minutes"
            }
            Self::Overtaken { .. } => "its publisher runs `mpp publish` again",
            Self::NeverUpdated { .. } => "`mpp update` fetches and verifies it",
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
