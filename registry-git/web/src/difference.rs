//! What changes between two packages, whole, for a person who decides about it (spec/project.md PROJ-20).
//!
//! Used by the pages of a registry and by the command line. Nothing is judged and nothing is left out. Texts of the packages are quoted and escaped where they are shown.

use mpp_package::{pack::Package, peek, verify::VerifyError};
use mpp_policy::Request;
use mpp_schema::{
    Digest, FormatVersion, KeyId, PackageName, ToolName, Version,
    manifest::{Manifest, Risk, TrustLevel},
    text::escaped,
    tools::{ToolDefinition, ToolsFile},
};
use mpp_wit::{Change, ToolsDifference};
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::{
    collections::BTreeSet,
    fmt::{Display, Write as _},
};

/// A package as far as a comparison needs it.
#[derive(Debug, Clone)]
pub struct Described {
    /// Its manifest.
    pub manifest: Manifest,
    /// Package digest.
    pub digest: Digest,
    /// Its tools.
    pub tools: ToolsFile,
    /// Size of its file in bytes.
    pub size: u64,
    /// Who signed.
    pub signers: Vec<KeyId>,
}

impl Described {
    /// Reads a package that nobody verifies here. Who signed is what its signatures claim, unless it is known better.
    ///
    /// # Errors
    /// When the bytes are no package.
    pub fn peeked(bytes: &[u8], signers: Option<&[KeyId]>) -> Result<Self, VerifyError> {
        let package = peek(bytes)?;
        let tools = Package::without_signatures(bytes)?.tools()?;
        let claimed = || package.signatures.iter().map(mpp_package::signature::SignatureText::key_id).collect();
        let signers = signers.map_or_else(claimed, <[KeyId]>::to_vec);
        Ok(Self { manifest: package.manifest, digest: package.digest, tools, size: bytes.len() as u64, signers })
    }
}

/// One of two packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Its version.
    pub version: Version,
    /// Package digest.
    pub digest: Digest,
    /// Size of its file in bytes.
    pub size: u64,
    /// The author's trust level.
    pub trust: TrustLevel,
    /// Who signed.
    pub signers: Vec<KeyId>,
}

/// What changes between two packages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PackageDifference {
    /// The package, as the newer one calls itself.
    pub name: PackageName,
    /// The older one; nothing where there is none to compare with: then everything is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Side>,
    /// The newer one.
    pub to: Side,
    /// What changes about its tools.
    pub tools: ToolsDifference,
    /// The tools that were added, whole.
    pub new_tools: Vec<ToolDefinition>,
    /// What is asked for newly, in sentences.
    pub newly_asks_for: Vec<String>,
    /// What is asked for no longer, in sentences.
    pub no_longer_asks_for: Vec<String>,
    /// What deserves a second look in the newer one.
    pub unusual: Vec<String>,
    /// The risk of tools, as the author states it.
    pub risks: Vec<RiskChange>,
    /// Who signed the newer one and not the older one.
    pub new_signers: Vec<KeyId>,
    /// Who signed the older one and not the newer one.
    pub gone_signers: Vec<KeyId>,
    /// What else differs in the manifests, by field.
    pub other: Vec<Change>,
}

/// The risk of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RiskChange {
    /// The tool.
    pub tool: ToolName,
    /// What it was.
    pub was: Risk,
    /// What it is.
    pub now: Risk,
}

impl PackageDifference {
    /// Compares two packages; without an older one, the newer one with nothing.
    pub fn between(older: Option<&Described>, newer: &Described) -> Self {
        let nothing = ToolsFile { mpp: FormatVersion::CURRENT, tools: Vec::new() };
        let tools = ToolsDifference::between(older.map_or(&nothing, |older| &older.tools), &newer.tools);
        let asked = |package: &Described| Request::of(&package.manifest.permissions);
        let requests = older.map(asked).unwrap_or_default().difference(&asked(newer));
        let (was, now) = (older.map(|older| older.signers.as_slice()).unwrap_or_default(), &newer.signers);
        let without = |these: &[KeyId], those: &[KeyId]| -> Vec<KeyId> {
            these.iter().filter(|key| !those.contains(key)).copied().collect()
        };
        let is_new = |tool: &&ToolDefinition| tools.added.contains(&tool.name);
        Self {
            name: newer.manifest.name.clone(),
            from: older.map(side),
            to: side(newer),
            new_tools: newer.tools.tools.iter().filter(is_new).cloned().collect(),
            newly_asks_for: requests.added,
            no_longer_asks_for: requests.removed,
            unusual: mpp_policy::unusual(&newer.manifest.permissions),
            risks: risks(older, newer, &tools),
            new_signers: without(now, was),
            gone_signers: without(was, now),
            other: older.map(|older| others(&older.manifest, &newer.manifest)).unwrap_or_default(),
            tools,
        }
    }

    /// Who signed the older one, where nobody of them signed the newer one.
    pub fn other_signers_before(&self) -> &[KeyId] {
        let before = self.from.as_ref().map(|from| from.signers.as_slice()).unwrap_or_default();
        if before.iter().any(|key| self.to.signers.contains(key)) { &[] } else { before }
    }

    /// Whether the two are one package, signed by the same keys.
    pub fn is_empty(&self) -> bool {
        self.from.as_ref() == Some(&self.to)
    }
}

fn side(package: &Described) -> Side {
    Side {
        version: package.manifest.version.clone(),
        digest: package.digest,
        size: package.size,
        trust: package.manifest.trust,
        signers: package.signers.clone(),
    }
}

/// The risk of each tool that the newer one has, where it is not what it was; a renamed one is compared with itself.
fn risks(older: Option<&Described>, newer: &Described, tools: &ToolsDifference) -> Vec<RiskChange> {
    let risk = |package: &Described, tool: &ToolName| {
        package.manifest.tools.get(tool).map_or(Risk::None, |policy| policy.risk)
    };
    let was_called = |tool: &ToolName| {
        let renamed = tools.renamed.iter().find(|pair| pair.to == *tool);
        renamed.map_or_else(|| tool.clone(), |pair| pair.from.clone())
    };
    let changes = newer.tools.tools.iter().map(|definition| {
        let tool = definition.name.clone();
        let was = older.map_or(Risk::None, |older| risk(older, &was_called(&tool)));
        RiskChange { was, now: risk(newer, &tool), tool }
    });
    changes.filter(|change| change.was != change.now).collect()
}

/// The fields of a manifest that nothing else here speaks of.
fn others(older: &Manifest, newer: &Manifest) -> Vec<Change> {
    let fields = |manifest: &Manifest| -> Json {
        let Manifest { kind, name, description, license, homepage, world, agents, limits, privacy, source, .. } =
            manifest;
        json!({
            "name": name, "kind": kind, "description": description, "license": license, "homepage": homepage, "world": world,
            "agents": agents, "limits": limits, "privacy": privacy, "source": source,
        })
    };
    let (was, now) = (fields(older), fields(newer));
    let keys: BTreeSet<&String> = was.as_object().into_iter().flat_map(|fields| fields.keys()).collect();
    let said = |fields: &Json, key: &str| fields.get(key).filter(|value| !value.is_null()).cloned();
    let change = |key: &String| Change { at: key.clone(), was: said(&was, key), now: said(&now, key) };
    keys.into_iter().map(change).filter(|change| change.was != change.now).collect()
}

impl Display for PackageDifference {
    /// For people, line by line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to, .. } = self;
        match from {
            Some(from) => writeln!(f, "{} {} -> {}", self.name, from.version, to.version)?,
            None => writeln!(f, "{} {}, which there is nothing to compare with", self.name, to.version)?,
        }
        let pair = |was: Option<String>, now: String| match was {
            Some(was) if was != now => format!("{was} -> {now}"),
            _ => now,
        };
        let of = |what: fn(&Side) -> String| pair(from.as_ref().map(what), what(to));
        writeln!(f, "  package  {}", to.digest)?;
        writeln!(f, "  size     {} bytes", of(|side| side.size.to_string()))?;
        writeln!(f, "  trust    {}", of(|side| word(&side.trust)))?;
        lines(f, "+ signed by", &self.new_signers)?;
        lines(f, "- no longer signed by", &self.gone_signers)?;
        lines(f, "+ now asks to", &self.newly_asks_for)?;
        lines(f, "- no longer asks to", &self.no_longer_asks_for)?;
        lines(f, "! worth a second look:", &self.unusual)?;
        for tool in &self.new_tools {
            writeln!(f, "  + tool {}\n      \"{}\"", tool.name, escaped(&tool.description))?;
            writeln!(f, "      takes {}", shown(&tool.input))?;
            if let Some(output) = &tool.output {
                writeln!(f, "      gives {}", shown(output))?;
            }
        }
        lines(f, "- tool", &self.tools.removed)?;
        for pair in &self.tools.renamed {
            writeln!(f, "  ~ tool {} is called {} now", pair.from, pair.to)?;
        }
        for tool in &self.tools.changed {
            writeln!(f, "  ~ tool {}", tool.name)?;
            changes(f, "description", &tool.description)?;
            changes(f, "takes", &tool.input)?;
            changes(f, "gives", &tool.output)?;
        }
        for risk in &self.risks {
            writeln!(f, "  ~ risk of {}: {} -> {}", risk.tool, word(&risk.was), word(&risk.now))?;
        }
        for change in &self.other {
            writeln!(f, "  ~ {}", change.at)?;
            was_and_now(f, change)?;
        }
        Ok(())
    }
}

fn lines(f: &mut impl std::fmt::Write, label: &str, all: &[impl Display]) -> std::fmt::Result {
    all.iter().try_for_each(|one| writeln!(f, "  {label} {one}"))
}

fn changes<'a>(
    f: &mut impl std::fmt::Write,
    what: &str,
    all: impl IntoIterator<Item = &'a Change>,
) -> std::fmt::Result {
    for change in all {
        writeln!(f, "      {what} {}", escaped(&change.at))?;
        was_and_now(f, change)?;
    }
    Ok(())
}

fn was_and_now(f: &mut impl std::fmt::Write, change: &Change) -> std::fmt::Result {
    for (sign, value) in [("-", &change.was), ("+", &change.now)] {
        if let Some(value) = value {
            writeln!(f, "        {sign} {}", shown(value))?;
        }
    }
    Ok(())
}

/// A value as JSON, which quotes texts; what JSON leaves as it is and a terminal would obey is escaped.
fn shown(value: &Json) -> String {
    escaped(&value.to_string())
}

fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Several differences, one after another.
pub fn shown_together(all: &[PackageDifference]) -> String {
    let mut text = String::new();
    for one in all {
        let _ = writeln!(text, "{one}");
    }
    text
}
