//! The behaviour of the embedded server.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The behaviour of the embedded server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FixtureSpec {
    /// The time until the server answers.
    pub latency: LatencySpec,
    /// Bytes in the body of an answer.
    pub body: u64,
    /// Share of requests answered with status 503, from 0 to 1.
    pub error_rate: f64,
    /// Maximum number of requests served at once; others queue. `None` means unbounded.
    pub capacity: Option<usize>,
}

impl Default for FixtureSpec {
    fn default() -> Self {
        FixtureSpec {
            latency: LatencySpec { median: Duration::ZERO, p99: Duration::ZERO },
            body: 1024,
            error_rate: 0.0,
            capacity: None,
        }
    }
}

/// A log-normal latency, given by two of its quantiles; equal quantiles mean a constant latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencySpec {
    /// The median.
    pub median: Duration,
    /// The 99th percentile.
    pub p99: Duration,
}
