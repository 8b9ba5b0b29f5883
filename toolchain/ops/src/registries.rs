//! Finding the registry that a verb works with, opened and brought up to date.

use crate::{Context, Event, OpsError, home::registries::KnownRegistry, standing};
use mpp_index::package::PackageEntry;
use mpp_registry::{FetchedPackage, Received, Registry, Wanted, transport::Settings};
use mpp_schema::{Code, Coded, PackageName, RegistryId, codes};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

/// A registry of this home, ready to be read.
pub(crate) struct OpenRegistry {
    pub(crate) known: KnownRegistry,
    pub(crate) registry: Registry,
}

/// Opens a registry and reads nothing from elsewhere.
pub(crate) fn open(context: &Context<'_>, known: KnownRegistry) -> Result<OpenRegistry, OpsError> {
    let url = known.url.clone();
    open_at(context, known, &url)
}

/// The same at one of its locations.
fn open_at(context: &Context<'_>, known: KnownRegistry, url: &str) -> Result<OpenRegistry, OpsError> {
    let settings = settings(context, &known.allows);
    let registry = Registry::open_with(url, context.home.registry_state(&known.name), settings)?;
    let registry = if url == known.url { registry } else { registry.mirror_of(&known.url) };
    Ok(OpenRegistry { known, registry })
}

/// How registries are reached: where this one may send us, and who we are.
pub(crate) fn settings(context: &Context<'_>, allows: &[String]) -> Settings {
    let user = context.surroundings.variable("MPP_REGISTRY_USER");
    let password = context.surroundings.variable("MPP_REGISTRY_PASSWORD");
    Settings { origins: allows.to_vec(), credentials: user.zip(password), ..Settings::default() }
}

/// Refusals after which another location of the same registry is tried: this one cannot be reached, or lags behind.
const GO_ON: [Code; 4] =
    [codes::REGISTRY_UNREACHABLE, codes::REGISTRY_ANSWER, codes::INDEX_ROLLBACK, codes::INDEX_STALE];

/// Opens a registry and verifies what is new in it, against the root that was pinned when it was added.
pub(crate) fn open_updated(context: &Context<'_>, known: KnownRegistry) -> Result<OpenRegistry, OpsError> {
    (context.tell)(Event::Started { step: "updating", what: format!("the registry `{}`", known.name) });
    let mut first = None;
    for url in [&known.url].into_iter().chain(&known.mirrors) {
        match open_updated_at(context, known.clone(), url) {
            Ok(open) => {
                (context.tell)(Event::Finished);
                standing::learn(context, &open)?;
                return Ok(open);
            }
            Err(error) if GO_ON.contains(&error.code()) && !known.mirrors.is_empty() => {
                (context.tell)(Event::Note(format!(
                    "{} ({}); `{}` may be elsewhere",
                    error.message(),
                    error.code(),
                    known.name
                )));
                first.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(first.unwrap_or_else(|| crate::home::registries::RegistriesError::None.into()))
}

/// The same at one of its locations. All of them lead to one state, of the registry whose id is known.
fn open_updated_at(context: &Context<'_>, known: KnownRegistry, url: &str) -> Result<OpenRegistry, OpsError> {
    let mut open = open_at(context, known, url)?;
    open.registry.update(Some(open.known.root), context.now)?;
    open.registry.check_fresh(context.now)?;
    Ok(open)
}

/// The named registry, or all of this home in their order.
pub(crate) fn chosen(context: &Context<'_>, name: Option<&str>) -> Result<Vec<KnownRegistry>, OpsError> {
    match name {
        Some(_) => Ok(vec![context.home.registry(name)?]),
        None => match context.home.registries()? {
            known if known.is_empty() => Err(crate::home::registries::RegistriesError::None.into()),
            known => Ok(known),
        },
    }
}

/// Whether registries are asked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// They are.
    #[default]
    Ask,
    /// They are not: what is here must do.
    Offline,
}

/// The registries that one command works with. Each is brought up to date once, however many packages it is asked for.
#[derive(Default)]
pub(crate) struct Reached {
    network: Network,
    seen: RefCell<BTreeMap<RegistryId, Reach>>,
}

/// A registry, as far as it could be reached.
#[derive(Clone)]
pub(crate) enum Reach {
    /// What it says now.
    Fresh(Rc<OpenRegistry>),
    /// What it said last, and why no more is known.
    Silent(Rc<OpenRegistry>, NotReached),
}

/// Why a registry says nothing now.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub(crate) struct NotReached {
    code: Code,
    message: String,
    hints: Vec<String>,
}

impl Coded for NotReached {
    fn code(&self) -> Code {
        self.code
    }
    fn hints(&self) -> Vec<String> {
        self.hints.clone()
    }
}

impl Reached {
    pub(crate) fn new(network: Network) -> Self {
        Self { network, ..Self::default() }
    }

    /// Brings a registry up to date, or says that it is silent. Whatever else is wrong with it is an error.
    pub(crate) fn reach(&self, context: &Context<'_>, known: KnownRegistry) -> Result<Reach, OpsError> {
        if let Some(reach) = self.seen.borrow().get(&known.id) {
            return Ok(reach.clone());
        }
        let id = known.id;
        let reach = match self.network {
            Network::Offline => {
                let message = format!("could not ask the registry `{}`: `--offline` was said", known.name);
                let hints = vec!["say it again without --offline".to_owned()];
                let why = NotReached { code: codes::REGISTRY_UNREACHABLE, message, hints };
                Reach::Silent(Rc::new(open(context, known)?), why)
            }
            Network::Ask => match open_updated(context, known.clone()) {
                Ok(open) => Reach::Fresh(Rc::new(open)),
                Err(error) if [codes::REGISTRY_UNREACHABLE, codes::INDEX_STALE].contains(&error.code()) => {
                    (context.tell)(Event::Finished);
                    let (message, hints) = (error.message(), error.hints().to_vec());
                    let why = NotReached { code: error.code(), message, hints };
                    Reach::Silent(Rc::new(open(context, known)?), why)
                }
                Err(error) => return Err(error),
            },
        };
        self.seen.borrow_mut().insert(id, reach.clone());
        Ok(reach)
    }

    /// A registry as it is now.
    pub(crate) fn updated(&self, context: &Context<'_>, known: KnownRegistry) -> Result<Rc<OpenRegistry>, OpsError> {
        match self.reach(context, known)? {
            Reach::Fresh(open) => Ok(open),
            Reach::Silent(_, why) => Err(why.into()),
        }
    }

    /// The one registry that has `name`. In two of them it is an error: no registry steps in for another silently.
    pub(crate) fn find(
        &self,
        context: &Context<'_>,
        name: &PackageName,
        registry: Option<KnownRegistry>,
    ) -> Result<(Rc<OpenRegistry>, PackageEntry), OpsError> {
        let registry = match registry {
            None => context.home.owner_of(name)?,
            named => named,
        };
        let asked = match registry {
            Some(registry) => vec![registry],
            None => chosen(context, None)?,
        };
        let mut found = Vec::new();
        for known in asked {
            let open = self.updated(context, known)?;
            if let Some(entry) = open.registry.package(name)? {
                found.push((open, entry));
            }
        }
        if found.len() > 1 {
            let registries = found.iter().map(|(open, _)| open.known.name.to_string()).collect();
            return Err(FindError::Several { name: name.clone(), registries }.into());
        }
        let found = found.pop().ok_or_else(|| FindError::None(name.clone()))?;
        check_pin(context, &found.1)?;
        Ok(found)
    }
}

/// The one registry that has `name`, of all or of the one that is named.
pub(crate) fn find(
    context: &Context<'_>,
    name: &PackageName,
    registry: Option<&str>,
) -> Result<(Rc<OpenRegistry>, PackageEntry), OpsError> {
    let registry = registry.map(|name| context.home.registry(Some(name))).transpose()?;
    Reached::default().find(context, name, registry)
}

/// Fetches files of one registry, some of them at a time, and tells how much of them is here.
pub(crate) fn fetch(
    context: &Context<'_>,
    open: &OpenRegistry,
    wanted: &[Wanted<'_>],
) -> Result<Vec<FetchedPackage>, OpsError> {
    let what = match wanted {
        [one] => format!("{}@{}", one.name, one.release.version),
        several => format!("{} packages", several.len()),
    };
    (context.tell)(Event::Started { step: "fetching", what });
    let total = wanted.iter().map(|file| file.release.size).sum();
    let mut here = vec![0; wanted.len()];
    let mut tell = |received: Received| {
        here[received.file] = received.bytes;
        (context.tell)(Event::Transferred { done: here.iter().sum(), total });
    };
    let fetched = open.registry.fetch_blobs(wanted, &mut tell);
    let fetched = fetched.into_iter().collect::<Result<Vec<_>, _>>()?;
    (context.tell)(Event::Finished);
    Ok(fetched)
}

/// Refuses a package whose namespace is pinned and not in those hands.
pub(crate) fn check_pin(context: &Context<'_>, entry: &PackageEntry) -> Result<(), OpsError> {
    match context.home.pins()?.get(&entry.namespace.name) {
        Some(pinned) => Ok(entry.namespace.check_pin(pinned.id())?),
        None => Ok(()),
    }
}

/// A package that is not in exactly one registry.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindError {
    /// In none.
    #[error("could not find `{0}` in the registries of this home")]
    None(PackageName),
    /// In several.
    #[error("could not choose a registry for `{name}`: {} have it", registries.join(" and "))]
    Several {
        /// The package.
        name: PackageName,
        /// The registries.
        registries: Vec<String>,
    },
}

impl Coded for FindError {
    fn code(&self) -> Code {
        match self {
            Self::None(_) => codes::PACKAGE_NOT_FOUND,
            Self::Several { .. } => codes::REGISTRY_AMBIGUOUS,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::None(name) => vec![format!("mpp search {}", name.name()), "mpp registry list".to_owned()],
            Self::Several { name, registries } => {
                let settle = |registry| {
                    format!(
                        "mpp registry assign {name} {registry}, or for the namespace: mpp registry assign {} {registry}",
                        name.namespace()
                    )
                };
                let once = |registry| format!("mpp install {name} --registry {registry}");
                registries.iter().map(settle).chain(registries.iter().map(once)).collect()
            }
        }
    }
}
