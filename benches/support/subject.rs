//! The library's own strategies as subjects of a benchmark.

use std::sync::Arc;

use conc::internal::{
    Env, Host, Items, Job, Program, StepSpec, StrategyKind, TaskQueue, Workload, WorkloadSource, strategy,
};

use crate::support::paired::Used;

/// Workers that the benchmarks use: two, or one where there is one CPU only.
pub(crate) fn cpus() -> usize {
    Host::detect().map_or(1, |host| host.cpu_workers()).min(2)
}

/// The surroundings of every benchmark; there is nothing to tidy up after them.
pub(crate) fn env() -> Env {
    let exe = env!("CARGO_BIN_EXE_conc").into();
    Env { exe, fixture: None, state_dir: std::env::temp_dir(), seed: 0, permutation_id: 0 }
}

/// A workload of one step.
pub(crate) fn workload(step: StepSpec) -> Workload {
    staged(vec![step])
}

/// A workload of several steps.
pub(crate) fn staged(steps: Vec<StepSpec>) -> Workload {
    Workload::new(steps[0].kind().to_owned(), WorkloadSource::Inline, Items::Count(u64::MAX), steps)
}

/// Starts a strategy, a pipeline with an equal number of workers for each step, then measures its use of resources over `tasks` tasks, start-up excluded.
pub(crate) fn run(kind: StrategyKind, workload: &Arc<Workload>, width: usize, tasks: u64) -> Used {
    let (env, cpus) = (env(), cpus());
    let program = Program::prepare(workload, &env).expect("the workload of a benchmark is valid");
    let (workload, program) = (Arc::clone(workload), Arc::new(program));
    let job =
        Job { workload, program, env, width, processes: cpus, stages: None, cpus, stop_starting_after: None };
    let queue = Arc::new(TaskQueue::new(0..tasks, width));
    let strategy = strategy(kind).expect("the strategies of the benchmarks exist");
    let pool = strategy.start(&job).expect("a few threads or processes can be started");
    let (used, run) = Used::by(|| pool.run(&queue));
    assert_eq!(run.outcomes.counts.ok, tasks);
    used.and_cpu(run.usage.cpu.total_s())
}
