//! The throughput of the whole workload from one batch of it.
//!
//! Users ask how long *their* number of tasks takes. A batch that ran all of these tasks shows the answer.
//! A shorter batch shows the start and the end of the run; in between, tasks run at the rate of a full pipe.

use crate::model::FullPipe;
use crate::model::full_pipe::STEADY_TASKS_PER_WORKER;
use crate::strategy::run::RunReport;

/// The times and counts of a batch, as plain numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchTimes {
    /// Number of tasks that succeeded.
    pub ok: u64,
    /// Number of tasks started.
    pub started: u64,
    /// Number of workers that were busy at once.
    pub busy: u64,
    /// Seconds to start the strategy.
    pub startup_s: f64,
    /// Seconds from the first task started to the last one ended.
    pub wall_s: f64,
    /// The rate while every worker was busy; `None` if the times of the tasks are not known.
    pub full_pipe: Option<FullPipe>,
    /// Tasks per second that the CPUs which the strategy can use allow, by the measured CPU time per task.
    pub cpu_bound: f64,
}

impl BatchTimes {
    /// Reads the figures off the report of a run that could use `cpus` CPUs: those of the machine, or as many
    /// as a lock or an event loop lets compute.
    pub fn of(report: &RunReport, cpus: f64) -> Self {
        let cpu_s_per_task = report.cpu.total_s() / report.tally.counts.started().max(1) as f64;
        BatchTimes {
            cpu_bound: if cpu_s_per_task > 0.0 { cpus / cpu_s_per_task } else { f64::INFINITY },
            ok: report.tally.counts.ok,
            started: report.tally.counts.started(),
            busy: report.full_pipe.map_or(report.most_busy, |pipe| pipe.workers),
            startup_s: report.startup_s,
            wall_s: report.wall_s,
            full_pipe: report.full_pipe,
        }
    }

    /// Returns the tasks per second while every worker is busy.
    ///
    /// In a long batch that is the tasks over the time. In a short one the end, when workers run
    /// out of tasks, weighs too much; there it is the rate of the full pipe, as far as the CPUs allow it.
    pub fn steady_rate(&self) -> f64 {
        let overall = self.started as f64 / self.wall_s.max(f64::MIN_POSITIVE);
        match self.full_pipe {
            // What was measured is no extrapolation, whatever the bound says.
            Some(pipe) if self.started < STEADY_TASKS_PER_WORKER * self.busy => {
                overall.max(pipe.per_s().min(self.cpu_bound))
            }
            _ => overall,
        }
    }

    /// Returns the factor from the batch's own estimate to the whole workload of `tasks` tasks, if the
    /// factor is `times` for a batch of `waves` tasks per worker; it is closer to 1 for a longer batch.
    pub fn beyond(&self, tasks: u64, waves: u64, times: f64) -> f64 {
        if self.started >= tasks {
            return 1.0;
        }
        let share = waves as f64 * self.busy as f64 / self.started.max(1) as f64;
        1.0 + (times - 1.0) * share.min(1.0)
    }

    /// Returns the successful tasks per second of a workload of `tasks` tasks, start-up included.
    pub fn throughput(&self, tasks: u64) -> f64 {
        if self.started == 0 {
            return 0.0;
        }
        let beyond = tasks.saturating_sub(self.started) as f64 / self.steady_rate();
        let run_s = if tasks >= self.started {
            self.wall_s + beyond
        } else {
            self.wall_s * tasks as f64 / self.started as f64
        };
        let ok_share = self.ok as f64 / self.started as f64;
        tasks as f64 * ok_share / (self.startup_s + run_s)
    }
}

impl BatchTimes {
    /// Returns the throughput of a list of `tasks` tasks that takes at least `least_s` seconds, because one of them
    /// takes as long; `beyond` is the factor of [`beyond`](Self::beyond). A list that ran as a whole is taken as it
    /// is.
    pub fn throughput_of_list(&self, tasks: u64, beyond: f64, least_s: f64) -> f64 {
        let estimated = self.throughput(tasks) * beyond;
        if self.started >= tasks || least_s <= 0.0 {
            return estimated;
        }
        let ok_share = self.ok as f64 / self.started.max(1) as f64;
        estimated.min(tasks as f64 * ok_share / (self.startup_s + least_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(started: u64, busy: u64, wall_s: f64, mean_latency_s: f64) -> BatchTimes {
        let cpu_bound = f64::INFINITY;
        let pipe = FullPipe { workers: busy, mean_latency_s, reached_per_s: f64::INFINITY };
        let full_pipe = (mean_latency_s > 0.0).then_some(pipe);
        BatchTimes { ok: started, started, busy, startup_s: 0.0, wall_s, full_pipe, cpu_bound }
    }

    #[test]
    fn a_batch_of_the_whole_workload_is_taken_as_it_is() {
        assert_eq!(batch(200, 64, 0.2, 0.05).throughput(200), 1000.0);
    }

    #[test]
    fn a_longer_workload_goes_on_at_the_rate_of_a_full_pipe() {
        // Four waves of 10 tasks of 0.1 s, then 96 more waves.
        let x = batch(40, 10, 0.4, 0.1).throughput(1000);
        assert!((x - 100.0).abs() < 1e-9, "{x}");
        // The last wave is ragged: the end costs 0.1 s once, not in proportion.
        let ragged = batch(41, 10, 0.5, 0.1).throughput(1001);
        assert!((ragged - 1001.0 / 10.1).abs() < 1e-9, "{ragged}");
    }

    #[test]
    fn the_longer_a_batch_the_less_is_added_to_what_it_says() {
        let beyond = |started| batch(started, 10, 1.0, 0.1).beyond(1000, 3, 1.2);
        assert!((beyond(30) - 1.2).abs() < 1e-12);
        assert!((beyond(60) - 1.1).abs() < 1e-12);
        assert!((beyond(10) - 1.2).abs() < 1e-12);
        assert_eq!(beyond(1000), 1.0);
    }

    #[test]
    fn no_extrapolation_goes_beyond_the_cpus() {
        let mut computing = batch(24, 8, 0.064, 0.0175);
        computing.cpu_bound = 380.0;
        assert_eq!(computing.steady_rate(), 380.0);
        computing.cpu_bound = 300.0;
        assert_eq!(computing.steady_rate(), 375.0, "what was measured is no extrapolation");
    }

    #[test]
    fn no_list_is_done_before_its_longest_item() {
        // 23 items of 50 ms and one of 1.5 s: 16 a second at most, however many at a time.
        let narrow = batch(12, 4, 0.15, 0.05);
        assert!(narrow.throughput(24) > 50.0);
        assert_eq!(narrow.throughput_of_list(24, 1.0, 1.5), 16.0);
        assert_eq!(narrow.throughput_of_list(24, 1.3, 1.5), 16.0, "no factor gets beyond it");
        // The whole list was measured, and a list without a long item has no such bound.
        assert_eq!(batch(24, 8, 1.2, 0.05).throughput_of_list(24, 1.0, 1.5), 20.0);
        assert_eq!(narrow.throughput_of_list(24, 1.0, 0.0), narrow.throughput(24));
        // A longer list has time for it.
        assert!((batch(40, 10, 0.4, 0.1).throughput_of_list(1000, 1.0, 1.5) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn start_up_is_shared_by_all_tasks_of_the_workload() {
        let mut slow_start = batch(100, 2, 1.0, 0.02);
        slow_start.startup_s = 1.0;
        assert_eq!(slow_start.throughput(100), 50.0);
        assert!((slow_start.throughput(1_000_000) - 100.0).abs() < 0.1);
    }

    #[test]
    fn failed_tasks_are_no_throughput() {
        let mut half = batch(100, 2, 1.0, 0.02);
        half.ok = 50;
        assert_eq!(half.throughput(100), 50.0);
        assert_eq!(batch(0, 2, 0.0, 0.0).throughput(100), 0.0);
    }

    #[test]
    fn dispatch_that_keeps_workers_waiting_is_seen_in_long_batches() {
        assert_eq!(batch(1000, 2, 1.0, 0.001).steady_rate(), 1000.0);
    }
}
