//! `pipeline`: one pool of threads per step, with bounded queues between them.
//!
//! A queue that is full holds back the stage before it, so that the number of tasks in flight is bounded by
//! [`Stages::in_flight`](crate::strategy::stages::Stages::in_flight), however slow a stage is.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::model::full_pipe::in_slots;
use crate::strategy::job::{Job, Pool, PoolRun, Strategy};
use crate::strategy::stages::{MAX_STAGES, Stages};
use crate::strategy::task_queue::TaskQueue;
use crate::strategy::worker::panicked;
use crate::workload::Program;
use crate::workload::step::StepOutput;
use crate::workload::task_outcomes::TaskOutcomes;

/// A pool of threads per step.
#[derive(Debug)]
pub(crate) struct Pipeline;

impl Strategy for Pipeline {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, Error> {
        let steps = job.program.step_count();
        let stages = job.stages.or_else(|| Stages::even(steps, job.width));
        let stages = stages.filter(|stages| stages.count() == steps).ok_or_else(|| {
            let message = format!("a pipeline of these tasks has {steps} stages, {MAX_STAGES} at the most");
            Error::new(Code::PoolStart, message)
        })?;
        // Tasks reach the first step in order anyhow.
        let ordered = job.program.ordered_step().filter(|step| *step > 0);
        if ordered.is_some_and(|step| stages.workers().nth(step) != Some(1)) {
            let message = "a stage with `ordered = true` has exactly 1 worker";
            return Err(Error::new(Code::PoolStart, message));
        }
        Ok(Box::new(Line::start(Arc::clone(&job.program), stages, ordered)?))
    }
}

/// Tasks in the form that a pipeline runs: step by step.
pub(crate) trait Steps: Send + Sync + 'static {
    /// Returns the deadline of a task that starts now.
    fn deadline(&self) -> Option<Instant>;

    /// Returns the number of the task at `position`.
    fn index(&self, position: u64) -> u64;

    /// Runs one step of the task at `position`, after the one that gave `input`.
    fn run_step(
        &self,
        step: usize,
        position: u64,
        deadline: Option<Instant>,
        input: StepOutput,
    ) -> Result<StepOutput, Error>;
}

impl Steps for Program {
    fn deadline(&self) -> Option<Instant> {
        Program::deadline(self)
    }

    fn index(&self, position: u64) -> u64 {
        Program::index(self, position)
    }

    fn run_step(
        &self,
        step: usize,
        position: u64,
        deadline: Option<Instant>,
        input: StepOutput,
    ) -> Result<StepOutput, Error> {
        self.span_blocking(step..step + 1, position, deadline, input)
    }
}

/// A task on its way from one stage to the next.
struct Parcel {
    position: u64,
    /// The start of its first step, in nanoseconds since the tasks were released.
    begun_ns: u64,
    deadline: Option<Instant>,
    /// The output so far; `None` if the task has failed, and only its place in the order matters still.
    output: Option<StepOutput>,
}

/// The started threads of all stages.
struct Line {
    /// Threads end when it is dropped, whether the pipeline ran or not.
    starts: Sender<Arc<TaskQueue>>,
    threads: Vec<JoinHandle<TaskOutcomes>>,
    width: usize,
}

impl Line {
    /// Starts the threads; step `ordered` gets tasks in the order in which they began.
    fn start<S: Steps>(steps: Arc<S>, stages: Stages, ordered: Option<usize>) -> Result<Self, Error> {
        let width = stages.width();
        let (starts, orders) = bounded(width);
        let (ready, readiness) = bounded(width);
        let (tickets, returned) = bounded(stages.in_flight());
        let mut line = Line { starts, threads: Vec::with_capacity(width), width };
        let mut inbox = None;
        for (number, workers) in stages.workers().enumerate() {
            let link = (number + 1 < stages.count()).then(|| bounded(stages.queue()));
            let (outbox, next) = link.unzip();
            let stage = Stage {
                steps: Arc::clone(&steps),
                number,
                inbox,
                outbox,
                ordered,
                // Only an order needs tickets: tasks that wait for an earlier one are in no queue.
                tickets: ordered.filter(|_| number == 0).map(|_| tickets.clone()),
                returned: ordered.filter(|ordered| *ordered == number).map(|_| returned.clone()),
            };
            for _ in 0..workers {
                let (stage, orders, ready) = (stage.clone(), orders.clone(), ready.clone());
                let thread = std::thread::Builder::new()
                    .name(format!("stage-{number}"))
                    .spawn(move || stage.work(&orders, &ready));
                line.threads.push(thread.map_err(|e| {
                    let doing = format!("cannot start thread {} of {width}", line.threads.len() + 1);
                    Error::from_source(Code::PoolStart, doing, e)
                })?);
            }
            inbox = next;
        }
        drop(ready);
        readiness.iter().take(width).for_each(drop);
        Ok(line)
    }
}

impl Pool for Line {
    fn run(self: Box<Self>, queue: &Arc<TaskQueue>) -> PoolRun {
        let Line { starts, threads, width } = *self;
        for _ in &threads {
            starts.send(Arc::clone(queue)).expect("the threads receive until there are no senders");
        }
        drop(starts);
        let mut outcomes = TaskOutcomes::default();
        for thread in threads {
            outcomes.merge(&thread.join().expect("a stage catches the panics of its tasks"));
        }
        outcomes.intervals = in_slots(std::mem::take(&mut outcomes.intervals), width);
        PoolRun::in_process(outcomes, Box::new(()))
    }
}

/// One stage, as each of its threads sees it.
struct Stage<S> {
    steps: Arc<S>,
    number: usize,
    /// `None` for the first stage, which takes tasks from the queue of the batch.
    inbox: Option<Receiver<Parcel>>,
    /// `None` for the last stage.
    outbox: Option<Sender<Parcel>>,
    /// The step that gets tasks in their order, if there is one.
    ordered: Option<usize>,
    /// One ticket per task that has begun and not reached the ordered step; held by the first stage.
    tickets: Option<Sender<()>>,
    /// The way back of the tickets; held by the ordered stage.
    returned: Option<Receiver<()>>,
}

impl<S> Clone for Stage<S> {
    fn clone(&self) -> Self {
        Stage {
            steps: Arc::clone(&self.steps),
            number: self.number,
            inbox: self.inbox.clone(),
            outbox: self.outbox.clone(),
            ordered: self.ordered,
            tickets: self.tickets.clone(),
            returned: self.returned.clone(),
        }
    }
}

impl<S: Steps> Stage<S> {
    /// Runs one thread: reports that it is ready, then works until there are no more tasks.
    fn work(self, orders: &Receiver<Arc<TaskQueue>>, ready: &Sender<()>) -> TaskOutcomes {
        let mut outcomes = TaskOutcomes::default();
        // Nobody listens when another thread could not be started; there are no orders then either.
        let _ = ready.send(());
        let Ok(queue) = orders.recv() else { return outcomes };
        match &self.inbox {
            None => self.feed(&queue, &mut outcomes),
            Some(inbox) if self.returned.is_some() => self.pass_in_order(inbox, &queue, &mut outcomes),
            Some(inbox) => inbox.iter().for_each(|parcel| self.pass(parcel, &queue, &mut outcomes)),
        }
        outcomes
    }

    /// Begins the tasks of the queue.
    fn feed(&self, queue: &TaskQueue, outcomes: &mut TaskOutcomes) {
        loop {
            // The ticket comes first: a task that is earlier in the order never waits for one that a later task
            // has. The ordered stage returns tickets to its last breath; without it there is no order to keep.
            let most = match &self.tickets {
                Some(tickets) => {
                    let _ = tickets.send(());
                    1
                }
                None => u64::MAX,
            };
            let Some(chunk) = queue.take(most) else { return };
            let (tasks, chunk_ns) = (chunk.end - chunk.start, queue.clock_ns());
            for position in chunk {
                let (begun_ns, deadline) = (queue.clock_ns(), self.steps.deadline());
                let output = Some(StepOutput::default());
                self.pass(Parcel { position, begun_ns, deadline, output }, queue, outcomes);
            }
            queue.note_speed(tasks, Duration::from_nanos(queue.clock_ns() - chunk_ns));
        }
    }

    /// Passes tasks on in the order of their positions, and waits for those that are missing.
    fn pass_in_order(&self, inbox: &Receiver<Parcel>, queue: &TaskQueue, outcomes: &mut TaskOutcomes) {
        let (mut early, mut due) = (BTreeMap::new(), queue.range().start);
        for parcel in inbox {
            early.insert(parcel.position, parcel);
            while let Some(parcel) = early.remove(&due) {
                due += 1;
                self.pass(parcel, queue, outcomes);
                self.return_ticket();
            }
        }
        // Whatever is missing now got lost with its thread.
        early.into_values().for_each(|parcel| self.pass(parcel, queue, outcomes));
    }

    fn return_ticket(&self) {
        if let Some(returned) = &self.returned {
            let _ = returned.recv();
        }
    }

    /// Runs the step of this stage, then hands the task on or records its end.
    fn pass(&self, parcel: Parcel, queue: &TaskQueue, outcomes: &mut TaskOutcomes) {
        let Parcel { position, begun_ns, deadline, output } = parcel;
        let Some(input) = output else {
            self.hand_on(Parcel { output: None, ..parcel }, outcomes);
            return;
        };
        let run = AssertUnwindSafe(|| self.steps.run_step(self.number, position, deadline, input));
        let result = catch_unwind(run).unwrap_or_else(|_| Err(panicked()));
        let next = Parcel { position, begun_ns, deadline, output: None };
        match result {
            Ok(output) if self.outbox.is_some() => {
                self.hand_on(Parcel { output: Some(output), ..next }, outcomes);
            }
            result => {
                let now_ns = queue.clock_ns();
                let latency = Duration::from_nanos(now_ns.saturating_sub(begun_ns));
                let digest = result.map(|output| output.digest);
                outcomes.record(position, self.steps.index(position), latency, digest);
                outcomes.intervals.extend(queue.interval(begun_ns, now_ns));
                self.hand_on(next, outcomes);
            }
        }
    }

    /// Hands a task to the next stage, and waits while its queue is full; one that has ended is handed on only
    /// where its place in the order matters.
    fn hand_on(&self, parcel: Parcel, outcomes: &mut TaskOutcomes) {
        let Some(outbox) = &self.outbox else { return };
        let has_ended = parcel.output.is_none();
        if has_ended && self.ordered.is_none_or(|ordered| self.number >= ordered) {
            return;
        }
        if outbox.send(parcel).is_err() && !has_ended {
            outcomes.record_lost(1, &Error::new(Code::PoolWorkerDied, "no worker of the next stage is left"));
        }
    }
}

#[cfg(test)]
mod tests;
