//! Differences between two runs of the same work that are no change of the work.
//!
//! Differences that only time shows enter as a standard deviation between runs; known differences of the
//! machine enter as a bound. The constants below are tuned on the recorded noise of `tests/gate.rs`, where
//! they keep false alarms below the rates that the test asserts.

use crate::gate::result::Metric;

/// Standard deviation of ln time between runs whose tasks wait for the CPU.
///
/// The speed of CPUs was seen to wander by 5% within seconds.
const CPU_BOUND_RUN_SD: f64 = 0.05;

/// Standard deviation of ln time between runs whose tasks wait for anything else.
const WAITING_RUN_SD: f64 = 0.02;

/// Standard deviation of ln memory between runs; memory does not depend on speed.
const MEMORY_RUN_SD: f64 = 0.01;

/// Factor by which the 99th percentile varies more between runs than the median does.
const TAIL_RUN_SD_FACTOR: f64 = 2.0;

/// Share of a known difference in CPU speed that remains after correction: no two kernels slow down alike.
const SPEED_CORRECTION_RESIDUE: f64 = 0.5;

/// Bound of ln speed if the speed of the CPUs was not measured.
const UNKNOWN_SPEED_BOUND: f64 = 0.10;

/// Power of the free CPU share that bounds the loss of throughput to other programs.
///
/// The power is above 1 because tasks also wait for their turn.
const OTHER_PROGRAMS_COST: f64 = 1.5;

/// Factor by which other programs may change latencies more than throughput.
///
/// A task that shares its CPU takes twice as long, even if more than half of all CPUs are free.
const OTHER_PROGRAMS_LATENCY_FACTOR: f64 = 2.0;

/// Bound of ln throughput if the CPU use of other programs was not measured.
const UNKNOWN_OTHER_PROGRAMS_BOUND: f64 = 0.20;

/// Standard deviation of ln time between two machines, beyond their CPU speeds.
const OTHER_MACHINE_SD: f64 = 0.10;

/// Degrees of freedom of the standard deviations between runs.
pub(super) const BETWEEN_RUN_FREEDOM: f64 = 10.0;

/// Known differences between the machine in two runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RunDifference {
    /// The elasticity of the metric with respect to CPU speed, from 0 to 1.
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
        let of_time = (self.elasticity * CPU_BOUND_RUN_SD).hypot((1.0 - self.elasticity) * WAITING_RUN_SD);
        let of_run = match metric {
            Metric::PeakRss => MEMORY_RUN_SD,
            Metric::P99 => TAIL_RUN_SD_FACTOR * of_time,
            Metric::Throughput | Metric::P50 | Metric::CpuPerTask => of_time,
        };
        let of_machine = if self.other_machine { OTHER_MACHINE_SD } else { 0.0 };
        (2.0 * of_run.powi(2) + of_machine.powi(2)).sqrt()
    }

    /// Returns the bound, in ln, of the bias that the known differences may have caused.
    pub(super) fn bias_bound(&self, metric: Metric) -> f64 {
        let of_speed = self.elasticity
            * self.faster.map_or(UNKNOWN_SPEED_BOUND, |faster| SPEED_CORRECTION_RESIDUE * faster.abs());
        // The same load may hinder one run and not the other, as it falls on one CPU or another.
        let of_others = self.others.map_or(UNKNOWN_OTHER_PROGRAMS_BOUND, |others| {
            -OTHER_PROGRAMS_COST * free_cpu_share(others).ln()
        });
        match metric {
            Metric::PeakRss => 0.0,
            Metric::P50 | Metric::P99 => of_speed + OTHER_PROGRAMS_LATENCY_FACTOR * of_others,
            Metric::Throughput | Metric::CpuPerTask => of_speed + of_others,
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
        assert!((QUIET.between_run_sd(Metric::Throughput) - 0.05 * 2f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn every_difference_adds_to_the_doubt_and_so_does_knowing_nothing() {
        let others = |others| RunDifference { others, ..QUIET }.bias_bound(Metric::Throughput);
        assert!(others(Some(0.5)) > others(Some(0.2)) && others(Some(0.2)) > others(Some(0.0)));
        assert!(others(None) > others(Some(0.0)));
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
