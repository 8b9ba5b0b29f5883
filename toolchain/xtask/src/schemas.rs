//! `spec/schemas/`: the JSON Schemas of our own files, made from the shapes of `mpp-schema`.

use crate::{
    findings::{Finding, Findings},
    generated::{self, Mode},
    tree::Tree,
};
use mpp_schema::{Problem, audit, consent, grant, index, lock, manifest::Manifest, policy, project, tools::ToolsFile};
use schemars::{Schema, schema_for};

const FOLDER: &str = "spec/schemas/";

/// Each published document with its schema.
fn schemas() -> [(&'static str, Schema); 27] {
    [
        ("agent-call", schema_for!(consent::AgentCall)),
        ("approval", schema_for!(consent::Approval)),
        ("audit-checkpoint", schema_for!(audit::Checkpoint)),
        ("audit-record", schema_for!(audit::AuditRecord)),
        ("delegation", schema_for!(consent::Delegation)),
        ("advisory", schema_for!(index::Advisory)),
        ("config", schema_for!(index::Config)),
        ("grant", schema_for!(grant::Grant)),
        ("head", schema_for!(index::Head)),
        ("lockfile", schema_for!(lock::Lockfile)),
        ("log-record", schema_for!(index::LogRecord)),
        ("manifest", schema_for!(Manifest)),
        ("namespace-record", schema_for!(index::NamespaceRecord)),
        ("pending-root", schema_for!(index::PendingRoot)),
        ("policy", schema_for!(policy::PolicyFile)),
        ("problem", schema_for!(Problem)),
        ("project-file", schema_for!(project::ProjectFile)),
        ("project-metadata", schema_for!(project::Metadata)),
        ("proposal", schema_for!(index::Proposal)),
        ("release", schema_for!(index::Release)),
        ("revocation", schema_for!(index::Revocation)),
        ("root", schema_for!(index::Root)),
        ("shards", schema_for!(index::Shards)),
        ("signed", schema_for!(index::Signed)),
        ("statement", schema_for!(index::Statement)),
        ("tools", schema_for!(ToolsFile)),
        ("tools-request", schema_for!(lock::ToolsRequest)),
    ]
}

/// The files of `spec/schemas` are the generated ones, and there are no others.
pub(crate) fn check(tree: &Tree, mode: Mode) -> anyhow::Result<Findings> {
    let mut findings = Findings::new();
    let mut expected = Vec::new();
    for (name, schema) in schemas() {
        let path = format!("{FOLDER}{name}.schema.json");
        let text = serde_json::to_string_pretty(&schema)? + "\n";
        findings.extend(generated::file(tree, &path, text.as_bytes(), mode)?);
        expected.push(path);
    }
    let stray = tree.files().filter(|path| path.starts_with(FOLDER) && !expected.iter().any(|known| known == path));
    findings.extend(
        stray.map(|path| Finding::new(path, "is not a generated schema", "delete it, or add its shape to xtask")),
    );
    Ok(findings)
}
