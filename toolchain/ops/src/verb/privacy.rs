//! `mpp privacy test`: how good the filter of this home is on labelled sentences.

use crate::{Context, OpsError, atomic_write::IoError, filters};
use mpp_privacy::{
    Blocked,
    quality::{self, Mistake, ReadError},
};
use mpp_schema::{Code, Coded, codes};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// How good it is.
#[derive(Debug, Serialize)]
pub struct QualityReport {
    /// How many texts there were.
    pub texts: usize,
    /// The kinds that were labelled or found.
    pub kinds: Vec<KindReport>,
    /// What was missed and what is wrong, the first of them: where, never what.
    pub mistakes: Vec<MistakeReport>,
    /// How many there are in all.
    pub mistakes_total: usize,
}

/// How good it is on one kind.
#[derive(Debug, Serialize)]
pub struct KindReport {
    /// The kind.
    pub kind: &'static str,
    /// Labels that were found.
    pub found: u64,
    /// Labels that were missed.
    pub missed: u64,
    /// Findings that meet no label of their kind.
    pub wrong: u64,
    /// The part of the labels that was found; nothing without labels.
    pub recall: Option<f64>,
    /// The part of the findings that is right; nothing without findings.
    pub precision: Option<f64>,
}

/// One mistake.
#[derive(Debug, Serialize)]
pub struct MistakeReport {
    /// The kind.
    pub kind: &'static str,
    /// Which text, counted from 0.
    pub text: usize,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Whether it was missed; otherwise it is a finding where nothing is.
    pub missed: bool,
}

/// The sentences cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SentencesError {
    /// They cannot be read.
    #[error("read the labelled sentences")]
    Read(#[from] ReadError),
    /// The filter blocks one of them.
    #[error("look at the labelled sentences")]
    Blocked(#[from] Blocked),
}

impl Coded for SentencesError {
    fn code(&self) -> Code {
        match self {
            Self::Read(_) => codes::FORMAT_MALFORMED,
            Self::Blocked(blocked) => blocked.code(),
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Read(_) => vec!["one line reads: {\"text\": \"ask ada@example.org\", \"spans\": [{\"kind\": \"email\", \"start\": 4, \"end\": 19}]}".to_owned()],
            Self::Blocked(blocked) => blocked.hints(),
        }
    }
}

/// Mistakes that are shown.
const MISTAKES_MAX: usize = 20;

/// Runs the filter over the labelled sentences of `file`. The package files `filters` are asked as well.
pub fn test(context: &Context<'_>, file: &Path, filters: &[PathBuf]) -> Result<QualityReport, OpsError> {
    let privacy = filters::privacy_with(context, &context.home.policy()?, filters)?;
    let path = context.path(file);
    let json = fs::read_to_string(&path).map_err(IoError::on("read", &path))?;
    let texts = quality::read(&json).map_err(SentencesError::from)?;
    let quality = quality::measure(&privacy.filter, &texts).map_err(SentencesError::from)?;
    let kinds = quality.scores.iter().map(|(kind, score)| KindReport {
        kind: kind.as_str(),
        found: score.found,
        missed: score.missed,
        wrong: score.wrong,
        recall: score.recall(),
        precision: score.precision(),
    });
    let mistake = |mistake: &Mistake| MistakeReport {
        kind: mistake.kind.as_str(),
        text: mistake.text,
        start: mistake.span.start,
        end: mistake.span.end,
        missed: mistake.missed,
    };
    Ok(QualityReport {
        texts: texts.len(),
        kinds: kinds.collect(),
        mistakes: quality.mistakes.iter().take(MISTAKES_MAX).map(mistake).collect(),
        mistakes_total: quality.mistakes.len(),
    })
}
