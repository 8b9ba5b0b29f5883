//! Proofs that a registry contradicts itself: two signed heads that cannot both be honest, kept in this home's folder and shown to others.

use crate::{Registry, RegistryError};
use mpp_index::state::{self, Comparison};
use mpp_schema::index::{Head, Signed};
use std::{fs, path::PathBuf};

/// A proof, as it is kept.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The file: one signed head a line.
    pub path: PathBuf,
    /// What the heads say. They were verified when the proof was kept; whoever gets the file verifies them again.
    pub heads: Vec<Head>,
}

impl Registry {
    /// The proofs that this home has kept about the registry.
    ///
    /// # Errors
    /// When a file cannot be read, or does not hold heads.
    pub fn evidence(&self) -> Result<Vec<Evidence>, RegistryError> {
        let read = |path: PathBuf| {
            let text = fs::read_to_string(&path).map_err(RegistryError::io("read", &path))?;
            let heads = text.lines().map(|line| {
                let signed: Signed = serde_json::from_str(line)?;
                serde_json::from_str(&signed.signed)
            });
            let heads = heads.collect::<Result<_, serde_json::Error>>();
            let wrong =
                |error: serde_json::Error| RegistryError::State { path: path.clone(), detail: error.to_string() };
            Ok(Evidence { heads: heads.map_err(wrong)?, path })
        };
        self.store.evidence()?.into_iter().map(read).collect()
    }

    /// Compares what this home believes with a head that somebody else was shown. A contradiction is kept as proof.
    ///
    /// # Errors
    /// When the other head is not one of this registry, or the two contradict each other.
    pub fn compare(&self, other: &Signed) -> Result<Comparison, RegistryError> {
        let state = self.trusted()?;
        self.with_files(|files| state::compare(files, state, other)).map_err(|error| self.with_evidence(error))
    }
}
