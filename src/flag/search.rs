//! Decides what to run next, and when nothing more has to run.

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::flag::belief::{FlagBelief, FlagPoint, Landscape, Standing, params};
use crate::flag::caps::{Cap, cap};
use crate::flag::measure::{RunFailure, RunMeasure};
use crate::flag::parameters::Parameters;
use crate::flag::record::{Objective, Record, Run};
use crate::host::info::HostLimits;
use crate::model::surrogate::Hyperparameters;
use crate::policy::INDIFFERENCE;

mod neighbours;
mod next;
pub(crate) mod predict;

/// Probability of not being worse than the leader by more than 5% from which a narrower cell is recommended.
///
/// Each run is dear, so that less is asked for than of batches; the loss is small even where it is wrong.
const NARROWER_SURE: f64 = 0.85;

/// The same for a program that works with one thread whatever it is told.
const NARROWER_LIKELY: f64 = 0.5;

/// Mean number of workers below which a program works with one thread.
const ALONE_BELOW: f64 = 1.5;

/// Probability of beating the leader from which another cell runs beside it.
const WORTH_A_LOOK: f64 = 0.05;

/// Share of the CPU time that contention may explain from which half of the width is worth a run on any machine.
const CONTENTION_FROM: f64 = 0.2;

/// Standard deviations of the noise that two widths may differ by where the flag does nothing.
const CHANCE_SDS: f64 = 2.0;

/// Difference of CPUs or workers below which two runs use as many.
const SAME_COUNT: f64 = 0.2;

/// Share of the rate that two widths may differ by where the flag does nothing.
const UNCHANGED: f64 = 0.1;

/// The rule that ends the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SearchMode {
    /// When the answer is known.
    Guided,
    /// After so many rounds of a guided search.
    Rounds(u32),
    /// After so many rounds of every cell.
    Exhaustive(u32),
    /// After the first runs.
    FirstRuns,
}

/// The cells and the machine.
#[derive(Debug, Clone)]
pub(crate) struct SearchSpace {
    /// Every cell that is considered.
    pub cells: Vec<Parameters>,
    /// CPUs that programs can use.
    pub cpus: f64,
    /// CPUs to predict for.
    pub assumed_cpus: f64,
    /// Limits of the machine.
    pub limits: HostLimits,
    /// What is optimised.
    pub objective: Objective,
    /// True if the narrowest cell runs in any case.
    pub wants_reference: bool,
    /// Seed of every random choice.
    pub seed: u64,
}

/// A search in progress.
#[derive(Debug)]
pub(crate) struct Search {
    space: SearchSpace,
    mode: SearchMode,
    records: Vec<Record>,
    /// The cells that run first: one for each listed value.
    first: Vec<usize>,
    rounds: u32,
    narrower_runs: usize,
    hyper: Hyperparameters,
    belief: Option<FlagBelief>,
    /// The cells as the belief sees them.
    points: Vec<FlagPoint>,
    cap: Option<Cap>,
    random: StdRng,
}

impl Search {
    /// Begins a search.
    pub(crate) fn new(space: SearchSpace, mode: SearchMode) -> Self {
        let records: Vec<Record> = space.cells.iter().cloned().map(Record::new).collect();
        Search {
            first: first_cells(&space),
            random: StdRng::seed_from_u64(space.seed),
            hyper: Hyperparameters::usual(&params(Landscape::OneNumber)),
            space,
            mode,
            records,
            rounds: 0,
            narrower_runs: 0,
            belief: None,
            points: Vec::new(),
            cap: None,
        }
    }

    /// Returns the record of every cell.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Returns the cells and the machine.
    pub(crate) fn space(&self) -> &SearchSpace {
        &self.space
    }

    /// Returns the cell that runs first.
    pub(crate) fn first(&self) -> usize {
        self.first[0]
    }

    /// Returns the resource that caps the width, if one is below the widest cell.
    pub(crate) fn binding_cap(&self) -> Option<Cap> {
        let widest = self.records.iter().map(|record| record.parameters.total()).max()?;
        self.cap.filter(|cap| cap.widest < widest)
    }

    /// Adds a run of cell `i` that began at `at_s`. Returns false if the program did not print its metric.
    pub(crate) fn record(&mut self, i: usize, at_s: f64, run: Result<RunMeasure, RunFailure>) -> bool {
        match run {
            Ok(measure) => {
                let Some(rate) = self.space.objective.rate(&measure) else { return false };
                let (round, is_cold) = (self.rounds, false);
                self.records[i].runs.push(Run { at_s, round, rate, measure, is_cold });
            }
            Err(failure) => self.records[i].failure = Some(failure),
        }
        true
    }

    /// Ends a round: derives the belief from all runs.
    pub(crate) fn end_round(&mut self) {
        self.rounds += 1;
        let first = self.first();
        let noise = self.noise();
        self.records[first].mark_cold(noise);
        self.cap = cap(&self.records, &self.space.limits);
        let landscape = self.landscape();
        self.believe(landscape);
        if self.is_flat() {
            self.believe(Landscape::Flat);
        }
    }

    fn believe(&mut self, landscape: Landscape) {
        let Some((points, belief)) = self.believed(landscape) else { return };
        self.hyper = belief.hyper;
        self.points = points;
        self.belief = Some(belief);
    }

    /// Returns the standard deviation of ln of the rate between equal runs.
    fn noise(&self) -> f64 {
        self.hyper.noise(&params(Landscape::OneNumber))
    }

    /// Returns what is believed of each cell; `None` before anything ran well.
    pub(crate) fn standings(&self) -> Option<&[Standing]> {
        Some(&self.belief.as_ref()?.standings)
    }

    fn competes(&self, i: usize) -> bool {
        let record = &self.records[i];
        let total = record.parameters.total();
        record.failure.is_none() && (record.is_measured() || self.cap.is_none_or(|cap| total <= cap.widest))
    }

    fn is_measured(&self, i: usize) -> bool {
        self.records[i].is_measured()
    }

    fn runs(&self, i: usize) -> usize {
        self.records[i].runs.len()
    }

    /// Returns the measured cell that is expected to lose least.
    pub(crate) fn leader(&self) -> Option<usize> {
        let standings = self.standings()?;
        let measured = (0..self.records.len()).filter(|i| self.is_measured(*i));
        measured.min_by(|a, b| standings[*a].regret.total_cmp(&standings[*b].regret))
    }

    /// Returns the recommended cell: the narrowest measured one that is surely near the best, or one that did not
    /// run if that is expected to be clearly better.
    pub(crate) fn recommended(&self) -> Option<usize> {
        let standings = self.standings()?;
        let (leader, all) = (self.leader()?, 0..self.records.len());
        // Of two numbers, a guess where nothing ran is none to follow once there is a choice.
        let is_open = self.landscape() == Landscape::OneNumber || self.has_only_first();
        let unrun = all.clone().filter(|i| is_open && !self.is_measured(*i) && self.competes(*i));
        let unrun = unrun.min_by(|a, b| standings[*a].regret.total_cmp(&standings[*b].regret));
        let is_better = |i: &usize| standings[*i].regret + INDIFFERENCE < standings[leader].regret;
        if let Some(better) = unrun.filter(is_better) {
            let fastest = standings[better].rate;
            let close =
                all.filter(|i| self.competes(*i) && standings[*i].rate >= (1.0 - INDIFFERENCE) * fastest);
            return close.min_by_key(|i| self.price(*i)).or(Some(better));
        }
        let belief = self.belief.as_ref()?;
        let enough = if self.works_alone() { NARROWER_LIKELY } else { NARROWER_SURE };
        let near = all.filter(|i| self.is_measured(*i) && belief.prob_not_worse(*i, leader) >= enough);
        near.min_by_key(|i| self.price(*i)).or(Some(leader))
    }

    /// Returns true if nothing ran but the first cells.
    fn has_only_first(&self) -> bool {
        (0..self.records.len()).filter(|i| self.is_measured(*i)).count() <= self.first.len()
    }

    /// Returns what is preferred among equals: few threads, then few processes.
    fn price(&self, i: usize) -> (usize, usize) {
        let parameters = &self.records[i].parameters;
        (parameters.total(), parameters.processes.unwrap_or(1))
    }

    /// Returns true if the program works with one thread with a narrow width and a wide one.
    fn works_alone(&self) -> bool {
        let wide = self.without_effect().map(|(_, wide)| &self.records[wide]);
        wide.is_some_and(|record| record.mean(|run| run.workers.mean()) < ALONE_BELOW)
    }

    /// Returns the cell that speed-ups refer to: the narrowest.
    pub(crate) fn reference(&self) -> usize {
        (0..self.records.len()).min_by_key(|i| self.price(*i)).unwrap_or(0)
    }

    /// Returns the two cells of the leader's value that differ most in width, if the flag changed nothing between
    /// them.
    pub(crate) fn without_effect(&self) -> Option<(usize, usize)> {
        let leader = self.leader()?;
        // Of two numbers, one may do what the other does not.
        if self.records[leader].parameters.processes.is_some() {
            return None;
        }
        let value = &self.records[leader].parameters.value;
        let alike = || {
            let is_like = |i: &usize| self.is_measured(*i) && self.records[*i].parameters.value == *value;
            (0..self.records.len()).filter(is_like)
        };
        let (narrow, wide) =
            (alike().min_by_key(|i| self.price(*i))?, alike().max_by_key(|i| self.price(*i))?);
        let (few, many) = (&self.records[narrow], &self.records[wide]);
        if many.parameters.total() < 2 * few.parameters.total() {
            return None;
        }
        let is_same = |value: fn(&RunMeasure) -> f64| {
            let (a, b) = (few.mean(value), many.mean(value));
            (a - b).abs() <= SAME_COUNT.max(UNCHANGED * a.max(b))
        };
        let rates = || alike().map(|i| self.records[i].rate().ln());
        let spread = rates().fold(f64::MIN, f64::max) - rates().fold(f64::MAX, f64::min);
        let runs = [few, many].map(|record| (record.counted().count().max(1) as f64).recip());
        let chance = CHANCE_SDS * self.noise() * (runs[0] + runs[1]).sqrt();
        let is_same_rate = spread <= UNCHANGED.max(chance);
        let workers = |run: &RunMeasure| run.workers.mean();
        (is_same_rate && is_same(workers) && is_same(RunMeasure::cpus_busy)).then_some((narrow, wide))
    }
}

/// Returns the cells that run first: for each listed value the one that asks for as many threads as there are
/// CPUs, with as many processes as threads each.
fn first_cells(space: &SearchSpace) -> Vec<usize> {
    let cpus = space.cpus.ceil().max(1.0);
    let off = |i: &usize| {
        let parameters = &space.cells[*i];
        let ratio = (parameters.total() as f64 / cpus).ln().abs();
        let shape = (parameters.width as f64 / parameters.processes.unwrap_or(1) as f64).ln().abs();
        let shape = if parameters.processes.is_some() { shape } else { 0.0 };
        (ratio, shape)
    };
    let mut values: Vec<&Option<String>> = Vec::new();
    for cell in &space.cells {
        if !values.contains(&&cell.value) {
            values.push(&cell.value);
        }
    }
    let nearest = |value: &&Option<String>| {
        let of_value = (0..space.cells.len()).filter(|i| space.cells[*i].value == **value);
        of_value.min_by(|a, b| {
            let ((ratio, shape), (other_ratio, other_shape)) = (off(a), off(b));
            ratio.total_cmp(&other_ratio).then(shape.total_cmp(&other_shape))
        })
    };
    values.iter().filter_map(nearest).collect()
}
