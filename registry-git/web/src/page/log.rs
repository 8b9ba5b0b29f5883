//! The log: the one statement that fixes the registry, and how to verify it by hand.

use super::{command, frame};
use crate::{Catalog, SiteError, links::Top, route::Route};
use maud::html;

/// The page.
pub fn log(catalog: &Catalog) -> Result<String, SiteError> {
    let state = catalog.state()?;
    let head = state.head();
    let top = Top::of(&Route::Log.path());
    let body = html! {
        h1 { "Log" }
        p .lead { "One signed statement fixes everything in this registry. Whoever changes the past of it can be proven wrong by anyone who kept an older head." }
        dl .facts {
            dt { "Registry" } dd .fingerprint { (state.registry()) }
            dt { "First root" } dd .fingerprint { (state.pin()) }
            dt { "Head" } dd { "number " (head.seq) ", under root " (head.root) }
            dt { "Signed" } dd { (head.issued) }
            dt { "Fresh until" } dd { (state.expires()) }
            dt { "Records" } dd { (head.log_length) }
            dt { "Hash of the log" } dd .fingerprint { (head.log_hash) }
            dt { "Digest of the table" } dd .fingerprint { (head.shards) }
        }
        p { a href=(top.to("api/v1/head.json")) { "The signed head" } " as it stands." }
        h2 { "Verify it" }
        p { "From the first root to the newest record, as somebody who has never seen this registry:" }
        (command(&format!("mpp registry check {} --root {}", catalog.location(), state.pin())))
        p { "Compare what you were shown with what somebody else was shown:" }
        (command("mpp registry head --save my-head.json"))
        (command("mpp registry head --compare their-head.json"))
        p { "By hand, with stock tools: " code { "signed" } " in the head is the text that was signed, and each of its " code { "signatures" } " is a minisign signature." }
        (command("jq -j .signed head.json > head.txt && jq -r '.signatures[0]' head.json > head.txt.minisig && minisign -Vm head.txt -P KEY"))
    };
    Ok(frame(catalog, &Route::Log, "Log", &body))
}
