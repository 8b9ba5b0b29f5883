//! A person at a command line: a folder, a home, and the real program.

use serde_json::Value as Json;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

/// Somebody with a home and a folder of their own.
pub(crate) struct Person {
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Person {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    fn command(&self, words: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_mpp"), words)
    }

    /// Any program, in the folder and with the home of this person.
    pub(crate) fn program(&self, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(words).current_dir(self.folder()).env("MPP_HOME", self.home()).env_remove("MPP_KEY_PASSWORD");
        // Nobody's own keyring.
        command.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("XDG_RUNTIME_DIR").env_remove("MPP_SECRETS_PASSWORD");
        command.env("CARGO_TARGET_DIR", build_folder()).env("CARGO_NET_OFFLINE", "true");
        command
    }

    /// Runs `mpp` with these words and no input.
    pub(crate) fn mpp(&self, words: &[&str]) -> Ended {
        ended(self.command(words).stdin(Stdio::null()).output().expect("mpp starts"))
    }

    /// Runs `mpp` with these words and this text on stdin.
    pub(crate) fn mpp_with_input(&self, words: &[&str], input: &str) -> Ended {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("mpp starts");
        // A program that refuses before reading closes its end; that is its answer, not a failure of the test.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        ended(child.wait_with_output().expect("mpp ends"))
    }

    /// Runs `mpp` with a variable set.
    pub(crate) fn mpp_with(&self, variable: (&str, &str), words: &[&str]) -> Ended {
        let mut command = self.command(words);
        ended(command.env(variable.0, variable.1).stdin(Stdio::null()).output().expect("mpp starts"))
    }

    /// Runs `mpp --json` on a disk on which no file may hold more than this many blocks of 512 bytes. Gives the refusal's code and exit code.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn refusal_on_a_full_disk(&self, blocks: u32, words: &[&str]) -> (String, i32) {
        let mut command = Command::new("sh");
        // A signal would end the program; a shell that ignores it hands that on.
        command.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" --json \"$@\""));
        command.arg(env!("CARGO_BIN_EXE_mpp")).args(words).current_dir(self.folder()).env("MPP_HOME", self.home());
        let ended = ended(command.stdin(Stdio::null()).output().expect("mpp starts"));
        let json: Json = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{words:?}: {ended:?}"));
        (json["error"]["code"].as_str().unwrap_or_default().to_owned(), ended.exit)
    }

    /// Runs `mpp --json` and expects it to go well.
    #[track_caller]
    pub(crate) fn json(&self, words: &[&str]) -> Json {
        let mut all = vec!["--json"];
        all.extend(words);
        let ended = self.mpp(&all);
        assert_eq!(ended.exit, 0, "mpp {words:?}\n{}\n{}", ended.out, ended.err);
        serde_json::from_str(&ended.out).expect("one JSON object on stdout")
    }

    /// Runs `mpp --json`, expects a refusal, and gives its code and exit code.
    #[track_caller]
    pub(crate) fn refusal(&self, words: &[&str]) -> (String, i32) {
        let mut all = vec!["--json"];
        all.extend(words);
        let ended = self.mpp(&all);
        let json: Json = serde_json::from_str(&ended.out)
            .unwrap_or_else(|_| panic!("mpp {words:?} printed no JSON object:\n{}\n{}", ended.out, ended.err));
        let code = json["error"]["code"].as_str().unwrap_or_else(|| panic!("mpp {words:?} went well: {json}"));
        (code.to_owned(), ended.exit)
    }

    /// Adds the lines to the policy that `mpp policy explain` gives for this call.
    #[track_caller]
    pub(crate) fn approve_beforehand(&self, call: &[&str]) {
        let explained = self.json(&[&["policy", "explain"], call].concat());
        let lines = explained["approve"].as_str().unwrap_or_else(|| panic!("nobody is asked about {call:?}"));
        let path = self.home().join("config/policy.toml");
        std::fs::create_dir_all(self.home().join("config")).expect("a folder");
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(path, format!("{before}\n{lines}")).expect("a policy can be written");
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("a file can be written");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("a file can be read")
    }
}

fn ended(output: Output) -> Ended {
    Ended {
        exit: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// One folder for everything that tests compile, so that the crates of the template are compiled once.
pub(crate) fn build_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tools")
}

/// The package of the Rust template, built once and signed by nobody that anyone else knows.
pub(crate) fn built_template() -> &'static (Person, PathBuf) {
    static BUILT: OnceLock<(Person, PathBuf)> = OnceLock::new();
    BUILT.get_or_init(|| {
        let author = Person::new();
        author.json(&["new", "md", "--namespace", "acme"]);
        let built = author.json(&["build", "md", "--offline", "--locked"]);
        let file = PathBuf::from(built["packages"][0]["file"].as_str().expect("a path"));
        let kept = author.path("md.mpp");
        std::fs::copy(file, &kept).expect("the package was built");
        (author, kept)
    })
}
