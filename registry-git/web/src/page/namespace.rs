//! Publishers: the namespaces, who owns each, and what a key owns.

use super::{day, frame, package::key_link};
use crate::{
    Catalog, SiteError,
    links::{self, Top},
    route::Route,
};
use maud::{Markup, html};
use mpp_index::package::{NamespaceEntry, Ownership};
use mpp_schema::{Ident, KeyId};

/// All namespaces.
pub fn namespaces(catalog: &Catalog) -> Result<String, SiteError> {
    let top = Top::of(&Route::Namespaces.path());
    let names = catalog.namespaces()?;
    let body = html! {
        h1 { "Publishers" }
        p .lead { "A namespace belongs to keys. Only they can publish in it." }
        ul { @for name in names { li { a href=(top.to(&links::namespace(name))) { (name) } } } }
        @if names.is_empty() { p { "Nobody has published here yet." } }
    };
    Ok(frame(catalog, &Route::Namespaces, "Publishers", &body))
}

/// One namespace; nothing where nobody owns it.
pub fn namespace(catalog: &Catalog, name: &Ident) -> Result<Option<String>, SiteError> {
    let Some(entry) = catalog.namespace(name)? else { return Ok(None) };
    let route = Route::Namespace(name.clone());
    let top = Top::of(&route.path());
    let packages = catalog.names_in(name)?;
    let body = html! {
        h1 { (name) }
        p .lead { (packages.len()) " packages" }
        ul { @for package in &packages { li { a href=(top.to(&links::package(package))) { (package) } } } }
        h2 { "Owners" }
        @if let Some(now) = entry.records.last() { (owners(&top, now)) }
        h2 { "History" }
        (history(&entry))
    };
    Ok(Some(frame(catalog, &route, name.as_str(), &body)))
}

fn owners(top: &Top, record: &Ownership) -> Markup {
    html! {
        p { (record.threshold) " of these keys must sign." }
        ul { @for key in &record.keys { li { (key_link(top, key.id())) } } }
    }
}

fn history(entry: &NamespaceEntry) -> Markup {
    html! {
        ol { @for (place, record) in entry.records.iter().enumerate() { li {
            (day(record.issued)) ": "
            @match (&record.reset, place) {
                (Some(reason), _) => { "the registry gave it to others: “" (reason) "”" },
                (None, 0) => "claimed",
                (None, _) => "changed by its owners",
            }
            ", " (record.keys.len()) @if record.keys.len() == 1 { " key" } @else { " keys" }
        } } }
    }
}

/// What a key owns; nothing for a key that never owned anything.
pub fn key(catalog: &Catalog, key: KeyId) -> Result<Option<String>, SiteError> {
    let Some(owned) = catalog.keys()?.get(&key) else { return Ok(None) };
    let route = Route::Key(key);
    let top = Top::of(&route.path());
    let body = html! {
        h1 { "A publisher's key" }
        p .fingerprint { (key) }
        p { "Compare this fingerprint with what the publisher says elsewhere." }
        h2 { "It owns" }
        @if owned.is_empty() { p { "Nothing any more." } }
        ul { @for name in owned { li { a href=(top.to(&links::namespace(name))) { (name) } } } }
    };
    Ok(Some(frame(catalog, &route, "A publisher's key", &body)))
}
