//! `mpp search` and `mpp info`: what registries say.

use crate::{Context, OpsError, registries};
use mpp_index::package::{Said, Standing};
use mpp_schema::{Digest, Ident, Instant, KeyId, PackageName, ToolName, Version};
use serde::Serialize;

/// A package that fits the words.
#[derive(Debug, Serialize)]
pub struct Hit {
    /// Its name.
    pub name: PackageName,
    /// Its latest version.
    pub version: Version,
    /// One sentence.
    pub description: String,
    /// Its tools.
    pub tools: Vec<ToolName>,
    /// The registry.
    pub registry: Ident,
}

/// What a search found.
#[derive(Debug, Serialize)]
pub struct SearchReport {
    /// The packages, those of one registry after those of another, best first.
    pub packages: Vec<Hit>,
    /// How many fit, those that were not wanted included.
    pub fitting: usize,
}

/// The packages whose name, description or tools hold every word of `text`, at most `most` of each registry.
pub fn search(
    context: &Context<'_>,
    text: &str,
    registry: Option<&str>,
    most: usize,
) -> Result<SearchReport, OpsError> {
    let mut report = SearchReport { packages: Vec::new(), fitting: 0 };
    for known in registries::chosen(context, registry)? {
        let open = registries::open_updated(context, known)?;
        let answer = open.registry.search(text, most)?;
        report.fitting += answer.fitting;
        for found in answer.found {
            report.packages.push(Hit {
                name: found.name,
                version: found.latest.version,
                description: found.latest.description,
                tools: found.latest.tools,
                registry: open.known.name.clone(),
            });
        }
    }
    Ok(report)
}

/// What a registry says about a package.
#[derive(Debug, Serialize)]
pub struct InfoReport {
    /// Its name.
    pub name: PackageName,
    /// The registry.
    pub registry: Ident,
    /// The keys that own its namespace.
    pub owners: Vec<KeyId>,
    /// The version that is installed here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed: Option<Version>,
    /// Its versions, the newest first.
    pub releases: Vec<ReleaseReport>,
}

/// One version.
#[derive(Debug, Serialize)]
pub struct ReleaseReport {
    /// The version.
    pub version: Version,
    /// When its publisher signed for it.
    pub issued: Instant,
    /// One sentence.
    pub description: String,
    /// Its tools.
    pub tools: Vec<ToolName>,
    /// Package digest.
    pub package: Digest,
    /// SHA-256 of the file.
    pub file: Digest,
    /// Size of the file in bytes.
    pub size: u64,
    /// The owners who signed.
    pub signers: Vec<KeyId>,
    /// Others who vouch for exactly this file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub co_signers: Vec<KeyId>,
    /// What was said about it since.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<NoticeReport>,
}

/// A notice about a version.
#[derive(Debug, Serialize)]
pub struct NoticeReport {
    /// `yanked`, `deprecated` or `blocked`.
    pub what: &'static str,
    /// Why, in the words of whoever said so.
    pub reason: String,
    /// When it was said.
    pub issued: Instant,
    /// Whether the registry said it, and not the publisher.
    pub by_registry: bool,
}

/// What the registries of this home say about `name`.
pub fn info(context: &Context<'_>, name: &PackageName, registry: Option<&str>) -> Result<InfoReport, OpsError> {
    let (open, entry) = registries::find(context, name, registry)?;
    let mut releases: Vec<_> = entry.releases.iter().map(release).collect();
    releases.sort_by(|a, b| b.version.cmp(&a.version));
    Ok(InfoReport {
        name: name.clone(),
        registry: open.known.name.clone(),
        owners: entry.owners.iter().map(mpp_package::key::PublicKey::id).collect(),
        installed: context.home.installed(name).ok().map(|record| record.version),
        releases,
    })
}

fn release(signed: &mpp_index::package::SignedRelease) -> ReleaseReport {
    let release = &signed.release;
    ReleaseReport {
        version: release.version.clone(),
        issued: signed.issued,
        description: release.description.clone(),
        tools: release.tools.clone(),
        package: release.package,
        file: release.file,
        size: release.size,
        signers: signed.signers.clone(),
        co_signers: signed.standing.co_signers.clone(),
        notices: notices(&signed.standing),
    }
}

fn notices(standing: &Standing) -> Vec<NoticeReport> {
    let said = [("blocked", &standing.blocked), ("yanked", &standing.yanked), ("deprecated", &standing.deprecated)];
    let report = |(what, said): (&'static str, &Option<Said>)| {
        let Said { reason, issued, by_registry } = said.clone()?;
        Some(NoticeReport { what, reason, issued, by_registry })
    };
    said.into_iter().filter_map(report).collect()
}
