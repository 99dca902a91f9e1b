//! Comparison of the failed tasks of two sides.

use crate::benchmark::series::BatchMetrics;
use crate::gate::reason::FailedTasks;
use crate::stats::looks::p_over_looks;
use crate::stats::sign::sign_test;

/// The failed tasks of both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FailureComparison {
    /// Failed tasks and started tasks of the current side.
    pub current: [u64; 2],
    /// Failed tasks and started tasks of the other side.
    pub reference: [u64; 2],
    /// The p-value of the sign test over pairs of batches, corrected for interim looks; `None` without pairs.
    ///
    /// The test counts pairs and not tasks because failures come in clusters.
    pub p_value: Option<f64>,
}

impl FailureComparison {
    /// Compares the batches of two sides pair by pair.
    pub fn of(current: &[BatchMetrics], reference: &[BatchMetrics]) -> Self {
        let pairs = || current.iter().zip(reference);
        let worse = pairs().filter(|(c, r)| failed_share(c) > failed_share(r)).count();
        let better = pairs().filter(|(c, r)| failed_share(c) < failed_share(r)).count();
        let n = pairs().count();
        FailureComparison {
            current: count(current),
            reference: count(reference),
            p_value: (n > 0).then(|| p_over_looks(sign_test(worse, better), n)),
        }
    }

    /// Returns true if every task of the current side failed, and not every task of the other side did.
    pub fn is_total(&self) -> bool {
        let all_failed = |[failed, started]: [u64; 2]| failed == started;
        all_failed(self.current) && !all_failed(self.reference)
    }

    /// Returns true if every task of the other side failed, and not every task of the current side did.
    pub fn is_without_reference(&self) -> bool {
        FailureComparison { current: self.reference, reference: self.current, p_value: None }.is_total()
    }

    /// Returns true if a larger share of the current side's tasks failed.
    pub fn is_more(&self) -> bool {
        share(self.current) > share(self.reference)
    }

    /// Returns the counts of both sides.
    pub fn counts(&self) -> FailedTasks {
        let ([failed, started], [reference_failed, reference_started]) = (self.current, self.reference);
        FailedTasks { failed, started, reference_failed, reference_started }
    }
}

fn failed_share(batch: &BatchMetrics) -> f64 {
    share([batch.started.saturating_sub(batch.ok), batch.started])
}

fn share([failed, started]: [u64; 2]) -> f64 {
    // A batch that started no task counts as failed.
    if started == 0 { 1.0 } else { failed as f64 / started as f64 }
}

fn count(batches: &[BatchMetrics]) -> [u64; 2] {
    let started: u64 = batches.iter().map(|batch| batch.started).sum();
    let ok: u64 = batches.iter().map(|batch| batch.ok).sum();
    [started.saturating_sub(ok), started]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::testing::batch;

    fn failing(n: usize, failed: u64) -> Vec<BatchMetrics> {
        vec![BatchMetrics { ok: 48 - failed, ..batch(1.0) }; n]
    }

    #[test]
    fn tasks_that_fail_in_every_pair_are_no_chance() {
        let failures = FailureComparison::of(&failing(12, 1), &failing(12, 0));
        assert_eq!((failures.current, failures.reference), ([12, 576], [0, 576]));
        assert_eq!(failures.p_value, Some(0.5f64.powi(12)));
        assert!(failures.is_more() && !failures.is_total());
        let counts = failures.counts();
        assert_eq!((counts.failed, counts.reference_started), (12, 576));
    }

    #[test]
    fn one_bad_batch_may_be_chance_however_many_tasks_it_lost() {
        let mut current = failing(12, 0);
        current[3].ok = 0;
        assert_eq!(FailureComparison::of(&current, &failing(12, 0)).p_value, Some(0.5));
    }

    #[test]
    fn as_many_failures_as_before_are_no_change() {
        let failures = FailureComparison::of(&failing(12, 5), &failing(12, 5));
        assert_eq!((failures.p_value, failures.is_more()), (Some(1.0), false));
        assert!(!FailureComparison::of(&failing(3, 48), &failing(3, 48)).is_total());
        assert!(FailureComparison::of(&failing(1, 48), &failing(1, 47)).is_total());
    }

    #[test]
    fn without_batches_nothing_is_known() {
        let failures = FailureComparison::of(&[], &[]);
        assert_eq!((failures.p_value, failures.is_more(), failures.is_total()), (None, false, false));
    }
}
