//! Strategies that not every interpreter has: uvloop, and a pool of interpreters.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use conc::internal::{
    Backoff, Code, CodeExample, Configuration, Items, PythonCallable, PythonTask, RetryPolicy, StrategyKind,
    TaskShape, examples,
};

use crate::environment::{minor_of, with_interpreters, with_uvloop};
use crate::test_bed::TestBed;

const SOURCE: &str = r#"
import asyncio, os, sys, threading, time

def words(i):
    return {"number": i, "text": "ä" * (i % 7), "list": [i, None, 1.5]}

def prints(i):
    print("out", i)
    os.write(1, b'{"event": "done"}\n')
    return i

def raises(i):
    if i == 3: raise ValueError("three")
    if i == 4: sys.exit(7)
    if i == 5: raise KeyboardInterrupt
    return i

def closure(i):
    return (lambda: i) if i == 9 else i

def exits(i):
    if i == 9: os._exit(3)
    return i

def late(i):
    if i == 3: time.sleep(3)
    return i

async def waits(i):
    await asyncio.sleep(0.001)
    return i

async def loop_of(i):
    return type(asyncio.get_running_loop()).__module__

def flaky(i):
    if i not in seen:
        seen.add(i)
        raise OSError("the first time")
    return i

seen = set()
"#;

const TASKS: u64 = 20;

fn bed(callable: &str) -> Option<TestBed> {
    let python = with_interpreters()?;
    Some(TestBed::with(SOURCE, &[callable], Items::Count(TASKS), &python))
}

#[test]
fn interpreters_give_what_one_gives() {
    let Some(python) = with_interpreters() else { return };
    for callables in [&["words"][..], &["waits"], &["waits", "words"], &["prints"]] {
        let bed = TestBed::with(SOURCE, callables, Items::Count(TASKS), &python);
        assert!(bed.session.interpreter.offers.contains(&StrategyKind::Interpreters));
        let reference = bed.run(StrategyKind::Sequential, 1).tally.digest;
        for width in [1, 3] {
            let report = bed.run(StrategyKind::Interpreters, width);
            assert_eq!(report.tally.counts.ok, TASKS, "{callables:?}: {:?}", report.tally.errors());
            assert_eq!(report.tally.digest, reference, "{callables:?}");
            assert_eq!(report.ledger.expect("a ledger").workers, width as u64);
        }
        assert_eq!(bed.litter(), [] as [String; 0]);
    }
}

#[test]
fn tasks_run_in_other_interpreters_than_the_main_one() {
    let source = "import _interpreters\ndef apart(i):\n    assert _interpreters.get_current()[0] != 0\n";
    let Some(python) = with_interpreters() else { return };
    let bed = TestBed::with(source, &["apart"], Items::Count(TASKS), &python);
    assert_eq!(bed.run(StrategyKind::Interpreters, 2).tally.counts.ok, TASKS);
    assert_eq!(bed.run(StrategyKind::Threads, 2).tally.counts.failed, TASKS);
}

#[test]
fn what_tasks_raise_in_an_interpreter_is_theirs_alone() {
    let Some(bed) = bed("raises") else { return };
    let report = bed.run(StrategyKind::Interpreters, 2);
    let told: Vec<_> = report.tally.errors().iter().map(|error| error.message.clone()).collect();
    assert_eq!((report.tally.counts.ok, report.tally.counts.failed), (TASKS - 3, 3), "{told:?}");
    assert!(told.iter().any(|message| message.starts_with("ValueError: three (tasks.py:")), "{told:?}");
}

#[test]
fn results_that_no_other_interpreter_can_have_fail_alone() {
    let Some(bed) = bed("closure") else { return };
    let report = bed.run(StrategyKind::Interpreters, 2);
    let codes: Vec<_> = report.tally.errors().iter().map(|error| (error.code, error.count)).collect();
    assert_eq!(codes, [(Code::PythonPickle, 1)], "{:?}", report.tally.errors());
}

#[test]
fn a_task_that_ends_the_process_of_all_interpreters_is_named() {
    let Some(bed) = bed("exits") else { return };
    let error = bed.try_run(StrategyKind::Interpreters, 1, crate::test_bed::PATIENCE).expect_err("died");
    assert_eq!(error.code, Code::PoolWorkerDied, "{error}");
    assert!(error.message.contains("task 10 (item 9)"), "{error}");
}

#[test]
fn retries_and_timeouts_hold_in_interpreters() {
    let Some(mut flaky) = bed("flaky") else { return };
    flaky.workload.retry =
        Some(RetryPolicy { max: 1, backoff: Backoff::Constant, base: Duration::from_millis(1) });
    flaky.workload.limits.rate_per_s = Some(200.0);
    let report = flaky.run(StrategyKind::Interpreters, 2);
    assert_eq!(report.tally.counts.ok, TASKS, "{:?}", report.tally.errors());
    assert!(report.wall_s >= (2 * TASKS - 1) as f64 / 200.0, "{} s", report.wall_s);
    let Some(late) = bed("late") else { return };
    let counts = late.timeout(Duration::from_secs(2)).run(StrategyKind::Interpreters, 2).tally.counts;
    assert_eq!((counts.ok, counts.timed_out), (TASKS - 1, 1));
}

#[test]
fn a_module_that_only_one_interpreter_can_load_is_told_by_its_traceback() {
    let Some(python) = with_interpreters() else { return };
    // Modules that were written for only one interpreter behave like this.
    let source = "import _interpreters\nif _interpreters.get_current()[0] != 0:\n    import no_such_module\ndef f(i): return i\n";
    let bed = TestBed::with(source, &["f"], Items::Count(5), &python);
    let error = bed.try_run(StrategyKind::Interpreters, 2, crate::test_bed::PATIENCE).expect_err("no module");
    assert_eq!(error.code, Code::PythonImport, "{error}");
    assert!(error.message.contains("no_such_module") && error.message.contains("tasks.py"), "{error}");
    assert!(!error.message.contains("conc_harness"), "{error}");
    assert_eq!(bed.run(StrategyKind::Sequential, 1).tally.counts.ok, 5);
}

#[test]
fn uvloop_runs_the_tasks_on_its_own_loop() {
    let Some(python) = with_uvloop() else { return };
    let bed = TestBed::with(SOURCE, &["waits"], Items::Count(TASKS), &python);
    assert!(bed.session.interpreter.offers.contains(&StrategyKind::Uvloop));
    assert_eq!(bed.run(StrategyKind::Uvloop, 5).tally.counts.ok, TASKS);
    // The outputs name the loop: the same within uvloop, another one in asyncio.
    let bed = TestBed::with(SOURCE, &["loop_of"], Items::Count(TASKS), &python);
    let digest = |kind| bed.run(kind, 3).tally.digest;
    assert_eq!(digest(StrategyKind::Async), digest(StrategyKind::Sequential));
    assert_ne!(digest(StrategyKind::Uvloop), digest(StrategyKind::Async));
}

/// Runs every program that is generated for a configuration, next to the module; returns their outputs.
fn programs(python: &Path, cell: Configuration, callable: &PythonCallable) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("tasks.py"), SOURCE).expect("written");
    let task = PythonTask { steps: vec![callable.clone()] };
    let shape = TaskShape { tasks: TASKS, python: Some(task), ..TaskShape::default() };
    let run = |example: CodeExample| {
        let file = directory.path().join("program.py");
        fs::write(&file, &example.code).expect("written");
        // Any warning is a fault.
        let output = Command::new(python).args(["-W", "error"]).arg(&file).output().expect("it runs");
        assert!(output.status.success() && output.stderr.is_empty(), "{}\n{output:?}", example.code);
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    examples(&cell, &shape).into_iter().map(run).collect()
}

fn callable(name: &str, awaits: bool) -> PythonCallable {
    let own = Some(name.to_owned());
    let (blocking, coroutine) = if awaits { (None, own) } else { (own, None) };
    let file = Some("tasks.py".to_owned());
    PythonCallable {
        module: "tasks".into(),
        file,
        blocking,
        coroutine,
        takes_item: true,
        unpacks: false,
        computes: true,
        is_rated: false,
    }
}

#[test]
fn the_programs_for_these_strategies_run() {
    const ALL_OK: &str = "20 tasks: 20 ok, 0 failed in ";
    // The program says that it needs 3.14: the backport cannot send what the program itself defines.
    if let Some(python) = with_interpreters().filter(|python| minor_of(python) >= Some(14)) {
        let told =
            programs(&python, Configuration::new(StrategyKind::Interpreters, 2), &callable("words", false));
        assert!(told.len() == 1 && told[0].starts_with(ALL_OK), "{told:?}");
    }
    if let Some(python) = with_uvloop() {
        let told = programs(&python, Configuration::new(StrategyKind::Uvloop, 4), &callable("waits", true));
        assert!(!told.is_empty() && told.iter().all(|line| line.starts_with(ALL_OK)), "{told:?}");
    }
}
