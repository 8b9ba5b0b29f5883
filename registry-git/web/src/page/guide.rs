//! A chapter of the guide.

use super::frame;
use crate::{
    Catalog,
    guide::{self, CHAPTERS},
    links::Top,
    markdown,
    route::Route,
};
use maud::{PreEscaped, html};

/// The page of a chapter; nothing where there is none of this name.
pub fn guide(catalog: &Catalog, name: &str) -> Option<String> {
    let chapter = guide::chapter(name)?;
    let route = Route::Guide(name.to_owned());
    let top = Top::of(&route.path());
    // The table of contents is one folder above the chapters, so its links are written from there.
    let text = markdown::ours(chapter.text);
    let text = if name.is_empty() { text.replace("href=\"../", "href=\"") } else { text };
    let next = CHAPTERS.iter().skip_while(|one| one.name != chapter.name).nth(1);
    let body = html! {
        article .guide { (PreEscaped(text)) }
        @if let Some(next) = next { p { "Next: " a href=(top.to(&format!("guide/{}/", next.name))) { (next.title) } } }
    };
    Some(frame(catalog, &route, chapter.title, &body))
}
