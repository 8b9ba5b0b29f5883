//! Asks the program under test one question: request on stdin, answer on stdout.
//!
//! The program may be wrong in every way. Its answer is bounded, and when its time is over it is ended by its own handle.

use anyhow::{Context as _, bail, ensure};
use serde_json::Value as Json;
use std::{
    io::{Read as _, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// How often a program that closed its output is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(2);

/// The program's answer as text. A program that fails, hangs or says too much is an error.
pub(crate) fn ask(program: &[String], request: &Json, time_max: Duration) -> anyhow::Result<String> {
    let deadline = Instant::now() + time_max;
    let (path, arguments) = program.split_first().context("no program")?;
    let mut child = Command::new(path)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{path}`"))?;
    let answer = converse(&mut child, format!("{request}\n"), deadline);
    if answer.is_err() {
        // It may have ended by itself meanwhile; then there is nothing to end.
        let _ = child.kill();
        let _ = child.wait();
    }
    answer
}

fn converse(child: &mut Child, request: String, deadline: Instant) -> anyhow::Result<String> {
    let (stdin, stdout) = (child.stdin.take().context("no stdin")?, child.stdout.take().context("no stdout")?);
    send(stdin, request);
    let bytes = receive(stdout).recv_timeout(deadline.saturating_duration_since(Instant::now()));
    let bytes = bytes.context("no answer in time")?.context("cannot read the answer")?;
    ensure!(bytes.len() as u64 <= ANSWER_BYTES_MAX, "the answer is longer than {ANSWER_BYTES_MAX} bytes");
    let status = wait(child, deadline)?;
    ensure!(status.success(), "the program ended with {status}");
    String::from_utf8(bytes).context("the answer is not UTF-8")
}

/// Writes on a thread of its own, because a program need not read its input before it answers.
fn send(mut stdin: ChildStdin, request: String) {
    thread::spawn(move || {
        // A program that closes its input early is judged by its answer.
        let _ = stdin.write_all(request.as_bytes());
    });
}

fn receive(stdout: ChildStdout) -> Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.take(ANSWER_BYTES_MAX + 1).read_to_end(&mut bytes);
        // Nobody listens any more when the time was over.
        let _ = sender.send(read.map(|_| bytes));
    });
    receiver
}

fn wait(child: &mut Child, deadline: Instant) -> anyhow::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= deadline {
            bail!("the program answered but did not end in time");
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::ask;
    use serde_json::json;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(30);

    #[track_caller]
    fn check(script: &str, time_max: Duration, expected: Result<&str, &str>) {
        let program = ["sh", "-c", script].map(str::to_owned);
        match (ask(&program, &json!({ "n": 1 }), time_max), expected) {
            (Ok(answer), Ok(expected)) => assert_eq!(answer.trim(), expected),
            (Err(problem), Err(part)) => assert!(format!("{problem:#}").contains(part), "{problem:#}"),
            (answer, expected) => panic!("expected {expected:?}, found {answer:?}"),
        }
    }

    #[test]
    fn the_request_arrives_and_the_answer_comes_back() {
        check("cat", LONG, Ok(r#"{"n":1}"#));
        check("echo done", LONG, Ok("done"));
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        check("exec tail -f /dev/null", Duration::from_millis(50), Err("no answer in time"));
        check("exec >&-; exec sleep 600", Duration::from_millis(50), Err("did not end in time"));
    }

    #[test]
    fn a_program_that_fails_or_floods_is_an_error() {
        check("exit 3", LONG, Err("exit status: 3"));
        check("yes", LONG, Err("longer than"));
        check(r"printf '\377'", LONG, Err("not UTF-8"));
    }
}
