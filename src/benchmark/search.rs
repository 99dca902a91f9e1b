//! Which cells to measure next: the leader against the challenger most likely to beat it for its cost.
//!
//! Pure: it is given what was measured and when, and says what to measure; it knows no clock and no
//! machine. What is believed of cells that were not measured comes from the prediction and from their
//! neighbours ([`surrogate`](crate::model::surrogate)).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::benchmark::cell::Cell;
use crate::benchmark::outlook::{MOST_POINTS, Outlook, Outlooks};
use crate::benchmark::plan::{Candidate, Plan};
use crate::benchmark::sizing::Sizing;
use crate::model::surrogate::Point;
use crate::stats::ratio::EPSILON;
use crate::strategy::Kind;

/// The search ends when some cell is near the best with this probability: the 95% quantile of what is
/// lost by choosing it is then below the margin.
const SURE: f64 = 0.95;

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

/// The search: cells of the plan, and what is believed of each.
#[derive(Debug, Clone)]
pub struct Search {
    candidates: Vec<Candidate>,
    sizing: Sizing,
    mode: Mode,
    is_asked: bool,
    batches: BTreeMap<Cell, usize>,
    failed: Vec<Cell>,
    outlooks: Outlooks,
}

impl Search {
    /// A search over the cells of a plan, the reference first.
    pub fn new(plan: &Plan, sizing: Sizing, mode: Mode, seed: u64) -> Self {
        let candidates = match mode {
            Mode::Exhaustive => plan.candidates.clone(),
            Mode::Guided | Mode::Fixed => thin(&plan.candidates),
        };
        let believed = &candidates[..candidates.len().min(MOST_POINTS)];
        let outlooks = Outlooks::new(believed.iter().map(point).collect(), seed);
        let is_asked = plan.is_asked;
        Search { candidates, sizing, mode, is_asked, batches: BTreeMap::new(), failed: Vec::new(), outlooks }
    }

    /// Takes the throughput that a batch of a cell gave, in tasks per second, and when it was run.
    pub fn learn(&mut self, cell: Cell, at: Duration, throughput: f64) {
        *self.batches.entry(cell).or_default() += 1;
        if throughput <= 0.0 {
            // What gives nothing cannot win, and has no logarithm.
            self.give_up(cell);
        } else if let Some(point) = self.index(cell) {
            self.outlooks.observe(point, at.as_secs_f64(), throughput);
        }
    }

    /// Takes that a cell cannot be run.
    pub fn give_up(&mut self, cell: Cell) {
        self.failed.push(cell);
    }

    /// Ends a round: what was learnt in it counts from now on.
    pub fn end_round(&mut self) {
        if self.mode == Mode::Guided {
            self.outlooks.update();
        }
    }

    /// Batches measured of a cell.
    pub fn batches(&self, cell: Cell) -> usize {
        self.batches.get(&cell).copied().unwrap_or(0)
    }

    /// Tasks per second that a cell will probably give.
    pub fn expected(&self, cell: Cell) -> f64 {
        let predicted = || self.candidates.iter().find(|c| c.cell == cell).map_or(1.0, |c| c.predicted_per_s);
        self.index(cell).map_or_else(predicted, |point| self.outlooks.per_s(point))
    }

    /// What is believed of every measured cell in the end.
    pub fn conclude(mut self) -> BTreeMap<Cell, Outlook> {
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
            Mode::Guided if self.batches.keys().all(|cell| *cell == Cell::REFERENCE) => {
                self.opening().into_iter().filter(|c| self.batches(c.cell) == 0).collect()
            }
            Mode::Guided => self.duel(),
        };
        round.sort_by_key(|c| c.cell);
        round.dedup_by_key(|c| c.cell);
        round.retain(|c| !self.failed.contains(&c.cell));
        round
    }

    /// The cell, narrower than what could be chosen by now and of the leader's strategy, that is worth most
    /// to try: as good by what is believed, and much narrower. None where width is what makes it fast.
    fn thrifty(&self, leader: usize) -> Option<usize> {
        let own = |point: &usize| {
            self.cell(*point).strategy == self.cell(leader).strategy
                && !self.failed.contains(&self.cell(*point))
        };
        let keeps_up = |point: usize| self.outlooks.keeps_up(point, leader);
        let is_good = |point: &usize| keeps_up(*point) >= SURE;
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
            self.batches(self.cell(point)) >= ENOUGH_OF_CHOICE && self.outlooks.near_best(point) >= SURE
        };
        self.mode == Mode::Guided
            && total >= ENOUGH_IN_ALL
            && self.points().any(is_sure)
            && self.leader().is_none_or(|leader| self.thrifty(leader).is_none())
    }

    /// Every strategy at its predicted knee, and the reference.
    fn opening(&self) -> Vec<Candidate> {
        let mut opening: Vec<Candidate> = strategies(&self.candidates)
            .into_iter()
            .filter_map(|kind| knee(self.of_strategy(kind)))
            .collect();
        opening.extend(self.candidates.iter().filter(|c| c.cell == Cell::REFERENCE));
        opening
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

    fn of_strategy(&self, strategy: Kind) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(move |c| c.cell.strategy == strategy && !self.failed.contains(&c.cell))
    }

    fn points(&self) -> std::ops::Range<usize> {
        0..self.candidates.len().min(MOST_POINTS)
    }

    fn cell(&self, point: usize) -> Cell {
        self.candidates[point].cell
    }

    fn predicted(&self, point: usize) -> f64 {
        self.candidates[point].predicted_per_s
    }

    fn index(&self, cell: Cell) -> Option<usize> {
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
fn strategies(candidates: &[Candidate]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = candidates.iter().map(|c| c.cell.strategy).collect();
    kinds.retain(|kind| *kind != Kind::Sequential);
    kinds.dedup();
    kinds
}

/// The narrowest cell of a strategy predicted to be near its best.
fn knee<'a>(cells: impl Iterator<Item = &'a Candidate>) -> Option<Candidate> {
    let cells: Vec<&Candidate> = cells.collect();
    let best = cells.iter().map(|c| c.predicted_per_s).fold(0.0, f64::max);
    cells.into_iter().find(|c| c.predicted_per_s >= (1.0 - EPSILON) * best).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::testing::{self, host, profile, sleeping};

    /// Runs the search against a function instead of a machine; batches take a fifth of a second.
    fn search(plan: &Plan, rounds: usize, truth: impl Fn(Cell) -> f64) -> Search {
        let sizing = Sizing { tasks: 400, task_s: 0.02, budget: Duration::from_secs(5), cpus: 2.0 };
        let mut search = Search::new(plan, sizing, Mode::Guided, 1);
        let mut now = Duration::ZERO;
        for _ in 0..rounds {
            for candidate in search.next_round() {
                now += Duration::from_millis(200);
                search.learn(candidate.cell, now, truth(candidate.cell));
            }
            search.end_round();
        }
        search
    }

    fn leader(search: &Search) -> Cell {
        search.cell(search.leader().expect("something was measured"))
    }

    fn plan() -> Plan {
        testing::plan(&sleeping(400), &profile(50e-6, 20e-3), &host(2))
    }

    #[test]
    fn every_strategy_and_the_reference_are_measured_first() {
        let mut measured: Vec<Kind> = search(&plan(), 0, |_| 1.0)
            .next_round()
            .iter()
            .map(|candidate| candidate.cell.strategy)
            .collect();
        measured.dedup();
        let planned: Vec<Kind> = Kind::ALL
            .into_iter()
            .filter(|kind| plan().candidates.iter().any(|c| c.cell.strategy == *kind))
            .collect();
        assert_eq!(measured, planned);
    }

    #[test]
    fn where_predictions_hold_few_batches_settle_it() {
        let plan = plan();
        let truth =
            |cell: Cell| plan.candidates.iter().find(|c| c.cell == cell).map_or(0.0, |c| c.predicted_per_s);
        let found = search(&plan, 6, truth);
        assert!(found.is_settled());
        let best = plan.candidates.iter().map(|c| c.predicted_per_s).fold(0.0, f64::max);
        assert!(truth(leader(&found)) >= 0.95 * best);
    }

    #[test]
    fn a_hidden_limit_is_found_and_no_wider_cell_is_believed_to_beat_it() {
        let truth = |cell: Cell| cell.width.min(8) as f64 * 49.0;
        let found = search(&plan(), 12, truth);
        assert!(truth(leader(&found)) >= 0.95 * 392.0, "{}", leader(&found));
        let narrow = Cell::new(leader(&found).strategy, 2);
        let outlooks = found.conclude();
        assert!(outlooks.get(&narrow).is_none_or(|outlook| outlook.near_best < 0.05));
    }

    #[test]
    fn where_width_brings_nothing_narrower_cells_are_tried_before_it_ends() {
        let found = search(&plan(), 20, |cell| 49.0 * cell.width.min(4) as f64);
        let widest = leader(&found).width;
        let narrowest = found.batches.keys().map(|cell| cell.width).filter(|width| *width >= 4).min();
        assert!(narrowest.is_some_and(|width| width <= 8), "{narrowest:?} of {widest}");
    }

    #[test]
    fn a_cell_that_fails_is_not_tried_again() {
        let plan = plan();
        let mut search = search(&plan, 0, |_| 1.0);
        let first = search.next_round()[1].cell;
        search.give_up(first);
        assert!(search.next_round().iter().all(|c| c.cell != first));
        search.learn(Cell::REFERENCE, Duration::ZERO, 0.0);
        assert!(search.next_round().iter().all(|c| c.cell != Cell::REFERENCE));
    }

    #[test]
    fn an_exhaustive_search_of_more_cells_than_are_looked_at_together_measures_all_again() {
        let mut plan = plan();
        let wide = |width| Candidate { cell: Cell::new(Kind::Threads, 1000 + width), predicted_per_s: 50.0 };
        plan.candidates.extend((0..MOST_POINTS).map(wide));
        let sizing = Sizing { tasks: 400, task_s: 0.02, budget: Duration::from_secs(5), cpus: 2.0 };
        let mut search = Search::new(&plan, sizing, Mode::Exhaustive, 1);
        let first = search.next_round();
        assert_eq!(first.len(), plan.candidates.len());
        first.iter().for_each(|c| search.learn(c.cell, Duration::ZERO, 10.0));
        search.end_round();
        assert_eq!(search.next_round(), first);
        assert_eq!(search.expected(wide(255).cell), 50.0);
    }

    #[test]
    fn a_fixed_search_measures_the_same_cells_in_every_round() {
        let sizing = Sizing { tasks: 400, task_s: 0.02, budget: Duration::from_secs(5), cpus: 2.0 };
        let mut search = Search::new(&plan(), sizing, Mode::Fixed, 1);
        let first = search.next_round();
        first.iter().for_each(|c| search.learn(c.cell, Duration::ZERO, 10.0));
        search.end_round();
        assert_eq!(search.next_round(), first);
        assert!(!search.is_settled());
    }
}
