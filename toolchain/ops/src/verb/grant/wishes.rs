//! What somebody wants to allow, as it is typed, and what becomes of it in a token: folders without links, origins in their one spelling, sorted lists.

use crate::{Context, OpsError, grants::Asker};
use mpp_policy::{Ask, FolderClass, Origin, Places};
use mpp_schema::{
    ByteSize, Code, Coded, Ident, PackageName, StrictMap, codes,
    grant::{Allows, BoundFolder},
    manifest::TrustLevel,
    permissions::Access,
    text::excerpt,
};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// A folder for a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderWish {
    /// The slot.
    pub slot: Ident,
    /// The folder, as it was typed.
    pub path: PathBuf,
    /// How far access goes; nothing for what is asked for.
    pub access: Option<Access>,
}

/// What to allow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Folders for slots.
    pub folders: Vec<FolderWish>,
    /// Origins.
    pub http: Vec<String>,
    /// Secrets.
    pub secrets: Vec<Ident>,
    /// The store.
    pub kv: bool,
    /// Environment variables.
    pub env: Vec<String>,
    /// Settings with their values.
    pub config: Vec<(String, String)>,
    /// Precise clocks.
    pub clock: bool,
    /// Devices for slots.
    pub devices: Vec<(Ident, PathBuf)>,
    /// Log lines.
    pub logging: bool,
    /// Progress.
    pub progress: bool,
    /// Packages whose tools may be called.
    pub tools: Vec<PackageName>,
    /// Everything that is asked for and needs no choice.
    pub all: bool,
    /// What is not named is left out on purpose.
    pub only: bool,
}

/// Why a wish cannot be put into a token.
#[derive(Debug, thiserror::Error)]
pub enum WishError {
    /// The folder or device cannot be found.
    #[error("could not grant `{}`", path.display())]
    Path {
        /// What was typed.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// It is no folder.
    #[error("could not grant `{}` as a folder: it is none", .0.display())]
    NoFolder(PathBuf),
    /// Its path is not UTF-8.
    #[error("could not grant `{}`: its path is not UTF-8", .0.display())]
    NotText(PathBuf),
    /// A folder that only marked publishers may have.
    #[error("could not grant `{}`: {why}, and the package's publisher {publisher}", path.display())]
    Wide {
        /// The folder.
        path: PathBuf,
        /// What makes it wide.
        why: &'static str,
        /// What is known about the publisher.
        publisher: String,
        /// What could be typed.
        advice: Option<String>,
    },
    /// A folder that is never granted.
    #[error("could not grant `{}`: {why}", path.display())]
    Never {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// An origin that is none.
    #[error("could not grant \"{}\" as an origin: expected one such as \"https://example.com\"", excerpt(.0))]
    Origin(String),
}

impl Coded for WishError {
    fn code(&self) -> Code {
        match self {
            Self::Path { .. } | Self::NoFolder(_) | Self::NotText(_) | Self::Never { .. } => codes::GRANT_FOLDER,
            Self::Wide { .. } => codes::GRANT_TRUST,
            Self::Origin(_) => codes::USAGE,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Wide { advice, .. } => {
                advice.iter().cloned().chain(["or grant a folder inside of it".to_owned()]).collect()
            }
            Self::Never { .. } => vec!["grant a folder that holds only what the tool needs".to_owned()],
            _ => Vec::new(),
        }
    }
}

impl Wishes {
    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        *self == Self { only: self.only, ..Self::default() }
    }

    /// What a token would hold. Whether that is asked for is another question.
    pub(super) fn allows(&self, context: &Context<'_>, asker: &Asker, places: &Places) -> Result<Allows, OpsError> {
        let asked = &asker.asked;
        let mut allows = Allows {
            folders: self.folders(context, asker, places)?,
            kv: self.kv.then(|| asked.kv.as_ref().map_or(ByteSize(0), |kv| kv.quota)),
            config: self.config.iter().cloned().collect(),
            clock: self.clock,
            devices: self.devices(context)?,
            logging: self.logging,
            progress: self.progress,
            ..Allows::default()
        };
        let (mut http, mut secrets) = (BTreeSet::new(), self.secrets.iter().cloned().collect::<BTreeSet<_>>());
        let (mut env, mut tools): (BTreeSet<_>, BTreeSet<_>) =
            (self.env.iter().cloned().collect(), self.tools.iter().cloned().collect());
        for text in &self.http {
            http.insert(Origin::parse(text).ok_or_else(|| WishError::Origin(text.clone()))?.to_string());
        }
        if self.all {
            http.extend(asked.http.iter().filter_map(|http| Some(Origin::parse(&http.origin)?.to_string())));
            secrets.extend(asked.secrets.keys().cloned());
            env.extend(asked.env.iter().cloned());
            tools.extend(asked.tools.keys().cloned());
            allows.kv = asked.kv.as_ref().map(|kv| kv.quota);
            allows.clock = asked.clock.is_some();
            allows.logging = asked.logging.is_some();
            allows.progress = asked.progress.is_some();
        }
        allows.http = http.into_iter().collect();
        allows.secrets = secrets.into_iter().collect();
        allows.env = env.into_iter().collect();
        allows.tools = tools.into_iter().collect();
        Ok(allows)
    }

    fn folders(
        &self,
        context: &Context<'_>,
        asker: &Asker,
        places: &Places,
    ) -> Result<StrictMap<Ident, BoundFolder>, OpsError> {
        let bind = |wish: &FolderWish| {
            let path = found(&place(context, &wish.path))?;
            check_folder(&path, asker, places)?;
            let asked = asker.asked.folders.get(&wish.slot).map(|folder| folder.access);
            let access = wish.access.or(asked).unwrap_or(Access::ReadOnly);
            Ok((wish.slot.clone(), BoundFolder { path: text(&path)?, access }))
        };
        self.folders.iter().map(bind).collect()
    }

    fn devices(&self, context: &Context<'_>) -> Result<StrictMap<Ident, String>, OpsError> {
        let bind = |(slot, path): &(Ident, PathBuf)| {
            // A device keeps the name that its user knows: `/dev/serial/by-id/…` leads to whichever number it has today.
            let path = std::path::absolute(place(context, path));
            let path = path.map_err(|source| WishError::Path { path: "device".into(), source })?;
            Ok((slot.clone(), text(&path)?))
        };
        self.devices.iter().map(bind).collect()
    }
}

/// Where a typed path is. Not every shell reads `~` behind a `=`.
fn place(context: &Context<'_>, typed: &Path) -> PathBuf {
    match (typed.strip_prefix("~"), context.surroundings.user_home()) {
        (Ok(below), Some(home)) => home.join(below),
        _ => context.path(typed),
    }
}

/// The path without links.
fn found(path: &Path) -> Result<PathBuf, WishError> {
    path.canonicalize().map_err(|source| WishError::Path { path: path.to_owned(), source })
}

fn text(path: &Path) -> Result<String, WishError> {
    path.to_str().map(str::to_owned).ok_or_else(|| WishError::NotText(path.to_owned()))
}

fn check_folder(path: &Path, asker: &Asker, places: &Places) -> Result<(), WishError> {
    if !path.is_dir() {
        return Err(WishError::NoFolder(path.to_owned()));
    }
    match FolderClass::of(path, places, holds_projects(path)) {
        FolderClass::Refused(why) => Err(WishError::Never { path: path.to_owned(), why }),
        FolderClass::Wide(why) if asker.standing.highest() < TrustLevel::Elevated => Err(WishError::Wide {
            path: path.to_owned(),
            why,
            publisher: asker.standing.sentence(),
            advice: asker.standing.advice(),
        }),
        FolderClass::Wide(_) | FolderClass::Ordinary => Ok(()),
    }
}

/// How many entries of a folder are looked at.
const ENTRIES_MAX: usize = 1_000;

/// Whether folders right inside of this one are projects, and it is none itself.
fn holds_projects(path: &Path) -> bool {
    let is_project = |path: &Path| path.join(".git").exists();
    let Ok(entries) = fs::read_dir(path) else { return false };
    !is_project(path) && entries.take(ENTRIES_MAX).flatten().any(|entry| is_project(&entry.path()))
}

/// Asks about each thing that needs a grant. A no is remembered: what is left out is left out on purpose.
pub(super) fn ask_each(context: &Context<'_>, asker: &Asker, introduction: &str) -> Result<Wishes, OpsError> {
    let mut wishes = Wishes::default();
    let mut shown = introduction.to_owned();
    for (ask, _) in Ask::all(&asker.asked) {
        let Some(question) = question(&ask) else { continue };
        let answer = context.terminal.ask(&std::mem::take(&mut shown), &question);
        let answer = answer.ok_or_else(|| super::GrantError::Declined(asker.package.clone()))?;
        if !take(&mut wishes, &ask, answer.trim()) {
            wishes.only = true;
        }
    }
    if wishes.is_empty() {
        return Err(super::GrantError::Declined(asker.package.clone()).into());
    }
    Ok(wishes)
}

/// What is asked about one thing; nothing for what no grant is needed for.
fn question(ask: &Ask) -> Option<String> {
    match ask {
        Ask::Folder { slot, access } => {
            let access = if *access == Access::ReadOnly { "read" } else { "read and changed" };
            Some(format!("folder for `{slot}`, to be {access} (empty for none): "))
        }
        Ask::Device { slot, class } => Some(format!("{class} device for `{slot}` (empty for none): ")),
        Ask::Config { name } => Some(format!("value of the setting {} (empty for none): ", excerpt(name))),
        Ask::Kv { .. } | Ask::Logging | Ask::Progress => None,
        _ => Some(format!("may it {}? [y/N] ", ask.sentence())),
    }
}

/// Takes an answer; says whether it allows something.
fn take(wishes: &mut Wishes, ask: &Ask, answer: &str) -> bool {
    let yes = matches!(answer, "y" | "Y" | "yes");
    let given = !answer.is_empty();
    match ask {
        Ask::Folder { slot, .. } if given => {
            wishes.folders.push(FolderWish { slot: slot.clone(), path: answer.into(), access: None });
        }
        Ask::Device { slot, .. } if given => wishes.devices.push((slot.clone(), answer.into())),
        Ask::Config { name } if given => wishes.config.push((name.clone(), answer.to_owned())),
        // A setting without a value stands in nobody's way.
        Ask::Config { .. } => return true,
        Ask::Http { origin, .. } if yes => wishes.http.push(origin.clone()),
        Ask::Secret { name, .. } if yes => wishes.secrets.push(name.clone()),
        Ask::Env { name } if yes => wishes.env.push(name.clone()),
        Ask::Clock if yes => wishes.clock = true,
        Ask::Tool { package } if yes => wishes.tools.push(package.clone()),
        _ => return false,
    }
    true
}
