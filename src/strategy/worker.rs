//! The loop of a blocking worker: chunk after chunk, task after task.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::strategy::task_queue::TaskQueue;
use crate::workload::Program;
use crate::workload::task_outcomes::TaskOutcomes;

/// Runs tasks of the queue on the calling thread until there are no more.
///
/// The end of one task is the start of the next, so that a task costs one reading of the clock, and what a
/// thread waits for a CPU is part of a task.
pub(crate) fn run_queue(program: &Program, queue: &TaskQueue, outcomes: &mut TaskOutcomes) {
    let mut last_ns = 0;
    while let Some(chunk) = queue.pull(u64::MAX) {
        let (tasks, begun_ns) = (chunk.end - chunk.start, queue.clock_ns());
        for position in chunk {
            let result = run_guarded(program, position);
            let now_ns = queue.clock_ns();
            let latency = Duration::from_nanos(now_ns - last_ns);
            outcomes.record(position, program.index(position), latency, result);
            outcomes.intervals.extend(queue.interval(last_ns, now_ns));
            last_ns = now_ns;
        }
        queue.complete_chunk(tasks, Duration::from_nanos(last_ns - begun_ns));
    }
}

/// Runs one task; a panic becomes the error of that task.
pub(crate) fn run_guarded(program: &Program, position: u64) -> Result<u64, Error> {
    catch_unwind(AssertUnwindSafe(|| program.run_blocking(position))).unwrap_or_else(|_| Err(panicked()))
}

/// Returns the error of a task that panicked.
pub(crate) fn panicked() -> Error {
    Error::new(Code::TaskPanic, "task panicked")
}
