//! Limits of a run and retries of its steps.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Limits of a run; `None` means unbounded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkloadLimits {
    /// Maximum number of tasks in flight, whatever the width.
    pub max_in_flight: Option<usize>,
    /// Maximum number of attempts of waiting steps started per second, first tries and retries alike.
    pub rate_per_s: Option<f64>,
    /// Maximum time of one task, retries included.
    pub timeout: Option<Duration>,
    /// Maximum resident bytes of the whole run, over all its processes.
    pub memory: Option<u64>,
}

/// The rule by which a failed step is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Retries after the first attempt.
    pub max: u32,
    /// The growth of the pause.
    pub backoff: Backoff,
    /// The pause before the first retry, before jitter.
    pub base: Duration,
}

/// The growth of the pause between attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backoff {
    /// The pause doubles with each retry.
    Exponential,
    /// Every pause has the same bound.
    Constant,
}
