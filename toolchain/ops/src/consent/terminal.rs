//! The controlling terminal of the process that calls, as a place to ask.

use super::Call;
use crate::{Context, Typed};
use mpp_policy::consent::{Answer, Ask, Binding, Challenge, Prompt};
use mpp_schema::consent::{Level, Surface};

/// How long somebody may think, in seconds.
const SECONDS: u64 = 300;

/// The terminal, and what must be typed on it.
pub(super) struct OnTerminal<'a> {
    context: &'a Context<'a>,
    challenge: Challenge,
}

impl<'a> OnTerminal<'a> {
    pub(super) fn new(context: &'a Context<'a>, level: Level, call: &Call<'_>) -> Option<Self> {
        let mut random = [0; 4];
        getrandom::fill(&mut random).ok()?;
        Some(Self { context, challenge: Challenge::of(level, call.package(), call.tool(), random) })
    }
}

impl Ask for OnTerminal<'_> {
    fn ask(&self, prompt: &Prompt, _: &Binding<'_>) -> Answer {
        answer(self.context, prompt.text(), &self.challenge)
    }
}

/// Shows a text on the terminal and asks; a no, and everything that is no yes, is a refusal.
pub(crate) fn answer(context: &Context<'_>, text: &str, challenge: &Challenge) -> Answer {
    match context.terminal.confirm(text, &challenge.question(), SECONDS) {
        Typed::Line(line) if challenge.is_met_by(&line) => Answer::Allowed(Surface::Terminal),
        Typed::Line(line) if line.trim().is_empty() => Answer::Refused("nothing was typed"),
        Typed::Line(_) => Answer::Refused("something else was typed than what says yes"),
        Typed::Ended => Answer::Refused("the terminal ended before there was an answer"),
        Typed::TooLate => Answer::Refused("there was no answer in time"),
        Typed::NoTerminal => Answer::Nobody("there is no terminal".to_owned()),
    }
}
