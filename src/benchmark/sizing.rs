//! The number of tasks of a batch, and the time it may take.

use std::time::Duration;

use crate::benchmark::configuration::Configuration;
use crate::benchmark::executor::BatchRequest;
use crate::benchmark::params::SizingParams;
use crate::host::Host;
use crate::host::info::HostLimits;

/// Seconds after which the kernel fills up a quota, unless the control group says otherwise (CFS bandwidth
/// control, `Documentation/scheduler/sched-bwc.rst`).
const QUOTA_PERIOD_S: f64 = 0.1;

/// Times of one task that a much slower one may take.
const SLOWEST_IN_TASKS: f64 = 20.0;

/// Times of the longest task up to which a list is run as a whole: a batch with that task takes as long anyway,
/// and one without it tells nothing of the list.
const WHOLE_LIST_IN_LONGEST: f64 = 2.0;

/// The figures that the size of a batch depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizing {
    /// Tasks of the whole workload.
    pub tasks: u64,
    /// Seconds that one task takes alone.
    pub task_s: f64,
    /// Seconds of the longest task, if it takes much longer than most; otherwise 0.
    pub longest_s: f64,
    /// Measuring time of the whole run.
    pub budget: Duration,
    /// CPUs that may be used; a quota makes it a fraction.
    pub cpus: f64,
    /// The limit on CPU time that the kernel enforces period by period, if there is one.
    pub quota: Option<Quota>,
    /// True if batches should be long rather than many.
    pub is_thorough: bool,
    /// Tuned parameters.
    pub params: SizingParams,
}

/// A limit on CPU time that the kernel enforces period by period, and the work that it limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quota {
    /// CPUs that may be used on average.
    pub cpus: f64,
    /// Seconds after which the quota is filled up.
    pub period_s: f64,
    /// CPU seconds of a task.
    pub task_cpu_s: f64,
}

impl Quota {
    /// Returns the quota of a machine, if it is less than the CPUs that the affinity mask allows.
    pub fn of(host: &Host, task_cpu_s: f64) -> Option<Self> {
        let HostLimits { affinity_cpus, cgroup_cpus, cgroup_period_s, .. } = host.limits;
        let cpus = cgroup_cpus.filter(|cpus| *cpus < affinity_cpus as f64)?;
        Some(Quota { cpus, period_s: cgroup_period_s.unwrap_or(QUOTA_PERIOD_S), task_cpu_s })
    }
}

impl Sizing {
    /// Returns the batch for a configuration that is expected to do `per_s` tasks per second.
    pub fn request(&self, cell: Configuration, per_s: f64) -> BatchRequest {
        let per_s = per_s.max(f64::MIN_POSITIVE);
        let SizingParams { stop_starting_factor, stop_starting_grace_s, .. } = self.params;
        let count = self.count(cell.width as u64, per_s);
        let stop_s = stop_starting_factor * (count as f64 / per_s + self.task_s) + stop_starting_grace_s;
        let kill_s = stop_s + self.drain_s(count.min(cell.width as u64)) + self.params.kill_grace_s;
        BatchRequest {
            cell,
            tasks: 0..count,
            permutation_id: 0,
            stop_starting_after: seconds(stop_s),
            kill_after: seconds(kill_s),
        }
    }

    /// Returns the seconds in which `in_flight` tasks end if they end at all, from the last possible start of
    /// a task: in the worst case one after another, or one of them takes much longer than the others.
    fn drain_s(&self, in_flight: u64) -> f64 {
        let SizingParams { kill_in_tasks, kill_budget_share, .. } = self.params;
        let one_by_one_s = (in_flight as f64).max(SLOWEST_IN_TASKS) * self.task_s;
        let most_s = kill_budget_share * self.budget.as_secs_f64();
        one_by_one_s.min(most_s).max(kill_in_tasks * self.task_s)
    }

    /// Returns the seconds that a batch is expected to take.
    pub fn expected_s(&self, request: &BatchRequest, per_s: f64) -> f64 {
        (request.tasks.end as f64 / per_s.max(f64::MIN_POSITIVE)).max(self.task_s)
    }

    /// Returns true if tasks are so long that running one more of them alone, as the reference, would leave
    /// little of the budget; the profile has run one already.
    pub fn is_long(&self) -> bool {
        self.task_s > self.params.long_task_share * self.budget.as_secs_f64()
    }

    /// Returns true if tasks are so long that there is time for a few batches only.
    pub fn is_very_long(&self) -> bool {
        self.task_s > self.params.very_long_task_share * self.budget.as_secs_f64()
    }

    /// Returns true if a sequential run of tasks under observation is as good as a batch of the reference.
    pub fn counts_profile(&self) -> bool {
        self.is_long() || self.task_s >= self.params.min_reference_task_s
    }

    /// Returns the seconds that a batch of `width` tasks in flight should take.
    fn target_s(&self, width: u64) -> f64 {
        let params = self.params;
        let usual_s = (params.batch_in_tasks * self.task_s).clamp(params.min_batch_s, params.max_batch_s);
        // What tasks ask for, and not what they are believed to get: a batch that is throttled looks slow.
        let asked = |quota: &Quota| width as f64 * quota.task_cpu_s / self.task_s.max(quota.task_cpu_s);
        let binds = |quota: &Quota| asked(quota) >= params.quota_binds_share * quota.cpus;
        let periods_s = |quota: Quota| params.min_quota_periods * quota.period_s;
        self.quota.filter(binds).map_or(usual_s, |quota| usual_s.max(periods_s(quota)))
    }

    fn count(&self, width: u64, per_s: f64) -> u64 {
        let params = self.params;
        let target_s = self.target_s(width);
        if self.tasks as f64 <= per_s * WHOLE_LIST_IN_LONGEST * self.longest_s {
            return self.tasks;
        }
        if self.tasks as f64 <= params.whole_workload_batches * target_s * per_s {
            return self.tasks;
        }
        let waves = match params.min_batches_of_waves * params.waves as f64 * self.task_s {
            several_s if several_s > self.budget.as_secs_f64() => 1,
            _ if self.is_thorough => params.thorough_waves,
            _ => params.waves,
        };
        let wanted = ((target_s * per_s) as u64).max(waves * width);
        wanted.next_multiple_of(width).min(self.tasks)
    }
}

fn seconds(s: f64) -> Duration {
    Duration::try_from_secs_f64(s).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::testing::{self, host};
    use crate::strategy::StrategyKind;

    fn count(tasks: u64, task_s: f64, width: usize, rate: f64) -> u64 {
        let sizing = testing::sizing(tasks, task_s, Duration::from_secs(5));
        sizing.request(Configuration::new(StrategyKind::Async, width), rate).tasks.end
    }

    #[test]
    fn a_list_that_its_longest_item_rules_is_run_whole() {
        let sizing = |longest_s| {
            let all = testing::sizing(24, 0.11, Duration::from_secs(5));
            Sizing { longest_s, ..all }
        };
        let count = |longest_s, width, per_s| {
            sizing(longest_s).request(Configuration::new(StrategyKind::Threads, width), per_s).tasks.end
        };
        assert_eq!(count(1.5, 8, 16.0), 24);
        assert_eq!(count(1.5, 2, 16.0), 24);
        assert!(count(0.0, 2, 16.0) < 24 && count(1.5, 1, 7.0) < 24);
    }

    #[test]
    fn a_workload_that_is_quick_enough_is_run_whole() {
        assert_eq!(count(200, 0.046, 64, 1300.0), 200);
        assert_eq!(count(100_000, 1e-6, 2, 1.8e6), 100_000);
    }

    #[test]
    fn a_part_of_a_longer_one_is_made_of_whole_waves() {
        assert_eq!(count(200, 0.046, 1, 21.7), 3);
        assert_eq!(count(100_000, 0.02, 64, 3200.0), 384);
        assert_eq!(count(10_000_000, 1e-6, 2, 1.8e6), 216_000);
    }

    /// Returns the sizing of many tasks of `task_s` seconds, of which `cpu_s` are on a CPU.
    fn sizing(task_s: f64, cpu_s: f64, quota_cpus: Option<f64>) -> Sizing {
        let quota = quota_cpus.map(|cpus| Quota { cpus, period_s: 0.1, task_cpu_s: cpu_s });
        let cpus = quota_cpus.unwrap_or(2.0);
        let (budget, params) = (Duration::from_secs(5), SizingParams::default());
        Sizing { longest_s: 0.0, tasks: 100_000, task_s, budget, cpus, quota, is_thorough: false, params }
    }

    fn seconds_of(sizing: &Sizing, width: usize, rate: f64) -> f64 {
        let request = sizing.request(Configuration::new(StrategyKind::Threads, width), rate);
        sizing.expected_s(&request, rate)
    }

    #[test]
    fn batches_span_ten_periods_of_a_quota_that_binds() {
        for (quota, rate) in [(0.5, 50.0), (1.5, 150.0)] {
            let computing = sizing(0.01, 0.01, Some(quota));
            assert!((1.0..1.1).contains(&seconds_of(&computing, 2, rate)), "{quota}");
            assert!(seconds_of(&computing, 2, rate / 2.0) >= 1.0, "{quota}: however slow others make it");
        }
        let one_of_more = sizing(0.01, 0.01, Some(1.5));
        assert!(seconds_of(&one_of_more, 1, 100.0) < 0.2, "one thread cannot use 1.5 CPUs");
        let waiting = sizing(0.02, 1e-4, Some(0.5));
        assert!(seconds_of(&waiting, 16, 800.0) < 0.2, "tasks that wait are not throttled");
        assert!(seconds_of(&waiting, 128, 4000.0) >= 1.0, "unless they are so many");
        assert!(seconds_of(&sizing(0.01, 0.01, None), 2, 200.0) < 0.2);
    }

    #[test]
    fn a_quota_above_the_affinity_does_not_bind() {
        let mut host = host(2);
        host.limits.cgroup_cpus = Some(4.0);
        assert_eq!(Quota::of(&host, 0.01), None);
        host.limits = HostLimits { cgroup_cpus: Some(0.5), cgroup_period_s: Some(0.02), ..host.limits };
        assert_eq!(Quota::of(&host, 0.01), Some(Quota { cpus: 0.5, period_s: 0.02, task_cpu_s: 0.01 }));
    }

    #[test]
    fn a_batch_that_hangs_is_given_up_within_a_few_of_its_predicted_times() {
        let kill_s = |task_s: f64, width: usize| {
            let rate = width as f64 / task_s;
            let cell = Configuration::new(StrategyKind::Threads, width);
            sizing(task_s, 1e-4, None).request(cell, rate).kill_after.as_secs_f64()
        };
        assert!(
            kill_s(0.02, 8) < 1.7 && kill_s(0.02, 200) < 2.2,
            "{} {}",
            kill_s(0.02, 8),
            kill_s(0.02, 200)
        );
        assert!(kill_s(0.001, 4) < 1.3, "{}", kill_s(0.001, 4));
        // Each task may take three times as long as any before, or tasks may end one after another.
        assert!(kill_s(2.0, 1) >= 3.0 * (2.0 + 2.0) + 3.0 * 2.0);
        assert!(kill_s(0.02, 64) >= 3.0 * 0.08 + 0.2 + 1.0);
    }

    #[test]
    fn a_profile_counts_unless_its_clocks_show() {
        assert!(sizing(0.02, 1e-4, None).counts_profile());
        assert!(!sizing(5e-5, 5e-5, None).counts_profile());
        let budget = Duration::from_micros(100);
        assert!(Sizing { budget, ..sizing(5e-5, 5e-5, None) }.counts_profile(), "long beside the budget");
    }

    #[test]
    fn very_long_tasks_get_one_wave() {
        assert_eq!(count(100, 2.0, 8, 4.0), 8);
        assert_eq!(count(100, 2.0, 1, 0.5), 1);
    }
}
