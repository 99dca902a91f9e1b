//! The programs for pipelines.

use std::time::Duration;

use conc::internal::{Configuration, PythonCallable, StagePool, StageShape, Stages, TaskShape, examples};

use crate::{Place, RESULTS, callable, fetch, shape};

/// Returns the shape of a pipeline, whose last stage keeps the order, with a pool for each step.
fn staged(steps: &[PythonCallable], pools: &[StagePool]) -> TaskShape {
    let stage = |(i, pool): (usize, &StagePool)| StageShape {
        kind: "python".to_owned(),
        time: Duration::from_millis(1),
        computes: *pool == StagePool::Process,
        ordered: i + 1 == pools.len(),
        pool: *pool,
    };
    TaskShape { stages: pools.iter().enumerate().map(stage).collect(), ..shape(steps) }
}

/// Returns pipelines with threads only, and with an event loop and processes.
pub(crate) fn shapes() -> [TaskShape; 2] {
    use StagePool::{Loop, Process, Thread};
    let (blocking, parse) = (callable(Some("fetch"), None), callable(Some("parse"), None));
    [
        staged(&[blocking, parse.clone(), parse.clone()], &[Thread, Thread, Thread]),
        staged(&[fetch(), parse.clone(), parse], &[Loop, Process, Thread]),
    ]
}

/// Returns a pipeline of three stages.
pub(crate) fn cell() -> Configuration {
    Configuration::pipeline(Stages::new(&[3, 2, 1], 16).unwrap())
}

#[test]
fn a_pipeline_takes_every_task_through_its_stages() {
    for shape in shapes() {
        let examples = examples(&cell(), &shape);
        let [example] = &examples[..] else { panic!("{examples:?}") };
        let place = Place::new(&example.code);
        let output = place.python(&["-c", RESULTS, "[1, 2, 3, 4, 5, 6]"], b"");
        let errors = String::from_utf8_lossy(&output.stderr);
        let what = format!("{errors}\n{}", example.code);
        let printed: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&what);
        let expected: Vec<_> =
            (1..=6).map(|item| serde_json::json!([item, "fetched", "parsed", "parsed"])).collect();
        assert_eq!(printed, serde_json::json!([expected, []]), "{what}");
        assert_eq!(place.counts(&[], b""), ("20 tasks: 20 ok, 0 failed".to_owned(), true), "{what}");
    }
}
