//! What a tool may do: the request of a package, what the user allowed, and the grants that are left when one is cut to the other.
//!
//! Pure: no file, clock, socket or engine. The host asks [`Grants`] and enforces the answer; nothing else decides. `spec/permissions.md` has
//! the rules.
//!
//! Whether a call that may be made needs a person is asked in [`consent`]; what is written about it, and how that is verified, is [`audit`].
//!
//! Reading order: [`Request`], [`Origin`], [`Allowance`], [`Grants`]; then [`Token`], [`Policy`], [`Standing`], and [`decide`], which makes
//! grants of all of them. One request over HTTP is judged in `http`, with `address`, `header` and `path`.

mod address;
mod allowance;
pub mod audit;
mod command;
pub mod consent;
mod decide;
mod folder;
mod grants;
mod header;
mod http;
mod origin;
mod path;
mod policy;
mod request;
mod sentences;
mod standing;
mod token;

pub use address::is_special;
pub use allowance::{Allowance, FolderBinding};
pub use command::{grant_command, shell_word};
pub use decide::{Decision, Missing, Question, Reason, RefusedToken, Rule, decide};
pub use folder::{FolderClass, Places};
pub use grants::{DeviceGrant, FolderGrant, Grants, HttpGrant, SecretGrant};
pub use header::{is_refused_header, may_carry_secret};
pub use http::{HttpRefusal, Reach, Target};
pub use origin::{HostPattern, Origin, Scheme};
pub use policy::{Policy, PolicyError};
pub use request::{Ask, Difference, Request, Wider, check_within};
pub use sentences::{allowed, sentences, unusual};
pub use standing::Standing;
pub use token::{Ledger, Moment, Owners, Subject, Token, TokenError};
