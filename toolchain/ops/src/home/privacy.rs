//! The privacy filter of a home: what `policy.toml` says about it, and the key of its tokens (PRIV-20 to PRIV-24, PRIV-31).

use super::{Home, keys};
use crate::{
    OpsError,
    atomic_write::{self, IoError, Readable},
};
use mpp_host::{Privacy, Tokens, apply_modes};
use mpp_privacy::{Detector, Filter, FilterError, Kind, Modes, SEAL_KEY_BYTES, Sealer};
use mpp_schema::{Code, Coded, PackageName, codes, policy::PrivacyPolicy};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
};
use zeroize::Zeroizing;

/// What the policy says about privacy cannot be obeyed.
#[derive(Debug, thiserror::Error)]
pub enum PrivacyError {
    /// A word that is no direction, kind or mode.
    #[error("read the policy, `privacy.{table}`: {wrong}")]
    Word {
        /// Which table.
        table: &'static str,
        /// What is wrong.
        wrong: String,
    },
    /// A pattern, or the name of a filter, that cannot be used.
    #[error("read the policy, `privacy.patterns` and `privacy.filters`")]
    Filter(#[from] FilterError),
    /// The key of the tokens is not what this home wrote.
    #[error("read the key of the tokens: expected {SEAL_KEY_BYTES} bytes in `{}`", .0.display())]
    Key(PathBuf),
}

impl Coded for PrivacyError {
    fn code(&self) -> Code {
        codes::FORMAT_MALFORMED
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Key(path) => {
                vec![format!("remove it, and tokens that were given out are void: rm {}", path.display())]
            }
            _ => vec!["correct policy.toml, then: mpp policy check".to_owned()],
        }
    }
}

impl Home {
    /// The filter that this home's policy wants, with the detectors that are ready by now.
    pub(crate) fn privacy(
        &self,
        written: &PrivacyPolicy,
        detectors: Vec<Box<dyn Detector>>,
    ) -> Result<Privacy, OpsError> {
        let (filter, modes) = (filter(written, detectors)?, modes(written)?);
        let opened_for = opened_for(written)?;
        let tokens = match written.tokens {
            true => Some(Tokens { sealer: self.sealer()?, opened_for }),
            false => None,
        };
        Ok(Privacy { filter, modes, tokens })
    }

    /// Tokens of one home can be opened on it alone. The key is made when it is first wanted.
    fn sealer(&self) -> Result<Sealer, OpsError> {
        let path = self.data.join("privacy.key");
        let bytes = match atomic_write::read_if_there(&path)? {
            Some(bytes) => {
                keys::check_mode(&path)?;
                bytes
            }
            None => {
                let mut key = Zeroizing::new([0; SEAL_KEY_BYTES]);
                getrandom::fill(&mut *key).map_err(|error| IoError::new("make", &path, io::Error::other(error)))?;
                // Whoever else made one at the same time was first.
                atomic_write::create(&path, &*key, Readable::ByOwner)?;
                atomic_write::read_if_there(&path)?.unwrap_or_default()
            }
        };
        let bytes = Zeroizing::new(bytes);
        let key = bytes.as_slice().try_into().map_err(|_| PrivacyError::Key(path))?;
        Ok(Sealer::new(key, b"home"))
    }
}

/// The user's modes: those that hold without a policy, changed by what is written.
pub(crate) fn modes(written: &PrivacyPolicy) -> Result<Modes, PrivacyError> {
    let mut modes = Modes::default();
    apply_modes(&mut modes, &written.modes).map_err(|wrong| PrivacyError::Word { table: "modes", wrong })?;
    Ok(modes)
}

fn filter(written: &PrivacyPolicy, detectors: Vec<Box<dyn Detector>>) -> Result<Filter, PrivacyError> {
    let mut builder = Filter::builder();
    for detector in detectors {
        builder = builder.detector(detector)?;
    }
    for (name, expression) in written.patterns.iter() {
        builder = builder.pattern(name, expression)?;
    }
    Ok(builder.build()?)
}

fn opened_for(written: &PrivacyPolicy) -> Result<BTreeMap<PackageName, BTreeSet<Kind>>, PrivacyError> {
    let kind = |name: &String| {
        name.parse().map_err(|error| PrivacyError::Word { table: "open-tokens", wrong: format!("{error}") })
    };
    let entry = |(package, kinds): (&PackageName, &Vec<String>)| {
        Ok((package.clone(), kinds.iter().map(kind).collect::<Result<BTreeSet<Kind>, _>>()?))
    };
    written.open_tokens.iter().map(entry).collect()
}
