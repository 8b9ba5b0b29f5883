//! The tokens with which agents come in over HTTP: of each the digest is kept, and the text is shown once (MCP-43).

use super::{Home, MalformedFile};
use crate::{
    OpsError,
    atomic_write::{self, IoError, Readable},
};
use mpp_schema::{Digest, FormatVersion, Ident, Instant};
use serde::{Deserialize, Serialize};
use std::{fs, path::PathBuf};

/// Stands before the random part, so that a token that leaked is known for what it is.
const PREFIX: &str = "mpp-agent-";
/// 256 bits that nobody guesses.
const RANDOM_BYTES: usize = 32;

/// What is kept of a token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRecord {
    mpp: FormatVersion,
    digest: Digest,
    made: Instant,
}

/// A new token. Whoever has its text is the agent.
pub struct Token(String);

impl Token {
    /// Its text, to be shown once.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// The random part is as long as a digest, so that one pass of SHA-256 is enough.
fn digest(text: &str) -> Digest {
    Digest::of(format!("mpp-agent-token-v1\n{text}").as_bytes())
}

impl Home {
    fn agent_token_path(&self, agent: &Ident) -> PathBuf {
        self.agent_key_path(agent).with_extension("token")
    }

    /// Makes a token for an agent that is known; one that it had does not count any more.
    ///
    /// # Errors
    /// `agent.unknown`, or the file cannot be written.
    pub fn make_agent_token(&self, agent: &Ident, now: Instant) -> Result<Token, OpsError> {
        let _lock = self.lock()?;
        self.agent(agent)?;
        let path = self.agent_token_path(agent);
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).map_err(|error| IoError::new("make", &path, std::io::Error::other(error)))?;
        let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let token = Token(format!("{PREFIX}{random}"));
        let record = TokenRecord { mpp: FormatVersion::CURRENT, digest: digest(token.text()), made: now };
        let text = serde_json::to_string_pretty(&record)
            .map_err(|error| MalformedFile { path: path.clone(), reason: error.to_string() })?;
        atomic_write::write(&path, text.as_bytes(), Readable::ByOwner)?;
        Ok(token)
    }

    /// Takes the token of an agent away; whether it had one.
    ///
    /// # Errors
    /// `agent.unknown`, or the file cannot be removed.
    pub fn remove_agent_token(&self, agent: &Ident) -> Result<bool, OpsError> {
        let _lock = self.lock()?;
        self.agent(agent)?;
        let path = self.agent_token_path(agent);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(IoError::new("remove", &path, error).into()),
        }
    }

    /// The agent that a token belongs to, with the token's digest; nothing for a token of nobody, and of an agent that was taken back.
    ///
    /// # Errors
    /// The agents cannot be read.
    pub fn agent_of_token(&self, text: &str) -> Result<Option<(Ident, Digest)>, OpsError> {
        if !text.starts_with(PREFIX) {
            return Ok(None);
        }
        // Digests are compared, of which a stranger cannot choose the beginning: the time it takes tells nothing.
        let shown = digest(text);
        for agent in self.agent_records()?.into_iter().filter(|agent| !agent.revoked) {
            let path = self.agent_token_path(&agent.name);
            let Some(bytes) = atomic_write::read_if_there(&path)? else { continue };
            let record: TokenRecord =
                serde_json::from_slice(&bytes).map_err(|error| MalformedFile { path, reason: error.to_string() })?;
            if record.digest == shown {
                return Ok(Some((agent.name, shown)));
            }
        }
        Ok(None)
    }
}
