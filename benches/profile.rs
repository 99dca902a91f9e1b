//! The cost of profiling a process tree: CPU time of the sampler, as a share of one CPU.
//!
//! `cargo bench --bench profile`. Other programs change the CPU time little.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use conc::internal::{SampleSource, Target, sample};

/// The first argument of this program when it is the tree that is profiled.
const THREADS: &str = "__threads";

/// Time between two wake-ups of a thread of the tree.
const NAP: Duration = Duration::from_millis(10);

/// The share of a CPU that profiling a small tree may take.
const GOAL: f64 = 0.02;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, first, count] = &arguments[..]
        && first == THREADS
    {
        return nap(count.parse().expect("a number of threads"));
    }
    // As with the other benchmarks, `--test` and `cargo test` only try this one out.
    let is_measuring = arguments.iter().any(|argument| argument == "--bench");
    let time = if is_measuring { Duration::from_secs(5) } else { Duration::from_millis(200) };
    println!("{:28} {:>7} {:>12} {:>14} {:>10}", "tree", "samples", "period", "CPU a sample", "of a CPU");
    row("one process that computes", &shell("while :; do :; done"), SampleSource::Proc, time, Some(GOAL));
    row("one process that sleeps", &shell("exec sleep 600"), SampleSource::Proc, time, Some(GOAL));
    row(
        "a shell and 3 children",
        &shell("sleep 600 & sleep 600 & while :; do :; done & wait"),
        SampleSource::Proc,
        time,
        Some(GOAL),
    );
    row("a fork-heavy loop", &shell("while :; do /bin/true; done"), SampleSource::Proc, time, Some(GOAL));
    row("20 threads", &threads(20), SampleSource::Proc, time, None);
    row("200 threads", &threads(200), SampleSource::Proc, time, None);
    row("1000 threads", &threads(1000), SampleSource::Proc, time, None);
    row("one process, by sysinfo", &shell("while :; do :; done"), SampleSource::Sysinfo, time, None);
}

/// Profiles a tree for `time` and prints the cost.
fn row(name: &str, tree: &Tree, source: SampleSource, time: Duration, goal: Option<f64>) {
    let end = Instant::now() + time;
    let target = Target { root: tree.0.id(), includes_root: true, runs_tasks: false };
    let observation = sample(target, source, |period| {
        let left = end.saturating_duration_since(Instant::now());
        std::thread::sleep(period.min(left));
        !left.is_zero()
    });
    let samples: f64 = observation.intervals.iter().map(|interval| interval.samples).sum();
    let share = observation.cost_s / observation.wall_s;
    let verdict = match goal {
        Some(goal) if share <= goal => format!("  within the goal of {:.0}%", goal * 100.0),
        Some(goal) => format!("  above the goal of {:.0}%", goal * 100.0),
        None => String::new(),
    };
    println!(
        "{name:28} {samples:7} {:9.1} ms {:11.0} µs {:9.2}%{verdict}",
        observation.wall_s / samples * 1e3,
        observation.cost_s / samples * 1e6,
        share * 1e2,
    );
}

/// A process with everything below it, until it is dropped.
struct Tree(Child);

impl Drop for Tree {
    fn drop(&mut self) {
        conc::internal::kill_tree(self.0.id());
        self.0.wait().expect("it was started here");
    }
}

fn shell(line: &str) -> Tree {
    Tree(Command::new("sh").args(["-c", line]).stdin(Stdio::null()).spawn().expect("sh can be run"))
}

/// Starts this program again, and returns once it has `count` threads.
fn threads(count: usize) -> Tree {
    let exe = std::env::current_exe().expect("this program");
    let mut command = Command::new(exe);
    let mut child = command
        .args([THREADS, &count.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be run again");
    let mut ready = String::new();
    let stdout = child.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut ready).expect("it says when it is ready");
    Tree(child)
}

/// Naps in `count` threads, for ever.
fn nap(count: usize) {
    let naps = || {
        loop {
            std::thread::sleep(NAP);
        }
    };
    for _ in 1..count {
        std::thread::spawn(naps);
    }
    println!("ready");
    naps();
}
