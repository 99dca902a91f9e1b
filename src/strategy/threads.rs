//! `threads`: a fixed pool of OS threads fed by a bounded channel, blocking calls.
//!
//! The channel carries the task queue, once per thread, and the threads pull chunks from it. One message
//! per chunk would wake the feeding thread for every chunk, which takes the CPU from a worker: at 10 µs per
//! task that cost a third more CPU time.

use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::strategy::job::{Job, Pool, PoolRun, Strategy};
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::worker::run_queue;
use crate::workload::Program;
use crate::workload::task_outcomes::TaskOutcomes;

/// A pool of threads.
#[derive(Debug)]
pub(crate) struct Threads;

struct ThreadPool {
    /// Threads end when it is dropped, whether the pool ran or not.
    queues: Sender<Arc<TaskQueue>>,
    threads: Vec<JoinHandle<TaskOutcomes>>,
}

impl Strategy for Threads {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, Error> {
        let (queues, inbox) = bounded(job.width);
        let (ready, readiness) = bounded(job.width);
        let mut pool = ThreadPool { queues, threads: Vec::with_capacity(job.width) };
        for i in 0..job.width {
            let (program, inbox, ready) = (Arc::clone(&job.program), inbox.clone(), ready.clone());
            let thread = std::thread::Builder::new()
                .name(format!("worker-{i}"))
                .spawn(move || work(&program, &inbox, &ready))
                .map_err(|e| {
                    let doing = format!("cannot start thread {} of {}", i + 1, job.width);
                    Error::from_source(Code::PoolStart, doing, e)
                })?;
            pool.threads.push(thread);
        }
        drop(ready);
        readiness.iter().take(job.width).for_each(drop);
        Ok(Box::new(pool))
    }
}

/// Runs one thread: reports that it is ready, then runs every queue it receives until the channel closes.
fn work(program: &Program, inbox: &Receiver<Arc<TaskQueue>>, ready: &Sender<()>) -> TaskOutcomes {
    let mut outcomes = TaskOutcomes::default();
    // Nobody listens when another thread could not be started; the channel is closed then as well.
    let _ = ready.send(());
    for queue in inbox {
        run_queue(program, &queue, &mut outcomes);
    }
    outcomes
}

impl Pool for ThreadPool {
    fn run(self: Box<Self>, queue: &Arc<TaskQueue>) -> PoolRun {
        let ThreadPool { queues, threads } = *self;
        for _ in &threads {
            queues.send(Arc::clone(queue)).expect("the threads receive until there are no senders");
        }
        drop(queues);
        let mut outcomes = TaskOutcomes::default();
        for thread in threads {
            outcomes.merge(&thread.join().expect("a worker catches the panics of its tasks"));
        }
        PoolRun::in_process(outcomes, Box::new(()))
    }
}
