//! What the user allowed, wherever it was written down: a signed token, a command line, an embedder's settings.

use crate::Origin;
use mpp_schema::permissions::Access;
use mpp_schema::{ByteSize, Ident, PackageName};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What the user allowed one package. Nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Which folder each slot stands for.
    pub folders: BTreeMap<Ident, FolderBinding>,
    /// Which origins may be reached; what may be done there is what the package asks for.
    pub http: BTreeSet<Origin>,
    /// Which secrets the host may add to requests.
    pub secrets: BTreeSet<Ident>,
    /// How many bytes its key-value store may hold.
    pub kv: Option<ByteSize>,
    /// Which environment variables it may read.
    pub env: BTreeSet<String>,
    /// The settings that it may read, with their values.
    pub config: BTreeMap<String, String>,
    /// Whether its clocks are precise.
    pub clock: bool,
    /// Which device each slot stands for.
    pub devices: BTreeMap<Ident, PathBuf>,
    /// Whether it may write to the log.
    pub logging: bool,
    /// Whether it may show progress.
    pub progress: bool,
    /// Whose tools it may call.
    pub tools: BTreeSet<PackageName>,
}

/// A folder for a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderBinding {
    /// The folder: absolute, and no part of it a link (HOST-21).
    pub path: PathBuf,
    /// How far access goes.
    pub access: Access,
}
