//! The cost of running a command: `true` again and again by two workers, compared with two threads that
//! spawn and wait, and with `xargs -P` where it is installed.
//!
//! `cargo bench --bench spawn`.

mod support;

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use conc::internal::{CommandSpec, StepSpec, StrategyKind};

use support::paired::{self, Entry, Table, Used};
use support::subject;

/// Commands per run.
const COMMANDS: u64 = 100;

/// Commands of a run that is only there to show that it works.
const FEW: u64 = 4;

fn main() {
    let mut criterion = paired::criterion();
    let mut table = Table::default();
    let command = CommandSpec { argv: vec!["true".to_owned()], ignore_failure: false };
    let workload = Arc::new(subject::workload(StepSpec::Command(command)));
    let width = subject::cpus();
    let commands = if paired::is_measuring() { COMMANDS } else { FEW };
    let entry = |work: &str, kind: StrategyKind, goal| Entry {
        work: work.to_owned(),
        subject: kind.to_string(),
        tasks: commands,
        goal,
    };

    let mut group = criterion.benchmark_group("true beside a loop of spawn and wait");
    for (kind, goal) in [(StrategyKind::Threads, Some(1.10)), (StrategyKind::Async, Some(1.08))] {
        let entry = entry("true, spawn loop", kind, goal);
        let subject = || subject::run(kind, &workload, width, commands);
        table.compare(&mut group, entry, subject, || spawn_loop(width, commands));
    }
    group.finish();

    if is_installed("xargs") {
        let mut group = criterion.benchmark_group("true beside xargs");
        let entry = entry("true, xargs -P", StrategyKind::Threads, Some(0.60));
        let subject = || subject::run(StrategyKind::Threads, &workload, width, commands);
        table.compare(&mut group, entry, subject, || xargs(width, commands));
        group.finish();
    }
    table.print();
    criterion.final_summary();
}

/// The limit: threads that spawn a command and wait for it, by way of `posix_spawn`.
fn spawn_loop(threads: usize, commands: u64) -> Used {
    let next = AtomicU64::new(0);
    let work = || {
        while next.fetch_add(1, Ordering::Relaxed) < commands {
            let status = Command::new("true").status().expect("true can be run");
            assert!(status.success());
        }
    };
    let (used, ()) = Used::by(|| {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
    });
    used
}

/// The tool that most shells have.
fn xargs(processes: usize, commands: u64) -> Used {
    let lines: String = (0..commands).map(|i| format!("{i}\n")).collect();
    let (used, ()) = Used::by(|| {
        let mut command = Command::new("xargs");
        command.args(["-n", "1", "-P", &processes.to_string(), "true"]).stdin(Stdio::piped());
        let mut child = command.spawn().expect("xargs is installed");
        let mut stdin = child.stdin.take().expect("a pipe was asked for");
        stdin.write_all(lines.as_bytes()).expect("xargs reads its input");
        drop(stdin);
        assert!(child.wait().expect("xargs is waited for once").success());
    });
    used
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
