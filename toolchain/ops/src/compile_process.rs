//! Compiling in a process of its own (HOST-80, HOST-81): this program again, with little memory, little time, no files and no environment.
//!
//! The parent writes what is to be compiled and reads what came of it; nothing else passes between them. Whatever a hostile component
//! does to a compiler, it does there.

use crate::os;
use mpp_host::{CompileError, CompileJob, CompiledCode, Compiler, Fence};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The word that makes the program compile and nothing else.
pub const WORD: &str = "internal-compile";

/// Code is not larger than this.
const CODE_BYTES_MAX: u64 = 512 << 20;
/// The most threads that compile; each costs address space.
const THREADS_MAX: usize = 4;

/// What compiling one component may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Seconds of processor time, of all threads together.
    pub cpu_seconds: u64,
    /// Bytes of address space.
    pub memory_bytes: u64,
    /// How long it may take by the clock on the wall.
    pub time: Duration,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self { cpu_seconds: 60, memory_bytes: 2 << 30, time: Duration::from_secs(180) }
    }
}

/// Compiles in a process of its own.
#[derive(Debug, Clone)]
pub struct ChildCompiler {
    program: PathBuf,
    limits: CompileLimits,
}

impl ChildCompiler {
    /// `program` is this very program: called with [`WORD`], it calls [`serve`].
    pub fn new(program: PathBuf, limits: CompileLimits) -> Self {
        Self { program, limits }
    }

    fn start(&self) -> io::Result<Child> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
        let mut command = Command::new(&self.program);
        command.arg(WORD).env_clear().env("RAYON_NUM_THREADS", threads.to_string());
        // Each arena of glibc's allocator reserves address space.
        command.env("MALLOC_ARENA_MAX", THREADS_MAX.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
    }

    fn spent(&self, how: &str) -> CompileError {
        let CompileLimits { cpu_seconds, memory_bytes, .. } = self.limits;
        let memory = memory_bytes >> 20;
        CompileError::Limit(format!("{how}; it may use {cpu_seconds} s of processor time and {memory} MiB of memory"))
    }
}

impl Compiler for ChildCompiler {
    fn compile(&self, job: &CompileJob<'_>) -> Result<CompiledCode, CompileError> {
        let unavailable = |error: io::Error| CompileError::Unavailable(format!("the process that compiles: {error}"));
        let mut child = self.start().map_err(unavailable)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(CompileError::Unavailable("the process that compiles has no pipes".to_owned()));
        };
        let request = Request { engine: *job.engine().as_bytes(), limits: self.limits };
        let answer = talk(stdin, stdout, &request, job.component(), self.limits.time);
        if answer.is_none() {
            // It may have ended just now, which is as good.
            let _ = child.kill();
        }
        let status = child.wait().map_err(unavailable)?;
        let Some(answer) = answer else { return Err(self.spent("the process that compiles took too long")) };
        self.judge(status, answer.map_err(unavailable)?)
    }
}

impl ChildCompiler {
    #[allow(unsafe_code, reason = "only this function knows where the bytes come from")]
    fn judge(&self, status: ExitStatus, mut answer: Vec<u8>) -> Result<CompiledCode, CompileError> {
        if !status.success() {
            return Err(self.spent(&format!("the process that compiles ended with {status}")));
        }
        match answer.pop() {
            // SAFETY: the child is this same program, started above with a pipe that nobody else has. It ended well, and what it writes
            // before the byte `DONE` is what `compile_alone` returned.
            Some(DONE) => Ok(unsafe { CompiledCode::from_child(answer) }),
            Some(REFUSED) => Err(CompileError::Refused(String::from_utf8_lossy(&answer).into_owned())),
            _ => Err(CompileError::Unavailable(String::from_utf8_lossy(&answer).into_owned())),
        }
    }
}

/// Sends the request and reads the answer, in a thread beside so that the wait has an end. Nothing when the time is over.
fn talk(
    mut stdin: ChildStdin,
    stdout: ChildStdout,
    request: &Request,
    component: &[u8],
    time: Duration,
) -> Option<io::Result<Vec<u8>>> {
    let (send, receive) = mpsc::channel();
    let question = [request.to_bytes().as_slice(), component].concat();
    std::thread::spawn(move || {
        // A child that ended early does not read; how it ended says why.
        let _ = stdin.write_all(&question);
        drop(stdin);
        let mut answer = Vec::new();
        let read = stdout.take(CODE_BYTES_MAX).read_to_end(&mut answer);
        // Nobody waits any more when the time was over.
        let _ = send.send(read.map(|_| answer));
    });
    receive.recv_timeout(time).ok()
}

/// What stands before the component.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    engine: [u8; 32],
    limits: CompileLimits,
}

const REQUEST_BYTES: usize = 48;

impl Request {
    fn to_bytes(&self) -> [u8; REQUEST_BYTES] {
        let mut bytes = [0; REQUEST_BYTES];
        bytes[..32].copy_from_slice(&self.engine);
        bytes[32..40].copy_from_slice(&self.limits.cpu_seconds.to_le_bytes());
        bytes[40..].copy_from_slice(&self.limits.memory_bytes.to_le_bytes());
        bytes
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let (mut engine, mut cpu, mut memory) = ([0; 32], [0; 8], [0; 8]);
        from.read_exact(&mut engine)?;
        from.read_exact(&mut cpu)?;
        from.read_exact(&mut memory)?;
        let (cpu_seconds, memory_bytes) = (u64::from_le_bytes(cpu), u64::from_le_bytes(memory));
        Ok(Self { engine, limits: CompileLimits { cpu_seconds, memory_bytes, ..CompileLimits::default() } })
    }
}

/// The last byte of an answer says what the others are: code, or why there is none.
const DONE: u8 = 0;
const REFUSED: u8 = 1;
const UNAVAILABLE: u8 = 2;

/// The whole life of a process that was started with [`WORD`]: takes one request, confines itself, compiles, answers.
///
/// # Errors
/// When the pipes end early or the limits cannot be set; nothing was compiled then.
pub fn serve(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let request = Request::read(&mut input)?;
    Fence::nothing().raise().map_err(io::Error::other)?;
    os::confine(&request.limits)?;
    let mut component = Vec::new();
    input.read_to_end(&mut component)?;
    let (answer, kind) = match mpp_host::compile_alone(&component, &request.engine) {
        Ok(code) => (code, DONE),
        Err(CompileError::Refused(why)) => (why.into_bytes(), REFUSED),
        Err(error) => (error.to_string().into_bytes(), UNAVAILABLE),
    };
    output.write_all(&answer)?;
    output.write_all(&[kind])?;
    output.flush()
}
