//! The search page. On a server it answers as it is; where there is a script, it finds while one types, also in a static site.

use super::{frame, word};
use crate::{Catalog, SiteError, links, links::Top, route::Route};
use maud::{Markup, html};
use mpp_index::search::Found;
use mpp_schema::manifest::Kind;

/// How many packages a page shows.
pub const SHOWN_MAX: usize = 50;
const KINDS: [(Kind, &str); 3] = [(Kind::Tool, "tools"), (Kind::Filter, "filters"), (Kind::Plugin, "plugins")];

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The words.
    pub words: String,
    /// Only this kind.
    pub kind: Option<Kind>,
}

/// The page for what is asked; for nothing, a page that only has the field.
pub fn search(catalog: &Catalog, asked: &Asked) -> Result<String, SiteError> {
    let top = Top::of(&Route::Search.path());
    let nothing = *asked == Asked::default();
    let answer = if nothing { None } else { Some(found(catalog, asked)?) };
    let body = html! {
        h1 { "Search" }
        (field(&top, &asked.words, asked.kind))
        p #found .meta aria-live="polite" {
            @match &answer {
                Some((_, 1)) => "1 package",
                Some((_, fitting)) => { (fitting) " packages" },
                None => { "Words of a name, a description or a tool. Without a script, browse by " a href=(top.to("namespaces/")) { "publisher" } "." },
            }
        }
        ul #results .plain {
            @for found in answer.iter().flat_map(|(found, _)| found) { li .card .hit { (hit(&top, found)) } }
        }
    };
    Ok(frame(catalog, &Route::Search, "Search", &body))
}

/// The best that fit, and how many do.
pub fn found(catalog: &Catalog, asked: &Asked) -> Result<(Vec<Found>, usize), SiteError> {
    let Some(kind) = asked.kind else {
        let answer = catalog.search(&asked.words, SHOWN_MAX)?;
        return Ok((answer.found, answer.fitting));
    };
    let all = catalog.search(&asked.words, SHOWN_MAX * 20)?;
    let mut found: Vec<_> = all.found.into_iter().filter(|found| found.latest.kind == kind).collect();
    let fitting = found.len();
    found.truncate(SHOWN_MAX);
    Ok((found, fitting))
}

/// The field to search in.
pub fn field(top: &Top, words: &str, kind: Option<Kind>) -> Markup {
    html! {
        form .search role="search" action=(top.to("search/")) method="get" data-live=[live(top)] data-top=(top.to("")) {
            label .skip for="q" { "Search packages" }
            input #q type="search" name="q" value=(words) placeholder="Search packages" maxlength="200" autocomplete="off";
            label .skip for="kind" { "Kind" }
            select #kind name="kind" {
                option value="" selected[kind.is_none()] { "any kind" }
                @for (one, plural) in KINDS { option value=(word(&one)) selected[kind == Some(one)] { (plural) } }
            }
            button .go type="submit" { "Search" }
        }
    }
}

/// Finding while one types happens on the search page alone: elsewhere there is no list to show it in.
fn live(top: &Top) -> Option<&'static str> {
    (*top == Top::of(&Route::Search.path())).then_some("yes")
}

fn hit(top: &Top, found: &Found) -> Markup {
    html! {
        a .title href=(top.to(&links::package(&found.name))) { (found.name) }
        p .meta { (found.latest.version) " · " (word(&found.latest.kind)) }
        p { (found.latest.description) }
        ul .tags {
            @for tool in found.latest.tools.iter().take(8) { li .tag { (tool) } }
            @if found.deprecated.is_some() { li .tag .warn { "deprecated" } }
            @if found.blocked.is_some() { li .tag .bad { "blocked" } }
        }
    }
}
