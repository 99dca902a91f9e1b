//! What is printed does what was measured: programs of `conc advise`, run on the user's own items and limits.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::path::Path;
use std::process::{Command, Output};
use std::{fs, str};

use serde_json::Value;
use tempfile::TempDir;

#[path = "common/lane.rs"]
mod lane;

/// Callables that append a line to `calls` when they begin: the time in seconds, how many of them are running in
/// this process, and the item.
const TASKS: &str = r#"
import asyncio, os, pathlib, threading, time

HERE = pathlib.Path(__file__).parent
running, lock = 0, threading.Lock()
seen = set()

def count(change, item=None):
    global running
    with lock:
        running += change
        if change > 0 and "RECORD" in os.environ:
            with open(HERE / "calls", "a") as calls:
                calls.write(f"{time.time():.6f} {running} {item}\n")

def wait(item):
    count(1, item)
    time.sleep(0.02)
    count(-1)
    return item

async def fetch(item):
    await asyncio.sleep(0.001)
    return item

async def pause(item):
    count(1, item)
    await asyncio.sleep(0.02)
    count(-1)
    return item

async def flaky(item):
    count(1, item)
    await asyncio.sleep(0.002)
    count(-1)
    if item not in seen:
        seen.add(item)
        raise ConnectionError(item)
    return item

async def stuck(item):
    count(1, item)
    await asyncio.sleep(20 if int(item) == 3 else 0.002)
    count(-1)
    return item

owner = None

async def connected(item):
    global owner
    owner = owner or asyncio.get_running_loop()
    await asyncio.sleep(0.01)
    if asyncio.get_running_loop() is not owner:
        raise RuntimeError("a connection of another loop")
    count(1, item)
    count(-1)
"#;

/// One recorded call: its time in seconds, the calls in flight in its process, and its item.
struct Call {
    at: f64,
    in_flight: usize,
    item: String,
}

/// A directory with the callables and a workload file.
struct Bed {
    directory: TempDir,
}

/// A program that was run: its title and its source, what it said, and its calls.
struct Ran {
    code: String,
    output: Output,
    calls: Vec<Call>,
}

impl Bed {
    fn new(workload: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("tasks.py"), TASKS).unwrap();
        fs::write(directory.path().join("work.toml"), workload).unwrap();
        Bed { directory }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns what is printed in a language for a strategy at a width. On a busy machine conc may recommend
    /// another; it is asked again, and if it stays with that, nothing is returned.
    fn programs(&self, arguments: &[&str], language: &str) -> Vec<String> {
        let ask = || Some(self.ask(arguments, language)).filter(|programs| !programs.is_empty());
        (0..4).find_map(|_| ask()).unwrap_or_default()
    }

    fn ask(&self, arguments: &[&str], language: &str) -> Vec<String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
        command.args(["advise", "--json", "--runs", "1"]).args(arguments).current_dir(self.path());
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let advised = &report["recommendation"];
        let examples = advised["code_examples"].as_array().unwrap_or_else(|| panic!("{output:?}"));
        let strategy = advised["strategy"].as_str().unwrap();
        if !arguments.contains(&strategy) {
            return Vec::new();
        }
        let code = |example: &Value| example["code"].as_str().unwrap().to_owned();
        examples.iter().filter(|example| example["language"] == language).map(code).collect()
    }

    fn run(&self, code: &str, interpreter: &str) -> Ran {
        let (program, calls) = (self.path().join("printed"), self.path().join("calls"));
        fs::write(&program, code).unwrap();
        let _ = fs::remove_file(&calls);
        let mut command = Command::new(interpreter);
        let output = command.arg(&program).current_dir(self.path()).env("RECORD", "1").output().unwrap();
        let calls = fs::read_to_string(&calls).unwrap_or_default();
        Ran { code: code.to_owned(), output, calls: calls.lines().map(call).collect() }
    }

    /// Runs every Python program of a strategy at a width.
    fn python(&self, strategy: &str, width: &str) -> Vec<Ran> {
        let arguments = ["work.toml", "--strategy", strategy, "--width", width];
        self.programs(&arguments, "python").iter().map(|code| self.run(code, "python3")).collect()
    }
}

fn call(line: &str) -> Call {
    let mut words = line.splitn(3, ' ');
    let mut next = || words.next().unwrap();
    Call { at: next().parse().unwrap(), in_flight: next().parse().unwrap(), item: next().to_owned() }
}

impl Ran {
    /// Returns the most calls that were in flight in one process.
    fn in_flight(&self) -> usize {
        self.calls.iter().map(|call| call.in_flight).max().unwrap_or(0)
    }

    /// Returns the number of different items that were called with.
    fn items(&self) -> usize {
        let mut items: Vec<_> = self.calls.iter().map(|call| call.item.as_str()).collect();
        items.sort_unstable();
        items.dedup();
        items.len()
    }

    /// Returns the calls per second from the first to the last one.
    fn calls_per_s(&self) -> f64 {
        let at = || self.calls.iter().map(|call| call.at);
        let (first, last) = (at().fold(f64::INFINITY, f64::min), at().fold(0.0, f64::max));
        (self.calls.len() - 1) as f64 / (last - first)
    }

    fn all_ok(&self) -> bool {
        self.output.status.success()
    }

    /// Returns the source and what the program said, for a test that fails.
    fn account(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let Output { status, stdout, stderr } = &self.output;
        format!("{}\n{status}\n{}\n{}", self.code, text(stdout), text(stderr))
    }
}

fn workload(limits: &str, callables: &[&str]) -> String {
    let steps =
        callables.iter().map(|name| format!("[[step]]\nkind = \"python\"\ncallable = \"tasks.py:{name}\"\n"));
    format!("name = \"work\"\ntasks = 96\n{limits}\n{}", steps.collect::<String>())
}

fn runs(test: &str) -> bool {
    lane::runs_all(&format!("printed programs: {test}"))
}

/// Strategies that have a loop or threads in one process.
const IN_PROCESS: [&str; 2] = ["async", "threads"];

#[test]
fn a_step_that_blocks_gets_as_many_threads_as_were_measured() {
    if !runs("the threads of an event loop") {
        return;
    }
    let bed = Bed::new(&workload("", &["fetch", "wait"]));
    let programs = bed.python("async", "32");
    assert!(programs.len() >= 3, "{}", programs.len());
    for ran in programs {
        // A loop has six threads of its own on two CPUs.
        assert!(
            ran.all_ok() && ran.items() == 96 && ran.in_flight() >= 18,
            "{}: {}",
            ran.in_flight(),
            ran.account()
        );
    }
}

#[test]
fn a_rate_is_kept_by_every_program() {
    if !runs("a rate") {
        return;
    }
    let bed = Bed::new(&workload("[limits]\nrate_per_s = 80\n", &["pause"]));
    for strategy in ["async", "threads", "processes", "hybrid"] {
        for ran in bed.python(strategy, "8") {
            assert!(ran.all_ok() && ran.items() == 96, "{}", ran.account());
            assert!(ran.calls_per_s() < 100.0, "{}: {}", ran.calls_per_s(), ran.account());
        }
    }
}

#[test]
fn no_more_are_in_flight_than_is_allowed() {
    if !runs("tasks in flight") {
        return;
    }
    let bed = Bed::new(&workload("[limits]\nmax_in_flight = 5\n", &["pause"]));
    for strategy in IN_PROCESS {
        for ran in bed.python(strategy, "5") {
            assert!(ran.all_ok() && ran.items() == 96 && ran.in_flight() <= 5, "{}", ran.account());
        }
    }
}

#[test]
fn what_fails_once_is_tried_again() {
    if !runs("retries") {
        return;
    }
    let retry = "[retry]\nmax = 2\nbackoff = \"constant\"\nbase = \"2ms\"\n";
    let bed = Bed::new(&workload(retry, &["flaky"]));
    for strategy in ["async", "hybrid"] {
        for ran in bed.python(strategy, "16") {
            assert!(ran.all_ok() && ran.items() == 96 && ran.calls.len() == 192, "{}", ran.account());
        }
    }
}

#[test]
fn a_task_ends_at_its_timeout_and_is_told_as_failed() {
    if !runs("timeouts") {
        return;
    }
    let bed = Bed::new(&workload("[limits]\ntimeout = \"500ms\"\n", &["stuck"]));
    for strategy in ["async", "hybrid"] {
        for ran in bed.python(strategy, "16") {
            assert_eq!(ran.output.status.code(), Some(1), "{}", ran.account());
            let said = String::from_utf8_lossy(&ran.output.stderr);
            assert!(said.contains('3') && ran.items() == 96, "{}", ran.account());
        }
    }
}

#[test]
fn a_worker_has_one_event_loop_for_all_its_tasks() {
    if !runs("a connection that belongs to a loop") {
        return;
    }
    let bed = Bed::new(&workload("", &["connected"]));
    let mut programs = 0;
    for (strategy, width) in [("async", "16"), ("hybrid", "16"), ("processes", "3"), ("sequential", "1")] {
        for ran in bed.python(strategy, width) {
            assert!(ran.all_ok() && ran.items() == 96, "{strategy}: {}", ran.account());
            programs += 1;
        }
    }
    assert!(programs >= 4, "{programs}");
}

#[test]
fn a_command_is_run_once_for_every_line_of_the_items() {
    if !runs("items of a command") {
        return;
    }
    let bed = Bed::new("");
    let items: String = (0..30).map(|number| format!("photo {number}.jpg\n")).collect();
    fs::write(bed.path().join("photos.txt"), items).unwrap();
    let script = r#"sleep 0.1; [ -z "$RECORD" ] || echo "0 1 $1" >> calls"#;
    let command =
        ["--items", "photos.txt", "--strategy", "threads", "--width", "8", "--", "sh", "-c", script];
    let arguments: Vec<&str> = command.into_iter().chain(["sh", "{}"]).collect();
    for (language, interpreter) in [("python", "python3"), ("shell", "sh")] {
        let programs = bed.programs(&arguments, language);
        assert!(!programs.is_empty(), "{language}");
        for code in programs {
            let ran = bed.run(&code, interpreter);
            assert!(ran.all_ok() && ran.items() == 30 && ran.calls.len() == 30, "{}", ran.account());
        }
    }
}
