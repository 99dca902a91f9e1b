//! A closed network of tasks that wait and compute.

use crate::model::full_pipe::{FullPipe, TaskInterval};
use crate::model::network::simulation::{Finished, Setup, Simulation};
use crate::model::network::stage::TaskStage;
use crate::model::rate::RateCurve;

/// Minimum number of tasks to simulate; all further tasks continue at the rate of the second half of these.
const MIN_SIMULATED_TASKS: u64 = 600;

/// Minimum number of tasks to simulate per job slot.
const MIN_SIMULATED_WAVES: u64 = 8;

/// Maximum number of job slots that are simulated one by one; beyond it each slot stands for several tasks.
const MAX_JOB_SLOTS: u64 = 4096;

/// Threads that share some CPUs, and the tasks they run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Network<'a> {
    /// Work that the CPUs do, in CPU seconds per second.
    pub rates: RateCurve,
    /// Maximum CPU time after which a thread gives way to the next one, in seconds.
    pub slice_s: f64,
    /// Number of threads in each server pool; tasks that find no idle thread queue in order.
    pub server_pools: &'a [usize],
    /// Stages before the first task in each job slot, such as opening a connection.
    pub warmup_stages: &'a [TaskStage],
    /// The stages of a task, in order.
    pub stages: &'a [TaskStage],
    /// Coefficient of variation of the time that tasks take.
    pub variation: f64,
    /// Number of tasks in flight.
    pub width: usize,
    /// Number of tasks.
    pub tasks: u64,
}

impl Network<'_> {
    /// Returns the seconds from the start of the first task to the end of the last one; infinite if tasks
    /// compute and there are no CPUs.
    ///
    /// The result depends on the network only: the random numbers have fixed seeds.
    pub(crate) fn makespan_s(&self) -> f64 {
        if self.stages.is_empty() {
            return 0.0;
        }
        if self.computing_s() == f64::INFINITY {
            return f64::INFINITY;
        }
        self.aggregated(|network| network.run_s()).max(self.computing_s())
    }

    /// Returns what a batch of the first `tasks` tasks tells of the rate while every slot is busy, and the
    /// seconds until the last of them has ended if no others follow.
    pub(crate) fn batch(&self, tasks: u64) -> (Option<FullPipe>, f64) {
        if self.stages.is_empty() || tasks == 0 || self.computing_s() == f64::INFINITY {
            return (None, 0.0);
        }
        let batch = Network { tasks, ..self.clone() };
        batch.aggregated(|network| {
            let Finished { begins_s, ends_s, wall_s } = network.simulate(network.tasks);
            let nanos = |s: &f64| (s * 1e9).round() as u64;
            let interval = |(begin, end)| TaskInterval { start_ns: nanos(begin), end_ns: nanos(end) };
            let intervals: Vec<_> = begins_s.iter().zip(&ends_s).map(interval).collect();
            let per_slot = batch.tasks as f64 / network.tasks as f64;
            (FullPipe::of(&intervals).map(|pipe| pipe.with_tasks_per_worker(per_slot)), wall_s)
        })
    }

    /// Evaluates this network or, if it has too many job slots to simulate, one with fewer slots: in that one,
    /// several tasks share a slot, waiting together and computing one after another.
    fn aggregated<T>(&self, evaluate: impl FnOnce(&Network<'_>) -> T) -> T {
        let per_slot = self.job_slots().div_ceil(MAX_JOB_SLOTS);
        if per_slot <= 1 {
            return evaluate(self);
        }
        let of_all = |stage: &TaskStage| match stage {
            TaskStage::Compute(pool, s) => TaskStage::Compute(*pool, s * per_slot as f64),
            other => *other,
        };
        let warmup_stages: Vec<TaskStage> = self.warmup_stages.iter().map(of_all).collect();
        let stages: Vec<TaskStage> = self.stages.iter().map(of_all).collect();
        evaluate(&Network {
            warmup_stages: &warmup_stages,
            stages: &stages,
            width: self.width.div_ceil(per_slot as usize),
            tasks: self.tasks.div_ceil(per_slot),
            ..*self
        })
    }

    /// Returns the number of tasks in flight as long as enough tasks are left.
    fn job_slots(&self) -> u64 {
        u64::try_from(self.width.max(1)).unwrap_or(u64::MAX).min(self.tasks)
    }

    fn simulate(&self, tasks: u64) -> Finished {
        let Network { rates, slice_s, server_pools, warmup_stages, stages, variation, .. } = *self;
        let setup = Setup { rates, slice_s, server_pools, warmup_stages, stages, variation };
        Simulation::new(setup, self.job_slots(), tasks).finish()
    }

    fn run_s(&self) -> f64 {
        let slots = self.job_slots();
        // Only whole waves are left out, so that the simulated run ends as raggedly as the real one.
        let enough = MIN_SIMULATED_TASKS.max(slots.saturating_mul(MIN_SIMULATED_WAVES));
        let beyond = self.tasks.saturating_sub(enough);
        let simulated = self.tasks - beyond / slots.max(1) * slots;
        let Finished { ends_s, .. } = self.simulate(simulated);
        let Some(last_s) = ends_s.last().copied() else { return 0.0 };
        if simulated == self.tasks {
            return last_s;
        }
        // While every slot is taken: whole waves from about the middle to the last task started.
        let (width, to) = (slots as usize, ends_s.len() - slots as usize);
        let counted = (to - ends_s.len() / 2) / width * width;
        let each_s = (ends_s[to] - ends_s[to - counted]) / counted as f64;
        last_s + (self.tasks - simulated) as f64 * each_s
    }

    /// Returns the tasks per second that the CPUs allow.
    pub(crate) fn cpu_bound(&self) -> f64 {
        let compute = |stage: &TaskStage| match stage {
            TaskStage::Compute(_, s) => s.max(0.0),
            TaskStage::Wait(_) | TaskStage::Timer(_) | TaskStage::Enter(_) | TaskStage::Leave(_) => 0.0,
        };
        self.rates.together / self.stages.iter().map(compute).sum::<f64>()
    }

    /// Returns the seconds that all tasks take if the CPUs are never idle.
    fn computing_s(&self) -> f64 {
        self.tasks as f64 / self.cpu_bound()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::repairman::{asymptotic_bound, throughput};
    use proptest::prelude::*;

    /// Returns a network of tasks that wait, then compute for longer than a slice, on two CPUs.
    fn mixed(server_pools: &[usize], width: usize) -> Network<'_> {
        Network {
            rates: RateCurve::ideal(2.0),
            slice_s: 3e-3,
            server_pools,
            warmup_stages: &[],
            stages: &[TaskStage::Wait(0.04), TaskStage::Compute(0, 0.007)],
            variation: 0.0,
            width,
            tasks: 400,
        }
    }

    #[test]
    fn equal_tasks_that_wait_run_in_whole_waves() {
        let stages = [TaskStage::Wait(0.1)];
        let waits = |tasks, width| Network { stages: &stages, tasks, ..mixed(&[1], width) }.makespan_s();
        assert!((waits(200, 64) - 0.4).abs() < 1e-6);
        assert!((waits(192, 64) - 0.3).abs() < 1e-6);
        assert!((waits(10, 1) - 1.0).abs() < 1e-6);
        assert!((waits(64_000, 64) - 100.0).abs() < 1e-3);
        assert!((waits(3, 64) - 0.1).abs() < 1e-6);
    }

    #[test]
    fn tasks_that_differ_end_raggedly() {
        let stages = [TaskStage::Wait(0.1)];
        let ends =
            |variation| Network { stages: &stages, variation, tasks: 640, ..mixed(&[1], 64) }.makespan_s();
        assert!(ends(0.5) > 1.1 && ends(0.5) < 1.6, "{}", ends(0.5));
        assert!(ends(0.1) < ends(0.5));
    }

    #[test]
    fn cpus_that_are_full_set_the_pace() {
        let rate = |tasks| tasks as f64 / Network { tasks, ..mixed(&[2], 64) }.makespan_s();
        assert!((rate(100_000) / (2.0 / 0.007) - 1.0).abs() < 0.01, "{}", rate(100_000));
        // The first tasks wait before any of them computes.
        assert!(rate(400) < rate(100_000));
    }

    #[test]
    fn threads_that_share_the_cpus_stay_in_step_where_an_event_loop_does_not() {
        // On 2 CPUs an event loop did 231 a second, threads 215 (0.93), with 6.4 ms of work after 40 ms.
        let seconds =
            |server_pools: &[usize]| Network { variation: 0.005, ..mixed(server_pools, 12) }.makespan_s();
        let (threads, event_loop) = (seconds(&[12]), seconds(&[2]));
        assert!(event_loop / threads > 0.8 && event_loop / threads < 0.97, "{event_loop} {threads}");
    }

    #[test]
    fn what_comes_first_comes_once_in_every_slot() {
        let (warmup_stages, stages) = ([TaskStage::Compute(0, 0.01)], [TaskStage::Wait(0.1)]);
        let opened = Network { warmup_stages: &warmup_stages, stages: &stages, tasks: 80, ..mixed(&[2], 8) }
            .makespan_s();
        assert!((opened - 1.04).abs() < 0.01, "{opened}");
    }

    #[test]
    fn a_team_of_one_is_a_bottleneck() {
        let stages = [TaskStage::Compute(1, 1e-3), TaskStage::Compute(0, 1e-4)];
        let network = Network { stages: &stages, tasks: 2000, ..mixed(&[2, 1], 16) };
        assert!((2000.0 / network.makespan_s() / 1000.0 - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_pipeline_is_as_fast_as_its_slowest_stage() {
        let line = |workers: [usize; 2], width| {
            let pools = [64, workers[0], workers[1]];
            let stages = [
                TaskStage::Enter(1),
                TaskStage::Wait(0.04),
                TaskStage::Leave(1),
                TaskStage::Enter(2),
                TaskStage::Compute(0, 0.005),
                TaskStage::Leave(2),
            ];
            let network = Network { stages: &stages, tasks: 2000, ..mixed(&pools, width) };
            2000.0 / network.makespan_s()
        };
        // 4 tasks per 40 ms; one task per 5 ms; both CPUs.
        for (workers, expected) in [([4, 2], 100.0), ([32, 1], 200.0), ([32, 2], 400.0), ([32, 8], 400.0)] {
            let rate = line(workers, 64);
            assert!((rate / expected - 1.0).abs() < 0.04, "{workers:?}: {rate}");
        }
        assert!(line([32, 2], 8) < 0.6 * line([32, 2], 64), "too few tasks in flight");
    }

    #[test]
    fn a_hundred_thousand_at_a_time_do_as_much_as_the_cpus_allow() {
        let stages = [TaskStage::Wait(1.0), TaskStage::Compute(0, 20e-6)];
        let network = Network { stages: &stages, tasks: 1_000_000, ..mixed(&[2], 100_000) };
        let rate = 1_000_000.0 / network.makespan_s();
        assert!(rate > 75_000.0 && rate <= 100_000.0, "{rate}");
    }

    #[test]
    fn degenerate_networks_have_an_answer() {
        assert_eq!(Network { stages: &[], ..mixed(&[1], 4) }.makespan_s(), 0.0);
        assert_eq!(Network { tasks: 0, ..mixed(&[1], 4) }.makespan_s(), 0.0);
        assert_eq!(Network { rates: RateCurve::ideal(0.0), ..mixed(&[1], 4) }.makespan_s(), f64::INFINITY);
        let instant = [TaskStage::Wait(0.0), TaskStage::Compute(0, f64::NAN)];
        assert!(Network { stages: &instant, ..mixed(&[1], 4) }.makespan_s() < 1e-3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn tasks_that_differ_little_do_better_than_exponential_ones_and_no_better_than_the_bound(
            demand in 1e-4f64..5e-3, delay in 1e-3f64..0.05, width in 1usize..40,
        ) {
            let stages = [TaskStage::Wait(delay), TaskStage::Compute(0, demand)];
            let network = Network { stages: &stages, variation: 0.3, tasks: 20_000, ..mixed(&[2], width) };
            let simulated = 20_000.0 / network.makespan_s();
            let rates = RateCurve::ideal(2.0);
            let (least, most) =
                (throughput(&rates, demand, delay, width), asymptotic_bound(&rates, demand, delay, width));
            prop_assert!(simulated > 0.95 * least && simulated < 1.05 * most, "{least} {simulated} {most}");
        }
    }
}
