//! What an author writes: `[package.metadata.mpp]` in `Cargo.toml`, or `mpp.toml` with a `[package]` table of its own.
//!
//! Unknown fields are refused, because a misspelt permission must not vanish silently.

use crate::{
    Ident, StrictMap, ToolName, Version,
    manifest::{Agents, Kind, Limits, PrivacyModes, ToolPolicy, TrustLevel},
    permissions::Permissions,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `mpp.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectFile {
    /// What cargo's `[package]` would say.
    pub package: ProjectPackage,
    /// The same tables as in `[package.metadata.mpp]`.
    #[serde(default)]
    pub mpp: Metadata,
}

/// The facts that cargo's `[package]` gives for Rust.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectPackage {
    /// The name without its namespace.
    pub name: Ident,
    /// Semantic version.
    pub version: Version,
    /// One sentence.
    pub description: String,
    /// SPDX expression.
    #[serde(default)]
    pub license: Option<String>,
    /// Where to read more.
    #[serde(default)]
    pub homepage: Option<String>,
    /// Where the source is.
    #[serde(default)]
    pub repository: Option<String>,
}

/// `[package.metadata.mpp]`; `[workspace.metadata.mpp]` gives defaults, table by table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The namespace that the package is published under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Ident>,
    /// What the package is for; a tool unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The world in `wit/` that declares the tools, where there is more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<String>,
    /// The folder with the WIT text, relative to the package; `wit` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wit: Option<String>,
    /// The author's trust level; `sandboxed` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustLevel>,
    /// What is asked for above the inert base.
    #[serde(default, skip_serializing_if = "Permissions::is_empty")]
    pub permissions: Permissions,
    /// What the author says about single tools.
    #[serde(default, skip_serializing_if = "no_tools")]
    pub tools: StrictMap<ToolName, ToolPolicy>,
    /// Which agents may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents: Option<Agents>,
    /// Limits that are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// What the package asks of the privacy filter; can only make it stricter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<PrivacyModes>,
    /// How it is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
}

fn no_tools(tools: &StrictMap<ToolName, ToolPolicy>) -> bool {
    tools.is_empty()
}

/// How a package is built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// What runs the compiler: `cargo` in a cargo package unless said otherwise, `c`, `componentize-py`, `jco`, `command`, or the
    /// name of a program `mpp-build-<name>` on the `PATH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builder: Option<Ident>,
    /// Plugins that take part, in their order: `namespace:name@version` of an installed package, or the path of a package file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<String>,
    /// The program that `command` runs in the folder of the project, and its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The component that `command` leaves, relative to the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The files that `c` compiles, relative to the project; all C files in `src` unless said otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// What a builder begins with: for `componentize-py` a module in `src`, `app` unless said otherwise; for `jco` a file, `src/tool.js`
    /// unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
}
