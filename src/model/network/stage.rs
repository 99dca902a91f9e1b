//! The stages of a task.

/// One stage of a task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TaskStage {
    /// Waits this many seconds without holding up other tasks.
    Wait(f64),
    /// Waits this many seconds by the timer of an event loop, which wakes all tasks that are due once a
    /// millisecond.
    Timer(f64),
    /// Takes a worker of one of the pools and keeps it; without an idle one, waits for its turn.
    Enter(usize),
    /// Gives a worker back to its pool.
    Leave(usize),
    /// Computes this many CPU seconds on a thread of one of the server pools.
    Compute(usize, f64),
}
