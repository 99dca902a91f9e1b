//! Measures the configurations of a plan: rounds of batches in random order, within a budget.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::benchmark::clock::Clock;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::event::{Event, Observer};
use crate::benchmark::executor::{BatchRequest, Executor};
use crate::benchmark::params::{BATCH_WAVES, SearchParams};
use crate::benchmark::plan::{Candidate, Plan};
use crate::benchmark::posterior::Posterior;
use crate::benchmark::record::CellRecord;
use crate::benchmark::search::{Search, SearchMode};
use crate::benchmark::sizing::Sizing;
use crate::benchmark::throughput::BatchTimes;
use crate::error::Error;
use crate::host::Interrupt;
use crate::host::contention::TakenShares;
use crate::policy::INDIFFERENCE;
use crate::strategy::StrategyKind;
use crate::strategy::run::RunReport;

/// Number of rounds of an exhaustive run, whatever the budget: fewer give no interval.
const MIN_ROUNDS_EXHAUSTIVE: u32 = 3;

/// Share of the budget by which the expected end of a batch may exceed the budget.
const BUDGET_OVERSHOOT: f64 = 0.03;

/// The extent of a measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasurementSettings {
    /// Measuring time.
    pub budget: Duration,
    /// Exact number of rounds, whatever the budget.
    pub rounds: Option<u32>,
    /// Number of batches per configuration of the first round that run and are discarded.
    pub warmup: u32,
    /// True if every round has every configuration of the plan.
    pub exhaustive: bool,
    /// Seed of the order of batches.
    pub seed: u64,
    /// True if no item is run twice, so that the sequential run of the profile counts too.
    pub once: bool,
    /// Parameters of the search.
    pub search: SearchParams,
}

/// The results of a measurement.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// The record of every configuration.
    pub cells: BTreeMap<Configuration, CellRecord>,
    /// The belief about every measured configuration, from all batches together.
    pub posteriors: BTreeMap<Configuration, Posterior>,
    /// Configurations that could not be run, each with its error.
    pub failed: BTreeMap<Configuration, Error>,
    /// Shares of the CPUs that other programs and the hypervisor took meanwhile, where they are known.
    pub taken: Option<TakenShares>,
    /// Number of rounds begun.
    pub rounds: u32,
    /// The reason why measuring ended.
    pub ending: MeasurementEnding,
    /// Duration of the measurement.
    pub elapsed: Duration,
}

/// The reason why measuring ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MeasurementEnding {
    /// More measuring would not have changed the result.
    #[default]
    Settled,
    /// The rounds asked for were done.
    Rounds,
    /// The budget was used up.
    Budget,
    /// The user interrupted the measurement.
    Interrupted,
    /// The executor had nothing more to run.
    Exhausted,
}

/// A measurement of the configurations of a plan.
pub struct Measurement<'a> {
    /// Runs the batches.
    pub executor: &'a mut dyn Executor,
    /// Receives events.
    pub observer: &'a mut dyn Observer,
    /// Tells the time.
    pub clock: &'a mut dyn Clock,
    /// Ends the measurement early.
    pub interrupt: &'a Interrupt,
    /// Rule for the size of batches.
    pub sizing: Sizing,
    /// The extent of the measurement.
    pub settings: MeasurementSettings,
    /// A sequential run of the workload that was made before; it stands for the first batch of the
    /// reference where tasks are long.
    pub reference: Option<RunReport>,
    /// The strategy that is measured where the budget is enough for one, if no other is predicted to be
    /// better.
    pub preferred: Option<StrategyKind>,
}

impl Measurement<'_> {
    /// Runs round after round until the result is settled, the budget is used up, the rounds asked
    /// for are done or the user interrupts.
    pub fn run(mut self, plan: &Plan) -> Measured {
        let mut random = StdRng::seed_from_u64(self.settings.seed);
        let mut search =
            Search::new(plan, self.sizing, self.mode(), self.settings.search, self.settings.seed);
        let mut measured = Measured::default();
        self.warm_up(&search, &mut random);
        self.clock.restart();
        if let (Some(report), Some(reference), true) =
            (self.reference.take(), plan.candidates.first(), self.sizing.is_long() || self.settings.once)
        {
            self.record(reference, &report, &mut search, &mut measured);
        }
        measured.ending = loop {
            if let Some(ending) = self.ending(&search, &measured) {
                break ending;
            }
            let mut round = search.next_round();
            round.shuffle(&mut random);
            if !self.run_round(&round, &mut search, &mut measured) {
                break if self.interrupt.is_raised() {
                    MeasurementEnding::Interrupted
                } else if self.executor.is_exhausted() {
                    MeasurementEnding::Exhausted
                } else {
                    MeasurementEnding::Budget
                };
            }
            search.end_round();
            measured.rounds += 1;
        };
        measured.elapsed = self.clock.elapsed();
        measured.posteriors = search.conclude();
        measured
    }

    fn mode(&self) -> SearchMode {
        match self.settings {
            MeasurementSettings { exhaustive: true, .. } => SearchMode::Exhaustive,
            MeasurementSettings { rounds: Some(_), .. } => SearchMode::Fixed,
            MeasurementSettings { .. } => SearchMode::Guided,
        }
    }

    fn ending(&self, search: &Search, measured: &Measured) -> Option<MeasurementEnding> {
        let done = measured.rounds;
        if self.interrupt.is_raised() {
            Some(MeasurementEnding::Interrupted)
        } else if self.executor.is_exhausted() {
            Some(MeasurementEnding::Exhausted)
        } else if let Some(rounds) = self.settings.rounds {
            (done >= rounds).then_some(MeasurementEnding::Rounds)
        } else if self.settings.exhaustive && done < MIN_ROUNDS_EXHAUSTIVE {
            None
        } else if self.clock.elapsed() >= self.settings.budget && !search.lacks_reference() {
            Some(MeasurementEnding::Budget)
        } else {
            search.is_settled().then_some(MeasurementEnding::Settled)
        }
    }

    /// Returns the seconds left for measuring; infinite where a number of rounds decides.
    fn left_s(&self, measured: &Measured) -> f64 {
        let is_counted = self.settings.rounds.is_some();
        if is_counted || (self.settings.exhaustive && measured.rounds < MIN_ROUNDS_EXHAUSTIVE) {
            return f64::INFINITY;
        }
        self.settings.budget.as_secs_f64() * (1.0 + BUDGET_OVERSHOOT) - self.clock.elapsed().as_secs_f64()
    }

    /// Runs one batch of every configuration that still fits into the budget; returns false if none did.
    fn run_round(&mut self, round: &[Candidate], search: &mut Search, measured: &mut Measured) -> bool {
        let predicted_best = predicted_best(round, self.preferred);
        let mut any = false;
        for candidate in round {
            let rate = search.expected_per_s(candidate.cell);
            let permutation_id = u64::from(measured.rounds);
            let request = BatchRequest { permutation_id, ..self.sizing.request(candidate.cell, rate) };
            let (left_s, expected_s) = (self.left_s(measured), self.sizing.expected_s(&request, rate));
            // However small the budget, the reference and the predicted best are measured once.
            let is_needed = search.batches(candidate.cell) == 0
                && (candidate.cell == Configuration::REFERENCE
                    || (measured.rounds == 0 && Some(candidate) == predicted_best));
            // Whatever its time limit, a batch lasts until all tasks that are in flight have ended.
            let in_flight = request.tasks.end.min(candidate.cell.width as u64) as f64;
            let slow_s = in_flight / search.pessimistic_per_s(candidate.cell).max(f64::MIN_POSITIVE);
            if expected_s.max(slow_s) > left_s && !is_needed {
                continue;
            }
            let request = request.within(left_s.max(expected_s));
            if self.interrupt.is_raised() || self.executor.is_exhausted() {
                return false;
            }
            self.run_batch(candidate, &request, search, measured);
            any = true;
            if search.prior_refuted() {
                break;
            }
        }
        any && !self.interrupt.is_raised()
    }

    fn run_batch(
        &mut self,
        candidate: &Candidate,
        request: &BatchRequest,
        search: &mut Search,
        measured: &mut Measured,
    ) {
        let cell = candidate.cell;
        self.observer.observe(&Event::BatchStarted { cell, elapsed: self.clock.elapsed() });
        let result = self.executor.run(request);
        if self.interrupt.is_raised() || (result.is_err() && self.executor.is_exhausted()) {
            return;
        }
        let throughput = match result {
            Ok(report) => Ok(self.record(candidate, &report, search, measured)),
            Err(error) => {
                search.mark_failed(cell);
                let message = error.to_string();
                measured.failed.insert(cell, error);
                Err(message)
            }
        };
        self.observer.observe(&Event::BatchEnded { cell, throughput, elapsed: self.clock.elapsed() });
    }

    /// Records a batch and returns its throughput, in tasks per second.
    fn record(
        &self,
        candidate: &Candidate,
        report: &RunReport,
        search: &mut Search,
        measured: &mut Measured,
    ) -> f64 {
        let cell = candidate.cell;
        let times = BatchTimes::of(report, self.sizing.cpus);
        let throughput = times.throughput(self.sizing.tasks)
            * times.beyond(self.sizing.tasks, BATCH_WAVES, candidate.beyond_a_batch);
        search.record_batch(cell, self.clock.elapsed(), throughput);
        let record = measured.cells.entry(cell).or_insert_with(|| CellRecord::new(*candidate));
        record.add(measured.rounds, throughput, report);
        throughput
    }

    /// Runs the configurations of the first round and discards the results.
    fn warm_up(&mut self, search: &Search, random: &mut StdRng) {
        for _ in 0..self.settings.warmup {
            let mut round = search.next_round();
            round.shuffle(random);
            for candidate in round {
                if self.interrupt.is_raised() {
                    return;
                }
                let request = self.sizing.request(candidate.cell, search.expected_per_s(candidate.cell));
                // A configuration that cannot be run fails again when it counts.
                let _ = self.executor.run(&request);
            }
        }
    }
}

/// Returns the configuration predicted to be the best, or the one of the preferred strategy if that is
/// predicted to be near it.
fn predicted_best(round: &[Candidate], preferred: Option<StrategyKind>) -> Option<&Candidate> {
    let best = round.iter().map(|c| c.predicted_per_s).fold(0.0, f64::max);
    let near = round.iter().filter(|c| c.predicted_per_s >= (1.0 - INDIFFERENCE) * best);
    near.max_by(|a, b| {
        let is_preferred = |c: &Candidate| Some(c.cell.strategy) == preferred;
        is_preferred(a).cmp(&is_preferred(b)).then(a.predicted_per_s.total_cmp(&b.predicted_per_s))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::clock::Stopwatch;
    use crate::benchmark::event::Silent;
    use crate::benchmark::params::SizingParams;
    use crate::benchmark::testing::{self, host, profile, report, sleeping};
    use crate::diagnostics::Code;

    /// Answers every batch at once, with the result of a function.
    struct Mock<F>(F, Vec<BatchRequest>);

    impl<F: FnMut(&BatchRequest) -> Result<RunReport, Error>> Executor for Mock<F> {
        fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
            self.1.push(request.clone());
            (self.0)(request)
        }
    }

    fn measure(
        settings: MeasurementSettings,
        run: impl FnMut(&BatchRequest) -> Result<RunReport, Error>,
    ) -> (Measured, Vec<BatchRequest>) {
        let plan = testing::plan(&sleeping(400), &profile(50e-6, 20e-3), &host(2));
        let mut executor = Mock(run, Vec::new());
        let measurement = Measurement {
            executor: &mut executor,
            observer: &mut Silent,
            clock: &mut Stopwatch::start(),
            interrupt: &Interrupt::default(),
            sizing: Sizing {
                tasks: 400,
                task_s: 0.02,
                budget: settings.budget,
                cpus: 2.0,
                is_thorough: false,
                params: SizingParams::default(),
            },
            settings,
            reference: None,
            preferred: None,
        };
        (measurement.run(&plan), executor.1)
    }

    fn settings(rounds: u32) -> MeasurementSettings {
        let budget = Duration::from_secs(3600);
        MeasurementSettings {
            budget,
            rounds: Some(rounds),
            warmup: 0,
            exhaustive: false,
            seed: 1,
            once: false,
            search: SearchParams::default(),
        }
    }

    fn ideal(request: &BatchRequest) -> Result<RunReport, Error> {
        Ok(report(request.tasks.end, request.cell.width, 0.02))
    }

    #[test]
    fn the_rounds_asked_for_are_of_every_strategy_and_the_reference() {
        let (measured, _) = measure(settings(4), ideal);
        assert!(measured.cells.values().all(|record| record.rounds().len() == 4));
        assert!(measured.cells.contains_key(&Configuration::REFERENCE));
        assert_eq!(measured.ending, MeasurementEnding::Rounds);
    }

    #[test]
    fn the_same_seed_gives_the_same_order_and_another_one_another() {
        let requests = |seed| measure(MeasurementSettings { seed, ..settings(2) }, ideal).1;
        assert_eq!(requests(7), requests(7));
        assert_ne!(requests(7), requests(8));
    }

    #[test]
    fn a_failing_strategy_is_an_entry_and_the_rest_still_runs() {
        let (measured, _) = measure(settings(2), |request| match request.cell.strategy {
            StrategyKind::Threads => Err(Error::new(Code::PoolStart, "no threads")),
            _ => ideal(request),
        });
        assert!(measured.failed.keys().all(|cell| cell.strategy == StrategyKind::Threads));
        assert!(!measured.failed.is_empty());
        assert!(measured.cells.keys().any(|cell| cell.strategy == StrategyKind::Async));
    }

    #[test]
    fn an_exhaustive_run_measures_every_cell_three_times() {
        let (measured, _) = measure(
            MeasurementSettings { budget: Duration::ZERO, rounds: None, exhaustive: true, ..settings(0) },
            ideal,
        );
        assert!(measured.cells.values().all(|record| record.rounds().len() == 3));
    }

    #[test]
    fn tasks_longer_than_the_budget_are_still_measured_under_the_best_cell() {
        let plan = testing::plan(&sleeping(10), &profile(1e-4, 3.0), &host(2));
        let mut executor =
            Mock(|request: &BatchRequest| Ok(report(request.tasks.end, request.cell.width, 3.0)), Vec::new());
        let measurement = Measurement {
            executor: &mut executor,
            observer: &mut Silent,
            clock: &mut Stopwatch::start(),
            interrupt: &Interrupt::default(),
            sizing: Sizing {
                tasks: 10,
                task_s: 3.0,
                budget: Duration::from_secs(1),
                cpus: 2.0,
                is_thorough: false,
                params: SizingParams::default(),
            },
            settings: MeasurementSettings { budget: Duration::from_secs(1), rounds: None, ..settings(0) },
            reference: Some(report(1, 1, 3.0)),
            preferred: Some(StrategyKind::Async),
        };
        let measured = measurement.run(&plan);
        assert_eq!(measured.cells[&Configuration::REFERENCE].rounds().len(), 1);
        // There is time for one batch only, and it tests the strategy that is advised if no evidence is
        // against it.
        let cells: Vec<Configuration> = executor.1.iter().map(|request| request.cell).collect();
        assert!(cells.contains(&Configuration::new(StrategyKind::Async, 10)), "{cells:?}");
        assert!(cells.iter().all(|cell| cell.width == 10), "{cells:?}");
    }

    #[test]
    fn warm_up_batches_leave_no_trace() {
        let (measured, orders) = measure(MeasurementSettings { warmup: 1, ..settings(1) }, ideal);
        let kept: usize = measured.cells.values().map(|record| record.rounds().len()).sum();
        assert_eq!(orders.len(), 2 * kept);
    }
}
