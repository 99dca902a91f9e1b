//! The JSON a script reads: one document, valid against the schema, complete and plausible.

use std::collections::BTreeSet;
use std::fs;

use assert_cmd::assert::Assert;
use conc::internal::{
    Basis, ChoiceVerdict, Code, CommandName, ConfigurationResult, Document, Profile, Report, SCHEMA_VERSION,
    Status, StrategyKind, WorkloadRuntime,
};
use serde_json::Value;

use crate::sandbox::Sandbox;

/// The document on standard output, checked for everything that is promised of every document.
pub(crate) fn document(sandbox: &Sandbox, assert: &Assert) -> Document {
    let document = checked(sandbox, assert);
    document.reports().iter().for_each(check_report);
    document
}

/// The document on standard output: one, valid against the schema, and known to the types.
pub(crate) fn checked(sandbox: &Sandbox, assert: &Assert) -> Document {
    let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    // Anything in front of or behind the one document is not JSON.
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let schema = sandbox.run(&["schema"]).get_output().stdout.clone();
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    if let Err(error) = validator.validate(&value) {
        panic!("{error}: {text}");
    }
    let document: Document = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(conc::internal::to_value(&document).unwrap(), value, "the types know every field");
    document
}

fn check_report(report: &Report) {
    assert_eq!(
        (report.schema_version, report.conc_version.as_str()),
        (SCHEMA_VERSION, env!("CARGO_PKG_VERSION"))
    );
    assert!(report.host.cpus_effective > 0.0 && report.host.memory_bytes > 0);
    assert!(!report.workload.name.is_empty() && report.workload.tasks > 0);
    check_profile(report.profile.as_ref().unwrap());
    report.cells.iter().for_each(check_cell);
    let cells: BTreeSet<_> = report.cells.iter().map(|result| result.cell).collect();
    assert_eq!(cells.len(), report.cells.len(), "no cell is told twice");
    for warning in &report.warnings {
        assert!(!warning.message.is_empty() && !warning.remedy.is_empty(), "{warning:?}");
    }
    if let Some(advice) = &report.recommendation {
        let chosen = report.cells.iter().find(|result| report.is_recommended(result)).unwrap();
        assert_eq!(chosen.status == Status::Ok, advice.basis == Basis::Measured);
        assert!(!advice.decision.steps.is_empty(), "{advice:?}");
        let languages: Vec<_> =
            advice.code_examples.iter().map(|example| example.language.as_str()).collect();
        // Examples for a Python workload are in Python only.
        let is_native = report.workload.runtime == WorkloadRuntime::Native;
        assert_eq!(languages.contains(&"rust"), is_native, "{languages:?}");
        assert!(languages.contains(&"python"), "{languages:?}");
    }
}

fn check_profile(profile: &Profile) {
    let is_share = |share: f64| (0.0..=1.0).contains(&share);
    assert!(is_share(profile.cpu_fraction), "{profile:?}");
    let waits = profile.waits.named().map(|(_, share)| share);
    assert!(waits.into_iter().all(is_share), "{profile:?}");
    let all: f64 = waits.iter().sum();
    assert!(all == 0.0 || (all - 1.0).abs() < 1e-6, "{profile:?}");
    assert!(profile.wall_s > 0.0 && profile.runqueue_s >= 0.0 && profile.runqueue_s <= profile.wall_s);
    assert!(profile.cpu_user_s >= 0.0 && profile.cpu_system_s >= 0.0 && profile.tasks > 0);
    assert!(profile.task.cpu_s >= 0.0 && profile.task.wait_s >= 0.0 && profile.task.total_s() > 0.0);
    assert!(!profile.steps.is_empty());
}

fn check_cell(result: &ConfigurationResult) {
    let failures: u64 = result.errors.iter().map(|error| error.count).sum();
    assert_eq!(
        failures,
        result.tasks.started() - result.tasks.ok,
        "every failure has its reason: {result:?}"
    );
    if result.status != Status::Ok {
        let is_predicted = result.predicted_per_s.is_some();
        assert!(is_predicted || result.reason.as_ref().is_some_and(|reason| !reason.message.is_empty()));
        assert_eq!((result.throughput_per_s, result.tasks.ok), (None, 0), "{result:?}");
        return;
    }
    assert!(result.tasks.started() > 0 && !result.rounds.is_empty(), "{result:?}");
    assert!(result.predicted_per_s.unwrap() > 0.0, "{result:?}");
    let latency = result.latency_s.unwrap();
    let in_order = [latency.p50, latency.p90, latency.p99, latency.max];
    assert!(latency.p50 > 0.0 && in_order.is_sorted(), "{result:?}");
    assert!(result.cpu_s_per_task.unwrap() > 0.0 && result.startup_s.unwrap() >= 0.0, "{result:?}");
    assert!(result.peak_rss_bytes.unwrap() > 0, "{result:?}");
    if result.tasks.ok > 0 {
        let throughput = result.throughput_per_s.unwrap();
        assert!(throughput > 0.0 && throughput.is_finite(), "{result:?}");
    }
    if let (Some([low, high]), Some(throughput)) = (result.ci95, result.throughput_per_s) {
        assert!(0.0 < low && low <= throughput && throughput <= high && high.is_finite(), "{result:?}");
    }
}

/// A scripted machine, for tests that need no measuring.
const MACHINE: &str = "cpus = 4.0";

fn only(document: &Document) -> &Report {
    let [report] = document.reports() else { panic!("one report: {document:?}") };
    assert!(matches!(document, Document::Single(_)));
    report
}

fn advise(sandbox: &Sandbox, arguments: &[&str]) -> Document {
    let arguments = [&["advise", "--json", "--budget", "300ms"], arguments].concat();
    document(sandbox, &sandbox.run(&arguments).code(0))
}

#[test]
fn a_prediction_runs_nothing_but_the_profile() {
    let inline = ["--cpu", "100us", "--wait", "20ms", "--tasks", "400", "--predict-only"];
    let document = advise(&Sandbox::new().simulating(MACHINE), &inline);
    let report = only(&document);
    let advised = report.recommendation.as_ref().unwrap();
    assert_eq!((advised.basis, advised.verdict), (Basis::Predicted, ChoiceVerdict::Undecided));
    assert!(report.cells.iter().all(|c| c.status == Status::Skipped && c.predicted_per_s.unwrap() > 0.0));
    let predicted = |wanted: &dyn Fn(&ConfigurationResult) -> bool| {
        report.cells.iter().find(|cell| wanted(cell)).and_then(|cell| cell.predicted_per_s)
    };
    let chosen = predicted(&|cell| report.is_recommended(cell));
    assert!(chosen > predicted(&|cell| cell.cell.strategy == StrategyKind::Sequential), "{chosen:?}");
}

#[test]
fn a_prediction_for_more_cpus_goes_further_where_tasks_compute() {
    let best = |arguments: &[&str]| {
        let inline = ["--cpu", "2ms", "--tasks", "400", "--strategy", "threads"];
        let document = advise(&Sandbox::new(), &[&inline, arguments].concat());
        only(&document).cells.iter().filter_map(|cell| cell.predicted_per_s).fold(0.0, f64::max)
    };
    let (few, many) = (best(&["--assume-cpus", "1"]), best(&["--assume-cpus", "16"]));
    assert!(many > 4.0 * few, "{few} {many}");
}

#[test]
fn an_advice_accounts_for_every_task_of_every_cell() {
    let document = advise(
        &Sandbox::new(),
        &[
            "--cpu",
            "1ms",
            "--tasks",
            "20",
            "--runs",
            "3",
            "--strategy",
            "async,threads,processes",
            "--width",
            "2",
        ],
    );
    let report = only(&document);
    assert_eq!((report.command, report.workload.tasks), (CommandName::Advise, 20));
    let strategies: BTreeSet<_> = report.cells.iter().map(|result| result.cell.strategy).collect();
    assert_eq!(
        strategies,
        [StrategyKind::Sequential, StrategyKind::Async, StrategyKind::Threads, StrategyKind::Processes]
            .into()
    );
    for result in &report.cells {
        // Twenty short tasks are always run together.
        assert_eq!(result.tasks.ok, 20 * result.rounds.len() as u64, "{result:?}");
        // On a busy machine an interval may be missing.
        assert!(result.ci95.is_none() || result.rounds.len() >= 3, "{result:?}");
        assert!(result.speedup.unwrap() > 0.0, "{result:?}");
    }
    let digests: BTreeSet<_> = report.cells.iter().map(|result| result.digest.clone().unwrap()).collect();
    assert_eq!(digests.len(), 1, "the same items give the same outputs");
    for result in &report.cells {
        assert_eq!(result.ledger.is_some(), result.cell.strategy == StrategyKind::Processes, "{result:?}");
    }
    let slowest = &report.profile.as_ref().unwrap().dispersion.as_ref().unwrap().slowest;
    assert!(slowest.len() == 5 && slowest.iter().all(|task| task.wall_s > 0.0), "{slowest:?}");
    assert!(report.recommendation.is_some());
}

#[test]
fn tasks_that_fail_and_tasks_that_time_out_are_counted_apart() {
    let text = "items = [\"0\", \"9\", \"x\"]\n[limits]\ntimeout = \"150ms\"\n\
                [[step]]\nkind = \"command\"\nargv = [\"sleep\", \"{item}\"]\n";
    let sandbox = Sandbox::with("w.toml", text);
    let document = advise(&sandbox, &["w.toml", "--strategy", "threads", "--width", "3"]);
    let report = only(&document);
    assert!(report.warnings.iter().any(|warning| warning.code == Code::NoteFailures));
    for result in report.cells.iter().filter(|result| result.status == Status::Ok) {
        assert!(result.tasks.failed > 0 && result.tasks.timed_out > 0, "{result:?}");
        let codes: BTreeSet<_> = result.errors.iter().map(|error| error.code).collect();
        assert_eq!(codes, [Code::TaskCommand, Code::TaskTimeout].into());
    }
}

#[test]
fn a_cell_that_cannot_run_says_why() {
    let arguments =
        ["--wait", "1us", "--tasks", "20000000", "--strategy", "threads", "--width", "1,10000000"];
    let document = advise(&Sandbox::new(), &arguments);
    let report = only(&document);
    let skipped = report.cells.iter().find(|result| result.status == Status::Skipped).unwrap();
    assert_eq!(skipped.cell.width, 10_000_000);
    let reason = skipped.reason.as_ref().unwrap();
    assert!(reason.code == Code::HostLimit && reason.message.starts_with("at most "), "{skipped:?}");
    assert!(report.warnings.iter().any(|warning| warning.code == Code::HostLimit));
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_of_which_nothing_could_be_measured_prints_its_document_all_the_same() {
    let sandbox = Sandbox::new();
    let works_in_the_profile_only = "grep -q __profile /proc/$PPID/cmdline";
    let arguments =
        ["advise", "--json", "--runs", "1", "--shell", "--name", "shy", "--", works_in_the_profile_only];
    let assert = sandbox.run(&arguments).code(1);
    let document = document(&sandbox, &assert);
    assert!(only(&document).recommendation.is_none());
    assert!(only(&document).cells.iter().all(|result| result.tasks.ok == 0 && result.tasks.failed > 0));
    let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(said.contains("\nerror[E-TASK-004]: no configuration of shy could be measured: "), "{said}");
}

#[test]
fn a_profile_is_a_document_without_cells() {
    let sandbox = Sandbox::new();
    let document = document(&sandbox, &sandbox.run(&["profile", "--json", "hash-cpu"]).code(0));
    let report = only(&document);
    assert_eq!(report.command, CommandName::Profile);
    assert!(report.cells.is_empty() && report.recommendation.is_none());
}

#[test]
fn a_bench_has_a_report_for_each_workload() {
    let sandbox = Sandbox::new().simulating(MACHINE);
    let arguments = ["bench", "--json", "--budget", "300ms", "--width", "4", "sleep-io", "tiny-tasks"];
    let document = document(&sandbox, &sandbox.run(&arguments).code(0));
    assert!(matches!(document, Document::Bench(_)));
    let names: Vec<_> = document.reports().iter().map(|report| report.workload.name.as_str()).collect();
    assert_eq!(names, ["sleep-io", "tiny-tasks"]);
    assert!(document.reports().iter().all(|report| report.command == CommandName::Bench));
    assert!(document.reports().iter().all(|report| report.recommendation.is_some()));
}

#[test]
fn what_is_exported_is_what_is_printed() {
    let sandbox = Sandbox::with("old.json", "old").simulating(MACHINE);
    let arguments = [
        "--wait",
        "1ms",
        "--tasks",
        "20",
        "--width",
        "2",
        "--export-json",
        "old.json",
        "--export-csv",
        "cells.csv",
    ];
    let arguments = [&["advise", "--json", "--budget", "300ms"], &arguments[..]].concat();
    let assert = sandbox.run(&arguments).code(0);
    let document = document(&sandbox, &assert);
    assert_eq!(fs::read(sandbox.path("old.json")).unwrap(), assert.get_output().stdout);
    let csv = fs::read_to_string(sandbox.path("cells.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + only(&document).cells.len(), "{csv}");
    let mut left: Vec<_> =
        fs::read_dir(sandbox.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["cells.csv", "old.json"]);
}

#[test]
fn an_export_to_standard_output_takes_the_place_of_the_table() {
    let sandbox = Sandbox::new().simulating(MACHINE);
    let work = ["--wait", "1ms", "--tasks", "20", "--width", "2", "--budget", "300ms"];
    let json = sandbox.run(&[&["advise", "--export-json", "-"], &work[..]].concat()).code(0);
    assert!(only(&document(&sandbox, &json)).recommendation.is_some());
    let csv = sandbox.run(&[&["advise", "--export-csv", "-"], &work[..]].concat()).code(0);
    assert!(csv.get_output().stdout.starts_with(b"workload,strategy,"));
    let markdown = sandbox.run(&[&["advise", "--export-markdown", "-"], &work[..]].concat()).code(0);
    assert!(markdown.get_output().stdout.starts_with(b"### inline\n"));
}

#[cfg(unix)]
#[test]
fn a_link_is_written_through_and_not_replaced() {
    let sandbox = Sandbox::with("target.csv", "").simulating(MACHINE);
    std::os::unix::fs::symlink("target.csv", sandbox.path("link.csv")).unwrap();
    let arguments = ["advise", "--wait", "1ms", "--tasks", "5", "--runs", "1", "--export-csv", "link.csv"];
    sandbox.run(&arguments).code(0);
    assert!(fs::symlink_metadata(sandbox.path("link.csv")).unwrap().is_symlink());
    assert!(fs::read_to_string(sandbox.path("target.csv")).unwrap().starts_with("workload,"));
}
