//! `mpp redact`: a text through the privacy filter of this home, and a report of what was found. Nothing of a finding is in the report.

use crate::{Context, OpsError, atomic_write::IoError, filters};
use mpp_privacy::{Blocked, Counts, Direction, Masker, Stream};
use mpp_schema::{Code, Coded};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// What was done.
#[derive(Debug, Serialize)]
pub struct RedactReport {
    /// The masked text.
    #[serde(skip)]
    pub text: Vec<u8>,
    /// How many bytes were read.
    pub bytes: u64,
    /// Findings that were replaced, by kind.
    pub masked: BTreeMap<&'static str, u64>,
    /// Findings that were left as they are, by kind.
    pub reported: BTreeMap<&'static str, u64>,
}

/// The text must not leave.
#[derive(Debug, thiserror::Error)]
#[error("could not mask `{what}`")]
pub struct NotMasked {
    /// The file.
    what: String,
    /// Why.
    source: Blocked,
}

impl Coded for NotMasked {
    fn code(&self) -> Code {
        self.source.code()
    }
    fn hints(&self) -> Vec<String> {
        self.source.hints()
    }
}

/// Masks a file, or standard input where it is `-`, as what leaves in the direction `direction` is masked.
///
/// The package files `filters` are asked as well, for their authors.
pub fn redact(
    context: &Context<'_>,
    file: &Path,
    direction: Direction,
    filters: &[PathBuf],
) -> Result<RedactReport, OpsError> {
    let privacy = filters::privacy_with(context, &context.home.policy()?, filters)?;
    let mut masker = Masker::new(privacy.filter, privacy.modes);
    let what = file.display().to_string();
    let masked = match what.as_str() {
        "-" => stream(&mut masker, direction, &mut io::stdin().lock()),
        _ => {
            let path = context.path(file);
            let mut opened = File::open(&path).map_err(IoError::on("open", &path))?;
            stream(&mut masker, direction, &mut opened)
        }
    };
    let (text, bytes) = masked.map_err(|stopped| match stopped {
        Stopped::Io(source) => OpsError::from(IoError::new("read", file, source)),
        Stopped::Blocked(source) => NotMasked { what, source }.into(),
    })?;
    let (masked, reported) = (counts(masker.masked()), counts(masker.reported()));
    Ok(RedactReport { text, bytes, masked, reported })
}

enum Stopped {
    Io(io::Error),
    Blocked(Blocked),
}

const PIECE_BYTES: usize = 64 << 10;

fn stream(masker: &mut Masker, direction: Direction, from: &mut dyn Read) -> Result<(Vec<u8>, u64), Stopped> {
    let (mut out, mut bytes, mut piece) = (Vec::new(), 0, vec![0; PIECE_BYTES]);
    let mut stream = Stream::new(direction);
    loop {
        match from.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => {
                stream.push(masker, &piece[..count], &mut out).map_err(Stopped::Blocked)?;
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Stopped::Io(error)),
        }
    }
    stream.finish(masker, &mut out).map_err(Stopped::Blocked)?;
    Ok((out, bytes))
}

pub(crate) fn counts(counts: &Counts) -> BTreeMap<&'static str, u64> {
    counts.iter().map(|(kind, count)| (kind.as_str(), count)).collect()
}
