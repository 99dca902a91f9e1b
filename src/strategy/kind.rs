//! The identity of a strategy; everything known about it is in the [catalogue](crate::strategy::catalog).

use serde::{Deserialize, Serialize};

/// A way to run tasks concurrently.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyKind {
    /// One task after another, in order.
    Sequential,
    /// Tasks on an event loop.
    Async,
    /// A fixed pool of OS threads fed by a bounded channel.
    Threads,
    /// A pool of threads that steal work from one another.
    WorkStealing,
    /// A pool of worker processes.
    Processes,
    /// One event loop for steps that wait, a process pool for steps that compute.
    Hybrid,
    /// One pool per step with bounded queues between them.
    Pipeline,
    /// Python only: tasks on the event loop of uvloop.
    Uvloop,
    /// Python only: a pool of interpreters in one process, each with a lock of its own.
    Interpreters,
}
