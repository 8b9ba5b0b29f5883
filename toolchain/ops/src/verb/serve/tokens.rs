//! What the tools cost a model before it calls one, by the two ways of offering them.

use super::{catalogue::Catalogue, exposed::Pattern};
use crate::{Context, Event, OpsError};
use mpp_mcp::{Hints, Tool, search};
use serde::Serialize;
use serde_json::json;

/// A tool and what it costs.
#[derive(Debug, Serialize)]
pub struct OfferedTool {
    /// What agents call it.
    pub name: String,
    /// The tool: `acme:md/outline`.
    pub tool: String,
    /// About how many tokens its name, description and schema are.
    pub tokens: usize,
}

/// What the tools cost.
#[derive(Debug, Serialize)]
pub struct TokenReport {
    /// Each tool, in the order in which it is listed.
    pub tools: Vec<OfferedTool>,
    /// About how many tokens all of them are.
    pub all: usize,
    /// About how many the two tools of search mode are.
    pub search: usize,
}

/// Models read about so many bytes of English and JSON as one token. Each counts in its own way; this is close enough to choose by.
const BYTES_A_TOKEN: usize = 4;

/// What the tools that these patterns choose cost; all when there are none.
///
/// # Errors
/// The home cannot be read.
pub fn tokens(context: &Context<'_>, wanted: &[Pattern]) -> Result<TokenReport, OpsError> {
    let tell = |note| (context.tell)(Event::Note(note));
    let catalogue = Catalogue::read(context, &Catalogue::default(), wanted, &tell)?;
    // Hints are read by clients, and told to no model.
    let hints = Hints { read_only: false, destructive: false, idempotent: false, open_world: false };
    let shown = catalogue.names.places.iter().map(|(name, place)| {
        let (_, definition) = catalogue.find(place)?;
        Ok((definition.shown(name, place, hints), place.to_string()))
    });
    let shown = shown.collect::<Result<Vec<_>, OpsError>>()?;
    let (listed, places): (Vec<Tool>, Vec<String>) = shown.into_iter().unzip();
    let offered =
        |(tool, place): (&Tool, String)| OfferedTool { name: tool.name.clone(), tool: place, tokens: cost(tool) };
    let tools: Vec<OfferedTool> = listed.iter().zip(places).map(offered).collect();
    let all = tools.iter().map(|tool| tool.tokens).sum();
    Ok(TokenReport { tools, all, search: search::two(&listed).iter().map(cost).sum() })
}

fn cost(tool: &Tool) -> usize {
    let told = json!({"name": tool.name, "description": tool.description, "inputSchema": *tool.input_schema});
    told.to_string().len().div_ceil(BYTES_A_TOKEN)
}
