//! How far two runs of the same work may be difference.
//!
//! What only time shows is a standard deviation, known from a few runs; what is known to have been different is
//! a bound of what that may have done.

use crate::gate::result::Metric;

/// How much a run is off as a whole, as a standard deviation of ln time, where the CPUs are what tasks wait for.
/// The speed of CPUs was seen to wander by 5% within seconds (an Ornstein–Uhlenbeck process).
const DRIFT_BUSY: f64 = 0.05;

/// The same where tasks wait for something else.
const DRIFT_WAITING: f64 = 0.02;

/// The same for memory, which does not depend on speed.
const DRIFT_MEMORY: f64 = 0.01;

/// The tail drifts by so many times as much.
const TAIL: f64 = 2.0;

/// Where the speed of a CPU differs between the runs, taking it out leaves up to so much of the difference: no
/// two kernels slow down alike.
const SPEED_LEFT: f64 = 0.5;

/// Where it is not known, it may differ by as much, in ln.
const SPEED_UNKNOWN: f64 = 0.10;

/// What others use of the CPUs costs so many times what it leaves, at the most: tasks are also kept waiting for
/// their turn.
const OTHERS_COST: f64 = 1.5;

/// A task that shares its CPU with another program takes twice as long, though the others leave more than
/// half of all CPUs: latencies change by up to so many times as much as throughput does.
const OTHERS_LATENCY: f64 = 2.0;

/// Where it is not known what others used, that may have cost as much, in ln.
const OTHERS_UNKNOWN: f64 = 0.20;

/// Another machine is off by as much beyond its speed.
const OTHER_MACHINE: f64 = 0.10;

/// These standard deviations are known as well as from so many runs, less one.
pub(super) const BETWEEN_RUN_FREEDOM: f64 = 10.0;

/// What is known of the machine in two runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RunDifference {
    /// How much of a change of the CPU's speed a metric goes along with, from 0 to 1.
    pub(super) elasticity: f64,
    /// ln of how much faster a CPU was in one of them, where that is known.
    pub(super) faster: Option<f64>,
    /// The larger share of the CPUs that others used, where that is known.
    pub(super) others: Option<f64>,
    /// Whether they were made on two machines.
    pub(super) other_machine: bool,
}

impl RunDifference {
    /// How much a metric may differ without a change, as a standard deviation of ln.
    pub(super) fn between_run_sd(&self, metric: Metric) -> f64 {
        let of_time = (self.elasticity * DRIFT_BUSY).hypot((1.0 - self.elasticity) * DRIFT_WAITING);
        let of_run = match metric {
            Metric::PeakRss => DRIFT_MEMORY,
            Metric::P99 => TAIL * of_time,
            Metric::Throughput | Metric::P50 | Metric::CpuPerTask => of_time,
        };
        let of_machine = if self.other_machine { OTHER_MACHINE } else { 0.0 };
        (2.0 * of_run.powi(2) + of_machine.powi(2)).sqrt()
    }

    /// How much of a difference may be owed to what is known to have differed, in ln.
    pub(super) fn bias_bound(&self, metric: Metric) -> f64 {
        let of_speed =
            self.elasticity * self.faster.map_or(SPEED_UNKNOWN, |faster| SPEED_LEFT * faster.abs());
        // The same load may hinder one run and not the other, as it falls on one CPU or another.
        let of_others =
            self.others.map_or(OTHERS_UNKNOWN, |others| -OTHERS_COST * free_cpu_share(others).ln());
        match metric {
            Metric::PeakRss => 0.0,
            Metric::P50 | Metric::P99 => of_speed + OTHERS_LATENCY * of_others,
            Metric::Throughput | Metric::CpuPerTask => of_speed + of_others,
        }
    }
}

/// What others leave of the CPUs.
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
