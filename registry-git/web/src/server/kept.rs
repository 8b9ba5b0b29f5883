//! Answers that were made before, as many as fit into a given number of bytes.
//!
//! When they do not fit any more all of them go: a page is made anew in milliseconds, and what is asked for often is soon back.

use super::site::Tagged;
use std::{collections::HashMap, sync::Arc};

/// What an answer costs beside its content and its address.
const EXTRA_BYTES: usize = 256;

/// Answers by what was asked.
pub(super) struct KeptAnswers {
    all: HashMap<String, Arc<Tagged>>,
    bytes: usize,
    bytes_max: usize,
}

impl KeptAnswers {
    pub(super) fn within(bytes_max: usize) -> Self {
        Self { all: HashMap::new(), bytes: 0, bytes_max }
    }

    pub(super) fn get(&self, asked: &str) -> Option<Arc<Tagged>> {
        self.all.get(asked).cloned()
    }

    /// Keeps an answer. One that would take more than a sixteenth of the room is not kept.
    pub(super) fn keep(&mut self, asked: String, tagged: &Arc<Tagged>) {
        let bytes = asked.len() + tagged.answer.body.len() + EXTRA_BYTES;
        if bytes > self.bytes_max / 16 || self.all.contains_key(&asked) {
            return;
        }
        if self.bytes + bytes > self.bytes_max {
            self.all.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.all.insert(asked, Arc::clone(tagged));
    }
}

#[cfg(test)]
mod tests {
    use super::{KeptAnswers, Tagged};
    use crate::Answer;
    use std::sync::Arc;

    fn answer(bytes: usize) -> Arc<Tagged> {
        Arc::new(Tagged::of(Answer {
            status: 200,
            media_type: "text/plain",
            body: vec![b'a'; bytes],
            immutable: false,
        }))
    }

    #[test]
    fn what_is_kept_stays_within_its_room() {
        let mut kept = KeptAnswers::within(64 << 10);
        for n in 0..1_000 {
            kept.keep(n.to_string(), &answer(1_000));
            assert!(kept.bytes <= 64 << 10 && kept.get(&n.to_string()).is_some(), "{n}");
        }
        assert!(kept.all.len() < 64);
        kept.keep("large".to_owned(), &answer(5_000));
        assert!(kept.get("large").is_none(), "it would push out everything else");
    }

    #[test]
    fn keeping_twice_counts_once() {
        let mut kept = KeptAnswers::within(64 << 10);
        kept.keep("a".to_owned(), &answer(10));
        let once = kept.bytes;
        kept.keep("a".to_owned(), &answer(10));
        assert_eq!(kept.bytes, once);
    }
}
