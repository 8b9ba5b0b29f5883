//! `mpp registry mirror`, `allow`, `assign`, `order`, `follow`, `config` and `export`: where registries are read, which one a name comes from, and
//! where they keep files.

use super::registry::absolute;
use crate::{
    Context, Event, OpsError,
    home::registries::{KnownRegistry, RegistriesError},
    registries,
    writing::{self, WriteReport, Writing},
};
use mpp_index::plan;
use mpp_registry::{Location, Registry};
use mpp_registry_web::Catalog;
use mpp_schema::{
    Code, Coded, Ident, PackageName, codes,
    index::{Blobs, Config, Followed},
};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What this home keeps about a registry, after a change.
#[derive(Debug, Serialize)]
pub struct KnownReport {
    /// The registry.
    pub registry: KnownRegistry,
    /// Whether something changed.
    pub changed: bool,
}

/// Whether something is to be there from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// It is.
    Yes,
    /// It is not.
    No,
}

fn change(
    context: &Context<'_>,
    registry: &Ident,
    change: impl FnOnce(&mut KnownRegistry),
) -> Result<KnownReport, OpsError> {
    let changed = context.home.change_registry(registry.as_str(), change)?;
    Ok(KnownReport { registry: context.home.registry(Some(registry.as_str()))?, changed })
}

fn list(entries: &mut Vec<String>, entry: String, listed: Listed) {
    let there = entries.contains(&entry);
    match listed {
        Listed::Yes if !there => entries.push(entry),
        Listed::No => entries.retain(|other| *other != entry),
        Listed::Yes => {}
    }
}

/// Adds or removes another location of a registry. A new one is read first, and must lead to the same registry.
pub fn mirror(context: &Context<'_>, registry: &Ident, url: &str, listed: Listed) -> Result<KnownReport, OpsError> {
    let url = absolute(context, url)?;
    let known = context.home.registry(Some(registry.as_str()))?;
    if listed == Listed::Yes && url != known.url && !known.mirrors.contains(&url) {
        (context.tell)(Event::Started { step: "verifying", what: format!("the mirror {url}") });
        let folder = context.home.registry_state(registry);
        let settings = registries::settings(context, &known.allows);
        Registry::open_with(&url, folder, settings)?.update(Some(known.root), context.now)?;
        (context.tell)(Event::Finished);
    }
    change(context, registry, |known| {
        if url != known.url {
            list(&mut known.mirrors, url, listed);
        }
    })
}

/// Lets a registry send this home to an origin that is private or without TLS, or not any more.
pub fn allow(context: &Context<'_>, registry: &Ident, origin: &str, listed: Listed) -> Result<KnownReport, OpsError> {
    let origin = mpp_registry::origin(origin).ok_or_else(|| CarrierError::Origin(origin.to_owned()))?;
    change(context, registry, |known| list(&mut known.allows, origin, listed))
}

/// To which registry a name belongs.
#[derive(Debug, Serialize)]
pub struct AssignReport {
    /// The namespace or package.
    pub name: String,
    /// The only registry that is asked for it; nothing when all are.
    pub registry: Option<Ident>,
    /// Whether something changed.
    pub changed: bool,
}

/// Says that a namespace or package comes from one registry and from no other; without a registry, that all are asked.
pub fn assign(context: &Context<'_>, name: &str, registry: Option<&Ident>) -> Result<AssignReport, OpsError> {
    let name = match name.contains(':') {
        true => name.parse::<PackageName>()?.to_string(),
        false => name.parse::<Ident>()?.to_string(),
    };
    let changed = context.home.assign(&name, registry.map(Ident::as_str))?;
    Ok(AssignReport { name, registry: registry.cloned(), changed })
}

/// Puts registries first, in this order.
pub fn order(context: &Context<'_>, names: &[Ident]) -> Result<Vec<KnownRegistry>, OpsError> {
    context.home.order_registries(names)
}

/// A registry that another one names.
#[derive(Debug, Serialize)]
pub struct FollowedReport {
    /// What it says.
    #[serde(flatten)]
    pub followed: Followed,
    /// What this home calls it, where it uses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_as: Option<Ident>,
}

/// The registries that one names. None of them is used for that.
pub fn followed(context: &Context<'_>, registry: &Ident) -> Result<Vec<FollowedReport>, OpsError> {
    let open = registries::open_updated(context, context.home.registry(Some(registry.as_str()))?)?;
    let known = context.home.registries()?;
    let known_as = |id| known.iter().find(|known| known.id == id).map(|known| known.name.clone());
    let follows = open.registry.config()?.follows.into_iter();
    Ok(follows.map(|followed| FollowedReport { known_as: known_as(followed.id), followed }).collect())
}

/// Uses a registry that another one names, with the root that it names. `url` stands in place of where it says that it is.
pub fn follow(
    context: &Context<'_>,
    registry: &Ident,
    name: &Ident,
    called: Option<&Ident>,
    url: Option<&str>,
) -> Result<KnownRegistry, OpsError> {
    let from = context.home.registry(Some(registry.as_str()))?;
    let found = followed(context, registry)?.into_iter().find(|report| report.followed.name == *name);
    let followed = found.ok_or_else(|| CarrierError::NotFollowed(registry.clone(), name.clone()))?.followed;
    let url = match url {
        Some(url) => url.to_owned(),
        None => {
            check_named(&from.url, &followed)?;
            followed.url.clone()
        }
    };
    let called = called.unwrap_or(name);
    let known = super::registry::add(context, called, &url, Some(followed.root))?;
    // The pinned root fixes the id; a registry that names another id contradicts itself.
    match known.id == followed.id {
        true => Ok(known),
        false => Err(CarrierError::OtherId(followed).into()),
    }
}

/// Whether a location that a registry names may be taken as it is.
fn check_named(from: &str, followed: &Followed) -> Result<(), OpsError> {
    let by_address = ["https://", "ssh://", "sparse+https://"].iter().any(|prefix| followed.url.starts_with(prefix));
    let at_path = |url: &str| Ok::<_, OpsError>(matches!(Location::parse(url)?, Location::Path(_)));
    match by_address || (at_path(&followed.url)? && at_path(from)?) {
        true => Ok(()),
        false => Err(CarrierError::Location(followed.clone()).into()),
    }
}

/// How a registry's configuration changes. What is not said stays.
#[derive(Debug, Default)]
pub struct ConfigChange {
    /// Where package files are kept from now on: `git-refs`, a template of an address, or `oci:` and a template of a repository.
    pub blobs: Option<String>,
    /// Registries of this home that it follows from now on.
    pub follow: Vec<Ident>,
    /// Registries that it follows no longer.
    pub unfollow: Vec<Ident>,
}

/// A registry's configuration.
#[derive(Debug, Serialize)]
pub struct ConfigReport {
    /// The registry.
    pub registry: Ident,
    /// What it says.
    #[serde(flatten)]
    pub config: Config,
}

/// How a registry says that it is to be used.
pub fn config(context: &Context<'_>, registry: Option<&str>) -> Result<ConfigReport, OpsError> {
    let open = registries::open_updated(context, context.home.registry(registry)?)?;
    Ok(ConfigReport { config: open.registry.config()?, registry: open.known.name })
}

/// Changes the configuration of a registry.
pub fn configure(context: &Context<'_>, change: &ConfigChange, writing: &Writing) -> Result<WriteReport, OpsError> {
    let mut open = writing.open(context)?;
    let heads = writing.heads(context, &open)?;
    let head_keys = writing::signers(&heads);
    let blobs = change.blobs.as_deref().map(read_blobs);
    let mut new = Vec::new();
    for name in &change.follow {
        let known = context.home.registry(Some(name.as_str()))?;
        new.push(Followed { name: name.clone(), url: known.url, id: known.id, root: known.root });
    }
    writing::edit(context, &mut open, |files, state| {
        let mut config = mpp_index::config::config(files, state)?;
        config.blobs = blobs.clone().unwrap_or(config.blobs);
        let replaced = |name: &Ident| change.unfollow.contains(name) || change.follow.contains(name);
        config.follows.retain(|followed| !replaced(&followed.name));
        config.follows.extend(new.clone());
        plan::configure(files, state, &config, &head_keys, context.now)
    })
}

impl ConfigReport {
    /// Where package files are, as [`ConfigChange::blobs`] takes it.
    pub fn blobs(&self) -> String {
        match &self.config.blobs {
            Blobs::GitRefs => "git-refs".to_owned(),
            Blobs::Template { url } => url.clone(),
            Blobs::Oci { url } => format!("oci:{url}"),
        }
    }
}

fn read_blobs(text: &str) -> Blobs {
    match (text, text.strip_prefix("oci:")) {
        ("git-refs", _) => Blobs::GitRefs,
        (_, Some(url)) => Blobs::Oci { url: url.to_owned() },
        (url, None) => Blobs::Template { url: url.to_owned() },
    }
}

/// A copy that was written.
#[derive(Debug, Serialize)]
pub struct ExportReport {
    /// The registry.
    pub registry: Ident,
    /// The folder.
    #[serde(serialize_with = "crate::path_text::serialize")]
    pub path: PathBuf,
    /// How many files of the index it holds.
    pub files: usize,
    /// How many package files it holds.
    pub blobs: usize,
    /// How many pages and documents for people and programs it holds.
    pub pages: usize,
    /// How many of all of them were written now.
    pub written: usize,
    /// How many files of the index were removed, because they are not there any more.
    pub removed: usize,
}

/// Writes a registry to a folder as static files with its pages, for any web server. `url` is where others reach it.
pub fn export(
    context: &Context<'_>,
    to: &Path,
    registry: Option<&str>,
    url: Option<String>,
) -> Result<ExportReport, OpsError> {
    let path = context.path(to);
    let open = registries::open_updated(context, context.home.registry(registry)?)?;
    (context.tell)(Event::Started { step: "exporting", what: format!("the registry `{}`", open.known.name) });
    let mut tell = |done, total| (context.tell)(Event::Advanced { what: "packages".to_owned(), done, total });
    let done = open.registry.export(&path, &mut tell)?;
    (context.tell)(Event::Finished);
    let catalog = Catalog::new(open.known.name.as_str(), open.registry).reached_at(url);
    let site = super::registry_site::pages(context, &catalog, &path)?;
    let (files, blobs, removed) = (done.files, done.blobs, done.removed);
    let written = done.written + site.written;
    Ok(ExportReport { registry: open.known.name, path, files, blobs, pages: site.pages, written, removed })
}

/// Why a carrier was not changed.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// The text is no origin.
    #[error("read the origin \"{}\": expected `https://HOST` or `http://HOST:PORT` and nothing more", .0.escape_default())]
    Origin(String),
    /// The registry names no such other.
    #[error("could not find `{1}` among the registries that `{0}` follows")]
    NotFollowed(Ident, Ident),
    /// The location is one that only the user may name.
    #[error("would have used `{}` at \"{}\": a registry may name only https, ssh and sparse+https addresses", .0.name, mpp_schema::text::excerpt(&.0.url))]
    Location(Followed),
    /// The registry there is another.
    #[error("used `{}`: expected the registry {}, found another", .0.name, .0.id)]
    OtherId(Followed),
}

impl Coded for CarrierError {
    fn code(&self) -> Code {
        match self {
            Self::Origin(_) => codes::USAGE,
            Self::NotFollowed(..) => RegistriesError::None.code(),
            Self::Location(_) => codes::REGISTRY_PRIVATE,
            Self::OtherId(_) => codes::ROOT_PIN,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Origin(_) => vec!["mpp registry allow NAME http://127.0.0.1:5000".to_owned()],
            Self::NotFollowed(registry, _) => vec![format!("mpp registry follow {registry}")],
            Self::Location(followed) => {
                vec![format!("name it yourself: mpp registry follow … {} --url URL", followed.name)]
            }
            Self::OtherId(_) => vec!["ask whoever runs the registry that names it".to_owned()],
        }
    }
}
