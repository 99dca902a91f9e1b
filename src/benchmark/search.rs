//! Which cells to measure next: the leader against the challenger most likely to beat it for its cost.
//!
//! Pure: it is given what was measured and when, and says what to measure; it knows no clock and no
//! machine. What is believed of cells that were not measured comes from the prediction and from their
//! neighbours ([`surrogate`](crate::model::surrogate)).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::benchmark::configuration::Configuration;
use crate::benchmark::plan::{Candidate, Plan};
use crate::benchmark::posterior::{MOST_POINTS, Posterior, Posteriors};
use crate::benchmark::sizing::Sizing;
use crate::model::surrogate::Point;
use crate::policy::{INDIFFERENCE, STOP_PROBABILITY};
use crate::strategy::StrategyKind;

/// Batches a cell must have before it may be chosen, and before the search may end.
const ENOUGH_OF_CHOICE: usize = 3;
const ENOUGH_IN_ALL: usize = 6;

/// A strategy that is this far behind what was predicted of it beside the leader is surprising; one
/// that gives less than this share of the leader is not worth a second look, nor is one that was
/// predicted to.
const SURPRISING: f64 = 0.85;
const HOPELESS: f64 = 0.5;
const PROMISING: f64 = 0.9;

/// A narrower cell is tried if it is this many times narrower, and keeps up with this probability.
const MUCH_NARROWER: f64 = 1.9;
const PLAUSIBLE: f64 = 0.5;

/// Seconds that a batch takes besides its tasks: a process is started for it.
const BATCH_COST_S: f64 = 0.015;

/// Where it is predicted that many tasks at once are best, this share of them is tried first, if that
/// still is so many: a batch that is wider than what an upstream serves at once lasts until all of its
/// tasks were served, whatever its time limit.
const PROBE: f64 = 0.2;
const WIDE: usize = 16;

/// Where that gives less than this share of what was predicted, predictions for wider cells are worth
/// nothing; how far above what it gave a cell must be predicted to be, to show if there is more.
const DISAPPOINTING: f64 = 0.6;
const HEADROOM: f64 = 1.25;

/// Which cells a round is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Those that can still win.
    Guided,
    /// The same in every round: every strategy where it is predicted to suffice, or the widths asked for.
    Fixed,
    /// All.
    Exhaustive,
}

/// How far a guided search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// What is predicted of many at once is tried with fewer.
    Probe,
    /// Every strategy is measured where it is believed to suffice.
    Opening,
    /// The leader is measured against a challenger.
    Duel,
}

/// The search: cells of the plan, and what is believed of each.
#[derive(Debug, Clone)]
pub struct Search {
    candidates: Vec<Candidate>,
    sizing: Sizing,
    mode: Mode,
    is_asked: bool,
    stage: Stage,
    is_upset: bool,
    batches: BTreeMap<Configuration, usize>,
    failed: Vec<Configuration>,
    outlooks: Posteriors,
}

impl Search {
    /// A search over the cells of a plan, the reference first.
    pub fn new(plan: &Plan, sizing: Sizing, mode: Mode, seed: u64) -> Self {
        let candidates = match mode {
            Mode::Exhaustive => plan.candidates.clone(),
            Mode::Guided | Mode::Fixed => thin(&plan.candidates),
        };
        let believed = &candidates[..candidates.len().min(MOST_POINTS)];
        let outlooks = Posteriors::new(believed.iter().map(point).collect(), seed);
        let is_asked = plan.is_asked;
        let (batches, failed) = (BTreeMap::new(), Vec::new());
        let mut search = Search {
            candidates,
            sizing,
            mode,
            is_asked,
            stage: Stage::Probe,
            is_upset: false,
            batches,
            failed,
            outlooks,
        };
        if search.probe().is_none() {
            search.stage = Stage::Opening;
        }
        search
    }

    /// Takes the throughput that a batch of a cell gave, in tasks per second, and when it was run.
    pub fn learn(&mut self, cell: Configuration, at: Duration, throughput: f64) {
        *self.batches.entry(cell).or_default() += 1;
        let is_less = self.index(cell).is_some_and(|p| throughput < DISAPPOINTING * self.predicted(p));
        self.is_upset |= self.mode == Mode::Guided && is_less && !self.is_doubtful();
        if throughput <= 0.0 {
            // What gives nothing cannot win, and has no logarithm.
            self.give_up(cell);
        } else if let Some(point) = self.index(cell) {
            self.outlooks.observe(point, at.as_secs_f64(), throughput);
        }
    }

    /// Takes that a cell cannot be run.
    pub fn give_up(&mut self, cell: Configuration) {
        self.failed.push(cell);
    }

    /// Ends a round: what was learnt in it counts from now on.
    pub fn end_round(&mut self) {
        if self.mode == Mode::Guided {
            self.outlooks.update();
        }
        self.stage = match self.stage {
            Stage::Probe => Stage::Opening,
            Stage::Opening if self.is_upset => Stage::Opening,
            Stage::Opening | Stage::Duel => Stage::Duel,
        };
        self.is_upset = false;
    }

    /// Whether the round should end, because predictions that it was made from do not hold.
    pub fn is_upset(&self) -> bool {
        self.is_upset && self.stage == Stage::Opening
    }

    /// Batches measured of a cell.
    pub fn batches(&self, cell: Configuration) -> usize {
        self.batches.get(&cell).copied().unwrap_or(0)
    }

    /// Whether the reference is still to be measured.
    pub fn lacks_reference(&self) -> bool {
        let is_reference = |cell: &Configuration| *cell == Configuration::REFERENCE;
        self.batches(Configuration::REFERENCE) == 0
            && !self.failed.iter().any(is_reference)
            && self.candidates.iter().any(|c| is_reference(&c.cell))
    }

    /// Tasks per second that a cell will probably give.
    pub fn expected(&self, cell: Configuration) -> f64 {
        let predicted = || self.candidates.iter().find(|c| c.cell == cell).map_or(1.0, |c| c.predicted_per_s);
        self.index(cell).map_or_else(predicted, |point| self.outlooks.per_s(point))
    }

    /// Tasks per second that a cell will give even if it disappoints.
    pub fn at_least(&self, cell: Configuration) -> f64 {
        self.index(cell).map_or_else(|| self.expected(cell), |point| self.outlooks.low_per_s(point))
    }

    /// What is believed of every measured cell in the end.
    pub fn conclude(mut self) -> BTreeMap<Configuration, Posterior> {
        self.outlooks.update();
        let Some(leader) = self.leader() else { return BTreeMap::new() };
        let measured = self.points().filter(|point| self.is_measured(*point));
        measured.map(|point| (self.cell(point), self.outlooks.outlook(point, leader))).collect()
    }

    /// The cells of the next round; empty when there is nothing to measure.
    pub fn next_round(&self) -> Vec<Candidate> {
        let mut round = match self.mode {
            Mode::Exhaustive => self.candidates.clone(),
            Mode::Fixed if self.is_asked => self.candidates.clone(),
            Mode::Fixed => self.opening(),
            Mode::Guided => self.guided(),
        };
        round.sort_by_key(|c| c.cell);
        round.dedup_by_key(|c| c.cell);
        round.retain(|c| !self.failed.contains(&c.cell));
        round
    }

    fn guided(&self) -> Vec<Candidate> {
        let round: Vec<Candidate> = match self.stage {
            Stage::Probe => self.probe().into_iter().collect(),
            Stage::Opening => self.opening().into_iter().filter(|c| self.batches(c.cell) == 0).collect(),
            Stage::Duel => Vec::new(),
        };
        if round.is_empty() { self.duel() } else { round }
    }

    /// The cell, narrower than what could be chosen by now and of the leader's strategy, that is worth most
    /// to try: as good by what is believed, and much narrower. None where width is what makes it fast.
    fn thrifty(&self, leader: usize) -> Option<usize> {
        let own = |point: &usize| {
            self.cell(*point).strategy == self.cell(leader).strategy
                && !self.failed.contains(&self.cell(*point))
        };
        let keeps_up = |point: usize| self.outlooks.keeps_up(point, leader);
        let is_good = |point: &usize| keeps_up(*point) >= STOP_PROBABILITY;
        let width = |point: usize| self.cell(point).width as f64;
        let good = self.points().filter(own).filter(|point| self.is_measured(*point)).filter(is_good);
        let narrowest = good.map(width).reduce(f64::min).unwrap_or(width(leader));
        let saved = |point: usize| keeps_up(point) * (narrowest / width(point)).ln();
        let untried = |point: &usize| {
            self.batches(self.cell(*point)) == 0
                && MUCH_NARROWER * width(*point) <= narrowest
                && keeps_up(*point) >= PLAUSIBLE
        };
        self.points().filter(own).filter(untried).max_by(|a, b| saved(*a).total_cmp(&saved(*b)))
    }

    /// Whether more measuring would hardly change anything: a cell that was measured well is near the
    /// best with high probability.
    pub fn is_settled(&self) -> bool {
        let total: usize = self.batches.values().sum();
        let is_sure = |point: usize| {
            self.batches(self.cell(point)) >= ENOUGH_OF_CHOICE
                && self.outlooks.near_best(point) >= STOP_PROBABILITY
        };
        self.mode == Mode::Guided
            && total >= ENOUGH_IN_ALL
            && self.points().any(is_sure)
            && self.leader().is_none_or(|leader| self.thrifty(leader).is_none())
    }

    /// The cell predicted to be the fastest of those that suffice, but narrower, where that is wide and
    /// there is time for both.
    fn probe(&self) -> Option<Candidate> {
        if self.sizing.is_very_long() {
            return None;
        }
        let knees = strategies(&self.candidates).into_iter().filter_map(|kind| self.knee(kind));
        let favourite = knees.max_by(|a, b| self.predicted(*a).total_cmp(&self.predicted(*b)))?;
        let Configuration { strategy, width, .. } = self.cell(favourite);
        let most = (PROBE * width as f64) as usize;
        let narrower = self.of_strategy(strategy).filter(|point| self.cell(*point).width <= most);
        narrower.last().filter(|_| most >= WIDE).map(|point| self.candidates[point])
    }

    /// Every strategy at its knee, and the reference.
    fn opening(&self) -> Vec<Candidate> {
        let knees = strategies(&self.candidates).into_iter().filter_map(|kind| self.knee(kind));
        let mut opening: Vec<Candidate> = knees.map(|point| self.candidates[point]).collect();
        opening.extend(self.candidates.iter().filter(|c| c.cell == Configuration::REFERENCE));
        opening
    }

    /// The narrowest cell of a strategy that is predicted to suffice, or that would show that there is more
    /// than is believed.
    fn knee(&self, strategy: StrategyKind) -> Option<usize> {
        let predicted = self.of_strategy(strategy).map(|point| self.predicted(point)).fold(0.0, f64::max);
        let believed = match self.leader().filter(|_| self.is_doubtful()) {
            Some(leader) => self.outlooks.per_s(leader),
            None => self.of_strategy(strategy).map(|point| self.outlooks.per_s(point)).fold(0.0, f64::max),
        };
        let enough = ((1.0 - INDIFFERENCE) * predicted).min(HEADROOM * believed);
        self.of_strategy(strategy).find(|point| self.predicted(*point) >= enough)
    }

    /// Whether some cell gives so much less than predicted that wider ones are not believed either.
    fn is_doubtful(&self) -> bool {
        let disappoints = |point: &usize| {
            self.is_measured(*point) && self.outlooks.per_s(*point) < DISAPPOINTING * self.predicted(*point)
        };
        self.points().any(|point| disappoints(&point))
    }

    /// The leader, and the challenger most likely to beat it for what measuring it costs.
    fn duel(&self) -> Vec<Candidate> {
        let Some(leader) = self.leader() else { return Vec::new() };
        let mut challengers = self.surprising(leader);
        challengers.extend(self.thrifty(leader));
        if challengers.is_empty() {
            let others =
                self.points().filter(|point| *point != leader && !self.failed.contains(&self.cell(*point)));
            challengers
                .extend(others.max_by(|a, b| self.promise(*a, leader).total_cmp(&self.promise(*b, leader))));
        }
        challengers.into_iter().chain([leader]).map(|point| self.candidates[point]).collect()
    }

    /// The best cell of every strategy that was measured once and gave surprisingly little: one disturbed
    /// batch must not rule a strategy out.
    fn surprising(&self, leader: usize) -> Vec<usize> {
        let is_surprising = |point: &usize| {
            let seen = self.outlooks.per_s(*point) / self.outlooks.per_s(leader);
            let predicted = self.predicted(*point) / self.predicted(leader);
            predicted > PROMISING && (HOPELESS..SURPRISING * predicted).contains(&seen)
        };
        let bests = strategies(&self.candidates).into_iter().filter_map(|kind| {
            let own = |point: &usize| self.cell(*point).strategy == kind && self.is_measured(*point);
            self.fastest(self.points().filter(own))
        });
        bests.filter(|point| self.batches(self.cell(*point)) == 1).filter(is_surprising).collect()
    }

    /// The measured cell believed to be the fastest.
    fn leader(&self) -> Option<usize> {
        self.fastest(self.points().filter(|point| self.is_measured(*point)))
    }

    fn fastest(&self, points: impl Iterator<Item = usize>) -> Option<usize> {
        points.max_by(|a, b| self.outlooks.per_s(*a).total_cmp(&self.outlooks.per_s(*b)))
    }

    /// How likely a cell is to beat the leader, per second of measuring it.
    fn promise(&self, point: usize, leader: usize) -> f64 {
        let rate = self.outlooks.per_s(point);
        let order = self.sizing.order(self.cell(point), rate);
        self.outlooks.may_beat(point, leader) / (self.sizing.expected_s(&order, rate) + BATCH_COST_S)
    }

    fn of_strategy(&self, strategy: StrategyKind) -> impl Iterator<Item = usize> {
        self.points().filter(move |point| {
            let cell = self.cell(*point);
            cell.strategy == strategy && !self.failed.contains(&cell)
        })
    }

    fn points(&self) -> std::ops::Range<usize> {
        0..self.candidates.len().min(MOST_POINTS)
    }

    fn cell(&self, point: usize) -> Configuration {
        self.candidates[point].cell
    }

    fn predicted(&self, point: usize) -> f64 {
        self.candidates[point].predicted_per_s
    }

    fn index(&self, cell: Configuration) -> Option<usize> {
        self.points().find(|point| self.cell(*point) == cell)
    }

    fn is_measured(&self, point: usize) -> bool {
        let cell = self.cell(point);
        self.batches(cell) > 0 && !self.failed.contains(&cell)
    }
}

/// A cell as the belief sees it.
fn point(candidate: &Candidate) -> Point {
    Point {
        strategy: candidate.cell.strategy as usize,
        log2_width: (candidate.cell.width as f64).log2(),
        prior: candidate.predicted_per_s.clamp(1e-9, 1e12).ln(),
    }
}

/// Every so many of too many cells, the reference always.
fn thin(candidates: &[Candidate]) -> Vec<Candidate> {
    candidates.iter().step_by(candidates.len().div_ceil(MOST_POINTS).max(1)).copied().collect()
}

/// Strategies of the cells other than the reference, each once.
fn strategies(candidates: &[Candidate]) -> Vec<StrategyKind> {
    let mut kinds: Vec<StrategyKind> = candidates.iter().map(|c| c.cell.strategy).collect();
    kinds.retain(|kind| *kind != StrategyKind::Sequential);
    kinds.dedup();
    kinds
}

#[cfg(test)]
mod tests;
