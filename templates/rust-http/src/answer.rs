//! Which path is asked for, and what an answer means.

use crate::Facts;
use serde_json::Value;

/// `owner/name` as a path. What is not a name of GitHub's never becomes a part of an address.
pub fn path(repository: &str) -> Result<String, String> {
    let is_name = |name: &str| {
        !matches!(name, "" | "." | "..") && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    match repository.trim().split_once('/') {
        Some((owner, name)) if is_name(owner) && is_name(name) => Ok(format!("/repos/{owner}/{name}")),
        _ => Err(format!("expected an owner and a name such as `rust-lang/cargo`, found `{repository}`")),
    }
}

pub fn read(status: u16, body: &[u8]) -> Result<Facts, String> {
    match status {
        200 => {}
        404 => return Err("there is no public repository of that name".to_owned()),
        403 | 429 => return Err("GitHub wants no more questions for now; try again in an hour".to_owned()),
        other => return Err(format!("GitHub answered with status {other}")),
    }
    let json: Value = serde_json::from_slice(body).map_err(|error| format!("GitHub's answer is no JSON: {error}"))?;
    let text = |field: &str| json[field].as_str().map(str::to_owned);
    let number = |field: &str| json[field].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
    Ok(Facts {
        description: text("description"),
        language: text("language"),
        stars: number("stargazers_count"),
        open_issues: number("open_issues_count"),
        archived: json["archived"].as_bool().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::{path, read};

    #[test]
    fn only_names_become_paths() {
        assert_eq!(path(" rust-lang/cargo "), Ok("/repos/rust-lang/cargo".to_owned()));
        for wrong in ["cargo", "a/b/c", "../user", "a/..", "a/b?c=d", ""] {
            assert!(path(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_answer_is_read_and_a_refusal_is_told() {
        let facts = read(200, br#"{ "description": null, "language": "Rust", "stargazers_count": 7 }"#).unwrap();
        assert_eq!((facts.description, facts.language.as_deref(), facts.stars), (None, Some("Rust"), 7));
        assert!(read(404, b"").unwrap_err().contains("no public repository"));
        assert!(read(200, b"<html>").unwrap_err().contains("no JSON"));
    }
}
