//! `conformance/vectors/`: every refusal that the specification promises, each beside its accepted twin.
//!
//! Made without `mpp-package` and without a zstd or tar library: bytes are put together by hand, so that the cases judge our reader
//! instead of agreeing with our writer. The expected answers are written by a person from the specification, never taken from a program.

mod agent_cases;
mod archive;
mod audit_cases;
mod case;
mod component;
mod consent_cases;
mod container_cases;
mod content_cases;
mod draft;
mod frame;
mod git_cases;
mod git_objects;
mod index_cases;
mod index_draft;
mod key_cases;
mod keys;
mod manifest_cases;
mod minisig;
mod privacy_cases;
mod signature_cases;
mod trust_cases;
mod well_formed;

use crate::{
    findings::{Finding, Findings},
    generated::{self, Mode},
    tree::Tree,
};
use case::Case;
use std::collections::BTreeMap;

const FOLDER: &str = "conformance/vectors/";
const KEYS: &str = "conformance/keys/";

/// Every case, by chapter.
fn cases() -> anyhow::Result<Vec<Case>> {
    Ok([
        case::under("SIG-20", key_cases::cases()),
        signature_cases::cases(),
        trust_cases::cases(),
        container_cases::cases(),
        content_cases::cases()?,
        manifest_cases::cases()?,
        index_cases::cases(),
        privacy_cases::cases(),
        consent_cases::cases(),
        agent_cases::cases(),
        audit_cases::cases(),
    ]
    .concat())
}

/// The files under `conformance/vectors` and `conformance/keys` are the generated ones, there are no others, and each case is well formed.
pub(crate) fn check(tree: &Tree, mode: Mode) -> anyhow::Result<Findings> {
    let cases = cases()?;
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    files.extend(keys::files().into_iter().map(|(name, bytes)| (format!("{KEYS}{name}"), bytes)));
    for case in &cases {
        let named = case.files()?.into_iter().map(|(name, bytes)| (format!("{FOLDER}{}/{name}", case.name), bytes));
        files.extend(named);
    }
    let mut findings = well_formed::check(&cases);
    findings.extend(privacy_cases::check(tree, &cases)?);
    for (path, content) in &files {
        findings.extend(generated::file(tree, path, content, mode)?);
    }
    findings.extend(stray(tree, &files));
    Ok(findings)
}

fn stray(tree: &Tree, files: &BTreeMap<String, Vec<u8>>) -> Findings {
    let ours = |path: &&str| path.starts_with(FOLDER) || path.starts_with(KEYS);
    let unknown = tree.files().filter(ours).filter(|path| !files.contains_key(*path));
    unknown.map(|path| Finding::new(path, "is not a generated file", "delete it, or add its case to xtask")).collect()
}
