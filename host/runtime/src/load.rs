//! From a verified package to a tool that can be called: validate, compare with its WIT, look at what it imports, compile, link.
//!
//! A package whose code is in the cache comes in by its record, and all of this but linking was done before.
//!
//! Nothing of the component runs here. An import that the manifest does not ask for is refused by name, before anything is compiled.

use crate::cache::{self, CodeCache, Kept, Reentered};
use crate::compile::{self, CompileJob};
use crate::error::LoadError;
use crate::host::Shared;
use crate::image::{self, Image};
use crate::lanes::Lane;
use crate::limits::Limits;
use crate::loaded::{About, Linked, LoadedPackage, Route};
use crate::plugin::Stage;
use crate::privacy;
use mpp_package::verify::{Trust, VerifiedPackage};
use mpp_schema::Digest;
use mpp_schema::manifest::{Kind, Manifest};
use mpp_schema::permissions::Permissions;
use mpp_wit::{Tool, ToolSet, WitFolder};
use std::io::{Read, Seek};
use std::sync::Arc;
use wasmtime::component::{Component, ComponentExportIndex};

/// A package that was found fit to be loaded, and its compiled code.
pub(crate) struct Admitted {
    pub(crate) about: About,
    pub(crate) component: Component,
    pub(crate) tools: ToolSet,
    pub(crate) is_bridged: bool,
}

/// What a package is loaded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Something with tools that are called.
    Tools,
    /// A detector of the privacy filter.
    Filter,
    /// A step of a build.
    Plugin,
}

/// The world of filters.
const FILTER_WORLD: &str = "mpp:filter/filter@0.1.";

/// The worlds of plugins, for messages.
pub(crate) const PLUGIN_WORLDS: &str = "mpp:plugin/check@0.1, mpp:plugin/transform@0.1 or mpp:plugin/attach@0.1";

impl Use {
    /// A filter is asked by the host alone, and nothing else can be asked as one (PRIV-61).
    fn fits(self, manifest: &Manifest) -> Result<(), LoadError> {
        let (is_filter, is_plugin) = (manifest.kind == Kind::Filter, manifest.kind == Kind::Plugin);
        match self {
            Self::Tools if is_filter => Err(LoadError::Filter),
            Self::Tools if is_plugin => Err(LoadError::Plugin),
            Self::Plugin if !is_plugin => Err(LoadError::NoPlugin),
            Self::Plugin if Stage::of(manifest).is_none() => {
                Err(LoadError::World { found: manifest.world.clone(), expected: PLUGIN_WORLDS })
            }
            Self::Filter if !is_filter => Err(LoadError::NoFilter),
            Self::Filter if !manifest.world.starts_with(FILTER_WORLD) => {
                Err(LoadError::World { found: manifest.world.clone(), expected: "mpp:filter/filter@0.1" })
            }
            _ => Ok(()),
        }
    }

    /// What the package may import.
    fn permissions(self, manifest: &Manifest) -> Permissions {
        match self {
            Self::Tools | Self::Plugin => manifest.permissions.clone(),
            Self::Filter => Permissions::default(),
        }
    }
}

/// Loads by the first door: with the package's own file at hand.
pub(crate) fn load<R: Read + Seek>(
    shared: &Arc<Shared>,
    package: &mut VerifiedPackage<R>,
) -> Result<LoadedPackage, LoadError> {
    link(shared, admit(shared, package, Use::Tools)?)
}

/// Loads by the second door: what the cache has of a package that was verified before. Nothing when it has nothing that is good.
pub(crate) fn load_cached(
    shared: &Arc<Shared>,
    digest: Digest,
    trust: &Trust,
) -> Option<Result<LoadedPackage, LoadError>> {
    let admitted = kept(shared, Use::Tools, |cache| cache::open(cache, &shared.identity, digest, trust))?;
    Some(admitted.and_then(|admitted| link(shared, admitted)))
}

/// A plugin of the build, by the first door.
pub(crate) fn plugin<R: Read + Seek>(
    shared: &Arc<Shared>,
    package: &mut VerifiedPackage<R>,
) -> Result<LoadedPackage, LoadError> {
    link(shared, admit(shared, package, Use::Plugin)?)
}

/// A filter, by the first door.
pub(crate) fn filter<R: Read + Seek>(shared: &Shared, package: &mut VerifiedPackage<R>) -> Result<Admitted, LoadError> {
    admit(shared, package, Use::Filter)
}

/// A filter, by the second door.
pub(crate) fn filter_cached(shared: &Shared, digest: Digest, trust: &Trust) -> Option<Result<Admitted, LoadError>> {
    kept(shared, Use::Filter, |cache| cache::open(cache, &shared.identity, digest, trust))
}

fn admit<R: Read + Seek>(
    shared: &Shared,
    package: &mut VerifiedPackage<R>,
    used_as: Use,
) -> Result<Admitted, LoadError> {
    used_as.fits(package.manifest())?;
    if let Some(kept) = kept(shared, used_as, |cache| cache::reopen(cache, &shared.identity, package)) {
        return kept;
    }
    let about = About {
        manifest: package.manifest().clone(),
        digest: package.digest(),
        signers: package.signers().to_vec(),
        definitions: package.tools().map_err(LoadError::package)?,
    };
    let folder = WitFolder { files: package.wit().map_err(LoadError::package)? };
    let bytes = package.component().map_err(LoadError::package)?;
    let limits = limits(shared, &about.manifest);
    let tools = ToolSet::from_wit(&folder, Some(&about.manifest.world))?;
    check(&bytes, &tools, &used_as.permissions(&about.manifest), &limits)?;
    let bridged = match used_as {
        Use::Tools | Use::Plugin => image::bridged(&bytes, &tools),
        Use::Filter => None,
    };
    let is_bridged = bridged.is_some();
    let bytes = bridged.unwrap_or(bytes);
    let code = shared.compiler.compile(&CompileJob::new(&shared.lanes[0].engine, &shared.identity, &bytes));
    let code = code.map_err(LoadError::Compile)?;
    if let Some(cache) = &shared.cache {
        cache::keep(&**cache, &shared.identity, package, Digest::of(&bytes), Kept { is_bridged, code: &code });
    }
    let component = code.into_component(&shared.lanes[0].engine).map_err(LoadError::Compile)?;
    Ok(Admitted { about, component, tools, is_bridged })
}

fn kept(
    shared: &Shared,
    used_as: Use,
    open: impl FnOnce(&dyn CodeCache) -> Option<Reentered>,
) -> Option<Result<Admitted, LoadError>> {
    let cache = shared.cache.as_deref()?;
    let package = open(cache)?;
    if let Err(error) = used_as.fits(&package.manifest) {
        return Some(Err(error));
    }
    let engine = &shared.lanes[0].engine;
    let component = cache::component(cache, &shared.identity, engine, package.digest, package.code)?;
    let is_bridged = cache::is_bridged(&package.notes);
    let folder = WitFolder { files: package.wit };
    let tools = ToolSet::from_wit(&folder, Some(&package.manifest.world));
    let about = About {
        manifest: package.manifest,
        digest: package.digest,
        signers: package.signers,
        definitions: package.tools,
    };
    Some(tools.map(|tools| Admitted { about, component, tools, is_bridged }).map_err(LoadError::from))
}

fn limits(shared: &Shared, manifest: &Manifest) -> Limits {
    shared.limits.asked(manifest.limits.as_ref(), &shared.caps)
}

fn link(shared: &Arc<Shared>, admitted: Admitted) -> Result<LoadedPackage, LoadError> {
    let Admitted { about, component, tools, is_bridged } = admitted;
    let routes: Vec<_> = tools.tools.iter().map(|tool| route(tool, is_bridged)).collect();
    let first = linked(&shared.lanes[0], &component, &tools, &routes)?;
    let limits = limits(shared, &about.manifest);
    let modes = privacy::asked(about.manifest.privacy.as_ref()).map_err(LoadError::Privacy)?;
    Ok(LoadedPackage::new(Arc::clone(shared), about, first, tools, routes, limits, modes))
}

fn check(bytes: &[u8], tools: &ToolSet, asked: &Permissions, limits: &Limits) -> Result<(), LoadError> {
    if bytes.len() > limits.component_bytes {
        return Err(LoadError::TooLarge { found: bytes.len(), limit: limits.component_bytes });
    }
    let info = mpp_wit::validate(bytes)?;
    mpp_wit::agree(tools, bytes)?;
    match mpp_wit::uncovered(&info, asked).into_iter().next() {
        Some(import) => {
            Err(LoadError::Denied { permission: mpp_wit::need(&import).permission(), interface: import.name })
        }
        None => Ok(()),
    }
}

fn linked(lane: &Lane, component: &Component, tools: &ToolSet, routes: &[Route]) -> Result<Linked, LoadError> {
    let exports = tools.tools.iter().zip(routes).map(|(tool, route)| export(component, tool, route));
    let exports = exports.collect::<Result<_, _>>()?;
    let pre =
        lane.linker.instantiate_pre(component).map_err(|error| LoadError::Link(error.root_cause().to_string()))?;
    Ok(Linked { pre, exports })
}

/// The same code in another lane of the host.
pub(crate) fn linked_again(
    shared: &Shared,
    lane: usize,
    first: &Linked,
    tools: &ToolSet,
    routes: &[Route],
) -> Result<Linked, LoadError> {
    let lane = &shared.lanes[lane];
    let component = compile::copied(first.pre.component(), &lane.engine).map_err(LoadError::Compile)?;
    linked(lane, &component, tools, routes)
}

fn route(tool: &Tool, is_bridged: bool) -> Route {
    if is_bridged && Image::is_needed(tool) { Route::Image(Image::new(tool)) } else { Route::Values }
}

fn export(component: &Component, tool: &Tool, route: &Route) -> Result<ComponentExportIndex, LoadError> {
    let missing = || LoadError::Export(tool.name.to_string());
    if let Route::Image(_) = route {
        return component.get_export_index(None, Image::export_name(tool)).ok_or_else(missing);
    }
    let parent = match &tool.interface {
        Some(interface) => Some(component.get_export_index(None, interface).ok_or_else(missing)?),
        None => None,
    };
    component.get_export_index(parent.as_ref(), tool.name.as_str()).ok_or_else(missing)
}
