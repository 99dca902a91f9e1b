//! `async`: tasks on an event loop with as many threads as there are CPUs.
//!
//! The width is the number of long-lived tokio tasks that pull from the queue. Spawning one task per item
//! behind a semaphore does the same at 2 to 20 times the cost when tasks are short.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::{Builder, Runtime};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::model::TaskInterval;
use crate::strategy::job::{Job, Pool, PoolRun, Strategy};
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::worker::panicked;
use crate::workload::Program;
use crate::workload::task_outcomes::TaskOutcomes;

/// Tasks on an event loop.
#[derive(Debug)]
pub(crate) struct Async;

struct EventLoop {
    runtime: Runtime,
    shards: Arc<Shards>,
    program: Arc<Program>,
    width: usize,
}

impl Strategy for Async {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, Error> {
        let shards = Arc::new(Shards::new(job.cpus));
        let runtime = Builder::new_multi_thread()
            .worker_threads(job.cpus)
            // Steps without an async form each hold a thread of the blocking pool.
            .max_blocking_threads(job.width.max(1))
            .on_thread_start(enter_next_shard(&shards))
            .enable_all()
            .build()
            .map_err(|e| Error::from_source(Code::PoolStart, "cannot start the event loop", e))?;
        Ok(Box::new(EventLoop { runtime, shards, program: Arc::clone(&job.program), width: job.width }))
    }
}

impl Pool for EventLoop {
    fn run(self: Box<Self>, queue: &Arc<TaskQueue>) -> PoolRun {
        let outcomes = drive(&self.runtime, queue, self.width, &self.shards, Arc::clone(&self.program));
        PoolRun::in_process(outcomes, self)
    }
}

/// Runs the queue with `width` tasks in flight on `runtime`.
fn drive(
    runtime: &Runtime,
    queue: &Arc<TaskQueue>,
    width: usize,
    shards: &Arc<Shards>,
    program: Arc<Program>,
) -> TaskOutcomes {
    let in_flight = width.min(usize::try_from(queue.len()).unwrap_or(usize::MAX));
    let run = Arc::new(Run { queue: Arc::clone(queue), shards: Arc::clone(shards), program });
    runtime.block_on(async {
        let workers: Vec<_> = (0..in_flight).map(|_| tokio::spawn(work(Arc::clone(&run)))).collect();
        for worker in workers {
            worker.await.expect("a worker catches the panics of its tasks");
        }
    });
    shards.take()
}

/// State that all workers of a run share.
struct Run {
    queue: Arc<TaskQueue>,
    shards: Arc<Shards>,
    program: Arc<Program>,
}

/// Runs one task at a time, chunk after chunk, until there are no more.
///
/// A million of these may be in flight, so anything not needed while a task waits is kept elsewhere.
#[expect(clippy::manual_async_fn, reason = "an async fn keeps its arguments twice")]
fn work(run: Arc<Run>) -> impl Future<Output = ()> + Send {
    async move {
        // The moment since when the worker could run a task: until the event loop has time, the task waits.
        let mut free_ns = 0;
        while let Some(chunk) = run.queue.pull(u64::MAX) {
            let mut begun_ns = run.queue.clock_ns();
            for position in chunk {
                let result = AssertUnwindSafe(run.program.run_async(position)).catch_unwind().await;
                let now_ns = run.queue.clock_ns();
                let (index, result) =
                    (run.program.index(position), result.unwrap_or_else(|_| Err(panicked())));
                let interval = run.queue.interval(free_ns, now_ns);
                run.shards.mine().record(position, index, Duration::from_nanos(now_ns - free_ns), result);
                run.shards.mine().note(Duration::from_nanos(now_ns - begun_ns), interval);
                (free_ns, begun_ns) = (now_ns, now_ns);
            }
            run.shards.mine().complete_chunk(&run.queue);
            // Tasks that only compute would never let another one have the thread.
            tokio::task::coop::consume_budget().await;
        }
    }
}

thread_local! {
    static SHARD: Cell<usize> = const { Cell::new(0) };
}

/// Outcomes per thread of the event loop, so that recording does not contend.
#[derive(Debug)]
struct Shards(Vec<Mutex<Shard>>);

impl Shards {
    fn new(threads: usize) -> Self {
        Shards((0..threads.max(1)).map(|_| Mutex::default()).collect())
    }

    fn mine(&self) -> MutexGuard<'_, Shard> {
        self.0[SHARD.get() % self.0.len()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> TaskOutcomes {
        let mut merged = TaskOutcomes::default();
        for shard in &self.0 {
            merged
                .merge(&std::mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner)).outcomes);
        }
        merged
    }
}

/// Outcomes of the tasks that ended on one thread.
#[derive(Debug, Default)]
struct Shard {
    outcomes: TaskOutcomes,
    /// Number of tasks that ended since the last report to the queue.
    ended: u64,
    /// Sum of their times, without the wait of the first task of a chunk for the event loop.
    took: Duration,
}

impl Shard {
    fn record(&mut self, position: u64, index: u64, latency: Duration, result: Result<u64, Error>) {
        self.outcomes.record(position, index, latency, result);
        self.ended += 1;
    }

    /// Takes the time of the task that was recorded last, and its interval if it is needed.
    fn note(&mut self, took: Duration, interval: Option<TaskInterval>) {
        self.took += took;
        self.outcomes.intervals.extend(interval);
    }

    /// Reports a completed chunk to the queue, with the time that tasks take here.
    fn complete_chunk(&mut self, queue: &TaskQueue) {
        queue.complete_chunk(std::mem::take(&mut self.ended), std::mem::take(&mut self.took));
    }
}

/// Gives every thread of a runtime a shard of its own; threads of the blocking pool record nothing.
fn enter_next_shard(shards: &Arc<Shards>) -> impl Fn() + Send + Sync + 'static {
    let (next, threads) = (AtomicUsize::new(0), shards.0.len());
    move || SHARD.set(next.fetch_add(1, Ordering::Relaxed) % threads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Env;
    use crate::workload::item::Items;
    use crate::workload::spec::{SleepSpec, StepSpec, Workload, WorkloadSource};

    /// Tokio keeps a task in a multiple of 128 bytes, of which it needs 104 itself.
    #[cfg(target_pointer_width = "64")]
    const SMALL: usize = 3 * 128 - 104;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_million_tasks_may_sleep_because_each_of_them_is_small() {
        let dir = tempfile::tempdir().expect("a directory");
        let workload = Workload::new(
            "sleep",
            WorkloadSource::Inline,
            Items::Count(1),
            vec![StepSpec::Sleep(SleepSpec { duration: Duration::ZERO })],
        );
        let env = Env {
            exe: "conc".into(),
            fixture: None,
            state_dir: dir.path().into(),
            seed: 1,
            permutation_id: 0,
        };
        let program = Program::prepare(&workload, &env).expect("nothing to prepare");
        let (queue, shards) = (Arc::new(TaskQueue::new(0..1, 1)), Arc::new(Shards::new(1)));
        let worker = work(Arc::new(Run { queue, shards, program: Arc::new(program) }));
        assert!(size_of_val(&worker) <= SMALL, "{} bytes", size_of_val(&worker));
    }
}
