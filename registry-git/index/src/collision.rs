//! Names that people would confuse (spec/index.md IDX-24).

/// A form in which names that look alike are equal: ASCII case, hyphens and underscores, and the digits that look like letters.
pub(crate) fn folded(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| match c.to_ascii_lowercase() {
            '0' => 'o',
            '1' | 'i' => 'l',
            other => other,
        })
        .collect()
}

/// The first of `existing` that looks like `name` without being it.
pub(crate) fn lookalike<'a>(name: &str, mut existing: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name_folded = folded(name);
    existing.find(|other| *other != name && folded(other) == name_folded)
}

#[cfg(test)]
mod tests {
    use super::lookalike;

    #[track_caller]
    fn check(name: &str, other: &str, alike: bool) {
        assert_eq!(lookalike(name, [other].into_iter()).is_some(), alike, "{name} {other}");
    }

    #[test]
    fn names_that_people_confuse() {
        check("l0gin", "login", true);
        check("log1n", "login", true);
        check("log-in", "login", true);
        check("loglc", "logic", true);
        check("login", "login", false);
        check("logout", "login", false);
    }
}
