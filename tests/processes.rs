//! No process outlives a run: every process that a run started is killed with it, however the run ends.
//!
//! The tests look at all descendants of this process, so they are alone in their binary and run one
//! at a time.

use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use conc::internal::{
    Code, Configuration, Group, ProfileLimits, Reexec, StrategyKind, adopt_orphans, descendants,
    keep_reaping, kill_descendants, profile_tasks,
};
use nix::sys::signal::Signal::SIGKILL;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::common::{CELLS, PATIENCE, TestBed, cell, command, counted, exe};

mod common;

const MS: Duration = Duration::from_millis(1);

/// Time limit of batches that are killed long before it.
const MINUTE: Duration = Duration::from_secs(60);

static ALONE: Mutex<()> = Mutex::new(());

/// The right to be the only test that has descendants; orphans among them become children.
fn alone() -> MutexGuard<'static, ()> {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    adopt_orphans();
    // A test that failed may have left some.
    kill_descendants();
    until("nobody", || living().is_empty());
    alone
}

/// Returns the `stat` lines of the descendants of this process that are not dead, nearest first.
fn living() -> Vec<String> {
    let stat = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    let lives = |stat: &String| !stat.contains(") Z ") && !stat.contains(") X ");
    descendants(std::process::id()).into_iter().filter_map(stat).filter(lives).collect()
}

/// Waits until a condition holds; panics if it never does.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let given_up = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < given_up, "never {what}; alive: {:#?}", living());
        std::thread::yield_now();
    }
}

fn sleepers() -> usize {
    living().iter().filter(|stat| stat.contains("(sleep)")).count()
}

fn pid_of(stat: &str) -> i32 {
    stat.split_once(' ').and_then(|(pid, _)| pid.parse().ok()).expect("its number comes first")
}

fn was_killed(mut child: Child) -> bool {
    child.wait().expect("its end can be awaited").signal() == Some(9)
}

#[test]
fn a_batch_that_hangs_is_killed_with_all_it_started() {
    let _alone = alone();
    for cell in CELLS {
        let mut bed = TestBed::new(counted(16, vec![command(&["sleep", "600"])]));
        let error = bed.try_run(cell, PATIENCE, MS * 300).expect_err("it hangs");
        assert_eq!(error.code, Code::PoolHung, "{cell}: {error}");
        // A signal takes a moment to arrive.
        until("nobody", || living().is_empty());
    }
}

#[test]
fn a_batch_leaves_nothing_that_its_commands_started() {
    let _alone = alone();
    for cell in CELLS {
        let stray = command(&["sh", "-c", "sleep 600 & sh -c 'sleep 600 & exit 0'"]);
        let report = TestBed::new(counted(3, vec![stray])).run(cell);
        assert_eq!(report.tally.counts.ok, 3, "{cell}");
        until("nobody", || living().is_empty());
    }
}

#[test]
fn a_profile_leaves_nothing_that_its_commands_started() {
    let _alone = alone();
    let bed = TestBed::new(counted(3, vec![command(&["sh", "-c", "sleep 600 & exit 0"])]));
    let limits = ProfileLimits { time: MS * 20, ends_early: false, patience: PATIENCE, most_tasks: u64::MAX };
    let profiled = profile_tasks(&Reexec::new(exe()), &bed.workload, &bed.env, &limits);
    assert!(profiled.expect("it works").tally.counts.ok > 0);
    until("nobody", || living().is_empty());
}

#[test]
fn an_orphan_that_has_ended_is_reaped() {
    let _alone = alone();
    keep_reaping();
    // Dead ones that other tests have left count as known to a group that was started since, and stay.
    let before = descendants(std::process::id());
    let mut ended = 0;
    for _ in 0..20 {
        // Each leaves two processes in other sessions, as commands have them, that end after their parent.
        let line = "setsid sh -c '(sleep 0.02; exit 1) & setsid sleep 0.02 &'";
        let mut shell = Command::new("sh").args(["-c", line]).spawn().expect("spawned");
        ended += u32::from(shell.wait().expect("its end is for the one that started it").success());
    }
    assert_eq!(ended, 20);
    // What is in the session of this process, such as helpers of the other tests, is nobody's orphan.
    let session = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(3).map(ToOwned::to_owned)
    };
    let own = session(std::process::id());
    let is_here = |pid: u32| session(pid).is_none_or(|found| Some(found) == own);
    let new = || descendants(std::process::id()).into_iter().filter(|pid| !before.contains(pid));
    until("no orphan, dead or alive", || new().all(is_here));
}

#[test]
fn a_command_killed_at_its_timeout_leaves_nothing() {
    let _alone = alone();
    for cell in CELLS {
        let mut workload = counted(4, vec![command(&["sh", "-c", "sleep 600 & sleep 600; true"])]);
        workload.limits.timeout = Some(MS * 50);
        let report = TestBed::new(workload).run(cell);
        assert_eq!(report.tally.counts.timed_out, 4, "{cell}: {:?}", report.tally.errors());
        until("nobody", || living().is_empty());
    }
}

#[test]
fn a_group_that_is_dropped_ends_the_batches_in_it() {
    let _alone = alone();
    for cell in [Configuration::REFERENCE, cell(StrategyKind::Async, 4), cell(StrategyKind::Processes, 4)] {
        let group = Group::start(&Reexec::new(exe())).expect("a group");
        let scratch = group.scratch().to_owned();
        assert!(scratch.is_dir());
        let mut bed = TestBed::started_by(group.reexec(), counted(16, vec![command(&["sleep", "600"])]));
        let error = std::thread::scope(|scope| {
            let batch = scope.spawn(|| bed.try_run(cell, PATIENCE, MINUTE));
            until("as many commands as the cell is wide", || sleepers() == cell.width);
            drop(group);
            batch.join().expect("no panic").expect_err("it was killed")
        });
        assert_eq!(error.code, Code::PoolWorkerDied, "{cell}: {error}");
        until("nobody", || living().is_empty());
        assert!(!scratch.exists(), "{}", scratch.display());
    }
}

#[test]
fn a_group_ends_at_a_signal_handlers_word_too() {
    let _alone = alone();
    let group = Group::start(&Reexec::new(exe())).expect("a group");
    let killer = group.killer();
    let mut bed = TestBed::started_by(group.reexec(), counted(16, vec![command(&["sleep", "600"])]));
    let error = std::thread::scope(|scope| {
        let batch = scope.spawn(|| bed.try_run(cell(StrategyKind::Threads, 4), PATIENCE, MINUTE));
        until("four commands", || sleepers() == 4);
        killer.kill();
        batch.join().expect("no panic").expect_err("it was killed")
    });
    assert_eq!(error.code, Code::PoolWorkerDied, "{error}");
    // It would end the rest if this process were killed now.
    until("only the watchdog", || living().len() == 1);
    drop(group);
    until("nobody", || living().is_empty());
}

/// A watchdog as its parent starts it, ordered to remove `scratch`.
fn watchdog(scratch: &std::path::Path) -> Child {
    let mut watchdog = Command::new(exe())
        .arg("__watchdog")
        .process_group(0)
        .stdin(Stdio::piped())
        .spawn()
        .expect("spawned");
    let stdin = watchdog.stdin.as_mut().expect("it was piped");
    write!(stdin, "{}\0", scratch.display()).expect("it listens");
    watchdog
}

#[test]
fn a_watchdog_ends_its_group_when_its_parent_is_gone() {
    let _alone = alone();
    let outer = tempfile::tempdir().expect("a temporary directory");
    let scratch = outer.path().join("of this run");
    std::fs::create_dir_all(scratch.join("batch-0")).expect("made");
    std::fs::write(scratch.join("batch-0/state"), "left behind").expect("written");
    let mut watchdog = watchdog(&scratch);
    let group = watchdog.id().cast_signed();
    let member = Command::new("sleep").arg("600").process_group(group).spawn().expect("spawned");
    // The watchdog of a parent sees the end of its input, however the parent dies.
    drop(watchdog.stdin.take());
    assert!(was_killed(member));
    assert!(was_killed(watchdog));
    assert!(!scratch.exists());
    assert!(living().is_empty());
}

#[test]
fn a_parent_that_is_killed_takes_its_batch_with_it() {
    let _alone = alone();
    let mut bed = TestBed::new(counted(16, vec![command(&["sleep", "600"])]));
    let error = std::thread::scope(|scope| {
        let batch = scope.spawn(|| bed.try_run(cell(StrategyKind::Processes, 2), PATIENCE, MINUTE));
        until("two commands", || sleepers() == 2);
        kill(Pid::from_raw(pid_of(&living()[0])), SIGKILL).expect("it lives");
        batch.join().expect("no panic").expect_err("it was killed")
    });
    assert_eq!(error.code, Code::PoolWorkerDied, "{error}");
    // The workers die with their parent; commands do only where a watchdog ends the group.
    until("no worker", || living().iter().all(|stat| stat.contains("(sleep)")));
    kill_descendants();
    until("nobody", || living().is_empty());
}
