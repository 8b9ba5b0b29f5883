//! Finding the registry that a verb works with, opened and brought up to date.

use crate::{Context, Event, OpsError, home::registries::KnownRegistry, standing};
use mpp_index::package::PackageEntry;
use mpp_registry::Registry;
use mpp_schema::{Code, Coded, PackageName, codes};

/// A registry of this home, ready to be read.
pub(crate) struct OpenRegistry {
    pub(crate) known: KnownRegistry,
    pub(crate) registry: Registry,
}

/// Opens a registry and reads nothing from elsewhere.
pub(crate) fn open(context: &Context<'_>, known: KnownRegistry) -> Result<OpenRegistry, OpsError> {
    let registry = Registry::open(&known.url, context.home.registry_state(&known.name))?;
    Ok(OpenRegistry { known, registry })
}

/// Opens a registry and verifies what is new in it, against the root that was pinned when it was added.
pub(crate) fn open_updated(context: &Context<'_>, known: KnownRegistry) -> Result<OpenRegistry, OpsError> {
    let mut open = open(context, known)?;
    (context.tell)(Event::Started { step: "updating", what: format!("the registry `{}`", open.known.name) });
    open.registry.update(Some(open.known.root), context.now)?;
    (context.tell)(Event::Finished);
    open.registry.check_fresh(context.now)?;
    standing::learn(context, &open)?;
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

/// The one registry that has `name`. In two of them it is an error: no registry steps in for another silently.
pub(crate) fn find(
    context: &Context<'_>,
    name: &PackageName,
    registry: Option<&str>,
) -> Result<(OpenRegistry, PackageEntry), OpsError> {
    let mut found = Vec::new();
    for known in chosen(context, registry)? {
        let open = open_updated(context, known)?;
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
                registries.iter().map(|registry| format!("mpp install {name} --registry {registry}")).collect()
            }
        }
    }
}
