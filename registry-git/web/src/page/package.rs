//! A version of a package: what it may do comes first, then how to get it, then everything else.

use super::{command, day, frame, sentence, size, word};
use crate::{
    Catalog, SiteError,
    difference::Described,
    links::{self, Top},
    markdown,
    opened::Opened,
    route::Route,
    schema_form,
};
use maud::{Markup, PreEscaped, html};
use mpp_index::package::{PackageEntry, Said, SignedRelease};
use mpp_schema::{Coded as _, KeyId, Version, index::Advisory, manifest::Risk, tools::ToolDefinition};

/// The page of one version, or of the newest; nothing where there is no such version.
pub fn package(
    catalog: &Catalog,
    route: &Route,
    entry: &PackageEntry,
    version: Option<&Version>,
) -> Result<Option<String>, SiteError> {
    let signed = match version {
        Some(version) => entry.release(version),
        None => entry.latest(),
    };
    let Some(signed) = signed else { return Ok(None) };
    let advisories = catalog.advisories(&entry.name)?;
    let opened = catalog.open(&entry.name, signed);
    let top = Top::of(&route.path());
    let release = &signed.release;
    let body = html! {
        h1 { (entry.name) " " span .soft { (release.version) } }
        p .lead { (release.description) }
        (notices(&top, entry, signed, &advisories))
        div .columns {
            div { (what_it_is(&opened)) }
            aside aria-label="About this version" { (about(&top, entry, signed, opened.as_deref().ok())) }
        }
        (versions(&top, entry, signed))
        @if let Some(readme) = opened.as_ref().ok().and_then(|opened| opened.readme.as_deref()) {
            section aria-labelledby="readme" {
                h2 #readme { "README" }
                p .meta { "The author's words." }
                div .readme { (PreEscaped(markdown::strangers(readme))) }
            }
        }
    };
    let title = format!("{} {}", entry.name, release.version);
    Ok(Some(frame(catalog, route, &title, &body)))
}

/// What was said about this version since it was published.
fn notices(top: &Top, entry: &PackageEntry, signed: &SignedRelease, advisories: &[Advisory]) -> Markup {
    let standing = &signed.standing;
    let said = |what: &str, said: &Said| {
        let by = if said.by_registry { "the registry" } else { "its publisher" };
        html! { strong { (what) } " on " (day(said.issued)) " by " (by) ": “" (said.reason) "”" }
    };
    let newest =
        entry.latest().map(|latest| &latest.release.version).filter(|newest| **newest != signed.release.version);
    html! {
        @if let Some(blocked) = &standing.blocked { div .note .bad { (said("Blocked", blocked)) " No host runs it." } }
        @if let Some(yanked) = &standing.yanked { div .note .warn { (said("Yanked", yanked)) " It is not chosen anew." } }
        @if let Some(deprecated) = &standing.deprecated { div .note .warn { (said("Deprecated", deprecated)) } }
        @for advisory in advisories.iter().filter(|advisory| advisory.versions.matches(&signed.release.version)) {
            div .note .bad {
                strong { "Advisory " (advisory.id) " (" (word(&advisory.severity)) ")" } ": " (advisory.text)
                @if let Some(fixed) = &advisory.fixed_in { " Fixed in " (fixed) "." }
            }
        }
        @if let Some(newest) = newest {
            div .note {
                "The newest version is " a href=(top.to(&links::version(&entry.name, newest))) { (newest) } "."
            }
        }
    }
}

/// What it asks for, what it does, how to get it; or why the file cannot be shown.
fn what_it_is(opened: &Result<std::sync::Arc<Opened>, SiteError>) -> Markup {
    match opened {
        Ok(opened) => html! {
            (permissions(&opened.described))
            (how_to_get(&opened.described))
            (tools(&opened.described))
        },
        Err(error) => html! {
            div .note .bad {
                strong { "Its file cannot be shown." } " " (error) " (" code { (error.code().as_str()) } "). "
                "Do not install it before you know why."
            }
        },
    }
}

fn permissions(described: &Described) -> Markup {
    let asked = &described.manifest.permissions;
    let unusual = mpp_policy::unusual(asked);
    html! {
        section aria-labelledby="permissions" {
            h2 #permissions { "It asks to" }
            ul .permissions { @for one in mpp_policy::sentences(asked) { li { (sentence(&one)) } } }
            @if !unusual.is_empty() {
                div .note .warn {
                    strong { "Worth a second look" }
                    ul .permissions { @for note in unusual { li { (sentence(&note)) } } }
                }
            }
            p .meta { "Trust level " strong { (word(&described.manifest.trust)) } ". Nothing is allowed before you grant it." }
        }
    }
}

fn how_to_get(described: &Described) -> Markup {
    let manifest = &described.manifest;
    html! {
        section aria-labelledby="get" {
            h2 #get { "Get it" }
            (command(&format!("mpp install {}@{}", manifest.name, manifest.version)))
            @if !manifest.permissions.is_empty() { (command(&format!("mpp grant {}", manifest.name))) }
            (command("mpp connect claude-code"))
            p .soft { "The last line makes your installed tools known to an agent; " code { "mpp connect --help" } " lists the others." }
        }
    }
}

fn tools(described: &Described) -> Markup {
    html! {
        section aria-labelledby="tools" {
            h2 #tools { (match described.tools.tools.len() { 1 => "Its tool".to_owned(), many => format!("Its {many} tools") }) }
            @for tool in &described.tools.tools { (one_tool(described, tool)) }
        }
    }
}

fn one_tool(described: &Described, tool: &ToolDefinition) -> Markup {
    let risk = described.manifest.tools.get(&tool.name).map_or(Risk::None, |policy| policy.risk);
    html! {
        article .card {
            h3 { code { (tool.name) } }
            @if risk > Risk::None { ul .tags { li .tag .warn { "risk: " (word(&risk)) } } }
            @for line in tool.description.split("\n\n") { p { (line) } }
            h4 { "Takes" }
            (schema_form::form(&tool.input))
            h4 { "Gives" }
            @match &tool.output { Some(output) => (schema_form::form(output)), None => p .type { "no value" } }
        }
    }
}

fn about(top: &Top, entry: &PackageEntry, signed: &SignedRelease, opened: Option<&Opened>) -> Markup {
    let release = &signed.release;
    let namespace = entry.name.namespace();
    html! {
        h2 { "About" }
        dl .facts {
            dt { "Publisher" } dd { a href=(top.to(&links::namespace(namespace))) { (namespace) } }
            dt { "Published" } dd { (day(signed.issued)) }
            dt { "Kind" } dd { (word(&release.kind)) }
            dt { "Size" } dd { (size(release.size)) ", " a href=(top.to(&links::file(release.file))) download { "download" } }
            @if let Some(opened) = opened { (from_manifest(opened)) }
            dt { "Signed by" }
            @for key in &signed.signers { dd { (key_link(top, *key)) } }
            @if !signed.standing.co_signers.is_empty() {
                dt { "Co-signed by" }
                @for key in &signed.standing.co_signers { dd { (key_link(top, *key)) } }
            }
            @if let Some(opened) = opened.filter(|opened| !opened.unknown_signers.is_empty()) {
                dt { "Also signed by keys that nobody here knows" }
                @for key in &opened.unknown_signers { dd .fingerprint { (key) } }
            }
            dt { "Package digest" } dd .fingerprint { (release.package) }
            dt { "File digest" } dd .fingerprint { (release.file) }
        }
    }
}

fn from_manifest(opened: &Opened) -> Markup {
    let manifest = &opened.described.manifest;
    let source = &manifest.source;
    html! {
        @if let Some(license) = &manifest.license { dt { "Licence" } dd { (license) } }
        @if let Some(homepage) = &manifest.homepage { dt { "Home page" } dd { (outside(homepage)) } }
        @if let Some(repository) = &source.repository {
            dt { "Source" } dd { (outside(repository)) @if let Some(commit) = &source.commit { " at " code { (commit.chars().take(12).collect::<String>()) } } }
        }
        dt { "Built with" } dd { (source.builder) @if let Some(compiler) = &source.compiler { ", " (compiler) } }
        dt { "Rebuild" } dd {
            @if source.reproducible { "Its author says that a second build gives the same bytes." } @else { "A second build does not give the same bytes." }
        }
    }
}

/// An address that the author wrote: a link only if it goes to the web, else text.
fn outside(address: &str) -> Markup {
    if address.starts_with("https://") || address.starts_with("http://") {
        html! { a href=(address) rel="noopener noreferrer nofollow" { (address) } }
    } else {
        html! { (address) }
    }
}

pub fn key_link(top: &Top, key: KeyId) -> Markup {
    html! { a .fingerprint href=(top.to(&links::key(key))) { (key) } }
}

fn versions(top: &Top, entry: &PackageEntry, shown: &SignedRelease) -> Markup {
    let mut releases: Vec<_> = entry.releases.iter().collect();
    releases.sort_by(|a, b| b.release.version.cmp(&a.release.version));
    html! {
        section aria-labelledby="versions" {
            h2 #versions { "Versions" }
            div .wide { table {
                thead { tr { th scope="col" { "Version" } th scope="col" { "Published" } th scope="col" { "Size" } th scope="col" { "Standing" } th scope="col" { "What changes" } } }
                tbody { @for (place, one) in releases.iter().enumerate() {
                    tr {
                        td { a href=(top.to(&links::version(&entry.name, &one.release.version))) { (one.release.version) } }
                        td { (day(one.issued)) }
                        td { (size(one.release.size)) }
                        td { (standing(one)) }
                        td { (changes(top, entry, shown, one, releases.get(place + 1).copied())) }
                    }
                } }
            } }
        }
    }
}

fn standing(signed: &SignedRelease) -> Markup {
    let standing = &signed.standing;
    html! {
        @if standing.blocked.is_some() { span .tag .bad { "blocked" } " " }
        @if standing.yanked.is_some() { span .tag .warn { "yanked" } " " }
        @if standing.deprecated.is_some() { span .tag .warn { "deprecated" } " " }
    }
}

/// Links to what changes since the version before, and between this one and the one that is shown.
fn changes(
    top: &Top,
    entry: &PackageEntry,
    shown: &SignedRelease,
    one: &SignedRelease,
    before: Option<&SignedRelease>,
) -> Markup {
    let link = |from: &Version, to: &Version| {
        html! {
            a href=(top.to(&links::difference(&entry.name, from, to))) { "since " (from) }
        }
    };
    let (version, shown) = (&one.release.version, &shown.release.version);
    let to_shown =
        (version > shown && before.is_none_or(|before| before.release.version != *shown)).then(|| link(shown, version));
    html! {
        @if let Some(before) = before { (link(&before.release.version, version)) }
        @if let Some(to_shown) = to_shown { " " (to_shown) }
    }
}
