//! The result of a step, comparable between strategies.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The result of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepOutput {
    /// A hash of everything the step produced, the same under every strategy.
    pub digest: u64,
    /// The payload that the next step would consume and that a process pool has to transfer.
    pub bytes: Bytes,
}

impl StepOutput {
    /// Returns an output without a payload, whose digest is `value`.
    pub fn of_number(value: u64) -> Self {
        StepOutput { digest: value, bytes: Bytes::new() }
    }

    /// Returns an output that is a payload, hashed by XXH3.
    pub fn of_bytes(bytes: Bytes) -> Self {
        StepOutput { digest: xxhash_rust::xxh3::xxh3_64(&bytes), bytes }
    }
}
