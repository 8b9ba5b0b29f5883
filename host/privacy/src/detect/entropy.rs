//! How much a text varies: what tells a key from a word or a row of `x`.

/// Shannon's entropy of the bytes, in tenths of a bit for each byte.
pub(super) fn tenths_of_bits(bytes: &[u8]) -> u32 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let length = bytes.len() as f64;
    let bits = |count: &u32| {
        let share = f64::from(*count) / length;
        -share * share.log2()
    };
    let sum: f64 = counts.iter().filter(|count| **count > 0).map(bits).sum();
    (sum * 10.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::tenths_of_bits;

    #[test]
    fn repetition_has_none_and_sixteen_different_bytes_have_four_bits() {
        assert_eq!(tenths_of_bits(b""), 0);
        assert_eq!(tenths_of_bits(b"xxxxxxxx"), 0);
        assert_eq!(tenths_of_bits(b"0123456789abcdef"), 40);
    }
}
