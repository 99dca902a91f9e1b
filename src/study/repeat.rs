//! The optional stage that repeats one configuration, alone or alternately with another program.

use std::path::Path;
use std::time::Duration;

use crate::advice::Recommendation;
use crate::benchmark::event::Observer;
use crate::benchmark::executor::Executor;
use crate::benchmark::hooks::{Hooked, Shell};
use crate::benchmark::repeat::{Repeated, Repetition, RepetitionSettings, Side};
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::error::Error;
use crate::gate::{Thresholds, paired};
use crate::report::document::Report;
use crate::study::measure::MeasuredStudy;
use crate::study::prepare::PreparedStudy;
use crate::study::state::StudyState;

/// Maximum number of batches of a series that is not paired: more would not narrow its intervals.
const MAX_BATCHES: usize = 200;

/// Seconds of a batch: many short batches show more than few long ones, because a disturbance of the
/// machine lasts longer than one of them.
const BATCH_S: f64 = 0.08;

/// Minimum number of tasks per worker in a batch, so that a batch shows more than the first wave.
const MIN_WAVES: u64 = 2;

/// The configuration to repeat, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct RepeatRequest {
    /// The configuration.
    pub cell: Configuration,
    /// Tasks of a batch, if an earlier series has already decided.
    pub batch_tasks: Option<u64>,
    /// Time limit of the series.
    pub time: Duration,
    /// Changes that do not count.
    pub thresholds: Thresholds,
    /// Number of metrics of the suite that are judged together.
    pub metrics: usize,
}

/// The program that runs alternately with the workload.
pub enum OtherSide<'a> {
    /// Another workload.
    Workload(&'a PreparedStudy<'a>),
    /// The same workload, run by another build of this program.
    Build(&'a Path),
}

impl MeasuredStudy<'_> {
    /// Returns the recommended configuration, if there is one.
    pub fn recommended(&self) -> Option<Configuration> {
        self.report.recommendation.as_ref().map(Recommendation::cell)
    }

    /// Returns the report so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Returns the time from the plan to the recommendation.
    pub fn search_time(&self) -> Duration {
        self.search_time
    }

    /// Repeats a configuration until time is up, or until a comparison with the other side is decided, and
    /// puts the series into the report. Returns the batch that failed and ended the series, if one did.
    ///
    /// # Errors
    /// When a hook fails.
    pub fn repeat(
        &mut self,
        request: &RepeatRequest,
        other: Option<&OtherSide<'_>>,
        observer: &mut dyn Observer,
    ) -> Result<Option<(Side, Error)>, Error> {
        let Repeated { series, failure, elapsed, .. } = self.repeated(request, other, observer)?;
        self.report.series = Some(series);
        self.batch_time += elapsed;
        Ok(failure)
    }

    fn repeated(
        &self,
        request: &RepeatRequest,
        other: Option<&OtherSide<'_>>,
        observer: &mut dyn Observer,
    ) -> Result<Repeated, Error> {
        let StudyState { backend, interrupt, config, .. } = &self.state;
        let hooked = |batches, shell| Hooked::new(batches, shell, config.hooks.clone());
        let mut current = hooked(backend.executor(&self.profiled), backend.shell());
        let mut reference = match other {
            Some(other) => Some(hooked(self.executor_of(other)?, self.shell_of(other))),
            None => None,
        };
        let repetition = Repetition {
            current: &mut current,
            reference: reference.as_mut().map(|reference| reference as &mut dyn Executor),
            machine_probe: &mut *backend.machine_probe(),
            observer,
            clock: &mut *backend.clock(),
            interrupt,
            sizing: self.state.sizing(&self.profiled),
            settings: self.series_settings(request),
        };
        let is_paired = other.is_some();
        let repeated = repetition.run(|series| {
            if is_paired {
                paired::needs_more(series, &request.thresholds, request.metrics)
            } else {
                series.batches.len() < MAX_BATCHES
            }
        });
        let failed = current.failure().or(reference.as_ref().and_then(Hooked::failure));
        match failed.filter(|_| !interrupt.is_raised()) {
            Some(error) => Err(self.state.hook_failed(error)),
            None => Ok(repeated),
        }
    }

    fn series_settings(&self, request: &RepeatRequest) -> RepetitionSettings {
        let StudyState { backend, host, config, .. } = &self.state;
        let expected_per_s = self.expected_per_s(request.cell);
        let usual = batch_tasks(request.cell, expected_per_s).min(backend.workload().tasks());
        RepetitionSettings {
            cell: request.cell,
            expected_per_s,
            batch_tasks: Some(request.batch_tasks.unwrap_or(usual)),
            iterations: backend.workload().iterations(),
            time_limit: request.time,
            warmup: 0,
            cpus_logical: host.cpus_logical,
            seed: config.seed,
        }
    }

    fn executor_of<'s>(&'s self, other: &'s OtherSide<'_>) -> Result<Box<dyn Executor + 's>, Error> {
        match other {
            OtherSide::Workload(study) => Ok(study.state.backend.executor(&self.profiled)),
            OtherSide::Build(path) => self.state.backend.executor_of_build(path),
        }
    }

    /// Returns the shell that runs the hooks of the other side, in its directory.
    fn shell_of(&self, other: &OtherSide<'_>) -> Shell {
        match other {
            OtherSide::Workload(study) => study.state.backend.shell(),
            OtherSide::Build(_) => self.state.backend.shell(),
        }
    }

    /// Returns the throughput of the configuration in tasks per second; if it was not measured, that of
    /// the nearest width of its strategy.
    fn expected_per_s(&self, cell: Configuration) -> f64 {
        let distance = |result: &ConfigurationResult| {
            (result.cell.strategy != cell.strategy, result.cell.width.abs_diff(cell.width))
        };
        let measured = self.report.cells.iter().filter_map(|result| Some((result, result.throughput_per_s?)));
        let nearest = measured.min_by_key(|(result, _)| distance(result));
        nearest.map_or_else(|| 1.0 / self.profiled.profile.task.total_s(), |(_, rate)| rate)
    }
}

/// Returns the tasks of a batch of a configuration that does `rate` tasks per second: whole waves.
fn batch_tasks(cell: Configuration, rate: f64) -> u64 {
    let width = cell.width as u64;
    ((rate * BATCH_S) as u64).max(MIN_WAVES * width).next_multiple_of(width)
}
