//! A run that is ended from outside, at any moment: it says what it knows and leaves nothing behind.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::Duration;

use conc::code::Code;
use conc::report::Document;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::place::{Place, wait_until};

const SCRAPE: &[&str] = &["advise", "web-scraper", "--budget", "3s"];
const COMMAND: &[&str] = &["advise", "--budget", "3s", "--", "sleep", "0.2"];

/// From calibration, over the profile, into measuring.
const DELAYS: [u64; 5] = [0, 50, 400, 1100, 1500];

/// A `conc` that is running.
struct Running {
    place: Place,
    child: Child,
}

/// How it ended.
struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

impl Running {
    /// Starts `conc` and waits until it listens to signals.
    fn start(arguments: &[&str]) -> Self {
        let place = Place::new();
        let file = |name| File::create(place.path(name)).unwrap();
        let child = place.command(arguments).stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let listens = || catches(&fs::read_to_string(&status).unwrap_or_default(), Signal::SIGINT);
        assert!(wait_until(listens), "it does not listen");
        Running { place, child }
    }

    /// Waits until `conc` has started `count` processes, one after another, with this argument.
    fn wait_for(&self, argument: &str, count: usize) {
        let mut seen = std::collections::BTreeSet::new();
        let has_started = || {
            let of_role = self.place.processes().into_iter().filter(|p| p.command.contains(argument));
            seen.extend(of_role.map(|process| process.pid));
            seen.len() >= count
        };
        assert!(wait_until(has_started), "there is no {argument}");
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
        self.place.assert_nothing_is_left();
        let read = |name| fs::read_to_string(self.place.path(name)).unwrap();
        Ended { status: status.unwrap(), stdout: read("stdout"), stderr: read("stderr") }
    }
}

/// Whether a process has a handler for `signal`, by its `/proc/PID/status`.
fn catches(status: &str, signal: Signal) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal as i32 - 1) & 1 == 1)
}

impl Ended {
    /// Interrupted, with what was known by then or a word that it was nothing.
    fn assert_interrupted(&self) {
        assert_eq!(self.status.code(), Some(130), "{}", self.stderr);
        let last = self.stderr.lines().last().unwrap_or_default();
        if self.stdout.is_empty() {
            assert_eq!(self.stderr, "interrupted\n");
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
fn an_interrupt_before_anything_is_known_says_so() {
    let running = Running::start(SCRAPE);
    running.wait_for("__profile", 1);
    let ended = running.end(Signal::SIGINT);
    ended.assert_interrupted();
    assert_eq!(ended.stdout, "");
}

#[test]
fn what_was_measured_before_an_interrupt_is_shown() {
    for arguments in [SCRAPE, COMMAND] {
        let running = Running::start(arguments);
        // The second batch is started when the first has been measured.
        running.wait_for("__batch", 2);
        let ended = running.end(Signal::SIGINT);
        ended.assert_interrupted();
        assert!(ended.stdout.contains("\n sequential"), "{}", ended.stdout);
        assert!(ended.stderr.contains("interrupted after "), "{}", ended.stderr);
    }
}

#[test]
fn an_interrupted_run_prints_its_json() {
    let running = Running::start(&[SCRAPE, &["--json"]].concat());
    running.wait_for("__batch", 2);
    let ended = running.end(Signal::SIGINT);
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(130), ""));
    let document: Document = serde_json::from_str(&ended.stdout).unwrap();
    let [report] = document.reports() else { panic!("one report: {}", ended.stdout) };
    assert!(!report.cells.is_empty());
    assert!(report.warnings.iter().any(|warning| warning.code == Code::NoteInterrupted));
}

#[test]
fn a_bench_that_is_interrupted_shows_the_workloads_it_has_done() {
    let running = Running::start(&["bench", "sleep-io", "web-scraper", "--budget", "300ms"]);
    // Only the second of the two has a server.
    running.wait_for("__fixture", 1);
    let ended = running.end(Signal::SIGINT);
    assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
    assert!(ended.stdout.contains("sleep-io · 400 tasks"), "{}", ended.stdout);
    assert!(!ended.stderr.contains("error"), "{}", ended.stderr);
}

#[test]
fn a_command_that_ignores_signals_or_leaves_the_session_ends_too() {
    let stubborn = ["advise", "--shell", "--", "trap '' INT TERM HUP; setsid sleep 600 & sleep 600"];
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let running = Running::start(&stubborn);
        running.wait_for("sleep 600", 2);
        running.end(signal).assert_interrupted();
    }
}

#[test]
fn nothing_survives_when_conc_is_killed() {
    let writes: &[&str] = &["advise", "data-processor", "--budget", "3s"];
    let processes: &[&str] = &["advise", "fetch-parse-mixed", "--strategy", "processes", "--budget", "3s"];
    let moments = [
        (SCRAPE, "__fixture"),
        (SCRAPE, "__profile"),
        (SCRAPE, "__batch"),
        (COMMAND, "sleep 0.2"),
        (COMMAND, "__batch"),
        (writes, "__batch"),
        (processes, "__worker"),
    ];
    for (arguments, argument) in moments {
        let running = Running::start(arguments);
        running.wait_for(argument, 1);
        let ended = running.end(Signal::SIGKILL);
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""), "{argument}");
    }
}
