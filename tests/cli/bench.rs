//! `conc bench` and `conc compare`: suites, their references, and the exit codes.

use std::fs;

use conc::internal::{
    AdviceChange, BenchReport, CommandName, ComparisonDesign, Document, GateReason, GateReport, GateVerdict,
    Metric, Report,
};
use predicates::str::contains;
use serde_json::{Value, json};

use crate::json::checked;
use crate::sandbox::Sandbox;

/// Options for a run that measures something on any machine.
const QUICK: [&str; 3] = ["--budget", "300ms", "--json"];

const NAP: &str = "tasks = 40\n[[step]]\nkind = 'sleep'\nfor = '2ms'\n";
const WORK: &str = "tasks = 40\n[[step]]\nkind = 'cpu'\nkernel = 'sha256'\nwork = '1ms'\n";

/// A scripted machine on which `nap` waits and `slow` does a tenth of the tasks of others.
const SCRIPT: &str = "cpus = 4.0\ntask = { cpu_s = 0.0002, wait_s = 0.002 }\nspeed = { slow = 0.1 }\n";

/// A suite of two small workloads on a scripted machine.
fn simulated_suite() -> Sandbox {
    suite().simulating(SCRIPT)
}

/// A suite of two small workloads.
fn suite() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("workloads")).unwrap();
    fs::write(sandbox.path("workloads/nap.toml"), NAP).unwrap();
    fs::write(sandbox.path("workloads/work.toml"), WORK).unwrap();
    sandbox
}

fn bench(sandbox: &Sandbox, code: i32, arguments: &[&str]) -> BenchReport {
    let assert = sandbox.run(&[&["bench"], arguments, &QUICK].concat()).code(code);
    results(checked(sandbox, &assert))
}

fn results(document: Document) -> BenchReport {
    match document {
        Document::Bench(report) => *report,
        other => panic!("results of a suite: {other:?}"),
    }
}

fn names(report: &BenchReport) -> Vec<&str> {
    report.results.iter().map(|result| result.workload.name.as_str()).collect()
}

fn gate(report: &Report) -> &GateReport {
    report.gate.as_ref().unwrap()
}

/// Changes a file of results.
fn edit(sandbox: &Sandbox, name: &str, change: impl Fn(&mut Value)) {
    let mut value = serde_json::from_slice(&fs::read(sandbox.path(name)).unwrap()).unwrap();
    change(&mut value);
    fs::write(sandbox.path(name), value.to_string()).unwrap();
}

#[test]
fn the_suite_is_the_directory_of_workloads_and_a_file_says_how_it_is_measured() {
    let sandbox = simulated_suite();
    fs::write(
        sandbox.path("conc.toml"),
        "[settings]\nstrategies = ['threads']\nwidths = ['2']\n[workload.nap]\nwidths = ['4']\n",
    )
    .unwrap();
    let report = bench(&sandbox, 0, &["--runs", "1"]);
    assert_eq!(names(&report), ["nap", "work"]);
    for (result, width) in report.results.iter().zip([4, 2]) {
        let widths: Vec<_> = result.cells.iter().map(|cell| cell.cell.width).collect();
        assert_eq!(widths, [1, width], "{}", result.workload.name);
        assert!(result.gate.is_none() && !result.series.as_ref().unwrap().batches.is_empty());
    }
    assert!(report.results[0].series.as_ref().unwrap().iterations.is_empty());
    assert_eq!(report.results[1].series.as_ref().unwrap().iterations.len(), 1);
}

#[test]
fn a_baseline_is_compared_with_in_the_same_cell_and_for_the_same_work() {
    let sandbox = suite();
    let before = bench(&sandbox, 0, &["--save-baseline", "baseline.json"]);
    let saved: Value = serde_json::from_slice(&fs::read(sandbox.path("baseline.json")).unwrap()).unwrap();
    assert_eq!(saved, conc::internal::to_value(&before).unwrap());
    let after = bench(&sandbox, 0, &["--baseline", "baseline.json"]);
    for (before, after) in before.results.iter().zip(&after.results) {
        let (earlier, current) = (before.series.as_ref().unwrap(), after.series.as_ref().unwrap());
        assert_eq!((earlier.cell, &earlier.iterations), (current.cell, &current.iterations));
        let gate = gate(after);
        assert_eq!(
            (gate.design, gate.cell, gate.reference.as_str()),
            (ComparisonDesign::Stored, Some(current.cell), "baseline.json")
        );
        assert!(gate.metrics.iter().any(|metric| metric.metric == Metric::Throughput));
        assert!(gate.advice.is_some());
    }
    let compared = sandbox.run(&["compare", "baseline.json", "baseline.json", "--json"]).code(0);
    let compared = results(checked(&sandbox, &compared));
    assert_eq!(compared.command, CommandName::Compare);
    // A run does not differ from itself, yet a stored run detects small changes only now and then.
    assert!(compared.results.iter().all(|result| gate(result).verdict != GateVerdict::Regressed));
    let ratios = compared.results.iter().flat_map(|result| &gate(result).metrics);
    assert!(ratios.into_iter().all(|metric| (metric.ratio - 1.0).abs() < 1e-9));
}

#[test]
fn a_workload_that_is_much_slower_is_red_beside_the_other() {
    let sandbox = simulated_suite();
    let renamed = |name: &str| format!("name = '{name}'\n{NAP}");
    fs::write(sandbox.path("slow.toml"), renamed("slow")).unwrap();
    fs::write(sandbox.path("fast.toml"), renamed("fast")).unwrap();
    // Twenty pairs decide, whose time passes on the simulated clock only.
    let demand = ["bench", "--strategy", "sequential", "--fail-on-regression", "--budget", "20s", "--json"];
    let compare = |code, sides: [&str; 3]| {
        results(checked(&sandbox, &sandbox.run(&[&demand[..], &sides].concat()).code(code)))
    };
    let report = compare(3, ["slow.toml", "--reference", "fast.toml"]);
    let red = gate(&report.results[0]);
    assert_eq!(
        (red.design, red.verdict, red.reference.as_str()),
        (ComparisonDesign::Paired, GateVerdict::Regressed, "fast")
    );
    let throughput = red.metrics.iter().find(|metric| metric.metric == Metric::Throughput).unwrap();
    assert!(throughput.ratio < 0.2 && throughput.verdict == GateVerdict::Regressed, "{throughput:?}");
    let series = report.results[0].series.as_ref().unwrap();
    assert_eq!(series.batches.len(), series.reference.len());
    let report = compare(0, ["fast.toml", "--reference", "slow.toml"]);
    assert_ne!(gate(&report.results[0]).verdict, GateVerdict::Regressed);
}

#[test]
fn another_build_runs_the_same_workloads() {
    let sandbox = suite();
    let report = bench(&sandbox, 0, &["--reference-bin", env!("CARGO_BIN_EXE_conc")]);
    assert_eq!(names(&report), ["nap", "work"]);
    for result in &report.results {
        let series = result.series.as_ref().unwrap();
        assert!(!series.batches.is_empty() && series.batches.len() == series.reference.len());
        assert_eq!(gate(result).design, ComparisonDesign::Paired);
        assert!(series.reference.iter().all(|batch| batch.ok == batch.started && batch.ok > 0));
    }
}

#[test]
fn a_workload_file_is_measured_beside_another() {
    let sandbox = simulated_suite();
    let report = bench(&sandbox, 0, &["workloads/work.toml", "--reference", "workloads/nap.toml"]);
    let gate = gate(&report.results[0]);
    assert_eq!((gate.design, gate.reference.as_str()), (ComparisonDesign::Paired, "nap"));
}

#[test]
fn a_baseline_that_a_workload_got_worse_than_is_kept() {
    let sandbox = simulated_suite();
    let only = ["workloads/nap.toml", "--strategy", "sequential"];
    bench(&sandbox, 0, &[&only[..], &["--save-baseline", "b.json"]].concat());
    // The workload seems a million times as fast, which no load explains.
    edit(&sandbox, "b.json", |value| {
        for batch in value["results"][0]["series"]["batches"].as_array_mut().unwrap() {
            batch["throughput_per_s"] = json!(batch["throughput_per_s"].as_f64().unwrap() * 1e6);
        }
    });
    let before = fs::read(sandbox.path("b.json")).unwrap();
    let both = ["--baseline", "b.json", "--save-baseline", "b.json", "--fail-on-regression"];
    let assert = sandbox.run(&[&["bench"], &only[..], &both, &QUICK].concat()).code(3);
    assert.stderr(contains("'b.json' is left as it was"));
    assert_eq!(fs::read(sandbox.path("b.json")).unwrap(), before);
}

#[test]
fn advice_that_changed_is_a_finding_of_its_own() {
    let sandbox = simulated_suite();
    let only = ["workloads/nap.toml", "--strategy", "sequential,threads"];
    bench(&sandbox, 0, &[&only[..], &["--save-baseline", "b.json"]].concat());
    edit(&sandbox, "b.json", |value| {
        let profile = &mut value["results"][0]["profile"];
        profile["class"] = json!("cpu-bound");
        profile["confidence"] = json!("high");
        profile["cpu_fraction"] = json!(1.0);
    });
    let report =
        bench(&sandbox, 3, &[&only[..], &["--baseline", "b.json", "--fail-on-advice-change"]].concat());
    assert_eq!(gate(&report.results[0]).advice.unwrap().verdict, AdviceChange::Changed);
}

#[test]
fn what_cannot_be_told_fails_where_that_is_demanded() {
    let sandbox = simulated_suite();
    bench(&sandbox, 0, &["workloads/nap.toml", "--save-baseline", "b.json"]);
    let report = bench(&sandbox, 4, &["workloads/work.toml", "--baseline", "b.json", "--strict"]);
    assert_eq!(gate(&report.results[0]).verdict, GateVerdict::Inconclusive);
    assert!(matches!(gate(&report.results[0]).reason, Some(GateReason::NotInFile { .. })));
    // A workload that was changed is not compared with what it was.
    fs::write(sandbox.path("workloads/nap.toml"), NAP.replace("2ms", "3ms")).unwrap();
    let report = bench(&sandbox, 4, &["workloads/nap.toml", "--baseline", "b.json", "--strict"]);
    let changed = GateReason::WorkloadChanged { file: "b.json".to_owned() };
    assert_eq!(gate(&report.results[0]).reason, Some(changed));
}

#[test]
fn a_workload_that_was_changed_does_the_work_it_has_now() {
    let sandbox = suite();
    let before = bench(&sandbox, 0, &["workloads/work.toml", "--save-baseline", "b.json"]);
    fs::write(sandbox.path("workloads/work.toml"), WORK.replace("1ms", "4ms")).unwrap();
    let after = bench(&sandbox, 0, &["workloads/work.toml", "--baseline", "b.json"]);
    let iterations = |report: &BenchReport| report.results[0].series.as_ref().unwrap().iterations[0];
    assert!(iterations(&after) > 2 * iterations(&before));
}

#[test]
fn a_baseline_of_a_python_callable_is_compared_with() {
    let sandbox = Sandbox::with("tasks.py", "import time\n\ndef nap(item):\n    time.sleep(0.002)\n");
    let callable = ["tasks.py:nap", "--tasks", "20", "--strategy", "threads"];
    bench(&sandbox, 0, &[&callable[..], &["--save-baseline", "b.json"]].concat());
    let after = bench(&sandbox, 0, &[&callable[..], &["--baseline", "b.json"]].concat());
    assert!(!gate(&after.results[0]).metrics.is_empty());
    // Results of another interpreter are recognised, and not compared with.
    edit(&sandbox, "b.json", |value| value["results"][0]["profile"]["python"]["version"] = json!("2.7"));
    let after = bench(&sandbox, 0, &[&callable[..], &["--baseline", "b.json"]].concat());
    let reason = gate(&after.results[0]).reason.as_ref();
    assert!(
        matches!(reason, Some(GateReason::OtherInterpreter { there, .. }) if there == "2.7"),
        "{reason:?}"
    );
}
