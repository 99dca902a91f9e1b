//! `processes`: a pool of worker processes, each driven by a thread over blocking pipes.
//!
//! Frames hold as many tasks as fit, and short tasks have a second frame waiting in the pipe, so
//! that a worker never waits for the round trip.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::strategy::feed::Feed;
use crate::strategy::job::{Job, Pool, StartError, Strategy, WorkerUsage};
use crate::strategy::process::protocol::{Reply, Request};
use crate::strategy::process::worker::{Worker, start_all};
use crate::workload::Program;
use crate::workload::step::StepError;
use crate::workload::tally::Tally;

/// A frame should be about this much work: the two switches between processes that it takes cost
/// some 12 µs of CPU time.
const FRAME: Duration = Duration::from_micros(500);

/// Tasks per frame at the most; larger frames gain nothing and hold back what could be shared.
const MOST_PER_FRAME: u64 = 256;

/// A pool of worker processes.
#[derive(Debug)]
pub struct Processes;

struct ProcessPool {
    workers: Vec<Worker>,
    job: Job,
}

impl Strategy for Processes {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, StartError> {
        let workers = start_all(job, job.width)?;
        Ok(Box::new(ProcessPool { workers, job: job.clone() }))
    }
}

impl Pool for ProcessPool {
    fn run(&mut self, feed: &Arc<Feed>) -> Tally {
        let mut tally = Tally::default();
        self.run_until_drained_or_dead(feed, &mut tally);
        while !feed.is_drained() {
            match start_all(&self.job, self.workers.len()) {
                Ok(workers) => self.workers = workers,
                Err(error) => return lose_the_rest(feed, &error, tally),
            }
            self.run_until_drained_or_dead(feed, &mut tally);
        }
        tally
    }

    fn usage(&mut self) -> WorkerUsage {
        let mut usage = WorkerUsage::default();
        for worker in &mut self.workers {
            usage.add(worker.finish());
        }
        usage
    }
}

impl ProcessPool {
    /// Drives every worker; tasks are left in the feed only if all workers died.
    fn run_until_drained_or_dead(&mut self, feed: &Arc<Feed>, tally: &mut Tally) {
        let program = &self.job.program;
        std::thread::scope(|scope| {
            let drive = |worker| scope.spawn(move || drive(worker, feed, program));
            let drivers: Vec<_> = self.workers.iter_mut().map(drive).collect();
            for driver in drivers {
                tally.merge(&driver.join().expect("a driver does not panic"));
            }
        });
    }
}

/// Accounts for the tasks that nobody is left to run.
fn lose_the_rest(feed: &Feed, error: &StartError, mut tally: Tally) -> Tally {
    let error = StepError::new(error.code, error.message.clone());
    while let Some(tasks) = feed.pull(u64::MAX) {
        tally.lose(tasks.end - tasks.start, &error);
    }
    tally
}

/// Keeps one worker busy until there are no more tasks or it is gone.
fn drive(worker: &mut Worker, feed: &Feed, program: &Program) -> Tally {
    let mut tally = Tally::default();
    let mut waiting = VecDeque::new();
    let mut listens = true;
    loop {
        let window = if feed.is_fine_grained() { 2 } else { 1 };
        while listens
            && waiting.len() < window
            && let Some(tasks) = feed.pull_work(FRAME, MOST_PER_FRAME)
        {
            let items = program.items_at(tasks.clone());
            listens = worker.send(&Request::Run { tasks: tasks.clone(), items }).is_ok();
            waiting.push_back(tasks);
        }
        let Some(tasks) = waiting.pop_front() else { return tally };
        if !take_reply(worker, feed, program, &tasks, &mut tally) {
            let lost = waiting.iter().chain([&tasks]).map(|tasks| tasks.end - tasks.start).sum();
            tally.lose(lost, &worker.death());
            return tally;
        }
    }
}

/// Records the reply to one frame; false if the worker is gone.
fn take_reply(
    worker: &mut Worker,
    feed: &Feed,
    program: &Program,
    tasks: &Range<u64>,
    tally: &mut Tally,
) -> bool {
    let Ok(Reply::Ran(results)) = worker.receive() else { return false };
    let took = results.iter().map(|task| task.took).sum();
    feed.learn(results.len() as u64, took);
    for (position, task) in tasks.clone().zip(results) {
        tally.record(position, program.index(position), task.took, task.result);
    }
    true
}
