//! Callables that hang: the code, the line, and that it is known soon.

use std::time::{Duration, Instant};

use conc::internal::{Code, Error, Items, StrategyKind};

use crate::environment::pythons;
use crate::test_bed::TestBed;

const SOURCE: &str = r#"
import asyncio, ctypes, os, threading, time

lock = threading.Lock()

held = threading.Event()

def hold():
    with lock:
        held.set()
        threading.Event().wait()

threading.Thread(target=hold, daemon=True).start()
held.wait()

def takes_the_lock(i):
    with lock:
        pass
    return i

def child():
    with lock:
        pass

def forks(i):
    pid = os.fork()
    if pid == 0:
        child()
        os._exit(0)
    os.waitpid(pid, 0)

def keeps_the_gil(i):
    ctypes.PyDLL(None).sleep(1000)

async def ready_callbacks(i):
    loop = asyncio.get_running_loop()
    def again(): loop.call_soon(again)
    again()
    await asyncio.Event().wait()

async def never_yields(i):
    while True:
        await asyncio.sleep(0)
"#;

/// Longer than it takes to know of a deadlock on the busiest machine, and shorter than the limit of a batch.
const SOON: Duration = Duration::from_secs(40);

fn failure(
    callable: &str,
    strategy: StrategyKind,
    python: &std::path::Path,
    kill_after: Duration,
) -> (Error, Duration) {
    let bed = TestBed::with(SOURCE, &[callable], Items::Count(40), python);
    let begun = Instant::now();
    let error = bed.session.run(&bed.workload, &bed.batch(strategy, 2, kill_after)).expect_err("it hangs");
    assert_eq!(bed.litter(), [] as [String; 0], "{callable}");
    (error, begun.elapsed())
}

#[test]
#[cfg(target_os = "linux")]
fn a_deadlock_after_a_fork_is_told_at_the_line_of_the_child() {
    for python in pythons() {
        let (error, took) = failure("forks", StrategyKind::Sequential, &python, Duration::from_secs(120));
        assert_eq!(error.code, Code::AsyncDeadlock, "{error}");
        assert!(error.message.contains("after fork") && error.message.contains("in child"), "{error}");
        assert!(!error.message.contains("in forks") && took < SOON, "{error}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_deadlock_in_a_forked_worker_is_told_at_its_line() {
    for python in pythons() {
        let bed = TestBed::with(SOURCE, &["takes_the_lock"], Items::Count(40), &python);
        if bed.session.interpreter.start_method != "fork" {
            continue;
        }
        let patience = Duration::from_secs(120);
        let (error, took) = failure("takes_the_lock", StrategyKind::Processes, &python, patience);
        assert_eq!(error.code, Code::AsyncDeadlock, "{error}");
        assert!(
            error.message.contains("after fork") && error.message.contains("in takes_the_lock"),
            "{error}"
        );
        assert!(took < SOON, "{took:?}");
    }
}

#[test]
fn what_keeps_the_interpreter_or_its_loop_busy_is_ended_and_told_with_its_line() {
    for (callable, strategy) in [
        ("keeps_the_gil", StrategyKind::Sequential),
        ("keeps_the_gil", StrategyKind::Threads),
        ("ready_callbacks", StrategyKind::Async),
        ("never_yields", StrategyKind::Sequential),
    ] {
        let (error, _) = failure(callable, strategy, &pythons()[0], Duration::from_secs(3));
        assert_eq!(error.code, Code::PoolHung, "{callable}: {error}");
        assert!(error.message.contains(&format!("in {callable}")), "{error}");
    }
}

#[test]
fn a_module_that_replaces_threads_is_told_and_does_not_hang() {
    let source = "import threading\nthreading.Thread.start = lambda self: None\ndef f(i): return i\n";
    let bed = TestBed::new(source, &["f"], 20);
    let inspection = bed.session.inspect(&bed.workload).expect("callables");
    assert_eq!(inspection.replaced_by.as_deref(), Some("the module"));
    assert_eq!(bed.run(StrategyKind::Sequential, 1).tally.counts.ok, 20);
    let begun = Instant::now();
    let error = bed.try_run(StrategyKind::Threads, 2, Duration::from_secs(120)).expect_err("no thread runs");
    assert_eq!(error.code, Code::PoolStart, "{error}");
    assert!(begun.elapsed() < SOON);
}

#[test]
fn a_failure_in_a_package_is_placed_at_the_users_line_or_in_the_package() {
    let source = "import json\nloads = json.loads\ndef own(i): return json.loads('{')\n";
    for (callable, place) in [("own", "(tasks.py:3)"), ("loads", "(in json)")] {
        let report = TestBed::new(source, &[callable], 5).run(StrategyKind::Sequential, 1);
        let told = &report.tally.errors()[0].message;
        assert!(told.ends_with(place), "{told}");
    }
}
