//! Proposals: what somebody without a head key asks a registry to take in (spec/index.md IDX-100 to IDX-104).
//!
//! A proposal is lines for files that only grow, each signed by those who may say it. Whoever holds a head key adds them, logs them and signs
//! the head; nothing of what was signed changes on the way. A proposal that was made for an older state fits as long as its lines do.

use super::{Draft, IndexEdit, Lines, Publish, refuse_lookalikes};
use crate::{
    Files, IndexError, document,
    layout::{self, Covered},
    package::{self, Proof},
    shards,
    state::TrustedState,
};
use mpp_package::key::Signer;
use mpp_schema::{
    Digest, FormatVersion, Instant, PackageName,
    index::{Proposal, ProposedLine, Release, Says, Statement},
};

/// How many lines a proposal may have.
const LINES_MAX: usize = 64;
/// What a proposal is called in messages.
const PROPOSAL: &str = "the proposal";

/// What proposing a release comes to.
#[derive(Debug, Clone)]
pub enum Proposed {
    /// Lines for somebody who holds a head key.
    New(Proposal),
    /// Exactly this file is published as this version already: nothing is left to do.
    Already(Release),
}

/// What taking a proposal in comes to.
#[derive(Debug, Clone)]
pub enum Taken {
    /// Files to write.
    Edit(IndexEdit),
    /// Everything that it says is in the index already.
    Already,
}

/// Makes a proposal of a release. Head keys are not asked for.
///
/// # Errors
/// As [`super::publish`], but for head keys.
pub fn propose(files: &dyn Files, state: &TrustedState, new: &Publish<'_>) -> Result<Proposed, IndexError> {
    match super::lines(files, state, new)? {
        Lines::Already(release) => Ok(Proposed::Already(release)),
        Lines::New(lines) => {
            let lines = lines.into_iter().map(|(path, line)| ProposedLine { path, line }).collect();
            Ok(Proposed::New(Proposal { mpp: FormatVersion::CURRENT, registry: state.registry(), lines }))
        }
    }
}

/// The releases that a proposal speaks of, each with its package. Nothing of it is verified yet.
///
/// # Errors
/// When a line is for a file that a proposal may not touch, or has another shape.
pub fn releases_of(proposal: &Proposal) -> Result<Vec<(PackageName, Release)>, IndexError> {
    if proposal.lines.is_empty() || proposal.lines.len() > LINES_MAX {
        let found = format!("{} lines", proposal.lines.len());
        return Err(IndexError::malformed(PROPOSAL, "1 to 64 lines", found));
    }
    let mut releases = Vec::new();
    for ProposedLine { path, line } in &proposal.lines {
        match Covered::of(path) {
            Covered::Package(name) => {
                let statement: Statement = document::parse(path, line.signed.as_bytes())?;
                if let Says::Release(release) = statement.says {
                    releases.push((name, release));
                }
            }
            Covered::Namespace(_) | Covered::Advisories(_) => {}
            _ => {
                let expected = "lines about packages and namespaces";
                return Err(IndexError::malformed(PROPOSAL, expected, format!("one for {path:?}")));
            }
        }
    }
    Ok(releases)
}

/// Checks a proposal against the state that was verified last, as every client will once somebody has signed a head over it. Says whether
/// there is something left to take in.
///
/// # Errors
/// When a client would refuse it, or a new name is too close to another.
pub fn check_proposal(
    files: &dyn Files,
    state: &TrustedState,
    proposal: &Proposal,
    now: Instant,
) -> Result<bool, IndexError> {
    match draft(files, state, proposal)? {
        Some((draft, _)) => draft.check(state, now).map(|()| true),
        None => Ok(false),
    }
}

/// Plans to take a proposal in.
///
/// # Errors
/// As [`check_proposal`], and when too few head keys are at hand.
pub fn accept(
    files: &dyn Files,
    state: &TrustedState,
    proposal: &Proposal,
    head_keys: &[&dyn Signer],
    now: Instant,
) -> Result<Taken, IndexError> {
    let Some((draft, _)) = draft(files, state, proposal)? else { return Ok(Taken::Already) };
    draft.check(state, now)?;
    let Some((draft, summary)) = self::draft(files, state, proposal)? else { return Ok(Taken::Already) };
    draft.finish(head_keys, now, summary).map(Taken::Edit)
}

/// The edit that adds the lines which are not there yet, and what it does.
fn draft<'a>(
    files: &'a dyn Files,
    state: &TrustedState,
    proposal: &Proposal,
) -> Result<Option<(Draft<'a>, String)>, IndexError> {
    if proposal.registry != state.registry() {
        let (expected, found) = (state.registry(), proposal.registry);
        return Err(IndexError::OtherRegistry { path: PROPOSAL.to_owned(), expected, found });
    }
    let releases = releases_of(proposal)?;
    let table = shards::table(files, state.head())?;
    refuse_close_names(files, state, &table, &releases)?;
    let mut draft = Draft::on(files, state, table.clone())?;
    let mut left = 0;
    for proposed in &proposal.lines {
        let ProposedLine { path, line } = proposed;
        let is_there = match shards::digest_of(files, &table, path)? {
            Some(digest) => {
                let file = shards::read_exact(files, path, digest)?;
                file.split_inclusive(|byte| *byte == b'\n').any(|known| known == document::line(line))
            }
            None => false,
        };
        if !is_there && !is_released(files, state, &table, proposed)? {
            draft.append_signed(path.clone(), line)?;
            left += 1;
        }
    }
    let done: Vec<_> = releases.iter().map(|(name, release)| format!("{name}@{}", release.version)).collect();
    let summary = match done.is_empty() {
        true => format!("Take in a proposal of {left} lines"),
        false => format!("Publish {}", done.join(", ")),
    };
    Ok((left > 0).then_some((draft, summary)))
}

/// Whether a line is the release of exactly this file, which somebody released meanwhile in other words.
fn is_released(
    files: &dyn Files,
    state: &TrustedState,
    table: &[Option<Digest>],
    ProposedLine { path, line }: &ProposedLine,
) -> Result<bool, IndexError> {
    let Covered::Package(name) = Covered::of(path) else { return Ok(false) };
    let statement: Statement = document::parse(path, line.signed.as_bytes())?;
    let Says::Release(release) = statement.says else { return Ok(false) };
    let entry = package::package_in(files, state, table, &name, Proof::Update)?;
    let same = entry.as_ref().and_then(|entry| entry.release(&release.version)).map(|signed| &signed.release);
    Ok(same.is_some_and(|same| same.version == release.version && same.file == release.file))
}

fn refuse_close_names(
    files: &dyn Files,
    state: &TrustedState,
    table: &[Option<Digest>],
    releases: &[(PackageName, Release)],
) -> Result<(), IndexError> {
    for (name, _) in releases {
        if shards::digest_of(files, table, &layout::package(name))?.is_none() {
            let owned = shards::digest_of(files, table, &layout::namespace(name.namespace()))?.is_some();
            refuse_lookalikes(files, state, name, owned)?;
        }
    }
    Ok(())
}
