//! Callables that go wrong when several of them run at once.

use conc::internal::{Report, StrategyKind};

use crate::advise_by;

/// Time enough for a busy machine to reach the wide configurations.
const BUDGET: [&str; 2] = ["--budget", "6s"];

fn advise(callable: &str) -> Option<serde_json::Value> {
    let report: Report = advise_by(&BUDGET, &[callable], "tasks = 100")?;
    Some(serde_json::to_value(report).expect("a document"))
}

/// Returns the cells of the strategies of which all tasks share one process.
fn in_one_process(report: &serde_json::Value) -> Vec<&serde_json::Value> {
    let cells = report["cells"].as_array().expect("cells").iter();
    cells.filter(|cell| matches!(cell["strategy"].as_str(), Some("async" | "threads"))).collect()
}

#[test]
fn wrong_outputs_never_win_and_are_said_first() {
    for callable in ["shares_a_global", "changes_directory", "returns_a_shared_buffer"] {
        let Some(report) = advise(callable) else { return };
        let wrong =
            in_one_process(&report).into_iter().find(|cell| cell["outputs"]["verdict"] == "different");
        let advice = &report["recommendation"];
        assert!(wrong.is_some(), "{callable}: {:#}", report["cells"]);
        assert!(["processes", "sequential"].contains(&advice["strategy"].as_str().unwrap()), "{advice:#}");
        assert_eq!(advice["performance_notes"][0]["code"], "wrong-outputs", "{advice:#}");
    }
}

#[test]
fn outputs_that_are_random_one_after_another_are_harmless() {
    let Some(report) = advise("draws") else { return };
    let cells = in_one_process(&report);
    assert!(cells.iter().all(|cell| cell["outputs"]["verdict"] != "different"), "{cells:#?}");
    let warnings = report["warnings"].as_array().expect("warnings");
    assert!(warnings.iter().any(|warning| warning["code"] == "W-RUN-011"), "{warnings:#?}");
    assert_ne!(report["recommendation"]["strategy"], StrategyKind::Sequential.to_string());
}

#[test]
fn no_more_tasks_are_recommended_than_work_at_once() {
    for (callable, most) in
        [("refuses_beyond_four", 4), ("takes_a_lock_file", 1), ("writes_without_waiting", 1)]
    {
        let Some(report) = advise(callable) else { return };
        let advice = &report["recommendation"];
        assert!(advice["width"].as_u64().unwrap() <= most, "{callable}: {advice:#}");
        assert!(advice["failing_beyond"]["at"].as_u64().unwrap() > most, "{callable}: {advice:#}");
    }
}
