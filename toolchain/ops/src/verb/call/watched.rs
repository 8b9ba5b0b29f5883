//! A call whose progress is shown: the tool runs on a thread of its own, and this one tells what it hears.

use crate::{Context, Event};
use mpp_host::{Arguments, CallError, CallOutcome, LoadedPackage, Progress, Step, Terms};
use std::{
    panic::resume_unwind,
    sync::{Arc, mpsc},
    thread,
};

/// Calls a tool, and tells of its progress when that is granted.
pub(super) fn call(
    context: &Context<'_>,
    package: &LoadedPackage,
    terms: Terms,
    tool: &str,
    arguments: Arguments,
) -> Result<CallOutcome, CallError> {
    if !terms.grants.progress() {
        return package.call_read(&terms, arguments);
    }
    let (told, heard) = mpsc::channel();
    let terms = Terms { progress: Some(Arc::new(Teller(told))), ..terms };
    thread::scope(|scope| {
        // The last sender goes with the terms, and so the loop below ends with the call.
        let call = scope.spawn(move || package.call_read(&terms, arguments));
        tell(context, tool, heard);
        call.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

struct Teller(mpsc::Sender<Step>);

impl Progress for Teller {
    fn report(&self, step: &Step) {
        // Nobody listens any more: then there is nobody to tell.
        let _ = self.0.send(step.clone());
    }
}

fn tell(context: &Context<'_>, tool: &str, heard: mpsc::Receiver<Step>) {
    let mut begun = false;
    for Step { done, total, message } in heard {
        let bounded = total.filter(|total| *total > 0);
        match bounded {
            None => (context.tell)(Event::Started { step: "running", what: format!("{tool} {message}") }),
            Some(total) => {
                if !begun {
                    (context.tell)(Event::Started { step: "running", what: tool.to_owned() });
                }
                let [done, total] = [done.min(total), total].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
                (context.tell)(Event::Advanced { what: message, done, total });
            }
        }
        begun = bounded.is_some();
    }
    (context.tell)(Event::Finished);
}
