//! Differences between two runs of the same work that are no change of the work.
//!
//! Differences that only time shows enter as a standard deviation between runs; known differences of the
//! machine enter as a bound. The constants below were read off the recorded noise of `tests/gate`, which keeps false
//! alarms below the rates that it asserts.

use crate::gate::result::Metric;

/// Standard deviation of ln time between runs on CPUs that others leave alone, besides their speed, which is
/// measured and corrected.
const TIME_RUN_SD: f64 = 0.02;

/// Standard deviation of ln CPU time between such runs, which owes nothing to who else waits for a CPU: runs with at
/// most a sixth of the CPUs taken differed by 0.3% to 0.6%, and once by 1.5% of which 1.0% was noise within the runs.
const CPU_TIME_RUN_SD: f64 = 0.0075;

/// Standard deviation of ln instructions between runs. It is that of CPU time, of which instructions are the steadier
/// part: no recording has them, because the machines at hand did not count them.
const INSTRUCTIONS_RUN_SD: f64 = CPU_TIME_RUN_SD;

/// Standard deviation of ln memory between runs; memory does not depend on speed.
const MEMORY_RUN_SD: f64 = 0.01;

/// Factor by which the 99th percentile varies more between runs than the median does.
const TAIL_RUN_SD_FACTOR: f64 = 2.0;

/// Share of a known difference in CPU speed that remains after correction: no two kernels slow down alike.
const SPEED_CORRECTION_RESIDUE: f64 = 0.5;

/// Bound of ln speed if the speed of the CPUs was not measured.
const UNKNOWN_SPEED_BOUND: f64 = 0.10;

/// Power of the free CPU share that bounds the loss of throughput, and of the median time, to other programs, if tasks
/// keep all CPUs busy. Up to 1.25 was seen: tasks also wait for their turn.
///
/// Tasks that leave CPUs idle lose less, down to [`LEAST_SHARE_OF_COST`].
const OTHER_PROGRAMS_COST: f64 = 1.5;

/// Share of that power for tasks that keep this share of the CPUs busy, or less: with half of the CPUs, powers up to
/// 0.6 were seen.
const LEAST_SHARE_OF_COST: f64 = 0.5;

/// The same power for the 99th percentile, whatever tasks leave idle: the slowest ones are those that shared their CPU.
const OTHER_PROGRAMS_TAIL_COST: f64 = 3.0;

/// The same power for CPU time: others displace what a task has in the caches, and share the core. Up to 0.15 was seen.
const OTHER_PROGRAMS_CPU_COST: f64 = 0.15;

/// The same power for instructions: whoever else runs, a task executes the same, but what waits by spinning executes
/// more. A third of the power for CPU time; not seen, because the machines at hand did not count instructions.
const OTHER_PROGRAMS_INSTRUCTIONS_COST: f64 = 0.05;

/// Bound of ln throughput if the CPU use of other programs was not measured; twice that for the 99th percentile.
const UNKNOWN_OTHER_PROGRAMS_BOUND: f64 = 0.20;

/// Standard deviation of ln time between two machines, beyond their CPU speeds.
const OTHER_MACHINE_SD: f64 = 0.10;

/// Degrees of freedom of the standard deviations between runs: some sixty pairs of recordings bear them out.
pub(super) const BETWEEN_RUN_FREEDOM: f64 = 60.0;

/// Known differences between the machine in two runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RunDifference {
    /// The elasticity of the metric with respect to CPU speed, from 0 to 1; of times, the share of the CPUs that the
    /// tasks kept busy.
    pub(super) elasticity: f64,
    /// The ln of the ratio of CPU speeds; `None` if a speed is unknown.
    pub(super) faster: Option<f64>,
    /// The larger share of the CPUs that other programs used; `None` if unknown.
    pub(super) others: Option<f64>,
    /// True if the runs were made on two machines.
    pub(super) other_machine: bool,
}

impl RunDifference {
    /// Returns the standard deviation of ln(metric) between two runs of unchanged work.
    pub(super) fn between_run_sd(&self, metric: Metric) -> f64 {
        let of_run = match metric {
            Metric::PeakRss => MEMORY_RUN_SD,
            Metric::P99 => TAIL_RUN_SD_FACTOR * TIME_RUN_SD,
            Metric::CpuPerTask => CPU_TIME_RUN_SD,
            Metric::Instructions => INSTRUCTIONS_RUN_SD,
            Metric::Throughput | Metric::P50 => TIME_RUN_SD,
        };
        let of_machine = if self.other_machine { OTHER_MACHINE_SD } else { 0.0 };
        (2.0 * of_run.powi(2) + of_machine.powi(2)).sqrt()
    }

    /// Returns the bound, in ln, of the bias that the known differences may have caused.
    pub(super) fn bias_bound(&self, metric: Metric) -> f64 {
        let of_speed = self.elasticity
            * self.faster.map_or(UNKNOWN_SPEED_BOUND, |faster| SPEED_CORRECTION_RESIDUE * faster.abs());
        // The same load may hinder one run and not the other, as it falls on one CPU or another.
        let of_others = |power: f64, unknown: f64| {
            self.others.map_or(unknown, |others| -power * free_cpu_share(others).ln())
        };
        let unknown = UNKNOWN_OTHER_PROGRAMS_BOUND;
        match metric {
            Metric::PeakRss => 0.0,
            Metric::P99 => of_speed + of_others(OTHER_PROGRAMS_TAIL_COST, 2.0 * unknown),
            Metric::Throughput | Metric::P50 => {
                let share = self.elasticity.max(LEAST_SHARE_OF_COST);
                of_speed + share * of_others(OTHER_PROGRAMS_COST, unknown)
            }
            // The speed of a CPU whose core is shared is measured, and its residue is part of `of_speed`.
            Metric::CpuPerTask => of_speed + of_others(OTHER_PROGRAMS_CPU_COST, unknown),
            Metric::Instructions => of_speed + of_others(OTHER_PROGRAMS_INSTRUCTIONS_COST, unknown),
        }
    }
}

/// Returns the share of the CPUs that other programs leave free, at least 0.1.
pub(super) fn free_cpu_share(others: f64) -> f64 {
    1.0 - others.clamp(0.0, 0.9)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: RunDifference =
        RunDifference { elasticity: 1.0, faster: Some(0.0), others: Some(0.0), other_machine: false };

    #[test]
    fn what_is_known_to_be_the_same_leaves_no_doubt() {
        assert!(Metric::ALL.iter().all(|metric| QUIET.bias_bound(*metric).abs() < 1e-12));
        assert!((QUIET.between_run_sd(Metric::Throughput) - TIME_RUN_SD * 2f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn every_difference_adds_to_the_doubt_and_so_does_knowing_nothing() {
        let others = |others| RunDifference { others, ..QUIET }.bias_bound(Metric::Throughput);
        assert!(others(Some(0.5)) > others(Some(0.2)) && others(Some(0.2)) > others(Some(0.0)));
        assert!(others(None) > others(Some(0.0)));
        let idle = RunDifference { elasticity: 0.5, others: Some(0.2), ..QUIET };
        assert!(idle.bias_bound(Metric::P50) < others(Some(0.2)), "half of the CPUs are left to others");
        assert!(idle.bias_bound(Metric::P99) > idle.bias_bound(Metric::P50));
        assert!(idle.bias_bound(Metric::CpuPerTask) < idle.bias_bound(Metric::P50) / 2.0);
        let faster = |faster| RunDifference { faster, ..QUIET }.bias_bound(Metric::CpuPerTask);
        assert!((faster(Some(0.2)) - 0.1).abs() < 1e-12 && (faster(Some(-0.2)) - 0.1).abs() < 1e-12);
        assert!(faster(None) > 0.0);
        assert!(
            RunDifference { other_machine: true, ..QUIET }.between_run_sd(Metric::P50)
                > QUIET.between_run_sd(Metric::P50)
        );
    }

    #[test]
    fn memory_owes_nothing_to_speed_or_load() {
        let wild = RunDifference { faster: Some(1.0), others: Some(0.9), ..QUIET };
        assert_eq!(wild.bias_bound(Metric::PeakRss), 0.0);
        assert!(wild.bias_bound(Metric::P50).is_finite());
    }
}
