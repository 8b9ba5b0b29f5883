//! From a verified package to a tool that can be called: validate, compare with its WIT, look at what it imports, compile, link.
//!
//! Nothing of the component runs here. An import that the manifest does not ask for is refused by name, before anything is compiled.

use crate::error::LoadError;
use crate::host::Shared;
use crate::image::{self, Image};
use crate::limits::Limits;
use crate::loaded::{Export, LoadedPackage, Route};
use mpp_kv::Claim;
use mpp_package::verify::VerifiedPackage;
use mpp_schema::manifest::Manifest;
use mpp_schema::permissions::Permissions;
use mpp_wit::{Tool, ToolSet, WitFolder};
use std::io::{Read, Seek};
use std::sync::Arc;
use wasmtime::component::Component;

pub(crate) fn load<R: Read + Seek>(
    shared: &Arc<Shared>,
    package: &mut VerifiedPackage<R>,
) -> Result<LoadedPackage, LoadError> {
    let manifest = package.manifest().clone();
    let folder = WitFolder { files: package.wit().map_err(LoadError::package)? };
    let bytes = package.component().map_err(LoadError::package)?;
    let publishers = package.signers().iter().map(|signer| signer.key).collect();
    let claim = Claim { publishers, package: manifest.name.clone() };
    prepare(shared, &manifest, claim, &folder, bytes)
}

/// Everything but reading the package.
fn prepare(
    shared: &Arc<Shared>,
    manifest: &Manifest,
    claim: Claim,
    folder: &WitFolder,
    bytes: Vec<u8>,
) -> Result<LoadedPackage, LoadError> {
    let limits = shared.limits.asked(manifest.limits.as_ref(), &shared.caps);
    let tools = ToolSet::from_wit(folder, Some(&manifest.world))?;
    check(&bytes, &tools, &manifest.permissions, &limits)?;
    let bridged = image::bridged(&bytes, &tools);
    let compiled = shared.compiler.compile(&shared.engine, bridged.as_deref().unwrap_or(&bytes));
    let component = compiled.map_err(LoadError::compile)?;
    let exports = tools.tools.iter().map(|tool| export(&component, tool, bridged.is_some()));
    let exports = exports.collect::<Result<_, _>>()?;
    let pre =
        shared.linker.instantiate_pre(&component).map_err(|error| LoadError::Link(error.root_cause().to_string()))?;
    Ok(LoadedPackage::new(Arc::clone(shared), claim, pre, tools, exports, limits))
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

fn export(component: &Component, tool: &Tool, bridged: bool) -> Result<Export, LoadError> {
    let missing = || LoadError::Export(tool.name.to_string());
    if bridged {
        let index = component.get_export_index(None, Image::export_name(tool)).ok_or_else(missing)?;
        return Ok(Export { index, route: Route::Image(Image::new(tool)) });
    }
    let parent = match &tool.interface {
        Some(interface) => Some(component.get_export_index(None, interface).ok_or_else(missing)?),
        None => None,
    };
    let index = component.get_export_index(parent.as_ref(), tool.name.as_str()).ok_or_else(missing)?;
    Ok(Export { index, route: Route::Values })
}
