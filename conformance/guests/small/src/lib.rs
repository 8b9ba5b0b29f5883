//! A guest for the host's tests: the small capabilities.

use exports::guest::small::tools::Guest;
use imports::mpp::host::attestation;
use imports::mpp::host::caller::{self, Identity};
use imports::mpp::host::progress;
use imports::mpp::host::tools::{CallError, call};
use imports::wasi::config::store;
use imports::wasi::logging::logging::{Level, log};
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::random::{insecure_seed, random};

wit_bindgen::generate!({ world: "small", path: "wit" });

mod imports {
    wit_bindgen::generate!({
        inline: "package guest:imports;
            world imports {
                import wasi:config/store@0.2.0-rc.1;
                import wasi:logging/logging@0.1.0-draft;
                import mpp:host/attestation@0.1.0;
                import mpp:host/caller@0.1.0;
                import mpp:host/progress@0.1.0;
                import mpp:host/tools@0.1.0;
            }",
        path: [
            "../../../component-model/wit/wit/wasi-io-0.2",
            "../../../component-model/wit/wit/wasi-config-0.2",
            "../../../component-model/wit/wit/wasi-logging-0.1",
            "../../../component-model/wit/wit/mpp-host-0.1",
        ],
        world: "guest:imports/imports",
        generate_all,
    });
}

struct Small;
export!(Small);

const LEVELS: [Level; 6] = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Critical];
const HOUR: u64 = 3_600_000_000_000;

fn in_words(error: CallError) -> String {
    match error {
        CallError::Denied => "denied".to_owned(),
        CallError::Unknown(message) => format!("unknown: {message}"),
        CallError::Arguments(message) => format!("arguments: {message}"),
        CallError::Failed(error) => format!("failed: {error}"),
        CallError::Stopped(stop) => format!("stopped: {}", stop.code),
    }
}

impl Guest for Small {
    fn setting(name: String) -> Option<String> {
        store::get(&name).expect("granted settings can be read")
    }
    fn settings() -> Vec<(String, String)> {
        store::get_all().expect("granted settings can be read")
    }
    fn log_levels(message: String) {
        LEVELS.into_iter().for_each(|level| log(level, "levels", &message));
    }
    fn log_much(bytes: u32, lines: u32) {
        let line = "x".repeat(bytes as usize);
        (0..lines).for_each(|_| log(Level::Info, "", &line));
    }
    fn who_asks() -> String {
        match caller::get() {
            Identity::Anonymous => "nobody that is known".to_owned(),
            Identity::Agent(agent) => {
                format!("{} ({}, {:?}) for {}", agent.name, agent.id, agent.verified, agent.delegation.join(", "))
            }
        }
    }
    fn who_approved() -> Option<(String, String)> {
        attestation::get().map(|approval| {
            (format!("{} at {} until {}", approval.nonce, approval.level, approval.expires), approval.envelope)
        })
    }
    fn work_in_steps(steps: u64, text: String) -> u64 {
        (1..=steps).for_each(|step| progress::report(step, Some(steps), &format!("step {step}")));
        progress::report(0, None, &text);
        steps
    }
    fn clock_precision() -> (u64, u64, bool) {
        let wall = wall_clock::resolution();
        let (mut last, mut fine) = (monotonic_clock::now(), false);
        for _ in 0..10_000 {
            let now = monotonic_clock::now();
            fine |= now > last && now - last < 1_000_000;
            last = now;
        }
        (wall.seconds * 1_000_000_000 + u64::from(wall.nanoseconds), monotonic_clock::resolution(), fine)
    }
    fn dice_and_clocks() -> Vec<u64> {
        let bytes = random::get_random_bytes(8).try_into().expect("as many as asked for");
        let mut seen = vec![random::get_random_u64(), u64::from_le_bytes(bytes), insecure_seed::insecure_seed().0];
        seen.push(monotonic_clock::now());
        monotonic_clock::subscribe_duration(HOUR).block();
        seen.push(monotonic_clock::now());
        seen.push(wall_clock::now().seconds);
        seen
    }
    fn compute() {
        progress::report(0, None, "computing");
        let mut number = 0u64;
        loop {
            number = std::hint::black_box(number.wrapping_mul(31).wrapping_add(7));
        }
    }
    fn sleep() {
        progress::report(0, None, "sleeping");
        monotonic_clock::subscribe_duration(HOUR).block();
    }
    fn relay(package: String, tool: String, arguments: String) -> Result<String, String> {
        call(&package, &tool, &arguments).map_err(in_words)
    }
    fn dive(depth: u32) -> (u32, String) {
        match call("guest:small", "dive", &format!("{{\"depth\":{}}}", depth + 1)) {
            Err(error) => (depth, in_words(error)),
            Ok(json) => deepest(&json).unwrap_or((depth, json)),
        }
    }
}

/// Out of `{"result":{"f0":8,"f1":"…"}}`.
fn deepest(json: &str) -> Option<(u32, String)> {
    let depth = json.split("\"f0\":").nth(1)?.split(',').next()?.parse().ok()?;
    let why = json.split("\"f1\":\"").nth(1)?.split('"').next()?;
    Some((depth, why.to_owned()))
}
