//! Pages: values of the catalog as markup. Every text from outside is escaped by being written with `maud`, or sanitised in `markdown`.
//!
//! A page has no inline script or style, asks for nothing from elsewhere, and can be read without a script.

mod difference;
mod guide;
mod home;
mod log;
mod namespace;
mod package;
mod search;

pub use difference::{between, difference};
pub use guide::guide;
pub use home::home;
pub use log::log;
pub use namespace::{key, namespace, namespaces};
pub use package::package;
pub use search::{Asked, found, search};

use crate::{Catalog, links::Top, route::Route};
use maud::{DOCTYPE, Markup, html};

/// What a page may do: nothing but read this site.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
                          form-action 'self'; base-uri 'none'";

/// The frame around every page.
pub fn frame(catalog: &Catalog, route: &Route, title: &str, body: &Markup) -> String {
    let top = Top::of(&route.path());
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (title) " · " (catalog.name) }
                link rel="icon" href=(top.to("assets/mark.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(top.to("assets/style.css"));
                script src=(top.to("assets/site.js")) defer {}
            }
            body {
                a .skip href="#content" { "Skip to the content" }
                header .top {
                    a .name href=(top.to("")) { img src=(top.to("assets/mark.svg")) alt="" width="28" height="28"; (catalog.name) }
                    nav aria-label="Site" {
                        a href=(top.to("search/")) { "Search" }
                        a href=(top.to("namespaces/")) { "Publishers" }
                        a href=(top.to("log/")) { "Log" }
                        a href=(top.to("guide/")) { "Guide" }
                    }
                }
                main #content tabindex="-1" { (body) }
                footer { p {
                    "Everything here comes from the signed head of " code { (catalog.location()) } ". "
                    a href=(top.to("log/")) { "Verify it yourself" } ", or read it as "
                    a href=(top.to("api/v1/openapi.json")) { "JSON" } "."
                } }
            }
        }
    };
    markup.into_string()
}

/// A command to be copied. The button appears where there is a script.
fn command(line: &str) -> Markup {
    html! {
        div .copyable {
            pre tabindex="0" aria-label="Command" { code { (line) } }
            button type="button" data-copy=(line) hidden { "Copy" }
        }
    }
}

/// A sentence, in which what stands between backticks is shown as code.
fn sentence(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// How many bytes, for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// The word by which a format writes a value.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The day of an instant.
fn day(instant: mpp_schema::Instant) -> String {
    instant.to_string().chars().take(10).collect()
}

/// What cannot be shown, and why.
pub fn problem(catalog: &Catalog, title: &str, detail: &str) -> String {
    // Shown at any path, so links cannot be relative to one: there are none but to the top of the server.
    let body = html! { h1 { (title) } p .lead { (detail) } };
    frame(catalog, &Route::Home, title, &body)
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn a_sentence_shows_names_as_code_and_escapes_everything() {
        let check = |text, expected| assert_eq!(sentence(text).into_string(), expected);
        check("read `notes` and `<b>`", "read <code>notes</code> and <code>&lt;b&gt;</code>");
        check("a ` alone", "a <code> alone</code>");
        check("<i>", "&lt;i&gt;");
    }
}
