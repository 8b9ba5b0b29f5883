//! `tools.json`: what the tools of a package are called, what they say they do, what they take and give.
//!
//! Derived from WIT at build time and derived again at install, so it is never the author's own word.

use crate::{FormatVersion, ToolName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolsFile {
    /// The format's version.
    pub mpp: FormatVersion,
    /// The tools, in the order of the WIT.
    pub tools: Vec<ToolDefinition>,
}

/// One tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolDefinition {
    /// The name of the function in WIT.
    pub name: ToolName,
    /// The interface that exports it, `namespace:package/interface`, or nothing when the world itself does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The doc comment of the function.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// JSON Schema of the arguments: always a closed object.
    pub input: Json,
    /// JSON Schema of the result: always an object; absent when the tool gives no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
}
