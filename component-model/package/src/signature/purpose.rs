//! What a signature is for, as its trusted comment says it (SIG-30 to SIG-33).
//!
//! One key signs several kinds of things, so the meaning is inside what is signed: `mpp1 kind=<kind> <field>=<value> …`, with single
//! spaces, the fields of its kind, in their order.

use super::SignatureError;
use mpp_schema::{KeyId, PackageName, RegistryId, Version};
use std::fmt;

/// What a signature is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A package, by its publisher.
    Package {
        /// The package's name.
        name: PackageName,
        /// The package's version.
        version: Version,
    },
    /// A package, by the development key of the home that built it.
    DevPackage {
        /// The package's name.
        name: PackageName,
        /// The package's version.
        version: Version,
    },
    /// A statement in a registry's index.
    Statement {
        /// The registry.
        registry: RegistryId,
    },
    /// A namespace record in a registry's index.
    Namespace {
        /// The registry.
        registry: RegistryId,
    },
    /// An advisory in a registry's index.
    Advisory {
        /// The registry.
        registry: RegistryId,
    },
    /// The revocation of a key in a registry's index.
    Revocation {
        /// The registry.
        registry: RegistryId,
    },
    /// The head of a registry's index.
    Head {
        /// The registry.
        registry: RegistryId,
    },
    /// The root of a registry.
    Root {
        /// The registry.
        registry: RegistryId,
    },
}

impl Purpose {
    /// The trusted comment.
    pub fn to_comment(&self) -> String {
        self.to_string()
    }

    /// Reads a trusted comment; nothing when it is not exactly what [`Purpose::to_comment`] would write.
    pub fn parse(comment: &str) -> Option<Self> {
        let fields = comment.strip_prefix("mpp1 kind=")?;
        let (kind, fields) = fields.split_once(' ')?;
        let purpose = match kind {
            "package" => package(fields).map(|(name, version)| Self::Package { name, version })?,
            "dev-package" => package(fields).map(|(name, version)| Self::DevPackage { name, version })?,
            "statement" => Self::Statement { registry: registry(fields)? },
            "namespace" => Self::Namespace { registry: registry(fields)? },
            "advisory" => Self::Advisory { registry: registry(fields)? },
            "revocation" => Self::Revocation { registry: registry(fields)? },
            "head" => Self::Head { registry: registry(fields)? },
            "root" => Self::Root { registry: registry(fields)? },
            _ => return None,
        };
        (purpose.to_comment() == comment).then_some(purpose)
    }

    /// Whether `comment`, signed by `key`, is exactly this purpose.
    ///
    /// # Errors
    /// [`SignatureError::Binding`] when it is not.
    pub fn check(&self, comment: &str, key: KeyId) -> Result<(), SignatureError> {
        let expected = self.to_comment();
        if comment == expected {
            return Ok(());
        }
        Err(SignatureError::Binding { key, expected, found: comment.to_owned() })
    }
}

fn package(fields: &str) -> Option<(PackageName, Version)> {
    let (name, version) = fields.strip_prefix("name=")?.split_once(" version=")?;
    Some((name.parse().ok()?, version.parse().ok()?))
}

fn registry(fields: &str) -> Option<RegistryId> {
    fields.strip_prefix("registry=")?.parse().ok()
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package { name, version } => write!(f, "mpp1 kind=package name={name} version={version}"),
            Self::DevPackage { name, version } => write!(f, "mpp1 kind=dev-package name={name} version={version}"),
            Self::Statement { registry } => write!(f, "mpp1 kind=statement registry={registry}"),
            Self::Namespace { registry } => write!(f, "mpp1 kind=namespace registry={registry}"),
            Self::Advisory { registry } => write!(f, "mpp1 kind=advisory registry={registry}"),
            Self::Revocation { registry } => write!(f, "mpp1 kind=revocation registry={registry}"),
            Self::Head { registry } => write!(f, "mpp1 kind=head registry={registry}"),
            Self::Root { registry } => write!(f, "mpp1 kind=root registry={registry}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Purpose;

    #[track_caller]
    fn check(comment: &str, expected: bool) {
        let parsed = Purpose::parse(comment);
        assert_eq!(parsed.is_some(), expected, "{comment:?}");
        if let Some(purpose) = parsed {
            assert_eq!(purpose.to_comment(), comment);
        }
    }

    #[test]
    fn each_kind_has_one_spelling() {
        let registry = "0123456789abcdef0123456789abcdef";
        check("mpp1 kind=package name=acme:notes version=1.2.3-rc.1+build.5", true);
        check("mpp1 kind=dev-package name=acme:notes version=1.2.3", true);
        for kind in ["statement", "namespace", "advisory", "revocation", "head", "root"] {
            check(&format!("mpp1 kind={kind} registry={registry}"), true);
            check(&format!("mpp1 kind={kind} registry={} ", &registry[1..]), false);
            check(&format!("mpp1 kind={kind} registry={}", registry.to_uppercase()), false);
        }
    }

    #[test]
    fn everything_else_is_no_purpose() {
        for comment in [
            "",
            "timestamp:1556193335\tfile:test",
            "mpp1",
            "mpp1 kind=package",
            "mpp2 kind=package name=acme:notes version=1.2.3",
            "mpp1  kind=package name=acme:notes version=1.2.3",
            "mpp1 kind=package name=acme:notes  version=1.2.3",
            "mpp1 kind=package version=1.2.3 name=acme:notes",
            "mpp1 kind=package name=acme:notes version=1.2",
            "mpp1 kind=package name=acme:notes version=01.2.3",
            "mpp1 kind=package name=acme:notes version=1.2.3 extra=1",
            "mpp1 kind=Package name=acme:notes version=1.2.3",
            "mpp1 kind=grant name=acme:notes version=1.2.3",
        ] {
            check(comment, false);
        }
    }
}
