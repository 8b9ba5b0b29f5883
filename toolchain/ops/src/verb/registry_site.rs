//! `mpp registry serve`, and the pages of `mpp registry export`: what people read about a registry.
//!
//! The state that is shown is brought up to date meanwhile. One that is refused is never shown: the last good one stays, until it is not fresh.

use super::serve::Every;
use crate::{Context, Event, OpsError, Outside, atomic_write::IoError, home::registries::KnownRegistry, registries};
use mpp_registry::Registry;
use mpp_registry_web::{
    Catalog, SiteReport,
    server::{self, Limits, Site},
};
use mpp_schema::{Code, Coded, codes};
use std::{
    convert::Infallible,
    net::{SocketAddr, TcpListener},
    num::NonZeroU32,
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

/// How to serve a registry.
#[derive(Debug)]
pub struct SiteOptions {
    /// The registry; may be left out where there is only one.
    pub registry: Option<String>,
    /// Where others reach the registry; where this home does when it is left out.
    pub url: Option<String>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The names that the server goes by; its own loopback names when it is empty.
    pub hosts: Vec<String>,
    /// How many requests one address may send in a second; 0 for as many as it likes.
    pub rate: u32,
    /// How often to look for a newer state.
    pub update_every: Every,
}

/// Why a registry is not served.
#[derive(Debug, thiserror::Error)]
pub enum SiteOpsError {
    /// Others could ask by names that nobody named.
    #[error("would have listened on {0}, which others reach: expected the names that this server goes by")]
    NoHost(SocketAddr),
}

impl Coded for SiteOpsError {
    fn code(&self) -> Code {
        codes::USAGE
    }
    fn hints(&self) -> Vec<String> {
        let Self::NoHost(listen) = self;
        vec![format!("mpp registry serve --listen {listen} --host tools.example.com")]
    }
}

/// Serves the pages and the API of a registry until the process ends.
///
/// # Errors
/// When the registry cannot be brought up to date at the start, or the address cannot be listened on.
pub fn serve(outside: &Outside, options: SiteOptions) -> Result<Infallible, OpsError> {
    let hosts = hosts(&options)?;
    let (known, registry) = outside.with(|context| {
        let known = context.home.registry(options.registry.as_deref())?;
        let open = registries::open_updated(context, known)?;
        Ok::<_, OpsError>((open.known, open.registry))
    })?;
    let address = options.listen.to_string();
    let listener = TcpListener::bind(options.listen).map_err(IoError::on("listen on", Path::new(&address)))?;
    let bound = listener.local_addr().map_err(IoError::on("listen on", Path::new(&address)))?;
    let now = {
        let outside = outside.clone();
        Box::new(move || outside.with(|context| context.now))
    };
    let site = Arc::new(Site::new(Catalog::new(known.name.as_str(), registry).reached_at(options.url), hosts, now));
    keep_up(outside.clone(), known, Arc::clone(&site), options.update_every)?;
    outside.around.tell(Event::Note(format!("serving http://{bound}/")));
    let limits = Limits { requests_per_second: NonZeroU32::new(options.rate), ..Limits::default() };
    Ok(server::serve(listener, site, limits).map_err(IoError::on("listen on", Path::new(&address)))?)
}

/// The names that the server goes by. Where only this machine reaches it, those of this machine.
fn hosts(options: &SiteOptions) -> Result<Vec<String>, OpsError> {
    if !options.hosts.is_empty() {
        return Ok(options.hosts.clone());
    }
    if !options.listen.ip().is_loopback() {
        return Err(SiteOpsError::NoHost(options.listen).into());
    }
    Ok(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec())
}

/// Looks for a newer state on a thread of its own. What goes wrong is said once, and again when it changes.
fn keep_up(outside: Outside, known: KnownRegistry, site: Arc<Site>, every: Every) -> Result<(), OpsError> {
    let Every::Seconds(seconds) = every else { return Ok(()) };
    let work = move || {
        let mut said = None;
        loop {
            thread::sleep(Duration::from_secs(seconds.max(1)));
            let failed = newer(&outside, &known).and_then(|registry| Ok(site.show(registry)?)).err();
            let problem = failed.map(|error| format!("{} ({})", error.message(), error.code()));
            if let Some(text) = problem.as_ref().filter(|_| said != problem) {
                outside.around.tell(Event::Note(format!("could not update the registry: {text}")));
            }
            said = problem;
        }
    };
    thread::Builder::new()
        .name("updates".to_owned())
        .spawn(work)
        .map_err(IoError::on("start a thread for", Path::new("updates")))?;
    Ok(())
}

fn newer(outside: &Outside, known: &KnownRegistry) -> Result<Registry, OpsError> {
    outside.with(|context| {
        let mut open = registries::open(context, known.clone())?;
        open.registry.update(Some(open.known.root), context.now)?;
        Ok(open.registry)
    })
}

/// Writes the pages of a registry that was just exported, beside its files.
pub(crate) fn pages(context: &Context<'_>, catalog: &Catalog, to: &Path) -> Result<SiteReport, OpsError> {
    (context.tell)(Event::Started { step: "writing", what: "the pages".to_owned() });
    let report = mpp_registry_web::export(catalog, to)?;
    (context.tell)(Event::Finished);
    Ok(report)
}
