//! Time for which a CPU quota held work back.

use serde::{Deserialize, Serialize};

use crate::host::quota::QuotaUse;

/// Time for which a CPU quota held work back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Throttling {
    /// CPUs that the quota allows.
    pub quota_cpus: f64,
    /// Share of the time for which the quota held the work back, from 0 to 1.
    pub share: f64,
    /// Seconds for which it held threads back, those of all CPUs added up.
    pub throttled_s: f64,
    /// Periods of the quota in which any CPU time was used.
    pub periods: u64,
    /// Periods in which the quota was used up.
    pub throttled_periods: u64,
}

impl Throttling {
    /// Makes the throttling of work that was watched for `wall_s` seconds, with so many threads runnable at once.
    pub(crate) fn new(quota: &QuotaUse, wall_s: f64, runnable_at_once: f64) -> Self {
        // The kernel adds up the CPUs that had anything to run.
        let cpus = runnable_at_once.min(quota.machine_cpus).max(1.0);
        let share = if wall_s > 0.0 { (quota.throttled_s / (wall_s * cpus)).min(1.0) } else { 0.0 };
        Throttling {
            quota_cpus: quota.cpus,
            share,
            throttled_s: quota.throttled_s,
            periods: quota.periods,
            throttled_periods: quota.throttled_periods,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_that_are_held_back_together_count_once() {
        let quota = |throttled_s| QuotaUse {
            cpus: 0.5,
            machine_cpus: 2.0,
            periods: 20,
            throttled_periods: 20,
            throttled_s,
        };
        let share = |throttled_s, at_once| Throttling::new(&quota(throttled_s), 2.0, at_once).share;
        assert_eq!((share(1.0, 1.0), share(1.0, 0.0)), (0.5, 0.5));
        assert_eq!((share(3.0, 2.0), share(3.0, 8.0)), (0.75, 0.75));
        assert_eq!((share(9.0, 1.0), Throttling::new(&quota(1.0), 0.0, 1.0).share), (1.0, 0.0));
    }
}
