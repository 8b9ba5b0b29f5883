//! The sections of one state, read once and kept in memory: for whoever searches the same state again and again (spec/index.md IDX-28).
//!
//! Names which packages fit. What is shown of them is proven elsewhere, and compared with the words once more.

use super::{
    Answer, Depth, Found, Sections, best,
    section::{self, Section},
    words::Words,
};
use crate::{Files, IndexError, layout::Shard, shards, state::TrustedState};
use mpp_schema::PackageName;

/// What a search looks at of all packages in one state.
pub struct Finder {
    sections: Vec<Section>,
    depth: Depth,
}

impl Finder {
    /// Reads the sections of a state; what is not kept is made.
    ///
    /// # Errors
    /// When a file is not what the trusted head says.
    pub fn read(
        files: &dyn Files,
        state: &TrustedState,
        depth: Depth,
        sections: &dyn Sections,
    ) -> Result<Self, IndexError> {
        let table = shards::table(files, state.head())?;
        let read = Shard::all().map(|shard| section::current(files, &table, shard, depth, sections));
        Ok(Self { sections: read.collect::<Result<_, _>>()?, depth })
    }

    /// The packages in which every word is found, best first. `prove` reads from the state what is shown of them, in their order.
    ///
    /// # Errors
    /// Those of `prove`.
    pub fn search<E>(
        &self,
        text: &str,
        most: usize,
        prove: impl FnOnce(&[PackageName]) -> Result<Vec<Found>, E>,
    ) -> Result<Answer, E> {
        let words = Words::new(text);
        let fitting: Vec<_> = self.sections.iter().flat_map(|section| section.fitting(&words)).collect();
        let count = fitting.len();
        let mut found = prove(&best(fitting, most.min(self.depth.most())))?;
        found.retain(|found| found.fits(&words));
        Ok(Answer { found, fitting: count })
    }
}
