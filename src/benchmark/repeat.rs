//! Runs the batches of one cell again and again, alone or beside another program.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::benchmark::clock::Clock;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::event::{Event, Observer};
use crate::benchmark::executor::{BatchRequest, Executor};
use crate::benchmark::machine_probe::MachineProbe;
use crate::benchmark::series::{BatchMetrics, MachineConditions, Series};
use crate::benchmark::sizing::Sizing;
use crate::error::Error;
use crate::host::Interrupt;
use crate::host::contention::share_of_cpus;
use crate::strategy::run::RunReport;

/// Which program a batch is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one in question.
    Current,
    /// The one that it is compared with.
    Reference,
}

/// What is run, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The cell.
    pub cell: Configuration,
    /// Tasks per second that it is expected to do.
    pub expected_per_s: f64,
    /// Tasks of a batch, where another series has so many in each; else as many as `expected_per_s` says.
    pub batch_tasks: Option<u64>,
    /// Iterations of each `cpu` step, to be kept with the series.
    pub iterations: Vec<u64>,
    /// Time that all of it may take. One batch of each side is run whatever it is.
    pub time_limit: Duration,
    /// Batches of each side that are run before and forgotten.
    pub warmup: u32,
    /// CPUs the machine has, for the share that others use of them.
    pub cpus_logical: usize,
    /// Seeds the order within pairs.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeated {
    /// The batches; those of both sides are as many.
    pub series: Series,
    /// The batch that could not be run and ended the series, if one did.
    pub failure: Option<(Side, Error)>,
    /// How it ended.
    pub ending: Ending,
    /// Time it took.
    pub elapsed: Duration,
}

/// How a series ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// More batches would not have changed the result.
    Enough,
    /// Time was over.
    Time,
    /// A batch could not be run.
    Failed,
    /// The executor had nothing more to run.
    Exhausted,
    /// The user interrupted it.
    Interrupted,
}

/// Runs the batches of one cell.
pub struct Repetition<'a> {
    /// Runs the program in question.
    pub current: &'a mut dyn Executor,
    /// Runs the one that it is compared with, where there is one.
    pub reference: Option<&'a mut dyn Executor>,
    /// Looks at the machine.
    pub gauge: &'a mut dyn MachineProbe,
    /// Is told what happens.
    pub observer: &'a mut dyn Observer,
    /// Tells the time.
    pub clock: &'a mut dyn Clock,
    /// Ends it early.
    pub interrupt: &'a Interrupt,
    /// How large batches are.
    pub sizing: Sizing,
    /// What is run, and for how long.
    pub settings: Settings,
}

impl Repetition<'_> {
    /// Runs pair after pair, or batch after batch where there is one side only, until `needs_more` is false of the
    /// series so far, time is over, a batch cannot be run or the user interrupts.
    ///
    /// Both sides of a pair run the same tasks, in random order of the sides. A pair of which one side is
    /// missing leaves no trace.
    pub fn run(mut self, mut needs_more: impl FnMut(&Series) -> bool) -> Repeated {
        let mut random = StdRng::seed_from_u64(self.settings.seed);
        let Settings { cell, iterations, .. } = self.settings.clone();
        let mut series = Series { cell, iterations, batches: Vec::new(), reference: Vec::new() };
        let mut failure = None;
        let (mut pairs, mut forgotten) = (0.0, 0);
        self.clock.restart();
        let ending = loop {
            if self.interrupt.is_raised() {
                break Ending::Interrupted;
            }
            let is_first = series.batches.is_empty();
            let so_far_s = self.clock.elapsed().as_secs_f64();
            // The next one is expected to take as long as those before.
            if !is_first && so_far_s * (pairs + 1.0) / pairs > self.settings.time_limit.as_secs_f64() {
                break Ending::Time;
            }
            match self.pair(series.batches.len() as u64, random.random()) {
                Ok(pair) if forgotten >= self.settings.warmup => {
                    series.batches.push(pair.current);
                    series.reference.extend(pair.reference);
                }
                Ok(_) => forgotten += 1,
                Err(Stop::Interrupted) => break Ending::Interrupted,
                Err(Stop::Exhausted) => break Ending::Exhausted,
                Err(Stop::Failed(side, error)) => {
                    failure = Some((side, error));
                    break Ending::Failed;
                }
            }
            pairs += 1.0;
            if !series.batches.is_empty() && !needs_more(&series) {
                break Ending::Enough;
            }
        };
        Repeated { series, failure, ending, elapsed: self.clock.elapsed() }
    }

    /// Runs a batch of each side.
    fn pair(&mut self, permutation_id: u64, reference_first: bool) -> Result<Pair, Stop> {
        let order = BatchRequest { permutation_id, ..self.order() };
        let cpu_speed = self.gauge.cpu_speed();
        if self.reference.is_none() {
            return Ok(Pair { current: self.batch(Side::Current, &order, cpu_speed)?, reference: None });
        }
        let (current, reference) = if reference_first {
            let reference = self.batch(Side::Reference, &order, cpu_speed)?;
            (self.batch(Side::Current, &order, cpu_speed)?, reference)
        } else {
            let current = self.batch(Side::Current, &order, cpu_speed)?;
            (current, self.batch(Side::Reference, &order, cpu_speed)?)
        };
        Ok(Pair { current, reference: Some(reference) })
    }

    fn order(&self) -> BatchRequest {
        let Settings { cell, expected_per_s, batch_tasks, .. } = self.settings;
        let order = self.sizing.order(cell, expected_per_s);
        match batch_tasks {
            Some(tasks) => BatchRequest { tasks: 0..tasks, ..order },
            None => order,
        }
    }

    fn batch(
        &mut self,
        side: Side,
        order: &BatchRequest,
        cpu_speed: Option<f64>,
    ) -> Result<BatchMetrics, Stop> {
        if self.interrupt.is_raised() {
            return Err(Stop::Interrupted);
        }
        let (cell, begun) = (order.cell, self.clock.elapsed());
        self.observer.observe(&Event::BatchStarted { cell, elapsed: begun });
        let others_before = self.gauge.others_cpu_s();
        let report = self.execute(side, order);
        let ended = self.clock.elapsed();
        let others_s = self.gauge.others_cpu_s().zip(others_before).map(|(after, before)| after - before);
        let elapsed_s = (ended - begun).as_secs_f64();
        let weather = MachineConditions {
            at_s: begun.as_secs_f64(),
            cpu_speed,
            cpu_others: others_s.map(|used_s| share_of_cpus(used_s, elapsed_s, self.settings.cpus_logical)),
        };
        let metrics = report.map(|report| BatchMetrics::of(&report, &self.sizing, weather));
        let throughput = match &metrics {
            Ok(metrics) => Ok(metrics.throughput_per_s),
            Err(Stop::Failed(_, error)) => Err(error.to_string()),
            Err(Stop::Interrupted | Stop::Exhausted) => return metrics,
        };
        self.observer.observe(&Event::BatchEnded { cell, throughput, elapsed: ended });
        metrics
    }

    fn execute(&mut self, side: Side, order: &BatchRequest) -> Result<RunReport, Stop> {
        let executor = match (side, &mut self.reference) {
            (Side::Reference, Some(reference)) => &mut **reference,
            _ => &mut *self.current,
        };
        let result = executor.run(order);
        let is_exhausted = executor.is_exhausted();
        if self.interrupt.is_raised() {
            return Err(Stop::Interrupted);
        }
        result.map_err(|error| if is_exhausted { Stop::Exhausted } else { Stop::Failed(side, error) })
    }
}

/// One batch of each side.
struct Pair {
    current: BatchMetrics,
    reference: Option<BatchMetrics>,
}

/// Why there is no pair.
enum Stop {
    Interrupted,
    Exhausted,
    Failed(Side, Error),
}

#[cfg(test)]
mod tests;
