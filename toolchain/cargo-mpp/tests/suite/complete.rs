//! Completions, asked by real shells.

use crate::support::{Person, built_template};
use std::process::Stdio;

/// A user with `acme:md` installed, who knows a registry in which `acme:notes` is published too.
fn user() -> Person {
    let (_, file) = built_template();
    let user = Person::new();
    user.json(&["key", "new", "acme"]);
    std::fs::copy(file, user.path("md.mpp")).unwrap();
    user.json(&["sign", "md.mpp", "--key", "acme"]);
    user.json(&["registry", "init", "registry.git"]);
    user.json(&["registry", "add", "home", "registry.git"]);
    user.json(&["publish", "md.mpp", "--key", "acme"]);
    user
}

/// Whether a shell is installed. Where all of this is tested, it is.
#[expect(clippy::print_stderr, reason = "what was not tested must be seen")]
fn has(shell: &str) -> bool {
    let found = std::process::Command::new(shell).arg("--version").stdout(Stdio::null()).status().is_ok();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "{shell} must be there in CI");
        eprintln!("SKIPPED: completions in {shell}, which is not installed");
    }
    found
}

/// What bash would offer for a line with the cursor at its end, through the script as it is installed.
fn in_bash(user: &Person, line: &str) -> Vec<String> {
    // What readline does before it calls the function, with the characters at which bash splits words.
    let script = r#"
        source <("$1" completions bash)
        COMP_LINE=$2; COMP_POINT=${#2}
        word=${2##*[[:space:]:=]}
        spec=$(complete -p mpp); function=${spec##*-F }; function=${function%% *}
        "$function" "$1" "$word" ""
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    asked(user, "bash", script, line)
}

fn asked(user: &Person, shell: &str, script: &str, line: &str) -> Vec<String> {
    let mut command = user.program(shell, &["-c", script, shell, env!("CARGO_BIN_EXE_mpp"), line]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut found: Vec<_> = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    found.sort();
    found
}

#[track_caller]
fn check(user: &Person, line: &str, expected: &[&str]) {
    assert_eq!(in_bash(user, line), expected, "{line}");
}

#[test]
fn bash_completes_verbs_flags_and_names() {
    if !has("bash") {
        return;
    }
    let user = user();
    check(&user, "mpp unin", &["uninstall"]);
    check(&user, "mpp registry sign-", &["sign-head", "sign-root"]);
    check(&user, "mpp --color ", &["always", "auto", "never"]);
    assert!(in_bash(&user, "mpp install --").contains(&"--locked".to_owned()));
    // A package that is known and not installed.
    check(&user, "mpp install ac", &["acme:md"]);
    check(&user, "mpp uninstall ac", &[]);
    user.json(&["install", "acme:md"]);
    check(&user, "mpp uninstall ac", &["acme:md"]);
    // Bash takes the colon for the end of a word.
    check(&user, "mpp call acme:", &["md"]);
    check(&user, "mpp call acme:m", &["md"]);
    check(&user, "mpp yank acme:md@", &["md@0.1.0"]);
    check(&user, "mpp call acme:md out", &["outline"]);
    check(&user, "mpp info --registry ", &["home"]);
    check(&user, "mpp registry remove h", &["home"]);
    check(&user, "mpp sign x.mpp --key ", &["acme"]);
    check(&user, "mpp owner list ", &["acme"]);
    // Hidden verbs stay hidden, and files are left to the shell.
    check(&user, "mpp conf", &[]);
    check(&user, "mpp verify m", &[]);
    check(&user, "mpp install 'ac", &["acme:md"]);
}

#[test]
fn a_home_that_cannot_be_read_completes_nothing_and_says_nothing() {
    if !has("bash") {
        return;
    }
    let user = Person::new();
    assert!(in_bash(&user, "mpp call ").iter().all(|word| word.starts_with("--")));
    std::fs::create_dir_all(user.path("home/config")).unwrap();
    user.write("home/config/registries.toml", "nonsense");
    check(&user, "mpp info --registry ", &[]);
    assert!(in_bash(&user, "mpp install ").iter().all(|word| word.starts_with("--")));
    check(&user, "mpp unin", &["uninstall"]);
}

#[test]
fn fish_and_zsh_get_names_with_what_they_are() {
    let user = user();
    let ended = user.mpp(&["complete", "fish", "--", "mpp", "install", "acme:"]);
    assert_eq!(ended.out, "acme:md\n");
    let ended = user.mpp(&["complete", "zsh", "--", "mpp", "unins"]);
    assert_eq!(ended.out, "uninstall\tRemove an installed package\n");
    if has("fish") {
        let script = "$argv[1] completions fish | source; complete --do-complete $argv[2]";
        let mut command = user.program("fish", &["-c", script, env!("CARGO_BIN_EXE_mpp"), "mpp install ac"]);
        let folder = std::path::Path::new(env!("CARGO_BIN_EXE_mpp")).parent().unwrap();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
        let output = command.env("PATH", path).stdin(Stdio::null()).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("acme:md"), "{output:?}");
    }
    if has("zsh") {
        let script = r#"
            compadd() { while [[ $1 != -a ]]; do shift; done; print -l -- "${(@P)2}"; }
            compdef() { :; }; _files() { print files; }
            source <("$1" completions zsh)
            words=("$1" ${(z)2}); CURRENT=${#words}; _mpp
        "#;
        assert_eq!(asked(&user, "zsh", script, "install ac"), ["acme:md"]);
        assert_eq!(asked(&user, "zsh", script, "verify x"), ["files"]);
    }
}
