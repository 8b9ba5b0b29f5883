//! The words of a line up to the cursor, as a shell would read them. Bash splits them at `:` as well, which stands in every package name.

/// The words before the cursor; the last one is the one that is typed, and may be empty. Settings of variables before the program are left out.
pub(super) fn words(line: &str, point: usize) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars().take(point);
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, ' ' | '\t' | '\n') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (Some(open), _) if open == letter => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(letters.next()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.push(word.unwrap_or_default());
    let settings = words.iter().take_while(|word| word.contains('=')).count();
    words.split_off(settings.min(words.len() - 1))
}

#[cfg(test)]
mod tests {
    use super::words;

    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        assert_eq!(words(line, line.chars().count()), expected, "{line}");
    }

    #[test]
    fn a_line_is_read_as_a_shell_reads_it() {
        check("mpp call acme:md", &["mpp", "call", "acme:md"]);
        check("mpp  call ", &["mpp", "call", ""]);
        check("mpp run 'my fol", &["mpp", "run", "my fol"]);
        check(r#"mpp run "a\"b" c\ d"#, &["mpp", "run", "a\"b", "c d"]);
        check("mpp run '' x", &["mpp", "run", "", "x"]);
        check("A=1 B=2 mpp ca", &["mpp", "ca"]);
        check("", &[""]);
        check("A=1", &["A=1"]);
        check("mpp run ä:", &["mpp", "run", "ä:"]);
        assert_eq!(words("mpp call acme", 6), ["mpp", "ca"]);
        assert_eq!(words("mpp", 99), ["mpp"]);
    }
}
