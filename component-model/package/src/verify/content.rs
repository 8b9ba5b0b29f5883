//! The second look, at install and with `verify --full`: everything unpacked and compared (PKG-68).

use super::{VerifiedPackage, VerifyError};
use crate::{
    container::{COMPONENT_PATH, README_PATH, TOOLS_PATH, WIT_FOLDER},
    native_code::native_code,
    tools,
};
use mpp_schema::tools::ToolsFile;
use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

/// What a component begins with: the magic of wasm, then version 13 in layer 1.
const COMPONENT_MAGIC: [u8; 8] = *b"\0asm\x0d\0\x01\0";
const MODULE_MAGIC: [u8; 8] = *b"\0asm\x01\0\0\0";

/// The content that later steps ask for, unpacked once.
#[derive(Debug, Clone)]
pub struct Content {
    /// The component's bytes. Whether they are a valid component is asked by `mpp-wit`.
    pub component: Vec<u8>,
    /// The definitions of the tools.
    pub tools: ToolsFile,
    /// The WIT texts, by their paths below `wit/`.
    pub wit: BTreeMap<String, String>,
    /// The text that explains the package.
    pub readme: Option<String>,
}

/// Unpacks every entry and checks it: unpacked digests, no compiled code, a component where one belongs, sound tool definitions.
///
/// # Errors
/// [`VerifyError`], for the first entry that is not as it should be.
pub fn verify_content<R: Read + Seek>(package: &mut VerifiedPackage<R>) -> Result<Content, VerifyError> {
    let paths: Vec<String> = package.manifest().entries.iter().map(|entry| entry.path.clone()).collect();
    let (mut component, mut tools, mut wit, mut readme) = (None, None, BTreeMap::new(), None);
    for path in paths {
        let content = package.entry(&path)?;
        check_precompiled(&path, &content)?;
        match path.as_str() {
            COMPONENT_PATH => component = Some(content),
            TOOLS_PATH => tools = Some(tools::read(&content)?),
            README_PATH => readme = Some(text(&path, content)?),
            _ => {
                if let Some(below) = path.strip_prefix(WIT_FOLDER) {
                    wit.insert(below.to_owned(), text(&path, content)?);
                }
            }
        }
    }
    let absent = |path: &str| VerifyError::NoEntry { entry: path.to_owned() };
    let component = component.ok_or_else(|| absent(COMPONENT_PATH))?;
    check_component(&component)?;
    let tools = tools.ok_or_else(|| absent(TOOLS_PATH))?;
    tools::check_named(package.manifest().tools.keys(), &tools)?;
    Ok(Content { component, tools, wit, readme })
}

/// Content that must be text.
pub(super) fn text(path: &str, content: Vec<u8>) -> Result<String, VerifyError> {
    String::from_utf8(content).map_err(|_| VerifyError::Text { entry: path.to_owned() })
}

/// Whether the bytes begin as a component does.
pub(crate) fn check_component(component: &[u8]) -> Result<(), VerifyError> {
    if component.starts_with(&COMPONENT_MAGIC) {
        return Ok(());
    }
    check_precompiled(COMPONENT_PATH, component)?;
    let found = match component {
        core if core.starts_with(&MODULE_MAGIC) => "a core module",
        wasm if wasm.starts_with(b"\0asm") => "another version of wasm",
        _ => "something that is not wasm",
    };
    Err(VerifyError::NotComponent { found })
}

fn check_precompiled(entry: &str, content: &[u8]) -> Result<(), VerifyError> {
    match native_code(content) {
        Some(kind) => Err(VerifyError::Precompiled { entry: entry.to_owned(), kind }),
        None => Ok(()),
    }
}
