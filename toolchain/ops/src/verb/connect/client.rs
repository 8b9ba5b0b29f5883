//! The clients that can be connected: where each keeps its servers, and how an entry of it reads. Facts about others' files, nothing more.

use super::{HOME_VARIABLE, edit::Kind, starts::Started};
use crate::Surroundings;
use mpp_schema::{Code, Coded, codes};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// The name of our entry.
pub(super) const NAME: &str = "mpp";
/// The first word after the program.
pub(super) const SERVE: &str = "serve";
/// How long Goose waits for an answer, in seconds.
const GOOSE_SECONDS: u64 = 300;

/// A client that people use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Claude Code.
    ClaudeCode,
    /// Claude Desktop.
    ClaudeDesktop,
    /// Codex.
    Codex,
    /// Gemini CLI.
    GeminiCli,
    /// VS Code.
    VsCode,
    /// Cursor.
    Cursor,
    /// Zed.
    Zed,
    /// Goose.
    Goose,
}

/// A client that is not known.
#[derive(Debug, thiserror::Error)]
#[error("could not find a client called `{word}`: expected one of {known}", word = .0, known = names())]
pub struct ClientError(String);

impl Coded for ClientError {
    fn code(&self) -> Code {
        codes::USAGE
    }
}

fn names() -> String {
    Client::ALL.map(Client::name).join(", ")
}

impl FromStr for Client {
    type Err = ClientError;
    fn from_str(text: &str) -> Result<Self, ClientError> {
        Self::ALL.into_iter().find(|client| client.name() == text).ok_or_else(|| ClientError(text.to_owned()))
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Client {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Where the settings of clients are on a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Linux,
    MacOs,
    Windows,
}

impl System {
    const fn this() -> Self {
        if cfg!(target_os = "macos") {
            Self::MacOs
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Linux
        }
    }
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ClaudeCode,
        Self::ClaudeDesktop,
        Self::Codex,
        Self::GeminiCli,
        Self::VsCode,
        Self::Cursor,
        Self::Zed,
        Self::Goose,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::ClaudeDesktop => "claude-desktop",
            Self::Codex => "codex",
            Self::GeminiCli => "gemini-cli",
            Self::VsCode => "vscode",
            Self::Cursor => "cursor",
            Self::Zed => "zed",
            Self::Goose => "goose",
        }
    }

    /// What its settings are written in.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Codex => Kind::Toml,
            Self::Goose => Kind::Yaml,
            _ => Kind::Json,
        }
    }

    /// The members that lead to our entry.
    pub(super) const fn place(self) -> [&'static str; 2] {
        match self {
            Self::Codex => ["mcp_servers", NAME],
            Self::VsCode => ["servers", NAME],
            Self::Zed => ["context_servers", NAME],
            Self::Goose => ["extensions", NAME],
            _ => ["mcpServers", NAME],
        }
    }

    /// Its settings for this user; nothing for a user without a home folder.
    pub(super) fn settings(self, surroundings: &dyn Surroundings) -> Option<PathBuf> {
        self.settings_on(System::this(), surroundings)
    }

    fn settings_on(self, system: System, surroundings: &dyn Surroundings) -> Option<PathBuf> {
        let home = surroundings.user_home()?;
        let named =
            |variable: &str| surroundings.variable(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        // Where programs of the desktop keep their settings.
        let desktop = match system {
            System::Linux => named("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
            System::MacOs => home.join("Library/Application Support"),
            System::Windows => named("APPDATA").unwrap_or_else(|| home.join("AppData/Roaming")),
        };
        // Where programs of the terminal do.
        let terminal = if system == System::MacOs { home.join(".config") } else { desktop.clone() };
        let below = |folder: &Path, rest: &str| folder.join(rest);
        Some(match self {
            Self::ClaudeCode => below(&named("CLAUDE_CONFIG_DIR").unwrap_or(home), ".claude.json"),
            Self::ClaudeDesktop => below(&desktop, "Claude/claude_desktop_config.json"),
            Self::Codex => below(&named("CODEX_HOME").unwrap_or_else(|| home.join(".codex")), "config.toml"),
            Self::GeminiCli => below(&home, ".gemini/settings.json"),
            Self::VsCode => below(&desktop, "Code/User/mcp.json"),
            Self::Cursor => below(&home, ".cursor/mcp.json"),
            Self::Zed if system == System::Windows => below(&desktop, "Zed/settings.json"),
            Self::Zed => below(&terminal, "zed/settings.json"),
            Self::Goose if system == System::Windows => below(&desktop, "Block/goose/config/config.yaml"),
            Self::Goose => below(&terminal, "goose/config.yaml"),
        })
    }

    /// An entry that starts us so.
    pub(super) fn entry(self, started: &Started) -> Json {
        let Started { command, args, env } = started;
        let mut entry = match self {
            Self::ClaudeCode | Self::VsCode => json!({"type": "stdio", "command": command, "args": args}),
            Self::Zed => json!({"source": "custom", "command": command, "args": args}),
            Self::Goose => json!({
                "enabled": true, "type": "stdio", "name": NAME, "description": "Tools from signed packages",
                "cmd": command, "args": args, "timeout": GOOSE_SECONDS,
            }),
            _ => json!({"command": command, "args": args}),
        };
        if !env.is_empty() {
            let env: Map<String, Json> = env.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            entry[self.env()] = Json::Object(env);
        }
        entry
    }

    const fn env(self) -> &'static str {
        if matches!(self, Self::Goose) { "envs" } else { "env" }
    }

    const fn command(self) -> &'static str {
        if matches!(self, Self::Goose) { "cmd" } else { "command" }
    }

    /// Whether an entry starts us: a program called as this one is, whose first word is ours (MCP-31).
    pub(super) fn is_ours(self, entry: &Json) -> bool {
        let Started { command, args, .. } = self.started(entry);
        let name = Path::new(&command).file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        matches!(name, "mpp" | "cargo-mpp") && args.first().is_some_and(|word| word == SERVE)
    }

    /// How an entry starts us.
    pub(super) fn started(self, entry: &Json) -> Started {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let args = entry["args"].as_array().into_iter().flatten().map(text).collect();
        let env = entry[self.env()].as_object().into_iter().flatten();
        let env = env.map(|(name, value)| (name.clone(), text(value))).collect();
        Started { command: text(&entry[self.command()]), args, env }
    }
}

/// What a client passes on does not say which home is used, unless its entry does.
pub(super) const FORGOTTEN: [&str; 1] = [HOME_VARIABLE];

#[cfg(test)]
mod tests {
    use super::{Client, System};
    use crate::{Surroundings, verb::connect::starts::Started};
    use std::path::PathBuf;

    struct Somebody;

    impl Surroundings for Somebody {
        fn variable(&self, name: &str) -> Option<String> {
            (name == "CODEX_HOME").then(|| "/codex".to_owned())
        }
        fn user_home(&self) -> Option<PathBuf> {
            Some("/home/ada".into())
        }
        fn session(&self) -> String {
            String::new()
        }
        fn now(&self) -> Option<mpp_schema::Instant> {
            None
        }
    }

    #[track_caller]
    fn check(client: &str, system: System, expected: &str) {
        let client: Client = client.parse().unwrap();
        assert_eq!(client.settings_on(system, &Somebody).unwrap(), PathBuf::from(expected));
    }

    #[cfg(unix)]
    #[test]
    fn settings_are_where_each_client_looks() {
        check("claude-code", System::Linux, "/home/ada/.claude.json");
        check("claude-desktop", System::Linux, "/home/ada/.config/Claude/claude_desktop_config.json");
        check(
            "claude-desktop",
            System::MacOs,
            "/home/ada/Library/Application Support/Claude/claude_desktop_config.json",
        );
        check("codex", System::Windows, "/codex/config.toml");
        check("gemini-cli", System::MacOs, "/home/ada/.gemini/settings.json");
        check("vscode", System::MacOs, "/home/ada/Library/Application Support/Code/User/mcp.json");
        check("vscode", System::Windows, "/home/ada/AppData/Roaming/Code/User/mcp.json");
        check("cursor", System::Linux, "/home/ada/.cursor/mcp.json");
        check("zed", System::MacOs, "/home/ada/.config/zed/settings.json");
        check("zed", System::Windows, "/home/ada/AppData/Roaming/Zed/settings.json");
        check("goose", System::Linux, "/home/ada/.config/goose/config.yaml");
        check("goose", System::Windows, "/home/ada/AppData/Roaming/Block/goose/config/config.yaml");
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let env = vec![("MPP_HOME".to_owned(), "/h".to_owned())];
        let started = Started { command: "/bin/mpp".to_owned(), args: vec!["serve".to_owned()], env };
        for client in Client::ALL {
            let entry = client.entry(&started);
            assert_eq!(client.started(&entry), started, "{client}");
            assert!(client.is_ours(&entry), "{client}");
            let other = Started { args: vec!["dance".to_owned()], ..started.clone() };
            assert!(!client.is_ours(&client.entry(&other)), "{client}");
        }
        assert!("emacs".parse::<Client>().is_err());
    }
}
