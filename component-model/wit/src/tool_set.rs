//! The tools that a world declares: one for each function that it exports, by itself or through an interface.
//!
//! The list comes from the declared world and never from what a component happens to export. Rules `TOOL-1` to `TOOL-6`.

use crate::read_types::{TypeReader, text_of};
use crate::{Content, Type, WitError, WitFolder, content, schema, text_rules};
use mpp_schema::tools::{ToolDefinition, ToolsFile};
use mpp_schema::{FormatVersion, ToolName};
use std::collections::BTreeMap;
use wit_parser::{Function, FunctionKind, Resolve, WorldId, WorldItem};

/// Deeper arguments or results are taken, with a warning: some model providers refuse them.
const DEPTH_ADVISED: usize = 10;

/// What `tools.json` may hold.
const DEFINITIONS_BYTES_MAX: usize = 1 << 20;

/// The tools of one world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSet {
    /// In the order of the WIT.
    pub tools: Vec<Tool>,
    world: String,
}

/// One tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// The name of the function.
    pub name: ToolName,
    /// The export that holds the function, as the component names it (`acme:notes/api@0.1.0`); nothing when the world itself
    /// exports the function.
    pub interface: Option<String>,
    /// The doc comment of the function.
    pub docs: String,
    /// In declared order.
    pub params: Vec<Param>,
    /// What it returns.
    pub result: Option<Type>,
    /// What it gives besides plain data.
    pub content: Option<Content>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Name.
    pub name: String,
    /// The doc comment of the alias that is its type; WIT has none for parameters themselves.
    pub docs: String,
    /// Type.
    pub ty: Type,
}

impl ToolSet {
    /// Reads the tools that `world` of `folder` declares. Without a name, the package's only world is meant.
    pub fn from_wit(folder: &WitFolder, world: Option<&str>) -> Result<Self, WitError> {
        let (resolve, id) = folder.select(world)?;
        Self::read(&resolve, id)
    }

    /// The world: `namespace:package/world`, with `@version` where the package has one.
    pub fn world(&self) -> &str {
        &self.world
    }

    /// The tool of that name.
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name.as_str() == name)
    }

    /// What the package's `tools.json` says.
    pub fn tools_file(&self) -> ToolsFile {
        ToolsFile { mpp: FormatVersion::CURRENT, tools: self.tools.iter().map(Tool::definition).collect() }
    }

    /// What is allowed but unwise.
    pub fn warnings(&self) -> Vec<String> {
        let deep = self.tools.iter().filter(|tool| tool.depth() > DEPTH_ADVISED);
        deep.map(|tool| {
            let depth = tool.depth();
            format!(
                "tool `{}` nests {depth} levels deep; some model providers refuse more than {DEPTH_ADVISED}",
                tool.name
            )
        })
        .collect()
    }

    fn read(resolve: &Resolve, id: WorldId) -> Result<Self, WitError> {
        let world = &resolve.worlds[id];
        let name = match world.package {
            Some(package) => resolve.id_of_name(package, &world.name),
            None => world.name.clone(),
        };
        let mut set = Self { tools: Vec::new(), world: name };
        let mut definitions = 0;
        for (key, item) in &world.exports {
            match item {
                WorldItem::Function(function) => definitions += set.add(resolve, None, function)?,
                WorldItem::Interface { id, .. } => {
                    let interface = resolve.name_world_key(key);
                    for function in resolve.interfaces[*id].functions.values() {
                        definitions += set.add(resolve, Some(&interface), function)?;
                        check_definitions(definitions)?;
                    }
                }
                WorldItem::Type { .. } => {}
            }
            check_definitions(definitions)?;
        }
        if set.tools.is_empty() {
            return Err(WitError::NoTools(set.world));
        }
        Ok(set)
    }

    /// Adds a tool, its texts checked; gives the bytes of its definition.
    fn add(&mut self, resolve: &Resolve, interface: Option<&str>, function: &Function) -> Result<usize, WitError> {
        let tool = Tool::read(resolve, interface, function)?;
        if let Some(earlier) = self.tool(tool.name.as_str()) {
            return Err(WitError::DuplicateTool {
                name: tool.name.to_string(),
                first: earlier.exporter(),
                second: tool.exporter(),
            });
        }
        let bytes = text_rules::check(&tool)?;
        self.tools.push(tool);
        Ok(bytes)
    }
}

/// Many tools can share one large type: nothing is unfolded beyond what `tools.json` may hold.
fn check_definitions(found: usize) -> Result<(), WitError> {
    match found {
        0..=DEFINITIONS_BYTES_MAX => Ok(()),
        _ => Err(WitError::TooMany { what: "bytes of tool definitions", found, limit: DEFINITIONS_BYTES_MAX }),
    }
}

impl Tool {
    pub(crate) fn read(resolve: &Resolve, interface: Option<&str>, function: &Function) -> Result<Self, WitError> {
        let wrong_kind = match function.kind {
            FunctionKind::Freestanding => None,
            FunctionKind::AsyncFreestanding => Some("an async function"),
            _ => Some("a function of a resource"),
        };
        if let Some(what) = wrong_kind {
            let (tool, place) = (function.name.clone(), function.name.clone());
            return Err(WitError::Unsupported { tool, place, what });
        }
        let name = function.name.parse();
        let name = name.map_err(|_| WitError::Name { tool: function.name.clone(), name: function.name.clone() })?;
        let (params, result) = TypeReader::new(resolve, &function.name).signature(function)?;
        let (interface, docs, content) =
            (interface.map(str::to_owned), text_of(&function.docs), content::of(resolve, function));
        Ok(Self { name, interface, docs, params, result, content })
    }

    /// One entry of `tools.json`.
    pub fn definition(&self) -> ToolDefinition {
        ToolDefinition {
            name: self.name.clone(),
            interface: self.interface.clone(),
            description: self.docs.clone(),
            input: schema::input(self),
            output: schema::output(self),
        }
    }

    /// `interface x` or `the world`, for messages.
    pub(crate) fn exporter(&self) -> String {
        self.interface.as_ref().map_or("the world".to_owned(), |interface| format!("interface `{interface}`"))
    }

    /// Levels of JSON: one for the arguments object, and the types below it.
    fn depth(&self) -> usize {
        let params = self.params.iter().map(|param| &param.ty);
        1 + params.chain(&self.result).map(Type::depth).max().unwrap_or(0)
    }

    /// What holds the function in the exports of a component, each of which stands there under its name.
    pub(crate) fn find_export<'a>(
        &self,
        resolve: &'a Resolve,
        exports: &BTreeMap<String, &'a WorldItem>,
    ) -> Option<&'a Function> {
        match (exports.get(self.interface.as_deref().unwrap_or(self.name.as_str()))?, &self.interface) {
            (WorldItem::Function(function), None) => Some(function),
            (WorldItem::Interface { id, .. }, Some(_)) => resolve.interfaces[*id].functions.get(self.name.as_str()),
            _ => None,
        }
    }
}
