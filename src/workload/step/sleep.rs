//! `sleep`: waits for a time, as a timer or a remote service would make a task wait.

use std::time::Duration;

use futures_util::FutureExt;

use crate::error::Error;
use crate::workload::spec::SleepSpec;
use crate::workload::step::{StepOutput, TaskContext, deadline};

/// A pause of fixed length.
#[derive(Debug)]
pub struct Sleep {
    duration: Duration,
}

impl Sleep {
    /// Makes the step; it needs no preparation.
    pub fn prepare(spec: &SleepSpec) -> Self {
        Sleep { duration: spec.duration }
    }

    /// Sleeps on the calling thread, no longer than the task may take.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        deadline::sleep(self.duration, task.deadline)?;
        Ok(StepOutput::of_number(task.index))
    }

    /// Sleeps on the event loop.
    pub fn run_async(
        &self,
        task: &TaskContext<'_>,
    ) -> impl Future<Output = Result<StepOutput, Error>> + use<> {
        let index = task.index;
        tokio::time::sleep(self.duration).map(move |()| Ok(StepOutput::of_number(index)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::workload::spec::StepSpec;
    use crate::workload::step::testing::{both_forms, env, task};

    #[tokio::test]
    async fn both_forms_give_the_same_output() {
        let dir = tempfile::tempdir().unwrap();
        let spec = StepSpec::Sleep(SleepSpec { duration: Duration::from_millis(1) });
        let first = both_forms(&spec, &env(dir.path()), 1).await.unwrap();
        assert_ne!(first, both_forms(&spec, &env(dir.path()), 2).await.unwrap());
    }

    #[test]
    fn a_task_wakes_up_at_its_deadline() {
        let endless = Sleep::prepare(&SleepSpec { duration: Duration::from_secs(3600) });
        let hasty = TaskContext { deadline: Some(Instant::now() + Duration::from_millis(5)), ..task(0) };
        assert!(endless.run_blocking(&hasty).unwrap_err().is_timeout());
    }
}
