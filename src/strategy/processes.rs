//! `processes`: a pool of worker processes, each driven by a thread over blocking pipes.
//!
//! Frames hold as many tasks as fit, and while tasks are plenty a second frame waits in the pipe, so that
//! a worker never waits for the round trip.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::model::message::MessageCosts;
use crate::strategy::job::{Job, Pool, Strategy, WorkerUsage};
use crate::strategy::process::protocol::{Reply, Request};
use crate::strategy::process::worker::{Worker, start_all};
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::time_breakdown::IpcStats;
use crate::workload::Program;
use crate::workload::task_outcomes::TaskOutcomes;

/// A frame should be about this much work: the two switches between processes that it takes cost
/// some 12 µs of CPU time.
const FRAME: Duration = Duration::from_micros(500);

/// Where messages are seen to cost more than a pipe should, a frame is this many times that much work:
/// they then cost 2.5% of it.
const TIMES_MESSAGE: f64 = 40.0;

/// However much messages cost, a frame is no more work than this.
const LARGEST_FRAME: Duration = Duration::from_millis(20);

/// Tasks per frame at the most; larger frames gain nothing and hold back what could be shared.
const MOST_PER_FRAME: u64 = 256;

/// A pool of worker processes.
#[derive(Debug)]
pub struct Processes;

struct ProcessPool {
    workers: Vec<Worker>,
    job: Job,
    traffic: IpcStats,
}

impl Strategy for Processes {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, Error> {
        let workers = start_all(job, job.width)?;
        Ok(Box::new(ProcessPool { workers, job: job.clone(), traffic: IpcStats::default() }))
    }
}

impl Pool for ProcessPool {
    fn run(&mut self, feed: &Arc<TaskQueue>) -> TaskOutcomes {
        let mut tally = TaskOutcomes::default();
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

    fn traffic(&self) -> Option<(u64, &IpcStats)> {
        Some((self.workers.len() as u64, &self.traffic))
    }
}

impl ProcessPool {
    /// Drives every worker; tasks are left in the feed only if all workers died.
    fn run_until_drained_or_dead(&mut self, feed: &Arc<TaskQueue>, tally: &mut TaskOutcomes) {
        let program = &self.job.program;
        std::thread::scope(|scope| {
            let drive = |worker| scope.spawn(move || drive(worker, feed, program));
            let drivers: Vec<_> = self.workers.iter_mut().map(drive).collect();
            for driver in drivers {
                let (of_driver, traffic) = driver.join().expect("a driver does not panic");
                tally.merge(&of_driver);
                self.traffic.merge(&traffic);
            }
        });
    }
}

/// Accounts for the tasks that nobody is left to run.
fn lose_the_rest(feed: &TaskQueue, error: &Error, mut tally: TaskOutcomes) -> TaskOutcomes {
    while let Some(tasks) = feed.pull(u64::MAX) {
        tally.lose(tasks.end - tasks.start, error);
    }
    tally
}

/// Keeps one worker busy until there are no more tasks or it is gone.
fn drive(worker: &mut Worker, feed: &TaskQueue, program: &Program) -> (TaskOutcomes, IpcStats) {
    let (mut tally, mut traffic) = (TaskOutcomes::default(), IpcStats::default());
    let mut last = Instant::now();
    let mut waiting = VecDeque::new();
    let mut listens = true;
    loop {
        let window = if feed.allows_prefetching() { 2 } else { 1 };
        while listens
            && waiting.len() < window
            && let Some(tasks) = feed.pull_work(frame(&traffic.costs), MOST_PER_FRAME)
        {
            let items = program.items_at(tasks.clone());
            listens = worker.send(&Request::Run { tasks: tasks.clone(), items }).is_ok();
            waiting.push_back(tasks);
        }
        let Some(tasks) = waiting.pop_front() else { return (tally, traffic) };
        let Some(worked) = take_reply(worker, feed, program, &tasks, &mut tally) else {
            let lost = waiting.iter().chain([&tasks]).map(|tasks| tasks.end - tasks.start).sum();
            tally.lose(lost, &worker.death());
            return (tally, traffic);
        };
        // The next answer is waited for from here on, so the time in between is on the account too.
        let now = Instant::now();
        traffic.add(tasks.end - tasks.start, (now - last).as_secs_f64(), worked.as_secs_f64());
        last = now;
    }
}

/// How much work a frame should be.
fn frame(costs: &MessageCosts) -> Duration {
    Duration::from_secs_f64(TIMES_MESSAGE * costs.message_s().unwrap_or(0.0)).clamp(FRAME, LARGEST_FRAME)
}

/// Records the reply to one frame, and gives the time that the worker worked; `None` if it is gone.
fn take_reply(
    worker: &mut Worker,
    feed: &TaskQueue,
    program: &Program,
    tasks: &Range<u64>,
    tally: &mut TaskOutcomes,
) -> Option<Duration> {
    let Ok(Reply::Ran(results)) = worker.receive() else { return None };
    let took: Duration = results.iter().map(|task| task.took).sum();
    feed.learn(results.len() as u64, took);
    for (position, task) in tasks.clone().zip(results) {
        tally.record(position, program.index(position), task.took, task.result);
    }
    Some(took)
}
