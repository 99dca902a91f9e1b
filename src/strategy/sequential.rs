//! `sequential`: one task after another, in order, on one thread.

use std::sync::Arc;

use crate::error::Error;
use crate::strategy::job::{Job, Pool, Strategy};
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::worker::run_feed;
use crate::workload::Program;
use crate::workload::task_outcomes::TaskOutcomes;

/// One task after another.
#[derive(Debug)]
pub struct Sequential;

struct Loop(Arc<Program>);

impl Strategy for Sequential {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, Error> {
        Ok(Box::new(Loop(Arc::clone(&job.program))))
    }
}

impl Pool for Loop {
    fn run(&mut self, feed: &Arc<TaskQueue>) -> TaskOutcomes {
        let mut tally = TaskOutcomes::default();
        run_feed(&self.0, feed, &mut tally);
        tally
    }
}
