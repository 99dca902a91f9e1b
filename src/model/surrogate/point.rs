//! The data of the process: configurations and batches, as plain numbers.

/// A configuration as the process sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SurrogatePoint {
    /// Number of the strategy; only equality matters.
    pub strategy: usize,
    /// log2 of the width.
    pub log2_width: f64,
    /// log2 of the first factor, if the width is a product of two numbers that are chosen apart; else 0.
    pub log2_outer: f64,
    /// ln of the predicted throughput in tasks per second.
    pub prior: f64,
}

/// A batch as the process sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Observation {
    /// Index of the point that the batch measured.
    pub point: usize,
    /// Time of the measurement, in seconds from the first one.
    pub at_s: f64,
    /// ln of the batch's throughput in tasks per second.
    pub value: f64,
}
