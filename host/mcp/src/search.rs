//! Many tools for few tokens: a client is offered two, one that finds tools and one that calls them (MCP-26).
//!
//! Pure: it ranks what it is given, and reads what the two are called with.

use crate::toolbox::{Hints, Tool};
use mpp_schema::text;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json, value::RawValue};
use std::borrow::Cow;
use std::sync::Arc;

/// Finds tools.
pub const FIND: &str = "find";
/// Calls one of them.
pub const CALL: &str = "call";

/// How many tools are found when nobody says.
const FOUND: usize = 5;
/// How many may be found.
const FOUND_MAX: usize = 20;
/// What a word is worth that only one tool has.
const WORTH: u32 = 1 << 16;
/// What a word in a tool's name counts, compared with one in its description.
const NAME_WEIGHT: u32 = 4;

/// The two tools that stand for all of these.
pub fn two(tools: &[Tool]) -> Vec<Tool> {
    let worst = tools.iter().map(|tool| tool.annotations).reduce(worse).unwrap_or(HARMLESS);
    let call = Tool {
        name: CALL.to_owned(),
        title: "Call a tool".to_owned(),
        description: format!(
            "Calls one of the {} installed tools, by a name and with arguments as `{FIND}` told them.",
            tools.len()
        ),
        input_schema: closed(
            json!({
                "name": {"type": "string", "description": "the name of the tool"},
                "arguments": {"type": "object", "description": "its arguments, by its inputSchema"},
            }),
            &["name", "arguments"],
        ),
        output_schema: None,
        annotations: worst,
    };
    let find = Tool {
        name: FIND.to_owned(),
        title: "Find a tool".to_owned(),
        description: format!(
            "Finds installed tools by what they do: gives the name, description and inputSchema of each, for `{CALL}`. \
             There are {}: {}.",
            tools.len(),
            subjects(tools)
        ),
        input_schema: closed(
            json!({
                "query": {"type": "string", "description": "a few words on what the tool should do"},
                "limit": {"type": "integer", "minimum": 1, "maximum": FOUND_MAX, "description": "how many tools to tell of"},
            }),
            &["query"],
        ),
        output_schema: None,
        annotations: HARMLESS,
    };
    vec![call, find]
}

const HARMLESS: Hints = Hints { read_only: true, destructive: false, idempotent: true, open_world: false };

/// What either of two may do.
fn worse(a: Hints, b: Hints) -> Hints {
    Hints {
        read_only: a.read_only && b.read_only,
        destructive: a.destructive || b.destructive,
        idempotent: a.idempotent && b.idempotent,
        open_world: a.open_world || b.open_world,
    }
}

fn closed(properties: Json, required: &[&str]) -> Arc<Map<String, Json>> {
    let schema = json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    });
    match schema {
        Json::Object(schema) => Arc::new(schema),
        _ => Arc::default(),
    }
}

/// The longest list of names in the description, in bytes.
const SUBJECTS_BYTES_MAX: usize = 300;

/// What the tools are about, as far as it is said in a few words: the packages that their names begin with.
fn subjects(tools: &[Tool]) -> String {
    let mut subjects: Vec<&str> = tools.iter().map(|tool| tool.name.split('_').next().unwrap_or_default()).collect();
    subjects.dedup();
    let mut told = String::new();
    for subject in subjects {
        if told.len() + subject.len() > SUBJECTS_BYTES_MAX {
            return told + ", …";
        }
        if !told.is_empty() {
            told.push_str(", ");
        }
        told.push_str(subject);
    }
    told
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FindArguments<'a> {
    #[serde(borrow)]
    query: Cow<'a, str>,
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallArguments<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    arguments: &'a RawValue,
}

/// Answers `find`: the tools that fit the query best, in the order of how well they do.
///
/// # Errors
/// A sentence on what is wrong with the arguments.
pub fn find(arguments: &str, tools: &[Tool]) -> Result<Json, String> {
    let FindArguments { query, limit } = serde_json::from_str(arguments).map_err(|error| error.to_string())?;
    let limit = limit.unwrap_or(FOUND);
    if !(1..=FOUND_MAX).contains(&limit) {
        return Err(format!("`limit` is between 1 and {FOUND_MAX}"));
    }
    let read: Vec<Read<'_>> = tools.iter().map(Read::new).collect();
    // A single letter says nothing; a word that stands everywhere says little.
    let wanted = words(&query).filter(|word| word.chars().nth(1).is_some()).map(|word| {
        let places = read.iter().filter(|tool| tool.weight(&word) > 0).count();
        let worth = WORTH / u32::try_from(places.max(1)).unwrap_or(WORTH);
        (word, worth)
    });
    let wanted: Vec<(String, u32)> = wanted.collect();
    let mut found: Vec<(u32, &Tool)> = read.iter().map(|read| (read.score(&wanted), read.tool)).collect();
    found.retain(|(score, _)| *score > 0);
    // Equal ones stay in the order of their names.
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let told = found.iter().take(limit).map(
        |(_, tool)| json!({"name": tool.name, "description": tool.description, "inputSchema": &*tool.input_schema}),
    );
    Ok(json!({"tools": told.collect::<Vec<_>>()}))
}

/// Reads what `call` was given: the name of a tool and its arguments as they were written.
///
/// # Errors
/// A sentence on what is wrong with the arguments.
pub fn call(arguments: &str) -> Result<(String, String), String> {
    let CallArguments { name, arguments } = serde_json::from_str(arguments).map_err(|error| error.to_string())?;
    if !arguments.get().starts_with('{') {
        return Err(format!("the arguments of `{}` are an object", text::excerpt(&name)));
    }
    Ok((name.into_owned(), arguments.get().to_owned()))
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// A tool and its words.
struct Read<'a> {
    tool: &'a Tool,
    name: Vec<String>,
    description: Vec<String>,
}

impl<'a> Read<'a> {
    fn new(tool: &'a Tool) -> Self {
        Self { tool, name: words(&tool.name).collect(), description: words(&tool.description).collect() }
    }

    /// How much a word says about this tool.
    fn weight(&self, word: &str) -> u32 {
        let in_name = u32::from(self.name.iter().any(|other| fits(word, other)));
        in_name * NAME_WEIGHT + u32::from(self.description.iter().any(|other| fits(word, other)))
    }

    /// How well it fits what is wanted: words and what each is worth.
    fn score(&self, wanted: &[(String, u32)]) -> u32 {
        wanted.iter().fold(0, |score, (word, worth)| score.saturating_add(self.weight(word).saturating_mul(*worth)))
    }
}

/// A word counts when one begins with the other, so that `note` finds `notes`.
fn fits(word: &str, other: &str) -> bool {
    /// Shorter words begin too many others.
    const PREFIX: usize = 3;
    word == other || (word.len().min(other.len()) >= PREFIX && (word.starts_with(other) || other.starts_with(word)))
}

#[cfg(test)]
mod tests {
    use super::{call, find, two};
    use crate::toolbox::{Hints, Tool};

    fn tool(name: &str, description: &str, read_only: bool) -> Tool {
        Tool {
            name: name.to_owned(),
            title: String::new(),
            description: description.to_owned(),
            input_schema: std::sync::Arc::default(),
            output_schema: None,
            annotations: Hints { read_only, destructive: false, idempotent: true, open_world: !read_only },
        }
    }

    fn tools() -> Vec<Tool> {
        vec![
            tool("mail_send", "Sends a letter.", false),
            tool("notes_read", "Reads one of the notes of the user.", true),
            tool("notes_write", "Writes one.", true),
        ]
    }

    #[track_caller]
    fn check(arguments: &str, expected: &[&str]) {
        let found = find(arguments, &tools()).unwrap();
        let names: Vec<_> =
            found["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected);
    }

    /// MCP-26.
    #[test]
    fn the_best_come_first() {
        check(r#"{"query": "read a note"}"#, &["notes_read", "notes_write"]);
        check(r#"{"query": "LETTER"}"#, &["mail_send"]);
        check(r#"{"query": "notes", "limit": 1}"#, &["notes_read"]);
        check(r#"{"query": "weather"}"#, &[]);
        check(r#"{"query": ""}"#, &[]);
    }

    #[test]
    fn what_the_two_are_given_is_checked() {
        for wrong in [
            "{}",
            r#"{"query": 1}"#,
            r#"{"query": "a", "limit": 0}"#,
            r#"{"query": "a", "limit": 21}"#,
            r#"{"query": "a", "x": 1}"#,
        ] {
            assert!(find(wrong, &tools()).is_err(), "{wrong}");
        }
        let (name, arguments) = call(r#"{"name": "mail_send", "arguments": {"n": 1.50}}"#).unwrap();
        assert_eq!((name.as_str(), arguments.as_str()), ("mail_send", r#"{"n": 1.50}"#));
        for wrong in ["{}", r#"{"name": "a"}"#, r#"{"name": "a", "arguments": []}"#] {
            assert!(call(wrong).is_err(), "{wrong}");
        }
    }

    /// MCP-13.
    #[test]
    fn a_call_may_do_what_any_tool_may() {
        let two = two(&tools());
        assert_eq!(two.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["call", "find"]);
        assert!(!two[0].annotations.read_only && two[0].annotations.open_world);
        assert!(two[1].annotations.read_only);
        assert!(two[1].description.contains("mail, notes"), "{}", two[1].description);
    }
}
