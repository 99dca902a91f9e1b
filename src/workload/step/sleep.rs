//! `sleep`: waits for a time, as a timer or a remote service would make a task wait.

use std::time::{Duration, Instant};

use crate::workload::spec::SleepSpec;
use crate::workload::step::{Output, StepError, TaskContext};

/// A pause of fixed length.
#[derive(Debug)]
pub struct Sleep {
    duration: Duration,
}

impl Sleep {
    /// Nothing has to be prepared.
    pub fn prepare(spec: &SleepSpec) -> Self {
        Sleep { duration: spec.duration }
    }

    /// Sleeps on the calling thread, no longer than the task may take.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<Output, StepError> {
        let left = task.deadline.map(|d| d.saturating_duration_since(Instant::now()));
        if let Some(left) = left.filter(|left| *left < self.duration) {
            std::thread::sleep(left);
            return Err(StepError::timed_out());
        }
        std::thread::sleep(self.duration);
        Ok(self.output(task))
    }

    /// Sleeps on the event loop.
    pub async fn run_async(&self, task: &TaskContext<'_>) -> Result<Output, StepError> {
        tokio::time::sleep(self.duration).await;
        Ok(self.output(task))
    }

    fn output(&self, task: &TaskContext<'_>) -> Output {
        Output::of_number(task.index)
    }
}
