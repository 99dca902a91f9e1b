//! Pipelines of Python callables: which pools their stages need, and what passing through them costs.

use crate::benchmark::configuration::Configuration;
use crate::benchmark::overhead::PythonOverheads;
use crate::profile::result::{PythonProfile, StagePool};
use crate::strategy::stages::{MAX_STAGES, Stages};

/// Returns true if a pipeline does anything that a simpler strategy does not: stages need different pools, or some
/// step limits its tasks.
pub(super) fn fits(pools: &[StagePool], has_step_rules: bool) -> bool {
    let differ = || pools.iter().any(|pool| pool != &pools[0]);
    (2..=MAX_STAGES).contains(&pools.len()) && (has_step_rules || differ())
}

/// Returns the worker processes of all stages together.
pub(super) fn processes(profile: &PythonProfile, cell: &Configuration) -> usize {
    let workers: Vec<usize> = cell.stages.iter().flat_map(Stages::workers).collect();
    let pools = profile.stage_pools().into_iter().zip(workers);
    pools.filter(|(pool, _)| *pool == StagePool::Process).map(|(_, workers)| workers).sum()
}

/// Returns the CPU seconds to take a task through all stages.
pub(super) fn dispatch_s(profile: &PythonProfile, overheads: &PythonOverheads) -> f64 {
    let of_stage = |pool: &StagePool| match pool {
        StagePool::Loop => overheads.loop_in_process_dispatch_s,
        StagePool::Thread => overheads.to_thread_dispatch_s,
        StagePool::Process => overheads.submit_dispatch_s,
    };
    profile.stage_pools().iter().map(of_stage).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::result::PythonStep;

    fn profile(steps: &[(bool, f64)], gil_held: f64) -> PythonProfile {
        let step = |(awaitable, cpu_fraction): &(bool, f64)| PythonStep {
            name: "f".into(),
            blocking: true,
            awaitable: *awaitable,
            cpu_fraction: *cpu_fraction,
        };
        PythonProfile::of_steps(gil_held, steps.iter().map(step).collect())
    }

    #[test]
    fn steps_that_compute_go_to_processes_only_where_a_lock_is_held() {
        use StagePool::{Loop, Process, Thread};
        let steps = [(true, 0.1), (false, 0.9), (false, 0.1)];
        assert_eq!(profile(&steps, 0.9).stage_pools(), [Loop, Process, Thread]);
        assert_eq!(profile(&steps, 0.0).stage_pools(), [Loop, Thread, Thread]);
    }

    #[test]
    fn a_pipeline_fits_stages_that_differ_or_have_limits() {
        use StagePool::{Process, Thread};
        assert!(fits(&[Thread, Process], false) && !fits(&[Thread, Thread], false));
        assert!(fits(&[Thread, Thread], true) && !fits(&[Thread], true) && !fits(&[], true));
    }

    #[test]
    fn workers_of_computing_stages_are_processes() {
        let stages = Stages::new(&[8, 2, 1], 16).expect("three stages");
        let of = |held| {
            processes(
                &profile(&[(true, 0.1), (false, 0.9), (false, 0.1)], held),
                &Configuration::pipeline(stages),
            )
        };
        assert_eq!((of(0.9), of(0.0)), (2, 0));
    }
}
