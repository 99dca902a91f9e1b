//! The closed machine-repairman model: tasks that wait, then compute on a limited number of CPUs.
//!
//! `N` tasks circulate between a delay of `Z` seconds, where tasks do not hold each other up, and `m`
//! servers that each need `D` seconds per visit: the M/M/m queue with a finite population
//! (Lazowska et al., *Quantitative System Performance*, 1984, chapters 3 and 6; Gross and Harris,
//! *Fundamentals of Queueing Theory*, section 2.8).
//!
//! Servers may be fractional, as a cgroup quota is: with 1.5 of them one task is served at the full
//! speed of one CPU and more tasks share 1.5; with 0.5 even a single task runs at half speed.
//! Negative and undefined times count as zero.

use crate::model::rate::RateCurve;

/// Share of the other time below which a time counts as zero: the result is exact to 11 digits even for
/// 100 000 tasks, and no intermediate overflows.
#[cfg(test)]
const NEGLIGIBLE: f64 = 1e-15;

/// Weight at which the running weights are scaled down; far below the maximum of an `f64`.
#[cfg(test)]
const LARGE_WEIGHT: f64 = 1e150;

/// Returns the tasks per second with exponential demands and delays: the exact birth–death solution, which tests
/// compare the simulated network with.
///
/// `in_flight` tasks move from the delay to the servers at `(N − k)/Z` and back at `rate(k)/D`; the
/// throughput is Σ pₖ·rate(k)/D, where `rate(k)` is `min(k, m)` for *m* servers. Infinite if tasks
/// take no time at all, zero if there are no tasks, or no servers where there is something to compute.
#[cfg(test)]
pub(crate) fn throughput(servers: &RateCurve, demand_s: f64, delay_s: f64, in_flight: usize) -> f64 {
    let (d, z) = (demand_s.max(0.0), delay_s.max(0.0));
    if in_flight == 0 || (servers.together <= 0.0 && d > 0.0) {
        return 0.0;
    }
    if d <= z * NEGLIGIBLE || z <= d * NEGLIGIBLE {
        return asymptotic_bound(servers, d, z, in_flight);
    }
    // The weights rise to one peak and fall; scaling down what came before the peak loses only
    // what is negligible next to it.
    let (mut weight, mut total, mut busy) = (1.0_f64, 1.0_f64, 0.0_f64);
    for k in 1..=in_flight {
        let serving = servers.at(k);
        weight *= (in_flight - k + 1) as f64 * d / (z * serving);
        total += weight;
        busy += weight * serving;
        if weight > LARGE_WEIGHT {
            (weight, total, busy) = (1.0, total / weight, busy / weight);
        }
    }
    busy / total / d
}

/// Returns the maximum of tasks per second over all distributions of times: `min(N/(D + Z), rate(N)/D)`.
pub(crate) fn asymptotic_bound(servers: &RateCurve, demand_s: f64, delay_s: f64, in_flight: usize) -> f64 {
    let (d, z) = (demand_s.max(0.0), delay_s.max(0.0));
    if in_flight == 0 || (servers.together <= 0.0 && d > 0.0) {
        return 0.0;
    }
    let alone = if d == 0.0 { z } else { d / servers.at(1) + z };
    let saturated = if d == 0.0 { f64::INFINITY } else { servers.at(in_flight) / d };
    saturated.min(in_flight as f64 / alone)
}

/// Returns the geometric mean of [`asymptotic_bound`] and [`throughput`], in tasks per second.
#[cfg(test)]
pub(crate) fn blended_throughput(servers: &RateCurve, demand_s: f64, delay_s: f64, in_flight: usize) -> f64 {
    let bound = asymptotic_bound(servers, demand_s, delay_s, in_flight);
    let exact = throughput(servers, demand_s, delay_s, in_flight);
    bound.sqrt() * exact.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn throughput(servers: f64, demand_s: f64, delay_s: f64, in_flight: usize) -> f64 {
        super::throughput(&RateCurve::ideal(servers), demand_s, delay_s, in_flight)
    }

    fn asymptotic_bound(servers: f64, demand_s: f64, delay_s: f64, in_flight: usize) -> f64 {
        super::asymptotic_bound(&RateCurve::ideal(servers), demand_s, delay_s, in_flight)
    }

    fn blended_throughput(servers: f64, demand_s: f64, delay_s: f64, in_flight: usize) -> f64 {
        super::blended_throughput(&RateCurve::ideal(servers), demand_s, delay_s, in_flight)
    }

    fn assert_close(actual: f64, expected: f64) {
        assert!((actual / expected - 1.0).abs() < 1e-9, "{actual} is not {expected}");
    }

    /// Returns Erlang's loss formula, by the usual recursion.
    fn erlang_b(servers: usize, load: f64) -> f64 {
        (1..=servers).fold(1.0, |b, n| load * b / (n as f64 + load * b))
    }

    #[test]
    fn one_task_alone_takes_its_own_time() {
        assert_close(throughput(4.0, 0.002, 0.008, 1), 100.0);
        assert_close(throughput(1.0, 0.002, 0.0, 1), 500.0);
        assert_close(throughput(0.5, 0.002, 0.0, 1), 250.0);
        assert_close(throughput(0.5, 0.002, 0.006, 1), 100.0);
    }

    #[test]
    fn one_server_is_idle_as_often_as_erlangs_loss_formula_says() {
        // With m = 1, p0 = B(N, Z/D), so X = (1 − B(N, Z/D))/D.
        for (d, z, n) in [(0.01, 0.09, 10), (0.001, 0.001, 3), (0.002, 0.5, 200), (0.01, 0.09, 1)] {
            assert_close(throughput(1.0, d, z, n), (1.0 - erlang_b(n, z / d)) / d);
        }
    }

    #[test]
    fn values_are_those_of_exact_rational_arithmetic() {
        // The birth–death sums in Python's fractions, without rounding.
        assert_close(throughput(2.0, 0.002, 0.008, 10), 854.266_240_581_191_6);
        assert_close(throughput(1.5, 0.001, 0.004, 6), 1_064.125_560_538_116_6);
        assert_close(throughput(0.5, 0.01, 0.01, 3), 49.367_088_607_594_94);
        assert_close(throughput(8.0, 0.001, 0.05, 500), 7_999.995_998_268_962);
    }

    #[test]
    fn with_a_server_for_every_task_none_waits() {
        assert_close(throughput(64.0, 0.002, 0.008, 64), 6400.0);
        assert_close(throughput(1e6, 0.002, 0.008, 1000), 100_000.0);
    }

    #[test]
    fn tasks_that_only_wait_or_only_compute_are_at_the_bound() {
        assert_close(throughput(2.0, 0.0, 0.05, 100), 2000.0);
        assert_close(throughput(2.0, 0.01, 0.0, 100), 200.0);
        assert_close(throughput(4.0, 0.01, 0.0, 2), 200.0);
        assert_close(blended_throughput(2.0, 0.01, 0.0, 100), 200.0);
    }

    #[test]
    fn degenerate_inputs_have_an_answer() {
        assert_eq!(throughput(2.0, 0.01, 0.01, 0), 0.0);
        assert_eq!(throughput(0.0, 0.01, 0.01, 5), 0.0);
        assert_eq!(throughput(2.0, 0.0, 0.0, 5), f64::INFINITY);
        assert_eq!(blended_throughput(2.0, 0.0, 0.0, 5), f64::INFINITY);
        assert_close(throughput(2.0, -1.0, 0.05, 1), 20.0);
        assert_close(throughput(2.0, f64::NAN, 0.05, 1), 20.0);
    }

    #[test]
    fn a_hundred_thousand_tasks_saturate_without_overflow() {
        assert_close(throughput(2.0, 0.001, 0.05, 100_000), 2000.0);
        assert_close(throughput(128.0, 1e-9, 10.0, 100_000), 10_000.0);
        assert_close(throughput(2.0, 1e-12, 1.0, 100_000), 100_000.0);
        assert_close(throughput(2.0, 1.0, 1e-12, 100_000), 2.0);
    }

    proptest! {
        #[test]
        fn throughput_stays_below_the_bound_and_grows_with_width(
            m in 0.1f64..130.0, d in 1e-7f64..1.0, z in 1e-7f64..10.0, n in 1usize..2000,
        ) {
            let (x, wider) = (throughput(m, d, z, n), throughput(m, d, z, n + 1));
            prop_assert!(x.is_finite() && x > 0.0);
            prop_assert!(x <= asymptotic_bound(m, d, z, n) * (1.0 + 1e-9));
            prop_assert!(wider >= x * (1.0 - 1e-9));
        }

        #[test]
        fn more_servers_never_hurt(m in 0.1f64..64.0, d in 1e-6f64..0.1, z in 0.0f64..1.0, n in 1usize..300) {
            prop_assert!(throughput(m + 0.5, d, z, n) >= throughput(m, d, z, n) * (1.0 - 1e-9));
        }
    }
}
