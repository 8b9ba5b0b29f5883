//! All forms in which a text is looked at, kept side by side, for detectors that are asked once about all of them (PRIV-60).

use super::{
    Shadow,
    encoded::{self, Kept},
    marks::Marks,
};
use std::{ops::Range, rc::Rc};

/// One form of a text.
#[derive(Debug)]
pub(crate) enum View<'a> {
    /// As it is.
    Plain(&'a [u8]),
    /// What is encoded in it.
    Decoded(Kept),
    /// A stretch in its normal form.
    Normal(Rc<Shadow>),
    /// What is encoded in such a stretch.
    Both(Rc<Shadow>, Kept),
}

/// The text as it is, and then all its other forms.
pub(crate) fn of<'a>(bytes: &'a [u8], marks: &Marks) -> Vec<View<'a>> {
    let mut views = vec![View::Plain(bytes)];
    encoded::texts(bytes, &mut |decoded| views.push(View::Decoded(decoded.kept())));
    for stretch in marks.stretches(bytes) {
        let shadow = Rc::new(Shadow::of(bytes, stretch));
        views.push(View::Normal(Rc::clone(&shadow)));
        encoded::texts(&shadow.bytes, &mut |decoded| views.push(View::Both(Rc::clone(&shadow), decoded.kept())));
    }
    views
}

impl View<'_> {
    pub(crate) fn text(&self) -> &[u8] {
        match self {
            Self::Plain(bytes) => bytes,
            Self::Decoded(kept) | Self::Both(_, kept) => &kept.text,
            Self::Normal(shadow) => &shadow.bytes,
        }
    }

    /// The original span of a finding in this form; nothing where it could be the rest of something longer.
    pub(crate) fn original(&self, bytes: &[u8], span: Range<usize>) -> Option<Range<usize>> {
        match self {
            Self::Plain(_) => Some(span),
            Self::Decoded(kept) => Some(kept.original(bytes, span)),
            Self::Normal(shadow) => shadow.original_of_whole(bytes, span),
            Self::Both(shadow, kept) => shadow.original_of_whole(bytes, kept.original(&shadow.bytes, span)),
        }
    }
}
