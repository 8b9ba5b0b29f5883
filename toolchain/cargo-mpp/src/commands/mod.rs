//! One file per command: its words, the verb it calls, and how its report reads.

pub mod advise;
pub mod agent;
pub mod alias;
pub mod approve;
mod asking;
pub mod attest;
pub mod audit;
pub mod build;
pub mod cache;
pub mod call;
pub mod check;
pub mod complete;
pub mod completions;
pub mod conformance;
pub mod connect;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod grant;
pub mod grants;
pub mod info;
pub mod init;
pub mod inspect;
pub mod install;
pub mod key;
pub mod kv;
pub mod list;
pub mod log;
pub mod namespace;
pub mod new;
pub mod notice;
mod outcome;
pub mod outdated;
pub mod owner;
mod permissions;
pub mod policy;
pub mod privacy;
pub mod publish;
pub mod redact;
pub mod registry;
mod registry_root;
pub mod revoke;
pub mod rollback;
pub mod run;
pub mod search;
pub mod secret;
pub mod serve;
pub mod sign;
mod table;
pub mod test;
pub mod trust;
pub mod uninstall;
pub mod update;
pub mod vendor;
pub mod verify;
mod writing;

use crate::{cli::Command, exit::Exit};
use mpp_ops::{Context, OpsError};
use mpp_schema::Code;
use serde_json::Value as Json;

/// What a command has to say, in both languages.
pub struct Output {
    /// For programs: one object.
    pub json: Json,
    /// For people, on stdout.
    pub text: String,
    /// Bytes for stdout, as they are; then there is no text.
    pub data: Option<Vec<u8>>,
    /// For people, on stderr.
    pub talk: String,
    /// Why what was asked came to nothing although the command did its work: a tool that stopped.
    pub failure: Option<(Code, String)>,
    /// How the program ends.
    pub exit: Exit,
}

impl Output {
    /// A report that went well.
    pub fn new(json: impl serde::Serialize, text: impl Into<String>) -> Self {
        let json = serde_json::to_value(json).unwrap_or(Json::Null);
        Self { json, text: text.into(), data: None, talk: String::new(), failure: None, exit: Exit::Success }
    }

    /// Puts bytes in the place of the text.
    #[must_use]
    pub fn with_data(mut self, data: Vec<u8>) -> Self {
        self.data = Some(data);
        self
    }

    /// Adds words for stderr.
    #[must_use]
    pub fn with_talk(mut self, talk: impl Into<String>) -> Self {
        self.talk = talk.into();
        self
    }
}

/// Does what was asked.
pub fn run(command: Command, context: &Context<'_>) -> Result<Output, OpsError> {
    match command {
        Command::Demo(arguments) => demo::run(arguments, context),
        Command::New(arguments) => new::run(arguments, context),
        Command::Init(arguments) => init::run(arguments, context),
        Command::Build(arguments) => build::run(arguments, context),
        Command::Check(arguments) => check::run(arguments, context),
        Command::Test(arguments) => test::run(arguments, context),
        Command::Run(arguments) => run::run(arguments, context),
        Command::Sign(arguments) => sign::run(arguments, context),
        Command::Verify(arguments) => verify::run(arguments, context),
        Command::Inspect(arguments) => inspect::run(arguments, context),
        Command::Key(command) => key::run(command, context),
        Command::Trust(command) => trust::run(command, context),
        Command::Publish(arguments) => publish::run(arguments, context),
        Command::Yank(arguments) => notice::run(arguments, notice::Verb::Yank, context),
        Command::Unyank(arguments) => notice::run(arguments, notice::Verb::Unyank, context),
        Command::Deprecate(arguments) => notice::run(arguments, notice::Verb::Deprecate, context),
        Command::Block(arguments) => notice::block(arguments, context),
        Command::CoSign(arguments) => notice::co_sign(arguments, context),
        Command::Advise(arguments) => advise::run(arguments, context),
        Command::Search(arguments) => search::run(arguments, context),
        Command::Info(arguments) => info::run(arguments, context),
        Command::Install(arguments) => install::run(arguments, context),
        Command::Update(arguments) => update::run(arguments, context),
        Command::Outdated(arguments) => outdated::run(arguments, context),
        Command::Rollback(arguments) => rollback::run(arguments, context),
        Command::Diff(arguments) => diff::run(arguments, context),
        Command::Vendor(arguments) => vendor::run(arguments, context),
        Command::Uninstall(arguments) => uninstall::run(arguments, context),
        Command::List(arguments) => list::run(arguments, context),
        Command::Audit(arguments) => audit::run(arguments, context),
        Command::Kv(command) => kv::run(command, context),
        Command::Call(arguments) => call::run(arguments, context),
        Command::Grant(arguments) => grant::run(arguments, context),
        Command::Revoke(arguments) => revoke::run(arguments, context),
        Command::Grants(arguments) => grants::run(arguments, context),
        Command::Privacy(command) => privacy::run(command, context),
        Command::Redact(arguments) => redact::run(arguments, context),
        Command::Policy(command) => policy::run(command, context),
        Command::Approve(arguments) => approve::run(arguments, context),
        Command::Agent(command) => agent::run(command, context),
        Command::Attest(command) => attest::run(command, context),
        Command::Log(command) => log::run(command, context),
        Command::Owner(arguments) => owner::run(arguments, context),
        Command::Secret(command) => secret::run(command, context),
        Command::Serve(arguments) => serve::run(arguments, context),
        Command::Alias(arguments) => alias::run(arguments, context),
        Command::Connect(arguments) => connect::run(arguments, context),
        Command::Registry(command) => registry::run(command, context),
        Command::Cache(command) => cache::run(command, context),
        Command::Doctor(arguments) => doctor::run(arguments, context),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Complete(arguments) => complete::run(arguments, context),
        Command::Conformance(arguments) => conformance::run(arguments),
    }
}
