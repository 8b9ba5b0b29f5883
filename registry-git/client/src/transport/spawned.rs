//! A program that speaks git's protocol on its standard streams: `git upload-pack` for `file://`, and ssh.
//!
//! It sees a bare environment. What it says about errors is kept for a message, and never reaches the terminal as it stands.

use super::{
    budget::{Bounded, Budget},
    settings::{SSH_OPTIONS, Settings},
};
use crate::RegistryError;
use gix::{
    bstr::ByteSlice as _,
    url::{ArgumentSafety, Scheme, Url},
};
use gix_transport::{
    Protocol,
    client::git::{ConnectMode, blocking_io::Connection},
};
use std::{
    io::{self, Read},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::JoinHandle,
    time::Duration,
};

/// How long a program may be silent. Git's own says something every five seconds while it works.
const SILENCE: Duration = Duration::from_secs(60);
/// How much of what a program says about errors is kept.
const TALK_BYTES_MAX: u64 = 4 << 10;
const BLOCK_BYTES: usize = 32 << 10;

/// What a connection to a program is.
pub(super) type Wire = Connection<Bounded<Output>, ChildStdin>;

/// A running program. It ends no later than this value.
pub(super) struct Program {
    child: Child,
    talk: Option<JoinHandle<Vec<u8>>>,
}

impl Program {
    /// Ends the program; gives what it said about errors.
    pub(super) fn end(&mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let talk = self.talk.take().and_then(|talk| talk.join().ok()).unwrap_or_default();
        String::from_utf8_lossy(&talk).into_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts the program that an address needs.
pub(super) fn start(url: &Url, settings: &Settings, budget: Budget) -> Result<(Program, Wire), RegistryError> {
    let mut command = match url.scheme {
        Scheme::Ssh => ssh(url, settings)?,
        _ => upload_pack(url, settings)?,
    };
    command.env("GIT_PROTOCOL", "version=2");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| not_started(url, settings, error))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let talk = child.stderr.take().map(|stderr| std::thread::spawn(move || listen(stderr)));
    let program = Program { child, talk };
    let (Some(stdin), Some(stdout)) = (stdin, stdout) else {
        return Err(RegistryError::NoGit(io::Error::other("its standard streams are missing")));
    };
    let output = Bounded { inner: Output::of(stdout), budget };
    let path = url.path.clone();
    let host = None::<(&str, Option<u16>)>;
    Ok((program, Connection::new(output, stdin, Protocol::V2, path, host, ConnectMode::Process, false)))
}

fn not_started(url: &Url, settings: &Settings, error: io::Error) -> RegistryError {
    match url.scheme {
        Scheme::Ssh => RegistryError::Unreachable {
            location: url.to_bstring().to_string(),
            detail: format!("started `{}`: {error}", settings.ssh().display()),
        },
        _ => RegistryError::NoGit(error),
    }
}

fn upload_pack(url: &Url, settings: &Settings) -> Result<Command, RegistryError> {
    let mut command = settings.command("git");
    let path = url.path.to_path().map_err(|_| misread(url, "its path is not text of this system"))?;
    command.arg("upload-pack").arg("--").arg(path);
    Ok(command)
}

fn ssh(url: &Url, settings: &Settings) -> Result<Command, RegistryError> {
    let mut command = settings.command(settings.ssh());
    command.args(SSH_OPTIONS).arg("-oSendEnv=GIT_PROTOCOL");
    if let Some(port) = url.port {
        command.arg(format!("-p{port}"));
    }
    let host = match (url.user_as_argument(), url.host_as_argument()) {
        (ArgumentSafety::Absent, ArgumentSafety::Usable(host)) => host.to_owned(),
        (ArgumentSafety::Usable(user), ArgumentSafety::Usable(host)) => format!("{user}@{host}"),
        _ => return Err(misread(url, "the host is missing, or the user or the host begins with `-`")),
    };
    let path = gix::url::expand_path::for_shell(url.path.clone());
    if path.trim().first() == Some(&b'-') {
        return Err(misread(url, "the path begins with `-`"));
    }
    let quoted = gix::quote::single(path.as_bstr());
    command.arg(host).arg(format!("git-upload-pack {quoted}"));
    Ok(command)
}

fn misread(url: &Url, reason: &'static str) -> RegistryError {
    RegistryError::Location { text: url.to_bstring().to_string().chars().take(200).collect(), reason }
}

fn listen(mut stderr: ChildStderr) -> Vec<u8> {
    let mut talk = Vec::new();
    let _ = stderr.by_ref().take(TALK_BYTES_MAX).read_to_end(&mut talk);
    let _ = io::copy(&mut stderr, &mut io::sink());
    talk
}

/// What a program says, read by a thread so that waiting for it has an end.
pub(super) struct Output {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: io::Cursor<Vec<u8>>,
}

impl Output {
    fn of(stdout: ChildStdout) -> Self {
        let (sender, blocks) = sync_channel(2);
        std::thread::spawn(move || pump(stdout, &sender));
        Self { blocks, block: io::Cursor::default() }
    }
}

fn pump(mut stdout: ChildStdout, sender: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut block = vec![0; BLOCK_BYTES];
        let read = stdout.read(&mut block);
        let last = !matches!(read, Ok(1..));
        let sent = sender.send(read.map(|read| {
            block.truncate(read);
            block
        }));
        if last || sent.is_err() {
            return;
        }
    }
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.block.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        match self.blocks.recv_timeout(SILENCE) {
            Ok(block) => self.block = io::Cursor::new(block?),
            Err(RecvTimeoutError::Disconnected) => return Ok(0),
            Err(RecvTimeoutError::Timeout) => {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("nothing came for {} s", SILENCE.as_secs()),
                ));
            }
        }
        self.block.read(buffer)
    }
}
