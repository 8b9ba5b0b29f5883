//! `mpp serve`: the installed tools for an agent, until it goes away; or for many over HTTP, each known by its token.
//!
//! A call takes the same road as that of `mpp call`: the package is verified or comes in by its sealed record, its standing is looked at, and
//! what it may do is decided from the tokens of this home. What differs is that the process goes on: code stays loaded, and a decision is
//! believed for as long as the files it hangs on stay as they were, and for a second at most.

mod catalogue;
mod decided;
mod exposed;
mod hints;
mod in_force;
mod lent;
mod seats;
mod shelf;
mod shelves;
mod stamp;
mod tokens;
mod updates;

use crate::{Context, Event, OpsError, Outside, Who};
pub use mpp_mcp::{HttpOptions, Mode, Pipes};
use std::sync::Arc;

/// How to serve.
#[derive(Debug)]
pub struct ServeOptions {
    /// The version of the program.
    pub version: String,
    /// Which tools to offer; all when it is empty.
    pub tools: Vec<Pattern>,
    /// Whether to list them all, or two that stand for them.
    pub mode: Mode,
    /// The agent that is served; nothing for one that is not known.
    pub agent: Option<String>,
    /// How long a call waits for a person who approves it elsewhere, in seconds.
    pub wait_seconds: u64,
    /// How often registries are brought up to date meanwhile.
    pub update_every: Every,
}

pub use exposed::{Pattern, PatternError, Place, PlaceError};
pub use seats::{Http, HttpError};
pub use tokens::{OfferedTool, TokenReport, tokens};
pub use updates::Every;

/// Serves a client on these streams until it goes away.
///
/// # Errors
/// The host cannot be started, or the client does not speak the protocol.
pub fn serve(outside: Outside, options: ServeOptions, pipes: Pipes) -> Result<(), OpsError> {
    let wire = options.wire();
    let shelves = shelves::Shelves::open(outside.clone(), &options)?;
    let who = options.agent.map_or(Who::Anonymous, Who::Named);
    let shelf = Arc::new(shelf::Shelf::open(shelves, outside.clone(), who, options.wait_seconds)?);
    let _updates = updates::begin(&outside, options.update_every);
    let served = mpp_mcp::serve(Arc::clone(&shelf) as Arc<dyn mpp_mcp::Toolbox>, pipes, wire);
    shelf.close();
    Ok(served?)
}

/// Serves agents over HTTP until the process ends.
///
/// # Errors
/// `usage` for an address that others can reach, where that was not allowed; the host cannot be started, or the address is taken.
pub fn serve_http(outside: Outside, options: ServeOptions, http: Http) -> Result<(), OpsError> {
    let listener = http.listen()?;
    let address = listener.local_addr().map_err(|source| HttpError::Taken { address: http.address, source })?;
    let wire = options.wire();
    let shelves = shelves::Shelves::open(outside.clone(), &options)?;
    let _updates = updates::begin(&outside, options.update_every);
    let note = format!("listening on http://{address}/mcp; an agent needs a token: mpp agent token NAME");
    outside.around.tell(Event::Note(note));
    let seats = seats::Seats::new(shelves, outside, options.wait_seconds);
    Ok(mpp_mcp::serve_http(Arc::new(seats), listener, http.callers, wire)?)
}

impl ServeOptions {
    fn wire(&self) -> mpp_mcp::Options {
        mpp_mcp::Options { version: self.version.clone(), mode: self.mode }
    }
}

/// Tools by their names.
type Named = Vec<(String, Place)>;

/// The names of all tools, and the tools that are left out because theirs are taken.
pub(crate) fn all_names(context: &Context<'_>) -> Result<(Named, Named), OpsError> {
    let catalogue = catalogue::Catalogue::read(context, &catalogue::Catalogue::default(), &[], &|_| ())?;
    Ok((catalogue.names.places.into_iter().collect(), catalogue.names.left_out))
}
