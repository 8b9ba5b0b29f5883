//! What this home knows about a publisher, and how much its packages may have at most (PERM-20).

use mpp_schema::manifest::TrustLevel;

/// What this home knows about a publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody vouched for its key beyond this one package.
    FirstSeen,
    /// Pinned by the user, under this name.
    Pinned(String),
    /// Owner of the package's namespace in a registry.
    NamespaceOwner,
    /// A key of this home, the development key included.
    Own,
    /// Marked by the user, under this name, for what needs the highest level.
    Marked(String),
}

impl Standing {
    /// The highest level that its packages may be granted.
    pub fn highest(&self) -> TrustLevel {
        match self {
            Self::FirstSeen => TrustLevel::Sandboxed,
            Self::Pinned(_) | Self::NamespaceOwner => TrustLevel::Limited,
            Self::Own | Self::Marked(_) => TrustLevel::Elevated,
        }
    }

    /// What the user would type for its packages to have more.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::FirstSeen => Some("pin its publisher: mpp trust add NAME KEY".to_owned()),
            Self::Pinned(name) => Some(format!("mpp trust mark {name} --elevated")),
            Self::NamespaceOwner => {
                Some("pin its publisher as one that may have it: mpp trust add NAME KEY --elevated".to_owned())
            }
            Self::Own | Self::Marked(_) => None,
        }
    }

    /// In words, to be read after "its publisher".
    pub fn sentence(&self) -> String {
        match self {
            Self::FirstSeen => "is known from this package only".to_owned(),
            Self::Pinned(name) => format!("is trusted here as `{name}`"),
            Self::NamespaceOwner => "owns the namespace in its registry".to_owned(),
            Self::Own => "is this home itself".to_owned(),
            Self::Marked(name) => format!("is trusted here as `{name}`, and marked for elevated packages"),
        }
    }
}

/// A level as people write it.
pub(crate) fn level_name(level: TrustLevel) -> &'static str {
    match level {
        TrustLevel::Sandboxed => "sandboxed",
        TrustLevel::Limited => "limited",
        TrustLevel::Elevated => "elevated",
    }
}
