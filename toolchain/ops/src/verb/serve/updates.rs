//! Bringing registries up to date while a session goes on, so that what they block is refused although nobody asked (spec/index.md IDX-64).
//!
//! A thread of its own: no call waits for it, and neither does the process when it ends, which an update survives like any other death.

use crate::{Context, Event, OpsError, Outside, home::blocked::BlockedRecord, registries, seconds};
use mpp_schema::text::excerpt;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

/// How often a session brings registries up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// It does not.
    Never,
    /// When it begins, and then after so many seconds each time.
    Seconds(u64),
}

impl FromStr for Every {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "never" => Ok(Self::Never),
            word => seconds::parse(word)
                .map(Self::Seconds)
                .ok_or_else(|| "expected never, or a time such as 15m or 1h".to_owned()),
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Seconds(seconds) if seconds % 3_600 == 0 => write!(f, "{}h", seconds / 3_600),
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
        }
    }
}

/// Updates go on until this is dropped.
pub(super) struct Updates(#[allow(dead_code, reason = "its end is what the thread hears")] Sender<()>);

/// Begins with an update; nothing where none is wanted.
pub(super) fn begin(outside: &Outside, every: Every) -> Option<Updates> {
    let Every::Seconds(seconds) = every else { return None };
    let (end, ended) = mpsc::channel();
    let behind = outside.clone();
    let work = move || go_on(&behind, Duration::from_secs(seconds), &ended);
    match thread::Builder::new().name("updates".to_owned()).spawn(work) {
        Ok(_) => Some(Updates(end)),
        Err(error) => {
            outside
                .around
                .tell(Event::Note(format!("registries are not updated: no thread could be started: {error}")));
            None
        }
    }
}

fn go_on(outside: &Outside, every: Duration, ended: &Receiver<()>) {
    loop {
        outside.with(update);
        if ended.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// Updates the registries of what is installed. A registry that cannot be updated is told about, and what was believed of it stays.
fn update(context: &Context<'_>) {
    let note = |text| (context.tell)(Event::Note(text));
    let before = blocked(context);
    if let Err(error) = update_each(context, &note) {
        note(format!("could not update the registries: {} ({})", error.message(), error.code()));
    }
    for (package, record) in blocked(context).iter().filter(|(package, _)| !before.contains_key(*package)) {
        note(format!("{package} was blocked and does not run any more: \"{}\"", excerpt(&record.reason)));
    }
}

fn update_each(context: &Context<'_>, note: &dyn Fn(String)) -> Result<(), OpsError> {
    let sources: BTreeSet<_> = context.home.all_installed()?.iter().filter_map(|record| record.source()).collect();
    for known in context.home.registries()?.into_iter().filter(|known| sources.contains(&known.id)) {
        let name = known.name.clone();
        if let Err(error) = registries::open_updated(context, known) {
            note(format!("could not update the registry `{name}`: {} ({})", error.message(), error.code()));
        }
    }
    Ok(())
}

/// The installed packages that must not run, as far as is known here.
fn blocked(context: &Context<'_>) -> BTreeMap<String, BlockedRecord> {
    let installed = context.home.all_installed().unwrap_or_default().into_iter();
    let record = |digest| context.home.blocked(digest).ok().flatten();
    installed
        .filter_map(|package| Some((format!("{}@{}", package.name, package.version), record(package.digest)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Every;

    #[test]
    fn how_often_as_people_type_it() {
        let check = |word: &str, expected: Option<Every>| assert_eq!(word.parse().ok(), expected, "{word}");
        check("never", Some(Every::Never));
        check("1h", Some(Every::Seconds(3_600)));
        check("90s", Some(Every::Seconds(90)));
        for wrong in ["", "0s", "h", "always", "1.5h", "-1s", "1é"] {
            check(wrong, None);
        }
        for shown in ["never", "1h", "90s", "48h"] {
            assert_eq!(shown.parse::<Every>().unwrap().to_string(), shown);
        }
    }
}
