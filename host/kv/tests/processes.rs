//! HOST-64 to HOST-66 and HOST-68: several processes on one folder. The other processes are this test binary again, told by its environment to be a helper.

#![allow(clippy::print_stdout, reason = "the helper answers on its stdout")]

use mpp_kv::{Bucket, Change, Claim, KvError, SharedStore, Step, Store, Terms};
use mpp_schema::Coded as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const FOLDER: &str = "MPP_KV_TEST_FOLDER";

fn claim() -> Claim {
    Claim {
        publishers: vec!["a".repeat(64).parse().expect("a key id")],
        package: "acme:count".parse().expect("a name"),
    }
}

/// Not a test of its own: what the other processes run. Reads a command a line, answers with a line that begins with `>`.
#[test]
fn helper() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = SharedStore::new(folder);
    println!();
    let answer = |text: String| println!(">{text}");
    for line in std::io::stdin().lines() {
        let line = line.expect("a command");
        let (command, count) = line.split_once(' ').unwrap_or((&line, "1"));
        // One call, as the host makes it: open, use, flush, and only then say that it is done.
        let terms = Terms { deadline: Some(Instant::now() + Duration::from_secs(20)), ..Terms::default() };
        let mut bucket = store.open(&claim(), terms).expect("opens");
        match command {
            "count" => {
                let mut number = 0;
                for _ in 0..count.parse::<u32>().expect("a count") {
                    number = bucket.increment("n".into(), Step::Unsigned(1)).expect("counts");
                }
                bucket.flush().expect("flushes");
                answer(number.to_string());
            }
            "unflushed" => {
                // More than the table holds back, so that some of it is in its file.
                for number in 0..3_000 {
                    bucket.write(vec![Change::Set(format!("lost {number}"), vec![b'?'; 500])]).expect("a write");
                    if number % 3 == 0 {
                        bucket.write(vec![Change::Delete(format!("lost {number}"))]).expect("a write");
                    }
                }
                answer("written".to_owned());
            }
            "fill" => {
                // Until the disk is full: its name, and whether the next call on the same store can still read.
                let error = fill(&mut *bucket);
                drop(bucket);
                let read = store.open(&claim(), terms).and_then(|mut bucket| bucket.get(vec!["n".into()]));
                let room = matches!(error, KvError::NoRoom { .. });
                answer(format!(
                    "{} {room} {:?}",
                    error.code(),
                    read.map(|values| values[0].is_some()).map_err(|error| error.code())
                ));
            }
            other => panic!("`{other}` is not a command"),
        }
    }
}

fn fill(bucket: &mut dyn Bucket) -> KvError {
    for number in 0..9_000 {
        let written = bucket.write(vec![Change::Set(number.to_string(), vec![number as u8; 50_000])]);
        if let Err(error) = written.and_then(|()| bucket.flush()) {
            return error;
        }
    }
    panic!("the disk never filled up");
}

struct Helper {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Helper {
    fn start(folder: &Path) -> Self {
        Self::run(folder, Command::new(std::env::current_exe().expect("this binary")))
    }

    /// One whose files cannot grow beyond `kib`: a disk that fills up, without a disk of one's own.
    #[cfg(target_os = "linux")]
    fn start_on_a_small_disk(folder: &Path, kib: u32) -> Self {
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"")]);
        shell.arg(std::env::current_exe().expect("this binary"));
        Self::run(folder, shell)
    }

    /// One whose folder is a disk of three megabytes; nothing where this user may not make one.
    #[cfg(target_os = "linux")]
    fn start_on_a_tiny_disk(folder: &Path) -> Option<Self> {
        const UNSHARE: [&str; 3] = ["unshare", "--mount", "--map-root-user"];
        const MOUNT: &str = "mount -t tmpfs -o size=3m tmpfs \"$MPP_KV_TEST_FOLDER\"";
        let command = |script: &str| {
            let mut command = Command::new(UNSHARE[0]);
            command.args(&UNSHARE[1..]).args(["sh", "-c", script]).env(FOLDER, folder);
            command
        };
        if !command(MOUNT).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            return None;
        }
        let mut shell = command(&format!("{MOUNT} && exec \"$0\" \"$@\""));
        shell.arg(std::env::current_exe().expect("this binary"));
        Some(Self::run(folder, shell))
    }

    fn run(folder: &Path, mut command: Command) -> Self {
        let mut process = command
            .args(["helper", "--exact", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process starts");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().expect("its output"));
        Self { process, input, output }
    }

    fn say(&mut self, command: &str) {
        let input = self.input.as_mut().expect("its input is open");
        writeln!(input, "{command}").and_then(|()| input.flush()).expect("it listens");
    }

    /// The next answer; nothing when it ended.
    fn hear(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).expect("it speaks") == 0 {
                return None;
            }
            if let Some(answer) = line.trim_end().strip_prefix('>') {
                return Some(answer.to_owned());
            }
        }
    }

    fn ask(&mut self, command: &str) -> String {
        self.say(command);
        self.hear().expect("an answer")
    }

    fn kill(mut self) {
        self.process.kill().expect("it can be killed");
        self.process.wait().expect("it ends");
    }

    fn end(mut self) {
        drop(self.input.take());
        assert!(self.process.wait().expect("it ends").success());
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // A test that fails leaves no process behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the store holds, seen by one more process: this one.
fn count_in(folder: &Path) -> String {
    let mut bucket = SharedStore::new(folder).open(&claim(), Terms::default()).expect("opens");
    let value = bucket.get(vec!["n".into()]).expect("a read").remove(0).expect("a count");
    String::from_utf8(value).expect("text")
}

#[test]
fn two_processes_in_turns_count_to_exactly_a_thousand() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut both = [Helper::start(folder.path()), Helper::start(folder.path())];
    for number in 1..=1_000 {
        assert_eq!(both[number % 2].ask("count"), number.to_string());
    }
    // While both are there, a third one sees the same.
    assert_eq!(count_in(folder.path()), "1000");
    both.into_iter().for_each(Helper::end);
    assert_eq!(count_in(folder.path()), "1000");
}

#[test]
fn killing_the_holder_again_and_again_neither_loses_nor_doubles_a_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut holder = Helper::start(folder.path());
    holder.ask("count 5");
    let mut expected = 5;
    for round in 0..10u64 {
        let mut guest = Helper::start(folder.path());
        assert_eq!(guest.ask("count"), (expected + 1).to_string(), "the guest is served by the holder");
        guest.say("count 200");
        // Somewhere in the middle: each round at another place.
        thread::sleep(Duration::from_millis(2 * round));
        holder.kill();
        expected += 201;
        assert_eq!(guest.hear().expect("an answer"), expected.to_string());
        // The guest took over; the next round kills it.
        holder = guest;
    }
    holder.kill();
    assert_eq!(count_in(folder.path()), expected.to_string());
}

#[test]
fn a_holder_that_ends_hands_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut holder = Helper::start(folder.path());
    let mut expected = 1;
    holder.ask("count");
    for _ in 0..5 {
        let mut guest = Helper::start(folder.path());
        guest.ask("count");
        guest.say("count 200");
        holder.end();
        expected += 201;
        assert_eq!(guest.hear().expect("an answer"), expected.to_string());
        holder = guest;
    }
    holder.end();
    assert_eq!(count_in(folder.path()), expected.to_string());
}

#[test]
fn many_processes_open_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all: Vec<Helper> = (0..6).map(|_| Helper::start(folder.path())).collect();
    all.iter_mut().for_each(|helper| helper.say("count 100"));
    let mut numbers: Vec<u32> =
        all.iter_mut().map(|helper| helper.hear().expect("an answer").parse().expect("a number")).collect();
    numbers.sort_unstable();
    assert_eq!(numbers.last(), Some(&600), "whoever was last saw them all");
    all.into_iter().for_each(Helper::end);
    assert_eq!(count_in(folder.path()), "600");
}

#[test]
fn a_process_killed_in_the_middle_of_a_call_leaves_a_good_store() {
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..3 {
        let mut helper = Helper::start(folder.path());
        helper.ask("count 7");
        assert_eq!(helper.ask("unflushed"), "written");
        helper.kill();
    }
    let mut bucket = SharedStore::new(folder.path()).open(&claim(), Terms::default()).expect("opens");
    assert_eq!(bucket.get(vec!["n".into()]).expect("a read"), [Some(b"21".to_vec())], "what was flushed is there");
    // What was not may be there or not, but the count of what is kept agrees with what is kept.
    let mut page = bucket.keys(None).expect("its keys");
    let mut keys = page.keys;
    while page.more {
        page = bucket.keys(keys.last().cloned()).expect("its keys");
        keys.extend(page.keys);
    }
    let mut bytes = 0;
    for key in &keys {
        let values = bucket.get(vec![key.clone()]).expect("its value");
        bytes += key.len() + values[0].as_ref().expect("a value").len();
    }
    assert!(keys.len() > 1, "some of what was not flushed is there");
    let usage = bucket.usage().expect("its usage");
    assert_eq!((usage.keys, usage.bytes), (keys.len() as u64, bytes as u64));
}

/// Whether the kernel has stopped each thread of a process.
#[cfg(target_os = "linux")]
fn is_stopped(pid: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it has threads");
    let mut states =
        tasks.map(|task| std::fs::read_to_string(task.expect("a thread").path().join("stat")).expect("its state"));
    states.all(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T')))
}

#[cfg(target_os = "linux")]
#[test]
fn a_holder_that_is_stopped_is_waited_for_until_the_deadline_and_no_longer() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut holder = Helper::start(folder.path());
    holder.ask("count");
    let signal = |name: &str| {
        let pid = holder.process.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().expect("kill runs").success());
    };
    let store = SharedStore::new(folder.path());
    let soon = || Terms { deadline: Some(Instant::now() + Duration::from_millis(300)), ..Terms::default() };
    let mut bucket = store.open(&claim(), soon()).expect("the holder answers");
    signal("-STOP");
    while !is_stopped(holder.process.id()) {
        thread::yield_now();
    }
    let error = bucket.increment("n".into(), Step::Unsigned(1)).expect_err("nobody answers");
    assert!(matches!(error, KvError::Busy { .. }), "{error}");
    assert!(store.open(&claim(), soon()).is_err());
    signal("-CONT");
    let mut bucket = store.open(&claim(), Terms::default()).expect("the holder answers again");
    let number = bucket.increment("n".into(), Step::Unsigned(1)).expect("counts");
    let next = bucket.increment("n".into(), Step::Unsigned(1)).expect("counts");
    // Of the question without an answer nobody knows whether and when it was done; of the others it is known that they were, once.
    assert!(number < next && (3..=4).contains(&next), "{number}, {next}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_is_an_error_with_a_name_and_costs_nothing_that_was_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut helper = Helper::start_on_a_small_disk(folder.path(), 2_048);
    helper.ask("count 3");
    assert_eq!(helper.ask("fill"), "kv.failed false Ok(true)");
    helper.kill();
    let mut bucket = SharedStore::new(folder.path()).open(&claim(), Terms::default()).expect("opens");
    assert_eq!(bucket.get(vec!["n".into()]).expect("a read"), [Some(b"3".to_vec())]);
    assert_eq!(bucket.increment("n".into(), Step::Unsigned(1)).expect("counts"), 4);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_with_little_room_left_is_not_written_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut helper) = Helper::start_on_a_tiny_disk(folder.path()) else {
        println!("not asked: this user may not mount a disk of its own");
        return;
    };
    assert_eq!(helper.ask("count 3"), "3");
    assert_eq!(helper.ask("fill"), "kv.failed true Ok(true)");
    // Nothing broke: the same process goes on reading, and is refused again.
    assert_eq!(helper.ask("fill"), "kv.failed true Ok(true)");
    helper.end();
}
