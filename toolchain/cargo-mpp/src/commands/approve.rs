//! `mpp approve`: questions that wait, and answers to them.

use super::{Output, table::table};
use clap::Args;
use mpp_ops::{
    Context, Event, OpsError,
    home::waiting::Waiting,
    verb::approve::{self, ApproveReport, ApproverReport},
};
use mpp_schema::text::escaped;
use serde_json::json;
use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf, thread, time::Duration};

/// How often somebody who waits for questions looks for new ones.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
#[command(
    after_help = "On a terminal it shows each question that waits and takes the answer, until Ctrl-C.\nThe answer is typed on the terminal; standard input approves nothing.\n\nExamples:\n  mpp approve\n  mpp approve --once\n  mpp approve 3f2a9c\n  mpp approve --refuse 3f2a9c\n  mpp approve --list --json\n  mpp approve --lock\n  mpp approve 3f2a9c --export question.json     # for an approver elsewhere,\n  mpp approve --question question.json > answer.json      # who answers there\n  mpp approve 3f2a9c --answer answer.json"
)]
#[group(multiple = true)]
pub struct Arguments {
    /// The question, by the beginning of its name; without it all that wait
    #[arg(value_name = "QUESTION")]
    id: Option<String>,
    /// Only list the questions that wait
    #[arg(long, conflicts_with_all = ["id", "once", "refuse", "question", "key", "lock", "unlock"])]
    list: bool,
    /// End when nothing waits any more
    #[arg(long, conflicts_with = "id")]
    once: bool,
    /// Say no, without being shown it
    #[arg(long, requires = "id")]
    refuse: bool,
    /// Write the question to a file, for somebody who approves in another home
    #[arg(long, value_name = "FILE", requires = "id", conflicts_with_all = ["refuse", "answer"])]
    export: Option<PathBuf>,
    /// Take the answer of somebody who approves in another home
    #[arg(long, value_name = "FILE", requires = "id", conflicts_with = "refuse")]
    answer: Option<PathBuf>,
    /// Answer a question of another home; the answer is printed
    #[arg(long, value_name = "FILE", conflicts_with = "id")]
    question: Option<PathBuf>,
    /// Show the public key of this home's approver
    #[arg(long, conflicts_with_all = ["id", "lock", "unlock"])]
    key: bool,
    /// Lock this home's approver key with a password, so that no program can approve in your place
    #[arg(long, conflicts_with_all = ["id", "unlock"])]
    lock: bool,
    /// Take that password away
    #[arg(long, conflicts_with = "id")]
    unlock: bool,
}

pub fn run(arguments: Arguments, context: &Context<'_>) -> Result<Output, OpsError> {
    if arguments.key {
        return Ok(key(&approve::approver(context)?));
    }
    if arguments.lock {
        return Ok(key(&approve::lock(context)?));
    }
    if arguments.unlock {
        return Ok(key(&approve::unlock(context)?));
    }
    if let Some(file) = &arguments.question {
        let report = approve::answer_for_another(context, file)?;
        let text = report.envelope.as_ref().map(|envelope| format!("{envelope}\n")).unwrap_or_default();
        return Ok(Output::new(&report, text).with_talk(line(&report)));
    }
    match &arguments.id {
        Some(id) => one(context, id, &arguments),
        None if arguments.list || !context.terminal.is_there() => {
            let waiting = approve::waiting(context)?;
            let output = Output::new(json!({ "waiting": waiting }), list(&waiting));
            Ok(if waiting.is_empty() { output.with_talk("nothing waits\n") } else { output })
        }
        None => all(context, arguments.once),
    }
}

fn one(context: &Context<'_>, id: &str, arguments: &Arguments) -> Result<Output, OpsError> {
    let question = approve::find(context, id)?;
    if let Some(file) = &arguments.export {
        approve::export(context, &question, file)?;
        let text = format!("wrote {}\n", file.display());
        return Ok(Output::new(json!({ "id": question.id, "file": file }), text));
    }
    if let Some(file) = &arguments.answer {
        approve::take_answer(context, &question, file)?;
        return Ok(Output::new(json!({ "id": question.id, "taken": true }), "took the answer\n"));
    }
    let report = match arguments.refuse {
        true => approve::refuse(context, &question)?,
        false => approve::answer(context, &question)?,
    };
    Ok(Output::new(&report, line(&report)))
}

/// Asks about everything that waits, and about what comes, unless it is for once.
fn all(context: &Context<'_>, once: bool) -> Result<Output, OpsError> {
    let (mut reports, mut told): (Vec<ApproveReport>, BTreeSet<_>) = Default::default();
    let mut waits = false;
    loop {
        let waiting = approve::waiting(context)?;
        let next = waiting.iter().find(|question| !told.contains(&(question.id, question.asked)));
        if let Some(question) = next {
            told.insert((question.id, question.asked));
            if waiting.len() > 1 {
                (context.tell)(Event::Note(format!("{} questions wait", waiting.len())));
            }
            let report = approve::answer(context, question)?;
            (context.tell)(Event::Note(line(&report).trim_end().to_owned()));
            reports.push(report);
            waits = false;
        } else if once {
            break;
        } else {
            if !waits {
                (context.tell)(Event::Note("nothing waits; Ctrl-C ends".to_owned()));
                waits = true;
            }
            thread::sleep(LOOK);
        }
    }
    Ok(Output::new(json!({ "answers": reports }), ""))
}

fn list(waiting: &[Waiting]) -> String {
    let row = |question: &Waiting| {
        vec![
            question.id.to_string(),
            question.level.to_string(),
            question.asked.to_string(),
            format!("{} of {}@{}", question.tool, question.package, question.version),
            question.agent_name.as_deref().map_or_else(|| "anonymous".to_owned(), escaped),
        ]
    };
    table(&waiting.iter().map(row).collect::<Vec<_>>())
}

fn line(report: &ApproveReport) -> String {
    let (tool, package) = (&report.tool, &report.package);
    match (&report.expires, &report.why) {
        (Some(expires), _) => format!("approved `{tool}` of {package}; it counts once, until {expires}\n"),
        (None, why) => format!("refused `{tool}` of {package}: {}\n", why.as_deref().unwrap_or("no")),
    }
}

fn key(report: &ApproverReport) -> Output {
    let mut text = report.pem.clone();
    let _ = writeln!(text, "{}", report.key);
    let locked = if report.locked { "locked by a password" } else { "not locked: mpp approve --lock" };
    Output::new(report, text).with_talk(format!("approver {}, {locked}\n", report.id))
}
