//! One cell, run again and again, so that it can be compared with itself at another time or with
//! another program.

use serde::{Deserialize, Serialize};

use crate::benchmark::cell::Cell;

/// The batches of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Series {
    /// Which cell.
    #[serde(flatten)]
    pub cell: Cell,
    /// Iterations of each `cpu` step, in the order of the workload: another run does the same work if it
    /// does as many.
    pub iterations: Vec<u64>,
    /// What each batch gave, in the order in which they ran.
    pub batches: Vec<BatchMetrics>,
    /// What the other side gave, where there is one: each batch ran beside the one of the same index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<BatchMetrics>,
}

/// What one batch gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BatchMetrics {
    /// When it began, in seconds from the beginning of the series.
    pub at_s: f64,
    /// How fast a CPU was just before: iterations of the sha256 kernel per CPU second; null where it
    /// was not measured.
    pub cpu_speed: Option<f64>,
    /// Tasks per second that ended well, over the whole workload, start-up included.
    pub throughput_per_s: f64,
    /// Median time of a task, in seconds.
    pub p50_s: Option<f64>,
    /// 99th percentile of the time of a task, in seconds.
    pub p99_s: Option<f64>,
    /// CPU seconds per task.
    pub cpu_s_per_task: f64,
    /// Largest resident size of all processes together, in bytes.
    pub peak_rss_bytes: u64,
    /// Tasks that ended well.
    pub ok: u64,
    /// Tasks started.
    pub started: u64,
}
