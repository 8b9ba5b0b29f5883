//! The static site: every page and document as a file, byte for byte what the server answers.
//!
//! A folder that holds an older site is brought up to date: a file that is the same is left alone. Package files and the index itself are
//! written by [`mpp_registry::Registry::export`], into the same folder.

use crate::{
    Catalog, SiteError, answer,
    assets::ASSETS,
    guide::CHAPTERS,
    route::{Document, Route},
};
use mpp_index::package::PackageEntry;
use std::{fs, io::Write as _, path::Path};

/// Between how many of its newest versions a package has pages of differences. Each pair has one, so they grow with its square.
const COMPARED_MAX: usize = 12;

/// A site that was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SiteReport {
    /// How many pages and documents it has.
    pub pages: usize,
    /// How many were written now.
    pub written: usize,
}

/// Writes the site to a folder.
///
/// # Errors
/// When the registry cannot be read, or a file cannot be written.
pub fn export(catalog: &Catalog, to: &Path) -> Result<SiteReport, SiteError> {
    let mut report = SiteReport::default();
    let mut put = |route: &Route| -> Result<(), SiteError> {
        let answer = answer(catalog, &route.path(), None);
        if answer.status == 200 {
            report.pages += 1;
            report.written += usize::from(write(&to.join(route.static_file()), &answer.body)?);
        }
        Ok(())
    };
    for route in fixed(catalog)? {
        put(&route)?;
    }
    for name in catalog.names()? {
        let Some(entry) = catalog.package(name)? else { continue };
        for route in of_package(&entry) {
            put(&route)?;
        }
    }
    Ok(report)
}

/// What does not belong to one package.
fn fixed(catalog: &Catalog) -> Result<Vec<Route>, SiteError> {
    let mut routes: Vec<_> = ASSETS.iter().map(|asset| Route::Asset(asset.name.to_owned())).collect();
    routes.extend(CHAPTERS.iter().map(|chapter| match chapter.name {
        "index" => Route::Guide(String::new()),
        name => Route::Guide(name.to_owned()),
    }));
    let documents = [Document::OpenApi, Document::Search, Document::Everything, Document::Head, Document::Log];
    routes.extend(documents.map(Route::Api));
    for name in catalog.namespaces()? {
        routes.push(Route::Namespace(name.clone()));
        routes.push(Route::Api(Document::Namespace(name.clone())));
    }
    routes.extend(catalog.keys()?.keys().map(|key| Route::Key(*key)));
    routes.extend([Route::Namespaces, Route::Search, Route::Log, Route::Home]);
    Ok(routes)
}

fn of_package(entry: &PackageEntry) -> Vec<Route> {
    let name = &entry.name;
    let mut versions: Vec<_> = entry.releases.iter().map(|signed| &signed.release.version).collect();
    versions.sort();
    let mut routes = vec![Route::Package(name.clone()), Route::Api(Document::Package(name.clone()))];
    for version in &versions {
        routes.push(Route::Version(name.clone(), (*version).clone()));
        routes.push(Route::Api(Document::Version(name.clone(), (*version).clone())));
    }
    let recent = &versions[versions.len().saturating_sub(COMPARED_MAX)..];
    let pairs = recent.iter().enumerate().flat_map(|(place, to)| recent[..place].iter().map(move |from| (*from, *to)));
    // Pages link to the version before; that one is there for old versions too.
    let steps = versions.windows(2).map(|pair| (pair[0], pair[1]));
    let mut compared: Vec<_> = pairs.chain(steps).collect();
    compared.sort();
    compared.dedup();
    for (from, to) in compared {
        routes.push(Route::Difference(name.clone(), from.clone(), to.clone()));
        routes.push(Route::Api(Document::Difference(name.clone(), from.clone(), to.clone())));
    }
    routes
}

/// Writes a file whole, if it is another one; says whether it was.
fn write(path: &Path, bytes: &[u8]) -> Result<bool, SiteError> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(false);
    }
    let failed = |source| SiteError::Write { path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mpp-export-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(true)
}
