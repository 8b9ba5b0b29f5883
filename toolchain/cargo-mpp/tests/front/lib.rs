//! A tool that lets another one do the work, and says how far it is.

wit_bindgen::generate!({ path: "wit", world: "tools", generate_all });

use exports::acme::front::front::Guest;
use mpp::host::{progress, tools};
use wasi::logging::logging::{Level, log};

struct Tool;
export!(Tool);

impl Guest for Tool {
    fn hand_on(tool: String, arguments: String) -> Result<String, String> {
        progress::report(1, Some(2), "asking\u{1b}[2J");
        let answer = tools::call("acme:md", &tool, &arguments);
        log(Level::Info, "front", &format!("asked for `{tool}`"));
        progress::report(2, Some(2), "done");
        answer.map_err(|error| match error {
            tools::CallError::Denied => "denied".to_owned(),
            tools::CallError::Stopped(stop) => stop.code,
            other => format!("{other:?}"),
        })
    }
}
