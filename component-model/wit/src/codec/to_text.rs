//! Values as JSON text, in canonical form: every member present, in declared order, without white space.

use super::float::{special_text, widen};
use super::{CodecError, Members};
use crate::{Label, Type, Value};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt::Write as _;

/// Appends `value` to `out`.
pub(super) fn value(ty: &Type, value: &Value, out: &mut String) -> Result<(), CodecError> {
    match (ty, value) {
        (Type::Bool, Value::Bool(it)) => out.push_str(if *it { "true" } else { "false" }),
        (Type::U8, Value::U8(it)) => display(it, out),
        (Type::U16, Value::U16(it)) => display(it, out),
        (Type::U32, Value::U32(it)) => display(it, out),
        (Type::S8, Value::S8(it)) => display(it, out),
        (Type::S16, Value::S16(it)) => display(it, out),
        (Type::S32, Value::S32(it)) => display(it, out),
        (Type::U64, Value::U64(it)) => quoted(it, out),
        (Type::S64, Value::S64(it)) => quoted(it, out),
        (Type::F32, Value::F32(it)) => float(widen(*it), out),
        (Type::F64, Value::F64(it)) => float(*it, out),
        (Type::Char, Value::Char(it)) => string(it.encode_utf8(&mut [0; 4]), out),
        (Type::String, Value::String(it)) => string(it, out),
        (Type::Bytes, Value::Bytes(it)) => {
            out.push('"');
            STANDARD.encode_string(it, out);
            out.push('"');
        }
        (Type::List(element), Value::List(items)) => {
            list(items, out, |item, out| self::value(element, item, out))?;
        }
        (Type::Option(_), Value::Option(None)) => out.push_str("null"),
        (Type::Option(inner), Value::Option(Some(it))) if matches!(**inner, Type::Option(_)) => {
            tagged("some", Some(inner), Some(it), out)?;
        }
        (Type::Option(inner), Value::Option(Some(it))) => self::value(inner, it, out)?,
        (Type::Result { ok, .. }, Value::Result(Ok(it))) => tagged("ok", ok.as_deref(), it.as_deref(), out)?,
        (Type::Result { err, .. }, Value::Result(Err(it))) => tagged("err", err.as_deref(), it.as_deref(), out)?,
        (Type::Tuple(types), Value::Tuple(items)) => members(Members::Items(types), items, out)?,
        (Type::Record(record), Value::Record(items)) => members(Members::Fields(&record.fields), items, out)?,
        (Type::Variant(it), Value::Variant { case, payload }) => {
            let case = it.cases.get(*case as usize).ok_or_else(|| CodecError::shape(ty.kind()))?;
            variant(&case.name, case.ty.as_ref(), payload.as_deref(), out)?;
        }
        (Type::Enum(it), Value::Enum(case)) => {
            let label = it.cases.get(*case as usize).ok_or_else(|| CodecError::shape(ty.kind()))?;
            string(&label.name, out);
        }
        (Type::Flags(it), Value::Flags(set)) if it.flags.len() == set.len() => flags(&it.flags, set, out)?,
        _ => return Err(CodecError::shape(ty.kind())),
    }
    Ok(())
}

fn display(number: impl std::fmt::Display, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{number}");
}

fn quoted(number: impl std::fmt::Display, out: &mut String) {
    let _ = write!(out, "\"{number}\"");
}

fn float(number: f64, out: &mut String) {
    match special_text(number) {
        Some(text) => string(text, out),
        None => {
            let _ = write!(out, "{number:?}");
        }
    }
}

fn list<T>(
    items: &[T],
    out: &mut String,
    mut each: impl FnMut(&T, &mut String) -> Result<(), CodecError>,
) -> Result<(), CodecError> {
    out.push('[');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        each(item, out)?;
    }
    out.push(']');
    Ok(())
}

pub(super) fn members(members: Members<'_>, items: &[Value], out: &mut String) -> Result<(), CodecError> {
    if members.len() != items.len() {
        return Err(CodecError::shape("as many members as the type has"));
    }
    out.push('{');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        string(&members.name(position), out);
        out.push(':');
        let ty = members.ty(position).ok_or_else(|| CodecError::shape("a member"))?;
        value(ty, item, out)?;
    }
    out.push('}');
    Ok(())
}

fn tagged(tag: &str, ty: Option<&Type>, item: Option<&Value>, out: &mut String) -> Result<(), CodecError> {
    out.push('{');
    string(tag, out);
    out.push(':');
    match (ty, item) {
        (Some(ty), Some(item)) => value(ty, item, out)?,
        (None, None) => out.push_str("null"),
        (ty, _) => return Err(CodecError::shape(ty.map_or("nothing", Type::kind))),
    }
    out.push('}');
    Ok(())
}

fn variant(tag: &str, ty: Option<&Type>, payload: Option<&Value>, out: &mut String) -> Result<(), CodecError> {
    out.push_str(r#"{"tag":"#);
    string(tag, out);
    match (ty, payload) {
        (Some(ty), Some(item)) => {
            out.push_str(r#","val":"#);
            value(ty, item, out)?;
        }
        (None, None) => {}
        (ty, _) => return Err(CodecError::shape(ty.map_or("nothing", Type::kind))),
    }
    out.push('}');
    Ok(())
}

fn flags(labels: &[Label], set: &[bool], out: &mut String) -> Result<(), CodecError> {
    let names: Vec<&str> = labels.iter().zip(set).filter(|(_, set)| **set).map(|(it, _)| it.name.as_str()).collect();
    list(&names, out, |name, out| {
        string(name, out);
        Ok(())
    })
}

/// Bytes that are looked at together; the compiler turns the test into a few wide instructions.
const STRIDE: usize = 32;

fn string(text: &str, out: &mut String) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut clean_from = 0;
    while let Some(found) = find_escape(&text.as_bytes()[clean_from..]) {
        let at = clean_from + found;
        out.push_str(&text[clean_from..at]);
        escape(text.as_bytes()[at], out);
        clean_from = at + 1;
    }
    out.push_str(&text[clean_from..]);
    out.push('"');
}

fn needs_escape(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

fn find_escape(bytes: &[u8]) -> Option<usize> {
    let (strides, _) = bytes.as_chunks::<STRIDE>();
    let clean = strides.iter().take_while(|it| !it.iter().fold(false, |any, &byte| any | needs_escape(byte))).count();
    let checked = clean * STRIDE;
    bytes[checked..].iter().position(|&byte| needs_escape(byte)).map(|found| checked + found)
}

/// The same escapes as serde_json's.
fn escape(byte: u8, out: &mut String) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        0x08 => out.push_str("\\b"),
        0x0c => out.push_str("\\f"),
        _ => {
            let _ = write!(out, "\\u{byte:04x}");
        }
    }
}
