//! Prefixes of paths. Servers do not agree how a path is read, so every likely reading of it must stay below the prefix. Rule HOST-44.

use percent_encoding::percent_decode_str;

/// How often a path may be encoded: a proxy and the server behind it decode once each. What is still encoded after that is refused.
const DECODED_MAX: usize = 4;

/// Whether `path`, however a server may read it, is `prefix` or lies below it. A prefix ends where a segment ends.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
    // Nothing is above the root.
    if prefix == "/" {
        return path.starts_with('/');
    }
    let Some((prefixes, readings)) = decodings(prefix).zip(decodings(path)) else { return false };
    let stays = |(depth, reading): (usize, &String)| {
        let prefix = resolved(&prefixes[depth.min(prefixes.len() - 1)], Parameters::Kept);
        [Parameters::Kept, Parameters::Dropped].iter().all(|how| begins_with(&resolved(reading, *how), &prefix))
    };
    begins_with(path, prefix) && readings.iter().enumerate().all(stays)
}

fn begins_with(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'))
}

/// The path as written, decoded once, twice and so on until nothing is left to decode; nothing when that takes too long.
fn decodings(path: &str) -> Option<Vec<String>> {
    let mut all = vec![path.to_owned()];
    for _ in 0..=DECODED_MAX {
        let last = all.last()?;
        let decoded = percent_decode_str(last).decode_utf8_lossy().into_owned();
        if decoded == *last {
            return Some(all);
        }
        all.push(decoded);
    }
    None
}

/// What stands behind a `;` in a segment, which some servers drop before they look for `..`.
#[derive(Debug, Clone, Copy)]
enum Parameters {
    Kept,
    Dropped,
}

/// A path without `.`, `..` and empty segments, where `\` is a `/` too.
fn resolved(path: &str, parameters: Parameters) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_open = false;
    for segment in path.split(['/', '\\']) {
        let segment = match parameters {
            Parameters::Kept => segment,
            Parameters::Dropped => segment.split(';').next().unwrap_or_default(),
        };
        ends_open = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            name => kept.push(name),
        }
    }
    let end = if ends_open && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[track_caller]
    fn check(expected: bool, prefix: &str, paths: &[&str]) {
        for path in paths {
            assert_eq!(is_below(path, prefix), expected, "{path} below {prefix}");
        }
    }

    #[test]
    fn a_prefix_ends_where_a_segment_ends() {
        check(true, "/", &["/", "/a", "//a", "/a%2fb", "/%2e%2e/a"]);
        check(true, "/repos/", &["/repos/", "/repos/a", "/repos/a/b/", "/repos//a", "/repos/a%20b", "/repos/a;v=1"]);
        check(true, "/repos", &["/repos", "/repos/", "/repos/a"]);
        check(false, "/repos/", &["/", "/repos", "/repository/", "/Repos/a", "//repos/a", "/x/repos/a"]);
        check(false, "/repos", &["/repos-secret", "/reposx/a", "/"]);
        check(true, "/a%20b/", &["/a%20b/c"]);
        check(true, "/a/b.json", &["/a/b.json"]);
    }

    #[test]
    fn no_spelling_leads_out() {
        check(
            false,
            "/repos/",
            &[
                "/repos/..",
                "/repos/../admin",
                "/repos/%2e%2e/admin",
                "/repos/%2E%2E/admin",
                "/repos/.%2e/admin",
                "/repos/%2e%2e%2fadmin",
                "/repos/..%2fadmin",
                "/repos/..%5cadmin",
                "/repos/..\\admin",
                "/repos/a/../../admin",
                "/repos/a%2f..%2f..%2fadmin",
                "/repos//../admin",
                "/repos/./../admin",
                "/repos/%252e%252e/admin",
                "/repos/%252e%252e%252fadmin",
                "/repos/%25252e%25252e/admin",
                "/repos/..;/admin",
                "/repos/..;a=b/admin",
                "/repos/..%3b/admin",
                "/repos/%2e%2e;/admin",
                "/%72epos/a",
                "/repos%2fa",
                "/repos/%25252525252e",
            ],
        );
    }

    #[test]
    fn a_way_out_and_back_in_is_still_inside() {
        check(true, "/repos/", &["/repos/a/../b", "/repos/a%2f..%2fb", "/repos/%25"]);
    }
}
