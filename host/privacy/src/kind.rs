//! What can be found (PRIV-1), in the order in which overlapping findings are settled (PRIV-5).

use std::fmt;
use std::str::FromStr;

macro_rules! kinds {
    ($($variant:ident $name:literal $label:literal $doc:literal;)*) => {
        /// What was found. The order is the one in which overlapping findings are settled: the first wins.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = $doc] $variant,)*
        }

        impl Kind {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name that policies, reports and audit use.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The word in placeholders. A custom finding has the name of its pattern instead.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }
    };
}

kinds! {
    Secret "secret" "SECRET" "A value that the host was told to keep.";
    Credential "credential" "CREDENTIAL" "A key, token or password, by its prefix or structure.";
    Card "card" "CARD" "A payment card number.";
    Iban "iban" "IBAN" "An international bank account number.";
    UsSsn "us-ssn" "SSN" "A social security number of the United States.";
    Email "email" "EMAIL" "An e-mail address.";
    Ip "ip" "IP" "An IPv4 or IPv6 address.";
    Custom "custom" "CUSTOM" "A match of a pattern or a detector of the user.";
    Passport "passport" "PASSPORT" "A passport number, with words that say so.";
    DrivingLicence "driving-licence" "LICENCE" "A driving licence number, with words that say so.";
    BirthDate "birth-date" "BIRTH-DATE" "A date of birth, with words that say so.";
    Phone "phone" "PHONE" "A telephone number.";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is the name of no kind, mode or direction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no {what}: expected one of {expected}")]
pub struct UnknownName {
    pub(crate) name: String,
    pub(crate) what: &'static str,
    pub(crate) expected: String,
}

impl UnknownName {
    pub(crate) fn new(name: &str, what: &'static str, expected: impl Iterator<Item = &'static str>) -> Self {
        let expected = expected.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        Self { name: name.to_owned(), what, expected }
    }
}

impl FromStr for Kind {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.iter().find(|kind| kind.as_str() == name).copied();
        found.ok_or_else(|| UnknownName::new(name, "kind", Self::ALL.iter().map(|kind| kind.as_str())))
    }
}

/// How many findings there were, by kind. Never their values (PRIV-33).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([u64; Kind::ALL.len()]);

impl Counts {
    /// How many of one kind.
    pub fn of(&self, kind: Kind) -> u64 {
        self.0[kind as usize]
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The kinds that were found, with their numbers, in the order of [`Kind`].
    pub fn iter(&self) -> impl Iterator<Item = (Kind, u64)> + '_ {
        Kind::ALL.iter().map(|kind| (*kind, self.of(*kind))).filter(|(_, count)| *count > 0)
    }

    /// Adds those of another count.
    pub fn add_all(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(count, more)| *count += more);
    }

    pub(crate) fn add(&mut self, kind: Kind) {
        self.0[kind as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn names_read_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        assert!("cards".parse::<Kind>().unwrap_err().to_string().contains("`us-ssn`"));
    }
}
