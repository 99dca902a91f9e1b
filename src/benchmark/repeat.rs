//! Repeats batches of one configuration, alone or paired with another program.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::benchmark::clock::Clock;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::event::{Event, Observer};
use crate::benchmark::executor::{BatchRequest, Executor};
use crate::benchmark::machine_probe::MachineProbe;
use crate::benchmark::series::{BatchMetrics, MachineConditions, Series};
use crate::benchmark::side_outcomes::OutcomeRecord;
use crate::benchmark::sizing::Sizing;
use crate::error::Error;
use crate::host::Interrupt;
use crate::strategy::run::RunReport;

/// The program that a batch belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The program in question.
    Current,
    /// The program that the current one is compared with.
    Reference,
}

/// The extent of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct RepetitionSettings {
    /// The configuration.
    pub cell: Configuration,
    /// Expected throughput in tasks per second.
    pub expected_per_s: f64,
    /// Tasks of a batch, to match another series; otherwise they follow from `expected_per_s`.
    pub batch_tasks: Option<u64>,
    /// Iterations of each `cpu` step, kept with the series.
    pub iterations: Vec<u64>,
    /// Time that the whole series may take; one batch of each side runs in any case.
    pub time_limit: Duration,
    /// Number of batches of each side that run first and are discarded.
    pub warmup: u32,
    /// Number of CPUs of the machine, to which the share of other programs refers.
    pub cpus_logical: usize,
    /// Seed of the order within pairs.
    pub seed: u64,
}

/// The result of a repetition.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeated {
    /// The batches; both sides have the same number.
    pub series: Series,
    /// The batch that failed and ended the series, if one did.
    pub failure: Option<(Side, Error)>,
    /// The reason why the series ended.
    pub ending: RepetitionEnding,
    /// Duration of the series.
    pub elapsed: Duration,
}

/// The reason why a series ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepetitionEnding {
    /// More batches would not have changed the result.
    Enough,
    /// The time of the series was used up.
    Time,
    /// A batch could not be run.
    Failed,
    /// The executor had nothing more to run.
    Exhausted,
    /// The user interrupted the series.
    Interrupted,
}

/// A repetition of batches of one configuration.
pub struct Repetition<'a> {
    /// Runs the program in question.
    pub current: &'a mut dyn Executor,
    /// Runs the program that the current one is compared with, if there is one.
    pub reference: Option<&'a mut dyn Executor>,
    /// Observes the machine.
    pub machine_probe: &'a mut dyn MachineProbe,
    /// Receives events.
    pub observer: &'a mut dyn Observer,
    /// Tells the time.
    pub clock: &'a mut dyn Clock,
    /// Ends the series early.
    pub interrupt: &'a Interrupt,
    /// Rule for the size of batches.
    pub sizing: Sizing,
    /// The extent of the series.
    pub settings: RepetitionSettings,
}

impl Repetition<'_> {
    /// Runs pair after pair, or batch after batch without a reference, until `needs_more` returns false for
    /// the series so far, time is used up, a batch fails or the user interrupts.
    ///
    /// Both sides of a pair run the same tasks, in random order of the sides. An incomplete pair is
    /// discarded.
    pub fn run(mut self, mut needs_more: impl FnMut(&Series) -> bool) -> Repeated {
        let mut random = StdRng::seed_from_u64(self.settings.seed);
        let RepetitionSettings { cell, iterations, .. } = self.settings.clone();
        let mut series = Series::of(cell, iterations, Vec::new());
        let mut outcomes = [OutcomeRecord::default(), OutcomeRecord::default()];
        let mut failure = None;
        let (mut pairs, mut discarded) = (0.0, 0);
        self.clock.restart();
        let ending = loop {
            if self.interrupt.is_raised() {
                break RepetitionEnding::Interrupted;
            }
            let is_first = series.batches.is_empty();
            let so_far_s = self.clock.elapsed().as_secs_f64();
            // The next pair is expected to take as long as the pairs before it, on average.
            if !is_first && so_far_s * (pairs + 1.0) / pairs > self.settings.time_limit.as_secs_f64() {
                break RepetitionEnding::Time;
            }
            match self.pair(series.batches.len() as u64, random.random()) {
                Ok(pair) if discarded >= self.settings.warmup => {
                    pair.add_to(&mut series, &mut outcomes);
                }
                Ok(_) => discarded += 1,
                Err(Stop::Interrupted) => break RepetitionEnding::Interrupted,
                Err(Stop::Exhausted) => break RepetitionEnding::Exhausted,
                Err(Stop::Failed(side, error)) => {
                    failure = Some((side, error));
                    break RepetitionEnding::Failed;
                }
            }
            pairs += 1.0;
            if !series.batches.is_empty() && !needs_more(&series) {
                break RepetitionEnding::Enough;
            }
        };
        let is_paired = !series.reference.is_empty();
        let [current, reference] = outcomes.map(|record| record.finish());
        series.outcomes = Some(current);
        series.reference_outcomes = is_paired.then_some(reference);
        Repeated { series, failure, ending, elapsed: self.clock.elapsed() }
    }

    /// Runs a batch of each side.
    fn pair(&mut self, permutation_id: u64, reference_first: bool) -> Result<Pair, Stop> {
        let request = BatchRequest { permutation_id, ..self.request() };
        let cpu_speed = self.machine_probe.cpu_speed();
        if self.reference.is_none() {
            return Ok(Pair { current: self.batch(Side::Current, &request, cpu_speed)?, reference: None });
        }
        let (current, reference) = if reference_first {
            let reference = self.batch(Side::Reference, &request, cpu_speed)?;
            (self.batch(Side::Current, &request, cpu_speed)?, reference)
        } else {
            let current = self.batch(Side::Current, &request, cpu_speed)?;
            (current, self.batch(Side::Reference, &request, cpu_speed)?)
        };
        Ok(Pair { current, reference: Some(reference) })
    }

    fn request(&self) -> BatchRequest {
        let RepetitionSettings { cell, expected_per_s, batch_tasks, .. } = self.settings;
        let request = self.sizing.request(cell, expected_per_s);
        match batch_tasks {
            Some(tasks) => BatchRequest { tasks: 0..tasks, ..request },
            None => request,
        }
    }

    fn batch(&mut self, side: Side, request: &BatchRequest, cpu_speed: Option<f64>) -> Result<Batch, Stop> {
        if self.interrupt.is_raised() {
            return Err(Stop::Interrupted);
        }
        let (cell, begun) = (request.cell, self.clock.elapsed());
        self.observer.observe(&Event::BatchStarted { cell, elapsed: begun });
        let taken_before = self.machine_probe.taken_cpu();
        let report = self.execute(side, request);
        let ended = self.clock.elapsed();
        let taken =
            self.machine_probe.taken_cpu().zip(taken_before).map(|(after, before)| after.since(before));
        let elapsed_s = (ended - begun).as_secs_f64();
        let conditions = MachineConditions {
            at_s: begun.as_secs_f64(),
            cpu_speed,
            taken: taken.map(|taken| taken.shares(elapsed_s, self.settings.cpus_logical)),
        };
        let batch = report.map(|report| {
            let metrics = BatchMetrics::of(&report, &self.sizing, conditions);
            Batch { report, metrics }
        });
        let throughput = match &batch {
            Ok(batch) => Ok(batch.metrics.throughput_per_s),
            Err(Stop::Failed(_, error)) => Err(error.to_string()),
            Err(Stop::Interrupted | Stop::Exhausted) => return batch,
        };
        self.observer.observe(&Event::BatchEnded { cell, throughput, elapsed: ended });
        batch
    }

    fn execute(&mut self, side: Side, request: &BatchRequest) -> Result<RunReport, Stop> {
        let executor = match (side, &mut self.reference) {
            (Side::Reference, Some(reference)) => &mut **reference,
            _ => &mut *self.current,
        };
        let result = executor.run(request);
        let is_exhausted = executor.is_exhausted();
        if self.interrupt.is_raised() {
            return Err(Stop::Interrupted);
        }
        result.map_err(|error| if is_exhausted { Stop::Exhausted } else { Stop::Failed(side, error) })
    }
}

/// One batch of each side.
struct Pair {
    current: Batch,
    reference: Option<Batch>,
}

impl Pair {
    fn add_to(self, series: &mut Series, [current, reference]: &mut [OutcomeRecord; 2]) {
        current.add(&self.current.report);
        series.batches.push(self.current.metrics);
        if let Some(other) = self.reference {
            reference.add(&other.report);
            series.reference.push(other.metrics);
        }
    }
}

/// One batch of a side.
struct Batch {
    report: RunReport,
    metrics: BatchMetrics,
}

/// The reason why there is no pair.
enum Stop {
    Interrupted,
    Exhausted,
    Failed(Side, Error),
}

#[cfg(test)]
mod tests;
