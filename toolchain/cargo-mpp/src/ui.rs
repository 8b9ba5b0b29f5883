//! The only printer: data on stdout, talk on stderr; colour and progress only on a terminal; one JSON object under `--json`.

use crate::{
    cli::{ColorChoice, Global},
    commands::Output,
    exit::Exit,
    os,
};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use mpp_ops::{Event, OpsError, Terminal, Typed};
use mpp_schema::{Code, Coded, Problem, Turn, codes};
use serde_json::json;
use std::{
    borrow::Cow,
    cell::RefCell,
    io::{BufRead as _, IsTerminal as _, Read as _, Write as _},
    process::ExitCode,
    time::Duration,
};

/// How to talk in this process.
pub struct Ui {
    json: bool,
    quiet: bool,
    color: bool,
    progress: bool,
    bar: RefCell<Option<ProgressBar>>,
}

impl Ui {
    /// As the command line and the terminal want it.
    pub fn new(global: &Global) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let color = match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && crate::context::colors_wanted(),
        };
        let progress = terminal && !global.quiet && !global.json;
        Self { json: global.json, quiet: global.quiet || global.json, color, progress, bar: RefCell::new(None) }
    }

    /// Shows what goes on.
    pub fn tell(&self, event: Event) {
        match event {
            Event::Started { step, what } => self.started(step, &what),
            Event::Advanced { what, done, total } => self.advanced(&what, done, total),
            Event::Transferred { done, total } => self.transferred(done, total),
            Event::Finished => self.clear(),
            Event::Note(text) => self.line(AnsiColor::Cyan, "note", &text),
            Event::Compiler(text) => self.above(&text),
        }
    }

    fn started(&self, step: &str, what: &str) {
        self.clear();
        if !self.progress {
            return self.line(AnsiColor::Green, step, what);
        }
        let style = ProgressStyle::with_template("{spinner:.green} {prefix}  {elapsed}");
        let bar = ProgressBar::new_spinner().with_prefix(terminal_safe(&format!("{step} {what}")));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(120));
        *self.bar.borrow_mut() = Some(bar);
    }

    fn advanced(&self, what: &str, done: usize, total: usize) {
        self.filled(done as u64, total as u64, "{pos}/{len} {msg}");
        if let Some(bar) = &*self.bar.borrow() {
            bar.set_message(terminal_safe(what));
        }
    }

    fn transferred(&self, done: u64, total: u64) {
        self.filled(done, total, "{bytes}/{total_bytes}  {bytes_per_sec}");
    }

    /// Makes a bar of what is shown, with `numbers` beside it.
    fn filled(&self, done: u64, total: u64, numbers: &str) {
        if let Some(bar) = &*self.bar.borrow() {
            let style = ProgressStyle::with_template(&format!("{{spinner:.green}} {{prefix}} [{{bar:24}}] {numbers}"));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    /// Takes a progress bar away.
    pub fn clear(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }

    fn above(&self, text: &str) {
        match &*self.bar.borrow() {
            Some(bar) => bar.suspend(|| print_err(text)),
            None if self.quiet => {}
            None => print_err(text),
        }
    }

    fn line(&self, color: AnsiColor, label: &str, text: &str) {
        if !self.quiet {
            let label = self.paint(Style::new().fg_color(Some(color.into())).bold(), label);
            self.above(&format!("{label}: {}\n", terminal_safe(text)));
        }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Prints what a command reports.
    pub fn output(&self, output: &Output) -> ExitCode {
        if !output.talk.is_empty() && !self.quiet {
            print_err(&terminal_safe(&output.talk));
        }
        let printed = match (self.json, std::io::stdout().is_terminal()) {
            // Stdout belonged to a protocol.
            (true, _) if output.json.is_null() => Ok(()),
            (true, _) => print_json(&output.json),
            (false, true) => print_out(terminal_safe(&shown(output)).as_bytes()),
            (false, false) => print_out(output.data.as_deref().unwrap_or(output.text.as_bytes())),
        };
        if let Some((code, message)) = output.failure.as_ref().filter(|_| !self.json) {
            print_err(&self.headline(*code, message));
        }
        match printed {
            Ok(()) => output.exit.into(),
            Err(error) => self.error(&Unprinted(error).into()),
        }
    }

    /// Whose turn it is, which error it is, and what happened.
    fn headline(&self, code: Code, message: &str) -> String {
        let red = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
        format!("{}: {}\n", self.paint(red, &format!("{}[{code}]", heading(code))), terminal_safe(message))
    }

    /// Prints an error.
    pub fn error(&self, error: &OpsError) -> ExitCode {
        if self.json {
            // Where the object cannot be printed, the exit code still says it.
            let _ = print_json(&json!({ "error": error.problem() }));
        } else {
            let mut text = self.headline(error.code(), &error.message());
            for hint in error.hints() {
                let label = self.paint(Style::new().fg_color(Some(AnsiColor::Cyan.into())).bold(), "help");
                text.push_str(&format!("  {label}: {}\n", terminal_safe(hint)));
            }
            print_err(&text);
        }
        Exit::of(error.code()).into()
    }
}

/// Writes what goes on to stderr, from any thread: for a process that has stdout for a protocol.
pub fn log(event: &Event) {
    if let Event::Note(text) = event {
        print_err(&format!("note: {}\n", terminal_safe(text)));
    }
}

/// What a person sees of it.
fn shown(output: &Output) -> Cow<'_, str> {
    output.data.as_deref().map_or(Cow::Borrowed(&output.text), String::from_utf8_lossy)
}

/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 4096;

/// The controlling terminal: what stdin and stdout are does not matter, and what was typed before the question answers nothing.
impl Terminal for Ui {
    fn is_there(&self) -> bool {
        os::controlling_terminal().is_some()
    }

    fn ask(&self, text: &str, question: &str) -> Option<String> {
        match self.typed(text, question, None) {
            Ok(Typed::Line(line)) => Some(line),
            _ => None,
        }
    }

    fn confirm(&self, text: &str, question: &str, seconds: u64) -> Typed {
        self.typed(text, question, Some(seconds)).unwrap_or(Typed::Ended)
    }
}

impl Ui {
    fn typed(&self, text: &str, question: &str, seconds: Option<u64>) -> std::io::Result<Typed> {
        self.clear();
        let Some(mut terminal) = os::controlling_terminal() else { return Ok(Typed::NoTerminal) };
        terminal.write_all(terminal_safe(text).as_bytes())?;
        os::forget_input(&terminal);
        terminal.write_all(terminal_safe(question).as_bytes())?;
        terminal.flush()?;
        // The terminal hands out whole lines: what can be read is one, or the end.
        if let Some(seconds) = seconds
            && !os::wait_for_input(&terminal, Duration::from_secs(seconds))
        {
            terminal.write_all(b"\n")?;
            return Ok(Typed::TooLate);
        }
        let mut answer = String::new();
        std::io::BufReader::new(terminal.take(ANSWER_BYTES_MAX)).read_line(&mut answer)?;
        // An answer ends with its line: what was cut off, by the end of the terminal or by its length, is none.
        let line = answer.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned());
        Ok(line.map_or(Typed::Ended, Typed::Line))
    }
}

fn heading(code: Code) -> &'static str {
    match code.turn() {
        // The tool ran to its end: what it says is its answer.
        _ if code == codes::TOOL_ERROR => "error",
        Turn::User => "error",
        Turn::Author | Turn::Registry => "refused",
        Turn::Tool => "tool stopped",
        Turn::Host => "failed",
        Turn::Bug => "bug in mpp",
    }
}

/// Prints what is wrong with the command line, or the help or version that was asked for.
pub fn usage(error: &clap::Error, json: bool) -> ExitCode {
    if !error.use_stderr() {
        return match print_out(error.render().to_string().as_bytes()) {
            Ok(()) => Exit::Success.into(),
            Err(_) => Exit::Host.into(),
        };
    }
    if json {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let problem = Problem { code: codes::USAGE.to_string(), message, help: "mpp --help".to_owned() };
        let _ = print_json(&json!({ "error": problem }));
    } else {
        let rendered = error.render();
        let color = std::io::stderr().is_terminal() && crate::context::colors_wanted();
        print_err(&if color { rendered.ansi().to_string() } else { rendered.to_string() });
    }
    Exit::Usage.into()
}

fn print_json(value: &serde_json::Value) -> std::io::Result<()> {
    print_out(format!("{value}\n").as_bytes())
}

/// A text from outside, such as a tool's or a registry's, must not steer the terminal that shows it: control and bidirectional characters become escapes.
fn terminal_safe(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// A closed pipe is the reader's choice and no error; a full disk is one.
fn print_out(bytes: &[u8]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// What was found out could not be printed.
#[derive(Debug, thiserror::Error)]
#[error("could not write to standard output")]
struct Unprinted(#[source] std::io::Error);

impl Coded for Unprinted {
    fn code(&self) -> Code {
        codes::IO_FAILED
    }
}

fn print_err(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::terminal_safe;

    #[test]
    fn what_steers_a_terminal_is_shown_instead() {
        assert_eq!(terminal_safe("a\tb\n\u{1b}]52;c;x\u{7}\u{202e}z 🙂"), "a\tb\n\\u{1b}]52;c;x\\u{7}\\u{202e}z 🙂");
    }
}
