//! The first page: what this is, a field to search in, and what there is.

use super::{command, frame, search::field};
use crate::{Catalog, SiteError, links::Top, route::Route};
use maud::html;

/// The first page.
pub fn home(catalog: &Catalog) -> Result<String, SiteError> {
    let (packages, publishers) = (catalog.names()?.len(), catalog.namespaces()?.len());
    let top = Top::of(&Route::Home.path());
    let body = html! {
        h1 { "Tools that show what they may do" }
        p .lead {
            "Each package is one signed file: code that runs in a sandbox, what it takes and gives, and what it asks to be allowed. "
            "Read that here before you let it near your files."
        }
        (field(&top, "", None))
        p .meta { (packages) " packages by " (publishers) " publishers" }
        h2 { "Use this registry" }
        (command(&format!("mpp registry add {} {} --root {}", short_name(&catalog.name), catalog.location(), catalog.state()?.pin())))
        p .soft { "The fingerprint pins the registry: nobody who does not hold its keys can change what you get from it." }
        h2 { "Read on" }
        ul {
            li { a href="guide/first-tool/" { "Your first tool in five minutes" } }
            li { a href="guide/grants/" { "What a tool may do, and who decides that" } }
            li { a href="guide/threats/" { "What MPP protects you from, and what it does not" } }
        }
    };
    Ok(frame(catalog, &Route::Home, "Packages", &body))
}

/// A name that `mpp registry add` takes.
fn short_name(name: &str) -> &str {
    if name.parse::<mpp_schema::Ident>().is_ok() { name } else { "registry" }
}
