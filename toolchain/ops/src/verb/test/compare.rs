//! What a case expects beside what came out: each place that differs, in words.

use super::case::Expected;
use serde_json::{Value as Json, json};

/// More places than this are counted and not named.
const PLACES_MAX: usize = 20;

/// Each place that differs; nothing when all is as expected. An error's message and value are compared only where the case names them.
pub(super) fn differences(expected: Option<&Expected>, found: &Expected) -> Vec<String> {
    let mut places = Vec::new();
    match (expected, found) {
        (Some(Expected::Result(expected)), Expected::Result(found)) => {
            walk("result", Some(expected), Some(found), &mut places)
        }
        (Some(Expected::Error { code, message, value }), Expected::Error { code: c, message: m, value: v }) => {
            walk("error.code", Some(&json!(code)), Some(&json!(c)), &mut places);
            if let Some(message) = message {
                walk("error.message", Some(&json!(message)), m.as_ref().map(|m| json!(m)).as_ref(), &mut places);
            }
            if let Some(value) = value {
                walk("error.value", Some(value), v.as_ref(), &mut places);
            }
        }
        (expected, found) => {
            let expected = expected.map_or("nothing yet (mpp test --bless writes it)".to_owned(), described);
            places.push(format!("expected {expected}, found {}", described(found)));
        }
    }
    let more = places.len().saturating_sub(PLACES_MAX);
    places.truncate(PLACES_MAX);
    places.extend((more > 0).then(|| format!("and {more} more places")));
    places
}

fn described(outcome: &Expected) -> String {
    match outcome {
        Expected::Result(result) => format!("the result {result}"),
        Expected::Error { code, message: Some(message), .. } => format!("the error {code}: {message}"),
        Expected::Error { code, value: Some(value), .. } => format!("the error {code}: {value}"),
        Expected::Error { code, .. } => format!("the error {code}"),
    }
}

/// The innermost places at which two values differ.
fn walk(at: &str, expected: Option<&Json>, found: Option<&Json>, places: &mut Vec<String>) {
    match (expected, found) {
        (expected, found) if expected == found => {}
        (Some(Json::Object(expected)), Some(Json::Object(found))) => {
            let more = found.keys().filter(|key| !expected.contains_key(*key));
            for key in expected.keys().chain(more) {
                walk(&format!("{at}.{key}"), expected.get(key), found.get(key), places);
            }
        }
        (Some(Json::Array(expected)), Some(Json::Array(found))) => {
            for index in 0..expected.len().max(found.len()) {
                walk(&format!("{at}[{index}]"), expected.get(index), found.get(index), places);
            }
        }
        (expected, found) => places.push(format!("{at}: expected {}, found {}", shown(expected), shown(found))),
    }
}

fn shown(value: Option<&Json>) -> String {
    value.map_or("nothing".to_owned(), Json::to_string)
}

#[cfg(test)]
mod tests {
    use super::differences;
    use crate::verb::test::case::Expected;
    use serde_json::{Value as Json, json};

    #[track_caller]
    fn check(expected: Json, found: Json, places: &[&str]) {
        assert_eq!(differences(Some(&Expected::Result(expected)), &Expected::Result(found)), places);
    }

    #[test]
    fn a_difference_names_the_innermost_place() {
        check(json!({ "a": [1, { "b": 2 }] }), json!({ "a": [1, { "b": 2 }] }), &[]);
        check(
            json!({ "a": [1, { "b": 2 }] }),
            json!({ "a": [1, { "b": 3 }] }),
            &["result.a[1].b: expected 2, found 3"],
        );
        check(json!([1]), json!([1, 2]), &["result[1]: expected nothing, found 2"]);
        check(
            json!({ "a": 1 }),
            json!({ "b": 1 }),
            &["result.a: expected 1, found nothing", "result.b: expected nothing, found 1"],
        );
        check(json!("1"), json!(1), &["result: expected \"1\", found 1"]);
    }

    #[test]
    fn what_an_error_case_does_not_name_is_not_compared() {
        let error = |message: Option<&str>, value| Expected::Error {
            code: "tool.error".to_owned(),
            message: message.map(str::to_owned),
            value,
        };
        let found = error(Some("no"), Some(json!(1)));
        assert!(differences(Some(&error(None, None)), &found).is_empty());
        assert_eq!(
            differences(Some(&error(Some("yes"), None)), &found),
            ["error.message: expected \"yes\", found \"no\""]
        );
        let result = Expected::Result(json!(1));
        assert_eq!(differences(Some(&result), &found), ["expected the result 1, found the error tool.error: no"]);
        assert_eq!(
            differences(None, &result),
            ["expected nothing yet (mpp test --bless writes it), found the result 1"]
        );
    }
}
