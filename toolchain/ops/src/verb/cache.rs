//! `mpp cache`: the compiled code that this home keeps.

use crate::{Context, OpsError, atomic_write::IoError};
use serde::Serialize;
use std::path::PathBuf;

/// What the cache holds.
#[derive(Debug, Serialize)]
pub struct CacheReport {
    /// Its folder.
    pub folder: PathBuf,
    /// Its records.
    pub records: Vec<Record>,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// The compiled code of one package.
#[derive(Debug, Serialize)]
pub struct Record {
    /// Package digest, and a word for the engine.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
}

/// Lists the records, largest first.
pub fn list(context: &Context<'_>) -> Result<CacheReport, OpsError> {
    let folder = context.home.code_folder();
    let listed = context.home.code_cache()?.records().map_err(IoError::on("list the folder", &folder))?;
    let mut records: Vec<_> = listed.into_iter().map(|(name, bytes)| Record { name, bytes }).collect();
    records.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    let bytes = records.iter().map(|record| record.bytes).sum();
    Ok(CacheReport { folder, records, bytes })
}

/// Removes every record; what was there is reported.
pub fn clear(context: &Context<'_>) -> Result<CacheReport, OpsError> {
    let report = list(context)?;
    context.home.code_cache()?.clear().map_err(IoError::on("empty the folder", &report.folder))?;
    Ok(report)
}

/// The folder that holds the records, whether it exists or not.
pub fn path(context: &Context<'_>) -> PathBuf {
    context.home.code_folder()
}
