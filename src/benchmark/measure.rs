//! Measures the configurations of a plan: rounds of batches in random order, within a budget.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::benchmark::batch_costs::BatchCosts;
use crate::benchmark::clock::Clock;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::event::{Event, Interim, Observer};
use crate::benchmark::executor::{BatchRequest, Executor};
use crate::benchmark::params::{BATCH_WAVES, SearchParams};
use crate::benchmark::plan::{Candidate, Plan};
use crate::benchmark::posterior::{BatchObservation, Posterior};
use crate::benchmark::record::CellRecord;
use crate::benchmark::search::{Search, SearchMode};
use crate::benchmark::sizing::Sizing;
use crate::benchmark::throughput::BatchTimes;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Interrupt;
use crate::host::contention::TakenShares;
use crate::policy::INDIFFERENCE;
use crate::strategy::StrategyKind;
use crate::strategy::run::RunReport;
use crate::workload::task_outcomes::TaskOutcomes;

mod trouble;

/// Number of rounds of an exhaustive run, whatever the budget: fewer give no interval.
const MIN_ROUNDS_EXHAUSTIVE: u32 = 3;

/// Share of the budget by which a batch may exceed the budget before it is killed.
const KILL_OVERSHOOT: f64 = 0.05;

/// Share of the budget by which the expected end of a batch may exceed the budget.
const BUDGET_OVERSHOOT: f64 = 0.03;

/// The extent of a measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasurementSettings {
    /// Time of the whole run.
    pub budget: Duration,
    /// The part of the budget that was spent before the first batch.
    pub spent: Duration,
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
    /// The belief about every configuration, measured or not, from all batches together.
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
    /// The seconds that batches took besides their tasks.
    pub costs: BatchCosts,
    /// Outcomes of sequential tasks that are not among the batches: those of the profile.
    pub profiled: TaskOutcomes,
    /// True if items ran sequentially again to learn if their outputs are random.
    pub is_reference_rerun: bool,
    /// Tasks of batches that gave no report, or whose report was discarded: they may have used up their items.
    pub lost: u64,
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
    /// reference unless its clocks show in the tasks.
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
        let mut search = Search::new(
            plan,
            self.sizing,
            self.mode(),
            self.settings.search,
            (self.preferred, self.settings.seed),
        );
        let mut measured = Measured::default();
        self.observer.observe(&Event::Planned { strategies: plan.strategies() });
        measured.lost = self.warm_up(&search, &mut random);
        self.clock.restart();
        // A number of rounds that was asked for is one of batches.
        let is_guided = self.mode() == SearchMode::Guided;
        let counts_profile =
            self.settings.once || self.sizing.is_long() || (is_guided && self.sizing.counts_profile());
        let profiled = plan.candidates.first().filter(|_| counts_profile && self.reference.is_some());
        match (self.reference.take(), plan.candidates.first()) {
            (Some(report), Some(reference)) if counts_profile => {
                self.record(reference, &report, &mut search, &mut measured);
            }
            (report, _) => measured.profiled = report.map(|report| report.tally).unwrap_or_default(),
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
            self.observer.observe(&Event::RoundEnded { interim: self.interim(&search, &measured) });
            measured.rounds += 1;
            self.heed_trouble(&mut search, &mut measured);
        };
        if let Some(reference) = profiled.filter(|_| !self.settings.once) {
            self.confirm(reference, &mut search, &mut measured);
        }
        measured.elapsed = self.clock.elapsed();
        measured.posteriors = search.conclude();
        measured
    }

    /// Measures the reference in a batch if nothing has worked but the profile, which may have used up what
    /// tasks need.
    fn confirm(&mut self, reference: &Candidate, search: &mut Search, measured: &mut Measured) {
        let mut others = measured.cells.iter().filter(|(cell, _)| **cell != reference.cell);
        let is_alone = others.clone().next().is_some() || measured.lost > 0;
        if !is_alone || others.any(|(_, record)| record.counts().ok > 0) || self.interrupt.is_raised() {
            return;
        }
        let mut request = self.sizing.request(reference.cell, search.expected_per_s(reference.cell));
        // Items that worked in the profile and fail now work only once.
        if let Some(record) = measured.cells.remove(&reference.cell) {
            request.tasks.end = request.tasks.end.min(record.counts().started().max(1));
            measured.profiled.outputs = record.outputs().clone();
        }
        self.run_batch(reference, &request, false, search, measured);
    }

    /// Returns what is believed after a round. A search that is not guided believes nothing before its end: then
    /// it is what the batches say.
    fn interim(&self, search: &Search, measured: &Measured) -> Vec<Interim> {
        if self.mode() == SearchMode::Guided {
            return search.interim();
        }
        let of = |record: &CellRecord| record.interim();
        let mut interim: Vec<Interim> = measured.cells.values().filter_map(of).collect();
        let fastest = interim.iter_mut().max_by(|a, b| a.per_s.total_cmp(&b.per_s));
        fastest.into_iter().for_each(|best| best.is_leader = true);
        interim
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
        } else if self.spent() >= self.settings.budget && !search.lacks_reference() {
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
        self.settings.budget.as_secs_f64() * (1.0 + BUDGET_OVERSHOOT) - self.spent().as_secs_f64()
    }

    /// Returns the part of the budget that was spent so far.
    fn spent(&self) -> Duration {
        self.settings.spent + self.clock.elapsed()
    }

    /// Runs one batch of every configuration that still fits into the budget; returns false if none did.
    fn run_round(&mut self, round: &[Candidate], search: &mut Search, measured: &mut Measured) -> bool {
        let predicted_best = predicted_best(round, self.preferred);
        let mut any = false;
        for candidate in round {
            let rate = search.expected_per_s(candidate.cell);
            let permutation_id = u64::from(measured.rounds);
            let request = BatchRequest { permutation_id, ..self.sizing.request(candidate.cell, rate) };
            let left_s = self.left_s(measured);
            let expected_s =
                self.sizing.expected_s(&request, rate) + measured.costs.of(candidate.cell.strategy);
            // However small the budget, the reference, the tree's strategy and the predicted best are measured
            // once.
            let is_needed = search.batches(candidate.cell) == 0
                && (candidate.cell == Configuration::REFERENCE
                    || search.is_first_of_tree(candidate.cell)
                    || (measured.rounds == 0 && Some(candidate) == predicted_best));
            // Whatever its time limit, a batch lasts until all tasks that are in flight have ended.
            let in_flight = request.tasks.end.min(candidate.cell.width as u64) as f64;
            let slow_s = in_flight / search.pessimistic_per_s(candidate.cell).max(f64::MIN_POSITIVE);
            if expected_s.max(slow_s) > left_s && !is_needed {
                continue;
            }
            let is_last = !is_needed && request.kill_after.as_secs_f64() > left_s;
            let most_s = left_s + KILL_OVERSHOOT * self.settings.budget.as_secs_f64();
            let request = request.within(left_s.max(expected_s));
            let request = if is_last { request.killed_within(most_s) } else { request };
            if self.interrupt.is_raised() || self.executor.is_exhausted() {
                return false;
            }
            self.run_batch(candidate, &request, is_last, search, measured);
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
        is_last: bool,
        search: &mut Search,
        measured: &mut Measured,
    ) {
        let cell = candidate.cell;
        let begun = self.clock.elapsed();
        self.observer.observe(&Event::BatchStarted { cell, elapsed: self.spent() });
        let result = self.executor.run(request);
        if self.interrupt.is_raised() || (result.is_err() && self.executor.is_exhausted()) {
            return;
        }
        measured.lost += if result.is_err() { tasks_of(request) } else { 0 };
        let throughput = match result {
            Ok(report) => {
                let took_s = (self.clock.elapsed() - begun).as_secs_f64();
                measured.costs.add(cell.strategy, took_s - report.wall_s);
                Ok(self.record(candidate, &report, search, measured))
            }
            // The budget killed it, which says nothing about the configuration.
            Err(error) if is_last && error.code == Code::PoolHung => Err(error.to_string()),
            Err(error) => {
                search.mark_failed(cell);
                let message = error.to_string();
                measured.failed.insert(cell, error);
                Err(message)
            }
        };
        self.observer.observe(&Event::BatchEnded { cell, throughput, elapsed: self.spent() });
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
        let times = BatchTimes::of(report, self.sizing.cpus.min(candidate.cpus));
        let tasks = self.sizing.tasks;
        let beyond = times.beyond(tasks, BATCH_WAVES, candidate.beyond_a_batch);
        let whole = |times: BatchTimes| times.throughput_of_list(tasks, beyond, candidate.least_s);
        let throughput = whole(times);
        let steady_per_s = whole(BatchTimes { startup_s: 0.0, ..times });
        let round = measured.rounds;
        measured.record_of(candidate).add(round, throughput, report);
        if self.tasks_fail(cell, measured) {
            search.mark_failed(cell);
        } else {
            let batch = BatchObservation { steady_per_s, startup_s: times.startup_s };
            search.record_batch(cell, self.clock.elapsed(), batch);
        }
        throughput
    }

    /// Runs the configurations of the first round and discards the results; returns the number of their tasks.
    fn warm_up(&mut self, search: &Search, random: &mut StdRng) -> u64 {
        let mut tasks = 0;
        for _ in 0..self.settings.warmup {
            let mut round = search.next_round();
            round.shuffle(random);
            for candidate in round {
                if self.interrupt.is_raised() {
                    return tasks;
                }
                let request = self.sizing.request(candidate.cell, search.expected_per_s(candidate.cell));
                // A configuration that cannot be run fails again when it counts.
                let _ = self.executor.run(&request);
                tasks += tasks_of(&request);
            }
        }
        tasks
    }
}

/// Returns the number of tasks that a batch may start.
fn tasks_of(request: &BatchRequest) -> u64 {
    request.tasks.end.saturating_sub(request.tasks.start)
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
mod tests;
