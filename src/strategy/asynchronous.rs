//! `async`: tasks on an event loop with as many threads as there are CPUs.
//!
//! Long-lived tokio tasks pull from the feed, as many as the width. Spawning one task per item
//! behind a semaphore does the same for 2 to 20 times the cost when tasks are short.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::FutureExt;
use tokio::runtime::{Builder, Runtime};

use crate::strategy::feed::Feed;
use crate::strategy::job::{Job, Pool, StartError, Strategy};
use crate::strategy::worker::panicked;
use crate::workload::Program;
use crate::workload::step::StepError;
use crate::workload::tally::Tally;

/// Tasks on an event loop.
#[derive(Debug)]
pub struct Async;

struct EventLoop {
    runtime: Runtime,
    shards: Arc<Shards>,
    program: Arc<Program>,
    width: usize,
}

impl Strategy for Async {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, StartError> {
        let shards = Arc::new(Shards::new(job.cpus));
        let runtime = Builder::new_multi_thread()
            .worker_threads(job.cpus)
            // Steps without an async form each hold a thread of the blocking pool.
            .max_blocking_threads(job.width.max(1))
            .on_thread_start(enter_next_shard(&shards))
            .enable_all()
            .build()
            .map_err(|e| StartError::new("cannot start the event loop", &e))?;
        Ok(Box::new(EventLoop { runtime, shards, program: Arc::clone(&job.program), width: job.width }))
    }
}

impl Pool for EventLoop {
    fn run(&mut self, feed: &Arc<Feed>) -> Tally {
        let program = Arc::clone(&self.program);
        let run = move |index| {
            let program = Arc::clone(&program);
            async move { program.run_async(index).await }
        };
        drive(&self.runtime, feed, self.width, &self.shards, run)
    }
}

/// Runs the feed with `width` tasks in flight on `runtime`.
pub(crate) fn drive<F, R>(
    runtime: &Runtime,
    feed: &Arc<Feed>,
    width: usize,
    shards: &Arc<Shards>,
    run: F,
) -> Tally
where
    F: Fn(u64) -> R + Clone + Send + 'static,
    R: Future<Output = Result<u64, StepError>> + Send + 'static,
{
    let in_flight = width.min(usize::try_from(feed.len()).unwrap_or(usize::MAX));
    runtime.block_on(async {
        let workers: Vec<_> = (0..in_flight)
            .map(|_| tokio::spawn(work(Arc::clone(feed), Arc::clone(shards), run.clone())))
            .collect();
        for worker in workers {
            worker.await.expect("a worker catches the panics of its tasks");
        }
    });
    shards.take()
}

/// One of the tasks in flight: chunk after chunk until there are no more.
async fn work<F, R>(feed: Arc<Feed>, shards: Arc<Shards>, run: F)
where
    F: Fn(u64) -> R,
    R: Future<Output = Result<u64, StepError>>,
{
    while let Some(chunk) = feed.pull(u64::MAX) {
        let tasks = chunk.end - chunk.start;
        let begun = Instant::now();
        let mut last = begun;
        for index in chunk {
            let result =
                AssertUnwindSafe(run(index)).catch_unwind().await.unwrap_or_else(|_| Err(panicked()));
            let now = Instant::now();
            shards.mine().record(index, now - last, result);
            last = now;
        }
        feed.learn(tasks, last - begun);
        // Tasks that only compute would never let another one have the thread.
        tokio::task::coop::consume_budget().await;
    }
}

thread_local! {
    static SHARD: Cell<usize> = const { Cell::new(0) };
}

/// One tally per thread of the event loop, so that recording does not contend.
#[derive(Debug)]
pub(crate) struct Shards(Vec<Mutex<Tally>>);

impl Shards {
    pub(crate) fn new(threads: usize) -> Self {
        Shards((0..threads.max(1)).map(|_| Mutex::default()).collect())
    }

    fn mine(&self) -> MutexGuard<'_, Tally> {
        self.0[SHARD.get() % self.0.len()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Tally {
        let mut merged = Tally::default();
        for shard in &self.0 {
            merged.merge(&std::mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner)));
        }
        merged
    }
}

/// Gives every thread of a runtime a shard of its own; threads of the blocking pool record nothing.
fn enter_next_shard(shards: &Arc<Shards>) -> impl Fn() + Send + Sync + 'static {
    let (next, threads) = (AtomicUsize::new(0), shards.0.len());
    move || SHARD.set(next.fetch_add(1, Ordering::Relaxed) % threads)
}
