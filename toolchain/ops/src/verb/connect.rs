//! `mpp connect`: an agent starts this program, because one entry in its settings says so. Rules MCP-30 to MCP-33.
//!
//! The rest of those settings is the user's, and stays byte for byte as it is. Where that cannot be done, nothing is written and the entry is
//! shown for people to put there themselves. No client is started or asked.

mod client;
mod edit;
mod starts;

use crate::{
    Context, OpsError,
    atomic_write::{self, IoError},
};
pub use client::{Client, ClientError};
use edit::{Document, EditError};
use mpp_schema::{Code, Coded, codes};
use serde::Serialize;
pub(crate) use starts::{Started, start};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What to do with the settings of a client.
#[derive(Debug)]
pub struct ConnectOptions {
    /// The client.
    pub client: Client,
    /// Its settings, where they are not at their usual place.
    pub file: Option<PathBuf>,
    /// Words after `mpp serve`.
    pub words: Vec<String>,
    /// What to do.
    pub action: Action,
}

/// What to do with the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Put it there.
    Write,
    /// Take it out.
    Remove,
    /// Only say what it would be.
    Print,
}

/// What became of the settings of a client.
#[derive(Debug, Serialize)]
pub struct ConnectReport {
    /// The client.
    pub client: Client,
    /// Its settings.
    pub file: PathBuf,
    /// What was done.
    pub change: Change,
    /// The entry, as it stands alone in a file of this kind; nothing when it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// What is gone from the file.
    pub removed: String,
    /// What stands there now.
    pub added: String,
    /// The line at which it stands.
    pub line: usize,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The file was made for it.
    Made,
    /// It was added.
    Added,
    /// It was there, with other words.
    Replaced,
    /// It was taken out.
    Removed,
    /// It was so already.
    None,
    /// Nothing was written: it was only asked for.
    Printed,
}

/// The settings of a client cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// They cannot be read, or not be changed without touching more than one entry.
    #[error("could not change `{}`, so it is as it was", file.display())]
    Settings {
        /// The client.
        client: Client,
        /// Its settings.
        file: PathBuf,
        /// Why.
        source: EditError,
    },
    /// Our name is taken.
    #[error("could not use the name `{}` in `{}`: it starts something else", client::NAME, file.display())]
    Taken {
        /// Its settings.
        file: PathBuf,
    },
    /// Somebody else wrote the file at the same time.
    #[error("could not write `{}`: it changed meanwhile", file.display())]
    Changed {
        /// The client.
        client: Client,
        /// Its settings.
        file: PathBuf,
    },
    /// Nobody knows where they are.
    #[error("could not find the settings of {client}: this user has no home folder")]
    NoHome {
        /// The client.
        client: Client,
    },
}

impl Coded for ConnectError {
    fn code(&self) -> Code {
        match self {
            Self::Settings { .. } | Self::Changed { .. } => codes::CLIENT_SETTINGS,
            Self::Taken { .. } => codes::CLIENT_TAKEN,
            Self::NoHome { .. } => codes::USAGE,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Settings { client, .. } => vec![format!("mpp connect {client} --print # and put it there yourself")],
            Self::Changed { client, .. } => vec![format!("end {client}, then: mpp connect {client}")],
            Self::Taken { file } => vec![format!("rename the server `{}` in {}", client::NAME, file.display())],
            Self::NoHome { client } => vec![format!("mpp connect {client} --file PATH")],
        }
    }
}

/// Puts the entry into the settings of a client, takes it out, or shows it.
///
/// # Errors
/// The settings cannot be read or written, or not be changed without touching the rest of them.
pub fn connect(context: &Context<'_>, options: &ConnectOptions) -> Result<ConnectReport, OpsError> {
    let client = options.client;
    let file = file(context, client, options.file.as_deref())?;
    let entry = client.entry(&command(context, &options.words)?);
    let kind = client.kind();
    let failed = |source| ConnectError::Settings { client, file: file.clone(), source };
    let alone = || edit::alone(kind, client.place(), &entry).map_err(failed);
    if options.action == Action::Print {
        let entry = Some(alone()?);
        let (removed, added) = Default::default();
        return Ok(ConnectReport { client, file, change: Change::Printed, entry, removed, added, line: 0 });
    }
    let before = atomic_write::read_if_there(&file)?;
    let is_new = before.is_none();
    let text = String::from_utf8(before.unwrap_or_default()).map_err(|_| failed(EditError::NotText))?;
    let document = Document::read(kind, &text).map_err(failed)?;
    let found = document.get(client.place()).map_err(failed)?;
    if found.as_ref().is_some_and(|found| !client.is_ours(found)) {
        return Err(ConnectError::Taken { file }.into());
    }
    let (edited, change) = match options.action {
        Action::Remove if found.is_none() => (text.clone(), Change::None),
        Action::Remove => (document.take(client.place()).map_err(failed)?, Change::Removed),
        _ if found.as_ref() == Some(&entry) => (text.clone(), Change::None),
        _ => {
            let change = match (is_new, found.is_some()) {
                (true, _) => Change::Made,
                (false, true) => Change::Replaced,
                (false, false) => Change::Added,
            };
            (document.put(client.place(), &entry).map_err(failed)?, change)
        }
    };
    if edited != text {
        write(client, &file, &text, &edited)?;
    }
    let difference = edit::difference(&text, &edited);
    let entry = if options.action == Action::Remove { None } else { Some(alone()?) };
    let edit::Difference { line, removed, added } = difference;
    Ok(ConnectReport { client, file, change, entry, removed, added, line })
}

/// What the settings of a client say about us; nothing when there are none.
pub(crate) fn connected(context: &Context<'_>, client: Client) -> Result<Option<(PathBuf, Started)>, OpsError> {
    let Ok(file) = file(context, client, None) else { return Ok(None) };
    let Some(bytes) = atomic_write::read_if_there(&file)? else { return Ok(None) };
    let failed = |source| ConnectError::Settings { client, file: file.clone(), source };
    let text = String::from_utf8(bytes).map_err(|_| failed(EditError::NotText))?;
    let found = Document::read(client.kind(), &text).and_then(|document| document.get(client.place()));
    let found = found.map_err(failed)?.filter(|found| client.is_ours(found));
    Ok(found.map(|found| (file, client.started(&found))))
}

/// Where the settings are; a link is followed, so that it stays one.
fn file(context: &Context<'_>, client: Client, named: Option<&Path>) -> Result<PathBuf, OpsError> {
    let file = match named {
        Some(file) => context.path(file),
        None => client.settings(context.surroundings).ok_or(ConnectError::NoHome { client })?,
    };
    Ok(fs::canonicalize(&file).unwrap_or(file))
}

/// How a client starts us, whatever its own environment is (MCP-32).
fn command(context: &Context<'_>, words: &[String]) -> Result<Started, OpsError> {
    let program = fs::canonicalize(&context.program).map_err(IoError::on("find", &context.program))?;
    let text = |path: &Path| path.display().to_string();
    let mut env = Vec::new();
    if context.surroundings.variable(HOME_VARIABLE).is_some_and(|value| !value.is_empty()) {
        let home = context.home.config.parent().unwrap_or(&context.home.config);
        env.push((HOME_VARIABLE.to_owned(), text(home)));
    }
    let args = [client::SERVE.to_owned()].into_iter().chain(words.iter().cloned()).collect();
    Ok(Started { command: text(&program), args, env })
}

/// Names the home of somebody who has several.
pub(crate) const HOME_VARIABLE: &str = "MPP_HOME";

/// Puts the edited text in the place of the one that was read, unless that is not there any more (MCP-33).
fn write(client: Client, file: &Path, before: &str, edited: &str) -> Result<(), OpsError> {
    let now = atomic_write::read_if_there(file)?.unwrap_or_default();
    if now != before.as_bytes() {
        return Err(ConnectError::Changed { client, file: file.to_owned() }.into());
    }
    Ok(atomic_write::rewrite(file, edited.as_bytes())?)
}
