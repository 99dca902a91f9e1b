//! `--simulate`: the results of a scripted machine reach the tables, the documents and the exit status.

use conc::internal::{Code, Document, Status, StrategyKind};
use predicates::prelude::*;
use predicates::str::contains;

use crate::json::document;
use crate::sandbox::Sandbox;

/// Threads do best, an event loop fails, and worker processes give other outputs.
const SCRIPT: &str = "\
cpus = 8.0
noise = 0.001
task = { cpu_s = 0.001, wait_s = 0.009, failing = 0.1 }
[strategy.threads]
rates = [[1, 100], [16, 1000], [64, 1000]]
[strategy.work-stealing]
rates = [[1, 100], [8, 400]]
[strategy.async]
error = 'E-ASYNC-005'
[strategy.processes]
rates = [[1, 100], [16, 300]]
differs = true
";

const ADVISE: [&str; 6] = ["advise", "--wait", "10ms", "--tasks", "400", "--json"];

#[test]
fn what_the_script_says_is_measured() {
    let sandbox = Sandbox::new().simulating(SCRIPT);
    let document = document(&sandbox, &sandbox.run(&[&ADVISE[..], &["--exhaustive"]].concat()).code(0));
    let Document::Single(report) = &document else { panic!("one report: {document:?}") };
    let cpu_fraction = report.profile.as_ref().unwrap().cpu_fraction;
    assert!(report.host.cpus_effective == 8.0 && (cpu_fraction - 0.1).abs() < 1e-9, "{cpu_fraction}");
    let advice = report.recommendation.as_ref().unwrap();
    assert_eq!((advice.strategy, advice.width), (StrategyKind::Threads, 16));
    let codes: Vec<_> = report.warnings.iter().map(|warning| warning.code).collect();
    assert!(codes.contains(&Code::NoteFailures), "{codes:?}");
    for result in &report.cells {
        let fails = result.cell.strategy == StrategyKind::Async;
        assert_eq!(result.status == Status::Failed, fails, "{result:?}");
        assert_eq!(result.reason.as_ref().is_some_and(|reason| reason.code == Code::AsyncExhausted), fails);
    }
}

#[test]
fn the_same_script_gives_the_same_document_without_waiting() {
    let sandbox = Sandbox::new().simulating(SCRIPT);
    let budget = ["--budget", "20s"];
    let run = || sandbox.run(&[&ADVISE[..], &budget].concat()).code(0).get_output().stdout.clone();
    assert_eq!(run(), run());
}

#[test]
fn a_workload_that_the_script_breaks_ends_with_its_code() {
    let script = format!("broken = {{ sleep-io = 'E-HOST-004' }}\n{SCRIPT}");
    let sandbox = Sandbox::new().simulating(&script);
    sandbox.run(&["advise", "sleep-io"]).code(1).stdout("").stderr(contains("error[E-HOST-004]: "));
    let bench = sandbox.run(&["bench", "sleep-io", "tiny-tasks", "--budget", "1s"]).code(1);
    bench.stdout(contains("tiny-tasks · ")).stderr(contains("sleep-io: "));
}

#[test]
fn a_script_with_an_unknown_key_is_refused_and_the_option_is_hidden() {
    let sandbox = Sandbox::new().simulating("cpu = 2.0");
    sandbox.run(&["profile", "sleep-io"]).code(2).stdout("").stderr(contains("unknown field `cpu`"));
    Sandbox::new().run(&["advise", "--help"]).code(0).stdout(contains("simulate").not());
}
