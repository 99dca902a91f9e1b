//! Whether more tasks fail than before.

use crate::benchmark::series::BatchMetrics;
use crate::stats::looks::p_over_looks;
use crate::stats::sign::sign_test;

/// The tasks of both sides that did not end well.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Failures {
    /// Of the current side: tasks that did not end well, and tasks started.
    pub current: [u64; 2],
    /// Of the other side.
    pub reference: [u64; 2],
    /// The probability that chance alone lets the current side fail more in as many pairs of batches, all
    /// looks counted; `None` if there are no pairs.
    ///
    /// Pairs are counted and not tasks, as failures come in clusters.
    pub p_value: Option<f64>,
}

impl Failures {
    /// Compares the batches of two sides, pair by pair.
    pub fn of(current: &[BatchMetrics], reference: &[BatchMetrics]) -> Self {
        let pairs = || current.iter().zip(reference);
        let worse = pairs().filter(|(c, r)| failed_share(c) > failed_share(r)).count();
        let better = pairs().filter(|(c, r)| failed_share(c) < failed_share(r)).count();
        let n = pairs().count();
        Failures {
            current: count(current),
            reference: count(reference),
            p_value: (n > 0).then(|| p_over_looks(sign_test(worse, better), n)),
        }
    }

    /// Whether not one task of the current side ended well, while some of the other side did.
    pub fn is_total(&self) -> bool {
        let all_failed = |[failed, started]: [u64; 2]| failed == started;
        all_failed(self.current) && !all_failed(self.reference)
    }

    /// Whether not one task of the other side ended well, while some of the current side did.
    pub fn is_without_reference(&self) -> bool {
        Failures { current: self.reference, reference: self.current, p_value: None }.is_total()
    }

    /// Whether a larger share of the current side's tasks failed.
    pub fn is_more(&self) -> bool {
        share(self.current) > share(self.reference)
    }

    /// Such as `12 of 400 tasks failed, 0 of 400 of the reference`.
    pub fn describe(&self) -> String {
        let ([failed, started], [before, of]) = (self.current, self.reference);
        format!("{failed} of {started} tasks failed, {before} of {of} on the other side")
    }
}

fn failed_share(batch: &BatchMetrics) -> f64 {
    share([batch.started.saturating_sub(batch.ok), batch.started])
}

fn share([failed, started]: [u64; 2]) -> f64 {
    // A batch that started nothing gave nothing.
    if started == 0 { 1.0 } else { failed as f64 / started as f64 }
}

fn count(batches: &[BatchMetrics]) -> [u64; 2] {
    let started: u64 = batches.iter().map(|batch| batch.started).sum();
    let ok: u64 = batches.iter().map(|batch| batch.ok).sum();
    [started.saturating_sub(ok), started]
}
