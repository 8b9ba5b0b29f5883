//! `mpp registry sign-head`, `head`, `check` and `evidence`: running a registry, and watching one.

use crate::{
    Context, Event, OpsError,
    atomic_write::{self, IoError},
    home::MalformedFile,
    registries,
    writing::{self, WriteReport, Writing},
};
use mpp_index::{plan, search, state::Comparison};
use mpp_registry::Registry;
use mpp_schema::{Digest, Ident, Instant, Problem, RegistryId, index::Signed};
use serde::Serialize;
use std::{
    io::Read,
    path::{Path, PathBuf},
};

/// A head, as this home believes it.
#[derive(Debug, Serialize)]
pub struct HeadReport {
    /// What this home calls the registry.
    pub registry: Ident,
    /// Its identity.
    pub id: RegistryId,
    /// The version of the root in force.
    pub root: u32,
    /// The head's sequence number.
    pub seq: u64,
    /// How many records the log has.
    pub log_length: u64,
    /// The hash of the chain over them: what two people compare.
    pub log_hash: Digest,
    /// When the head was signed.
    pub issued: Instant,
    /// When it stops being fresh.
    pub expires: Instant,
    /// The head as it was signed: what somebody else compares with theirs.
    pub head: Signed,
    /// How the other head stands to it, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<&'static str>,
}

/// Shows the head that this home believes; brings it up to date first unless another is compared with it.
pub fn head(context: &Context<'_>, registry: Option<&str>, other: Option<&Path>) -> Result<HeadReport, OpsError> {
    let known = context.home.registry(registry)?;
    let open = match other {
        Some(_) => registries::open(context, known)?,
        None => registries::open_updated(context, known)?,
    };
    let compared = match other {
        Some(file) => Some(match open.registry.compare(&read_head(context, file)?)? {
            Comparison::Same => "same",
            Comparison::Older => "older",
            Comparison::Dropped => "dropped",
            Comparison::Newer => "newer",
        }),
        None => None,
    };
    let state = open.registry.trusted()?;
    let head = state.head();
    Ok(HeadReport {
        registry: open.known.name,
        id: state.registry(),
        root: head.root,
        seq: head.seq,
        log_length: head.log_length,
        log_hash: head.log_hash,
        issued: head.issued,
        expires: state.expires(),
        head: state.signed_head().clone(),
        compared,
    })
}

/// A head in a file: an envelope, or what `mpp registry head --json` printed.
fn read_head(context: &Context<'_>, file: &Path) -> Result<Signed, OpsError> {
    #[derive(serde::Deserialize)]
    struct Printed {
        head: Signed,
    }
    let path = context.path(file);
    let bytes = std::fs::read(&path).map_err(IoError::on("read", &path))?;
    let signed = serde_json::from_slice::<Signed>(&bytes);
    let signed =
        signed.or_else(|error| serde_json::from_slice::<Printed>(&bytes).map(|all| all.head).map_err(|_| error));
    Ok(signed.map_err(|error| MalformedFile { path, reason: error.to_string() })?)
}

/// What became of the proposals, and the head from then on.
#[derive(Debug, Serialize)]
pub struct SignHeadReport {
    /// The head.
    #[serde(flatten)]
    pub head: WriteReport,
    /// The proposals that were taken in.
    pub taken: Vec<ProposalReport>,
    /// Those that were refused, and stay where they are.
    pub refused: Vec<ProposalReport>,
}

/// A proposal that was looked at.
#[derive(Debug, Serialize)]
pub struct ProposalReport {
    /// Where it was found.
    pub waits_in: String,
    /// The releases that it speaks of.
    pub releases: Vec<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Problem>,
}

/// Takes in the proposals that wait, and those in a folder of files, and signs a new head over what is there.
pub fn sign_head(context: &Context<'_>, folder: Option<&Path>, writing: &Writing) -> Result<SignHeadReport, OpsError> {
    let mut open = writing.open(context)?;
    let heads = writing.heads(context, &open)?;
    let head_keys = writing::signers(&heads);
    let mut looked = open.registry.take_proposals(&head_keys, context.now)?;
    if let Some(folder) = folder {
        looked.extend(open.registry.take_proposals_in(&context.path(folder), &head_keys, context.now)?);
    }
    let (refused, taken): (Vec<_>, Vec<_>) =
        looked.into_iter().map(proposal_report).partition(|report| report.refused.is_some());
    let head = writing::edit(context, &mut open, |files, state| {
        plan::sign_head(files, state, &head_keys, context.now).map(Some)
    })?;
    Ok(SignHeadReport { head, taken, refused })
}

fn proposal_report(looked: mpp_registry::Looked) -> ProposalReport {
    let releases = looked.releases.iter().map(|(name, release)| format!("{name}@{}", release.version)).collect();
    let refused = looked.refused.map(|error| OpsError::from(error).problem());
    ProposalReport { waits_in: looked.waits_in, releases, refused }
}

/// Checks the proposals in a folder of files, such as that of a pull request, as the registry will before it takes them in.
pub fn check_proposals(
    context: &Context<'_>,
    url: &str,
    root: Option<Digest>,
    folder: &Path,
) -> Result<Vec<ProposalReport>, OpsError> {
    let url = super::registry::absolute(context, url)?;
    let state =
        tempfile::tempdir().map_err(IoError::on("make a folder in", Path::new("the folder for temporary files")))?;
    let mut registry = Registry::open(&url, state.path())?;
    registry.update(root, context.now)?;
    let looked = registry.check_proposals(&context.path(folder), context.now)?;
    Ok(looked.into_iter().map(proposal_report).collect())
}

/// What a registry was found to be.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// Its identity.
    pub id: RegistryId,
    /// SHA-256 of its first root.
    pub root: Digest,
    /// The head's sequence number.
    pub seq: u64,
    /// How many records were verified.
    pub records: u64,
    /// How many packages there are.
    pub packages: usize,
    /// How many package files were fetched and compared; nothing when that was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<usize>,
}

/// What to check of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The index.
    Index,
    /// The index, and every package file that it names.
    Files,
}

/// Verifies a registry from its first root to its newest record, as somebody who has never seen it.
pub fn check(context: &Context<'_>, url: &str, root: Option<Digest>, depth: Depth) -> Result<CheckReport, OpsError> {
    let url = super::registry::absolute(context, url)?;
    let folder =
        tempfile::tempdir().map_err(IoError::on("make a folder in", Path::new("the folder for temporary files")))?;
    (context.tell)(Event::Started { step: "verifying", what: format!("the registry {url}") });
    let known = context.home.registries()?.into_iter().find(|known| known.url == url);
    let allows = known.map(|known| known.allows).unwrap_or_default();
    let mut registry = Registry::open_with(&url, folder.path(), registries::settings(context, &allows))?;
    let update = registry.update(root, context.now)?;
    let state = registry.trusted()?;
    let names = registry.with_files(|files| search::names(files, state))?;
    let mut files = 0;
    for name in &names {
        let entry = registry.package(name)?;
        for signed in entry.iter().flat_map(|entry| &entry.releases).filter(|_| depth == Depth::Files) {
            registry.fetch_blob(name, &signed.release)?;
            files += 1;
        }
    }
    (context.tell)(Event::Finished);
    let state = registry.trusted()?;
    let files = (depth == Depth::Files).then_some(files);
    let (id, root, seq) = (state.registry(), state.pin(), state.head().seq);
    Ok(CheckReport { id, root, seq, records: update.records, packages: names.len(), files })
}

/// A push that was accepted.
#[derive(Debug, Serialize)]
pub struct PushReport {
    /// How many references it moves.
    pub references: usize,
    /// How many log records are new.
    pub records: u64,
    /// How many package files are new, and were checked.
    pub files: usize,
}

/// How much git may say about one push: more than enough for as many references as are accepted.
const LINES_BYTES_MAX: u64 = 1 << 20;

/// Checks a push to the bare repository at `path` before git takes it. `lines` is what git gives its pre-receive hook.
pub fn check_push(context: &Context<'_>, path: &Path, lines: impl Read) -> Result<PushReport, OpsError> {
    let mut text = String::new();
    let input = Path::new("standard input");
    lines.take(LINES_BYTES_MAX).read_to_string(&mut text).map_err(IoError::on("read", input))?;
    // Where git holds what was pushed while its hook runs. Without it everything is in the repository already.
    let quarantine =
        context.surroundings.variable("GIT_QUARANTINE_PATH").map(|folder| context.path(Path::new(&folder)));
    let done = mpp_registry::check_push(&context.path(path), quarantine.as_deref(), &text, context.now)?;
    Ok(PushReport { references: done.references, records: done.records, files: done.files })
}

/// A proof that a registry contradicts itself.
#[derive(Debug, Serialize)]
pub struct EvidenceReport {
    /// What this home calls the registry.
    pub registry: Ident,
    /// The file: one signed head a line.
    pub file: PathBuf,
    /// What the heads say.
    pub heads: Vec<mpp_schema::index::Head>,
}

/// The proofs that this home keeps.
pub fn evidence(context: &Context<'_>, registry: Option<&str>) -> Result<Vec<EvidenceReport>, OpsError> {
    let mut found = Vec::new();
    for known in registries::chosen(context, registry)? {
        let open = registries::open(context, known)?;
        found.extend(open.registry.evidence()?.into_iter().map(|kept| EvidenceReport {
            registry: open.known.name.clone(),
            file: kept.path,
            heads: kept.heads,
        }));
    }
    Ok(found)
}

/// Writes a signed head for somebody else to compare with theirs.
pub fn write_head(context: &Context<'_>, report: &HeadReport, file: &Path) -> Result<(), OpsError> {
    let text = serde_json::to_string(&report.head)
        .map_err(|error| MalformedFile { path: file.to_owned(), reason: error.to_string() })?;
    let path = context.path(file);
    Ok(atomic_write::write(&path, format!("{text}\n").as_bytes(), atomic_write::Readable::ByAll)?)
}
