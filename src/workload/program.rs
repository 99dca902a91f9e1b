//! A workload made ready to run in this process.

use std::ops::Range;
use std::time::{Duration, Instant};

use futures_util::future::Either;
use futures_util::{FutureExt, TryFutureExt};

use crate::error::Error;
use crate::workload::env::Env;
use crate::workload::item::{Item, Items};
use crate::workload::item_order::ItemOrder;
use crate::workload::rate::RateLimiter;
use crate::workload::retry::pause;
use crate::workload::spec::{RetryPolicy, Workload};
use crate::workload::step::permits::Permits;
use crate::workload::step::retry_after::RetryAfter;
use crate::workload::step::{PrepareError, Step, StepOutput, TaskContext, deadline};

/// The prepared steps of a workload, with its items and limits.
#[derive(Debug)]
pub struct Program {
    items: Items,
    order: ItemOrder,
    steps: Vec<Limited>,
    timeout: Option<Duration>,
    retry: Option<RetryPolicy>,
    rate: Option<RateLimiter>,
    seed: u64,
    ordered_step: Option<usize>,
    /// Whether a retry waits for as long as the server has asked.
    heeds_servers: bool,
}

/// A step with its limits: whether the rate limit counts its attempts, and how many tasks may be in it at once.
#[derive(Debug)]
struct Limited {
    step: Step,
    rated: bool,
    subject: String,
    permits: Option<Permits>,
}

impl Limited {
    /// Returns the error with the subject of the step; a timeout belongs to the task, not to a step.
    fn tell(&self, error: Error) -> Error {
        if error.is_timeout() {
            return error;
        }
        Error { message: format!("{}: {}", self.subject, error.message), ..error }
    }
}

/// Consecutive steps that all compute, or all wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The steps.
    pub steps: Range<usize>,
    /// True if the steps compute.
    pub cpu: bool,
}

impl Program {
    /// Prepares every step and opens the rate limit that all processes of the batch share.
    ///
    /// # Errors
    /// When a step cannot be prepared, naming it.
    pub fn prepare(workload: &Workload, env: &Env) -> Result<Self, PrepareError> {
        let rated = workload.rated_steps();
        let mut steps = Vec::with_capacity(workload.steps.len());
        for (i, spec) in workload.steps.iter().enumerate() {
            let step = Step::prepare(spec, env).map_err(|message| PrepareError {
                number: i + 1,
                kind: spec.kind(),
                message,
            })?;
            let permits = workload.rule(i).at_once().map(Permits::new);
            steps.push(Limited { step, rated: rated[i], subject: spec.subject(), permits });
        }
        let rate =
            workload.limits.rate_per_s.map(|rate| RateLimiter::open(&env.state_dir.join("rate"), rate));
        let rate = rate.transpose().map_err(|error| PrepareError {
            number: 1,
            kind: "rate limit",
            message: error.to_string(),
        })?;
        Ok(Program {
            items: workload.items.clone(),
            order: ItemOrder::new(workload.items.len(), env.seed, env.permutation_id),
            steps,
            timeout: workload.limits.timeout,
            retry: workload.retry.clone(),
            rate,
            seed: env.seed,
            ordered_step: workload.ordered_step(),
            heeds_servers: false,
        })
    }

    /// Lets retries wait for at least as long as a server asks (`Retry-After`). A measurement does not, because it would
    /// measure the pauses.
    pub(crate) fn heeding_servers(self) -> Self {
        Program { heeds_servers: true, ..self }
    }

    /// Returns the number of tasks.
    pub fn tasks(&self) -> u64 {
        self.order.tasks()
    }

    /// Returns the number of the task at `position` of the order.
    pub fn index(&self, position: u64) -> u64 {
        self.order.index(position)
    }

    /// Returns the items at some positions of the order, to be sent elsewhere.
    ///
    /// The result is `None` if the number of the task is the item.
    pub fn items_at(&self, positions: Range<u64>) -> Option<Vec<String>> {
        match &self.items {
            Items::Count(_) => None,
            _ => Some(
                positions.map(|position| self.item(position, self.index(position)).to_string()).collect(),
            ),
        }
    }

    fn item(&self, position: u64, index: u64) -> Item<'_> {
        match &self.items {
            Items::Slice { .. } => self.items.get(position),
            items => items.get(index),
        }
    }

    /// Replaces the items, as a worker process does for every frame it is sent.
    pub fn set_items(&mut self, items: Items) {
        self.items = items;
    }

    /// Returns the number of steps of a task.
    pub fn step_count(&self) -> usize {
        self.steps.len()
    }

    /// Returns the step that gets tasks in the order in which they began, if there is one; only a pipeline, or one
    /// task after another, keeps that order.
    pub fn ordered_step(&self) -> Option<usize> {
        self.ordered_step
    }

    /// Returns the answers of servers so far that pointed elsewhere.
    pub fn redirects(&self) -> u64 {
        self.steps.iter().map(|limited| limited.step.redirects()).sum()
    }

    /// Returns the deadline of a task that starts now.
    pub fn deadline(&self) -> Option<Instant> {
        self.timeout.map(|timeout| Instant::now() + timeout)
    }

    /// Returns the steps, split where computing and waiting meet.
    pub fn segments(&self) -> Vec<Segment> {
        let mut segments: Vec<Segment> = Vec::new();
        for (i, limited) in self.steps.iter().enumerate() {
            let cpu = limited.step.is_cpu();
            match segments.last_mut() {
                Some(last) if last.cpu == cpu => last.steps.end = i + 1,
                _ => segments.push(Segment { steps: i..i + 1, cpu }),
            }
        }
        segments
    }

    /// Runs the task at `position` of the order on the calling thread and gives the digest of its output.
    ///
    /// # Errors
    /// When a step fails for good, or the task times out.
    pub fn run_blocking(&self, position: u64) -> Result<u64, Error> {
        let output =
            self.span_blocking(0..self.steps.len(), position, self.deadline(), StepOutput::default());
        output.map(|output| output.digest)
    }

    /// Runs some steps of the task at `position` on the calling thread, after those that gave `input`.
    ///
    /// # Errors
    /// When a step fails for good, or the deadline passes.
    pub fn span_blocking(
        &self,
        span: Range<usize>,
        position: u64,
        deadline: Option<Instant>,
        input: StepOutput,
    ) -> Result<StepOutput, Error> {
        let mut output = input;
        for limited in &self.steps[span] {
            let next = self.step_blocking(limited, self.context(position, deadline))?;
            output = StepOutput { digest: chain(output.digest, next.digest), ..next };
        }
        Ok(output)
    }

    fn step_blocking(&self, limited: &Limited, mut task: TaskContext<'_>) -> Result<StepOutput, Error> {
        let permits = limited.permits.as_ref();
        let _permit = permits.map(|permits| permits.acquire_blocking(task.deadline)).transpose()?;
        loop {
            wait_blocking(self.reserve(limited), task.deadline)?;
            let pause = match limited.step.run_blocking(&task) {
                Ok(output) => return Ok(output),
                Err(error) => self.retry_pause(limited, &task, error)?,
            };
            wait_blocking(pause, task.deadline)?;
            task.attempt += 1;
        }
    }

    /// Runs the task at `position` of the order on the calling event loop and gives the digest of its output.
    ///
    /// # Errors
    /// When a step fails for good, or the task times out.
    pub fn run_async(&self, position: u64) -> impl Future<Output = Result<u64, Error>> + Send {
        let deadline = self.deadline();
        let run = self.span_async(0..self.steps.len(), position, deadline, StepOutput::default());
        within(deadline, run).map_ok(|output| output.digest)
    }

    /// Runs the task of an item that need not be among those of the workload, on the calling event loop; the caller
    /// drops it at the deadline.
    ///
    /// # Errors
    /// When a step fails for good.
    pub(crate) fn run_item<'a>(
        &'a self,
        task: TaskContext<'a>,
    ) -> impl Future<Output = Result<StepOutput, Error>> + Send + 'a {
        self.steps_async(0..self.steps.len(), task, StepOutput::default())
    }

    /// Runs some steps of the task at `position` on the calling event loop, after those that gave `input`;
    /// the caller drops it at the deadline.
    ///
    /// # Errors
    /// When a step fails for good.
    pub fn span_async(
        &self,
        span: Range<usize>,
        position: u64,
        deadline: Option<Instant>,
        input: StepOutput,
    ) -> impl Future<Output = Result<StepOutput, Error>> + Send {
        self.steps_async(span, self.context(position, deadline), input)
    }

    fn steps_async<'a>(
        &'a self,
        span: Range<usize>,
        task: TaskContext<'a>,
        input: StepOutput,
    ) -> impl Future<Output = Result<StepOutput, Error>> + Send + 'a {
        if self.steps[span.clone()].iter().any(|limited| limited.permits.is_some()) {
            // Boxed, because a task without permits should not carry the size of waiting for one.
            return Either::Left(self.steps_with_permits(span, task, input).boxed());
        }
        Either::Right(self.steps_without_permits(span, task, input))
    }

    /// Runs steps of which some let in only so many tasks at once.
    async fn steps_with_permits(
        &self,
        span: Range<usize>,
        task: TaskContext<'_>,
        input: StepOutput,
    ) -> Result<StepOutput, Error> {
        let mut output = input;
        for step in span {
            let _permit = match &self.steps[step].permits {
                Some(permits) => Some(permits.acquire_async().await),
                None => None,
            };
            output = self.steps_without_permits(step..step + 1, task, output).await?;
        }
        Ok(output)
    }

    /// Runs steps that let in any number of tasks at once.
    ///
    /// Not an `async fn`, which keeps its arguments twice: a million of these may sleep at once.
    fn steps_without_permits<'a>(
        &'a self,
        span: Range<usize>,
        mut task: TaskContext<'a>,
        input: StepOutput,
    ) -> impl Future<Output = Result<StepOutput, Error>> + Send + 'a {
        let mut steps = self.steps[span].iter();
        let mut digest = input.digest;
        async move {
            while let Some(limited) = steps.next() {
                task.attempt = 0;
                let output = loop {
                    wait_async(self.reserve(limited)).await;
                    let pause = match limited.step.run_async(&task).await {
                        Ok(output) => break output,
                        Err(error) => self.retry_pause(limited, &task, error)?,
                    };
                    wait_async(pause).await;
                    task.attempt += 1;
                };
                digest = chain(digest, output.digest);
                // The payload of any other step is dropped here: nobody carries it while the next waits.
                if steps.as_slice().is_empty() {
                    return Ok(StepOutput { digest, ..output });
                }
            }
            Ok(StepOutput::of_number(digest))
        }
    }

    /// Returns the context of the first attempt.
    fn context(&self, position: u64, deadline: Option<Instant>) -> TaskContext<'_> {
        let index = self.index(position);
        TaskContext { index, item: self.item(position, index), attempt: 0, deadline }
    }

    /// Returns the time that this attempt must wait for the rate limit.
    fn reserve(&self, limited: &Limited) -> Duration {
        match &self.rate {
            Some(rate) if limited.rated => rate.reserve(),
            _ => Duration::ZERO,
        }
    }

    /// Returns the pause before the next attempt, or the error if there is none.
    fn retry_pause(
        &self,
        limited: &Limited,
        task: &TaskContext<'_>,
        error: Error,
    ) -> Result<Duration, Error> {
        match &self.retry {
            Some(policy) if task.attempt < policy.max && !error.is_timeout() => {
                let asked = RetryAfter::of(&error).filter(|_| self.heeds_servers).unwrap_or_default();
                Ok(pause(policy, task.attempt, task.index, self.seed).max(asked))
            }
            _ => Err(limited.tell(error)),
        }
    }
}

/// Runs a future until the deadline, if there is one.
///
/// # Errors
/// Those of the future, or a timeout.
pub(crate) fn within<T>(
    deadline: Option<Instant>,
    run: impl Future<Output = Result<T, Error>>,
) -> impl Future<Output = Result<T, Error>> {
    match deadline {
        None => Either::Left(run),
        // Boxed, because a task without a timeout should not carry the size of one that has it.
        Some(deadline) => {
            let timeout = Box::pin(tokio::time::timeout_at(deadline.into(), run));
            Either::Right(timeout.map(|result| result.unwrap_or_else(|_| Err(Error::timed_out()))))
        }
    }
}

fn wait_blocking(pause: Duration, until: Option<Instant>) -> Result<(), Error> {
    if pause.is_zero() { Ok(()) } else { deadline::sleep(pause, until) }
}

async fn wait_async(pause: Duration) {
    if !pause.is_zero() {
        Box::pin(tokio::time::sleep(pause)).await;
    }
}

/// Adds the digest of the next step to that of the task so far, so that the result covers every step.
fn chain(before: u64, next: u64) -> u64 {
    /// The odd constant of Fibonacci hashing, 2^64 over the golden ratio (Knuth, TAOCP 6.4).
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    (before.rotate_left(5) ^ next).wrapping_mul(GOLDEN)
}
