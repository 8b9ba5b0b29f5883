//! The only reader of the environment, the clock and the terminal: turns them into the context that verbs work in.

use crate::{cli::Global, exit::Exit, os};
use mpp_ops::{
    Around, Context, Event, OpsError, Outside, Passwords, SecretValue, Surroundings, Terminal, compile_process,
    home::Home, secrets, verb::serve::Pipes,
};
use mpp_schema::{Code, Coded, Instant, codes};
use std::{
    env,
    ffi::OsString,
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The words of the command line. As a cargo subcommand the first word after the program is `mpp`; the shim has removed it.
pub fn arguments() -> Vec<OsString> {
    env::args_os().collect()
}

/// Where the state of the user should be cannot be found out.
#[derive(Debug, thiserror::Error)]
enum ContextError {
    #[error("could not find a folder for the state of mpp: neither MPP_HOME nor HOME is set")]
    NoHome,
    #[error("could not use the folder `{}`", .0.display())]
    Folder(PathBuf, #[source] std::io::Error),
    #[error("could not use standard input and output")]
    Streams(#[source] std::io::Error),
    #[error("could not read the clock: it shows a time before 1970")]
    Clock,
}

impl Coded for ContextError {
    fn code(&self) -> Code {
        match self {
            Self::NoHome => codes::USAGE,
            Self::Folder(..) | Self::Streams(_) => codes::IO_FAILED,
            Self::Clock => codes::CLOCK_BACKWARDS,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoHome => vec!["export MPP_HOME=/path/to/a/folder".to_owned()],
            Self::Folder(..) => vec!["name an existing folder: mpp -C FOLDER …".to_owned()],
            Self::Streams(_) => Vec::new(),
            Self::Clock => vec!["set the clock of this machine".to_owned()],
        }
    }
}

/// The context of this process.
pub fn context<'a>(
    global: &Global,
    passwords: &'a dyn Passwords,
    tell: &'a dyn Fn(Event),
    terminal: &'a dyn Terminal,
) -> Result<Context<'a>, OpsError> {
    let home = match variable("MPP_HOME") {
        Some(folder) => Home::below(&absolute(folder)?),
        None => xdg_home()?,
    };
    let folder = match &global.directory {
        Some(folder) => folder.canonicalize().map_err(|error| ContextError::Folder(folder.clone(), error))?,
        None => env::current_dir().map_err(|error| ContextError::Folder(".".into(), error))?,
    };
    Ok(Context { home, program: program()?, folder, now: now()?, passwords, tell, terminal, surroundings: &Process })
}

/// This program. On Linux by the name that stays right when the file is replaced meanwhile.
fn program() -> Result<PathBuf, ContextError> {
    if cfg!(target_os = "linux") {
        return Ok("/proc/self/exe".into());
    }
    env::current_exe().map_err(|error| ContextError::Folder("the program's own file".into(), error))
}

/// What another `mpp` started this one for, and nothing else.
pub fn inner_process(arguments: &[OsString]) -> Option<ExitCode> {
    let (input, output) = (|| std::io::stdin().lock(), || std::io::stdout().lock());
    let served = match arguments.get(1)?.to_str()? {
        compile_process::WORD => compile_process::serve(input(), output()),
        secrets::process::WORD => secrets::process::serve(input(), output()),
        _ => return None,
    };
    Some(served.map_or(Exit::Host, |()| Exit::Success).into())
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn absolute(folder: PathBuf) -> Result<PathBuf, ContextError> {
    std::path::absolute(&folder).map_err(|error| ContextError::Folder(folder, error))
}

fn xdg_home() -> Result<Home, ContextError> {
    let home = || variable("HOME").or_else(|| variable("USERPROFILE")).ok_or(ContextError::NoHome);
    let folder = |name: &str, fallback: &str| match variable(name).filter(|path| path.is_absolute()) {
        Some(path) => Ok(path.join("mpp")),
        None => Ok::<_, ContextError>(home()?.join(fallback).join("mpp")),
    };
    Ok(Home {
        config: folder("XDG_CONFIG_HOME", ".config")?,
        data: folder("XDG_DATA_HOME", ".local/share")?,
        cache: folder("XDG_CACHE_HOME", ".cache")?,
    })
}

fn now() -> Result<Instant, ContextError> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| ContextError::Clock)?;
    i64::try_from(since_1970.as_secs()).ok().and_then(Instant::from_unix_seconds).ok_or(ContextError::Clock)
}

/// What this process knows of its surroundings.
struct Process;

impl Surroundings for Process {
    fn variable(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }

    fn user_home(&self) -> Option<PathBuf> {
        variable("HOME").or_else(|| variable("USERPROFILE"))
    }

    fn session(&self) -> String {
        os::session()
    }

    fn now(&self) -> Option<Instant> {
        now().ok()
    }
}

/// The same for a process that serves: it is a session of its own, and what it has to tell goes to stderr.
struct Serving {
    session: String,
}

impl Surroundings for Serving {
    fn variable(&self, name: &str) -> Option<String> {
        Process.variable(name)
    }

    fn user_home(&self) -> Option<PathBuf> {
        Process.user_home()
    }

    fn session(&self) -> String {
        self.session.clone()
    }

    fn now(&self) -> Option<Instant> {
        Process.now()
    }
}

impl Around for Serving {
    fn tell(&self, event: Event) {
        crate::ui::log(&event);
    }
}

/// What a process that serves works in.
pub fn outside(context: &Context<'_>) -> Outside {
    let Context { home, program, folder, now, .. } = context;
    let session = format!("serve {} of {}", std::process::id(), os::session());
    Outside {
        home: home.clone(),
        program: program.clone(),
        folder: folder.clone(),
        began: *now,
        around: Arc::new(Serving { session }),
    }
}

/// Standard input and output, for a protocol alone: whatever else is printed goes to stderr from now on.
pub fn pipes() -> Result<Pipes, OpsError> {
    let streams = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let (input, output) = os::pipes(&streams.0, &streams.1, &streams.2).map_err(ContextError::Streams)?;
    Ok(Pipes { input, output })
}

/// Passwords from `MPP_KEY_PASSWORD`, else asked for on a terminal without echo, else none.
pub struct TerminalPasswords;

const PASSWORD_VARIABLE: &str = "MPP_KEY_PASSWORD";

impl Passwords for TerminalPasswords {
    fn password(&self, key: &str) -> Option<String> {
        env::var(PASSWORD_VARIABLE).ok().or_else(|| ask(&format!("password of the key `{key}`: ")))
    }

    fn secret(&self, question: &str) -> Option<SecretValue> {
        ask(question).map(SecretValue::new)
    }

    fn new_password(&self, key: &str) -> Option<String> {
        let given = env::var(PASSWORD_VARIABLE).ok();
        let password = given.or_else(|| ask_twice(key))?;
        (!password.is_empty()).then_some(password)
    }
}

fn ask_twice(key: &str) -> Option<String> {
    loop {
        let first = ask(&format!("new password for the key `{key}` (empty for none): "))?;
        if first.is_empty() || ask("the same again: ")? == first {
            return Some(first);
        }
    }
}

fn ask(question: &str) -> Option<String> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    let mut stderr = std::io::stderr();
    stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush()).ok()?;
    rpassword::read_password().ok()
}

/// This program and the machine that it was built for.
pub fn version() -> String {
    format!("{} on {} {}", env!("CARGO_PKG_VERSION"), env::consts::OS, env::consts::ARCH)
}

/// Whether the environment leaves colours on.
pub fn colors_wanted() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
