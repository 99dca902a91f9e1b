//! `processes`: a pool of worker processes, each driven by a thread over blocking pipes.
//!
//! Frames hold several short tasks, and while many tasks are left a second frame waits in the pipe, so that
//! a worker never waits for the round trip. Frames are as long as a pipe at most, unless a single item is longer.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::model::message::MessageCosts;
use crate::strategy::job::{Job, Pool, PoolRun, Strategy, WorkerUsage};
use crate::strategy::process::protocol::{Reply, Request};
use crate::strategy::process::worker::{Worker, start_all};
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::time_breakdown::IpcStats;
use crate::units::duration_of;
use crate::workload::Program;
use crate::workload::task_outcomes::TaskOutcomes;

/// Work that a frame should hold: its two switches between processes cost about 12 µs of CPU time.
const FRAME_WORK: Duration = Duration::from_micros(500);

/// Work of a frame as a multiple of the measured cost of a message, where messages cost more than a pipe
/// should: they then cost 2.5% of the work.
const FRAME_WORK_PER_MESSAGE_COST: f64 = 40.0;

/// Largest work of a frame, whatever messages cost.
const MAX_FRAME_WORK: Duration = Duration::from_millis(20);

/// Largest number of tasks in a frame; larger frames gain nothing and hold back tasks that others could run.
const MAX_TASKS_PER_FRAME: u64 = 256;

/// Bytes of a frame besides its items, at most: its length, its kind, and the positions of its tasks.
const FRAME_HEAD_BYTES: usize = 64;

/// Bytes of the length of an item in a frame, at most (a variable-length number of 64 bits).
const ITEM_HEAD_BYTES: usize = 10;

/// A pool of worker processes.
#[derive(Debug)]
pub(crate) struct Processes;

struct ProcessPool {
    workers: Vec<Worker>,
    job: Job,
}

impl Strategy for Processes {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, Error> {
        let workers = start_all(job, job.width)?;
        Ok(Box::new(ProcessPool { workers, job: job.clone() }))
    }
}

impl Pool for ProcessPool {
    fn run(mut self: Box<Self>, queue: &Arc<TaskQueue>) -> PoolRun {
        let (mut outcomes, mut ipc) = (TaskOutcomes::default(), IpcStats::default());
        self.run_until_drained_or_dead(queue, &mut outcomes, &mut ipc);
        while !queue.is_drained() {
            match start_all(&self.job, self.workers.len()) {
                Ok(workers) => self.workers = workers,
                Err(error) => {
                    record_lost_rest(queue, &error, &mut outcomes);
                    break;
                }
            }
            self.run_until_drained_or_dead(queue, &mut outcomes, &mut ipc);
        }
        let (ended_at, mut usage) = (Instant::now(), WorkerUsage::default());
        self.workers.iter_mut().for_each(|worker| usage.add(worker.finish()));
        let workers = self.workers.len() as u64;
        PoolRun { outcomes, ended_at, usage, ipc: Some(ipc), workers, stopped: self }
    }
}

impl ProcessPool {
    /// Drives every worker; tasks stay in the queue only if all workers died.
    fn run_until_drained_or_dead(
        &mut self,
        queue: &Arc<TaskQueue>,
        outcomes: &mut TaskOutcomes,
        ipc: &mut IpcStats,
    ) {
        let program = &self.job.program;
        std::thread::scope(|scope| {
            let drive = |worker| scope.spawn(move || drive(worker, queue, program));
            let drivers: Vec<_> = self.workers.iter_mut().map(drive).collect();
            for driver in drivers {
                let (of_driver, stats) = driver.join().expect("a driver does not panic");
                outcomes.merge(&of_driver);
                ipc.merge(&stats);
            }
        });
    }
}

/// Records the tasks that no worker is left to run as lost.
fn record_lost_rest(queue: &TaskQueue, error: &Error, outcomes: &mut TaskOutcomes) {
    while let Some(tasks) = queue.pull(u64::MAX) {
        outcomes.record_lost(tasks.end - tasks.start, error);
    }
}

/// Tasks that were sent in one frame, or are about to be.
struct Frame {
    tasks: Range<u64>,
    /// True unless more frames have tasks of the same chunk of the queue.
    ends_chunk: bool,
}

/// The tasks that a driver has taken from the queue and not sent yet.
#[derive(Default)]
struct Outbox {
    /// The encoded frame, which the worker gets when its replies are read.
    held: Option<Frame>,
    /// The tasks of the last chunk that did not fit into the frame, with their items.
    rest: Option<(Range<u64>, Vec<String>)>,
}

impl Outbox {
    /// Encodes the next frame unless one is held; returns false if there are no more tasks.
    fn fill(
        &mut self,
        worker: &mut Worker,
        queue: &TaskQueue,
        program: &Program,
        costs: &MessageCosts,
    ) -> bool {
        if self.held.is_some() {
            return true;
        }
        let (tasks, items) = match self.rest.take() {
            Some((tasks, items)) => (tasks, Some(items)),
            None => match queue.pull_work(frame_work(costs), MAX_TASKS_PER_FRAME) {
                Some(tasks) => (tasks.clone(), program.items_at(tasks)),
                None => return false,
            },
        };
        let (sent, items) = match items {
            None => (tasks, None),
            Some(mut items) => {
                let fitting = fitting(&items, worker.early_bytes()) as u64;
                let (sent, left) = (tasks.start..tasks.start + fitting, tasks.start + fitting..tasks.end);
                let others = items.split_off(items.len().min(fitting as usize));
                self.rest = (!others.is_empty()).then_some((left, others));
                (sent, Some(items))
            }
        };
        // A request too long for any frame is found out when nobody answers.
        let _ = worker.encode(&Request::Run { tasks: sent.clone(), items });
        self.held = Some(Frame { tasks: sent, ends_chunk: self.rest.is_none() });
        true
    }

    /// Returns the number of tasks.
    fn len(&self) -> u64 {
        let held = self.held.as_ref().map(|frame| &frame.tasks);
        let rest = self.rest.as_ref().map(|(tasks, _)| tasks);
        held.into_iter().chain(rest).map(|tasks| tasks.end - tasks.start).sum()
    }
}

/// Returns how many of the items, at least one, fit into a frame that may be sent early.
fn fitting(items: &[String], frame_bytes: usize) -> usize {
    let left = frame_bytes.saturating_sub(FRAME_HEAD_BYTES);
    let ends = items.iter().scan(0_usize, |sum, item| {
        *sum = sum.saturating_add(item.len() + ITEM_HEAD_BYTES);
        Some(*sum)
    });
    ends.take_while(|end| *end <= left).count().max(1)
}

/// Keeps one worker busy until there are no more tasks or the worker is gone.
fn drive(worker: &mut Worker, queue: &TaskQueue, program: &Program) -> (TaskOutcomes, IpcStats) {
    let (mut outcomes, mut ipc) = (TaskOutcomes::default(), IpcStats::default());
    let mut last_ns = 0;
    let (mut waiting, mut outbox) = (VecDeque::new(), Outbox::default());
    let mut is_listening = true;
    loop {
        let window = if queue.allows_prefetching() { 2 } else { 1 };
        while is_listening
            && waiting.len() < window
            && outbox.fill(worker, queue, program, &ipc.costs)
            // See the protocol: else both sides could wait for each other.
            && (waiting.is_empty() || worker.may_send_early())
        {
            is_listening = worker.send_encoded().is_ok();
            waiting.extend(outbox.held.take());
        }
        let Some(frame) = waiting.pop_front() else { return (outcomes, ipc) };
        let Some(reply) = take_reply(worker, queue, program, &frame, last_ns, &mut outcomes) else {
            let sent: u64 = waiting.iter().chain([&frame]).map(|of| of.tasks.end - of.tasks.start).sum();
            outcomes.record_lost(sent + outbox.len(), &worker.death());
            return (outcomes, ipc);
        };
        let tasks = frame.tasks.end - frame.tasks.start;
        // Waiting for the next answer begins here, so the time in between counts too.
        ipc.add(tasks, (reply.at_ns - last_ns) as f64 * 1e-9, reply.worked.as_secs_f64());
        last_ns = reply.at_ns;
    }
}

/// Returns the work that the next frame should hold.
fn frame_work(costs: &MessageCosts) -> Duration {
    duration_of(FRAME_WORK_PER_MESSAGE_COST * costs.message_s().unwrap_or(0.0))
        .clamp(FRAME_WORK, MAX_FRAME_WORK)
}

/// The reply to one frame.
struct FrameReply {
    /// The moment at which it came, in nanoseconds since the tasks were released.
    at_ns: u64,
    /// Time that the worker worked.
    worked: Duration,
}

/// Records the reply to one frame of a worker that was free since `free_ns`; `None` if the worker is gone.
fn take_reply(
    worker: &mut Worker,
    queue: &TaskQueue,
    program: &Program,
    frame: &Frame,
    free_ns: u64,
    outcomes: &mut TaskOutcomes,
) -> Option<FrameReply> {
    let Ok(Reply::Ran(results)) = worker.receive() else { return None };
    let at_ns = queue.clock_ns();
    let worked: Duration = results.iter().map(|task| task.took).sum();
    match frame.ends_chunk {
        true => queue.complete_chunk(results.len() as u64, worked),
        false => queue.note_speed(results.len() as u64, worked),
    }
    // The time on the way is shared by the tasks of a frame.
    let way = Duration::from_nanos(at_ns - free_ns).saturating_sub(worked) / results.len().max(1) as u32;
    let (mut last_ns, count) = (free_ns, results.len());
    for (nth, (position, task)) in frame.tasks.clone().zip(results).enumerate() {
        let latency = task.took + way;
        let ended_ns = if nth + 1 == count { at_ns } else { last_ns + latency.as_nanos() as u64 };
        outcomes.record(position, program.index(position), latency, task.result);
        outcomes.intervals.extend(queue.interval(last_ns, ended_ns));
        last_ns = ended_ns;
    }
    Some(FrameReply { at_ns, worked })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_items_that_fit_and_at_least_one() {
        let items = |sizes: &[usize]| sizes.iter().map(|size| "x".repeat(*size)).collect::<Vec<_>>();
        assert_eq!(fitting(&items(&[10, 10, 10]), 61_440), 3);
        assert_eq!(fitting(&items(&[30_000, 30_000, 30_000]), 61_440), 2);
        assert_eq!(fitting(&items(&[200_000, 1]), 61_440), 1, "alone, and never early");
        assert_eq!(fitting(&items(&[1, 1]), 0), 1);
    }
}
