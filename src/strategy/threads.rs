//! `threads`: a fixed pool of OS threads fed by a bounded channel, blocking calls.
//!
//! What goes through the channel is the feed, once per thread, and the threads pull chunks from it.
//! A message per chunk would wake the feeding thread as often, and it takes the CPU from a worker:
//! at 10 µs per task that was a third more CPU time.

use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::strategy::job::{Job, Pool, Strategy};
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::worker::run_feed;
use crate::workload::Program;
use crate::workload::task_outcomes::TaskOutcomes;

/// A pool of threads.
#[derive(Debug)]
pub struct Threads;

struct ThreadPool {
    feeds: Option<Sender<Arc<TaskQueue>>>,
    threads: Vec<JoinHandle<TaskOutcomes>>,
}

impl Strategy for Threads {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, Error> {
        let (feeds, inbox) = bounded(job.width);
        let (ready, readiness) = bounded(job.width);
        let mut pool = ThreadPool { feeds: Some(feeds), threads: Vec::with_capacity(job.width) };
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

/// One thread: tells that it is ready, then runs what it is sent until the channel closes.
fn work(program: &Program, inbox: &Receiver<Arc<TaskQueue>>, ready: &Sender<()>) -> TaskOutcomes {
    let mut tally = TaskOutcomes::default();
    // Nobody listens when another thread could not be started; the channel is closed then as well.
    let _ = ready.send(());
    for feed in inbox {
        run_feed(program, &feed, &mut tally);
    }
    tally
}

impl Pool for ThreadPool {
    fn run(&mut self, feed: &Arc<TaskQueue>) -> TaskOutcomes {
        let Some(feeds) = self.feeds.take() else { return TaskOutcomes::default() };
        for _ in &self.threads {
            feeds.send(Arc::clone(feed)).expect("the threads receive until there are no senders");
        }
        drop(feeds);
        let mut tally = TaskOutcomes::default();
        for thread in self.threads.drain(..) {
            tally.merge(&thread.join().expect("a worker catches the panics of its tasks"));
        }
        tally
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.feeds = None;
        for thread in self.threads.drain(..) {
            // Its tally is lost on purpose: the pool never ran.
            let _ = thread.join();
        }
    }
}
