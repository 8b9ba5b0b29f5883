//! The rules of the house. Replace them by yours.

use serde_json::Value;

/// A rule that a package breaks.
#[derive(Debug, PartialEq)]
pub struct Broken {
    /// Whether the build stops.
    pub stops: bool,
    pub message: String,
    pub help: &'static str,
}

/// Words that say nothing to an agent that has to choose a tool.
const EMPTY_WORDS: &[&str] = &["powerful", "simple", "easy", "awesome"];

pub fn broken(manifest: &Value, tools: &Value) -> Vec<Broken> {
    let mut broken = Vec::new();
    if manifest["homepage"].as_str().is_none() {
        let help = "write `homepage = \"…\"` under [package]";
        broken.push(Broken { stops: false, message: "nobody can tell whom to ask about it".to_owned(), help });
    }
    for tool in tools["tools"].as_array().into_iter().flatten() {
        let description = tool["description"].as_str().unwrap_or_default().to_lowercase();
        if let Some(word) = EMPTY_WORDS.iter().find(|word| description.contains(**word)) {
            let message = format!("the tool `{}` calls itself {word}", tool["name"].as_str().unwrap_or_default());
            broken.push(Broken { stops: true, message, help: "say what it does" });
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::broken;
    use serde_json::{Value, json};

    #[track_caller]
    fn check(manifest: Value, tools: Value, expected: &[&str]) {
        let messages: Vec<_> = broken(&manifest, &tools).into_iter().map(|broken| broken.message).collect();
        assert_eq!(messages, expected);
    }

    #[test]
    fn rules_are_checked_one_by_one() {
        let tools = |description: &str| json!({ "tools": [{ "name": "count", "description": description }] });
        let home = json!({ "homepage": "https://example.com" });
        check(home.clone(), tools("Counts words."), &[]);
        check(home, tools("A Powerful counter."), &["the tool `count` calls itself powerful"]);
        check(json!({}), tools("Counts words."), &["nobody can tell whom to ask about it"]);
    }
}
