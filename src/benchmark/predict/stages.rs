//! The stages of a task in the network, step after step.

use crate::benchmark::conditions::{Conditions, Subject};
use crate::benchmark::configuration::Configuration;
use crate::benchmark::execution_model::ExecutionModel;
use crate::benchmark::predict::cost::Cost;
use crate::model::network::TaskStage;
use crate::strategy::stages::Stages;
use crate::workload::Workload;
use crate::workload::spec::StepSpec;

/// Index of the pool of threads that compute.
const WORKERS: usize = 0;

/// Index of the pool of the event loop, for strategies that compute elsewhere.
const LOOP: usize = 1;

/// Index of the pool of the embedded server.
const SERVER: usize = 2;

/// Index of the pool of the first stage of a pipeline; those of the others follow.
const FIRST_STAGE: usize = 3;

/// Returns the number of threads in each server pool, and of the workers in each stage of a pipeline.
pub(super) fn server_pools(
    model: &dyn ExecutionModel,
    cell: &Configuration,
    subject: &Subject<'_>,
) -> Vec<usize> {
    // The server has half of the CPUs.
    let mut pools = vec![model.computing_threads(cell), 1, subject.host.cpu_workers().div_ceil(2)];
    pools.extend(cell.stages.iter().flat_map(Stages::workers));
    pools
}

/// Returns the stages of a task: a step that does not compute waits, and then costs its share of the CPU time
/// that computing steps do not account for.
pub(super) fn stages(
    model: &dyn ExecutionModel,
    cell: &Configuration,
    subject: &Subject<'_>,
    cost: &Cost,
) -> Vec<TaskStage> {
    let Subject { workload, profile, .. } = *subject;
    let handler = if model.has_loop_of_its_own(cell) { LOOP } else { WORKERS };
    let steps: Vec<_> = workload.steps.iter().zip(&profile.steps).collect();
    let sum = |computing: bool| {
        let those = steps.iter().filter(|(step, _)| step.is_computation() == computing);
        those.map(|(_, cost)| cost.wall_s).sum::<f64>()
    };
    let (computing_s, waiting_s) = (sum(true), sum(false));
    let in_steps_s = if waiting_s > 0.0 { cost.demand_s.min(computing_s) } else { cost.demand_s };
    if computing_s + waiting_s <= 0.0 || (waiting_s <= 0.0 && cost.delay_s > 0.0) {
        return vec![TaskStage::Wait(cost.delay_s), TaskStage::Compute(WORKERS, cost.demand_s)];
    }
    let requests = steps.iter().filter(|(step, _)| step.is_request()).count();
    let mut stages = Vec::new();
    for (i, (step, step_cost)) in steps.into_iter().enumerate() {
        let pool = cell.stages.is_some().then_some(FIRST_STAGE + i);
        stages.extend(pool.map(TaskStage::Enter));
        if step.is_computation() {
            compute(&mut stages, WORKERS, in_steps_s * step_cost.wall_s / computing_s);
        } else {
            if step.is_request() {
                compute(&mut stages, SERVER, cost.server_s / requests as f64);
            }
            let share = step_cost.wall_s / waiting_s;
            stages.push(wait(cell, step, cost, cost.delay_s * share));
            compute(&mut stages, handler, (cost.demand_s - in_steps_s) * share);
        }
        stages.extend(pool.map(TaskStage::Leave));
    }
    stages
}

/// Adds a computation, to the last stage if that is one of the same pool.
fn compute(stages: &mut Vec<TaskStage>, pool: usize, s: f64) {
    match stages.last_mut() {
        Some(TaskStage::Compute(last, sum)) if *last == pool => *sum += s,
        _ => stages.push(TaskStage::Compute(pool, s)),
    }
}

/// Returns a wait of `s` seconds, which the timer of an event loop ends if there is one.
fn wait(cell: &Configuration, step: &StepSpec, cost: &Cost, s: f64) -> TaskStage {
    let has_loop = cell.strategy.info().width.has_event_loop();
    let is_timed = (step.is_request() && cost.server_s > 0.0) || (step.is_timer() && has_loop);
    if is_timed { TaskStage::Timer(s) } else { TaskStage::Wait(s) }
}

/// Returns the stages before the first task of a worker, which opens connections.
pub(super) fn connecting(workload: &Workload, conditions: &Conditions) -> Vec<TaskStage> {
    let connection = conditions.overheads.connection;
    // A server on another machine has CPUs of its own.
    let server_s = if conditions.server_cpu_s > 0.0 { connection.server_s } else { 0.0 };
    if !workload.steps.iter().any(StepSpec::keeps_connection) {
        return Vec::new();
    }
    vec![TaskStage::Compute(WORKERS, connection.client_s), TaskStage::Compute(SERVER, server_s)]
}
