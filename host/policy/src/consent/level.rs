//! How much a call may do to the world: from its grants, its arguments and what its session did before; raised, never lowered, by what the
//! package says and by the policy (CONS-1 to CONS-6).

use crate::{Grants, Policy};
use mpp_schema::{MessageKeyId, PackageName, ToolName, consent::Level, manifest::Risk, permissions::Access};

/// What a session did before this call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct History {
    /// A tool read what is the user's own.
    pub private_read: bool,
    /// A tool read what strangers wrote.
    pub untrusted_read: bool,
}

/// The call that is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Considered<'a> {
    /// The package.
    pub package: &'a PackageName,
    /// The tool.
    pub tool: &'a ToolName,
    /// What it may do.
    pub grants: &'a Grants,
    /// What its author says about it.
    pub declared: Option<Risk>,
    /// How many items the longest list of its arguments has.
    pub items: usize,
    /// What the session did before.
    pub history: History,
    /// The agent; nothing for an anonymous one.
    pub agent: Option<MessageKeyId>,
}

/// A level, and why. Only [`judge`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Judged {
    /// The level.
    pub level: Level,
    /// The rules that gave it, in words; one at least.
    pub why: Vec<String>,
    /// Whether a confirmation of this session counts for this call.
    pub once_a_session: bool,
}

impl Judged {
    /// Whether a person must say yes.
    pub fn needs_a_person(&self) -> bool {
        self.level >= Level::L2
    }
}

/// A longer list makes a call that sends or deletes one in bulk.
const BULK_ITEMS: usize = 100;

/// The level of a call. The same values give the same level.
pub fn judge(call: &Considered<'_>, policy: &Policy) -> Judged {
    let mut found: Vec<(Level, String)> = Vec::new();
    from_grants(call, &mut found);
    demanded(call.package, call.tool, call.declared, call.agent, policy, &mut found);
    let level = found.iter().map(|(level, _)| *level).max().unwrap_or_default();
    if level == Level::L3 && call.items > BULK_ITEMS {
        found.push((Level::L4, format!("its arguments hold a list of {} items", call.items)));
    }
    let level = found.iter().map(|(level, _)| *level).max().unwrap_or_default();
    let mut why: Vec<String> = found.into_iter().filter(|(of, _)| *of == level).map(|(_, why)| why).collect();
    if why.is_empty() {
        why.push("it only computes on what it is given".to_owned());
    }
    let once_a_session = level == Level::L2 && !call.history.untrusted_read;
    if level == Level::L2 && !once_a_session {
        why.push("this session read what strangers wrote, so each change is asked about".to_owned());
    }
    Judged { level, why, once_a_session }
}

/// What the author declares and the policy requires, whatever is granted.
fn demanded(
    package: &PackageName,
    tool: &ToolName,
    declared: Option<Risk>,
    agent: Option<MessageKeyId>,
    policy: &Policy,
    found: &mut Vec<(Level, String)>,
) {
    if let Some(risk) = declared {
        found.push((of_risk(risk), format!("its author declares the risk `{}`", risk_name(risk))));
    }
    for rule in policy.requires(package, tool, agent) {
        found.push((rule, format!("the policy requires {rule}")));
    }
}

/// The level that a tool needs besides what its grants give it, for a call by another tool (CONS-37).
pub fn level_within(package: &PackageName, tool: &ToolName, declared: Option<Risk>, policy: &Policy) -> Level {
    let mut found = Vec::new();
    // Nobody knows the agent here: a demand about any of them counts.
    let demands = policy.requires_of_anybody(package, tool).max();
    demanded(package, tool, declared, None, policy, &mut found);
    found.into_iter().map(|(level, _)| level).chain(demands).max().unwrap_or_default()
}

fn from_grants(call: &Considered<'_>, found: &mut Vec<(Level, String)>) {
    let grants = call.grants;
    let reads = reads_private(grants);
    if reads {
        found.push((Level::L1, "it reads what was granted".to_owned()));
    }
    if grants.kv_bytes().is_some() || !grants.http().is_empty() || !grants.tools().is_empty() {
        found.push((Level::L1, "it reaches its own store, the network or other tools".to_owned()));
    }
    if grants.folders().values().any(|folder| folder.access == Access::ReadWrite) {
        found.push((Level::L2, "it can change and delete files in a folder".to_owned()));
    }
    if !grants.devices().is_empty() {
        found.push((Level::L3, "it uses a device, and what that does cannot be taken back".to_owned()));
    }
    let sends = grants.http().iter().any(|http| http.methods.iter().any(|method| !is_safe(method)));
    if sends {
        found.push((Level::L3, "it can send data that changes things elsewhere".to_owned()));
    }
    if !grants.http().is_empty() && (reads || call.history.private_read) {
        found.push((Level::L3, "it reaches the network, and private data was or can be read".to_owned()));
    }
}

/// Whether these grants let a tool read what is the user's own.
fn reads_private(grants: &Grants) -> bool {
    !grants.folders().is_empty() || !grants.env().is_empty() || !grants.devices().is_empty()
}

impl History {
    /// What a session did once a call with these grants was begun.
    #[must_use]
    pub fn after(self, grants: &Grants) -> Self {
        Self {
            private_read: self.private_read || reads_private(grants),
            untrusted_read: self.untrusted_read || !grants.http().is_empty(),
        }
    }
}

fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

fn of_risk(risk: Risk) -> Level {
    match risk {
        Risk::None => Level::L0,
        Risk::Read => Level::L1,
        Risk::Write => Level::L2,
        Risk::External | Risk::Destructive => Level::L3,
        Risk::Irreversible => Level::L4,
    }
}

fn risk_name(risk: Risk) -> &'static str {
    match risk {
        Risk::None => "none",
        Risk::Read => "read",
        Risk::Write => "write",
        Risk::External => "external",
        Risk::Destructive => "destructive",
        Risk::Irreversible => "irreversible",
    }
}

#[cfg(test)]
mod tests {
    use super::{Considered, History, judge};
    use crate::{Allowance, FolderBinding, Grants, Origin, Policy};
    use mpp_schema::{
        consent::Level,
        manifest::Risk,
        permissions::{Access, Permissions},
    };
    use serde_json::{Value as Json, json};

    fn grants(asked: Json) -> Grants {
        let asked: Permissions = serde_json::from_value(asked).unwrap();
        let binding = || FolderBinding { path: "/srv/notes".into(), access: Access::ReadWrite };
        let allowed = Allowance {
            folders: asked.folders.keys().map(|slot| (slot.clone(), binding())).collect(),
            http: asked.http.iter().filter_map(|http| Origin::parse(&http.origin)).collect(),
            kv: asked.kv.as_ref().map(|kv| kv.quota),
            devices: asked.devices.keys().map(|slot| (slot.clone(), "/dev/ttyS0".into())).collect(),
            ..Default::default()
        };
        Grants::cut(&asked, &allowed)
    }

    #[track_caller]
    fn check(asked: Json, declared: Option<Risk>, history: History, items: usize, policy: Json, expected: Level) {
        let policy = Policy::new(serde_json::from_value(policy).unwrap()).unwrap();
        let (package, tool, grants) = ("acme:notes".parse().unwrap(), "save".parse().unwrap(), grants(asked));
        let call =
            Considered { package: &package, tool: &tool, grants: &grants, declared, items, history, agent: None };
        assert_eq!(judge(&call, &policy).level, expected, "{:?}", judge(&call, &policy));
    }

    fn folder(access: &str) -> Json {
        json!({ "folders": { "notes": { "access": access } } })
    }

    fn http(method: &str) -> Json {
        json!({ "http": [{ "origin": "https://a.example", "methods": [method] }] })
    }

    /// CONS-2
    #[test]
    fn grants_give_a_level() {
        let plain = |asked, level| check(asked, None, History::default(), 0, json!({}), level);
        plain(json!({}), Level::L0);
        plain(json!({ "kv": { "quota": "1MiB" } }), Level::L1);
        plain(folder("read-only"), Level::L1);
        plain(folder("read-write"), Level::L2);
        plain(http("GET"), Level::L1);
        plain(http("POST"), Level::L3);
        plain(json!({ "devices": { "scale": { "class": "serial" } } }), Level::L3);
        plain(
            json!({ "folders": { "n": { "access": "read-only" } }, "http": [{ "origin": "https://a.example" }] }),
            Level::L3,
        );
    }

    /// CONS-3: history and arguments
    #[test]
    fn what_came_before_and_what_is_passed_raise_it() {
        let private = History { private_read: true, ..History::default() };
        check(http("GET"), None, private, 0, json!({}), Level::L3);
        check(http("POST"), None, History::default(), 101, json!({}), Level::L4);
        check(json!({}), None, private, 101, json!({}), Level::L0);
    }

    /// CONS-1, CONS-4: a package raises and never lowers, and the highest counts
    #[test]
    fn a_package_raises_and_never_lowers() {
        check(json!({}), Some(Risk::Irreversible), History::default(), 0, json!({}), Level::L4);
        check(folder("read-write"), Some(Risk::None), History::default(), 0, json!({}), Level::L2);
        check(http("POST"), Some(Risk::Read), History::default(), 0, json!({}), Level::L3);
    }

    /// CONS-5: a policy raises and never lowers
    #[test]
    fn a_policy_raises_and_never_lowers() {
        let rule = |package: &str, level: &str| json!({ "require": [{ "package": package, "level": level }] });
        check(json!({}), None, History::default(), 0, rule("acme:notes", "L3"), Level::L3);
        check(json!({}), None, History::default(), 0, rule("acme:other", "L3"), Level::L0);
        check(folder("read-write"), None, History::default(), 0, rule("acme:notes", "L0"), Level::L2);
    }

    /// CONS-6
    #[test]
    fn after_untrusted_content_once_becomes_each_time() {
        let policy = Policy::default();
        let (package, tool, grants) =
            ("acme:notes".parse().unwrap(), "save".parse().unwrap(), grants(folder("read-write")));
        let once = |history| {
            let call = Considered {
                package: &package,
                tool: &tool,
                grants: &grants,
                declared: None,
                items: 0,
                history,
                agent: None,
            };
            judge(&call, &policy).once_a_session
        };
        assert!(once(History::default()));
        assert!(!once(History { untrusted_read: true, ..History::default() }));
    }
}
