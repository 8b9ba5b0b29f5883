//! What a package asks for, in plain sentences with the author's reasons.
//!
//! Only what the manifest says; what was granted is another question. Texts of the author are quoted and escaped.

use mpp_schema::{
    permissions::{Access, Permissions},
    text::escaped,
};

/// One sentence for each thing that is asked for; a single one when nothing is.
pub fn sentences(asked: &Permissions) -> Vec<String> {
    let mut lines = Vec::new();
    for (slot, folder) in asked.folders.iter() {
        let verb = match folder.access {
            Access::ReadOnly => "read files in",
            Access::ReadWrite => "read, change and delete files in",
        };
        lines.push(because(format!("{verb} the folder that you choose for `{slot}`"), &folder.reason));
    }
    for http in &asked.http {
        let what =
            format!("send {} requests to {} below {}", http.methods.join(", "), http.origin, http.paths.join(", "));
        lines.push(because(what, &http.reason));
    }
    for (name, secret) in asked.secrets.iter() {
        let what =
            format!("have the host add your secret `{name}` to requests to {}, unseen by the tool", secret.origin);
        lines.push(because(what, &secret.reason));
    }
    if let Some(kv) = &asked.kv {
        lines.push(because(format!("keep up to {} of its own data between calls", kv.quota), &kv.reason));
    }
    if !asked.env.is_empty() {
        lines.push(format!("read the environment variables {}", asked.env.join(", ")));
    }
    if !asked.config.is_empty() {
        lines.push(format!("read the settings {}", asked.config.join(", ")));
    }
    if let Some(clock) = &asked.clock {
        lines.push(because("read a precise clock".to_owned(), &clock.reason));
    }
    for (slot, device) in asked.devices.iter() {
        let what = format!("use the {} device that you choose for `{slot}`", device.class);
        lines.push(because(what, &device.reason));
    }
    if let Some(logging) = &asked.logging {
        lines.push(because("write to the log".to_owned(), &logging.reason));
    }
    if let Some(progress) = &asked.progress {
        lines.push(because("show progress".to_owned(), &progress.reason));
    }
    for (package, why) in asked.tools.iter() {
        lines.push(because(format!("call the tools of {package}"), &why.reason));
    }
    if lines.is_empty() {
        lines.push(
            "do nothing but compute on what it is given; it reaches no file, network or clock of yours".to_owned(),
        );
    }
    lines
}

fn because(what: String, reason: &str) -> String {
    if reason.is_empty() { what } else { format!("{what} (\"{}\")", escaped(reason)) }
}

#[cfg(test)]
mod tests {
    use super::sentences;
    use mpp_schema::permissions::Permissions;

    #[track_caller]
    fn check(asked: serde_json::Value, expected: &str) {
        let asked: Permissions = serde_json::from_value(asked).unwrap();
        assert_eq!(sentences(&asked).join("\n"), expected);
    }

    #[test]
    fn asks_for_nothing() {
        check(
            serde_json::json!({}),
            "do nothing but compute on what it is given; it reaches no file, network or clock of yours",
        );
    }

    #[test]
    fn reasons_are_quoted_and_cannot_break_the_line() {
        check(
            serde_json::json!({
                "folders": { "notes": { "access": "read-write", "reason": "where\nyour notes live" } },
                "http": [{ "origin": "https://api.example.com", "paths": ["/v1/"] }]
            }),
            "read, change and delete files in the folder that you choose for `notes` (\"where\\nyour notes live\")\n\
             send GET requests to https://api.example.com below /v1/",
        );
    }
}
