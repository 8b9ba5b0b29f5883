//! The installed packages of a home, as tools that one agent can call.

use super::{
    catalogue::{Catalogue, Known},
    decided::{Decided, Decisions},
    exposed::Place,
    hints,
    shelves::{Shelves, lock},
    stamp::Stamp,
};
use crate::{
    Context, OpsError, Outside, Who,
    agents::Asking,
    consent::{self, Allowed, Desk},
    grants,
};
use mpp_host::{Agent, Arguments, CallOutcome, Content, LoadedPackage, Terms};
use mpp_mcp::{Called, Refused, Tool, ToolCall, Toolbox};
use mpp_schema::{Instant, Problem, ToolName, tools::ToolDefinition};
use std::sync::{Arc, Mutex};

/// A list of tools is made anew after this many seconds, so that grants that ended are noticed.
const LIST_SECONDS: i64 = 60;

/// The tools of one session.
pub(super) struct Shelf {
    shelves: Arc<Shelves>,
    outside: Outside,
    who: Who,
    desk: Desk,
    decisions: Decisions,
    list: Mutex<Option<Listed>>,
}

/// A list, how the home was when it was made, and when that was.
struct Listed {
    stamp: Stamp,
    made: Instant,
    tools: Arc<Vec<Tool>>,
}

impl Shelf {
    /// For whoever asks in the session that `outside` is.
    pub(super) fn open(shelves: Arc<Shelves>, outside: Outside, who: Who, wait_seconds: u64) -> Result<Self, OpsError> {
        let desk = outside.with(|context| Desk::new(context, &shelves.host, wait_seconds))?;
        Ok(Self { shelves, outside, who, desk, decisions: Decisions::default(), list: Mutex::default() })
    }

    /// The session ended.
    pub(super) fn close(&self) {
        self.outside.with(|context| self.desk.close(context.now));
    }
}

impl Toolbox for Shelf {
    fn tools(&self) -> Result<Arc<Vec<Tool>>, Problem> {
        self.outside.with(|context| self.tools_now(context)).map_err(|error| error.problem())
    }

    fn call(&self, call: &ToolCall) -> Result<Called, Refused> {
        self.outside.with(|context| self.call_now(context, call))
    }
}

impl Shelf {
    fn tools_now(&self, context: &Context<'_>) -> Result<Arc<Vec<Tool>>, OpsError> {
        let catalogue = self.shelves.catalogue(context)?;
        let grants = catalogue.packages.keys().map(|name| context.home.grants_place(name));
        let places = context.home.listed_places().into_iter().chain(context.home.common_places()).chain(grants);
        let stamp = Stamp::of(places);
        let mut list = lock(&self.list);
        let is_fresh = |made: Instant| context.now.unix_seconds() - made.unix_seconds() < LIST_SECONDS;
        if let Some(listed) = list.as_ref().filter(|listed| listed.stamp == stamp && is_fresh(listed.made)) {
            return Ok(Arc::clone(&listed.tools));
        }
        let tools = catalogue.names.places.iter().map(|(name, place)| self.tool(context, &catalogue, name, place));
        let mut tools = Arc::new(tools.collect::<Result<Vec<_>, _>>()?);
        if let Some(before) = list.as_ref().filter(|listed| listed.tools == tools) {
            tools = Arc::clone(&before.tools);
        }
        let is_settled = stamp.is_settled(context.now);
        *list = is_settled.then(|| Listed { stamp, made: context.now, tools: Arc::clone(&tools) });
        Ok(tools)
    }

    fn tool(&self, context: &Context<'_>, catalogue: &Catalogue, name: &str, place: &Place) -> Result<Tool, OpsError> {
        let (known, definition) = catalogue.find(place)?;
        // What must not run is listed as what it would be without grants; a call says why it cannot run.
        let grants = self.decisions.decide(context, &known.subject(), &place.tool);
        let grants = grants.map(|decided| Arc::clone(&decided.grants)).unwrap_or_default();
        let risk = known.manifest.tools.get(&place.tool).map(|policy| policy.risk);
        Ok(definition.shown(name, place, hints::of(&grants, risk)))
    }

    fn call_now(&self, context: &Context<'_>, call: &ToolCall) -> Result<Called, Refused> {
        let problem = |error: OpsError| Refused::Problem(error.problem());
        let catalogue = self.shelves.catalogue(context).map_err(problem)?;
        let place = catalogue.names.places.get(&call.name).ok_or(Refused::Unknown)?;
        let known = catalogue.packages.get(&place.package).ok_or(Refused::Unknown)?;
        let (outcome, content) = self.call_known(context, known, &place.tool, call).map_err(problem)?;
        Ok(Called { outcome, package: Arc::clone(&known.provenance), content })
    }

    fn call_known(
        &self,
        context: &Context<'_>,
        known: &Arc<Known>,
        tool: &ToolName,
        call: &ToolCall,
    ) -> Result<(CallOutcome, Option<Content>), OpsError> {
        let decided = self.decisions.decide(context, &known.subject(), tool)?;
        if let Some(missing) = &decided.decision.missing {
            return Err(missing.clone().into());
        }
        self.shelves.privacy.follow(context, &self.shelves.host)?;
        let loaded = self.shelves.loaded(context, known)?;
        let arguments = loaded.read_arguments(tool.as_str(), &call.arguments)?;
        let (allowed, caller) =
            self.consent(context, known, loaded.definition(tool.as_str())?, &decided, &loaded, &arguments, call)?;
        // Nothing is spent on a call that cannot begin.
        grants::spend(context, &known.record.name, &decided.decision)?;
        let progress = call.progress.clone().filter(|_| decided.grants.progress());
        let terms = Terms {
            grants: Arc::clone(&decided.grants),
            ceilings: decided.ceilings,
            caller,
            receipt: Some(Arc::clone(&allowed.receipt)),
            progress,
            cancel: Some(call.cancel.clone()),
            ..Terms::default()
        };
        let outcome = loaded.call_read(&terms, arguments)?;
        self.desk.ended(context, &allowed, &outcome);
        let content = loaded.tools().tool(tool.as_str()).and_then(|tool| tool.content);
        Ok((outcome, content))
    }

    /// Whether the call may be made; and who asks, as the tool may know it.
    #[allow(clippy::too_many_arguments, reason = "one call, and what is known about it")]
    fn consent(
        &self,
        context: &Context<'_>,
        known: &Known,
        tool: &ToolDefinition,
        decided: &Decided,
        loaded: &LoadedPackage,
        arguments: &Arguments,
        request: &ToolCall,
    ) -> Result<(Allowed, Option<Arc<Agent>>), OpsError> {
        let text = loaded.text_of(arguments)?;
        let mut call = consent::Call {
            manifest: &known.manifest,
            digest: known.record.digest,
            publisher: decided.publisher,
            tool,
            arguments: &text,
            items: arguments.longest_list(),
            grants: &decided.grants,
            grants_digest: decided.grants_digest,
            granted: &decided.granted,
            asking: &Asking::default(),
            cancel: Some(&request.cancel),
            client: Some(&*request.client),
        };
        let digest = consent::arguments_digest(&text);
        let asking = Asking::find(context, &self.who, &known.record.name, &tool.name, digest);
        let asking =
            asking.map_err(|error| consent::turned_away(context, &self.desk, &decided.policy, &call, error))?;
        call.asking = &asking;
        let allowed = consent::decide(context, &self.desk, &decided.policy, &call)?;
        Ok((allowed, asking.for_tools_of(context, decided.publisher)?))
    }
}
