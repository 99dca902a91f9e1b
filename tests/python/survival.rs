//! Callables that disturb or end their interpreter: the results of the other tasks must survive.

use std::time::Duration;

use conc::internal::{Code, RunReport, StrategyKind, TaskCounts};

use crate::environment::pythons;
use crate::test_bed::{STRATEGIES, TestBed};

const SOURCE: &str = r#"
import ctypes, os, signal, subprocess, sys, threading, time, asyncio

class Awkward(Exception):
    def __init__(self, first, second):
        super().__init__(first)

class Unreadable:
    def __reduce__(self):
        return (int, ("no number",))

def prints(i):
    print("out", i)
    print("error", i, file=sys.stderr)
    os.write(1, b'{"event": "done"}\n')
    subprocess.run(["echo", "from a child"], check=True)
    return i

def asks(i):
    return input("a question? ")

def raises(i):
    if i == 3: raise Awkward("first", "second")
    if i == 4: sys.exit(7)
    if i == 5: raise KeyboardInterrupt
    return i

def exits(i):
    if i == 9: os._exit(3)
    return i

def is_killed(i):
    if i == 9: os.kill(os.getpid(), signal.SIGKILL)
    return i

def crashes(i):
    if i == 9: ctypes.string_at(0)
    return i

def closure(i):
    return (lambda: i) if i == 9 else i

def unreadable(i):
    return Unreadable() if i == 9 else i

def huge(i):
    return b"x" * 100_000_000

def forks(i):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return i

def comes_back(i):
    os.fork()
    return 1

async def comes_back_awaited(i):
    os.fork()
    await asyncio.sleep(0)
    return 1

def never(i):
    if i == 3:
        while True: time.sleep(0.01)
    return i

async def never_async(i):
    if i == 3: await asyncio.sleep(1e6)
    return i

held = threading.Lock()
held.acquire()

def locked(i):
    held.acquire()

async def waits(i):
    await asyncio.Event().wait()

async def cancels(i):
    if i == 3: raise asyncio.CancelledError
    return i

def too_many(i):
    raise OSError(24, "Too many open files")

def no_loop(i):
    asyncio.get_running_loop()

def forgets(i):
    return waits(i)
"#;

const TASKS: u64 = 20;

fn bed(callable: &str) -> TestBed {
    TestBed::new(SOURCE, &[callable], TASKS)
}

fn codes(report: &RunReport) -> Vec<(Code, u64)> {
    report.tally.errors().iter().map(|error| (error.code, error.count)).collect()
}

fn messages(report: &RunReport) -> String {
    report.tally.errors().iter().map(|error| error.message.clone() + "\n").collect()
}

#[test]
fn printing_from_anywhere_breaks_nothing() {
    for (strategy, width) in STRATEGIES {
        assert_eq!(bed("prints").run(strategy, width).tally.counts.ok, TASKS, "{strategy}");
    }
}

#[test]
fn asking_finds_nothing_to_read() {
    for (strategy, width) in STRATEGIES {
        let report = bed("asks").run(strategy, width);
        assert_eq!(codes(&report), [(Code::PythonRaised, TASKS)], "{strategy}");
        assert!(messages(&report).starts_with("EOFError"), "{strategy}: {}", messages(&report));
    }
}

#[test]
fn whatever_a_task_raises_is_the_failure_of_that_task() {
    for (strategy, width) in STRATEGIES {
        let report = bed("raises").run(strategy, width);
        let expected = TaskCounts { ok: TASKS - 3, failed: 3, ..TaskCounts::default() };
        assert_eq!(report.tally.counts, expected, "{strategy}: {}", messages(&report));
    }
    let told = messages(&bed("cancels").run(StrategyKind::Async, 2));
    assert!(told.contains("CancelledError"), "{told}");
}

#[test]
fn failures_have_the_code_that_explains_them() {
    for (callable, code) in [
        ("cancels", Code::AsyncCancelled),
        ("too_many", Code::AsyncExhausted),
        ("no_loop", Code::AsyncEventLoop),
        ("forgets", Code::AsyncNotAwaited),
    ] {
        let report = bed(callable).run(StrategyKind::Sequential, 1);
        assert_eq!(codes(&report).first().map(|(code, _)| *code), Some(code), "{callable}");
        assert!(messages(&report).contains("tasks.py:") || callable == "forgets", "{}", messages(&report));
    }
}

#[test]
fn the_task_that_kills_a_worker_is_named_and_the_others_are_run() {
    for python in pythons() {
        for (callable, how) in [("exits", "exit status 3"), ("is_killed", "SIGKILL"), ("crashes", "SIGSEGV")]
        {
            let bed = TestBed::with(SOURCE, &[callable], conc::internal::Items::Count(TASKS), &python);
            let report = bed.run(StrategyKind::Processes, 2);
            let told = messages(&report);
            assert_eq!(codes(&report), [(Code::PoolWorkerDied, 1)], "{callable}: {told}");
            assert_eq!(report.tally.counts.ok, TASKS - 1, "{callable}");
            assert!(told.contains(how) && told.contains("task 10 (item 9)"), "{callable}: {told}");
        }
    }
}

#[test]
fn the_task_that_kills_the_interpreter_is_named() {
    for (callable, how) in [("exits", "exit status: 3"), ("is_killed", "SIGKILL"), ("crashes", "SIGSEGV")] {
        for (strategy, width) in [(StrategyKind::Sequential, 1), (StrategyKind::Threads, 1)] {
            let error = bed(callable).try_run(strategy, width, crate::test_bed::PATIENCE).expect_err("died");
            assert_eq!(error.code, Code::PoolWorkerDied, "{error}");
            assert!(error.message.contains(how) && error.message.contains("task 10 (item 9)"), "{error}");
            assert_eq!(error.message.contains(" in crashes"), callable == "crashes", "{error}");
        }
        let profiled = bed(callable).profile(Duration::from_secs(2)).expect("profiled without it");
        assert_eq!(profiled.tally.counts.failed, 1, "{callable}: {:?}", profiled.tally.errors());
        assert!(profiled.tally.counts.ok > 0);
    }
}

#[test]
fn results_that_cannot_be_sent_fail_alone() {
    let report = bed("closure").run(StrategyKind::Processes, 2);
    assert_eq!(codes(&report), [(Code::PythonPickle, 1)], "{}", messages(&report));
    let report = bed("unreadable").run(StrategyKind::Processes, 2);
    assert!(codes(&report).iter().all(|(code, _)| *code == Code::PythonPickle), "{}", messages(&report));
    assert_eq!(report.tally.counts.started(), TASKS);
    assert!(report.tally.counts.failed >= 1 && report.tally.counts.ok > 0);
    assert_eq!(bed("closure").run(StrategyKind::Threads, 2).tally.counts.ok, TASKS);
}

#[test]
fn results_of_100_megabytes_arrive() {
    let bed = TestBed::new(SOURCE, &["huge"], 3);
    let reference = bed.run(StrategyKind::Sequential, 1).tally.digest;
    let report = bed.run(StrategyKind::Processes, 1);
    assert_eq!(report.tally.counts.ok, 3, "{}", messages(&report));
    assert_eq!(report.tally.digest, reference);
}

#[test]
fn a_module_may_fork() {
    for (strategy, width) in STRATEGIES {
        assert_eq!(bed("forks").run(strategy, width).tally.counts.ok, TASKS, "{strategy}");
    }
}

#[test]
fn a_fork_that_comes_back_from_its_task_does_not_go_on_with_the_others() {
    for (strategy, width) in STRATEGIES {
        for callable in ["comes_back", "comes_back_awaited"] {
            // Each of 20 tasks would double the processes.
            let report = bed(callable).run(strategy, width);
            assert_eq!(report.tally.counts.ok, TASKS, "{callable} {strategy}: {}", messages(&report));
        }
    }
    let profile = bed("comes_back").profile(Duration::from_millis(100)).expect("a profile");
    assert_eq!(profile.tally.counts.failed, 0);
}

#[test]
fn a_task_that_never_returns_times_out() {
    for (strategy, width) in STRATEGIES {
        let callable = if strategy == StrategyKind::Hybrid { "never_async" } else { "never" };
        let report = bed(callable).timeout(Duration::from_secs(2)).run(strategy, width);
        assert_eq!(report.tally.counts.timed_out, 1, "{strategy}: {:?}", report.tally.counts);
        assert_eq!(report.tally.counts.ok, TASKS - 1, "{strategy}");
    }
}

#[test]
fn a_task_that_never_returns_is_found_out_without_a_timeout() {
    let error = bed("never").try_run(StrategyKind::Threads, 2, Duration::from_secs(5)).expect_err("hangs");
    assert_eq!(error.code, Code::PoolHung, "{error}");
    assert!(error.message.contains("in never"), "{error}");
}

#[test]
fn a_deadlock_is_called_one_and_its_line_is_named() {
    for (callable, strategy) in [
        ("locked", StrategyKind::Sequential),
        ("locked", StrategyKind::Threads),
        ("waits", StrategyKind::Sequential),
        ("waits", StrategyKind::Async),
    ] {
        let bed = bed(callable);
        let batch = bed.batch(strategy, 2, Duration::from_secs(60));
        let error = bed.session.run(&bed.workload, &batch).expect_err("deadlock");
        assert_eq!(error.code, Code::AsyncDeadlock, "{callable} {strategy}: {error}");
        assert!(error.message.contains(&format!("in {callable}")), "{error}");
    }
}

#[test]
fn a_module_that_cannot_be_imported_is_told_by_the_users_traceback() {
    let cases = [
        ("import no_such_module\ndef f(i): pass\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def f(i):\n    return (1,\n", "SyntaxError"),
        ("1 / 0\n", "ZeroDivisionError"),
        ("import sys\nsys.exit(5)\n", "SystemExit: 5"),
    ];
    for (source, told) in cases {
        let bed = TestBed::new(source, &["f"], 5);
        let error = bed.session.inspect(&bed.workload).expect_err("no module");
        assert_eq!(error.code, Code::PythonImport, "{error}");
        assert!(error.message.contains(told) && error.message.contains("tasks.py"), "{error}");
        assert!(!error.message.contains("conc_harness"), "{error}");
    }
}

#[test]
fn a_callable_that_is_not_there_is_named_with_the_one_that_was_meant() {
    let of = |callable: &str| {
        let bed = TestBed::new(
            "x = 1\ndef fetch(i): pass\ndef gen(i): yield i\ndef two(i, other): pass\n\
             class Client:\n    def get(self, i): pass\n",
            &[callable],
            5,
        );
        bed.session.inspect(&bed.workload).expect_err("no callable")
    };
    assert!(of("fetsh").message.contains("did you mean 'fetch'?"), "{}", of("fetsh"));
    assert!(of("x").message.contains("cannot be called"), "{}", of("x"));
    assert!(of("gen").message.contains("generator"), "{}", of("gen"));
    assert!(of("two").message.contains("'two' needs 2 arguments (i, other)"), "{}", of("two"));
    assert!(of("Client.get").message.contains("it is a method"), "{}", of("Client.get"));
    assert_eq!(of("gen").code, Code::PythonCallable);
}

#[test]
fn an_import_that_never_ends_is_ended() {
    let bed = TestBed::new("import time\nwhile True: time.sleep(1)\n", &["f"], 5)
        .import_limit(Duration::from_secs(3));
    let error = bed.session.inspect(&bed.workload).expect_err("no end");
    assert_eq!(error.code, Code::PythonImport, "{error}");
    assert!(error.message.contains("tasks.py:2"), "{error}");
}

#[test]
fn an_import_that_starts_a_pool_without_a_guard_is_survived_under_every_start_method() {
    for method in ["fork", "spawn"] {
        let source = format!(
            "import multiprocessing\n\
             from concurrent.futures import ProcessPoolExecutor\n\
             def f(i): return i\n\
             context = multiprocessing.get_context('{method}')\n\
             with ProcessPoolExecutor(1, mp_context=context) as pool:\n    list(pool.map(f, range(3)))\n"
        );
        let bed = TestBed::new(&source, &["f"], 5).import_limit(Duration::from_secs(3));
        // Whether such a module works is up to Python; that it ends is up to conc.
        if let Err(error) = bed.session.inspect(&bed.workload) {
            assert!([Code::PythonImport, Code::PoolWorkerDied].contains(&error.code), "{method}: {error}");
        }
    }
}

/// Runs a hybrid: one step has an event loop in every process, several share one loop that sends computing
/// steps to the processes.
fn hybrid(source: &str, callables: &[&str], width: usize) -> RunReport {
    let bed = TestBed::new(source, callables, TASKS);
    let mut batch = bed.batch(StrategyKind::Hybrid, width, crate::test_bed::PATIENCE);
    batch.cpu_steps = (callables.len() > 1).then(|| vec![false, true]);
    bed.session.run(&bed.workload, &batch).unwrap_or_else(|error| panic!("{callables:?}: {error}"))
}

#[test]
fn a_hybrid_names_the_task_that_kills_a_process_and_runs_the_others() {
    let source = format!(
        "{SOURCE}\n\
         async def first(i):\n    await asyncio.sleep(0.001)\n    return i\n\
         async def waits_and(then, i):\n    await asyncio.sleep(0.001)\n    return then(i)\n\
         async def exits_waiting(i): return await waits_and(exits, i)\n\
         async def is_killed_waiting(i): return await waits_and(is_killed, i)\n\
         async def crashes_waiting(i): return await waits_and(crashes, i)\n"
    );
    for (callable, how) in [("exits", "exit status 3"), ("is_killed", "SIGKILL"), ("crashes", "SIGSEGV")] {
        let waiting = format!("{callable}_waiting");
        for (callables, width) in [(&["first", callable][..], 6), (&[&waiting], 8), (&[&waiting], 2)] {
            let report = hybrid(&source, callables, width);
            let told = messages(&report);
            assert_eq!(codes(&report), [(Code::PoolWorkerDied, 1)], "{callables:?} {width}: {told}");
            assert_eq!(report.tally.counts.ok, TASKS - 1, "{callables:?} {width}");
            assert!(told.contains(how) && told.contains("task 10 (item 9)"), "{callables:?}: {told}");
        }
    }
}

#[test]
fn where_every_task_kills_its_process_all_of_them_are_accounted_for() {
    let source = "import os\nasync def first(i): return i\ndef ends(i): os._exit(4)\nasync def ends_loop(i): os._exit(4)\n";
    let pooled = TestBed::new(source, &["ends"], TASKS).run(StrategyKind::Processes, 2);
    let hybrids = [&["first", "ends"][..], &["ends_loop"]].map(|callables| hybrid(source, callables, 4));
    for report in hybrids.iter().chain([&pooled]) {
        assert_eq!(report.tally.counts.failed, TASKS, "{}", messages(report));
        assert!(codes(report).iter().all(|(code, _)| *code == Code::PoolWorkerDied), "{}", messages(report));
    }
}
