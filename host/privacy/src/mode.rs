//! What is done about a finding: a mode for each direction and kind, and how two wishes combine (PRIV-20 to PRIV-22).

use crate::kind::{Kind, UnknownName};
use std::str::FromStr;

/// What is done about a finding, from the weakest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Nothing: it is not even counted.
    Off,
    /// It is counted and left as it is.
    Report,
    /// A placeholder or token stands in its place.
    Mask,
    /// Nothing of the text leaves.
    Block,
}

impl Mode {
    /// All of them, in order.
    pub const ALL: &'static [Self] = &[Self::Off, Self::Report, Self::Mask, Self::Block];

    /// The name that policies use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Report => "report",
            Self::Mask => "mask",
            Self::Block => "block",
        }
    }
}

impl FromStr for Mode {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.iter().find(|mode| mode.as_str() == name).copied();
        found.ok_or_else(|| UnknownName::new(name, "mode", Self::ALL.iter().map(|mode| mode.as_str())))
    }
}

/// Where data goes (PRIV-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// A result, to the caller.
    Result,
    /// An outgoing request: address, headers, body.
    Http,
    /// Standard output and standard error.
    Output,
    /// Log lines.
    Log,
    /// Error texts: of traps, of refusals, of the tool itself.
    Error,
    /// The audit log.
    Audit,
    /// Arguments, on their way in.
    Arguments,
    /// The key-value store.
    Storage,
}

impl Direction {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::Result, Self::Http, Self::Output, Self::Log, Self::Error, Self::Audit, Self::Arguments, Self::Storage];

    /// The name that policies use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Http => "http",
            Self::Output => "output",
            Self::Log => "log",
            Self::Error => "error",
            Self::Audit => "audit",
            Self::Arguments => "arguments",
            Self::Storage => "storage",
        }
    }
}

impl FromStr for Direction {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.iter().find(|direction| direction.as_str() == name).copied();
        found.ok_or_else(|| UnknownName::new(name, "direction", Self::ALL.iter().map(|known| known.as_str())))
    }
}

/// A mode for each direction and kind.
///
/// ```
/// use mpp_privacy::{Direction, Kind, Mode, Modes};
///
/// // The user wants to see e-mail addresses in results, and no card in a request.
/// let mut user = Modes::default();
/// user.set(Direction::Result, Kind::Email, Mode::Report);
/// user.set(Direction::Http, Kind::Card, Mode::Block);
///
/// // The package asks for more in one place and for less in another: only the first counts.
/// let mut asked = Modes::off();
/// asked.set(Direction::Storage, Kind::Card, Mode::Mask);
/// asked.set(Direction::Http, Kind::Card, Mode::Report);
///
/// let in_force = user.raised_by(&asked);
/// assert_eq!(in_force.of(Direction::Storage, Kind::Card), Mode::Mask);
/// assert_eq!(in_force.of(Direction::Http, Kind::Card), Mode::Block);
/// assert_eq!(in_force.of(Direction::Result, Kind::Email), Mode::Report);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modes([[Mode; Kind::ALL.len()]; Direction::ALL.len()]);

impl Modes {
    /// Off everywhere: what a package asks for that asks for nothing.
    pub fn off() -> Self {
        Self([[Mode::Off; Kind::ALL.len()]; Direction::ALL.len()])
    }

    /// One mode for everything, in every direction.
    pub fn all(mode: Mode) -> Self {
        Self([[mode; Kind::ALL.len()]; Direction::ALL.len()])
    }

    /// Sets one of them.
    pub fn set(&mut self, direction: Direction, kind: Kind, mode: Mode) {
        self.0[direction as usize][kind as usize] = mode;
    }

    /// Sets one direction, for all kinds.
    pub fn set_direction(&mut self, direction: Direction, mode: Mode) {
        self.0[direction as usize] = [mode; Kind::ALL.len()];
    }

    /// The mode that holds for a kind in a direction.
    pub fn of(&self, direction: Direction, kind: Kind) -> Mode {
        self.0[direction as usize][kind as usize]
    }

    /// The modes in force when a package asks for `asked`: the stricter of the two, everywhere (PRIV-22).
    #[must_use]
    pub fn raised_by(&self, asked: &Self) -> Self {
        let mut raised = self.clone();
        for (row, asked) in raised.0.iter_mut().zip(&asked.0) {
            for (mode, asked) in row.iter_mut().zip(asked) {
                *mode = (*mode).max(*asked);
            }
        }
        raised
    }

    /// Whether anything is looked for in a direction.
    pub fn is_off(&self, direction: Direction) -> bool {
        self.0[direction as usize].iter().all(|mode| *mode == Mode::Off)
    }
}

impl Default for Modes {
    /// Everything that leaves is masked; what comes in, and what stays, is left alone (PRIV-21).
    fn default() -> Self {
        let mut modes = Self::all(Mode::Mask);
        modes.set_direction(Direction::Arguments, Mode::Off);
        modes.set_direction(Direction::Storage, Mode::Off);
        modes
    }
}

#[cfg(test)]
mod tests {
    use super::{Direction, Mode, Modes};
    use crate::Kind;

    #[test]
    fn whatever_a_package_asks_nothing_is_weakened() {
        // PRIV-22
        for user in Mode::ALL {
            for asked in Mode::ALL {
                let (user, asked) = (Modes::all(*user), Modes::all(*asked));
                let both = user.raised_by(&asked);
                for direction in Direction::ALL {
                    for kind in Kind::ALL {
                        assert!(both.of(*direction, *kind) >= user.of(*direction, *kind));
                        assert!(both == user || both == asked);
                    }
                }
            }
        }
    }

    #[test]
    fn names_read_back() {
        for direction in Direction::ALL {
            assert_eq!(direction.as_str().parse(), Ok(*direction));
        }
        for mode in Mode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(*mode));
        }
        assert!("loud".parse::<Mode>().is_err() && "up".parse::<Direction>().is_err());
    }
}
