//! Is the answer the right one?

use crate::case::Expect;
use anyhow::Context as _;
use serde_json::Value as Json;

/// `Ok` when `answer` is what `expect` says; else one line with expected and found.
pub(crate) fn judge(expect: &Expect, answer: &anyhow::Result<String>) -> Result<(), String> {
    let text = answer.as_ref().map_err(|problem| format!("{problem:#}"))?;
    let found = parse(text).map_err(|problem| format!("{problem:#}"))?;
    let right = match expect {
        Expect::Refused { code } => found["outcome"] == "refused" && found["code"] == *code,
        Expect::Accepted { digest, key, text } => {
            let fits =
                |wanted: &Option<String>, field: &str| wanted.as_ref().is_none_or(|wanted| found[field] == *wanted);
            found["outcome"] == "accepted" && fits(digest, "digest") && fits(key, "key") && fits(text, "text")
        }
    };
    let expected = || serde_json::to_string(expect).unwrap_or_default();
    if right { Ok(()) } else { Err(format!("expected {}, found {found}", expected())) }
}

fn parse(text: &str) -> anyhow::Result<Json> {
    let shown: String = text.chars().take(200).collect();
    let answer: Json = serde_json::from_str(text)
        .with_context(|| format!("the answer is not one JSON object: \"{}\"", shown.escape_debug()))?;
    anyhow::ensure!(answer.is_object(), "the answer is not an object: {shown}");
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::case::Expect;

    #[track_caller]
    fn check(expect: &str, answer: &str, right: bool) {
        let expect: Expect = serde_json::from_str(expect).unwrap();
        assert_eq!(judge(&expect, &Ok(answer.to_owned())).is_ok(), right, "{answer}");
    }

    #[test]
    fn a_refusal_needs_its_code() {
        let expect = r#"{"outcome":"refused","code":"sig.malformed"}"#;
        check(expect, r#"{"outcome":"refused","code":"sig.malformed"}"#, true);
        check(expect, r#"{"outcome":"refused","code":"sig.invalid"}"#, false);
        check(expect, r#"{"outcome":"refused"}"#, false);
        check(expect, r#"{"outcome":"accepted","code":"sig.malformed"}"#, false);
    }

    #[test]
    fn an_acceptance_needs_the_digest_that_is_expected() {
        let expect = r#"{"outcome":"accepted","digest":"ab"}"#;
        check(expect, r#"{"outcome":"accepted","digest":"ab","more":1}"#, true);
        check(expect, r#"{"outcome":"accepted","digest":"cd"}"#, false);
        check(expect, r#"{"outcome":"accepted"}"#, false);
        check(r#"{"outcome":"accepted"}"#, r#"{"outcome":"accepted","digest":"cd"}"#, true);
    }

    #[test]
    fn an_acceptance_needs_the_text_that_is_expected() {
        let expect = r#"{"outcome":"accepted","text":"to [CARD#1]"}"#;
        check(expect, r#"{"outcome":"accepted","text":"to [CARD#1]"}"#, true);
        check(expect, r#"{"outcome":"accepted","text":"to 4242424242424242"}"#, false);
        check(expect, r#"{"outcome":"accepted"}"#, false);
    }

    #[test]
    fn what_is_not_an_answer_is_wrong() {
        let expect = r#"{"outcome":"accepted"}"#;
        for answer in ["", "accepted", "[]", r#"{"outcome":"accepted"} {}"#, "null"] {
            check(expect, answer, false);
        }
    }
}
