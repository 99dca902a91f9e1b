//! Helpers for the tests of the steps.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::workload::env::Env;
use crate::workload::item::Item;
use crate::workload::spec::StepSpec;
use crate::workload::step::{Step, StepOutput, TaskContext};

/// Returns the first attempt at task `index` of a count, without a deadline.
pub(super) fn task(index: u64) -> TaskContext<'static> {
    TaskContext { index, item: Item::Index(index), attempt: 0, deadline: None }
}

/// Returns a task whose deadline has passed already.
pub(super) fn late_task(index: u64) -> TaskContext<'static> {
    TaskContext { deadline: Some(Instant::now()), ..task(index) }
}

/// Returns a task that has a minute.
pub(super) fn patient_task(index: u64) -> TaskContext<'static> {
    TaskContext { deadline: Some(Instant::now() + Duration::from_secs(60)), ..task(index) }
}

/// Returns the surroundings of a batch whose state is in `state_dir`.
pub(super) fn env(state_dir: &Path) -> Env {
    Env { exe: "conc".into(), fixture: None, state_dir: state_dir.into(), seed: 1, permutation_id: 0 }
}

/// Runs the blocking form, then the async form, and gives their common result.
pub(super) async fn both_forms(spec: &StepSpec, env: &Env, index: u64) -> Result<StepOutput, Error> {
    let step = Step::prepare(spec, env).unwrap();
    let blocking = step.run_blocking(&patient_task(index));
    assert_eq!(blocking, step.run_async(&patient_task(index)).await);
    blocking
}
