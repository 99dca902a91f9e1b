//! `sequential`: one task after another, in order, on one thread.

use std::sync::Arc;

use crate::error::Error;
use crate::strategy::job::{Job, Pool, PoolRun, Strategy};
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::worker::run_queue;
use crate::workload::Program;
use crate::workload::task_outcomes::TaskOutcomes;

/// One task after another.
#[derive(Debug)]
pub(crate) struct Sequential;

struct Loop(Arc<Program>);

impl Strategy for Sequential {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, Error> {
        Ok(Box::new(Loop(Arc::clone(&job.program))))
    }
}

impl Pool for Loop {
    fn run(self: Box<Self>, queue: &Arc<TaskQueue>) -> PoolRun {
        let mut outcomes = TaskOutcomes::default();
        run_queue(&self.0, queue, &mut outcomes);
        PoolRun::in_process(outcomes, self)
    }
}
