//! `mpp serve` as an agent starts it: the installed tools, listed and called over pipes, and news when something is installed.

use crate::support::{Person, built_template};
use serde_json::{Value as Json, json};
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    sync::mpsc::{self, Receiver},
    time::Duration,
};

/// Somebody who can install acme:md.
pub(crate) fn person() -> Person {
    let person = Person::new();
    person.json(&["key", "new", "acme"]);
    person.json(&["registry", "init", "registry.git"]);
    person.json(&["registry", "add", "home", "registry.git"]);
    fs::copy(&built_template().1, person.path("md.mpp")).expect("the template was built");
    person.json(&["sign", "md.mpp", "--key", "acme"]);
    person.json(&["publish", "md.mpp", "--key", "acme"]);
    person
}

/// An agent that started `mpp serve`.
pub(crate) struct Agent {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Agent {
    pub(crate) fn start(person: &Person, words: &[&str]) -> Self {
        Self::start_with(person, words, Stdio::null())
    }

    /// The same, with the lines that it writes down for people.
    pub(crate) fn start_heard(person: &Person, words: &[&str]) -> (Self, Log) {
        let mut agent = Self::start_with(person, words, Stdio::piped());
        let lines = BufReader::new(agent.child.stderr.take().expect("a pipe")).lines();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        (agent, Log(told))
    }

    /// The same, without a word to it.
    pub(crate) fn start_silent(person: &Person, words: &[&str]) -> Self {
        Self::spawn(person, words, Stdio::null())
    }

    fn spawn(person: &Person, words: &[&str], log: Stdio) -> Self {
        let mut command = person.program(env!("CARGO_BIN_EXE_mpp"), &[&["serve"], words].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("mpp starts");
        let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Self { child, input, output: BufReader::new(output) }
    }

    fn start_with(person: &Person, words: &[&str], log: Stdio) -> Self {
        let mut agent = Self::spawn(person, words, log);
        agent.ask(
            "initialize",
            &json!({"protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"}}),
        );
        agent.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        agent
    }

    pub(crate) fn say(&mut self, message: &Json) {
        writeln!(self.input, "{message}").expect("mpp reads");
    }

    pub(crate) fn hear(&mut self) -> Json {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("mpp answers");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no message: `{line}`"))
    }

    pub(crate) fn ask(&mut self, method: &str, params: &Json) -> Json {
        self.say(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}));
        self.hear()["result"].clone()
    }

    pub(crate) fn names(&mut self) -> Vec<String> {
        let listed = self.ask("tools/list", &json!({}));
        let tools = listed["tools"].as_array().expect("a list").iter();
        tools.map(|tool| tool["name"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Ends the input, and gives the exit code and what was still said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        drop(self.input);
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.output, &mut rest).expect("mpp ends");
        (self.child.wait().expect("mpp ends").code(), rest)
    }
}

/// What `mpp serve` writes down for people.
pub(crate) struct Log(Receiver<String>);

impl Log {
    /// Reads on to a line that holds these words.
    fn wait_for(&self, words: &str) -> String {
        let mut seen = Vec::new();
        loop {
            let line = self.0.recv_timeout(Duration::from_secs(60));
            let line = line.unwrap_or_else(|_| panic!("nobody said `{words}`: {seen:?}"));
            if line.contains(words) {
                return line;
            }
            seen.push(line);
            assert!(seen.len() < 200, "nobody said `{words}`: {seen:?}");
        }
    }
}

/// IDX-64: what is blocked while a session goes on is refused in it, and an update that fails changes nothing.
#[test]
fn idx_64_blocks_are_learned_of_while_an_agent_is_served() {
    let author = person();
    let user = Person::new();
    let url = format!("file://{}", author.path("registry.git").display());
    user.json(&["registry", "add", "home", &url]);
    user.json(&["install", "acme:md"]);
    let (mut agent, log) = Agent::start_heard(&user, &["--update-every", "1s"]);
    let call =
        |agent: &mut Agent| agent.ask("tools/call", &json!({"name": "md_outline", "arguments": {"text": "# Milk"}}));
    assert!(call(&mut agent)["structuredContent"].to_string().contains("Milk"));

    let state = || user.read("home/data/registries/home/state.json");
    let away = author.path("away.git");
    fs::rename(author.path("registry.git"), &away).expect("it can be moved");
    log.wait_for("registry.unreachable");
    let before = state();
    log.wait_for("registry.unreachable");
    assert_eq!(before, state(), "what was believed is believed");
    assert!(call(&mut agent)["structuredContent"].to_string().contains("Milk"));

    fs::rename(&away, author.path("registry.git")).expect("it can be moved");
    author.json(&["block", "acme:md@0.1.0", "--as-registry", "--reason", "malware"]);
    let line = log.wait_for("was blocked");
    assert!(line.contains("acme:md@0.1.0") && line.contains("malware"), "{line}");
    let refused = call(&mut agent);
    assert!(refused["isError"] == true && refused.to_string().contains("pkg.blocked"), "{refused}");
    assert_ne!(before, state());
    assert_eq!(agent.end().0, Some(0));

    let mut agent = Agent::start(&user, &["--update-every", "never"]);
    assert!(call(&mut agent).to_string().contains("pkg.blocked"), "it is remembered");
    assert_eq!(user.refusal(&["serve", "--update-every", "0s"]).0, "usage");
}

#[test]
fn an_agent_lists_and_calls_what_is_installed() {
    let person = person();
    let mut agent = Agent::start(&person, &[]);
    assert!(agent.names().is_empty());
    person.json(&["install", "acme:md"]);
    assert_eq!(agent.hear()["method"], "notifications/tools/list_changed");

    let names = agent.names();
    assert!(names.contains(&"md_outline".to_owned()) && names.is_sorted(), "{names:?}");
    let listed = agent.ask("tools/list", &json!({}));
    let outline = listed["tools"].as_array().expect("a list").iter().find(|tool| tool["name"] == "md_outline");
    let outline = outline.expect("it is listed");
    assert_eq!(outline["title"], "Outline (acme:md)");
    assert_eq!(outline["inputSchema"]["properties"]["text"]["type"], "string");
    let harmless =
        json!({"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false});
    assert_eq!(outline["annotations"], harmless);

    let called = agent.ask("tools/call", &json!({"name": "md_outline", "arguments": {"text": "# Milk"}}));
    assert!(called["structuredContent"].to_string().contains("Milk"), "{called}");
    assert_eq!(called["_meta"]["dev.mpp/package"]["name"], "acme:md");
    let wrong = agent.ask("tools/call", &json!({"name": "md_outline", "arguments": {"txt": 1}}));
    assert_eq!(wrong["isError"], true);
    assert!(wrong["content"][0]["text"].as_str().unwrap_or_default().contains("text"), "{wrong}");

    person.json(&["uninstall", "acme:md"]);
    assert_eq!(agent.hear()["method"], "notifications/tools/list_changed");
    assert_eq!(agent.end(), (Some(0), String::new()));
}

#[test]
fn only_the_wanted_tools_are_offered() {
    let person = person();
    person.json(&["install", "acme:md"]);
    let mut agent = Agent::start(&person, &["--tools", "acme:md/out*"]);
    assert_eq!(agent.names(), ["md_outline"]);
    let mut agent = Agent::start(&person, &["--tools", "other:*"]);
    assert!(agent.names().is_empty());
    assert_eq!(person.refusal(&["serve", "--tools", "md"]).0, "usage");
}

/// MCP-19.
#[test]
fn tools_are_called_what_the_user_calls_them() {
    let person = person();
    person.json(&["install", "acme:md"]);
    let mut agent = Agent::start(&person, &[]);
    let before = agent.names();
    let named = person.json(&["alias", "summary_of", "acme:md/outline"]);
    assert_eq!(named["names"], json!([{"name": "summary_of", "tool": "acme:md/outline"}]));
    assert_eq!(agent.hear()["method"], "notifications/tools/list_changed");
    let names = agent.names();
    assert!(names.contains(&"summary_of".to_owned()) && !names.contains(&"md_outline".to_owned()), "{names:?}");
    let called = agent.ask("tools/call", &json!({"name": "summary_of", "arguments": {"text": "# Milk"}}));
    assert!(called["structuredContent"].to_string().contains("Milk"), "{called}");
    let taken = names.iter().find(|name| *name != "summary_of").expect("the template has several tools");
    assert_eq!(person.refusal(&["alias", taken, "acme:md/outline"]).0, "usage");
    assert_eq!(person.refusal(&["alias", "A-B", "acme:md/outline"]).0, "usage");
    assert_eq!(person.refusal(&["alias", "other", "acme:md/none"]).0, "tool.unknown");
    assert_eq!(person.refusal(&["alias", "--remove", "other"]).0, "usage");
    person.json(&["alias", "--remove", "summary_of"]);
    assert_eq!(agent.hear()["method"], "notifications/tools/list_changed");
    assert_eq!(agent.names(), before);
}

/// MCP-26.
#[test]
fn many_tools_cost_few_tokens_when_they_are_searched() {
    let person = person();
    person.json(&["install", "acme:md"]);
    let mut agent = Agent::start(&person, &["--search"]);
    assert_eq!(agent.names(), ["call", "find"]);
    let found = agent.ask("tools/call", &json!({"name": "find", "arguments": {"query": "outline", "limit": 1}}));
    assert_eq!(found["structuredContent"]["tools"][0]["name"], "md_outline");
    let words = json!({"name": "md_outline", "arguments": {"text": "# Milk"}});
    let called = agent.ask("tools/call", &json!({"name": "call", "arguments": words}));
    assert!(called["structuredContent"].to_string().contains("Milk"), "{called}");

    let cost = person.json(&["list", "--tokens"]);
    let tools = cost["tools"].as_array().expect("a list");
    let sum: u64 = tools.iter().map(|tool| tool["tokens"].as_u64().expect("a number")).sum();
    assert_eq!(cost["all"], sum);
    assert!(cost["search"].as_u64().is_some_and(|tokens| tokens > 0));
    assert!(person.mpp(&["list", "--tokens"]).out.contains("with `mpp serve --search`: about"));
}
