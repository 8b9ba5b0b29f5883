//! Which paths may be asked for at all, and where a link may lead: judged by the text alone, alike on every system.
//!
//! That a path does not lead out of its folder is judged where it is opened, not here.

/// Bytes of a path; no system that we run on opens a longer one.
const BYTES_MAX: usize = 4096;

/// A path that is not asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BadPath {
    /// Longer than systems take.
    TooLong,
    /// It holds a character that no path may hold.
    Character(&'static str),
}

/// A backslash is a separator on one system and part of a name on others, and NUL ends a path: a tool gets neither.
pub(super) fn check(path: &str) -> Result<(), BadPath> {
    if path.len() > BYTES_MAX {
        return Err(BadPath::TooLong);
    }
    if path.contains('\0') {
        return Err(BadPath::Character("the path holds a NUL"));
    }
    if path.contains('\\') {
        return Err(BadPath::Character("the path holds a backslash"));
    }
    if cfg!(windows) && path.contains(':') {
        return Err(BadPath::Character("the path holds a colon"));
    }
    Ok(())
}

/// Whether a link with this target leads below the folder that holds it, wherever the link is moved: no `..`, no root.
pub(super) fn stays_below(target: &str) -> bool {
    !target.is_empty()
        && check(target).is_ok()
        && !target.starts_with('/')
        && target.split('/').all(|name| name != "..")
}

#[cfg(test)]
mod tests {
    use super::{BadPath, check, stays_below};

    #[test]
    fn characters_that_mean_other_things_elsewhere_are_refused() {
        for good in ["a", "a/b.txt", ".", "..", "/etc", "ä ö", ""] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["a\0", "\0", "a\\b", "..\\x"] {
            assert!(matches!(check(bad), Err(BadPath::Character(_))), "{bad:?}");
        }
        assert_eq!(check(&"a/".repeat(2049)), Err(BadPath::TooLong));
    }

    #[test]
    fn links_lead_downward() {
        for good in ["a", "a/b", "./a", "a..b", "..a"] {
            assert!(stays_below(good), "{good}");
        }
        for bad in ["", "/", "/etc/passwd", "..", "../a", "a/../../b", "a/..", "a\\b", "a\0"] {
            assert!(!stays_below(bad), "{bad:?}");
        }
    }
}
