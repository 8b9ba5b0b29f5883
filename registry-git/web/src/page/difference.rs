//! What changes from one version to another, whole: what a person reads before an update.

use super::{command, frame, sentence, size, word};
use crate::{
    Catalog, SiteError,
    difference::PackageDifference,
    links::{self, Top},
    route::Route,
    schema_form,
};
use maud::{Markup, html};
use mpp_index::package::PackageEntry;
use mpp_schema::{KeyId, Version};
use mpp_wit::{Change, ToolChange};
use serde_json::Value as Json;

/// The difference between two versions; nothing where one of them is not there.
///
/// # Errors
/// When a file cannot be had.
pub fn between(
    catalog: &Catalog,
    entry: &PackageEntry,
    from: &Version,
    to: &Version,
) -> Result<Option<PackageDifference>, SiteError> {
    let (Some(from), Some(to)) = (entry.release(from), entry.release(to)) else { return Ok(None) };
    let (from, to) = (catalog.open(&entry.name, from)?, catalog.open(&entry.name, to)?);
    Ok(Some(PackageDifference::between(Some(&from.described), &to.described)))
}

/// The page.
pub fn difference(
    catalog: &Catalog,
    route: &Route,
    entry: &PackageEntry,
    from: &Version,
    to: &Version,
) -> Result<Option<String>, SiteError> {
    let Some(difference) = between(catalog, entry, from, to)? else { return Ok(None) };
    let top = Top::of(&route.path());
    let body = html! {
        h1 { (entry.name) ": " (from) " to " (to) }
        p .lead { a href=(top.to(&links::version(&entry.name, from))) { (from) } " and " a href=(top.to(&links::version(&entry.name, to))) { (to) } " compared: nothing is judged, and nothing is left out." }
        (rights(&difference))
        (signers(&top, &difference))
        (tools(&difference))
        (rest(&difference))
        h2 { "See it for yourself" }
        (command(&format!("mpp diff {name}@{from} {name}@{to}", name = entry.name)))
    };
    let title = format!("{} {from} to {to}", entry.name);
    Ok(Some(frame(catalog, route, &title, &body)))
}

fn rights(difference: &PackageDifference) -> Markup {
    let (more, less) = (&difference.newly_asks_for, &difference.no_longer_asks_for);
    html! {
        h2 { "What it asks for" }
        @if more.is_empty() && less.is_empty() { p { "The same as before." } }
        @if !more.is_empty() {
            div .note .warn { strong { "It now asks to" } ul .permissions { @for one in more { li { (sentence(one)) } } } }
        }
        @if !less.is_empty() {
            div .note { strong { "It no longer asks to" } ul .permissions { @for one in less { li { (sentence(one)) } } } }
        }
        @if !difference.unusual.is_empty() {
            div .note .warn { strong { "Worth a second look" } ul .permissions { @for one in &difference.unusual { li { (sentence(one)) } } } }
        }
        @for risk in &difference.risks {
            p { "Risk of " code { (risk.tool) } ": " span .removed { (word(&risk.was)) } " " span .added { (word(&risk.now)) } }
        }
    }
}

fn signers(top: &Top, difference: &PackageDifference) -> Markup {
    let keys = |what: &str, keys: &[KeyId]| {
        html! {
            @if !keys.is_empty() { p { (what) } ul { @for key in keys { li { (super::package::key_link(top, *key)) } } } }
        }
    };
    html! {
        h2 { "Who signed" }
        @if difference.new_signers.is_empty() && difference.gone_signers.is_empty() { p { "The same keys." } }
        @if !difference.other_signers_before().is_empty() { div .note .bad { "Nobody who signed the older version signed the newer one." } }
        (keys("Signed the newer one only:", &difference.new_signers))
        (keys("Signed the older one only:", &difference.gone_signers))
    }
}

fn tools(difference: &PackageDifference) -> Markup {
    let tools = &difference.tools;
    let same =
        tools.added.is_empty() && tools.removed.is_empty() && tools.renamed.is_empty() && tools.changed.is_empty();
    html! {
        h2 { "Tools" }
        @if same { p { "The same as before." } }
        @for pair in &tools.renamed { p { code { (pair.from) } " is called " code { (pair.to) } " now." } }
        @for name in &tools.removed { p { span .removed { "removed" } " " code { (name) } } }
        @for tool in &difference.new_tools {
            article .card {
                h3 { span .added { "new" } " " code { (tool.name) } }
                p { (tool.description) }
                h4 { "Takes" } (schema_form::form(&tool.input))
                @if let Some(output) = &tool.output { h4 { "Gives" } (schema_form::form(output)) }
            }
        }
        @for tool in &tools.changed { (changed(tool)) }
    }
}

fn changed(tool: &ToolChange) -> Markup {
    html! {
        article .card {
            h3 { code { (tool.name) } }
            @if let Some(change) = &tool.description { h4 { "Description" } (was_and_now(change)) }
            @if !tool.input.is_empty() { h4 { "Takes" } @for change in &tool.input { (at(change)) } }
            @if !tool.output.is_empty() { h4 { "Gives" } @for change in &tool.output { (at(change)) } }
        }
    }
}

fn at(change: &Change) -> Markup {
    let place = if change.at.is_empty() { "the whole" } else { &change.at };
    html! { p .meta { code { (place) } } (was_and_now(change)) }
}

fn was_and_now(change: &Change) -> Markup {
    html! {
        @if let Some(was) = &change.was { p { span .removed { span .skip { "was " } (text(was)) } } }
        @if let Some(now) = &change.now { p { span .added { span .skip { "is " } (text(now)) } } }
    }
}

/// A text as it is, anything else as JSON.
fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn rest(difference: &PackageDifference) -> Markup {
    let was = difference.from.as_ref().map(|from| from.size);
    html! {
        h2 { "Everything else" }
        p { "Size: " @if let Some(was) = was { (size(was)) " to " } (size(difference.to.size)) }
        @for change in &difference.other { h3 { (change.at) } (was_and_now(change)) }
    }
}
