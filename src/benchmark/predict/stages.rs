//! The way of a task through the network, step after step.

use crate::benchmark::conditions::{Conditions, Subject};
use crate::benchmark::configuration::Configuration;
use crate::benchmark::execution_model::ExecutionModel;
use crate::benchmark::predict::cost::Cost;
use crate::model::network::Stage;
use crate::workload::Workload;
use crate::workload::spec::StepSpec;

/// The teams of threads in the network: those of the strategy, its event loop where the strategy computes
/// elsewhere, and the embedded server's.
const WORKERS: usize = 0;
const LOOP: usize = 1;
const SERVER: usize = 2;

/// The number of threads in each team.
pub(super) fn teams(model: &dyn ExecutionModel, cell: &Configuration, subject: &Subject<'_>) -> [usize; 3] {
    // The server has half of the CPUs.
    [model.computing_threads(cell), 1, subject.host.cpu_workers().div_ceil(2)]
}

/// A task as it goes through the network, step after step: what is no step of computing waits, and then
/// costs its share of the CPU time that those steps do not account for.
pub(super) fn stages(
    model: &dyn ExecutionModel,
    cell: &Configuration,
    subject: &Subject<'_>,
    cost: &Cost,
) -> Vec<Stage> {
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
        return vec![Stage::Wait(cost.delay_s), Stage::Compute(WORKERS, cost.demand_s)];
    }
    let requests = steps.iter().filter(|(step, _)| step.is_request()).count();
    let mut stages = Vec::new();
    for (step, step_cost) in steps {
        if step.is_computation() {
            compute(&mut stages, WORKERS, in_steps_s * step_cost.wall_s / computing_s);
            continue;
        }
        if step.is_request() {
            compute(&mut stages, SERVER, cost.server_s / requests as f64);
        }
        let share = step_cost.wall_s / waiting_s;
        stages.push(wait(cell, step, cost, cost.delay_s * share));
        compute(&mut stages, handler, (cost.demand_s - in_steps_s) * share);
    }
    stages
}

/// Adds what a thread goes on to compute.
fn compute(stages: &mut Vec<Stage>, team: usize, s: f64) {
    match stages.last_mut() {
        Some(Stage::Compute(last, sum)) if *last == team => *sum += s,
        _ => stages.push(Stage::Compute(team, s)),
    }
}

/// A wait of `s` seconds, which the timer of an event loop ends where one does.
fn wait(cell: &Configuration, step: &StepSpec, cost: &Cost, s: f64) -> Stage {
    let has_loop = cell.strategy.info().width.has_event_loop();
    let is_timed = (step.is_request() && cost.server_s > 0.0) || (step.is_timer() && has_loop);
    if is_timed { Stage::Timer(s) } else { Stage::Wait(s) }
}

/// What comes before the first task of a worker: it opens connections.
pub(super) fn connecting(workload: &Workload, conditions: &Conditions) -> Vec<Stage> {
    let connection = conditions.overheads.connection;
    // A server elsewhere has CPUs of its own.
    let server_s = if conditions.server_cpu_s > 0.0 { connection.server_s } else { 0.0 };
    if !workload.steps.iter().any(StepSpec::keeps_connection) {
        return Vec::new();
    }
    vec![Stage::Compute(WORKERS, connection.client_s), Stage::Compute(SERVER, server_s)]
}
