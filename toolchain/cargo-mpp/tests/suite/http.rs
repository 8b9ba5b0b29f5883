//! `mpp serve --http` as agents use it: who they are is their token, what they may do is theirs, and it ends with the token (rules MCP-40 to MCP-49).

use crate::{serve, support::Person};
use serde_json::{Value as Json, json};
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
    time::Duration,
};

/// A server that is ended with the test.
struct Server {
    child: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(person: &Person) -> Self {
        let words = ["serve", "--http", "127.0.0.1:0", "--wait", "0", "--update-every", "never"];
        let mut command = person.program(env!("CARGO_BIN_EXE_mpp"), &words);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("mpp starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let url = lines.find_map(|line| {
            let (_, rest) = line.split_once("listening on ")?;
            Some(rest.split(';').next().unwrap_or_default().to_owned())
        });
        // What it says later is read, so that it can say it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: url.expect("it says where it listens") }
    }

    /// The status, and the answer if there is one.
    fn ask(&self, token: &str, method: &str, params: &Json) -> (u16, Json) {
        let config =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60)));
        let agent: ureq::Agent = config.build().into();
        let request = agent.post(&self.url).header("Authorization", format!("Bearer {token}"));
        let request =
            request.header("Accept", "application/json, text/event-stream").header("Content-Type", "application/json");
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let mut response = request.header("MCP-Protocol-Version", "2025-11-25").send(message).expect("it answers");
        let text = response.body_mut().read_to_string().expect("a whole answer");
        (response.status().as_u16(), serde_json::from_str(&text).unwrap_or_default())
    }

    fn call(&self, token: &str) -> Json {
        let (status, answer) =
            self.ask(token, "tools/call", &json!({"name": "md_outline", "arguments": {"text": "# Milk"}}));
        assert_eq!(status, 200, "{answer}");
        answer["result"].clone()
    }
}

fn token(person: &Person, agent: &str) -> String {
    person.json(&["agent", "token", agent])["token"].as_str().expect("a token").to_owned()
}

/// MCP-43: each agent is what its token says, and no longer than it counts.
#[test]
fn an_agent_is_its_token() {
    let person = serve::person();
    person.json(&["install", "acme:md"]);
    for agent in ["desk", "phone"] {
        person.json(&["agent", "new", agent]);
    }
    person.json(&["agent", "allow", "phone", "--package", "acme:other"]);
    let (desk, phone) = (token(&person, "desk"), token(&person, "phone"));
    let kept = String::from_utf8(person.read("home/data/agents/desk.token")).expect("text");
    assert!(!kept.contains(&desk["mpp-agent-".len()..]) && desk.len() > 60, "a digest is kept");

    let server = Server::start(&person);
    let listed = server.ask(&desk, "tools/list", &json!({}));
    assert!(listed.0 == 200 && listed.1.to_string().contains("md_outline"), "{listed:?}");
    assert!(server.call(&desk)["structuredContent"].to_string().contains("Milk"));
    // What a client says of itself is not read.
    let refused = server.call(&phone);
    assert!(refused["isError"] == true && refused.to_string().contains("agent.unknown"), "{refused}");
    let records = person.json(&["log", "show"])["records"].to_string();
    assert!(records.contains(person.json(&["agent", "list"])["agents"][0]["id"].as_str().expect("an id")), "{records}");

    let ask = |token: &str| server.ask(token, "tools/list", &json!({})).0;
    for wrong in ["", "mpp-agent-", &desk[..desk.len() - 1], &desk.to_uppercase()] {
        assert_eq!(ask(wrong), 401, "{wrong}");
    }
    let newer = token(&person, "desk");
    assert_eq!((ask(&desk), ask(&newer)), (401, 200));
    assert_eq!(person.json(&["agent", "token", "desk", "--remove"])["removed"], true);
    assert_eq!(person.json(&["agent", "token", "desk", "--remove"])["removed"], false);
    assert_eq!(ask(&newer), 401);
    assert_eq!(ask(&phone), 200);
    person.json(&["agent", "revoke", "phone"]);
    assert_eq!(ask(&phone), 401);
}

/// CONS-50: a change of what an agent may do counts from its next call on.
#[test]
fn what_an_agent_may_do_is_looked_up() {
    let person = serve::person();
    person.json(&["install", "acme:md"]);
    person.json(&["agent", "new", "desk", "--level", "L0"]);
    let desk = token(&person, "desk");
    std::fs::create_dir_all(person.home().join("config")).expect("a folder");
    let policy = "[[require]]\npackage = \"acme:md\"\nlevel = \"L1\"\n";
    std::fs::write(person.home().join("config/policy.toml"), policy).expect("a policy");
    let server = Server::start(&person);
    let refused = server.call(&desk);
    assert!(refused["isError"] == true && refused.to_string().contains("agent.unknown"), "{refused}");
    person.json(&["agent", "allow", "desk", "--level", "L1"]);
    assert_eq!(server.call(&desk)["isError"], false);
}

/// MCP-40: nobody else is listened to by accident.
#[test]
fn other_machines_are_not_listened_to_by_accident() {
    let person = serve::person();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        assert_eq!(person.refusal(&["serve", "--http", address]).0, "usage", "{address}");
    }
    // The positive twin comes as far as the system: no machine has this address.
    assert_eq!(person.refusal(&["serve", "--http", "192.0.2.1:80", "--allow-remote"]).0, "io.failed");
    assert_eq!(person.refusal(&["agent", "token", "nobody"]).0, "agent.unknown");
    assert_eq!(person.refusal(&["serve", "--http", "127.0.0.1:0", "--agent", "desk"]).0, "usage");
}
