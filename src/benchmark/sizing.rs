//! How many tasks a batch has, and how long it may take.

use std::time::Duration;

use crate::benchmark::configuration::Configuration;
use crate::benchmark::executor::BatchRequest;
use crate::benchmark::predict::BATCH_WAVES;

/// A batch takes about three tasks' time, within these bounds: shorter ones are noise, longer ones
/// leave too few of them in the budget.
const TASKS_LONG: f64 = 3.0;
const SHORTEST_S: f64 = 0.12;
const LONGEST_S: f64 = 0.6;

/// The whole workload is run if it takes no longer than this many ordinary batches.
const WHOLE: f64 = 2.0;

/// Tasks per worker in a batch that is not the whole workload.
const WAVES: u64 = BATCH_WAVES;

/// The same where time is no matter: as many tasks after one another show a workload as it goes on, when
/// those that started together have fallen out of step.
const THOROUGH_WAVES: u64 = 12;

/// Tasks are very long where this many batches of several waves would not fit into the budget.
const BATCHES: f64 = 8.0;

/// A task is long if it takes more than this share of the budget.
const LONG: f64 = 0.1;

/// A task is very long if it takes more than this share of the budget.
const VERY_LONG: f64 = 0.25;

/// What sizing a batch depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizing {
    /// Tasks of the whole workload.
    pub tasks: u64,
    /// Seconds that one task takes alone.
    pub task_s: f64,
    /// Measuring time of the whole run.
    pub budget: Duration,
    /// CPUs that may be used; fractions are possible.
    pub cpus: f64,
    /// Whether batches are long rather than many.
    pub is_thorough: bool,
}

impl Sizing {
    /// The batch for a cell that is expected to do `rate` tasks per second.
    pub fn order(&self, cell: Configuration, rate: f64) -> BatchRequest {
        let rate = rate.max(f64::MIN_POSITIVE);
        let count = self.count(cell.width as u64, rate);
        let stop_starting_after_s = 3.0 * (count as f64 / rate + self.task_s) + 0.2;
        let kill_after_s = stop_starting_after_s + 20.0 * self.task_s + 10.0;
        BatchRequest {
            cell,
            tasks: 0..count,
            permutation_id: 0,
            stop_starting_after: seconds(stop_starting_after_s),
            kill_after: seconds(kill_after_s),
        }
    }

    /// Seconds that a batch is expected to take.
    pub fn expected_s(&self, order: &BatchRequest, rate: f64) -> f64 {
        (order.tasks.end as f64 / rate.max(f64::MIN_POSITIVE)).max(self.task_s)
    }

    /// Whether tasks are so long that running one more of them alone, as the reference, would leave
    /// little of the budget; the profile has run one already.
    pub fn is_long(&self) -> bool {
        self.task_s > LONG * self.budget.as_secs_f64()
    }

    /// Whether tasks are so long that there is time for a few batches only.
    pub fn is_very_long(&self) -> bool {
        self.task_s > VERY_LONG * self.budget.as_secs_f64()
    }

    fn count(&self, width: u64, rate: f64) -> u64 {
        let target = (TASKS_LONG * self.task_s).clamp(SHORTEST_S, LONGEST_S);
        if self.tasks as f64 <= WHOLE * target * rate {
            return self.tasks;
        }
        let waves = match BATCHES * WAVES as f64 * self.task_s {
            several_s if several_s > self.budget.as_secs_f64() => 1,
            _ if self.is_thorough => THOROUGH_WAVES,
            _ => WAVES,
        };
        let wanted = ((target * rate) as u64).max(waves * width);
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
        let sizing = Sizing { tasks, task_s, budget, cpus: 2.0, is_thorough: false };
        sizing.order(Configuration::new(StrategyKind::Async, width), rate).tasks.end
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
