//! The API, version 1: what pages show, for programs. Writing stays with git.

mod openapi;

use crate::{Catalog, SiteError, difference::PackageDifference, page, route::Document};
use mpp_index::{
    package::{PackageEntry, Said, SignedRelease, Standing},
    search::Found,
};
use mpp_schema::{Coded as _, Version};
use serde_json::{Value as Json, json};

/// A document; nothing where there is none.
///
/// # Errors
/// When the registry cannot be read.
pub fn document(catalog: &Catalog, document: &Document, asked: &page::Asked) -> Result<Option<Json>, SiteError> {
    Ok(match document {
        Document::OpenApi => Some(openapi::description()),
        Document::Search => Some(search(catalog, asked)?),
        Document::Everything => Some(everything(catalog)?),
        Document::Head => Some(json!(catalog.state()?.signed_head())),
        Document::Log => Some(log(catalog)?),
        Document::Namespace(name) => catalog.namespace(name)?.map(|entry| {
            let records = entry.records.iter().map(|record| {
                let keys: Vec<_> = record.keys.iter().map(|key| json!({ "id": key.id(), "key": key.to_base64() })).collect();
                json!({ "keys": keys, "threshold": record.threshold, "issued": record.issued, "reset": record.reset })
            });
            Ok::<_, SiteError>(json!({ "name": entry.name, "records": records.collect::<Vec<_>>(), "packages": catalog.names_in(name)? }))
        }).transpose()?,
        Document::Package(name) => match catalog.package(name)? {
            Some(entry) => Some(package(catalog, &entry)?),
            None => None,
        },
        Document::Version(name, version) => match catalog.package(name)? {
            Some(entry) => entry.release(version).map(|signed| one_version(catalog, &entry, signed)),
            None => None,
        },
        Document::Difference(name, from, to) => difference(catalog, name, from, to)?.map(|difference| json!(difference)),
    })
}

fn difference(
    catalog: &Catalog,
    name: &mpp_schema::PackageName,
    from: &Version,
    to: &Version,
) -> Result<Option<PackageDifference>, SiteError> {
    match catalog.package(name)? {
        Some(entry) => page::between(catalog, &entry, from, to),
        None => Ok(None),
    }
}

fn search(catalog: &Catalog, asked: &page::Asked) -> Result<Json, SiteError> {
    let (found, fitting) = page::found(catalog, asked)?;
    Ok(json!({
        // Says which question this answers: a static site has one answer for all, and whoever searches there can tell.
        "asked": { "q": asked.words, "kind": asked.kind }, "fitting": fitting, "packages": found.iter().map(hit).collect::<Vec<_>>(),
    }))
}

/// Everything that a search needs, for searching where there is no server.
fn everything(catalog: &Catalog) -> Result<Json, SiteError> {
    let answer = catalog.search("", usize::MAX)?;
    Ok(json!({ "packages": answer.found.iter().map(hit).collect::<Vec<_>>() }))
}

fn hit(found: &Found) -> Json {
    json!({
        "name": found.name, "version": found.latest.version, "kind": found.latest.kind, "description": found.latest.description,
        "tools": found.latest.tools, "deprecated": found.deprecated.as_ref().map(said), "blocked": found.blocked.as_ref().map(said),
    })
}

fn said(said: &Said) -> Json {
    json!({ "reason": said.reason, "issued": said.issued, "by_registry": said.by_registry })
}

fn log(catalog: &Catalog) -> Result<Json, SiteError> {
    let state = catalog.state()?;
    let head = state.head();
    Ok(json!({
        "registry": state.registry(), "root": state.pin(), "head": head.seq, "length": head.log_length, "hash": head.log_hash,
        "issued": head.issued, "fresh_until": state.expires(),
    }))
}

fn package(catalog: &Catalog, entry: &PackageEntry) -> Result<Json, SiteError> {
    let mut releases: Vec<_> = entry.releases.iter().collect();
    releases.sort_by(|a, b| b.release.version.cmp(&a.release.version));
    Ok(json!({
        "name": entry.name,
        "latest": entry.latest().map(|signed| &signed.release.version),
        "owners": entry.owners.iter().map(|key| key.id()).collect::<Vec<_>>(),
        "versions": releases.into_iter().map(release).collect::<Vec<_>>(),
        "advisories": catalog.advisories(&entry.name)?,
    }))
}

fn release(signed: &SignedRelease) -> Json {
    let release = &signed.release;
    let Standing { yanked, deprecated, blocked, co_signers } = &signed.standing;
    json!({
        "version": release.version, "kind": release.kind, "description": release.description, "tools": release.tools,
        "package": release.package, "file": release.file, "size": release.size, "issued": signed.issued, "signers": signed.signers,
        "co_signers": co_signers, "yanked": yanked.as_ref().map(said), "deprecated": deprecated.as_ref().map(said),
        "blocked": blocked.as_ref().map(said),
    })
}

/// One version with what its file says; or why its file cannot be shown.
fn one_version(catalog: &Catalog, entry: &PackageEntry, signed: &SignedRelease) -> Json {
    let mut document = release(signed);
    document["name"] = json!(entry.name);
    match catalog.open(&entry.name, signed) {
        Ok(opened) => {
            let described = &opened.described;
            document["manifest"] = json!(described.manifest);
            document["tools"] = json!(described.tools.tools);
            document["asks_to"] = json!(mpp_policy::sentences(&described.manifest.permissions));
            document["unusual"] = json!(mpp_policy::unusual(&described.manifest.permissions));
            document["package_signers"] = json!(described.signers);
            document["unknown_signers"] = json!(opened.unknown_signers);
            document["readme"] = json!(opened.readme);
        }
        Err(error) => document["problem"] = json!({ "code": error.code().as_str(), "detail": error.to_string() }),
    }
    document
}
