//! What is installed, as tools with names: read once and kept until something is installed or removed. No code is looked at.

use super::{
    decided::Subject,
    exposed::{self, Names, Pattern, Place},
};
use crate::{
    Context, OpsError,
    home::installed::{InstalledRecord, NotInstalled},
    package_file,
};
use mpp_mcp::{Hints, Provenance, Tool, name};
use mpp_package::verify::Signer;
use mpp_schema::{
    PackageName, ToolName,
    manifest::{Kind, Manifest},
    tools::ToolDefinition,
};
use serde_json::{Map, Value as Json};
use std::{collections::BTreeMap, sync::Arc};

/// The longest description, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 1024;
/// Shows that it was longer.
const ELLIPSIS: &str = "…";

/// What is installed.
#[derive(Default)]
pub(super) struct Catalogue {
    pub(super) packages: BTreeMap<PackageName, Arc<Known>>,
    pub(super) names: Names,
}

/// What is known about a package without its code.
pub(super) struct Known {
    pub(super) record: InstalledRecord,
    pub(super) manifest: Manifest,
    signers: Vec<Signer>,
    tools: Vec<Described>,
    pub(super) provenance: Arc<Provenance>,
}

/// A tool as its package defines it. Its schemas are most of what an idle server holds, so the list shares them.
pub(super) struct Described {
    name: ToolName,
    description: String,
    input: Arc<Map<String, Json>>,
    output: Option<Arc<Map<String, Json>>>,
}

impl From<ToolDefinition> for Described {
    fn from(ToolDefinition { name, description, input, output, .. }: ToolDefinition) -> Self {
        Self { name, description: capped(description), input: object(input), output: output.map(object) }
    }
}

impl Described {
    /// As agents see it.
    pub(super) fn shown(&self, name: &str, place: &Place, annotations: Hints) -> Tool {
        Tool {
            name: name.to_owned(),
            title: name::title(&place.package, &place.tool),
            description: self.description.clone(),
            input_schema: Arc::clone(&self.input),
            output_schema: self.output.clone(),
            annotations,
        }
    }
}

impl Catalogue {
    /// Reads what is installed now; what did not change is taken from `before`, and what is left out is told.
    pub(super) fn read(
        context: &Context<'_>,
        before: &Self,
        wanted: &[Pattern],
        tell: &dyn Fn(String),
    ) -> Result<Self, OpsError> {
        let mut packages = BTreeMap::new();
        for record in context.home.all_installed()? {
            let known = before.packages.get(&record.name).filter(|known| known.record == record);
            match known
                .map_or_else(|| Known::read(context, record.clone()).map(Arc::new), |known| Ok(Arc::clone(known)))
            {
                // Filters and steps of a build are nothing for an agent.
                Ok(known) if known.manifest.kind != Kind::Tool => {}
                Ok(known) => drop(packages.insert(record.name.clone(), known)),
                // One package that is broken does not take the others away.
                Err(error) => tell(format!("`{}` is left out: {}: {}", record.name, error.code(), error.message())),
            }
        }
        let named = packages.values().map(|known: &Arc<Known>| (&known.record, known.tool_names().collect()));
        let names = exposed::names(named, wanted, &context.home.aliases()?);
        for (name, place) in &names.left_out {
            tell(format!(
                "`{place}` is left out: another tool is called `{name}`; to give it a name: mpp alias NAME {place}"
            ));
        }
        Ok(Self { packages, names })
    }

    /// A tool and its package.
    pub(super) fn find(&self, place: &Place) -> Result<(&Arc<Known>, &Described), OpsError> {
        let known = self.packages.get(&place.package);
        let found = known.and_then(|known| Some((known, known.tools.iter().find(|tool| tool.name == place.tool)?)));
        Ok(found.ok_or_else(|| NotInstalled(place.package.clone()))?)
    }
}

impl Known {
    fn read(context: &Context<'_>, record: InstalledRecord) -> Result<Self, OpsError> {
        let trust = package_file::trust_for_installed(&record)?;
        let path = context.home.package_path(record.file);
        let mut package = package_file::open_verified(context, &path, &trust)?;
        let tools = package.tools()?.tools.into_iter().map(Described::from).collect();
        let signers = package.signers().to_vec();
        let provenance = Arc::new(Provenance {
            name: record.name.clone(),
            version: record.version.clone(),
            digest: package.digest(),
            signers: signers.iter().map(|signer| signer.key.to_string()).collect(),
        });
        Ok(Self { record, manifest: package.manifest().clone(), signers, tools, provenance })
    }

    pub(super) fn tool_names(&self) -> impl Iterator<Item = &ToolName> {
        self.tools.iter().map(|tool| &tool.name)
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { record: &self.record, manifest: &self.manifest, signers: &self.signers }
    }
}

fn object(schema: Json) -> Arc<Map<String, Json>> {
    match schema {
        Json::Object(schema) => Arc::new(schema),
        _ => Arc::default(),
    }
}

fn capped(description: String) -> String {
    if description.len() <= DESCRIPTION_BYTES_MAX {
        return description;
    }
    let end = description.floor_char_boundary(DESCRIPTION_BYTES_MAX - ELLIPSIS.len());
    format!("{}{}", &description[..end], ELLIPSIS)
}
