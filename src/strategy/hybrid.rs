//! `hybrid`: one event loop for the steps that wait, worker processes for the steps that compute.
//!
//! Short tasks go through their steps in chunks, so that a message to a worker process carries many of them.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use futures_util::FutureExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::strategy::job::{Job, Pool, PoolRun, Strategy, WorkerUsage};
use crate::strategy::process::protocol::{Reply, Request, Span};
use crate::strategy::process::worker::{Worker, start_all};
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::time_breakdown::IpcStats;
use crate::strategy::worker::panicked;
use crate::workload::Program;
use crate::workload::program::{Segment, within};
use crate::workload::step::StepOutput;
use crate::workload::task_outcomes::TaskOutcomes;

/// Work that a frame of spans should hold: its two switches between processes cost about 12 µs of CPU time. A
/// frame never waits to be filled.
const FRAME_WORK: Duration = Duration::from_micros(300);

/// Largest number of spans in a frame.
const MAX_SPANS_PER_FRAME: usize = 256;

/// An event loop and a process pool.
#[derive(Debug)]
pub(crate) struct Hybrid;

struct HybridPool {
    runtime: Runtime,
    program: Arc<Program>,
    width: usize,
    compute: Sender<Computation>,
    drivers: Vec<JoinHandle<(Worker, IpcStats)>>,
}

/// The results of some steps, and the time that they took.
type Answer = Result<(Vec<Result<StepOutput, Error>>, Duration), Error>;

/// Steps of some tasks that wait for a worker process.
struct Computation {
    /// The steps to run; their time limits are filled in when they are sent.
    spans: Vec<Span>,
    deadline: Option<Instant>,
    reply: oneshot::Sender<Answer>,
}

impl Computation {
    /// Returns true if the tasks have ended already, at their deadline or with the batch.
    fn is_cancelled(&self) -> bool {
        self.reply.is_closed()
    }

    /// Fills in the time limits.
    fn dispatched(mut self) -> Self {
        let now = Instant::now();
        let time_left = self.deadline.map(|deadline| deadline.saturating_duration_since(now));
        self.spans.iter_mut().for_each(|span| span.time_left = time_left);
        self
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
            let (inbox, processes) = (inbox.clone(), job.processes);
            let driver = std::thread::Builder::new().spawn(move || serve(worker, &inbox, processes));
            let failed = |e| Error::from_source(Code::PoolStart, "cannot start a thread for a process", e);
            drivers.push(driver.map_err(failed)?);
        }
        let (program, width) = (Arc::clone(&job.program), job.width);
        Ok(Box::new(HybridPool { runtime, program, width, compute, drivers }))
    }
}

impl Pool for HybridPool {
    fn run(self: Box<Self>, queue: &Arc<TaskQueue>) -> PoolRun {
        let HybridPool { runtime, program, width, compute, drivers } = *self;
        let workers = drivers.len() as u64;
        let segments = program.segments();
        let only_computes = segments.iter().all(|segment| segment.cpu);
        let route = Route { segments, program, compute };
        let outcomes = Mutex::default();
        let run = Arc::new(Run {
            queue: Arc::clone(queue),
            route,
            only_computes,
            processes: drivers.len(),
            outcomes,
        });
        let in_flight = width.min(usize::try_from(queue.len()).unwrap_or(usize::MAX));
        runtime.block_on(async {
            let lanes: Vec<_> = (0..in_flight).map(|_| tokio::spawn(work(Arc::clone(&run)))).collect();
            for lane in lanes {
                lane.await.expect("a lane catches the panics of its tasks");
            }
        });
        let ended_at = Instant::now();
        let outcomes = std::mem::take(&mut *run.outcomes.lock().unwrap_or_else(PoisonError::into_inner));
        // The drivers end with the last sender.
        drop(run);
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

/// State that all lanes of the event loop share.
struct Run {
    queue: Arc<TaskQueue>,
    route: Route,
    only_computes: bool,
    processes: usize,
    outcomes: Mutex<TaskOutcomes>,
}

impl Run {
    /// Takes the next tasks. Tasks that wait as well share the lane one after another, so that only very short ones
    /// come in chunks.
    fn pull(&self) -> Option<Range<u64>> {
        let most = MAX_SPANS_PER_FRAME as u64;
        match self.only_computes {
            true => self.queue.pull_shared(FRAME_WORK, most, self.processes),
            false => self.queue.pull(most),
        }
    }

    /// Records tasks that went through their steps together in a time.
    fn record(&self, chunk: Range<u64>, results: Vec<Result<u64, Error>>, time_ns: Range<u64>) {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let each_ns = (time_ns.end - time_ns.start) / results.len().max(1) as u64;
        let starts = (0..).map(|i| time_ns.start + i * each_ns);
        for ((position, result), start_ns) in chunk.zip(results).zip(starts) {
            let index = self.route.program.index(position);
            outcomes.record(position, index, Duration::from_nanos(each_ns), result);
            outcomes.intervals.extend(self.queue.interval(start_ns, start_ns + each_ns));
        }
    }
}

/// Runs chunk after chunk until there are no more tasks.
async fn work(run: Arc<Run>) {
    // The moment since when the lane could run a task: until the event loop has time, the task waits.
    let mut free_ns = 0;
    while let Some(chunk) = run.pull() {
        let tasks = chunk.end - chunk.start;
        let (results, worked) = run.route.follow(chunk.clone()).await;
        let now_ns = run.queue.clock_ns();
        run.record(chunk, results, free_ns..now_ns);
        run.queue.complete_chunk(tasks, worked);
        free_ns = now_ns;
        // Tasks that are answered at once would never let another lane have the thread.
        tokio::task::coop::consume_budget().await;
    }
}

/// The segments of a task, and the channel to the processes that compute.
struct Route {
    program: Arc<Program>,
    segments: Vec<Segment>,
    compute: Sender<Computation>,
}

impl Route {
    /// Takes some tasks through their steps, segment by segment: computing ones in a worker process, waiting ones on
    /// the loop. Returns the results and the time that the steps took.
    async fn follow(&self, chunk: Range<u64>) -> (Vec<Result<u64, Error>>, Duration) {
        let deadline = self.program.deadline();
        let mut outputs: Vec<Result<StepOutput, Error>> =
            chunk.clone().map(|_| Ok(StepOutput::default())).collect();
        let mut worked = Duration::ZERO;
        for segment in &self.segments {
            worked += match segment.cpu {
                true => self.compute(segment, chunk.start, deadline, &mut outputs).await,
                false => self.wait(segment, chunk.start, deadline, &mut outputs).await,
            };
        }
        (outputs.into_iter().map(|output| output.map(|output| output.digest)).collect(), worked)
    }

    /// Runs a segment that waits, one task after another.
    async fn wait(
        &self,
        segment: &Segment,
        first: u64,
        deadline: Option<Instant>,
        outputs: &mut [Result<StepOutput, Error>],
    ) -> Duration {
        let begun = Instant::now();
        for (position, output) in (first..).zip(outputs) {
            if let Ok(input) = output {
                let steps =
                    self.program.span_async(segment.steps.clone(), position, deadline, std::mem::take(input));
                let run = AssertUnwindSafe(within(deadline, steps)).catch_unwind();
                *output = run.await.unwrap_or_else(|_| Err(panicked()));
            }
        }
        begun.elapsed()
    }

    /// Runs a segment that computes, all tasks together.
    async fn compute(
        &self,
        segment: &Segment,
        first: u64,
        deadline: Option<Instant>,
        outputs: &mut [Result<StepOutput, Error>],
    ) -> Duration {
        let alive = (first..)
            .zip(outputs.iter_mut())
            .filter_map(|(position, output)| Some((position, output.as_mut().ok()?)));
        let span = |(position, input): (u64, &mut StepOutput)| Span {
            position,
            item: self.program.items_at(position..position + 1).and_then(|mut items| items.pop()),
            steps: segment.steps.clone(),
            input: std::mem::take(input),
            time_left: None,
        };
        let spans: Vec<Span> = alive.map(span).collect();
        if spans.is_empty() {
            return Duration::ZERO;
        }
        let answer = within(deadline, hand_over(&self.compute, spans, deadline)).await;
        let alive = outputs.iter_mut().filter(|output| output.is_ok());
        match answer {
            Ok((results, took)) => {
                alive.zip(results).for_each(|(output, result)| *output = result);
                took
            }
            Err(error) => {
                alive.for_each(|output| *output = Err(error.clone()));
                Duration::ZERO
            }
        }
    }
}

/// Sends steps to a worker process and awaits their outputs.
async fn hand_over(compute: &Sender<Computation>, spans: Vec<Span>, deadline: Option<Instant>) -> Answer {
    let (reply, answer) = oneshot::channel();
    let gone = || Error::new(Code::PoolWorkerDied, "no worker process is left");
    compute.send(Computation { spans, deadline, reply }).map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}

/// Drives one of some worker processes until every sender is gone.
fn serve(mut worker: Worker, inbox: &Receiver<Computation>, processes: usize) -> (Worker, IpcStats) {
    let mut ipc = IpcStats::default();
    let mut frame_len = 1;
    while let Ok(first) = inbox.recv() {
        let (spans, replies) = frame(first, inbox, frame_len, processes);
        if spans.is_empty() {
            continue;
        }
        let begun = Instant::now();
        let Ok(Reply::Spans { results, took }) =
            worker.send(&Request::Spans(spans)).and_then(|()| worker.receive())
        else {
            let death = worker.death();
            for (reply, _) in replies {
                // A task that timed out no longer listens.
                let _ = reply.send(Err(death.clone()));
            }
            return (worker, ipc);
        };
        let active = begun.elapsed();
        ipc.add(results.len() as u64, active.as_secs_f64(), took.as_secs_f64());
        frame_len = spans_per_frame(active, results.len());
        let each = took / u32::try_from(results.len().max(1)).unwrap_or(u32::MAX);
        let mut results = results.into_iter();
        for (reply, spans) in replies {
            let own: Vec<_> = results.by_ref().take(spans).collect();
            let _ = reply.send(Ok((own, each * u32::try_from(spans).unwrap_or(u32::MAX))));
        }
    }
    (worker, ipc)
}

/// Returns the spans of the next frame, and whom to answer how many of them: no more than fit, and no more than a
/// fair share of what waits for all processes.
fn frame(
    first: Computation,
    inbox: &Receiver<Computation>,
    frame_len: usize,
    processes: usize,
) -> (Vec<Span>, Vec<(oneshot::Sender<Answer>, usize)>) {
    let share = inbox.len() / processes.max(1);
    let (mut spans, mut replies) = (Vec::new(), Vec::new());
    for computation in std::iter::once(first).chain(inbox.try_iter().take(share)) {
        if computation.is_cancelled() {
            continue;
        }
        let computation = computation.dispatched();
        replies.push((computation.reply, computation.spans.len()));
        spans.extend(computation.spans);
        if spans.len() >= frame_len {
            break;
        }
    }
    (spans, replies)
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
        assert_eq!(spans_per_frame(Duration::from_micros(50), 10), 60);
        assert_eq!(spans_per_frame(Duration::from_nanos(100), 10), MAX_SPANS_PER_FRAME);
        assert_eq!(spans_per_frame(Duration::ZERO, 0), MAX_SPANS_PER_FRAME);
    }
}
