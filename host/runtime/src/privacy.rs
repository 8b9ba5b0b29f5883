//! The privacy filter in a call: one masker for everything that leaves it, so that numbers are stable, and what it did for the record.
//!
//! What is found, and how it is masked, is decided in `mpp-privacy`; here is only where it stands. Rules PRIV-20 and following, PRIV-50 and
//! following. A direction in which every mode is off costs one comparison.

use crate::loaded::Resident;
use crate::stop::Stop;
use crate::vault::Vault;
use mpp_privacy::{Blocked, Counts, Direction, Filter, Kind, Masker, Mode, Modes, Sealer, Visitor, Walk, whole};
use mpp_schema::{Coded, PackageName, StrictMap, codes};
use mpp_wit::value::Value;
use mpp_wit::{Tool, Type};
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is looked for in what leaves a host, and what is done about it.
#[derive(Debug, Clone, Default)]
pub struct Privacy {
    /// The detectors. The host's own secrets are added to them as the host comes to know them.
    pub filter: Filter,
    /// The user's modes. A package may ask for stricter ones.
    pub modes: Modes,
    /// Tokens in place of numbers in results; without them a masked value is gone.
    pub tokens: Option<Tokens>,
}

impl Privacy {
    /// Nothing is looked for, and no package changes that.
    pub fn off() -> Self {
        Self { modes: Modes::off(), ..Self::default() }
    }

    /// The texts of one record for the audit log: masked, or nothing but the word that one was blocked.
    pub fn for_audit(&self, texts: &mut [&mut String]) {
        let mut masker = Masker::new(self.filter.clone(), self.modes.clone());
        for text in texts {
            let masked = match masker.text(Direction::Audit, text) {
                Ok(Cow::Borrowed(_)) => continue,
                Ok(Cow::Owned(masked)) => masked,
                Err(_) => BLOCKED.to_owned(),
            };
            **text = masked;
        }
    }
}

/// Tokens that stand for values (PRIV-31), and who gets the values back.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Seals and opens.
    pub sealer: Sealer,
    /// The packages whose tools get values for tokens in their arguments, and of which kinds.
    pub opened_for: BTreeMap<PackageName, BTreeSet<Kind>>,
}

/// What the filter did in one call: for its record. Never a value (PRIV-33).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Findings that were replaced, by kind.
    pub masked: Counts,
    /// Findings that were left as they are, by kind.
    pub reported: Counts,
    /// Texts that did not leave at all.
    pub blocked: u64,
    /// Tokens were looked for in the arguments, and there was one that could be opened.
    pub opened: bool,
}

impl Found {
    /// Whether there was nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Kinds and counts as `--json`, agents and records show them (PRIV-33).
    pub fn to_json(&self) -> Json {
        let Self { masked, reported, blocked, opened } = self;
        let counts = |counts: &Counts| -> Json {
            counts.iter().map(|(kind, count)| (kind.as_str().to_owned(), Json::from(count))).collect()
        };
        json!({ "masked": counts(masked), "reported": counts(reported), "blocked": blocked, "opened": opened })
    }

    /// Adds what was done in a call that was made within the call.
    pub(crate) fn add(&mut self, inner: &Self) {
        self.masked.add_all(&inner.masked);
        self.reported.add_all(&inner.reported);
        self.blocked += inner.blocked;
        self.opened |= inner.opened;
    }
}

/// What stands where a message was blocked.
const BLOCKED: &str = "[blocked]";

/// What a package asks for: the stricter modes of its manifest. Those that are no modes are refused when it is loaded.
pub(crate) fn asked(written: Option<&StrictMap<String, StrictMap<String, String>>>) -> Result<Option<Modes>, String> {
    let Some(written) = written else { return Ok(None) };
    let mut modes = Modes::off();
    apply(&mut modes, written)?;
    Ok(Some(modes))
}

/// Sets modes as policies and manifests write them: for each direction, `all` or kinds, with a mode each.
///
/// # Errors
/// The word that is no direction, kind or mode.
pub fn apply(modes: &mut Modes, written: &StrictMap<String, StrictMap<String, String>>) -> Result<(), String> {
    for (direction, kinds) in written.iter() {
        let direction: Direction = direction.parse().map_err(|error| format!("{error}"))?;
        let mode = |mode: &String| mode.parse::<Mode>().map_err(|error| error.to_string());
        if let Some(all) = kinds.get("all") {
            modes.set_direction(direction, mode(all)?);
        }
        for (kind, named) in kinds.iter().filter(|(kind, _)| *kind != "all") {
            let kind: Kind = kind.parse().map_err(|error| format!("{error}, `all`"))?;
            modes.set(direction, kind, mode(named)?);
        }
    }
    Ok(())
}

/// The filter of one call. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Guard(Arc<Inner>);

struct Inner {
    modes: Modes,
    tokens: Option<Tokens>,
    resident: Arc<Resident>,
    lane: usize,
    masking: Mutex<Masking>,
}

struct Masking {
    masker: Masker,
    /// What the masker does not count: texts that were blocked, tokens, and all of the calls within this one.
    beside: Found,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl Guard {
    /// The filter of a call of a package that asks for `asked`; within another call, its numbers go on.
    pub(crate) fn new(resident: &Arc<Resident>, lane: usize, asked: Option<&Modes>, around: Option<&Guard>) -> Self {
        let current = resident.shared.vault.current(lane);
        let privacy = &current.0;
        let modes = match asked {
            Some(asked) => privacy.modes.raised_by(asked),
            None => privacy.modes.clone(),
        };
        let mut masker = match around {
            Some(around) => around.masking().masker.within(modes.clone()),
            None => Masker::new(privacy.filter.clone(), modes.clone()),
        };
        if let Some(tokens) = privacy.tokens.as_ref().filter(|_| around.is_none()) {
            masker = masker.sealed_by(tokens.sealer.clone());
        }
        let masking = Mutex::new(Masking { masker, beside: Found::default() });
        Self(Arc::new(Inner { modes, tokens: privacy.tokens.clone(), resident: Arc::clone(resident), lane, masking }))
    }

    fn vault(&self) -> &Vault {
        &self.0.resident.shared.vault
    }

    fn masking(&self) -> MutexGuard<'_, Masking> {
        self.0.masking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_off(&self, direction: Direction) -> bool {
        self.0.modes.is_off(direction)
    }

    /// Whether nothing is looked for in any direction.
    pub(crate) fn is_idle(&self) -> bool {
        Direction::ALL.iter().all(|direction| self.is_off(*direction))
    }

    /// From here on these secrets are found as well.
    pub(crate) fn learn(&self, secrets: &[&str]) -> Result<(), Blocked> {
        if self.vault().learn(secrets)? {
            self.refresh();
        }
        Ok(())
    }

    /// Finds what the host has learnt meanwhile.
    pub(crate) fn refresh(&self) {
        self.masking().masker.set_filter(self.vault().current(self.0.lane).0.filter.clone());
    }

    /// Does something with the masker, and counts a text that was blocked.
    pub(crate) fn with<T>(&self, body: impl FnOnce(&mut Masker) -> Result<T, Blocked>) -> Result<T, Blocked> {
        let mut masking = self.masking();
        let done = body(&mut masking.masker);
        masking.beside.blocked += u64::from(done.is_err());
        done
    }

    /// A text, masked.
    pub(crate) fn text(&self, direction: Direction, field: &str, text: String) -> Result<String, Blocked> {
        if self.is_off(direction) || text.is_empty() {
            return Ok(text);
        }
        let masked = self.with(|masker| match masker.text_of(direction, field, &text)? {
            Cow::Borrowed(_) => Ok(None),
            Cow::Owned(masked) => Ok(Some(masked)),
        })?;
        Ok(masked.unwrap_or(text))
    }

    /// Bytes, masked.
    pub(crate) fn bytes(&self, direction: Direction, field: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Blocked> {
        if self.is_off(direction) || bytes.is_empty() {
            return Ok(bytes);
        }
        let masked = self.with(|masker| match masker.bytes_of(direction, field, &bytes)? {
            Cow::Borrowed(_) => Ok(None),
            Cow::Owned(masked) => Ok(Some(masked)),
        })?;
        Ok(masked.unwrap_or(bytes))
    }

    /// Refuses a text that cannot be masked where it stands, such as a name.
    pub(crate) fn refuse_in(&self, direction: Direction, bytes: &[u8]) -> Result<(), Blocked> {
        if self.is_off(direction) {
            return Ok(());
        }
        self.with(|masker| match masker.first_masked(direction, "", bytes)? {
            Some(kind) => Err(Blocked::Policy { kind }),
            None => Ok(()),
        })
    }

    /// The message of an error or a refusal: masked, or a word in its place.
    pub(crate) fn message(&self, message: String) -> String {
        self.text(Direction::Error, "", message).unwrap_or_else(|_| BLOCKED.to_owned())
    }

    /// The arguments of a call: masked where that is wished, and then tokens are turned back for the package that may have the values.
    pub(crate) fn arguments(&self, package: &PackageName, tool: &Tool, arguments: &mut [Value]) -> Result<(), Stop> {
        let opened = self.0.tokens.as_ref().and_then(|tokens| Some((tokens, tokens.opened_for.get(package)?)));
        let is_off = self.is_off(Direction::Arguments);
        if is_off && opened.is_none() {
            return Ok(());
        }
        for (param, value) in tool.params.iter().zip(arguments) {
            let mut typed = Typed { field: &param.name, ty: &param.ty, value };
            if !is_off {
                self.with(|masker| masker.value(Direction::Arguments, &mut typed)).map_err(stop)?;
            }
            if let Some((tokens, kinds)) = opened {
                let mut changed = false;
                open(tokens, kinds, typed.value, &mut changed);
                self.masking().beside.opened |= changed;
            }
        }
        Ok(())
    }

    /// The result of a call, masked; the tool's own error in the direction of errors.
    pub(crate) fn result(&self, tool: &Tool, value: &mut Value) -> Result<(), Stop> {
        let direction = if matches!(value, Value::Result(Err(_))) { Direction::Error } else { Direction::Result };
        let Some(ty) = tool.result.as_ref().filter(|_| !self.is_off(direction)) else { return Ok(()) };
        self.with(|masker| masker.value(direction, &mut Typed { field: "", ty, value })).map_err(stop)
    }

    /// Adds what was done in a call within this one.
    pub(crate) fn add(&self, inner: &Found) {
        self.masking().beside.add(inner);
    }

    /// What was done.
    pub(crate) fn found(&self) -> Found {
        let Masking { masker, beside } = &*self.masking();
        let mut found = *beside;
        found.add(&Found { masked: *masker.masked(), reported: *masker.reported(), ..Found::default() });
        found
    }
}

/// The end of a call whose result, or whose arguments, were blocked.
pub(crate) fn stop(blocked: Blocked) -> Stop {
    Stop { code: blocked.code(), message: blocked.to_string() }
}

/// A typed value: the names of its fields count as words beside their texts.
struct Typed<'a> {
    field: &'a str,
    ty: &'a Type,
    value: &'a mut Value,
}

impl Walk for Typed<'_> {
    fn walk(&mut self, visitor: &mut Visitor<'_>) -> Result<(), Blocked> {
        walk(self.field, self.ty, self.value, visitor)
    }
}

fn walk(field: &str, ty: &Type, value: &mut Value, visitor: &mut Visitor<'_>) -> Result<(), Blocked> {
    match (ty, value) {
        (_, Value::String(text)) => visitor.text(field, text),
        (_, Value::Bytes(bytes)) => visitor.bytes(field, bytes),
        (_, Value::U32(number)) => zero(field, number, visitor),
        (_, Value::U64(number)) => zero(field, number, visitor),
        (_, Value::S32(number)) => zero(field, number, visitor),
        (_, Value::S64(number)) => zero(field, number, visitor),
        (_, Value::F64(number)) => {
            if let Some(digits) = whole(*number)
                && visitor.number(field, &digits)?
            {
                *number = 0.0;
            }
            Ok(())
        }
        (Type::List(inner), Value::List(items)) => {
            items.iter_mut().try_for_each(|item| walk(field, inner, item, visitor))
        }
        (Type::Option(inner), Value::Option(Some(value))) => walk(field, inner, value, visitor),
        (Type::Result { ok: Some(inner), .. }, Value::Result(Ok(Some(value))))
        | (Type::Result { err: Some(inner), .. }, Value::Result(Err(Some(value)))) => {
            walk(field, inner, value, visitor)
        }
        (Type::Tuple(types), Value::Tuple(values)) => {
            types.iter().zip(values).try_for_each(|(ty, value)| walk(field, ty, value, visitor))
        }
        (Type::Record(record), Value::Record(values)) => {
            let fields = record.fields.iter().zip(values);
            fields.into_iter().try_for_each(|(field, value)| walk(&field.name, &field.ty, value, visitor))
        }
        (Type::Variant(variant), Value::Variant { case, payload: Some(payload) }) => {
            match variant.cases.get(*case as usize) {
                Some(case) => case.ty.as_ref().map_or(Ok(()), |ty| walk(&case.name, ty, payload, visitor)),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// A whole number that is a finding becomes 0 (PRIV-32).
fn zero<N: Copy + Default + fmt::Display>(
    field: &str,
    number: &mut N,
    visitor: &mut Visitor<'_>,
) -> Result<(), Blocked> {
    if visitor.number(field, &number.to_string())? {
        *number = N::default();
    }
    Ok(())
}

/// Turns tokens in all texts of a value back.
fn open(tokens: &Tokens, kinds: &BTreeSet<Kind>, value: &mut Value, changed: &mut bool) {
    let may = |label: &str| match Kind::ALL.iter().find(|kind| kind.label() == label) {
        Some(kind) => kinds.contains(kind),
        None => kinds.contains(&Kind::Custom),
    };
    match value {
        Value::String(text) => {
            if let Cow::Owned(opened) = tokens.sealer.open_those(text.as_bytes(), may)
                && let Ok(opened) = String::from_utf8(opened)
            {
                (*text, *changed) = (opened, true);
            }
        }
        Value::Bytes(bytes) => {
            if let Cow::Owned(opened) = tokens.sealer.open_those(bytes, may) {
                (*bytes, *changed) = (opened, true);
            }
        }
        Value::List(values) | Value::Tuple(values) | Value::Record(values) => {
            values.iter_mut().for_each(|value| open(tokens, kinds, value, changed));
        }
        Value::Option(Some(value))
        | Value::Result(Ok(Some(value)) | Err(Some(value)))
        | Value::Variant { payload: Some(value), .. } => open(tokens, kinds, value, changed),
        _ => {}
    }
}

/// A refusal of the filter, for the caller.
pub(crate) fn refusal(what: &str, blocked: &Blocked) -> (mpp_schema::Code, String) {
    (codes::PII_BLOCKED, format!("{what} was not let out: {blocked}"))
}
