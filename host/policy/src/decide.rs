//! The decision: what a package asks for, what was allowed, who its publisher is and what the policy says, put together into grants, with a
//! reason for each thing (PERM-20 to PERM-26).

use crate::{
    Allowance, Ask, FolderClass, Grants, Ledger, Moment, Origin, Places, Policy, Standing, Subject, Token,
    command::grant_command, request::part_of, sentences::verb, standing::level_name,
};
use mpp_schema::{
    Code, Coded, GrantId, Ident, PackageName, ToolName, codes, grant::Lifetime, manifest::TrustLevel, text::escaped,
};
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Everything that a decision is made of, besides tokens and policy.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The package.
    pub subject: Subject<'a>,
    /// What this home knows about its publisher.
    pub standing: &'a Standing,
    /// The trust level that its author declares.
    pub declared: TrustLevel,
    /// The tool that is called; nothing to ask about what all tools may do.
    pub function: Option<&'a ToolName>,
    /// A token that was made for this very call: what it binds comes before everything else.
    pub first: Option<GrantId>,
    /// Where and when.
    pub moment: Moment,
    /// The places that matter for folders.
    pub places: &'a Places,
    /// What each folder that a token names is now, free of links; nothing when it cannot be found.
    pub seen: &'a BTreeMap<PathBuf, Option<PathBuf>>,
}

/// Which rule decided about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// A token allows it.
    Token(GrantId),
    /// The policy lets every package have it.
    WithoutAsking,
    /// A token left it out on purpose.
    LeftOut(GrantId),
    /// The package can do without it.
    Optional,
    /// Nobody allowed it.
    NotGranted,
    /// The publisher may not have it.
    Trust,
    /// The folder may not be granted.
    Folder,
    /// The policy denies it.
    Denied,
}

impl Rule {
    /// The stable reason of a refusal by this rule.
    pub fn code(&self) -> Code {
        match self {
            Self::Trust => codes::GRANT_TRUST,
            Self::Folder => codes::GRANT_FOLDER,
            Self::Denied => codes::GRANT_DENIED,
            _ => codes::GRANT_MISSING,
        }
    }
}

/// One thing that was asked for, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What was asked for.
    pub ask: Ask,
    /// Whether it is granted.
    pub granted: bool,
    /// What it means, with what it is bound to, to be read after "may" or "may not".
    pub what: String,
    /// Which rule decided.
    pub rule: Rule,
    /// The rule in words.
    pub why: String,
}

impl Reason {
    /// Whether it keeps a call from being made, and a grant would mend that.
    pub fn can_be_granted(&self) -> bool {
        matches!(self.rule, Rule::NotGranted | Rule::Folder)
    }
}

/// What keeps a call from being made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not start `{package}`: it was not granted to {}", what.join("; nor to "))]
pub struct Missing {
    /// The package.
    pub package: PackageName,
    /// What is missing, each to be read after "to".
    pub what: Vec<String>,
    /// The first thing that a grant alone cannot mend, or [`codes::GRANT_MISSING`].
    pub code: Code,
    /// The command that grants it, where a grant can.
    pub command: Option<String>,
    /// Further advice.
    pub advice: Vec<String>,
}

impl Coded for Missing {
    fn code(&self) -> Code {
        self.code
    }
    fn hints(&self) -> Vec<String> {
        self.command.iter().chain(&self.advice).cloned().collect()
    }
}

/// A token of this package that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedToken {
    /// The token.
    pub id: GrantId,
    /// The stable reason.
    pub code: Code,
    /// In words.
    pub why: String,
}

/// What is granted, and why.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// What the host enforces.
    pub grants: Grants,
    /// What is missing; nothing when a call can be made.
    pub missing: Option<Missing>,
    /// Tokens that allowed something.
    pub used: Vec<GrantId>,
    /// Those among them that are for one call: they must be recorded as used, durably, before it is made.
    pub consume: Vec<GrantId>,
    /// What became of each thing that was asked for, in the order of the manifest.
    pub reasons: Vec<Reason>,
    /// Tokens that do not count.
    pub refused: Vec<RefusedToken>,
}

impl Decision {
    /// What is granted, with what it is bound to, one sentence each, to be read after "may".
    pub fn granted(&self) -> Vec<String> {
        self.reasons.iter().filter(|reason| reason.granted).map(|reason| reason.what.clone()).collect()
    }
}

/// Decides. The same values give the same decision. Of tokens that were issued in one second, the later in `tokens` is the newer.
pub fn decide(question: &Question<'_>, tokens: &[Token], policy: &Policy, ledger: &Ledger) -> Decision {
    let mut decision = Decision::default();
    let counting = counting(question, tokens, policy, ledger, &mut decision.refused);
    let mut state = Weighing { question, policy, allowance: Allowance::default(), by: BTreeMap::new() };
    let asks: Vec<Ask> = Ask::all(question.subject.asked).into_iter().map(|(ask, _)| ask).collect();
    let mut left_out = None;
    for token in &counting {
        // A token for one call is spent only for something that no other token allows.
        let once = token.grant().lifetime == Lifetime::Once;
        let adds = state.take(token, &asks);
        if adds {
            decision.used.push(token.id());
        }
        if once && (adds || token.grant().only && left_out.is_none()) {
            decision.consume.push(token.id());
        }
        if token.grant().only {
            left_out = left_out.or(Some(token.id()));
        }
    }
    state.without_asking(&asks);
    decision.reasons = asks.into_iter().map(|ask| state.reason(ask, left_out)).collect();
    // The grants are cut to what was granted above, so that they and the reasons cannot disagree.
    let granted = decision.reasons.iter().filter(|reason| reason.granted).map(|reason| &reason.ask).collect();
    decision.grants = Grants::cut(&part_of(question.subject.asked, &granted), &state.allowance);
    decision.missing = missing(question, &decision.reasons);
    decision
}

/// The tokens that count: the one for this very call, then those that stay, then those for one call; newer ones first (PERM-23).
fn counting<'a>(
    question: &Question<'_>,
    tokens: &'a [Token],
    policy: &Policy,
    ledger: &Ledger,
    refused: &mut Vec<RefusedToken>,
) -> Vec<&'a Token> {
    let mut counting = Vec::new();
    for token in tokens.iter().rev() {
        let fits = token.fits(&question.subject, &question.moment, policy, ledger);
        let covers = question.function.map_or(Ok(()), |function| token.covers(function));
        match fits.and(covers) {
            Ok(()) => counting.push(token),
            Err(error) => {
                let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
                let why = format!("{error}{}", source.unwrap_or_default());
                refused.push(RefusedToken { id: token.id(), code: error.code(), why });
            }
        }
    }
    counting.sort_by_key(|token| {
        let (grant, first) = (token.grant(), question.first == Some(token.id()));
        (!first, grant.lifetime == Lifetime::Once, Reverse(grant.issued))
    });
    counting
}

/// What is allowed so far, and by which token.
struct Weighing<'a, 'q> {
    question: &'a Question<'q>,
    policy: &'a Policy,
    allowance: Allowance,
    by: BTreeMap<Ask, GrantId>,
}

impl Weighing<'_, '_> {
    /// Adds what `token` allows; says whether anything is new.
    fn take(&mut self, token: &Token, asks: &[Ask]) -> bool {
        let given = token.allowance();
        let mut adds = false;
        for ask in asks {
            if !self.by.contains_key(ask) && add(&mut self.allowance, &given, ask) {
                self.by.insert(ask.clone(), token.id());
                adds = true;
            }
        }
        adds
    }

    fn without_asking(&mut self, asks: &[Ask]) {
        let most = self.policy.file().limits.kv;
        for ask in asks.iter().filter(|ask| self.policy.without_asking(ask.permission())) {
            match ask {
                Ask::Kv { quota } => self.allowance.kv = self.allowance.kv.or(Some(*quota)),
                Ask::Logging => self.allowance.logging = true,
                Ask::Progress => self.allowance.progress = true,
                _ => {}
            }
        }
        self.allowance.kv = self.allowance.kv.map(|kv| most.map_or(kv, |most| most.min(kv)));
    }

    /// What becomes of one thing.
    fn reason(&self, ask: Ask, left_out: Option<GrantId>) -> Reason {
        let token = self.by.get(&ask).copied();
        let free = self.policy.without_asking(ask.permission());
        let wanted = token.is_some() || free;
        let (rule, why) = match self.refusal(&ask) {
            Some(refusal) => refusal,
            None => match (token, free, left_out) {
                (Some(id), ..) => (Rule::Token(id), format!("the permission token {id} allows it")),
                (None, true, _) => (Rule::WithoutAsking, "every package may, by the policy of this home".to_owned()),
                (None, false, Some(id)) => (Rule::LeftOut(id), format!("the permission token {id} leaves it out")),
                (None, false, None) if self.is_optional(&ask) => {
                    (Rule::Optional, "it was not granted, and the package can do without it".to_owned())
                }
                (None, false, None) => (Rule::NotGranted, "it was not granted".to_owned()),
            },
        };
        let granted = wanted && matches!(rule, Rule::Token(_) | Rule::WithoutAsking);
        Reason { what: self.what(&ask, granted), granted, rule, why, ask }
    }

    fn is_optional(&self, ask: &Ask) -> bool {
        let asked = self.question.subject.asked;
        matches!(ask, Ask::Folder { slot, .. } if asked.folders.get(slot).is_some_and(|folder| folder.optional))
    }

    /// Why something is refused whatever a token says.
    fn refusal(&self, ask: &Ask) -> Option<(Rule, String)> {
        let (question, policy) = (self.question, self.policy);
        let denied = policy
            .denies_package(question.subject.package, question.subject.publishers)
            .or_else(|| policy.denies_permission(ask.permission()))
            .or_else(|| self.denied_place(ask));
        if let Some(why) = denied {
            return Some((Rule::Denied, why));
        }
        let mut level = ask.level();
        if let (Ask::Folder { slot, .. }, Some(bound)) = (ask, self.folder(ask)) {
            match self.folder_level(slot, bound) {
                Ok(found) => level = level.max(found),
                Err(why) => return Some((Rule::Folder, why)),
            }
        }
        // What the author declares raises the level of everything above the sandboxed one.
        if level > TrustLevel::Sandboxed {
            level = level.max(question.declared);
        }
        (level > question.standing.highest()).then(|| {
            let (needed, publisher) = (level_name(level), question.standing.sentence());
            (Rule::Trust, format!("it needs the trust level `{needed}`, and the package's publisher {publisher}"))
        })
    }

    fn denied_place(&self, ask: &Ask) -> Option<String> {
        match ask {
            Ask::Http { origin, .. } => {
                let reached = self.reached(origin);
                let asked = reached.is_empty().then(|| Origin::parse(origin)).flatten();
                reached.iter().chain(&asked).find_map(|origin| self.policy.denies_origin(origin))
            }
            Ask::Secret { origin, .. } => Origin::parse(origin).and_then(|origin| self.policy.denies_origin(&origin)),
            Ask::Folder { .. } => self.folder(ask).and_then(|bound| self.policy.denies_folder(bound)),
            _ => None,
        }
    }

    /// The origins that are reached when `asked` is cut to what is allowed.
    fn reached(&self, asked: &str) -> Vec<Origin> {
        let Some(asked) = Origin::parse(asked) else { return Vec::new() };
        let allowed = &self.allowance.http;
        if allowed.iter().any(|wide| wide.covers(&asked)) {
            return vec![asked];
        }
        allowed.iter().filter(|narrow| asked.covers(narrow)).cloned().collect()
    }

    fn folder(&self, ask: &Ask) -> Option<&Path> {
        let Ask::Folder { slot, .. } = ask else { return None };
        self.allowance.folders.get(slot).map(|bound| bound.path.as_path())
    }

    fn folder_level(&self, slot: &Ident, bound: &Path) -> Result<TrustLevel, String> {
        let shown = escaped(&bound.to_string_lossy());
        match self.question.seen.get(bound) {
            Some(Some(now)) if now == bound => {}
            Some(Some(now)) => {
                let now = escaped(&now.to_string_lossy());
                return Err(format!("the folder {shown} that was granted for `{slot}` now leads to {now}"));
            }
            _ => return Err(format!("the folder {shown} that was granted for `{slot}` is not there")),
        }
        let class = FolderClass::of(bound, self.question.places, false);
        class.level().ok_or_else(|| match class {
            FolderClass::Refused(why) => format!("the folder {shown} is never granted: {why}"),
            _ => format!("the folder {shown} is never granted"),
        })
    }

    /// The sentence of an ask, with what it is bound to where it is granted.
    fn what(&self, ask: &Ask, granted: bool) -> String {
        if !granted {
            return ask.sentence();
        }
        match ask {
            Ask::Folder { slot, access } => match self.allowance.folders.get(slot) {
                Some(bound) => {
                    let path = escaped(&bound.path.to_string_lossy());
                    format!("{} {path}, as `{slot}`", verb(bound.access.min(*access)))
                }
                None => ask.sentence(),
            },
            Ask::Device { slot, class } => match self.allowance.devices.get(slot) {
                Some(path) => format!("use the {class} device {}, as `{slot}`", escaped(&path.to_string_lossy())),
                None => ask.sentence(),
            },
            Ask::Config { name } => match self.allowance.config.get(name) {
                Some(value) => format!("read the setting {} (\"{}\")", escaped(name), escaped(value)),
                None => format!("read the setting {}, which has no value", escaped(name)),
            },
            Ask::Http { origin, methods, paths } => {
                let origin = self.reached(origin).iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
                Ask::Http { origin, methods: methods.clone(), paths: paths.clone() }.sentence()
            }
            _ => ask.sentence(),
        }
    }
}

/// Whether an allowed origin lies inside of the asked one, or around it.
fn within(asked: &str, allowed: &Origin) -> bool {
    Origin::parse(asked).is_some_and(|asked| asked.covers(allowed) || allowed.covers(&asked))
}

impl Token {
    /// Whether it allows something of `ask`.
    pub fn allows(&self, ask: &Ask) -> bool {
        add(&mut Allowance::default(), &self.allowance(), ask)
    }
}

/// Adds to `allowance` what `given` holds of `ask`; says whether there was anything.
fn add(allowance: &mut Allowance, given: &Allowance, ask: &Ask) -> bool {
    fn one<K: Ord + Clone, V: Clone>(to: &mut BTreeMap<K, V>, from: &BTreeMap<K, V>, key: &K) -> bool {
        from.get(key).is_some_and(|value| to.insert(key.clone(), value.clone()).is_none())
    }
    match ask {
        Ask::Folder { slot, .. } => one(&mut allowance.folders, &given.folders, slot),
        Ask::Device { slot, .. } => one(&mut allowance.devices, &given.devices, slot),
        Ask::Config { name } => one(&mut allowance.config, &given.config, name),
        Ask::Http { origin, .. } => {
            let before = allowance.http.len();
            allowance.http.extend(given.http.iter().filter(|allowed| within(origin, allowed)).cloned());
            allowance.http.len() > before || given.http.iter().any(|allowed| within(origin, allowed))
        }
        Ask::Secret { name, .. } => given.secrets.contains(name) && allowance.secrets.insert(name.clone()),
        Ask::Kv { .. } => {
            allowance.kv = allowance.kv.or(given.kv);
            given.kv.is_some()
        }
        Ask::Env { name } => given.env.contains(name) && allowance.env.insert(name.clone()),
        Ask::Clock => given.clock && !std::mem::replace(&mut allowance.clock, true),
        Ask::Logging => given.logging && !std::mem::replace(&mut allowance.logging, true),
        Ask::Progress => given.progress && !std::mem::replace(&mut allowance.progress, true),
        Ask::Tool { package } => given.tools.contains(package) && allowance.tools.insert(package.clone()),
    }
}

fn missing(question: &Question<'_>, reasons: &[Reason]) -> Option<Missing> {
    let blocks = |reason: &&Reason| matches!(reason.rule, Rule::NotGranted | Rule::Trust | Rule::Folder | Rule::Denied);
    let missing: Vec<&Reason> = reasons.iter().filter(blocks).collect();
    let first = missing.iter().find(|reason| reason.rule != Rule::NotGranted).or(missing.first())?;
    let what = missing.iter().map(|reason| match reason.rule {
        Rule::NotGranted => reason.what.clone(),
        _ => format!("{} ({})", reason.what, reason.why),
    });
    let grantable = missing.iter().filter(|reason| reason.can_be_granted());
    let asks: Vec<&Ask> = grantable.map(|reason| &reason.ask).collect();
    let package = question.subject.package;
    let command = (!asks.is_empty()).then(|| grant_command(&package.to_string(), asks));
    let mut advice = Vec::new();
    if missing.iter().any(|reason| reason.rule == Rule::Trust) {
        advice.extend(question.standing.advice());
    }
    if missing.iter().any(|reason| reason.rule == Rule::Denied) {
        advice.push("mpp policy show".to_owned());
    }
    Some(Missing { package: package.clone(), what: what.collect(), code: first.rule.code(), command, advice })
}

impl Decision {
    /// What a call may do and why, one sentence each; a single one when it may do nothing.
    pub fn sentences(&self) -> Vec<String> {
        if self.reasons.is_empty() {
            return vec!["may compute on what it is given, and asks for nothing else".to_owned()];
        }
        let sentence = |reason: &Reason| {
            let may = if reason.granted { "may" } else { "may not" };
            format!("{may} {}: {}", reason.what, reason.why)
        };
        self.reasons.iter().map(sentence).collect()
    }
}

#[cfg(test)]
mod tests;
