//! The privacy filter: finds personal data and secrets in texts and values, and masks them before they leave.
//!
//! Pure: no file, clock, socket or engine. Text or values in, masked ones and counts out. `spec/privacy.md` has the rules, and says what the
//! filter does not stop: it lowers accidental leaks, and a hostile tool gets past it.
//!
//! ```
//! use mpp_privacy::{Direction, Filter, Kind, Masker, Modes};
//! use serde_json::json;
//!
//! // A filter is made once: here with a secret of the host and a pattern of the user.
//! let filter = Filter::builder().secret(b"correct horse")?.pattern("STAFF-ID", r"\bE-[0-9]{6}\b")?.build()?;
//! assert_eq!(filter.find(b"pay with 4242 4242 4242 4242")?[0].kind, Kind::Card);
//!
//! // A masker is made for each call: it numbers what it masks.
//! let mut masker = Masker::new(filter, Modes::default());
//! let mut result = json!({"by": "E-004711", "note": "Y29ycmVjdCBob3JzZQ==", "phone": "555 0134"});
//! masker.value(Direction::Result, &mut result)?;
//! assert_eq!(result, json!({"by": "[STAFF-ID#1]", "note": "[SECRET#1]", "phone": "[PHONE#1]"}));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Reading order: [`Kind`], [`Modes`], [`Filter`], [`Masker`]; then [`Stream`], [`Walk`] and [`Sealer`]; [`quality`] measures all of it.

mod blocked;
mod custom;
mod detect;
mod filter;
mod finding;
mod kind;
mod mask;
mod mode;
pub mod quality;
mod sealed;
mod secrets;
mod shadow;
mod stream;
mod walk;

pub use blocked::Blocked;
pub use custom::{PATTERN_BYTES_MAX, PatternError};
pub use filter::{Detector, Filter, FilterBuilder, FilterError, Limits, Spotted};
pub use finding::{FINDING_BYTES_MAX, Finding};
pub use kind::{Counts, Kind, UnknownName};
pub use mask::Masker;
pub use mode::{Direction, Mode, Modes};
pub use sealed::{SEAL_KEY_BYTES, Sealer};
pub use secrets::{SECRET_BYTES_MAX, SECRET_BYTES_MIN};
pub use stream::Stream;
pub use walk::{Visitor, Walk, whole};

/// The names of the rules for credentials.
pub fn credential_rules() -> impl Iterator<Item = &'static str> {
    detect::credential::names()
}
