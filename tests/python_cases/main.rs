//! Advice for Python callables whose right answer is known.
//!
//! The answer is a family of strategies if several are equally good. On a busy machine a measurement may not
//! distinguish them and must report that; the prediction must be right in any case.

#[path = "../common/lane.rs"]
mod lane;
mod trouble;

use std::fs;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use conc::internal::StrategyKind::{Async, Hybrid, Processes, Sequential, Threads};
use conc::internal::{
    ChoiceConfidenceReason, ChoiceVerdict, Class, Confidence, Document, Report, StrategyKind,
};

/// Cases that run at once would disturb each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The tasks of every case.
const TASKS: &str = include_str!("tasks.py");

/// Tasks that go wrong when several run at once.
const TROUBLE: &str = include_str!("trouble.py");

/// Returns the advice for callables of `tasks.py`, each a step, with more lines of a workload file; `None` in a lane
/// that leaves it out.
fn advise(callables: &[&str], more: &str) -> Option<Report> {
    advise_by(&["--budget", "2500ms"], callables, more)
}

fn advise_by(options: &[&str], callables: &[&str], more: &str) -> Option<Report> {
    if !lane::runs_all(&format!("advice for {callables:?}")) {
        return None;
    }
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("tasks.py"), TASKS).expect("written");
    fs::write(directory.path().join("trouble.py"), TROUBLE).expect("written");
    let file = |name: &str| if TROUBLE.contains(&format!("def {name}(")) { "trouble" } else { "tasks" };
    let step = |name: &&str| format!("[[step]]\nkind = 'python'\ncallable = '{}.py:{name}'\n", file(name));
    let steps: String = callables.iter().map(step).collect();
    fs::write(directory.path().join("case.toml"), format!("{more}\n{steps}")).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_conc"))
        .args(["advise", "./case.toml", "--json"])
        .args(options)
        .current_dir(directory.path())
        .output()
        .expect("conc runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{callables:?}: {told}");
    match serde_json::from_slice(&output.stdout).expect("a document") {
        Document::Single(report) => Some(*report),
        other => panic!("not one report: {other:?}"),
    }
}

/// Checks that the decision tree, where it is certain, and the recommendation are right.
///
/// The tree asks how long the GIL was held. On a contended machine waits for a CPU hide waits for the GIL, and
/// the profile says that it is less sure.
fn check(report: &Report, tree: &[StrategyKind], family: &[StrategyKind]) {
    let advice = report.recommendation.as_ref().expect("a recommendation");
    let told = format!("{advice:#?}\n{:#?}", report.profile);
    let cpus = report.host.cpus_effective;
    let is_sure = report.profile.as_ref().is_some_and(|profile| profile.confidence == Confidence::High);
    let is_asked = !tree.is_empty() && is_sure && cpus >= 2.0;
    assert!(!is_asked || tree.contains(&advice.decision.strategy), "tree: {told}");
    let is_busy = matches!(advice.confidence_reason, ChoiceConfidenceReason::BusyMachine { .. });
    let is_open = advice.verdict == ChoiceVerdict::Undecided || is_busy;
    assert!(family.contains(&advice.strategy) || is_open || cpus < 2.0, "family {family:?}: {told}");
    assert!(report.cells.iter().all(|result| result.tasks.failed == 0), "{:#?}", report.cells);
}

/// Returns the chosen width; `None` if the measurement, on a busy machine, could not decide.
fn decided_width(report: &Report) -> Option<usize> {
    let advice = report.recommendation.as_ref().expect("a recommendation");
    (advice.verdict != ChoiceVerdict::Undecided).then_some(advice.width)
}

fn class(report: &Report) -> Class {
    report.profile.as_ref().expect("a profile").task_class()
}

#[test]
fn key_derivation_releases_the_lock() {
    let Some(report) = advise(&["derive_key"], "tasks = 100") else { return };
    assert_eq!(class(&report), Class::CpuBound);
    check(&report, &[Threads], &[Threads, Processes, Async]);
}

#[test]
fn primes_in_pure_python_hold_it() {
    let Some(report) = advise(&["primes"], "tasks = 150") else { return };
    assert_eq!(class(&report), Class::CpuBound);
    check(&report, &[Processes], &[Processes]);
}

#[test]
fn json_is_parsed_under_the_lock() {
    let Some(report) = advise(&["parse_json"], "tasks = 200") else { return };
    assert_eq!(class(&report), Class::CpuBound);
    check(&report, &[Processes], &[Processes]);
}

#[test]
fn compression_releases_the_lock() {
    let Some(report) = advise(&["compress"], "tasks = 100") else { return };
    assert_eq!(class(&report), Class::CpuBound);
    check(&report, &[Threads], &[Threads, Processes, Async]);
}

#[test]
fn blocking_http_wants_threads() {
    let Some(report) = advise(&["get"], "tasks = 200\n[fixture]\nlatency = '20ms'") else { return };
    assert_ne!(class(&report), Class::CpuBound);
    check(&report, &[Threads, Processes], &[Threads, Async]);
}

#[test]
fn async_http_wants_an_event_loop() {
    let Some(report) = advise(&["get_awaiting"], "tasks = 200\n[fixture]\nlatency = '20ms'") else { return };
    assert_ne!(class(&report), Class::CpuBound);
    check(&report, &[Async, Hybrid], &[Async, Threads, Hybrid]);
}

#[test]
fn naps_in_both_forms_want_width() {
    let Some(report) = advise(&["nap"], "tasks = 200") else { return };
    assert_eq!(class(&report), Class::IoBound);
    check(&report, &[Async], &[Async, Threads, Hybrid]);
    assert!(decided_width(&report).is_none_or(|width| width >= 8), "{:#?}", report.recommendation);
}

#[test]
fn a_single_writer_gains_nothing_from_company() {
    let Some(report) = advise(&["write_row"], "tasks = 60") else { return };
    let best = report.cells.iter().filter_map(|cell| cell.speedup).fold(0.0, f64::max);
    let advice = report.recommendation.as_ref().expect("a recommendation");
    let is_modest = best < 2.5 || advice.verdict == ChoiceVerdict::Undecided;
    assert!(advice.strategy == Sequential || is_modest, "{advice:#?}\n{:#?}", report.cells);
}

#[test]
fn fetch_then_parse_is_for_a_hybrid_or_its_kin() {
    let Some(report) = advise(&["wait_for_page", "parse_page"], "tasks = 150") else { return };
    check(&report, &[Hybrid], &[Hybrid, Processes, Threads, Async]);
}

#[test]
fn a_coroutine_that_computes_gets_an_event_loop_in_each_process() {
    let Some(report) = advise(&["wait_and_compute"], "tasks = 200") else { return };
    check(&report, &[Hybrid, Async, Processes], &[Hybrid, Processes]);
}

#[test]
fn trivial_tasks_are_left_alone() {
    let Some(report) = advise(&["nothing"], "tasks = 500") else { return };
    check(&report, &[Sequential], &[Sequential]);
}

#[test]
fn sleeping_in_a_coroutine_holds_the_event_loop() {
    let Some(report) = advise(&["nap_in_coroutine"], "tasks = 100") else { return };
    assert_eq!(class(&report), Class::IoBound);
    check(&report, &[Threads], &[Threads, Processes, Hybrid]);
}

#[test]
fn huge_results_stay_in_the_process() {
    let Some(report) = advise(&["huge"], "tasks = 20") else { return };
    check(&report, &[], &[Sequential, Threads, Async]);
}

#[test]
fn an_upstream_that_serves_four_is_not_asked_for_sixty_four() {
    let options = ["--budget", "4s", "--strategy", "threads", "--width", "8,64"];
    let Some(report) =
        advise_by(&options, &["get"], "tasks = 120\n[fixture]\nlatency = '12ms'\ncapacity = 4")
    else {
        return;
    };
    check(&report, &[Threads, Processes], &[Threads]);
    assert!(decided_width(&report).is_none_or(|width| width == 8), "{:#?}", report.recommendation);
}
