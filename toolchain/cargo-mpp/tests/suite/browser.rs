//! The pages in a real browser: Debian's Chromium, driven by `.ci/browser`, reads them with and without a script, with the keyboard alone, in
//! the light and in the dark, on a narrow screen, from a server and from a static site.

use crate::{
    front_door::{Server, hostile, keeper},
    grants::packages,
    support::Person,
};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The scripts that drive the browser; nothing where a machine lacks what they need, which is said aloud, and never in CI.
#[expect(clippy::print_stderr, reason = "what was not asked must be seen")]
fn scripts() -> Option<PathBuf> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ci/browser");
    let node =
        Command::new("node").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    let browser = std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    if node && Path::new(&browser).exists() && scripts.join("node_modules/playwright-core").is_dir() {
        return Some(scripts);
    }
    assert!(std::env::var_os("CI").is_none(), "node, chromium and the packages of .ci/browser must be there in CI");
    eprintln!("SKIPPED: no page was looked at: that takes node, chromium, and `npm ci` in .ci/browser");
    None
}

/// A registry with two versions of a package that people may want, and one that nobody should.
fn mixed() -> Person {
    let (_, first, second) = packages();
    let keeper = keeper(&[first, second]);
    keeper.json(&["deprecate", "acme:md@0.1.0", "--reason", "0.2.0 reads tables too", "--key", "acme"]);
    let file = hostile(&keeper, "evil");
    keeper.json(&["publish", &file, "--key", "evil"]);
    keeper.json(&["deprecate", "evil:md@0.1.0", "--reason", "<img src=x onerror=alert(1)>", "--key", "evil"]);
    keeper
}

#[track_caller]
fn check(scripts: &Path, script: &str, words: &[&str]) {
    let output = Command::new("node").arg(scripts.join(script)).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn people_read_the_pages_in_a_browser() {
    let Some(scripts) = scripts() else { return };
    let keeper = mixed();
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    {
        let server = Server::start(&keeper, &["--rate", "0"]);
        check(&scripts, "look.mjs", &[&format!("http://{}/", server.address), pictures.to_str().unwrap()]);
    }
    keeper.json(&["registry", "export", "site"]);
    check(&scripts, "static.mjs", &[keeper.path("site").to_str().unwrap()]);
}
