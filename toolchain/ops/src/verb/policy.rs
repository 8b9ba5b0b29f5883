//! `mpp policy`: what was decided beforehand, for every package.

use crate::{
    Context, OpsError,
    atomic_write::{self, Readable},
    filters,
};
use mpp_schema::{
    policy::{PolicyFile, PolicyLimits},
    text::escaped,
};
use serde::Serialize;
use std::path::PathBuf;

/// The policy in force.
#[derive(Debug, Serialize)]
pub struct PolicyReport {
    /// Where it is, or would be.
    pub file: PathBuf,
    /// Whether the file is there.
    pub exists: bool,
    /// What it says.
    pub policy: PolicyFile,
    /// What it means, in sentences.
    pub means: Vec<String>,
}

/// Shows the policy in force. One that cannot be obeyed is an error with its reason, so showing is also checking.
pub fn show(context: &Context<'_>) -> Result<PolicyReport, OpsError> {
    let policy = context.home.policy()?;
    // Also what it says about privacy must be something that can be obeyed.
    filters::privacy(context, &policy)?;
    let file = context.home.policy_path();
    let means = sentences(policy.file());
    Ok(PolicyReport { exists: file.exists(), file, policy: policy.file().clone(), means })
}

/// What a new policy file says.
const TEMPLATE: &str = include_str!("policy/template.toml");

/// Writes a policy file that says what holds without one, with a comment on each line; says whether it did, or one was there.
pub fn init(context: &Context<'_>, headless_grants: bool) -> Result<(PathBuf, bool), OpsError> {
    let path = context.home.policy_path();
    let text = TEMPLATE.replace("headless-grants = false", &format!("headless-grants = {headless_grants}"));
    let new = atomic_write::create(&path, text.as_bytes(), Readable::ByAll)?;
    Ok((path, new))
}

fn sentences(policy: &PolicyFile) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(if policy.headless_grants {
        "grants can be made without a terminal".to_owned()
    } else {
        "grants are made on a terminal only".to_owned()
    });
    let free = &policy.without_asking;
    let free = [(free.kv, "kv"), (free.config, "config"), (free.logging, "logging"), (free.progress, "progress")];
    let names: Vec<_> = free.iter().filter(|(free, _)| *free).map(|(_, name)| *name).collect();
    lines.push(match names.as_slice() {
        [] => "nothing is granted without a permission token".to_owned(),
        names => format!("every package that asks gets {} without a permission token", names.join(", ")),
    });
    for (name, key) in policy.grantors.iter() {
        lines.push(format!("tokens signed by `{name}` count here, key {}", escaped(key.trim())));
    }
    let deny = &policy.deny;
    lines.extend(deny.packages.iter().map(|package| format!("{package} gets nothing")));
    lines.extend(deny.publishers.iter().map(|key| format!("packages of the publisher {key} get nothing")));
    lines.extend(deny.permissions.iter().map(|permission| format!("no package gets `{}`", permission.as_str())));
    lines.extend(deny.origins.iter().map(|origin| format!("no package reaches {}", escaped(origin))));
    lines.extend(deny.folders.iter().map(|folder| format!("no package gets the folder {}", escaped(folder))));
    lines.extend(policy.limits.days.map(|days| format!("no permission token counts for more than {days} days")));
    for (direction, kinds) in policy.privacy.modes.iter() {
        let kinds = kinds.iter().map(|(kind, mode)| format!("{} {}", escaped(kind), escaped(mode)));
        lines.push(format!(
            "privacy in the direction {}: {}",
            escaped(direction),
            kinds.collect::<Vec<_>>().join(", ")
        ));
    }
    lines.extend(policy.privacy.patterns.keys().map(|name| format!("the pattern {} is looked for", escaped(name))));
    for (name, package) in policy.privacy.filters.iter() {
        lines.push(format!("the filter {package} is asked, and what it finds is called {}", escaped(name)));
    }
    if policy.privacy.tokens {
        lines.push("results hold tokens in place of what is masked".to_owned());
    }
    for (package, kinds) in policy.privacy.open_tokens.iter() {
        lines.push(format!("tokens are turned back for {package}: {}", escaped(&kinds.join(", "))));
    }
    lines.extend(limits(&policy.limits));
    lines
}

fn limits(limits: &PolicyLimits) -> impl Iterator<Item = String> {
    let PolicyLimits { days: _, kv, memory, time_ms, output, result, http_requests, http_up, http_down } = limits;
    let lines = [
        kv.map(|kv| format!("no store holds more than {kv}")),
        memory.map(|memory| format!("no call uses more than {memory} of memory")),
        time_ms.map(|time| format!("no call takes more than {time} milliseconds")),
        output.map(|output| format!("no call writes more than {output} to stdout, to stderr or to the log")),
        result.map(|result| format!("no result is larger than {result}")),
        http_requests.map(|requests| format!("no call sends more than {requests} requests")),
        http_up.map(|bytes| format!("no call sends more than {bytes}")),
        http_down.map(|bytes| format!("no call is sent more than {bytes}")),
    ];
    lines.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::{TEMPLATE, sentences};
    use mpp_schema::policy::PolicyFile;

    #[test]
    fn the_template_says_what_holds_without_it() {
        let file: PolicyFile = toml::from_str(TEMPLATE).unwrap();
        assert_eq!(PolicyFile { mpp: None, ..file }, PolicyFile::default());
        assert!(TEMPLATE.contains("headless-grants = false"));
        // What it shows in comments is what a person would write.
        let shown: String =
            TEMPLATE.lines().map(|line| line.strip_prefix("#= ").unwrap_or(line).to_owned() + "\n").collect();
        let file: PolicyFile = toml::from_str(&shown).unwrap();
        assert_eq!(sentences(&file).len(), 21);
        mpp_policy::Policy::new(file).unwrap();
    }
}
