//! This repository holds no credential, outside of the few places that are named here.

use mpp_privacy::{Filter, Kind};
use std::{fs, path::Path};

/// Made-up credentials that must stand in one piece, and why.
const ALLOWED: &[&str] = &[
    // What `openssl` wrote, which our reader must understand as it is.
    "component-model/package/src/dsse/key.rs: private-key",
    // A server on this machine shows it to its tests.
    "registry-git/client/tests/tls/server.key: private-key",
];

#[test]
fn no_source_and_no_document_holds_a_credential() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let filter = Filter::new();
    let (mut files, mut hits) = (0, Vec::new());
    let mut todo = vec![root.clone()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && name != "node_modules" && (!name.starts_with('.') || name == ".ci") {
                    todo.push(path);
                }
            } else if let Ok(text) = fs::read(&path)
                && text.len() < filter.limits().text_bytes_max
            {
                files += 1;
                let place = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                let found = filter.find(&text).unwrap_or_else(|blocked| panic!("{place}: {blocked}"));
                let found = found.into_iter().filter(|finding| finding.kind == Kind::Credential);
                hits.extend(found.map(|finding| format!("{place}: {} at byte {}", finding.rule, finding.span.start)));
            }
        }
    }
    assert!(files > 200, "only {files} files were read");
    hits.retain(|hit| !ALLOWED.iter().any(|allowed| hit.starts_with(allowed)));
    assert!(hits.is_empty(), "{}", hits.join("\n"));
}
