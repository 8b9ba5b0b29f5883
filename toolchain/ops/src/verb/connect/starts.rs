//! Whether a client could start us: it is done as the client would, and asked for its tools.

use super::client::FORGOTTEN;
use serde_json::{Value as Json, json};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// The longest that it may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a client starts us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Started {
    /// The program.
    pub(crate) command: String,
    /// Its words.
    pub(crate) args: Vec<String>,
    /// Variables that are set for it.
    pub(crate) env: Vec<(String, String)>,
}

/// Starts it, and gives the number of tools that it offers, or why it did not work.
pub(crate) fn start(started: &Started) -> Result<usize, String> {
    let mut command = Command::new(&started.command);
    for name in FORGOTTEN {
        command.env_remove(name);
    }
    command.args(&started.args).envs(started.env.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("could not start `{}`: {error}", started.command))?;
    let asked = ask(&mut child);
    // It may have ended already.
    let _ = child.kill();
    let _ = child.wait();
    asked
}

fn ask(child: &mut Child) -> Result<usize, String> {
    let silent = || "it gave no answer".to_owned();
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { return Err(silent()) };
    let (told, answers) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if told.send(line).is_err() {
                return;
            }
        }
    });
    let hello = json!({
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "mpp doctor", "version": "1"},
    });
    let messages = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}),
    ];
    let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
    input.write_all(lines.as_bytes()).map_err(|_| silent())?;
    loop {
        let line = answers.recv_timeout(PATIENCE).map_err(|_| silent())?;
        let answer: Json =
            serde_json::from_str(&line).map_err(|_| "it said something that is no message".to_owned())?;
        if answer["id"] == 2 {
            let tools = answer["result"]["tools"].as_array();
            return tools.map(Vec::len).ok_or_else(|| "it did not list its tools".to_owned());
        }
    }
}
