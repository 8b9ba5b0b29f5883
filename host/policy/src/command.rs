//! The command that would grant what is missing, ready to be typed.

use crate::Ask;
use mpp_schema::{manifest::TrustLevel, permissions::Access};

/// `mpp grant …` for these things, to the package that `target` names. Where only a person can choose, the word `PATH` or `VALUE` stands.
pub fn grant_command<'a>(target: &str, asks: impl IntoIterator<Item = &'a Ask>) -> String {
    let mut words = vec!["mpp grant".to_owned(), shell_word(target)];
    let mut highest = TrustLevel::Sandboxed;
    for ask in asks {
        highest = highest.max(ask.level());
        words.push(option(ask));
    }
    let lifetime = if highest == TrustLevel::Elevated { "session" } else { "always" };
    words.push(format!("--for {lifetime}"));
    words.join(" ")
}

fn option(ask: &Ask) -> String {
    match ask {
        Ask::Folder { slot, access: Access::ReadOnly } => format!("--folder {slot}=PATH:ro"),
        Ask::Folder { slot, access: Access::ReadWrite } => format!("--folder {slot}=PATH:rw"),
        Ask::Http { origin, .. } => format!("--http {}", shell_word(origin)),
        Ask::Secret { name, .. } => format!("--secret {name}"),
        Ask::Kv { .. } => "--kv".to_owned(),
        Ask::Env { name } => format!("--env {}", shell_word(name)),
        Ask::Config { name } => format!("--config {}=VALUE", shell_word(name)),
        Ask::Clock => "--clock".to_owned(),
        Ask::Device { slot, .. } => format!("--device {slot}=PATH"),
        Ask::Logging => "--logging".to_owned(),
        Ask::Progress => "--progress".to_owned(),
        Ask::Tool { package } => format!("--tools {package}"),
    }
}

/// `word` as a shell takes it for one word.
pub fn shell_word(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", mpp_schema::text::escaped(word).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{grant_command, shell_word};
    use crate::Ask;

    #[test]
    fn a_command_can_be_typed_as_it_stands() {
        let asked = serde_json::from_value(serde_json::json!({
            "folders": { "notes": { "access": "read-write" } }, "http": [{ "origin": "https://*.example" }], "env": ["LANG"]
        }));
        let asked = asked.expect("permissions");
        let asks: Vec<Ask> = Ask::all(&asked).into_iter().map(|(ask, _)| ask).collect();
        let command = grant_command("acme:notes", &asks);
        assert_eq!(
            command,
            "mpp grant acme:notes --folder notes=PATH:rw --http 'https://*.example' --env LANG --for session"
        );
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_read_more() {
        assert_eq!(shell_word("a=b:c"), "a=b:c");
        assert_eq!(shell_word("it's $x"), r"'it'\''s $x'");
        assert_eq!(shell_word(""), "''");
        assert_eq!(shell_word("a\nb"), "'a\\nb'");
    }
}
