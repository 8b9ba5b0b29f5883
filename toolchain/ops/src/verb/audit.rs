//! `mpp audit`: what is yanked, blocked, deprecated or advised against among the installed.

use crate::{
    Context, OpsError,
    home::installed::InstalledRecord,
    registries::{self, OpenRegistry},
    standing,
};
use mpp_index::{
    advisories,
    package::{PackageEntry, Said},
};
use mpp_schema::{Ident, PackageName, Version, index::Severity};
use serde::Serialize;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct AuditReport {
    /// How many installed packages were looked at.
    pub packages: usize,
    /// What people should know about them.
    pub findings: Vec<Finding>,
    /// Installed packages that no registry of this home answers for.
    pub unknown: Vec<PackageName>,
    /// Registries that could not be brought up to date, and why.
    pub failed: Vec<Failed>,
}

impl AuditReport {
    /// Whether something must not run, or is not known.
    pub fn is_bad(&self) -> bool {
        let bad = |finding: &Finding| matches!(finding.what, What::Blocked | What::Pinned | What::Gone);
        !self.failed.is_empty() || self.findings.iter().any(bad)
    }
}

/// A registry that could not be brought up to date.
#[derive(Debug, Serialize)]
pub struct Failed {
    /// The registry.
    pub registry: Ident,
    /// The stable reason.
    pub code: String,
    /// Why.
    pub message: String,
}

/// Something about one installed package.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// The package.
    pub name: PackageName,
    /// The installed version.
    pub version: Version,
    /// What.
    pub what: What,
    /// Why, in the words of whoever said so.
    pub reason: String,
    /// The id of the advisory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How bad, as the advisory says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The version that is not concerned any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_in: Option<Version>,
}

/// What about a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It must not run.
    Blocked,
    /// Its namespace is not in the hands in which it was pinned.
    Pinned,
    /// The registry does not know this file.
    Gone,
    /// An advisory concerns it.
    Advisory,
    /// It is not to be chosen anew.
    Yanked,
    /// Something else should be used.
    Deprecated,
}

/// Brings the registries of this home up to date, and looks at everything that is installed from them.
pub fn audit(context: &Context<'_>) -> Result<AuditReport, OpsError> {
    let installed = context.home.all_installed()?;
    let mut report = AuditReport { packages: installed.len(), ..AuditReport::default() };
    let known = context.home.registries()?;
    let answers = |record: &InstalledRecord| known.iter().any(|known| record.source() == Some(known.id));
    report.unknown = installed.iter().filter(|record| !answers(record)).map(|record| record.name.clone()).collect();
    for known in known {
        let of_it: Vec<_> = installed.iter().filter(|record| record.source() == Some(known.id)).collect();
        if of_it.is_empty() {
            continue;
        }
        let name = known.name.clone();
        match registries::open_updated(context, known) {
            Ok(open) => {
                for record in of_it {
                    report.findings.extend(about(context, &open, record)?);
                }
            }
            Err(error) => {
                let (code, message) = (error.code().to_string(), error.message());
                report.failed.push(Failed { registry: name, code, message });
            }
        }
    }
    report.findings.sort_by(|a, b| a.what.cmp(&b.what).then_with(|| a.name.cmp(&b.name)));
    Ok(report)
}

fn about(context: &Context<'_>, open: &OpenRegistry, record: &InstalledRecord) -> Result<Vec<Finding>, OpsError> {
    let finding = |what, reason: &str| Finding {
        name: record.name.clone(),
        version: record.version.clone(),
        what,
        reason: reason.to_owned(),
        id: None,
        severity: None,
        fixed_in: None,
    };
    let entry = open.registry.package(&record.name)?;
    let Some((entry, signed)) = entry.as_ref().and_then(|entry| Some((entry, this_file(entry, record)?))) else {
        return Ok(vec![finding(What::Gone, "the registry does not know this package")]);
    };
    let mut findings = Vec::new();
    if let Err(error) = registries::check_pin(context, entry) {
        findings.push(finding(What::Pinned, &error.message()));
    }
    let standing = &signed.standing;
    let said = [
        (What::Blocked, &standing.blocked),
        (What::Yanked, &standing.yanked),
        (What::Deprecated, &standing.deprecated),
    ];
    let reason = |said: &Option<Said>| said.as_ref().map(|said| said.reason.clone());
    findings.extend(said.iter().filter_map(|(what, said)| Some(finding(*what, &reason(said)?))));
    standing::remember(context, open, entry)?;
    let state = open.registry.trusted()?;
    let advised = open.registry.with_files(|files| advisories::advisories(files, state, &record.name))?;
    findings.extend(advised.into_iter().filter(|advisory| advisories::concerns(advisory, &record.version)).map(
        |advisory| Finding {
            id: Some(advisory.id),
            severity: Some(advisory.severity),
            fixed_in: advisory.fixed_in,
            ..finding(What::Advisory, &advisory.text)
        },
    ));
    Ok(findings)
}

/// The release of exactly the package that is installed.
fn this_file<'a>(entry: &'a PackageEntry, record: &InstalledRecord) -> Option<&'a mpp_index::package::SignedRelease> {
    entry.release(&record.version).filter(|signed| signed.release.package == record.digest)
}
