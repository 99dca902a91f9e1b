//! Changes that are made in the batches of one side.

use conc::internal::BatchMetrics;

use crate::recordings::CPUS;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    /// Tasks compute so many times as long.
    Computes(f64),
    /// Half of the tasks take so many times as long, which only the median shows.
    Median(f64),
}

impl Change {
    pub(crate) const NONE: Change = Change::Computes(1.0);

    pub(crate) fn of(self, batch: BatchMetrics) -> BatchMetrics {
        match self {
            Change::Computes(times) => stretched(batch, times),
            Change::Median(times) => BatchMetrics { p50_s: batch.p50_s.map(|p50| p50 * times), ..batch },
        }
    }
}

/// Returns the batch as if its tasks computed `times` as long.
fn stretched(batch: BatchMetrics, times: f64) -> BatchMetrics {
    // Only the computing part of the time gets longer.
    let busy = (batch.throughput_per_s * batch.cpu_s_per_task / CPUS).min(1.0);
    let longer = 1.0 + busy * (times - 1.0);
    BatchMetrics {
        throughput_per_s: batch.throughput_per_s / longer,
        p50_s: batch.p50_s.map(|p50| p50 * longer),
        p99_s: batch.p99_s.map(|p99| p99 * longer),
        cpu_s_per_task: batch.cpu_s_per_task * times,
        ..batch
    }
}
