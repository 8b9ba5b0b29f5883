//! How floats travel: as JSON numbers, and what JSON has no number for as text. Rule `TOOL-14`.

/// NaN and the infinities as text.
pub(super) fn special_text(number: f64) -> Option<&'static str> {
    match number {
        n if n.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

/// The reverse of [`special_text`].
pub(super) fn special_number(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// The f64 whose decimal form is the shortest that reads back as this f32: 0.1 and not 0.10000000149011612.
pub(super) fn widen(number: f32) -> f64 {
    let exact = f64::from(number);
    if !number.is_finite() {
        return exact;
    }
    let short: f64 = format!("{number:?}").parse().unwrap_or(exact);
    if narrow(short) == Some(number) { short } else { exact }
}

/// The nearest f32, unless the number is out of its range.
pub(super) fn narrow(number: f64) -> Option<f32> {
    let in_range = !number.is_finite() || number.abs() <= f64::from(f32::MAX);
    in_range.then_some(number as f32)
}
