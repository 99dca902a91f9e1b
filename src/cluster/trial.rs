//! A run on an engine for a few seconds, to see what it costs and how fast it is.

use std::io::{self, Write};
use std::sync::atomic::AtomicI64;
use std::time::{Duration, Instant};

use crate::cluster::engine_advice::EngineMeasurement;
use crate::cluster::run::{self, EngineConfig};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::group::Group;
use crate::job::attempt::Stream;
use crate::job::config::JobConfig;
use crate::job::delivery::Streams;
use crate::job::engine::Surroundings;
use crate::job::engine_report::EngineKind;
use crate::job::failure::{JobError, JobFailure, JobOutcome};
use crate::job::progress::{JobObserver, JobProgress};
use crate::job::shutdown::{Shutdown, Stop};

/// Part of the tasks that are done before the rate is taken: while the first ones run, chunks and widths are found.
const WARM: f64 = 0.25;

/// A run that is ended once it has shown its rate.
pub(crate) struct Trial<'a> {
    /// The job; it has more items than it will run.
    pub(crate) job: &'a JobConfig,
    /// The engine.
    pub(crate) engine: &'a EngineConfig,
    /// The group of its processes.
    pub(crate) group: &'a Group,
    /// The request to end, which the user has as well.
    pub(crate) shutdown: &'a Shutdown,
    /// First tasks, which an engine runs to learn from them.
    pub(crate) first: u64,
    /// Time after those.
    pub(crate) budget: Duration,
}

impl Trial<'_> {
    /// Runs the trial.
    ///
    /// # Errors
    /// When the engine cannot be used, or no task succeeds.
    pub(crate) fn run(&self) -> Result<EngineMeasurement, JobError> {
        let begun = Instant::now();
        let mut readings = Readings::new(self.shutdown, self.first, self.budget);
        let (steps, streams) = (AtomicI64::new(0), Nowhere);
        let around =
            Surroundings { group: self.group, shutdown: self.shutdown, steps: &steps, streams: &streams };
        let outcome = run::run(self.job, self.engine, &around, &mut readings)?;
        measurement(outcome, &readings.readings, begun.elapsed().as_secs_f64())
    }
}

fn measurement(
    outcome: JobOutcome,
    readings: &[(f64, u64)],
    total_s: f64,
) -> Result<EngineMeasurement, JobError> {
    let JobOutcome { summary, failure } = outcome;
    match failure {
        Some(JobFailure::Engine(error)) => return Err(JobError::Callable(error)),
        Some(JobFailure::Items(error)) => return Err(JobError::Items(error)),
        Some(JobFailure::Commit(error)) => return Err(JobError::Io(error.doing, error.error)),
        None => {}
    }
    let Some(engine) = summary.engine.filter(|_| summary.items.ok > 0) else {
        let first = summary.failed.first().and_then(|failed| failed.message.clone());
        let why = first.map(|first| format!(": {first}")).unwrap_or_default();
        return Err(Error::new(Code::EngineUnfit, format!("no task has succeeded on the engine{why}")).into());
    };
    let done = summary.items.ok + summary.items.failed;
    let rate = steady(readings).unwrap_or(summary.per_second);
    let outside_s = total_s - summary.elapsed_s;
    Ok(EngineMeasurement {
        kind: engine.kind,
        address: engine.address,
        version: engine.version,
        threads: engine.threads,
        inner_width: engine.inner_width,
        ok: summary.items.ok,
        failed: summary.items.failed,
        throughput_per_s: rate,
        start_s: start_s(total_s - done as f64 / rate, outside_s, engine.kind, engine.message_s),
        message_s: engine.message_s,
        chunk_items: engine.chunk_items,
    })
}

/// Returns the seconds that a run takes to start and to end, which are `left_s` of its time without its tasks: a
/// difference of long times. It cannot be less than what was `outside_s` of the run of its tasks, to connect and to
/// take leave, and its first messages: with Slurm a sample and, after it, an array task.
fn start_s(left_s: f64, outside_s: f64, kind: EngineKind, message_s: Option<f64>) -> f64 {
    let starts = match kind {
        EngineKind::Dask => 1.0,
        EngineKind::Slurm => 2.0,
    };
    left_s.max(outside_s.max(0.0) + starts * message_s.unwrap_or(0.0))
}

/// Returns the rate of the last part of a run; `None` if too little was seen of it.
fn steady(readings: &[(f64, u64)]) -> Option<f64> {
    let (last_s, last) = *readings.last()?;
    let (first_s, first) = *readings.iter().find(|(_, done)| *done as f64 >= last as f64 * WARM)?;
    (last > first && last_s > first_s).then(|| (last - first) as f64 / (last_s - first_s))
}

/// Takes the numbers of tasks that are done, and ends the run when there are enough.
struct Readings<'a> {
    shutdown: &'a Shutdown,
    first: u64,
    budget: Duration,
    since: Option<f64>,
    readings: Vec<(f64, u64)>,
}

impl<'a> Readings<'a> {
    fn new(shutdown: &'a Shutdown, first: u64, budget: Duration) -> Self {
        Readings { shutdown, first, budget, since: None, readings: Vec::new() }
    }
}

impl JobObserver for Readings<'_> {
    fn observe(&mut self, progress: &JobProgress) {
        let done = progress.ok + progress.failed;
        if done <= self.first || progress.stop.is_some() {
            return;
        }
        let since = *self.since.get_or_insert(progress.elapsed_s);
        if self.readings.last().is_none_or(|(_, before)| *before < done) {
            self.readings.push((progress.elapsed_s, done));
        }
        if progress.elapsed_s - since >= self.budget.as_secs_f64() {
            self.shutdown.ask(Stop::Soon);
        }
    }
}

/// Streams that nothing is written to: output of a trial is not shown.
struct Nowhere;

impl Streams for Nowhere {
    fn with(
        &self,
        _stream: Stream,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        write(&mut io::sink())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(elapsed_s: f64, ok: u64) -> JobProgress {
        JobProgress { elapsed_s, ok, ..JobProgress::default() }
    }

    #[test]
    fn the_rate_is_that_after_the_first_tasks() {
        assert_eq!(steady(&[(2.0, 10), (3.0, 40), (4.0, 140)]), Some(100.0));
        assert_eq!(steady(&[(2.0, 10)]), None);
        assert_eq!(steady(&[]), None);
    }

    #[test]
    fn no_run_starts_faster_than_it_connects_and_sends() {
        assert_eq!(start_s(3.0, 0.1, EngineKind::Slurm, Some(0.2)), 3.0);
        assert_eq!(start_s(0.01, 0.1, EngineKind::Slurm, Some(0.2)), 0.5);
        assert_eq!(start_s(0.01, 1.5, EngineKind::Dask, Some(0.25)), 1.75);
        assert_eq!(start_s(-0.5, -0.1, EngineKind::Dask, None), 0.0);
    }

    #[test]
    fn a_trial_ends_after_its_budget_of_tasks_that_are_not_the_first() {
        let shutdown = Shutdown::default();
        let mut readings = Readings::new(&shutdown, 3, Duration::from_secs(1));
        for (elapsed_s, ok) in [(0.0, 0), (9.0, 3), (10.0, 4), (10.9, 20), (10.9, 20)] {
            readings.observe(&progress(elapsed_s, ok));
            assert_eq!(shutdown.asked(), None, "{elapsed_s}");
        }
        readings.observe(&progress(11.1, 24));
        assert_eq!(shutdown.asked(), Some(Stop::Soon));
        assert_eq!(readings.readings, [(10.0, 4), (10.9, 20), (11.1, 24)]);
    }
}
