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
use crate::strategy::job::{Job, Pool, PoolRun, Strategy, WorkerUsage};
use crate::strategy::process::protocol::{Reply, Request, Span};
use crate::strategy::process::worker::{Worker, start_all};
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::time_breakdown::IpcStats;
use crate::workload::Program;
use crate::workload::program::{Segment, within};
use crate::workload::step::StepOutput;

/// Work that a frame of spans should hold; a longer frame would keep an idle worker waiting.
const FRAME_WORK: Duration = Duration::from_micros(50);

/// Largest number of spans in a frame.
const MAX_SPANS_PER_FRAME: usize = 64;

/// An event loop and a process pool.
#[derive(Debug)]
pub(crate) struct Hybrid;

struct HybridPool {
    runtime: Runtime,
    shards: Arc<Shards>,
    program: Arc<Program>,
    width: usize,
    compute: Sender<Computation>,
    drivers: Vec<JoinHandle<(Worker, IpcStats)>>,
}

/// Steps of one task that wait for a worker process.
struct Computation {
    /// The steps to run; their time limit is filled in when they are sent.
    span: Span,
    deadline: Option<Instant>,
    reply: oneshot::Sender<Result<StepOutput, Error>>,
}

impl Computation {
    /// Returns true if the task has ended already, at its deadline or with the batch.
    fn is_cancelled(&self) -> bool {
        self.reply.is_closed()
    }

    /// Splits into the message to the worker and the channel that waits for the result.
    fn dispatched(self) -> (Span, oneshot::Sender<Result<StepOutput, Error>>) {
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
            compute,
            drivers,
        }))
    }
}

impl Pool for HybridPool {
    fn run(self: Box<Self>, queue: &Arc<TaskQueue>) -> PoolRun {
        let HybridPool { runtime, shards, program, width, compute, drivers } = *self;
        let route = Route { segments: program.segments(), program, compute };
        let outcomes = drive(&runtime, queue, width, &shards, Arc::new(route));
        let ended_at = Instant::now();
        let workers = drivers.len() as u64;
        let (mut usage, mut ipc, mut finished) = (WorkerUsage::default(), IpcStats::default(), Vec::new());
        for driver in drivers {
            let (mut worker, stats) = driver.join().expect("a driver does not panic");
            ipc.merge(&stats);
            usage.add(worker.finish());
            finished.push(worker);
        }
        PoolRun { outcomes, ended_at, usage, ipc: Some(ipc), workers, stopped: Box::new((runtime, finished)) }
    }
}

/// The segments of a task, and the channel to the processes that compute.
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
    /// Runs one task segment by segment: computing ones in a worker process, waiting ones on the loop.
    async fn follow(&self, position: u64, deadline: Option<Instant>) -> Result<u64, Error> {
        let mut output = StepOutput::default();
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

/// Sends steps to a worker process and awaits their output.
async fn hand_over(
    compute: &Sender<Computation>,
    span: Span,
    deadline: Option<Instant>,
) -> Result<StepOutput, Error> {
    let (reply, answer) = oneshot::channel();
    let gone = || Error::new(Code::PoolWorkerDied, "no worker process is left");
    compute.send(Computation { span, deadline, reply }).map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}

/// Drives one worker process until every sender is gone.
fn serve(mut worker: Worker, inbox: &Receiver<Computation>) -> (Worker, IpcStats) {
    let mut ipc = IpcStats::default();
    let mut frame_len = 1;
    while let Ok(first) = inbox.recv() {
        let waiting = std::iter::once(first).chain(inbox.try_iter()).filter(|c| !c.is_cancelled());
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
            return (worker, ipc);
        };
        let active = begun.elapsed();
        ipc.add(results.len() as u64, active.as_secs_f64(), took.as_secs_f64());
        frame_len = spans_per_frame(active, results.len());
        for (reply, result) in replies.into_iter().zip(results) {
            let _ = reply.send(result);
        }
    }
    (worker, ipc)
}

/// Returns the number of spans per frame if the next ones take as long as the last ones.
fn spans_per_frame(took: Duration, spans: usize) -> usize {
    let each = took.as_nanos() / spans.max(1) as u128;
    usize::try_from(FRAME_WORK.as_nanos() / each.max(1))
        .unwrap_or(MAX_SPANS_PER_FRAME)
        .clamp(1, MAX_SPANS_PER_FRAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_grow_only_for_short_spans() {
        assert_eq!(spans_per_frame(Duration::from_millis(8), 1), 1);
        assert_eq!(spans_per_frame(Duration::from_micros(50), 10), 10);
        assert_eq!(spans_per_frame(Duration::from_nanos(100), 10), MAX_SPANS_PER_FRAME);
        assert_eq!(spans_per_frame(Duration::ZERO, 0), MAX_SPANS_PER_FRAME);
    }
}
