//! Whether a call needs a person, what that person is shown, and the proof that is left of the answer.
//!
//! Pure: [`judge`] computes a level, [`Prompt`] the bytes that are shown, [`redeem`] makes the [`Receipt`] of an approval that was verified and
//! used up. Asking, keeping and writing are done by others, through [`Ask`] and [`Uses`]. What a tool or a model says can raise a level and never
//! lower one. Rules `CONS` of `spec/consent.md`.

mod agent;
mod approval;
mod arguments;
mod budget;
mod error;
mod level;
pub(crate) mod payload;
mod prompt;

pub use agent::{Agents, CallOfAgent, Caller, KnownAgent, delegate, pairwise_id, sign_call, verify_call};
pub use approval::{Answer, Ask, Binding, Receipt, Uses, read_approval, redeem, sign_approval};
pub use arguments::arguments_digest;
pub use budget::{Budget, PROMPTS_MAX, WINDOW_SECONDS};
pub use error::ConsentError;
pub use level::{Considered, History, Judged, judge, level_within};
pub use prompt::{Challenge, Prompt, Shown};

/// How far clocks may differ, in seconds.
pub(crate) const SKEW_SECONDS: u64 = 5;
