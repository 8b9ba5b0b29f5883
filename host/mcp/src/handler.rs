//! Answers what clients ask. Only tools are offered: what belongs to anything else is told to be unknown.

use crate::asking;
use crate::results;
use crate::search;
use crate::serve::{Mode, Options};
use crate::toolbox::{Client, Refused, Tool, ToolCall, Toolbox};
use crate::transport::RawArguments;
use mpp_host::{Cancel, Progress, Step};
use mpp_schema::{Problem, text};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestMethod, CompleteRequestParams, CompleteResult,
    CustomRequest, CustomResult, ErrorCode, ErrorData, Implementation, InitializeRequestParams, InitializeResult,
    ListPromptsRequestMethod, ListPromptsResult, ListResourceTemplatesRequestMethod, ListResourceTemplatesResult,
    ListResourcesRequestMethod, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, ProgressToken, ServerCapabilities, ServerConfig, SubscriptionFilter,
};
use rmcp::service::{NotificationContext, Peer, RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// For the model, about all tools.
const INSTRUCTIONS: &str = "These tools are packages that the user installed; each runs in a sandbox with what the user granted to it. \
    When a call is refused, the answer says which command the user can type; do not type it for them.";
/// How often somebody looks whether the tools changed, while a client wants to be told.
const LOOK: Duration = Duration::from_secs(1);

/// One session.
pub(crate) struct Handler {
    toolbox: Arc<dyn Toolbox>,
    options: Options,
    /// The list that the client was given or told about last.
    listed: Arc<Mutex<Option<Arc<Vec<Tool>>>>>,
    changes: watch::Sender<()>,
    signals: Signals,
    /// Whether it answers one request alone.
    is_alone: bool,
}

/// When a session ends.
#[derive(Clone, Default)]
pub(crate) struct Signals {
    /// The input ended.
    pub(crate) ended: CancellationToken,
    /// Nothing waits any more.
    pub(crate) closing: CancellationToken,
}

impl Handler {
    pub(crate) fn new(toolbox: Arc<dyn Toolbox>, options: Options, signals: Signals) -> Self {
        Self { toolbox, options, listed: Arc::default(), changes: watch::Sender::new(()), signals, is_alone: false }
    }

    /// For one request over HTTP, where there is no stream that news could come on unless a client listens.
    pub(crate) fn over_http(mut self) -> Self {
        self.is_alone = true;
        self
    }

    /// A client that will be told of changes is told of those from now on. Where the list cannot be made, there is nothing to compare with.
    pub(crate) async fn begin_with_this_list(&self) {
        let tools = self.tools().await.ok();
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = tools;
    }

    /// Looks for changes for as long as the session lasts (MCP-14).
    pub(crate) fn watch(&self) -> impl Future<Output = ()> + Send + 'static {
        let (toolbox, listed) = (Arc::clone(&self.toolbox), Arc::clone(&self.listed));
        let (changes, ended) = (self.changes.clone(), self.signals.ended.clone());
        async move {
            while ended.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
                if changes.receiver_count() == 0 {
                    continue;
                }
                let toolbox = Arc::clone(&toolbox);
                let Ok(Ok(now)) = tokio::task::spawn_blocking(move || toolbox.tools()).await else { continue };
                let mut listed = listed.lock().unwrap_or_else(PoisonError::into_inner);
                if listed.as_ref().is_some_and(|before| !Arc::ptr_eq(before, &now) && **before != *now) {
                    *listed = Some(now);
                    changes.send_replace(());
                }
            }
        }
    }

    async fn tools(&self) -> Result<Arc<Vec<Tool>>, ErrorData> {
        let toolbox = Arc::clone(&self.toolbox);
        let tools = tokio::task::spawn_blocking(move || toolbox.tools()).await;
        tools.map_err(|_| broken())?.map_err(|problem| ErrorData::internal_error(sentence(&problem), None))
    }
}

/// A bug in us: a thread of ours panicked.
fn broken() -> ErrorData {
    ErrorData::internal_error("the host stopped in the middle of its work", None)
}

fn sentence(problem: &Problem) -> String {
    format!("{}: {}", problem.code, problem.message)
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("mpp", self.options.version.clone()))
            .with_instructions(INSTRUCTIONS)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let mut opened = self.negotiate_initialize(&request)?;
        if self.is_alone {
            opened.capabilities = ServerCapabilities::builder().enable_tools().build();
        }
        Ok(opened)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = self.tools().await?;
        let shown = match self.options.mode {
            Mode::All => tools.iter().map(results::tool).collect(),
            Mode::Search => search::two(&tools).iter().map(results::tool).collect(),
        };
        let result = ListToolsResult::with_all_items(shown);
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Some(tools);
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let client = asking::client(&request, &context, self.is_alone);
        let mut name = request.name.clone().into_owned();
        let mut arguments = arguments(request, &context)?;
        if self.options.mode == Mode::Search {
            let wrong =
                |why: String| ErrorData::invalid_params(format!("the arguments of `{name}` do not fit: {why}"), None);
            match name.as_str() {
                search::FIND => {
                    let found = search::find(&arguments, &self.tools().await?).map_err(wrong)?;
                    return Ok(results::found(found).into());
                }
                search::CALL => (name, arguments) = search::call(&arguments).map_err(wrong)?,
                // A client may know a tool by its own name.
                _ => {}
            }
        }
        let cancel = Cancel::new();
        let (told, steps) = mpsc::unbounded_channel();
        let token = context.meta.get_progress_token();
        let progress = token.is_some().then(|| Arc::new(Told(told)) as Arc<dyn Progress>);
        let asked = Arc::clone(&client) as Arc<dyn Client>;
        let (toolbox, call) =
            (Arc::clone(&self.toolbox), ToolCall { name, arguments, cancel: cancel.clone(), progress, client: asked });
        let call = tokio::task::spawn_blocking(move || (toolbox.call(&call), call.name));
        let mut steps = Steps { steps, token, last: None, peer: context.peer.clone() };
        let called = self.attend(call, &mut steps, &cancel, &context.ct).await?;
        match called {
            (Ok(called), _) => Ok(results::called(called).into()),
            (Err(Refused::Problem(problem)), _) => match client.question() {
                Some(question) => Ok(asking::input_required(question).into()),
                None => Ok(results::refused(&problem).into()),
            },
            (Err(Refused::Unknown), name) => {
                Err(ErrorData::invalid_params(format!("unknown tool `{}`", text::excerpt(&name)), None))
            }
        }
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.subscribe();
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                () = self.signals.ended.cancelled() => return Ok(()),
                changed = changes.changed() => {
                    if changed.is_err() || context.sink().notify_tool_list_changed().await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let (mut changes, ended) = (self.changes.subscribe(), self.signals.ended.clone());
        while let Some(Ok(())) = ended.run_until_cancelled(changes.changed()).await {
            if context.peer.notify_tool_list_changed().await.is_err() {
                return;
            }
        }
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        // A request that the SDK knows comes here when its parameters are not what they should be.
        if KNOWN.contains(&request.method.as_str()) {
            return Err(ErrorData::invalid_params(format!("the parameters of `{}` do not fit", request.method), None));
        }
        let method = text::excerpt(&request.method);
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("unknown method `{method}`"), None))
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Err(ErrorData::method_not_found::<CompleteRequestMethod>())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListPromptsRequestMethod>())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListResourcesRequestMethod>())
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListResourceTemplatesRequestMethod>())
    }
}

/// The methods that are served.
const KNOWN: [&str; 6] = ["initialize", "server/discover", "ping", "tools/list", "tools/call", "subscriptions/listen"];

type CallEnded = (Result<crate::toolbox::Called, Refused>, String);

impl Handler {
    /// Waits for a call, tells how far it is, and stops it when nobody wants it any more (MCP-15, MCP-16).
    async fn attend(
        &self,
        mut call: tokio::task::JoinHandle<CallEnded>,
        steps: &mut Steps,
        cancel: &Cancel,
        unwanted: &CancellationToken,
    ) -> Result<CallEnded, ErrorData> {
        loop {
            tokio::select! {
                biased;
                () = unwanted.cancelled(), if !cancel.is_cancelled() => cancel.cancel(),
                () = self.signals.closing.cancelled() => {
                    cancel.cancel();
                    return Err(ErrorData::internal_error("the session ended", None));
                }
                Some(step) = steps.steps.recv(), if !cancel.is_cancelled() => steps.tell(step).await,
                called = &mut call => {
                    while let Ok(step) = steps.steps.try_recv() {
                        if !unwanted.is_cancelled() {
                            steps.tell(step).await;
                        }
                    }
                    return called.map_err(|_| broken());
                }
            }
        }
    }
}

fn arguments(request: CallToolRequestParams, context: &RequestContext<RoleServer>) -> Result<String, ErrorData> {
    if let Some(RawArguments(arguments)) = context.extensions.get() {
        return Ok(arguments.to_string());
    }
    serde_json::to_string(&request.arguments.unwrap_or_default())
        .map_err(|error| ErrorData::invalid_params(error.to_string(), None))
}

/// Hears from the thread that runs the tool.
struct Told(mpsc::UnboundedSender<Step>);

impl Progress for Told {
    fn report(&self, step: &Step) {
        // Nobody listens any more: then there is nobody to tell.
        let _ = self.0.send(step.clone());
    }
}

struct Steps {
    steps: mpsc::UnboundedReceiver<Step>,
    token: Option<ProgressToken>,
    last: Option<u64>,
    peer: Peer<RoleServer>,
}

impl Steps {
    /// Only what goes forward is told.
    async fn tell(&mut self, step: Step) {
        let Some(token) = self.token.clone().filter(|_| self.last.is_none_or(|last| step.done > last)) else { return };
        self.last = Some(step.done);
        // Whole numbers of this size are exact.
        #[allow(clippy::cast_precision_loss)]
        let number = |count: u64| count as f64;
        let mut progress = ProgressNotificationParam::new(token, number(step.done));
        progress.total = step.total.map(number);
        progress.message = Some(step.message).filter(|message| !message.is_empty());
        // A client that is gone is noticed by whoever reads from it.
        let _ = self.peer.notify_progress(progress).await;
    }
}
