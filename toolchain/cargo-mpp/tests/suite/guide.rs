//! The guide, typed: every command block of `registry-git/web/guide` is run as it stands, in an empty folder with a new home, and what the
//! guide says it prints is what it must print.
//!
//! A fence says what its block is: `sh` is run, `sh refused` must fail, `sh by-hand` needs a forge, a terminal or minutes and is not run;
//! `text` is what the block before prints on stdout, with what a refusal says (`…` stands for anything, alone on a line for any lines); a
//! language with a path is a file to be written there. Blocks of one chapter share a folder and a shell, as with a reader.

use crate::support::build_folder;
use std::{fmt::Write as _, path::Path, process::Command};

/// A piece of a chapter that is more than prose.
#[derive(Debug, PartialEq)]
enum Block {
    Run { script: String, refused: bool, prints: String },
    File { path: String, content: String },
}

fn blocks(chapter: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = chapter.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body =
            lines.by_ref().take_while(|line| *line != "```").fold(String::new(), |body, line| body + line + "\n");
        match info.split_once(' ').unwrap_or((info, "")) {
            ("sh", "by-hand") => {}
            ("sh", how @ ("" | "refused")) => {
                blocks.push(Block::Run { script: body, refused: how == "refused", prints: String::new() });
            }
            ("text", "") => match blocks.last_mut() {
                Some(Block::Run { prints, .. }) => *prints = body,
                other => panic!("a text that no command printed follows {other:?}"),
            },
            (_, path) if path.contains(['/', '.']) => {
                blocks.push(Block::File { path: path.to_owned(), content: body });
            }
            (_, "") => {}
            (_, other) => panic!("what is a block `{other}`?"),
        }
    }
    blocks
}

/// One script for a whole chapter, in which a line `@@N` comes before what block N prints.
fn script(blocks: &[Block]) -> String {
    let mut script = "set -euo pipefail\n".to_owned();
    for (number, block) in blocks.iter().enumerate() {
        writeln!(script, "echo '@@{number}'").unwrap();
        match block {
            Block::Run { script: body, refused: false, .. } => script.push_str(body),
            // `set -e` counts for nothing in the condition of an `if`, so the commands have a shell of their own.
            Block::Run { script: body, .. } => {
                writeln!(script, "set +e; (set -e\n{body}) 2>&1; ended=$?; set -e").unwrap();
                script.push_str(
                    "[ $ended != 0 ] || { echo 'this went well, and the guide says that it is refused'; exit 97; }\n",
                );
            }
            Block::File { path, content } => {
                let folder =
                    Path::new(path).parent().filter(|folder| folder != &Path::new("")).unwrap_or(Path::new("."));
                writeln!(
                    script,
                    "mkdir -p '{}'\ncat >'{path}' <<'END-OF-FILE'\n{content}END-OF-FILE",
                    folder.display()
                )
                .unwrap();
            }
        }
    }
    script
}

/// Whether a line is what the guide shows, `…` standing for anything.
fn line_fits(shown: &str, line: &str) -> bool {
    let Some((start, rest)) = shown.split_once('…') else { return shown == line };
    let Some(mut left) = line.strip_prefix(start) else { return false };
    let mut pieces: Vec<&str> = rest.split('…').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = left.find(piece) else { return false };
        left = &left[at + piece.len()..];
    }
    left.ends_with(last)
}

/// Whether the lines are what the guide shows, a line `…` standing for any number of them.
fn fits(shown: &[&str], lines: &[&str]) -> bool {
    match (shown.split_first(), lines.split_first()) {
        (None, _) => lines.is_empty(),
        (Some((&"…", rest)), _) => (0..=lines.len()).any(|from| fits(rest, &lines[from..])),
        (Some((first, rest)), Some((line, others))) => line_fits(first, line) && fits(rest, others),
        (Some(_), None) => false,
    }
}

/// Types a chapter.
#[track_caller]
fn check(name: &str, chapter: &str) {
    let blocks = blocks(chapter);
    assert!(blocks.iter().any(|block| matches!(block, Block::Run { .. })), "{name} has no command");
    let reader = tempfile::tempdir().expect("a temporary folder");
    let program = Path::new(env!("CARGO_BIN_EXE_mpp")).parent().expect("a folder");
    let path = std::env::var("PATH").expect("a path");
    let home_of = |variable: &str, folder: &str| {
        std::env::var_os(variable).unwrap_or_else(|| {
            let home = std::env::var_os("HOME").expect("a home");
            Path::new(&home).join(folder).into_os_string()
        })
    };
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(script(&blocks)).current_dir(reader.path()).stdin(std::process::Stdio::null());
    shell.env("CARGO_HOME", home_of("CARGO_HOME", ".cargo")).env("RUSTUP_HOME", home_of("RUSTUP_HOME", ".rustup"));
    shell.env("PATH", format!("{}:{path}", program.display())).env("HOME", reader.path());
    for variable in
        ["MPP_HOME", "MPP_KEY_PASSWORD", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"]
    {
        shell.env_remove(variable);
    }
    shell.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("XDG_RUNTIME_DIR").env_remove("CARGO_TARGET_DIR");
    // The crates of the tools are compiled once for all chapters; what a reader finds under `target` is theirs.
    shell.env("CARGO_BUILD_BUILD_DIR", build_folder().join("guide")).env("CARGO_NET_OFFLINE", "true");
    let output = shell.output().expect("bash starts");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {}\n{printed}", output.status);

    let mut rest = printed.as_str();
    for (number, block) in blocks.iter().enumerate() {
        let start = format!("@@{number}\n");
        let at = rest.find(&start).unwrap_or_else(|| panic!("{name}: block {number} printed nothing"));
        rest = &rest[at + start.len()..];
        let Block::Run { script, prints, .. } = block else { continue };
        if prints.is_empty() {
            continue;
        }
        let end = rest.find(&format!("@@{}\n", number + 1)).unwrap_or(rest.len());
        let lines: Vec<&str> = rest[..end].lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let shown: Vec<&str> = prints.lines().filter(|line| !line.is_empty()).collect();
        assert!(
            fits(&shown, &lines),
            "{name}: after\n{script}the guide shows\n{prints}\nand this was printed:\n{}",
            &rest[..end]
        );
    }
}

macro_rules! chapters {
    ($($test:ident: $file:literal,)*) => {
        $(
            #[test]
            fn $test() {
                check($file, include_str!(concat!("../../../../registry-git/web/guide/", $file)));
            }
        )*

        /// A chapter that nobody types would rot.
        #[test]
        fn every_chapter_with_commands_is_typed() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../registry-git/web/guide");
            for entry in std::fs::read_dir(folder).expect("the guide") {
                let path = entry.expect("an entry").path();
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                let text = std::fs::read_to_string(&path).expect("a chapter");
                let runs = name.ends_with(".md") && blocks(&text).iter().any(|block| matches!(block, Block::Run { .. }));
                assert!(!runs || [$($file),*].contains(&name.as_str()), "{name} has commands and no test");
            }
        }
    };
}

chapters! {
    the_first_tool: "first-tool.md",
    grants: "grants.md",
    a_registry: "registry.md",
    threats: "threats.md",
    plugins_and_filters: "plugins-and-filters.md",
    from_an_mcp_server: "from-an-mcp-server.md",
}

#[test]
fn what_the_guide_shows_is_compared_line_by_line() {
    assert!(fits(&["a", "…", "d"], &["a", "b", "c", "d"]));
    assert!(fits(&["a…c"], &["abc"]));
    assert!(!fits(&["a…c"], &["abd"]));
    assert!(!fits(&["a"], &["a", "b"]));
    assert!(!fits(&["a", "b"], &["a"]));
}
