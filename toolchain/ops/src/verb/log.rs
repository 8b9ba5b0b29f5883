//! `mpp log`: what was decided and done, and whether the record of it is whole (CONS-60 to CONS-67).

use crate::{
    Context, OpsError,
    atomic_write::{self, IoError, Readable},
    home::audit_log::Verified,
};
use mpp_policy::audit::read_checkpoint;
use mpp_schema::{
    Instant, LedgerId, PackageName,
    audit::{AuditEvent, AuditRecord},
    codes,
};
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    thread,
    time::Duration,
};

/// How often somebody who follows the log looks for new lines.
const LOOK: Duration = Duration::from_millis(200);

/// Which records are wanted.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Only those about this package.
    pub package: Option<PackageName>,
    /// Only those since then.
    pub since: Option<Instant>,
    /// Only refusals.
    pub refused: bool,
    /// Only so many, the newest.
    pub last: Option<usize>,
}

impl Wanted {
    /// Whether a record is wanted. `calls` collects the decisions that were, so that what follows from them is too.
    fn takes(&self, record: &AuditRecord, calls: &mut BTreeSet<u64>) -> bool {
        if self.since.is_some_and(|since| record.at < since) {
            return false;
        }
        match &record.event {
            AuditEvent::Decided(decided) => {
                let taken = self.package.as_ref().is_none_or(|package| *package == decided.package)
                    && (!self.refused || decided.answer != "allowed");
                if taken {
                    calls.insert(record.seq);
                }
                taken
            }
            AuditEvent::Ended { call, .. } => calls.contains(call),
            AuditEvent::Consumed { .. } => record.seq.checked_sub(1).is_some_and(|call| calls.contains(&call)),
            _ => self.package.is_none() && !self.refused,
        }
    }
}

/// A log that was verified.
#[derive(Debug, Serialize)]
pub struct LogReport {
    /// The log.
    pub log: LedgerId,
    /// Its lines.
    pub lines: u64,
    /// How many of them a checkpoint covers.
    pub sealed: u64,
}

/// The wanted records, the oldest first. The log is verified on the way.
pub fn show(context: &Context<'_>, wanted: &Wanted) -> Result<Vec<AuditRecord>, OpsError> {
    let (mut records, mut calls) = (Vec::new(), BTreeSet::new());
    context.home.verify_audit(None, |record| {
        if wanted.takes(record, &mut calls) {
            records.push(record.clone());
        }
    })?;
    let too_many = wanted.last.map_or(0, |last| records.len().saturating_sub(last));
    records.drain(..too_many);
    Ok(records)
}

/// Shows each new record, until `show` says that it is enough.
pub fn follow(
    context: &Context<'_>,
    wanted: &Wanted,
    show: &mut dyn FnMut(&AuditRecord) -> bool,
) -> Result<(), OpsError> {
    let path = context.home.audit_path();
    // A log without lines is a log.
    drop(context.home.audit_log()?);
    let file = fs::File::open(&path).map_err(IoError::on("open", &path))?;
    let (mut reader, mut line, mut calls) = (BufReader::new(file), String::new(), BTreeSet::new());
    loop {
        let read = reader.read_line(&mut line).map_err(IoError::on("read", &path))?;
        if !line.ends_with('\n') {
            // The end, for now; half a line is read on later.
            if read == 0 {
                thread::sleep(LOOK);
            }
            continue;
        }
        if let Ok(record) = serde_json::from_str::<AuditRecord>(line.trim_end())
            && wanted.takes(&record, &mut calls)
            && !show(&record)
        {
            return Ok(());
        }
        line.clear();
    }
}

/// Verifies the log, against a checkpoint that was kept elsewhere where one is named.
///
/// # Errors
/// `audit.broken` or `audit.truncated`.
pub fn verify(context: &Context<'_>, checkpoint: Option<&Path>) -> Result<LogReport, OpsError> {
    let outside = match checkpoint {
        None => None,
        Some(file) => {
            let path = context.path(file);
            let text = fs::read_to_string(&path).map_err(IoError::on("read", &path))?;
            let (log, key) = (context.home.audit_id()?, context.home.audit_key()?);
            let read = read_checkpoint(text.trim_end(), log, key.public());
            Some(read.map_err(|what| mpp_policy::audit::AuditError::Broken { line: 0, what })?)
        }
    };
    let Verified { log, lines, sealed } = context.home.verify_audit(outside, |_| ())?;
    Ok(LogReport { log, lines, sealed })
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The records as they are, one JSON object a line.
    JsonLines,
    /// One message of OpenTelemetry's log protocol, in its JSON form.
    OpenTelemetry,
}

/// What was exported.
#[derive(Debug, Serialize)]
pub struct ExportReport {
    /// How many records.
    pub records: usize,
    /// The text, where it went into no file.
    #[serde(skip)]
    pub text: Option<String>,
}

/// Exports wanted records, to a file or as a text.
pub fn export(
    context: &Context<'_>,
    wanted: &Wanted,
    form: Form,
    file: Option<&Path>,
) -> Result<ExportReport, OpsError> {
    let records = show(context, wanted)?;
    let text = match form {
        Form::JsonLines => {
            let line = |record: &AuditRecord| serde_json::to_string(record).unwrap_or_default() + "\n";
            records.iter().map(line).collect()
        }
        Form::OpenTelemetry => telemetry(&records).to_string() + "\n",
    };
    let mut report = ExportReport { records: records.len(), text: None };
    match file {
        Some(file) => atomic_write::write(&context.path(file), text.as_bytes(), Readable::ByAll)?,
        None => report.text = Some(text),
    }
    Ok(report)
}

/// Signs the log as it is now, and gives the checkpoint: kept elsewhere, it shows later that nothing was cut off.
pub fn checkpoint(context: &Context<'_>) -> Result<String, OpsError> {
    context.home.audit_log()?.seal(context.time())?;
    let mut last = None;
    context.home.verify_audit(None, |record| {
        if let AuditEvent::Checkpoint { envelope } = &record.event {
            last = Some(envelope.clone());
        }
    })?;
    let none = || mpp_policy::audit::AuditError::Broken { line: 0, what: "has no records yet".to_owned() };
    Ok(last.ok_or_else(none)?)
}

/// `ExportLogsServiceRequest` of OTLP 1.x in its JSON form.
fn telemetry(records: &[AuditRecord]) -> Json {
    let records: Vec<Json> = records.iter().map(log_record).collect();
    json!({ "resourceLogs": [{
        "resource": { "attributes": [attribute("service.name", "mpp")] },
        "scopeLogs": [{ "scope": { "name": "mpp.audit", "version": "1" }, "logRecords": records }]
    }] })
}

fn log_record(record: &AuditRecord) -> Json {
    let event = serde_json::to_value(&record.event).unwrap_or_default();
    let refused = matches!(&record.event, AuditEvent::Decided(decided) if decided.answer != "allowed");
    let (number, word) = if refused { (13, "WARN") } else { (9, "INFO") };
    let nanoseconds = format!("{}000000000", record.at.unix_seconds());
    let mut attributes = vec![
        attribute("event.name", &format!("mpp.{}", event["event"].as_str().unwrap_or_default())),
        attribute("mpp.seq", &record.seq.to_string()),
        attribute("mpp.before", &record.before.to_string()),
    ];
    for (name, value) in event.as_object().into_iter().flatten().filter(|(name, _)| *name != "event") {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        attributes.push(attribute(&format!("mpp.{name}"), &text));
    }
    json!({
        "timeUnixNano": nanoseconds,
        "observedTimeUnixNano": nanoseconds,
        "severityNumber": number,
        "severityText": word,
        "body": { "stringValue": sentence(record) },
        "attributes": attributes,
    })
}

fn attribute(key: &str, value: &str) -> Json {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// A record in one sentence.
pub fn sentence(record: &AuditRecord) -> String {
    match &record.event {
        AuditEvent::Begun { log, .. } => format!("the log {log} was begun"),
        AuditEvent::Recovered { bytes } => format!("a line that a crash cut short was removed, {bytes} bytes"),
        AuditEvent::Decided(decided) => {
            let agent = decided.agent.map_or_else(|| "somebody".to_owned(), |agent| format!("the agent {agent}"));
            let (tool, package, version) = (&decided.tool, &decided.package, &decided.version);
            let answer = match decided.answer.as_str() {
                "allowed" => "allowed".to_owned(),
                code => format!("refused [{code}]"),
            };
            format!(
                "{agent} asked for `{tool}` of {package}@{version}: {answer} at {} ({})",
                decided.level, decided.rule
            )
        }
        AuditEvent::Consumed { nonce } => format!("the approval {nonce} was used up"),
        AuditEvent::Ended { call, ending, .. } if ending == "returned" => format!("call {call} returned"),
        AuditEvent::Ended { call, ending, .. } if ending == codes::TOOL_ERROR.as_str() => {
            format!("call {call} ended with an error of the tool")
        }
        AuditEvent::Ended { call, ending, .. } => format!("call {call} was stopped [{ending}]"),
        AuditEvent::Checkpoint { .. } => "the log was signed".to_owned(),
    }
}
