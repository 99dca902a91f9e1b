//! Every strategy runs every task once, gives the same outputs and leaves nothing behind.

use std::time::Duration;

use conc::internal::{Items, Profile, StrategyKind, ThreadsVerdict};

use crate::environment::pythons;
use crate::test_bed::{PATIENCE, STRATEGIES, TestBed};

const BOTH_FORMS: &str = r#"
import asyncio, time

def fetch(item):
    time.sleep(0.001)
    return {"item": item, "length": len(item)}

async def fetch_async(item):
    await asyncio.sleep(0.001)
    return {"length": len(item), "item": item}

def parse(page):
    return [page["item"]] * page["length"]

async def only(item):
    await asyncio.sleep(0.001)
    return {"item": item, "length": len(item)}
"#;

fn words() -> Items {
    Items::List((0..24).map(|i| format!("ä{i}\n")).collect())
}

#[test]
fn every_strategy_gives_the_same_outputs_in_every_interpreter() {
    for python in pythons() {
        for callables in [&["fetch"][..], &["only"], &["fetch", "parse"], &["only", "parse"]] {
            let bed = TestBed::with(BOTH_FORMS, callables, words(), &python);
            let reference = bed.run(StrategyKind::Sequential, 1).tally.digest;
            for (strategy, width) in STRATEGIES {
                let report = bed.run(strategy, width);
                let told =
                    format!("{} {callables:?} {strategy}: {:?}", python.display(), report.tally.errors());
                assert_eq!(report.tally.counts.ok, 24, "{told}");
                assert_eq!(report.tally.digest, reference, "{told}");
                assert!(report.wall_s > 0.0 && report.peak_rss_bytes > 1 << 20, "{told}");
                assert!(report.tally.latencies.quantile(0.5).expect("latencies") >= 0.001, "{told}");
            }
            assert_eq!(bed.litter(), [] as [String; 0]);
        }
    }
}

#[test]
fn a_hybrid_hands_computing_steps_to_processes() {
    let source = r#"
import asyncio, os

async def wait(i):
    await asyncio.sleep(0.001)
    return os.getpid()

def compute(pid):
    return pid != os.getpid()

def check(is_other):
    assert is_other
    return is_other
"#;
    let bed = TestBed::new(source, &["wait", "compute", "check"], 20);
    let mut batch = bed.batch(StrategyKind::Hybrid, 5, PATIENCE);
    batch.cpu_steps = Some(vec![false, true, true]);
    let report = bed.session.run(&bed.workload, &batch).expect("a report");
    assert_eq!(report.tally.counts.ok, 20, "{:?}", report.tally.errors());
    // Sequentially there is one process for everything.
    assert_eq!(bed.run(StrategyKind::Sequential, 1).tally.counts.failed, 20);
}

#[test]
fn no_more_than_the_width_is_in_flight() {
    let source = r#"
import asyncio, threading, time
lock, inside = threading.Lock(), 0

def enter():
    global inside
    with lock:
        inside += 1
        assert inside <= 3, inside

def leave():
    global inside
    with lock:
        inside -= 1

def work(i):
    enter(); time.sleep(0.002); leave()

async def awaited(i):
    enter(); await asyncio.sleep(0.002); leave()
"#;
    for (callable, strategy) in
        [("work", StrategyKind::Threads), ("work", StrategyKind::Async), ("awaited", StrategyKind::Async)]
    {
        let report = TestBed::new(source, &[callable], 30).run(strategy, 3);
        assert_eq!(report.tally.counts.ok, 30, "{strategy}: {:?}", report.tally.errors());
    }
}

#[test]
fn a_batch_starts_no_task_after_its_time_and_counts_those_it_started() {
    // A coroutine that never lets go of its loop keeps no other thread from looking at the clock.
    let source = "import time\ndef nap(i): time.sleep(0.05)\nasync def hold(i): time.sleep(0.05)\n";
    for (callable, (strategy, width)) in ["nap", "hold"].into_iter().flat_map(|c| STRATEGIES.map(|s| (c, s)))
    {
        let bed = TestBed::new(source, &[callable], 1000);
        let mut batch = bed.batch(strategy, width, PATIENCE);
        batch.stop_starting_after = Duration::from_secs(1);
        let counts = bed.session.run(&bed.workload, &batch).expect("a report").tally.counts;
        assert!(counts.ok > 0 && counts.ok < 1000 && counts.started() == counts.ok, "{strategy}: {counts:?}");
    }
}

#[test]
fn a_callable_without_a_place_for_the_item_is_called_without_it() {
    let source =
        "def f(): return 1\nasync def g(): return 1\nclass C:\n    @staticmethod\n    def m(x): return x\n";
    for callable in ["f", "g", "C.m"] {
        let bed = TestBed::new(source, &[callable], 10);
        for (strategy, width) in STRATEGIES {
            assert_eq!(bed.run(strategy, width).tally.counts.ok, 10, "{callable} {strategy}");
        }
    }
}

#[test]
fn what_tasks_cost_is_accounted_for() {
    let source = "def spin(i):\n    s = 0\n    for k in range(300_000): s += k\n    return s\n";
    let bed = TestBed::new(source, &["spin"], 20);
    let alone = bed.run(StrategyKind::Sequential, 1).cpu.total_s();
    for (strategy, width) in [(StrategyKind::Processes, 2), (StrategyKind::Threads, 2)] {
        let cpu = bed.run(strategy, width).cpu.total_s();
        assert!(cpu > 0.3 * alone && cpu < 3.0 * alone, "{strategy}: {cpu} s, alone {alone} s");
    }
}

#[test]
fn what_is_kept_of_an_item_is_not_taken_for_the_work() {
    let source = "import functools, time\n@functools.lru_cache(None)\ndef kept(i): time.sleep(0.05)\n";
    let bed = TestBed::new(source, &["kept"], 12);
    let kept = bed.profile(Duration::from_secs(5)).expect("a profile").profile;
    assert!(kept.task.wait_s > 0.04 && kept.tasks == 12, "{kept:?}");
    assert!(kept.python.expect("an interpreter").faster_again.is_some_and(|times| times > 10.0));
}

#[test]
fn what_a_process_pays_once_is_no_cost_of_a_task() {
    let source = "_m = None\ndef burn(n):\n    s = 0\n    for k in range(n): s += k\n    return s\n\
                  def predict(i):\n    global _m\n    _m = _m or burn(15_000_000)\n    return burn(50_000)\n";
    let bed = TestBed::new(source, &["predict"], 2_000);
    let profile = bed.profile(Duration::from_millis(500)).expect("a profile").profile;
    let python = profile.python.as_ref().expect("an interpreter");
    let once = python.once_per_process.expect("a cost that is paid once");
    assert!(once.cpu_s > 50.0 * profile.task.cpu_s, "{profile:?}");
    assert!(profile.cpu_fraction > 0.5 && profile.tasks > 10, "{profile:?}");
}

#[test]
fn the_time_of_worker_processes_is_accounted_for() {
    let source = "async def first(i): return i\ndef spin(i):\n    s = 0\n    for k in range(200_000): s += k\n    return s\n";
    let of = |callables: &[&str], strategy, cpu_steps: &[bool]| {
        let bed = TestBed::new(source, callables, 20);
        let mut batch = bed.batch(strategy, 2, PATIENCE);
        batch.cpu_steps = Some(cpu_steps.to_vec());
        bed.session.run(&bed.workload, &batch).expect("a report")
    };
    for (callables, strategy, cpu_steps) in [
        (&["spin"][..], StrategyKind::Processes, &[][..]),
        (&["first", "spin"], StrategyKind::Hybrid, &[false, true]),
        (&["first"], StrategyKind::Hybrid, &[]),
    ] {
        let report = of(callables, strategy, cpu_steps);
        let ledger = report.ledger.as_ref().expect("a ledger");
        let parts = [ledger.startup_s, ledger.waiting_s, ledger.working_s, ledger.transfer_s];
        let whole = ledger.workers as f64 * (report.startup_s + report.wall_s);
        assert!(parts.iter().all(|part| *part >= 0.0) && ledger.workers == 2, "{ledger:?}");
        assert!((parts.iter().sum::<f64>() - whole).abs() < 1e-6, "{ledger:?}: {whole} s");
        assert!(ledger.working_s > 0.0 && ledger.costs.tasks_per_message().is_some(), "{ledger:?}");
    }
    assert_eq!(of(&["spin"], StrategyKind::Threads, &[]).ledger, None);
}

#[test]
fn the_profile_tells_computing_from_waiting_and_a_lock_that_is_held() {
    let source = r#"
import hashlib, time
def spin(i):
    s = 0
    for k in range(20_000): s += k
    return s
def derive(i): return hashlib.pbkdf2_hmac("sha256", b"secret", b"salt", 20_000)
def nap(i): time.sleep(0.005)
"#;
    let time = Duration::from_millis(700);
    let of = |callable| TestBed::new(source, &[callable], 50).profile(time).expect("a profile").profile;
    let spin = of("spin");
    assert!(spin.cpu_fraction > 0.5, "{spin:?}");
    assert!(spin.python.as_ref().is_some_and(|python| python.holds_lock()), "{spin:?}");
    let derive = of("derive");
    assert!(derive.cpu_fraction > 0.5, "{derive:?}");
    // Another thread waits less for it; how much less is not sure on a busy machine.
    let held = |profile: &Profile| profile.python.as_ref().and_then(|python| python.gil_held);
    let is_released = held(&derive).zip(held(&spin)).is_none_or(|(derive, spin)| derive < spin);
    assert!(is_released, "{derive:?}\n{spin:?}");
    let verdict = |profile: &Profile| profile.python.as_ref().and_then(|python| python.two_threads);
    // A busy machine leaves it open; no machine shows the opposite.
    let spins = verdict(&spin).expect("it ran in two threads");
    assert!(spins.threads == 2 && spins.calls >= 2, "{spins:?}");
    assert_ne!(spins.verdict.computes_side_by_side(), Some(true), "{spins:?}");
    let nap = of("nap");
    assert_eq!(verdict(&nap).map(|threads| threads.verdict), Some(ThreadsVerdict::Waits), "{nap:?}");
    assert!(nap.python.as_ref().is_some_and(|python| python.busy_cpu_s.is_some()), "{nap:?}");
    assert!(nap.cpu_fraction < 0.5 && nap.task.wait_s > 0.003, "{nap:?}");
}
