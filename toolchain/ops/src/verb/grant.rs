//! `mpp grant`: a person allows a package some of what it asks for, and this home's owner signs it.
//!
//! What it means is shown first. On a terminal it is asked; without one the policy must allow it (PERM-41).

mod wishes;

pub use wishes::{FolderWish, WishError, Wishes};

use super::run;
use crate::{
    Context, OpsError,
    grants::{Asker, Situation, decide_with},
    home::installed::InstalledRecord,
    package_file::{self, OpenPackage},
};
use mpp_package::dsse::{DsseError, MessageKey};
use mpp_policy::{Ask, Ledger, Owners, Rule, Token, allowed, check_within, unusual};
use mpp_schema::{
    Code, Coded, FormatVersion, GrantId, Instant, PackageName, ToolName, Version, codes,
    grant::{Allows, Audience, Functions, Grant, Lifetime},
    manifest::TrustLevel,
};
use serde::Serialize;
use std::{fmt::Write as _, path::PathBuf};

/// How long a grant counts, as somebody types it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// For one call.
    Once,
    /// For this terminal session.
    Session,
    /// For so many seconds.
    Seconds(u64),
    /// Up to a moment.
    Until(Instant),
    /// Until it is revoked.
    Always,
}

/// What to grant, and how.
#[derive(Debug, Clone, Default)]
pub struct GrantOptions {
    /// What to allow.
    pub wishes: Wishes,
    /// The tools that it is for; nothing for all.
    pub functions: Vec<ToolName>,
    /// For how long; nothing to be asked, or for this session.
    pub lifetime: Option<For>,
    /// Where it counts; nothing for this home.
    pub host: Option<Audience>,
    /// Show what would be granted, and grant nothing.
    pub dry_run: bool,
    /// Do not ask.
    pub yes: bool,
}

/// What was, or would be, granted.
#[derive(Debug, Serialize)]
pub struct GrantReport {
    /// The package.
    pub package: PackageName,
    /// Its version.
    pub version: Version,
    /// The token; nothing when none was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<GrantId>,
    /// Where it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// What the package asks for, in sentences.
    pub asks_for: Vec<String>,
    /// What deserves a second look.
    pub unusual: Vec<String>,
    /// What this home knows about its publisher.
    pub publisher: String,
    /// What is allowed, in sentences.
    pub allows: Vec<String>,
    /// What it asks for and is not allowed by this.
    pub leaves_out: Vec<String>,
    /// For how long, in words.
    pub lifetime: String,
    /// For which tools, in words.
    pub functions: String,
    /// The command that grants everything, when nothing was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// Why nothing was granted.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// It asks for nothing.
    #[error("could not grant anything to `{0}`: it asks for nothing")]
    Nothing(PackageName),
    /// It has no such tool.
    #[error("could not grant anything for the tool `{tool}`: `{package}` has none of that name")]
    Function {
        /// The package.
        package: PackageName,
        /// The tool.
        tool: ToolName,
    },
    /// It may not be granted.
    #[error("could not grant `{package}` to {what}: {why}")]
    Refused {
        /// The package.
        package: PackageName,
        /// What.
        what: String,
        /// Why not.
        why: String,
        /// The stable reason.
        code: Code,
        /// What could be typed.
        advice: Option<String>,
    },
    /// There is nobody to ask.
    #[error(
        "could not grant anything to `{0}`: there is no terminal to ask on, and the policy does not allow grants without one"
    )]
    Headless(PackageName),
    /// Somebody said no, or nothing.
    #[error("granted nothing to `{0}`: the answer was not yes")]
    Declined(PackageName),
}

impl Coded for GrantError {
    fn code(&self) -> Code {
        match self {
            Self::Nothing(_) => codes::GRANT_WIDER,
            Self::Function { .. } => codes::TOOL_UNKNOWN,
            Self::Refused { code, .. } => *code,
            Self::Headless(_) => codes::GRANT_HEADLESS,
            Self::Declined(_) => codes::GRANT_DECLINED,
        }
    }
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Nothing(package) => vec![format!("it can be called as it is: mpp call {package} TOOL")],
            Self::Function { .. } => vec!["mpp list --tools".to_owned()],
            Self::Refused { advice, .. } => advice.iter().cloned().collect(),
            Self::Headless(_) => vec![
                "type the same command on a terminal".to_owned(),
                "or set `headless-grants = true` in policy.toml: mpp policy init".to_owned(),
            ],
            Self::Declined(_) => Vec::new(),
        }
    }
}

/// Grants to the installed package of that name, or to a package file or project.
pub fn grant(context: &Context<'_>, target: &str, options: &GrantOptions) -> Result<GrantReport, OpsError> {
    let (mut package, record) = open_target(context, target)?;
    let asker = Asker::of(context, &package, record.as_ref())?;
    if asker.asked.is_empty() {
        return Err(GrantError::Nothing(asker.package).into());
    }
    let version = package.manifest().version.clone();
    check_functions(&asker, &options.functions, &package.tools()?.tools)?;
    let situation = Situation::read(context)?;
    let mut options = options.clone();
    let mut asked_each = false;
    if options.wishes.is_empty() {
        if options.dry_run || !context.terminal.is_there() {
            let draft = draft(&situation, &asker, &options, Allows::default())?;
            let command = Some(full_command(&asker, target));
            return Ok(GrantReport { command, ..report(&asker, version, &draft) });
        }
        options.wishes = wishes::ask_each(context, &asker, &introduction(&asker, &version))?;
        asked_each = true;
    }
    if options.lifetime.is_none() && asked_each {
        options.lifetime = Some(ask_lifetime(context, &asker)?);
    }
    let allows = options.wishes.allows(context, &asker, &situation.places)?;
    let draft = draft(&situation, &asker, &options, allows)?;
    check(&situation, &asker, &draft)?;
    let mut report = report(&asker, version, &draft);
    if options.dry_run {
        return Ok(report);
    }
    confirm(context, &situation, &asker, &report, options.yes)?;
    let (token, file) = sign_and_keep(context, draft)?;
    (report.id, report.file) = (Some(token.id()), Some(file));
    Ok(report)
}

/// A token for one call of one tool, made under the same rules and kept nowhere.
pub(crate) fn for_one_call(
    context: &Context<'_>,
    asker: &Asker,
    version: &Version,
    function: &ToolName,
    wishes: &Wishes,
    yes: bool,
) -> Result<Token, OpsError> {
    let situation = Situation::read(context)?;
    let draft = draft_for_one_call(context, &situation, asker, Some(function), wishes)?;
    check(&situation, asker, &draft)?;
    confirm(context, &situation, asker, &report(asker, version.clone(), &draft), yes)?;
    sign(context, draft).map(|(token, _)| token)
}

/// What [`for_one_call`] would make, signed by a key that nobody keeps: good for a dry run and for nothing else.
pub(crate) fn draft_of_one_call(
    context: &Context<'_>,
    asker: &Asker,
    function: Option<&ToolName>,
    wishes: &Wishes,
) -> Result<Token, OpsError> {
    let situation = Situation::read(context)?;
    let draft = draft_for_one_call(context, &situation, asker, function, wishes)?;
    check(&situation, asker, &draft)
}

fn draft_for_one_call(
    context: &Context<'_>,
    situation: &Situation,
    asker: &Asker,
    function: Option<&ToolName>,
    wishes: &Wishes,
) -> Result<Grant, OpsError> {
    let functions = function.cloned().into_iter().collect();
    let options = GrantOptions { wishes: wishes.clone(), functions, lifetime: Some(For::Once), ..Default::default() };
    let allows = wishes.allows(context, asker, &situation.places)?;
    draft(situation, asker, &options, allows)
}

/// Opens what `mpp grant` names. A project is built first, as `mpp run` does.
pub(crate) fn open_target(
    context: &Context<'_>,
    target: &str,
) -> Result<(OpenPackage, Option<InstalledRecord>), OpsError> {
    if run::is_package_word(target) {
        let file = run::package_path(context, Some(target), None)?;
        return Ok((package_file::open_loose(context, &file)?, None));
    }
    let record = context.home.installed(&target.parse()?)?;
    let trust = package_file::trust_for_installed(&record)?;
    let path = context.home.package_path(record.file);
    Ok((package_file::open_verified(context, &path, &trust)?, Some(record)))
}

fn check_functions(
    asker: &Asker,
    functions: &[ToolName],
    tools: &[mpp_schema::tools::ToolDefinition],
) -> Result<(), OpsError> {
    let unknown = functions.iter().find(|function| !tools.iter().any(|tool| tool.name == **function));
    let Some(tool) = unknown else { return Ok(()) };
    Err(GrantError::Function { package: asker.package.clone(), tool: tool.clone() }.into())
}

/// The document, not yet signed: whose key signs it is filled in then.
fn draft(situation: &Situation, asker: &Asker, options: &GrantOptions, allows: Allows) -> Result<Grant, OpsError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| DsseError::Random(error.to_string()))?;
    let now = situation.moment.now;
    let lifetime = match options.lifetime.unwrap_or(For::Session) {
        For::Once => Lifetime::Once,
        For::Session => Lifetime::Session(situation.moment.session),
        For::Seconds(seconds) => Lifetime::Until(now.plus_seconds(seconds)),
        For::Until(moment) => Lifetime::Until(moment),
        For::Always => Lifetime::Always,
    };
    let mut functions = options.functions.clone();
    functions.sort();
    functions.dedup();
    let publisher = asker.publishers.first().copied();
    Ok(Grant {
        mpp: FormatVersion::CURRENT,
        id: GrantId::from_bytes(id),
        publisher: publisher.ok_or_else(|| GrantError::Nothing(asker.package.clone()))?,
        package: asker.package.clone(),
        request: asker.request,
        host: options.host.unwrap_or(Audience::Host(situation.moment.host)),
        granted_by: mpp_schema::MessageKeyId::from_bytes([0; 32]),
        issued: now,
        lifetime,
        functions: if functions.is_empty() { Functions::All } else { Functions::Only(functions) },
        only: options.wishes.only,
        allows,
    })
}

/// Whether the token would count, asked before anybody is: signed by a key that nobody keeps, and decided about as at a call.
fn check(situation: &Situation, asker: &Asker, draft: &Grant) -> Result<Token, OpsError> {
    check_within(&draft.allows, &asker.asked)?;
    let key = MessageKey::generate()?;
    let own = Owners { own: Some(*key.public()), grantors: Vec::new() };
    let text = Token::sign(&Grant { granted_by: key.public().id(), ..draft.clone() }, &key)?;
    let token = Token::verify(text.as_bytes(), &own)?;
    if token.grant().host == Audience::Any || token.grant().host == Audience::Host(situation.moment.host) {
        token.fits(&asker.subject(), &situation.moment, &situation.policy, &Ledger::default())?;
    }
    let decision = decide_with(situation, asker, None, None, std::slice::from_ref(&token), &Ledger::default());
    let stands_in_the_way = |rule: &Rule| matches!(rule, Rule::Trust | Rule::Folder | Rule::Denied);
    let refused =
        decision.reasons.into_iter().find(|reason| stands_in_the_way(&reason.rule) && token.allows(&reason.ask));
    let Some(refused) = refused else { return Ok(token) };
    let advice = match refused.rule {
        Rule::Trust => asker.standing.advice(),
        Rule::Denied => Some("mpp policy show".to_owned()),
        _ => Some("grant a folder inside of it".to_owned()),
    };
    let (package, code) = (asker.package.clone(), refused.rule.code());
    Err(GrantError::Refused { package, what: refused.what, why: refused.why, code, advice }.into())
}

fn report(asker: &Asker, version: Version, draft: &Grant) -> GrantReport {
    GrantReport {
        package: asker.package.clone(),
        version,
        id: None,
        file: None,
        asks_for: crate::sentences(&asker.asked),
        unusual: unusual(&asker.asked),
        publisher: format!("its publisher {}", asker.standing.sentence()),
        allows: allowed(&draft.allows),
        leaves_out: left_out(asker, draft),
        lifetime: lifetime_words(&draft.lifetime),
        functions: functions_words(&draft.functions),
        command: None,
    }
}

/// What needs a token, is asked for, and is not allowed by this one.
fn left_out(asker: &Asker, draft: &Grant) -> Vec<String> {
    let allows = &draft.allows;
    let allowed = |ask: &Ask| match ask {
        Ask::Folder { slot, .. } => allows.folders.contains_key(slot),
        Ask::Device { slot, .. } => allows.devices.contains_key(slot),
        Ask::Http { origin, .. } => allows.http.iter().any(|allowed| {
            let both = mpp_policy::Origin::parse(origin).zip(mpp_policy::Origin::parse(allowed));
            both.is_some_and(|(asked, allowed)| asked.covers(&allowed))
        }),
        Ask::Secret { name, .. } => allows.secrets.contains(name),
        Ask::Env { name } => allows.env.contains(name),
        Ask::Clock => allows.clock,
        Ask::Tool { package } => allows.tools.contains(package),
        Ask::Kv { .. } | Ask::Config { .. } | Ask::Logging | Ask::Progress => true,
    };
    Ask::all(&asker.asked).into_iter().filter(|(ask, _)| !allowed(ask)).map(|(ask, _)| ask.sentence()).collect()
}

/// How long a token counts, in words.
pub(crate) fn lifetime_words(lifetime: &Lifetime) -> String {
    match lifetime {
        Lifetime::Once => "for one call".to_owned(),
        Lifetime::Session(_) => "for one session".to_owned(),
        Lifetime::Until(until) => format!("until {until}"),
        Lifetime::Always => "until it is revoked".to_owned(),
    }
}

/// Which tools a token is for, in words.
pub(crate) fn functions_words(functions: &Functions) -> String {
    match functions {
        Functions::All => "for every tool of the package".to_owned(),
        Functions::Only(names) => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("for {}", names.join(", "))
        }
    }
}

/// Who asks for what, and what is unusual about it: built here from the values that decide.
fn introduction(asker: &Asker, version: &Version) -> String {
    let mut text = format!("{}@{version}: its publisher {}\n", asker.package, asker.standing.sentence());
    list(&mut text, "it asks to", &crate::sentences(&asker.asked));
    list(&mut text, "worth a second look", &unusual(&asker.asked));
    text
}

fn list(text: &mut String, heading: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _ = writeln!(text, "{heading}");
        for line in lines {
            let _ = writeln!(text, "  - {line}");
        }
    }
}

/// What is about to be granted, as it is shown to whoever decides.
fn card(report: &GrantReport) -> String {
    let mut text = format!("{}@{}: {}\n", report.package, report.version, report.publisher);
    list(&mut text, "worth a second look", &report.unusual);
    list(&mut text, "you would allow it to", &report.allows);
    list(&mut text, "and not to", &report.leaves_out);
    let _ = writeln!(text, "{}, {}", report.functions, report.lifetime);
    text
}

fn confirm(
    context: &Context<'_>,
    situation: &Situation,
    asker: &Asker,
    report: &GrantReport,
    yes: bool,
) -> Result<(), OpsError> {
    if !context.terminal.is_there() {
        return match situation.policy.file().headless_grants {
            true => Ok(()),
            false => Err(GrantError::Headless(asker.package.clone()).into()),
        };
    }
    if yes {
        return Ok(());
    }
    match context.terminal.ask(&card(report), "grant this? [y/N] ").as_deref().map(str::trim) {
        Some("y" | "Y" | "yes") => Ok(()),
        _ => Err(GrantError::Declined(asker.package.clone()).into()),
    }
}

fn ask_lifetime(context: &Context<'_>, asker: &Asker) -> Result<For, OpsError> {
    let answer = context.terminal.ask("", "for how long? once, session, 8h, 30d, always [session] ");
    match answer.as_deref().map(str::trim) {
        Some("") => Ok(For::Session),
        Some(word) => Ok(word.parse::<For>().map_err(|_| GrantError::Declined(asker.package.clone()))?),
        None => Err(GrantError::Declined(asker.package.clone()).into()),
    }
}

impl std::str::FromStr for For {
    type Err = String;
    /// `once`, `session`, `always`, `90s`, `15m`, `8h`, `30d`, `2w`, or a moment such as `2026-01-31T12:00:00Z`.
    fn from_str(word: &str) -> Result<Self, String> {
        let wrong = || {
            "expected once, session, always, a time such as 8h or 30d, or a moment such as 2026-01-31T12:00:00Z"
                .to_owned()
        };
        match word {
            "once" => return Ok(Self::Once),
            "session" => return Ok(Self::Session),
            "always" => return Ok(Self::Always),
            _ => {}
        }
        if let Ok(moment) = Instant::try_from(word.to_owned()) {
            return Ok(Self::Until(moment));
        }
        crate::seconds::parse(word).map(Self::Seconds).ok_or_else(wrong)
    }
}

fn sign(context: &Context<'_>, draft: Grant) -> Result<(Token, String), OpsError> {
    let (key, made) = context.home.owner_key()?;
    if made {
        let note = format!("made the owner key of this home, which signs grants: {}", key.public().id());
        (context.tell)(crate::Event::Note(note));
    }
    let text = Token::sign(&Grant { granted_by: key.public().id(), ..draft }, &key)?;
    let token = Token::verify(text.as_bytes(), &Owners { own: Some(*key.public()), grantors: Vec::new() })?;
    Ok((token, text))
}

fn sign_and_keep(context: &Context<'_>, draft: Grant) -> Result<(Token, PathBuf), OpsError> {
    let _lock = context.home.lock()?;
    let (token, text) = sign(context, draft)?;
    let file = context.home.keep_token(&token.grant().package, token.id(), &text)?;
    Ok((token, file))
}

/// The command that grants everything that needs a grant.
fn full_command(asker: &Asker, target: &str) -> String {
    let asks: Vec<Ask> = Ask::all(&asker.asked).into_iter().map(|(ask, _)| ask).collect();
    let needed = asks.iter().filter(|ask| ask.level() > TrustLevel::Sandboxed);
    mpp_policy::grant_command(target, needed)
}

#[cfg(test)]
mod tests {
    use super::For;
    use mpp_schema::Instant;

    #[track_caller]
    fn check(word: &str, expected: Option<For>) {
        assert_eq!(word.parse::<For>().ok(), expected, "{word}");
    }

    #[test]
    fn lifetimes_as_people_type_them() {
        check("once", Some(For::Once));
        check("90s", Some(For::Seconds(90)));
        check("8h", Some(For::Seconds(28_800)));
        check("2w", Some(For::Seconds(1_209_600)));
        check("2026-01-31T12:00:00Z", Instant::from_unix_seconds(1_769_860_800).map(For::Until));
        for wrong in ["", "h", "0h", "-1h", "1y", "1.5h", "forever", "99999999999999999999d", "1é"] {
            check(wrong, None);
        }
    }
}
