//! Lengths of time as people type them: `90s`, `15m`, `8h`, `30d`, `2w`.

/// So many seconds; nothing for a word that is no length of time, or none at all.
pub(crate) fn parse(word: &str) -> Option<u64> {
    let unit = match word.as_bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3_600,
        b'd' => 86_400,
        b'w' => 7 * 86_400,
        _ => return None,
    };
    let number: u64 = word[..word.len() - 1].parse().ok()?;
    number.checked_mul(unit).filter(|seconds| *seconds > 0)
}
