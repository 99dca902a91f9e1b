//! The number of tasks of a batch, and the time it may take.

use std::time::Duration;

use crate::benchmark::configuration::Configuration;
use crate::benchmark::executor::BatchRequest;
use crate::benchmark::params::SizingParams;

/// The figures that the size of a batch depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizing {
    /// Tasks of the whole workload.
    pub tasks: u64,
    /// Seconds that one task takes alone.
    pub task_s: f64,
    /// Measuring time of the whole run.
    pub budget: Duration,
    /// CPUs that may be used; a quota makes it a fraction.
    pub cpus: f64,
    /// True if batches should be long rather than many.
    pub is_thorough: bool,
    /// Tuned parameters.
    pub params: SizingParams,
}

impl Sizing {
    /// Returns the batch for a configuration that is expected to do `per_s` tasks per second.
    pub fn request(&self, cell: Configuration, per_s: f64) -> BatchRequest {
        let per_s = per_s.max(f64::MIN_POSITIVE);
        let SizingParams { stop_starting_factor, stop_starting_grace_s, kill_in_tasks, kill_grace_s, .. } =
            self.params;
        let count = self.count(cell.width as u64, per_s);
        let stop_s = stop_starting_factor * (count as f64 / per_s + self.task_s) + stop_starting_grace_s;
        let kill_s = stop_s + kill_in_tasks * self.task_s + kill_grace_s;
        BatchRequest {
            cell,
            tasks: 0..count,
            permutation_id: 0,
            stop_starting_after: seconds(stop_s),
            kill_after: seconds(kill_s),
        }
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

    fn count(&self, width: u64, per_s: f64) -> u64 {
        let params = self.params;
        let target_s = (params.batch_in_tasks * self.task_s).clamp(params.min_batch_s, params.max_batch_s);
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
    use crate::strategy::StrategyKind;

    fn count(tasks: u64, task_s: f64, width: usize, rate: f64) -> u64 {
        let budget = Duration::from_secs(5);
        let sizing =
            Sizing { tasks, task_s, budget, cpus: 2.0, is_thorough: false, params: SizingParams::default() };
        sizing.request(Configuration::new(StrategyKind::Async, width), rate).tasks.end
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

    #[test]
    fn very_long_tasks_get_one_wave() {
        assert_eq!(count(100, 2.0, 8, 4.0), 8);
        assert_eq!(count(100, 2.0, 1, 0.5), 1);
    }
}
