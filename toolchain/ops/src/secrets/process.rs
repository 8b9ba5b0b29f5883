//! Looking secrets up in a process of its own: whoever talks to a keyring starts threads that stay, and a fence that is raised later does not
//! bind them (HOST-92).
//!
//! The process is this program again. The question and the answer are JSON and go through pipes that nobody else has.

use super::{Found, SecretSettings, SecretStore};
use crate::home::Home;
use mpp_host::SecretValue;
use mpp_schema::{Ident, PackageName};
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// The word that makes the program look secrets up and do nothing else.
pub const WORD: &str = "internal-secrets";

/// A question and an answer are not larger than this.
const BYTES_MAX: u64 = 16 << 20;

#[derive(Serialize, Deserialize)]
struct Question {
    config: PathBuf,
    data: PathBuf,
    cache: PathBuf,
    bus: Option<String>,
    password: Option<Zeroizing<String>>,
    package: PackageName,
    names: Vec<Ident>,
}

/// For each name in turn: its value, or none, or why it cannot be had.
type Answer = Vec<Result<Option<Zeroizing<String>>, String>>;

/// Asks a process of `program` for these secrets of a package.
pub(super) fn ask(
    program: &Path,
    home: &Home,
    settings: &SecretSettings,
    package: &PackageName,
    names: &[Ident],
) -> io::Result<Vec<Found>> {
    let Home { config, data, cache } = home.clone();
    let password = settings.password.as_ref().map(|password| Zeroizing::new(password.expose().to_owned()));
    let (bus, package, names) = (settings.bus.clone(), package.clone(), names.to_vec());
    let count = names.len();
    let question = Question { config, data, cache, bus, password, package, names };
    let question = Zeroizing::new(serde_json::to_vec(&question)?);

    let mut command = Command::new(program);
    let mut child = command.arg(WORD).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let talked = talk(stdin.zip(stdout), &question);
    let ended = child.wait()?;
    let answer: Answer = talked?;
    if !ended.success() || answer.len() != count {
        return Err(io::Error::other(format!("it ended with {ended}")));
    }
    let value = |value: Zeroizing<String>| SecretValue::new(value.as_str().to_owned());
    Ok(answer.into_iter().map(|found| found.map(|found| found.map(value))).collect())
}

/// The process reads the whole question before it answers, so that neither waits for the other.
fn talk(pipes: Option<(impl Write, impl Read)>, question: &[u8]) -> io::Result<Answer> {
    let (mut stdin, stdout) = pipes.ok_or_else(|| io::Error::other("it has no pipes"))?;
    stdin.write_all(question)?;
    drop(stdin);
    let mut answer = Zeroizing::new(Vec::new());
    stdout.take(BYTES_MAX).read_to_end(&mut answer)?;
    Ok(serde_json::from_slice(&answer)?)
}

/// The whole life of a process that was started with [`WORD`]: takes one question and answers it.
///
/// # Errors
/// When the pipes end early, or what came is no question.
pub fn serve(input: impl Read, mut output: impl Write) -> io::Result<()> {
    let mut text = Zeroizing::new(Vec::new());
    input.take(BYTES_MAX).read_to_end(&mut text)?;
    let question: Question = serde_json::from_slice(&text)?;
    let Question { config, data, cache, bus, password, package, names } = question;
    let password = password.map(|password| SecretValue::new(password.as_str().to_owned()));
    let store = SecretStore::open(&Home { config, data, cache }, &SecretSettings { bus, password });
    let value = |value: SecretValue| Zeroizing::new(value.expose().to_owned());
    let found = |name: &Ident| store.get(&package, name).map(|found| found.map(value)).map_err(|error| error.message());
    let answer: Answer = names.iter().map(found).collect();
    output.write_all(&Zeroizing::new(serde_json::to_vec(&answer)?))?;
    output.flush()
}
