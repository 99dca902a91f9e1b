//! `hybrid`: one event loop for the steps that wait, worker processes for the steps that compute.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::strategy::asynchronous::{RunTask, Shards, drive};
use crate::strategy::job::{Job, Pool, Strategy, WorkerUsage};
use crate::strategy::process::protocol::{Reply, Request, Span};
use crate::strategy::process::worker::{Worker, start_all};
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::time_breakdown::IpcStats;
use crate::workload::Program;
use crate::workload::program::{Segment, within};
use crate::workload::step::Output;
use crate::workload::task_outcomes::TaskOutcomes;

/// A frame of spans should be about this much work; more would keep an idle worker waiting.
const FRAME: Duration = Duration::from_micros(50);

/// Spans per frame at the most.
const MOST_PER_FRAME: usize = 64;

/// An event loop and a process pool.
#[derive(Debug)]
pub struct Hybrid;

struct HybridPool {
    runtime: Runtime,
    shards: Arc<Shards>,
    program: Arc<Program>,
    width: usize,
    compute: Option<Sender<Computation>>,
    drivers: Vec<JoinHandle<(Worker, IpcStats)>>,
    processes: usize,
    traffic: IpcStats,
    /// Kept until the pool ends: reaping them earlier would count their CPU time twice.
    finished: Vec<Worker>,
}

/// Steps of one task that wait for a worker process.
struct Computation {
    /// Without its time left, which is known when it is sent.
    span: Span,
    deadline: Option<Instant>,
    reply: oneshot::Sender<Result<Output, Error>>,
}

impl Computation {
    /// Whether the task is over already, at its deadline or with the batch.
    fn is_moot(&self) -> bool {
        self.reply.is_closed()
    }

    /// What is sent of it, and who waits for the result.
    fn dispatched(self) -> (Span, oneshot::Sender<Result<Output, Error>>) {
        let time_left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        (Span { time_left, ..self.span }, self.reply)
    }
}

impl Strategy for Hybrid {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, Error> {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(job.width.max(1))
            .enable_all()
            .build()
            .map_err(|e| Error::from_source(Code::PoolStart, "cannot start the event loop", e))?;
        // Unbounded, because the width bounds it: a task waits for its own computation.
        let (compute, inbox) = unbounded();
        let mut drivers = Vec::with_capacity(job.processes);
        for worker in start_all(job, job.processes)? {
            let inbox = inbox.clone();
            let driver = std::thread::Builder::new().spawn(move || serve(worker, &inbox));
            let failed = |e| Error::from_source(Code::PoolStart, "cannot start a thread for a process", e);
            drivers.push(driver.map_err(failed)?);
        }
        Ok(Box::new(HybridPool {
            runtime,
            shards: Arc::new(Shards::new(1)),
            program: Arc::clone(&job.program),
            width: job.width,
            compute: Some(compute),
            drivers,
            processes: job.processes,
            traffic: IpcStats::default(),
            finished: Vec::new(),
        }))
    }
}

impl Pool for HybridPool {
    fn run(&mut self, feed: &Arc<TaskQueue>) -> TaskOutcomes {
        let Some(compute) = self.compute.take() else { return TaskOutcomes::default() };
        let route = Route { program: Arc::clone(&self.program), segments: self.program.segments(), compute };
        drive(&self.runtime, feed, self.width, &self.shards, Arc::new(route))
    }

    fn usage(&mut self) -> WorkerUsage {
        let mut usage = WorkerUsage::default();
        for driver in self.drivers.drain(..) {
            let (mut worker, traffic) = driver.join().expect("a driver does not panic");
            self.traffic.merge(&traffic);
            usage.add(worker.finish());
            self.finished.push(worker);
        }
        usage
    }

    fn traffic(&self) -> Option<(u64, &IpcStats)> {
        Some((self.processes as u64, &self.traffic))
    }
}

/// The segments of a task, and the way to those who compute.
struct Route {
    program: Arc<Program>,
    segments: Vec<Segment>,
    compute: Sender<Computation>,
}

impl RunTask for Route {
    fn run_task(&self, position: u64) -> impl Future<Output = Result<u64, Error>> + Send {
        let deadline = self.program.deadline();
        within(deadline, self.follow(position, deadline))
    }

    fn index(&self, position: u64) -> u64 {
        self.program.index(position)
    }
}

impl Route {
    /// Runs one task, segment by segment, each where it belongs.
    async fn follow(&self, position: u64, deadline: Option<Instant>) -> Result<u64, Error> {
        let mut output = Output::default();
        for segment in &self.segments {
            output = if segment.cpu {
                let item = self.program.items_at(position..position + 1).and_then(|mut items| items.pop());
                let input = std::mem::take(&mut output);
                let span = Span { position, item, steps: segment.steps.clone(), input, time_left: None };
                hand_over(&self.compute, span, deadline).await?
            } else {
                self.program.span_async(segment.steps.clone(), position, deadline, output).await?
            };
        }
        Ok(output.digest)
    }
}

/// Has a worker process compute, and awaits what it produced.
async fn hand_over(
    compute: &Sender<Computation>,
    span: Span,
    deadline: Option<Instant>,
) -> Result<Output, Error> {
    let (reply, answer) = oneshot::channel();
    let gone = || Error::new(Code::PoolWorkerDied, "no worker process is left");
    compute.send(Computation { span, deadline, reply }).map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}

/// Drives one worker process until nobody wants anything computed any more.
fn serve(mut worker: Worker, inbox: &Receiver<Computation>) -> (Worker, IpcStats) {
    let mut traffic = IpcStats::default();
    let mut frame_len = 1;
    while let Ok(first) = inbox.recv() {
        let waiting = std::iter::once(first).chain(inbox.try_iter()).filter(|c| !c.is_moot());
        let (spans, replies): (Vec<_>, Vec<_>) = waiting.take(frame_len).map(Computation::dispatched).unzip();
        if spans.is_empty() {
            continue;
        }
        let begun = Instant::now();
        let Ok(Reply::Spans { results, took }) =
            worker.send(&Request::Spans(spans)).and_then(|()| worker.receive())
        else {
            let death = worker.death();
            for reply in replies {
                // A task that timed out no longer listens.
                let _ = reply.send(Err(death.clone()));
            }
            return (worker, traffic);
        };
        let active = begun.elapsed();
        traffic.add(results.len() as u64, active.as_secs_f64(), took.as_secs_f64());
        frame_len = fitting(active, results.len());
        for (reply, result) in replies.into_iter().zip(results) {
            let _ = reply.send(result);
        }
    }
    (worker, traffic)
}

/// How many spans like the last ones make a frame.
fn fitting(took: Duration, spans: usize) -> usize {
    let each = took.as_nanos() / spans.max(1) as u128;
    usize::try_from(FRAME.as_nanos() / each.max(1)).unwrap_or(MOST_PER_FRAME).clamp(1, MOST_PER_FRAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_grow_only_for_short_spans() {
        assert_eq!(fitting(Duration::from_millis(8), 1), 1);
        assert_eq!(fitting(Duration::from_micros(50), 10), 10);
        assert_eq!(fitting(Duration::from_nanos(100), 10), MOST_PER_FRAME);
        assert_eq!(fitting(Duration::ZERO, 0), MOST_PER_FRAME);
    }
}
