//! A person at a real terminal, and one without any: `script` makes the first, `setsid` the second.

use crate::support::{Ended, Person};
use serde_json::Value as Json;
use std::{
    io::{Read as _, Write as _},
    process::Stdio,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

const MPP: &str = env!("CARGO_BIN_EXE_mpp");

/// Nothing here takes as long as this: it turns a question that never comes into a failure.
const PATIENCE: Duration = Duration::from_secs(120);

impl Person {
    /// Runs a shell script in a session of its own, without a terminal. `mpp` is the program.
    pub(crate) fn detached_script(&self, script: &str) -> Ended {
        let script = format!("mpp() {{ '{MPP}' \"$@\"; }}\n{script}");
        let output = self.program("setsid", &["--wait", "sh", "-c", &script]).stdin(Stdio::null()).output();
        let output = output.expect("setsid starts");
        Ended {
            exit: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs `mpp --json` in a session of its own, without a terminal.
    #[track_caller]
    pub(crate) fn detached(&self, words: &[&str]) -> Json {
        let all = [&["--wait", MPP, "--json"], words].concat();
        let output = self.program("setsid", &all).stdin(Stdio::null()).output().expect("setsid starts");
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("mpp {words:?} printed no JSON object: {text}"))
    }

    /// The code of a refusal, without a terminal.
    #[track_caller]
    pub(crate) fn detached_refusal(&self, words: &[&str]) -> String {
        let json = self.detached(words);
        json["error"]["code"].as_str().unwrap_or_else(|| panic!("mpp {words:?} went well: {json}")).to_owned()
    }

    /// Runs `mpp` on a terminal of its own, waits for each question, and types its answer. Gives what the terminal showed.
    #[track_caller]
    pub(crate) fn on_terminal(&self, words: &str, answers: &[(&str, &str)]) -> Ended {
        let line = format!("'{MPP}' {words}");
        let mut command = self.program("script", &["--quiet", "--return", "--command", &line, "/dev/null"]);
        let command = command.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("script starts");
        let mut keyboard = child.stdin.take().expect("a pipe");
        let screen = watch(child.stdout.take().expect("a pipe"));
        let (mut shown, mut answered) = (String::new(), 0);
        for (question, answer) in answers {
            while !shown[answered..].contains(question) {
                match screen.recv_timeout(PATIENCE) {
                    Ok(text) => shown.push_str(&text),
                    Err(_) => panic!("`{question}` was never asked:\n{shown}"),
                }
            }
            answered = shown.len();
            let answer = if *answer == AS_ASKED { wanted(&shown) } else { (*answer).to_owned() };
            keyboard.write_all(format!("{answer}\n").as_bytes()).expect("the terminal takes an answer");
        }
        while let Ok(text) = screen.recv_timeout(PATIENCE) {
            shown.push_str(&text);
        }
        let exit = child.wait().expect("script ends").code().unwrap_or(-1);
        Ended { exit, out: shown, err: String::new() }
    }
}

/// Stands for what a question says is to be typed.
pub(crate) const AS_ASKED: &str = "{as asked}";

/// The code or phrase that the last question wants.
fn wanted(shown: &str) -> String {
    let asked = shown.rsplit("to allow this one call, type ").next().unwrap_or_default();
    asked.trim_end().trim_end_matches(':').trim_matches('`').to_owned()
}

/// What a terminal shows, as it comes; ends when it closes.
fn watch(mut screen: std::process::ChildStdout) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = screen.read(&mut bytes) {
            if send.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).is_err() {
                return;
            }
        }
    });
    receive
}
