//! Pauses between attempts: exponential backoff with full jitter.
//!
//! Full jitter draws the pause evenly between nothing and the backed-off bound, which spreads the
//! clients of a recovering server best (M. Brooker, "Exponential Backoff And Jitter", 2015).

use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::units::MAX_DURATION;
use crate::workload::spec::{Backoff, RetryPolicy};

/// Bounds the doubling, so that no pause overflows.
const MAX_DOUBLINGS: u32 = 20;

/// Returns the longest pause before retry number `retry` (from 0).
fn bound(policy: &RetryPolicy, retry: u32) -> Duration {
    match policy.backoff {
        Backoff::Constant => policy.base,
        Backoff::Exponential => policy.base.saturating_mul(1 << retry.min(MAX_DOUBLINGS)).min(MAX_DURATION),
    }
}

/// Returns the pause before retry number `retry` (from 0) of task `index`.
///
/// It is drawn from a hash of its arguments, so that every strategy waits as long for the same task.
pub fn pause(policy: &RetryPolicy, retry: u32, index: u64, seed: u64) -> Duration {
    let drawn = xxh3_64_with_seed(&index.to_le_bytes(), seed ^ (u64::from(retry) << 32));
    let unit = (drawn >> 11) as f64 / (1u64 << 53) as f64;
    bound(policy, retry).mul_f64(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(backoff: Backoff) -> RetryPolicy {
        RetryPolicy { max: 5, backoff, base: Duration::from_millis(10) }
    }

    #[test]
    fn the_bound_doubles_and_never_overflows() {
        let exponential = policy(Backoff::Exponential);
        assert_eq!(bound(&exponential, 0), Duration::from_millis(10));
        assert_eq!(bound(&exponential, 3), Duration::from_millis(80));
        assert!(bound(&exponential, u32::MAX) >= bound(&exponential, 20));
        assert_eq!(bound(&policy(Backoff::Constant), 9), Duration::from_millis(10));
    }

    #[test]
    fn pauses_are_spread_over_the_whole_bound_and_repeatable() {
        let policy = policy(Backoff::Exponential);
        let pauses: Vec<_> = (0..1000).map(|i| pause(&policy, 1, i, 7).as_secs_f64()).collect();
        let mean = pauses.iter().sum::<f64>() / 1000.0;
        assert!((0.009..0.011).contains(&mean), "mean {mean}");
        assert!(pauses.iter().all(|p| *p < 0.020));
        assert_eq!(pause(&policy, 1, 3, 7), pause(&policy, 1, 3, 7));
        assert_ne!(pause(&policy, 1, 3, 7), pause(&policy, 1, 3, 8));
    }
}
