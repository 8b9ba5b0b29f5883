//! Is it a component that we run, and what does it import and export? Rule `TOOL-8`.

use crate::WitError;
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType};
use wasmparser::types::TypesRef;
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};

/// What a valid component imports and exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentInfo {
    /// In the order of the component.
    pub imports: Vec<Import>,
    /// Names of all exports, in the order of the component.
    pub exports: Vec<String>,
}

/// One import of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// As the component writes it: `wasi:io/streams@0.2.6`.
    pub name: String,
    /// Without the patch number: `wasi:io/streams@0.2`.
    pub interface: String,
    /// Whether it is a plain type, or an interface that holds nothing but plain types, so that nobody has to provide it.
    pub types_only: bool,
}

/// The features of WebAssembly that a component may use. The host's engine is set to the same.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Checks that the bytes are a valid component within the accepted features, and lists its imports and exports.
///
/// Threads, 64-bit memories, garbage collection, exceptions, relaxed SIMD and asynchronous components are not accepted.
pub fn validate(component: &[u8]) -> Result<ComponentInfo, WitError> {
    let types = Validator::new_with_features(FEATURES).validate_all(component).map_err(invalid)?;
    let mut info = ComponentInfo { imports: Vec::new(), exports: Vec::new() };
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(invalid)? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(WitError::Invalid("expected a component, found a core module".to_owned()));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    info.imports.push(describe_import(types.as_ref(), import.map_err(invalid)?.name.name));
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    info.exports.push(export.map_err(invalid)?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(info)
}

fn invalid(error: wasmparser::Error) -> WitError {
    WitError::Invalid(error.to_string())
}

fn describe_import(types: TypesRef<'_>, name: &str) -> Import {
    let types_only = types.component_item_for_import(name).is_some_and(|item| holds_only_types(types, &item.ty));
    Import { name: name.to_owned(), interface: without_patch(name), types_only }
}

fn holds_only_types(types: TypesRef<'_>, ty: &ComponentEntityType) -> bool {
    match ty {
        // A record or another plain type that the world itself declares.
        ty if is_plain_type(ty) => true,
        ComponentEntityType::Instance(id) => types[*id].exports.values().all(|item| is_plain_type(&item.ty)),
        _ => false,
    }
}

fn is_plain_type(ty: &ComponentEntityType) -> bool {
    matches!(ty, ComponentEntityType::Type { referenced: ComponentAnyTypeId::Defined(_), .. })
}

/// `wasi:io/streams@0.2.6` → `wasi:io/streams@0.2`; a pre-release tag goes too.
pub(crate) fn without_patch(name: &str) -> String {
    let Some((interface, version)) = name.split_once('@') else { return name.to_owned() };
    let track: Vec<&str> = version.splitn(3, '.').take(2).collect();
    format!("{interface}@{}", track.join("."))
}

#[cfg(test)]
mod tests {
    use super::without_patch;

    #[test]
    fn versions_lose_their_patch_number() {
        for (name, expected) in [
            ("wasi:io/streams@0.2.6", "wasi:io/streams@0.2"),
            ("wasi:keyvalue/store@0.2.0-draft", "wasi:keyvalue/store@0.2"),
            ("wasi:io/streams@0.3.0", "wasi:io/streams@0.3"),
            ("acme:notes/types", "acme:notes/types"),
            ("log", "log"),
        ] {
            assert_eq!(without_patch(name), expected);
        }
    }
}
