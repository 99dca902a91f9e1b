//! Runs that are ended from outside, at any moment: each reports what it knows and leaves nothing behind.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, PipeReader, PipeWriter, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::Duration;

use conc::internal::{Code, Document};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::sandbox::{Sandbox, wait_until};

const SCRAPE: &[&str] = &["advise", "web-scraper", "--budget", "60s"];
const COMMAND: &[&str] = &["advise", "--budget", "60s", "--", "sleep", "0.2"];

/// Measures two workloads, and writes the first as soon as it is done.
const BENCH_OF_TWO: &[&str] =
    &["bench", "sleep-io", "web-scraper", "--budget", "300ms", "--export-json", "out.json"];

/// The parts that `conc` plays when it has started itself.
const FIXTURE: &str = "conc __fixture";
const PROFILE: &str = "conc __profile";
const BATCH: &str = "conc __batch";

/// Milliseconds before the interrupt: from calibration, over the profile, into measuring.
const DELAYS: [u64; 5] = [0, 50, 400, 1100, 1500];

/// A `conc` that is running.
struct Running {
    sandbox: Sandbox,
    child: Child,
}

/// The end of a run.
struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

impl Running {
    fn spawn(arguments: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let file = |name| File::create(sandbox.path(name)).unwrap();
        let child = sandbox.command(arguments).stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap();
        Running { sandbox, child }
    }

    /// Starts `conc` and waits until it listens to signals.
    fn start(arguments: &[&str]) -> Self {
        let running = Self::spawn(arguments);
        let status = format!("/proc/{}/status", running.child.id());
        let listens = || catches(&fs::read_to_string(&status).unwrap_or_default(), Signal::SIGINT);
        assert!(wait_until(listens), "it does not listen");
        running
    }

    /// Waits until a process of the run runs this command.
    fn wait_for(&self, command: &str) {
        let runs = || self.sandbox.processes().iter().any(|process| process.command == command);
        assert!(wait_until(runs), "there is no '{command}'");
    }

    /// Waits until there is a file, which appears in one piece.
    fn wait_for_file(&self, name: &str) {
        assert!(wait_until(|| self.sandbox.path(name).exists()), "there is no '{name}'");
    }

    /// Waits until a second batch is started, which it is when the first has been measured.
    fn wait_for_a_measurement(&self) {
        // On a quiet machine, batches of a calibration run before the profile.
        self.wait_for(PROFILE);
        let mut batches = BTreeSet::new();
        let has_measured = || {
            let processes = self.sandbox.processes().into_iter();
            // A child of a batch looks like the batch for a moment.
            let of_conc = processes.filter(|process| process.parent == self.child.id());
            batches.extend(of_conc.filter(|process| process.command == BATCH).map(|process| process.pid));
            batches.len() >= 2
        };
        assert!(wait_until(has_measured), "there is no second batch");
    }

    /// Sends a signal and waits until nothing of the run is left.
    fn end(mut self, signal: Signal) -> Ended {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
        let mut status = None;
        let has_ended = || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        };
        assert!(wait_until(has_ended), "it does not end");
        self.sandbox.assert_nothing_is_left();
        let read = |name| fs::read_to_string(self.sandbox.path(name)).unwrap();
        Ended { status: status.unwrap(), stdout: read("stdout"), stderr: read("stderr") }
    }
}

/// Returns true if a process has a handler for `signal`, by its `/proc/PID/status`.
fn catches(status: &str, signal: Signal) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal as i32 - 1) & 1 == 1)
}

/// Returns the lines of standard error without the warnings that come before a run.
fn said_at_last(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| !line.starts_with("Warning ")).collect()
}

impl Ended {
    /// Checks that the run was interrupted and reported its results so far, or that there were none.
    fn assert_interrupted(&self) {
        assert_eq!(self.status.code(), Some(130), "{}", self.stderr);
        let last = self.stderr.lines().last().unwrap_or_default();
        if self.stdout.is_empty() {
            let without_warnings = said_at_last(&self.stderr);
            assert_eq!(without_warnings, ["interrupted"], "{}", self.stderr);
        } else {
            assert!(self.stderr.contains("W-RUN-004"), "{}", self.stderr);
        }
        assert!(!last.starts_with("error"), "{}", self.stderr);
    }
}

fn interrupt_at_any_moment(arguments: &[&str], signal: Signal) {
    for delay in DELAYS {
        let running = Running::start(arguments);
        thread::sleep(Duration::from_millis(delay));
        running.end(signal).assert_interrupted();
    }
}

#[test]
fn a_workload_with_a_server_is_interrupted_at_any_moment() {
    interrupt_at_any_moment(SCRAPE, Signal::SIGINT);
}

#[test]
fn a_command_is_interrupted_at_any_moment() {
    interrupt_at_any_moment(COMMAND, Signal::SIGINT);
}

#[test]
fn a_request_to_terminate_is_an_interrupt() {
    interrupt_at_any_moment(SCRAPE, Signal::SIGTERM);
    interrupt_at_any_moment(COMMAND, Signal::SIGTERM);
}

#[test]
fn an_interrupt_while_conc_starts_leaves_nothing_either() {
    for delay in (0..40).step_by(4) {
        let running = Running::spawn(SCRAPE);
        thread::sleep(Duration::from_millis(delay));
        let ended = running.end(Signal::SIGINT);
        // A process that has not begun to listen simply ends, as a shell expects.
        let is_interrupted = ended.status.code() == Some(130);
        assert!(is_interrupted || ended.status.signal() == Some(Signal::SIGINT as i32), "{}", ended.stderr);
    }
}

#[test]
fn an_interrupt_before_anything_is_known_says_so() {
    let running = Running::start(SCRAPE);
    running.wait_for(PROFILE);
    let ended = running.end(Signal::SIGINT);
    ended.assert_interrupted();
    assert_eq!(ended.stdout, "");
}

#[test]
fn what_was_measured_before_an_interrupt_is_shown() {
    for arguments in [SCRAPE, COMMAND] {
        let running = Running::start(arguments);
        running.wait_for_a_measurement();
        let ended = running.end(Signal::SIGINT);
        ended.assert_interrupted();
        assert!(ended.stdout.contains("\n sequential"), "{}", ended.stdout);
        assert!(ended.stderr.contains("interrupted after "), "{}", ended.stderr);
    }
}

#[test]
fn a_search_over_a_flag_shows_the_runs_it_has_done() {
    let script = "if [ -e ran ]; then sleep 598; fi; touch ran; sleep 0.2; : {width}";
    let running = Running::start(&["advise", "--budget", "600s", "--shell", "--", script]);
    running.wait_for("sleep 598");
    let ended = running.end(Signal::SIGINT);
    ended.assert_interrupted();
    assert!(ended.stdout.contains("1 run in "), "{}", ended.stdout);
    assert!(ended.stdout.contains("this is what is known so far"), "{}", ended.stdout);
    let running = Running::start(&["advise", "--budget", "600s", "--width", "2", "--", "sleep", "59{width}"]);
    running.wait_for("sleep 592");
    assert_eq!(running.end(Signal::SIGINT).stdout, "");
}

#[test]
fn a_command_that_is_profiled_shows_what_was_seen_of_it_until_then() {
    let running = Running::start(&["profile", "--", "sh", "-c", "sleep 600; true"]);
    running.wait_for("sleep 600");
    // Time for some samples, on a busy machine too.
    thread::sleep(Duration::from_millis(1500));
    let ended = running.end(Signal::SIGINT);
    ended.assert_interrupted();
    assert!(ended.stdout.contains("\nProfile    io-bound"), "{}", ended.stdout);
    assert!(ended.stdout.contains("stopped by the interrupt"), "{}", ended.stdout);
}

#[test]
fn an_interrupted_run_prints_its_json() {
    let running = Running::start(&[SCRAPE, &["--json"]].concat());
    running.wait_for_a_measurement();
    let ended = running.end(Signal::SIGINT);
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(130), ""));
    let document: Document = serde_json::from_str(&ended.stdout).unwrap();
    let [report] = document.reports() else { panic!("one report: {}", ended.stdout) };
    assert!(!report.cells.is_empty());
    assert!(report.warnings.iter().any(|warning| warning.code == Code::NoteInterrupted));
}

#[test]
fn a_bench_that_is_interrupted_shows_the_workloads_it_has_done() {
    let running = Running::start(BENCH_OF_TWO);
    running.wait_for_file("out.json");
    let ended = running.end(Signal::SIGINT);
    assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
    assert!(ended.stdout.contains("sleep-io · 400 tasks"), "{}", ended.stdout);
    assert!(!ended.stderr.contains("error"), "{}", ended.stderr);
}

#[test]
fn a_bench_has_written_the_workloads_it_has_done() {
    let running = Running::start(BENCH_OF_TWO);
    running.wait_for_file("out.json");
    let written = fs::read_to_string(running.sandbox.path("out.json")).unwrap();
    let document: Document = serde_json::from_str(&written).unwrap();
    let [report] = document.reports() else { panic!("one report: {written}") };
    assert!(report.workload.name == "sleep-io" && report.series.is_some());
    running.end(Signal::SIGKILL);
}

#[test]
fn a_command_that_ignores_signals_or_leaves_the_session_ends_too() {
    let stubborn = ["advise", "--shell", "--", "trap '' INT TERM HUP; setsid sleep 599 & sleep 600"];
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let running = Running::start(&stubborn);
        running.wait_for("sleep 599");
        running.wait_for("sleep 600");
        running.end(signal).assert_interrupted();
    }
}

#[test]
fn a_command_around_the_batches_ends_with_the_run() {
    let hooks = [
        ["--setup", "sleep 599 & sleep 600"],
        ["--prepare", "trap '' INT TERM HUP; setsid sleep 599 & sleep 600"],
    ];
    for hook in hooks {
        let running = Running::start(&[&["profile", "--wait", "1ms"], &hook[..]].concat());
        running.wait_for("sleep 599");
        running.wait_for("sleep 600");
        running.end(Signal::SIGINT).assert_interrupted();
    }
    let running = Running::start(&[&["profile", "--wait", "1ms"], &hooks[0][..]].concat());
    running.wait_for("sleep 600");
    running.end(Signal::SIGKILL);
}

#[test]
fn nothing_survives_when_conc_is_killed() {
    let writes: &[&str] = &["advise", "data-processor", "--budget", "60s"];
    let processes: &[&str] = &[
        "advise",
        "fetch-parse-mixed",
        "--strategy",
        "processes",
        "--width",
        "2",
        "--exhaustive",
        "--runs",
        "5",
    ];
    let moments = [
        (SCRAPE, FIXTURE),
        (SCRAPE, PROFILE),
        (SCRAPE, BATCH),
        (COMMAND, "sleep 0.2"),
        (COMMAND, BATCH),
        (&["profile", "--", "sleep", "600"], "sleep 600"),
        (writes, BATCH),
        (processes, "conc __worker"),
        (&["advise", "--shell", "--", "setsid sleep 599 & sleep 600"], "sleep 600"),
    ];
    for (arguments, command) in moments {
        let running = Running::start(arguments);
        running.wait_for(command);
        let ended = running.end(Signal::SIGKILL);
        assert_eq!((ended.stdout.as_str(), said_at_last(&ended.stderr)), ("", Vec::new()), "{command}");
    }
}

/// Returns a pipe that takes nothing until it is read.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    let error = std::iter::repeat_with(|| writer.write(&[0; 1 << 12])).find_map(Result::err);
    assert_eq!(error.unwrap().kind(), ErrorKind::WouldBlock);
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (reader, writer)
}

#[test]
fn a_second_interrupt_waits_for_nothing() {
    let (_reader, writer) = full_pipe();
    let sandbox = Sandbox::new();
    let stderr = File::create(sandbox.path("stderr")).unwrap();
    let child = sandbox.command(COMMAND).stdout(writer).stderr(stderr).spawn().unwrap();
    let mut running = Running { sandbox, child };
    running.wait_for_a_measurement();
    // The first lets it print what it knows, for which it waits for ever.
    let pid = Pid::from_raw(running.child.id().cast_signed());
    let mut status = None;
    let has_ended = || {
        kill(pid, Signal::SIGINT).unwrap();
        status = running.child.try_wait().unwrap();
        status.is_some()
    };
    assert!(wait_until(has_ended), "it waits");
    running.sandbox.assert_nothing_is_left();
    assert_eq!(status.unwrap().code(), Some(130));
}

#[test]
fn a_daemon_of_a_command_does_not_survive_conc() {
    let line = "(setsid sh -c 'echo $$ > daemon; exec sleep 599' &); sleep 600";
    let running = Running::start(&["run", "--", "sh", "-c", line, ":::", "a"]);
    running.wait_for("sleep 600");
    // It has no parent any more but `conc`, which finds it within a tenth of a second.
    let temporary = running.sandbox.path("../tmp");
    let is_listed = || {
        let daemon: u32 = fs::read_to_string(running.sandbox.path("daemon")).ok()?.trim().parse().ok()?;
        let directory = fs::read_dir(&temporary).ok()?.next()?.ok()?.path();
        let listed = fs::read(directory.join("sessions")).ok()?;
        Some(listed.chunks(4).any(|pid| pid == daemon.to_ne_bytes()))
    };
    assert!(wait_until(|| is_listed() == Some(true)), "nobody has found it");
    running.end(Signal::SIGKILL);
}
