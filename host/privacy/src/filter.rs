//! The filter: all detectors, what the user added to them, and their bounds. Made once, shared by all calls.

use crate::{
    Blocked, Finding, Kind,
    custom::{Pattern, PatternError, check_name},
    detect::{self, Hit, Text},
    finding::{FINDING_BYTES_MAX, join},
    secrets::{SECRET_BYTES_MAX, SECRET_BYTES_MIN, Secrets},
    shadow::{
        Shadow, encoded,
        marks::Marks,
        views::{self, View},
    },
};
use std::{fmt, ops::Range, sync::Arc};

/// A detector of the embedder. What it finds is of the kind [`Kind::Custom`].
pub trait Detector: Send + Sync {
    /// The word in placeholders: capitals, digits and hyphens.
    fn name(&self) -> &str;

    /// Where something stands in these texts. The first is what is to be let out; the others are what is encoded in it, and its stretches in
    /// their normal form (PRIV-60). They come together, so that a detector which has to be started is started once.
    ///
    /// # Errors
    /// What went wrong. The text is then blocked (PRIV-40).
    fn detect(&self, texts: &[&[u8]]) -> Result<Vec<Spotted>, String>;
}

/// Something that a [`Detector`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spotted {
    /// In which of the texts that it was given.
    pub text: usize,
    /// Where, in bytes.
    pub span: Range<usize>,
}

/// How much the filter takes on. More of it blocks (PRIV-40).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest text that is looked at as a whole. Streams have no limit.
    pub text_bytes_max: usize,
    /// The most findings in one text.
    pub findings_max: usize,
}

impl Default for Limits {
    /// 8 MiB, and 2,097,152 findings.
    fn default() -> Self {
        Self { text_bytes_max: 8 << 20, findings_max: 2 << 20 }
    }
}

/// Why a filter cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A pattern cannot be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A secret is so short that it would be found everywhere, or too long.
    #[error("a secret has {bytes} bytes: expected {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX}")]
    Secret {
        /// How long it is.
        bytes: usize,
    },
    /// The secrets are too many to be looked for at once.
    #[error("the secrets cannot be looked for: {reason}")]
    Secrets {
        /// Why.
        reason: String,
    },
}

/// What a filter is made of, beside its own detectors.
#[derive(Default)]
pub struct FilterBuilder {
    patterns: Vec<Pattern>,
    detectors: Vec<Box<dyn Detector>>,
    secrets: Vec<Vec<u8>>,
    limits: Limits,
}

impl FilterBuilder {
    /// Adds a pattern. Its name stands in placeholders: `[STAFF-ID#1]`.
    ///
    /// # Errors
    /// See [`PatternError`].
    pub fn pattern(mut self, name: &str, expression: &str) -> Result<Self, FilterError> {
        self.patterns.push(Pattern::new(name, expression)?);
        Ok(self)
    }

    /// Adds a value that must not leave, in whatever encoding.
    ///
    /// # Errors
    /// A value of less than [`SECRET_BYTES_MIN`] or more than [`SECRET_BYTES_MAX`] bytes.
    pub fn secret(mut self, value: &[u8]) -> Result<Self, FilterError> {
        if !(SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&value.len()) {
            return Err(FilterError::Secret { bytes: value.len() });
        }
        self.secrets.push(value.to_vec());
        Ok(self)
    }

    /// Adds a detector.
    ///
    /// # Errors
    /// Its name cannot stand in placeholders.
    pub fn detector(mut self, detector: Box<dyn Detector>) -> Result<Self, FilterError> {
        check_name(detector.name())?;
        self.detectors.push(detector);
        Ok(self)
    }

    /// Sets the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The filter.
    ///
    /// # Errors
    /// The secrets are too many to be looked for at once.
    pub fn build(self) -> Result<Filter, FilterError> {
        let secrets = Secrets::new(&self.secrets).map_err(|reason| FilterError::Secrets { reason })?;
        let rules = Arc::new(Rules { patterns: self.patterns, detectors: self.detectors });
        Ok(Filter { parts: Arc::new(Parts { rules, secrets, limits: self.limits }) })
    }
}

/// All detectors. Cheap to clone.
#[derive(Clone)]
pub struct Filter {
    parts: Arc<Parts>,
}

struct Parts {
    rules: Arc<Rules>,
    secrets: Option<Secrets>,
    limits: Limits,
}

/// What the user added.
struct Rules {
    patterns: Vec<Pattern>,
    detectors: Vec<Box<dyn Detector>>,
}

impl fmt::Debug for Filter {
    /// Says how many parts there are; never a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (patterns, detectors) = (self.parts.rules.patterns.len(), self.parts.rules.detectors.len());
        f.debug_struct("Filter").field("patterns", &patterns).field("detectors", &detectors).finish_non_exhaustive()
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::new()
    }
}

impl Filter {
    /// The detectors of this crate, and nothing else.
    pub fn new() -> Self {
        let rules = Arc::new(Rules { patterns: Vec::new(), detectors: Vec::new() });
        Self { parts: Arc::new(Parts { rules, secrets: None, limits: Limits::default() }) }
    }

    /// The same filter, which looks for these secrets and for no other ones. One that is longer than [`SECRET_BYTES_MAX`] is looked for in
    /// pieces; one that is shorter than [`SECRET_BYTES_MIN`] would be found everywhere, and is not looked for.
    ///
    /// # Errors
    /// The secrets are too many to be looked for at once.
    pub fn with_secrets<'s>(&self, secrets: impl IntoIterator<Item = &'s [u8]>) -> Result<Self, FilterError> {
        let pieces: Vec<Vec<u8>> = secrets.into_iter().flat_map(pieces).map(<[u8]>::to_vec).collect();
        let secrets = Secrets::new(&pieces).map_err(|reason| FilterError::Secrets { reason })?;
        let Parts { rules, limits, .. } = &*self.parts;
        Ok(Self { parts: Arc::new(Parts { rules: Arc::clone(rules), secrets, limits: *limits }) })
    }

    /// Begins a filter with patterns, secrets or detectors of the user.
    pub fn builder() -> FilterBuilder {
        FilterBuilder::default()
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.parts.limits
    }

    /// What a text holds, whatever the modes: in rising order, without overlap.
    ///
    /// # Errors
    /// A limit was reached, or a detector failed.
    pub fn find(&self, text: &[u8]) -> Result<Vec<Finding>, Blocked> {
        self.find_in_field("", text)
    }

    /// What a text holds that is the value of a field: the name of the field counts as words beside it (PRIV-3).
    ///
    /// # Errors
    /// As [`Filter::find`].
    pub fn find_in_field(&self, field: &str, text: &[u8]) -> Result<Vec<Finding>, Blocked> {
        let hits = join(self.hits(Text::new(text, field.as_bytes()), 0)?)?;
        Ok(hits.iter().map(|hit| self.finding(hit)).collect())
    }

    fn finding(&self, hit: &Hit) -> Finding {
        let rule = match hit.kind {
            Kind::Credential => detect::credential::name(hit.rule),
            Kind::Custom => self.label(hit),
            kind => kind.as_str(),
        };
        Finding { kind: hit.kind, rule: rule.to_owned(), span: hit.start..hit.end }
    }

    /// The word in the placeholder of a hit.
    pub(crate) fn label(&self, hit: &Hit) -> &str {
        let rule = usize::from(hit.rule);
        let Rules { patterns, detectors } = &*self.parts.rules;
        match (hit.kind, patterns.get(rule)) {
            (Kind::Custom, Some(pattern)) => &pattern.name,
            (Kind::Custom, None) => {
                detectors.get(rule - patterns.len()).map_or(Kind::Custom.label(), |detector| detector.name())
            }
            (kind, _) => kind.label(),
        }
    }

    /// Everything that was found and begins at `from` or later, in no order.
    pub(crate) fn hits(&self, text: Text<'_>, from: usize) -> Result<Vec<Hit>, Blocked> {
        let bytes = text.bytes;
        if bytes.len() > self.parts.limits.text_bytes_max {
            return Err(Blocked::TooLong { bytes: bytes.len(), bytes_max: self.parts.limits.text_bytes_max });
        }
        let mut hits = Vec::new();
        let mut marks = Marks::default();
        self.plain(text, Some(&mut marks), from, &mut hits);
        self.decoded(bytes, &mut hits);
        for stretch in marks.stretches(bytes) {
            self.disguised(text, stretch, &mut hits);
        }
        self.asked(bytes, &marks, &mut hits)?;
        hits.retain(|hit| hit.start >= from);
        if hits.iter().any(|hit| hit.end - hit.start > FINDING_BYTES_MAX) {
            return Err(Blocked::LongFinding { bytes_max: FINDING_BYTES_MAX });
        }
        self.bounded(hits)
    }

    fn bounded(&self, hits: Vec<Hit>) -> Result<Vec<Hit>, Blocked> {
        let findings_max = self.parts.limits.findings_max;
        if hits.len() > findings_max { Err(Blocked::TooMany { findings_max }) } else { Ok(hits) }
    }

    /// What stands in a text as it is.
    fn plain(&self, text: Text<'_>, marks: Option<&mut Marks>, from: usize, hits: &mut Vec<Hit>) {
        detect::places(text, marks, hits);
        detect::credential::find(text, hits);
        if let Some(secrets) = &self.parts.secrets {
            secrets.find(text.bytes, hits);
        }
        for (rule, pattern) in self.parts.rules.patterns.iter().enumerate() {
            pattern.find(rule, text.bytes, from, hits);
        }
    }

    /// What the detectors of the embedder find. Each of them is asked once.
    fn asked(&self, bytes: &[u8], marks: &Marks, hits: &mut Vec<Hit>) -> Result<(), Blocked> {
        let Rules { patterns, detectors } = &*self.parts.rules;
        if detectors.is_empty() {
            return Ok(());
        }
        let views = views::of(bytes, marks);
        let texts: Vec<&[u8]> = views.iter().map(View::text).collect();
        for (number, detector) in detectors.iter().enumerate() {
            let failed = |reason: String| Blocked::Detector { detector: detector.name().to_owned(), reason };
            for Spotted { text, span } in detector.detect(&texts).map_err(failed)? {
                let length = texts.get(text).map_or(0, |text| text.len());
                if span.is_empty() || span.end > length {
                    return Err(failed(format!("it found something at {span:?} of {length} bytes")));
                }
                let Some(original) = views[text].original(bytes, span.clone()) else { continue };
                let value = (text > 0).then(|| texts[text][span].into());
                let hit = Hit::new(Kind::Custom, patterns.len() + number, original.start, original.end);
                hits.push(Hit { value, ..hit });
            }
        }
        Ok(())
    }

    /// What stands in the encoded texts of `bytes`.
    fn decoded(&self, bytes: &[u8], hits: &mut Vec<Hit>) {
        let mut inside = Vec::new();
        encoded::texts(bytes, &mut |decoded| {
            let text = decoded.text;
            self.plain(Text::new(text, b""), None, 0, &mut inside);
            hits.extend(inside.drain(..).map(|hit| {
                let value = text[hit.start..hit.end].into();
                let span = decoded.original(bytes, hit.start..hit.end);
                Hit { start: span.start, end: span.end, value: Some(value), ..hit }
            }));
        });
    }

    /// What stands in a stretch of a text in its normal form.
    fn disguised(&self, text: Text<'_>, stretch: Range<usize>, hits: &mut Vec<Hit>) {
        let field = if stretch.start == 0 { text.field } else { b"" };
        let shadow = Shadow::of(text.bytes, stretch);
        let mut inside = Vec::new();
        self.plain(Text::new(&shadow.bytes, field), None, 0, &mut inside);
        self.decoded(&shadow.bytes, &mut inside);
        hits.extend(inside.into_iter().filter_map(|hit| {
            let span = shadow.original_of_whole(text.bytes, hit.start..hit.end)?;
            let value = hit.value.unwrap_or_else(|| shadow.bytes[hit.start..hit.end].into());
            Some(Hit { start: span.start, end: span.end, value: Some(value), ..hit })
        }));
    }
}

/// Pieces of equal length, as many as are needed.
fn pieces(secret: &[u8]) -> impl Iterator<Item = &[u8]> {
    let count = secret.len().div_ceil(SECRET_BYTES_MAX).max(1);
    secret.chunks(secret.len().div_ceil(count).max(1)).filter(|piece| piece.len() >= SECRET_BYTES_MIN)
}
