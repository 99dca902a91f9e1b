//! Series of made-up batches for tests.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::benchmark::series::BatchMetrics;
use crate::benchmark::{Configuration, Series};
use crate::strategy::StrategyKind;

/// The cell of every series here.
pub(crate) const CELL: Configuration =
    Configuration { strategy: StrategyKind::Threads, width: 2, processes: None, stages: None };

/// Returns a batch of tasks that all end well, in which everything but memory takes `times` as long as usual.
pub(crate) fn batch(times: f64) -> BatchMetrics {
    BatchMetrics {
        at_s: 0.0,
        cpu_speed: Some(2e6),
        cpu_others: Some(0.0),
        cpu_stolen: Some(0.0),
        throughput_per_s: 400.0 / times,
        p50_s: Some(5e-3 * times),
        p99_s: Some(6e-3 * times),
        cpu_s_per_task: 5e-3 * times,
        instructions_per_task: None,
        peak_rss_bytes: 10 << 20,
        ok: 48,
        started: 48,
    }
}

/// Returns batches with a noise of `sd` in ln time that take `times` as long as usual.
pub(crate) fn noisy(n: usize, times: f64, sd: f64, seed: u64) -> Vec<BatchMetrics> {
    let mut random = StdRng::seed_from_u64(seed);
    // The sum of twelve uniform numbers is nearly normal, with a standard deviation of 1.
    let mut normal = || (0..12).map(|_| random.random_range(-0.5..0.5)).sum::<f64>();
    (0..n).map(|_| batch(times * (sd * normal()).exp())).collect()
}

/// Returns two sides of `n` pairs; the current side takes `times` as long as the other.
pub(crate) fn pairs(n: usize, times: f64, sd: f64) -> Series {
    Series { reference: noisy(n, 1.0, sd, 1), ..series(noisy(n, times, sd, 2)) }
}

/// Returns a series of one side.
pub(crate) fn series(batches: Vec<BatchMetrics>) -> Series {
    Series::of(CELL, vec![1000], batches)
}
