//! What a manifest may list (PKG-33 to PKG-36, PKG-39, PKG-42 to PKG-44).

use super::ManifestError;
use crate::{
    container::{
        COMPONENT_PATH, ContainerError, MANIFEST_PATH, SIGNATURES_FOLDER, TOOLS_PATH, WIT_FOLDER, check_paths,
    },
    frame::{FrameError, check_size},
    limits::{COMPONENT_BYTES_MAX, ENTRIES_MAX, FILE_BYTES_MAX, TOOLS_BYTES_MAX, UNPACKED_BYTES_MAX},
};
use mpp_schema::manifest::Entry;

pub(super) fn check(entries: &[Entry]) -> Result<(), ManifestError> {
    if entries.len() > ENTRIES_MAX {
        return Err(ManifestError::Entries { limit: ENTRIES_MAX, found: entries.len() });
    }
    check_paths([MANIFEST_PATH].into_iter().chain(entries.iter().map(|entry| entry.path.as_str())))?;
    if let Some(entry) = entries.iter().find(|entry| is_signature(&entry.path)) {
        let reason = "the folder `signatures` is for signatures";
        return Err(ContainerError::Path { name: entry.path.clone(), reason }.into());
    }
    check_order(entries)?;
    check_sizes(entries)
}

fn is_signature(path: &str) -> bool {
    let folded = path.to_ascii_lowercase();
    folded.starts_with(SIGNATURES_FOLDER) || folded == SIGNATURES_FOLDER.trim_end_matches('/')
}

/// The component, the tools, then the rest sorted by the bytes of their names.
fn check_order(entries: &[Entry]) -> Result<(), ManifestError> {
    for (place, path) in [COMPONENT_PATH, TOOLS_PATH].into_iter().enumerate() {
        match entries.get(place) {
            Some(entry) if entry.path == path => {}
            _ if !entries.iter().any(|entry| entry.path == path) => {
                return Err(ManifestError::invalid(format!("`entries`: expected an entry `{path}`, found none")));
            }
            found => {
                let name = found.map(|entry| entry.path.clone()).unwrap_or_default();
                return Err(ContainerError::Order { name, expected: format!("the entry `{path}`") }.into());
            }
        }
    }
    match entries[2..].windows(2).find(|pair| pair[0].path >= pair[1].path) {
        Some(pair) => {
            let expected = format!("it before `{}`, sorted by name", pair[0].path);
            Err(ContainerError::Order { name: pair[1].path.clone(), expected }.into())
        }
        None => Ok(()),
    }
}

fn check_sizes(entries: &[Entry]) -> Result<(), ManifestError> {
    let (mut stored, mut unpacked) = (0u64, 0u64);
    for entry in entries {
        if entry.path.ends_with(".zst") != entry.unpacked.is_some() {
            let expected = "expected `unpacked` for each path that ends in `.zst` and for no other";
            return Err(ManifestError::invalid(format!("`entries`, `{}`: {expected}", entry.path)));
        }
        if entry.unpacked.is_some() && entry.path.starts_with(WIT_FOLDER) {
            let expected = "expected the WIT texts not to be compressed";
            return Err(ManifestError::invalid(format!("`entries`, `{}`: {expected}", entry.path)));
        }
        let size = entry.unpacked.map_or(entry.size, |content| content.size);
        if entry.path == COMPONENT_PATH && size > COMPONENT_BYTES_MAX {
            return Err(ManifestError::Component { limit: COMPONENT_BYTES_MAX, found: size });
        }
        if entry.path == TOOLS_PATH && size > TOOLS_BYTES_MAX {
            return Err(FrameError::Limit { stored: entry.size, limit: TOOLS_BYTES_MAX, found: size }.into());
        }
        if entry.unpacked.is_some() {
            check_size(entry.size, size)?;
        }
        stored = stored.saturating_add(entry.size);
        unpacked = unpacked.saturating_add(size);
    }
    if stored > FILE_BYTES_MAX {
        return Err(ContainerError::FileLimit { limit: FILE_BYTES_MAX }.into());
    }
    if unpacked > UNPACKED_BYTES_MAX {
        return Err(FrameError::Limit { stored, limit: UNPACKED_BYTES_MAX, found: unpacked }.into());
    }
    Ok(())
}
