//! `work-stealing`: rayon's pool, in which idle threads steal from busy ones.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::strategy::job::{Job, Pool, PoolRun, Strategy};
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::worker::run_guarded;
use crate::workload::Program;
use crate::workload::task_outcomes::TaskOutcomes;

/// A pool of threads that steal work.
#[derive(Debug)]
pub(crate) struct WorkStealing;

struct StealingPool {
    threads: ThreadPool,
    program: Arc<Program>,
}

impl Strategy for WorkStealing {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, Error> {
        let threads = ThreadPoolBuilder::new().num_threads(job.width).build().map_err(|e| {
            Error::from_source(Code::PoolStart, format!("cannot start {} threads", job.width), e)
        })?;
        threads.broadcast(|_| ());
        Ok(Box::new(StealingPool { threads, program: Arc::clone(&job.program) }))
    }
}

impl Pool for StealingPool {
    fn run(self: Box<Self>, queue: &Arc<TaskQueue>) -> PoolRun {
        let free = FreeOutcomes::default();
        self.threads.install(|| {
            queue.range().into_par_iter().for_each_init(
                || Lease::new(&free, queue),
                |lease, position| {
                    if !queue.is_stopped() {
                        lease.run(&self.program, position);
                    }
                },
            );
        });
        PoolRun::in_process(free.merged(), self)
    }
}

/// Outcomes that no thread is adding to; there are never more of them than threads.
#[derive(Default)]
struct FreeOutcomes(Mutex<Vec<Worker>>);

/// The outcomes of one thread, and the time at which its last task ended.
#[derive(Default)]
struct Worker {
    outcomes: TaskOutcomes,
    last_ns: u64,
}

impl FreeOutcomes {
    fn merged(self) -> TaskOutcomes {
        let mut all = self.0.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter();
        let mut merged = all.next().unwrap_or_default().outcomes;
        all.for_each(|worker| merged.merge(&worker.outcomes));
        merged
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Outcomes borrowed for a run of tasks on one thread.
struct Lease<'a> {
    home: &'a FreeOutcomes,
    queue: &'a TaskQueue,
    worker: Option<Worker>,
}

impl<'a> Lease<'a> {
    fn new(home: &'a FreeOutcomes, queue: &'a TaskQueue) -> Self {
        let worker = home.lock().pop();
        Lease { home, queue, worker }
    }

    fn run(&mut self, program: &Program, position: u64) {
        let result = run_guarded(program, position);
        let now_ns = self.queue.clock_ns();
        let Worker { outcomes, last_ns } = self.worker.get_or_insert_default();
        let latency = Duration::from_nanos(now_ns - *last_ns);
        outcomes.record(position, program.index(position), latency, result);
        outcomes.intervals.extend(self.queue.interval(*last_ns, now_ns));
        *last_ns = now_ns;
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.home.lock().extend(self.worker.take());
    }
}
