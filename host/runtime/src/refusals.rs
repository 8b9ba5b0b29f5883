//! What the host refused to a running tool, for whoever called it. Rule HOST-6.
//!
//! The tool hears of a refusal in the way of the interface that it used, and may hide it; the caller, and the record of the call, read it here.

use mpp_schema::{Code, text};

/// One thing that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable reason, such as `cap.fs`.
    pub code: Code,
    /// What was refused and why: its beginning, escaped for showing.
    pub message: String,
}

/// What was refused in one call, in the order in which it happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals {
    /// The first of them.
    pub kept: Vec<Refusal>,
    /// How many more there were.
    pub more: u64,
}

/// How many refusals of one call are kept.
const KEPT_MAX: usize = 64;

impl Refusals {
    /// Adds a refusal, or counts it when enough were kept. The message is only made when it is kept.
    pub(crate) fn push(&mut self, code: Code, message: impl FnOnce() -> String) {
        if self.kept.len() == KEPT_MAX {
            self.more += 1;
            return;
        }
        self.kept.push(Refusal { code, message: text::excerpt(&message()) });
    }

    /// Adds what was refused elsewhere in the same call.
    pub(crate) fn append(&mut self, others: Self) {
        let room = KEPT_MAX - self.kept.len();
        self.more += others.more + u64::try_from(others.kept.len().saturating_sub(room)).unwrap_or(u64::MAX);
        self.kept.extend(others.kept.into_iter().take(room));
    }

    /// Adds those of another call, made in this one.
    pub(crate) fn append_of(&mut self, whose: &str, other: Self) {
        for Refusal { code, message } in other.kept {
            self.push(code, || format!("{whose}: {message}"));
        }
        self.more = self.more.saturating_add(other.more);
    }

    /// Whether nothing was refused.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether something was refused for this reason, among those that were kept.
    pub fn contains(&self, code: Code) -> bool {
        self.kept.iter().any(|refusal| refusal.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT_MAX, Refusals};
    use mpp_schema::codes;

    #[test]
    fn few_are_kept_and_the_rest_is_counted() {
        let mut refusals = Refusals::default();
        assert!(refusals.is_empty());
        (0..KEPT_MAX + 3).for_each(|number| refusals.push(codes::CAP_DENIED, || number.to_string()));
        assert_eq!((refusals.kept.len(), refusals.more), (KEPT_MAX, 3));
        assert_eq!(refusals.kept[KEPT_MAX - 1].message, (KEPT_MAX - 1).to_string());
        assert!(refusals.contains(codes::CAP_DENIED) && !refusals.contains(codes::LIMIT_TIME));
    }

    #[test]
    fn two_lists_become_one() {
        let mut all = Refusals::default();
        for count in [KEPT_MAX - 1, 3, 2] {
            let mut some = Refusals::default();
            (0..count).for_each(|number| some.push(codes::CAP_DENIED, || number.to_string()));
            all.append(some);
        }
        assert_eq!((all.kept.len(), all.more), (KEPT_MAX, 4));
    }

    #[test]
    fn messages_are_short_and_escaped() {
        let mut refusals = Refusals::default();
        refusals.push(codes::CAP_DENIED, || format!("\x1b[2J{}", "x".repeat(10_000)));
        let message = &refusals.kept[0].message;
        assert!(message.starts_with("\\u{1b}[2J"), "{message}");
        assert!(message.len() < 400, "{message}");
    }
}
