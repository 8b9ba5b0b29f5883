//! One thing that is measured, in a process of its own: how long it took, and how much memory.

use crate::generator::now;
use mpp_package::{
    key::SecretKey,
    pack::{Contents, pack},
};
use mpp_registry::Registry;
use mpp_schema::PackageName;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
    time::Instant as Clock,
};

/// What the process is told.
const ASKED: &str = "MPP_BENCH_STEP";

/// What is measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Step {
    /// Fetching what is new, and verifying it.
    Update,
    /// Opening the registry and looking one package up: the median over these.
    Resolve(Vec<PackageName>),
    /// Opening the registry and searching for words.
    Search(String),
}

#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    step: Step,
    location: String,
    home: String,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Seconds in the library.
    pub(crate) inside: f64,
    /// Seconds from the start of the process to its end.
    #[serde(default)]
    pub(crate) whole: f64,
    /// The most memory that the process had, where the system says it.
    pub(crate) peak_mib: f64,
}

impl Step {
    /// The step that this process was started for.
    pub(crate) fn asked_for() -> Option<Doing> {
        std::env::var(ASKED).ok().map(|asked| Doing(serde_json::from_str(&asked).unwrap()))
    }

    pub(crate) fn in_a_process(self, location: &str, home: &Path) -> Measured {
        let asked = Asked { step: self, location: location.to_owned(), home: home.to_str().unwrap().to_owned() };
        let start = Clock::now();
        let output = Command::new(std::env::current_exe().unwrap())
            .env(ASKED, serde_json::to_string(&asked).unwrap())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        let whole = start.elapsed().as_secs_f64();
        assert!(output.status.success());
        Measured { whole, ..serde_json::from_slice(&output.stdout).unwrap() }
    }
}

/// A step that this process does.
pub(crate) struct Doing(Asked);

impl Doing {
    pub(crate) fn run(self) {
        let Asked { step, location, home } = self.0;
        let open = || Registry::open(&location, &home).unwrap();
        let inside = match step {
            Step::Update => timed(|| drop(open().update(None, now()).unwrap())),
            Step::Search(text) => timed(|| drop(open().search(&text, 20).unwrap())),
            Step::Resolve(names) => {
                let look_up = |name| timed(|| assert!(open().package(name).unwrap().is_some()));
                let mut times: Vec<_> = names.iter().map(look_up).collect();
                times.sort_by(f64::total_cmp);
                times[times.len() / 2]
            }
        };
        println!("{}", serde_json::to_string(&Measured { inside, whole: 0.0, peak_mib: peak_mib() }).unwrap());
    }
}

fn timed(run: impl FnOnce()) -> f64 {
    let start = Clock::now();
    run();
    start.elapsed().as_secs_f64()
}

/// The most memory that this process had so far, as Linux says it; nothing elsewhere.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok()).map_or(0.0, |kib| kib / 1024.0)
}

/// A signed package file.
pub(crate) fn package(name: &PackageName, version: &str, publisher: &SecretKey) -> Vec<u8> {
    let manifest = json!({
        "mpp": "1.0", "kind": "tool", "name": name, "version": version, "description": "Finds notes.",
        "world": "acme:notes/tools", "trust": "sandboxed", "source": { "builder": "cargo" }, "entries": []
    });
    let tools = json!({ "mpp": "1.0", "tools": [{ "name": "search", "input": { "type": "object" } }] });
    let contents = Contents {
        manifest: serde_json::from_value(manifest).unwrap(),
        component: b"\0asm\x0d\0\x01\0".to_vec(),
        tools: serde_json::from_value(tools).unwrap(),
        wit: BTreeMap::from([("notes.wit".to_owned(), "package acme:notes;".to_owned())]),
        readme: None,
        license_text: None,
        sbom: None,
        extra: BTreeMap::new(),
    };
    pack(contents).unwrap().sign(&[publisher]).unwrap().into_bytes()
}
