//! Which cells to measure next: a race in which cells that cannot win any more drop out.
//!
//! Pure: it is given what was measured and says what to measure; it knows no clock and no machine.

use std::collections::BTreeMap;

use crate::benchmark::cell::Cell;
use crate::benchmark::plan::{Candidate, Plan};
use crate::strategy::Kind;

/// A cell within this share of the leader may be the better choice, if it is narrower.
const NEAR: f64 = 0.05;

/// A cell measured this many times is judged by its mean alone.
const ENOUGH: usize = 3;

/// A cell is known well after this many batches, with a standard error of the mean below this share.
const KNOWN_WELL_AFTER: usize = 6;
const KNOWN_WELL_ERROR: f64 = 0.012;

/// A strategy whose best cell gives less than this share of the leader is far behind, and need not
/// be measured as often to be told so.
const FAR: f64 = 0.5;
const ENOUGH_IF_FAR: usize = 2;

/// How far behind the leader a cell that was measured once, or twice, may be and stay in the race:
/// the spread of single batches on a machine that others use.
const BEHIND_AFTER_ONE: f64 = 0.30;
const BEHIND_AFTER_TWO: f64 = 0.18;

/// The race: cells of the plan and what each has shown so far.
#[derive(Debug, Clone)]
pub struct Search {
    candidates: Vec<Candidate>,
    measured: BTreeMap<Cell, Vec<f64>>,
    failed: Vec<Cell>,
    exhaustive: bool,
}

impl Search {
    /// A race over the cells of a plan; an exhaustive one never drops any.
    pub fn new(plan: &Plan, exhaustive: bool) -> Self {
        Search {
            candidates: plan.candidates.clone(),
            measured: BTreeMap::new(),
            failed: Vec::new(),
            exhaustive,
        }
    }

    /// Takes the throughput that a batch of a cell gave, in tasks per second.
    pub fn learn(&mut self, cell: Cell, throughput: f64) {
        self.measured.entry(cell).or_default().push(throughput);
    }

    /// Takes that a cell cannot be run.
    pub fn give_up(&mut self, cell: Cell) {
        self.failed.push(cell);
    }

    /// Batches measured of a cell.
    pub fn batches(&self, cell: Cell) -> usize {
        self.measured.get(&cell).map_or(0, Vec::len)
    }

    /// What a cell will probably give, in tasks per second: the measured mean, else the prediction,
    /// lowered by how far the same strategy fell short of it at the nearest measured width.
    pub fn expected(&self, candidate: &Candidate) -> f64 {
        if let Some(mean) = self.mean(candidate.cell) {
            return mean;
        }
        let distance = |other: &Candidate| (other.cell.width as f64 / candidate.cell.width as f64).ln().abs();
        let nearest = self
            .of_strategy(candidate.cell.strategy)
            .filter(|other| self.mean(other.cell).is_some())
            .min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let short = nearest.and_then(|n| Some(self.mean(n.cell)? / n.predicted_per_s)).unwrap_or(1.0);
        candidate.predicted_per_s * short.min(1.0)
    }

    /// The cells of the next round; empty when there is nothing to measure.
    pub fn next_round(&self) -> Vec<Candidate> {
        let mut round: Vec<Candidate> = if self.exhaustive {
            self.candidates.clone()
        } else if self.measured.keys().all(|cell| *cell == Cell::REFERENCE) {
            self.opening().into_iter().filter(|c| self.batches(c.cell) == 0).collect()
        } else {
            self.racing().into_iter().chain(self.neighbours()).collect()
        };
        round.sort_by_key(|c| c.cell);
        round.dedup_by_key(|c| c.cell);
        round.retain(|c| !self.failed.contains(&c.cell));
        round
    }

    /// Whether more measuring would hardly change anything: every cell in the race is known well.
    pub fn is_settled(&self) -> bool {
        let racing = self.racing();
        !racing.is_empty()
            && self.neighbours().is_empty()
            && racing.iter().all(|c| self.is_known_well(c.cell))
    }

    fn is_known_well(&self, cell: Cell) -> bool {
        let (Some(rates), Some(mean)) = (self.measured.get(&cell), self.mean(cell)) else { return false };
        let n = rates.len() as f64;
        let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        rates.len() >= KNOWN_WELL_AFTER && (variance / n).sqrt() <= KNOWN_WELL_ERROR * mean
    }

    fn mean(&self, cell: Cell) -> Option<f64> {
        let rates = self.measured.get(&cell)?;
        Some(rates.iter().sum::<f64>() / rates.len() as f64)
    }

    fn of_strategy(&self, strategy: Kind) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(move |c| c.cell.strategy == strategy && !self.failed.contains(&c.cell))
    }

    /// Strategies of the plan other than the reference, each once.
    fn strategies(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = self.candidates.iter().map(|c| c.cell.strategy).collect();
        kinds.retain(|kind| *kind != Kind::Sequential);
        kinds.dedup();
        kinds
    }

    /// The reference, every strategy at its predicted knee, and the one predicted best at narrower
    /// widths too: a limit downstream that nobody told of shows there first.
    fn opening(&self) -> Vec<Candidate> {
        let mut opening: Vec<Candidate> =
            self.strategies().into_iter().filter_map(|kind| self.knee(kind)).collect();
        let best = opening.iter().map(|c| c.predicted_per_s).fold(0.0, f64::max);
        let favourite = opening.iter().copied().find(|c| c.predicted_per_s >= (1.0 - NEAR) * best);
        if let Some(favourite) = favourite {
            for divisor in [4, 16] {
                let width = favourite.cell.width / divisor;
                let wanted =
                    |c: &&Candidate| c.cell.width >= width.max(2) && c.cell.width < favourite.cell.width;
                opening.extend(self.of_strategy(favourite.cell.strategy).find(wanted).copied());
            }
        }
        opening.extend(self.candidates.iter().filter(|c| c.cell == Cell::REFERENCE));
        opening
    }

    /// The narrowest cell of a strategy predicted to be near its best.
    fn knee(&self, strategy: Kind) -> Option<Candidate> {
        let best = self.of_strategy(strategy).map(|c| c.predicted_per_s).fold(0.0, f64::max);
        self.of_strategy(strategy).find(|c| c.predicted_per_s >= (1.0 - NEAR) * best).copied()
    }

    /// Measured cells that may still win, and the best cell of every strategy until it is known how
    /// far behind it is.
    fn racing(&self) -> Vec<Candidate> {
        let Some(leader) = self.leader() else { return Vec::new() };
        let best = self.expected(&leader);
        let in_race = |c: &&Candidate| match self.batches(c.cell) {
            0 => false,
            1 => self.expected(c) >= (1.0 - BEHIND_AFTER_ONE) * best,
            2 => self.expected(c) >= (1.0 - BEHIND_AFTER_TWO) * best,
            _ => self.expected(c) >= (1.0 - 2.0 * NEAR) * best,
        };
        let mut racing: Vec<Candidate> = self.candidates.iter().filter(in_race).copied().collect();
        for kind in Kind::ALL {
            let wanted = |c: &Candidate| if self.expected(c) < FAR * best { ENOUGH_IF_FAR } else { ENOUGH };
            racing.extend(self.best_of(kind).filter(|c| self.batches(c.cell) < wanted(c)));
        }
        racing
    }

    /// The measured cell with the highest mean.
    fn leader(&self) -> Option<Candidate> {
        self.candidates
            .iter()
            .filter(|c| self.mean(c.cell).is_some() && !self.failed.contains(&c.cell))
            .max_by(|a, b| self.expected(a).total_cmp(&self.expected(b)))
            .copied()
    }

    fn best_of(&self, strategy: Kind) -> Option<Candidate> {
        self.of_strategy(strategy)
            .filter(|c| self.mean(c.cell).is_some())
            .max_by(|a, b| self.expected(a).total_cmp(&self.expected(b)))
            .copied()
    }

    /// Unmeasured cells that may change the answer: wider and narrower ones of the leader's
    /// strategy, and of every other strategy that keeps up the one as wide as is known to suffice.
    fn neighbours(&self) -> Vec<Candidate> {
        let Some(leader) = self.leader() else { return Vec::new() };
        let best = self.expected(&leader);
        let is_near = |c: &&Candidate| self.mean(c.cell).is_some_and(|mean| mean >= (1.0 - NEAR) * best);
        let suffices = self.candidates.iter().filter(is_near).map(|c| c.cell.width).min();
        let suffices = suffices.unwrap_or(leader.cell.width);
        let mut wanted = Vec::new();
        for kind in self.strategies() {
            if kind == leader.cell.strategy {
                wanted.extend(self.wider(&leader).into_iter().chain(self.narrower(kind, best)));
            } else if self.best_of(kind).is_some_and(|own| self.expected(&own) >= FAR * best) {
                wanted.extend(self.of_strategy(kind).find(|c| c.cell.width >= suffices).copied());
            }
        }
        wanted.retain(|c| self.batches(c.cell) == 0);
        wanted
    }

    /// The next cell at least twice as wide as the leader, or the widest.
    fn wider(&self, leader: &Candidate) -> Option<Candidate> {
        let ladder: Vec<&Candidate> = self.of_strategy(leader.cell.strategy).collect();
        let twice = ladder.iter().find(|c| c.cell.width >= 2 * leader.cell.width);
        twice.or(ladder.last()).filter(|c| c.cell.width > leader.cell.width).map(|c| **c)
    }

    /// A cell narrower than the narrowest that is as good as the best: halfway, by ratio, to the
    /// widest that is known to fall behind; none if nothing lies between the two.
    fn narrower(&self, strategy: Kind, best: f64) -> Option<Candidate> {
        let is_near = |c: &&Candidate| self.mean(c.cell).is_some_and(|mean| mean >= (1.0 - NEAR) * best);
        let near = self.of_strategy(strategy).find(is_near)?.cell.width;
        let behind = self.of_strategy(strategy).filter(|c| c.cell.width < near && self.batches(c.cell) > 0);
        let behind = behind.map(|c| c.cell.width).max().unwrap_or(1);
        let halfway = ((behind * near) as f64).sqrt().ln();
        let distance = |c: &Candidate| ((c.cell.width as f64).ln() - halfway).abs();
        self.of_strategy(strategy)
            .filter(|c| c.cell.width > behind && c.cell.width < near)
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::plan::Selection;
    use crate::benchmark::testing::{host, profile, sleeping};

    /// Runs the race against a function instead of a machine and gives the best cell it found.
    fn race(plan: &Plan, rounds: usize, truth: impl Fn(Cell) -> f64) -> (Cell, usize) {
        let mut search = Search::new(plan, false);
        let mut batches = 0;
        for _ in 0..rounds {
            for candidate in search.next_round() {
                search.learn(candidate.cell, truth(candidate.cell));
                batches += 1;
            }
        }
        (search.leader().expect("something was measured").cell, batches)
    }

    fn plan() -> Plan {
        Plan::new(&sleeping(400), &profile(50e-6, 20e-3), &host(2), &Selection::default())
    }

    #[test]
    fn the_widest_cell_wins_where_nothing_limits() {
        let (best, _) = race(&plan(), 6, |cell| cell.width as f64 * 50.0);
        assert_eq!(best.width, 400);
    }

    #[test]
    fn a_hidden_limit_downstream_is_found_from_both_sides() {
        let capped = |cell: Cell| {
            let own = if cell.strategy == Kind::Async { 1.0 } else { 0.98 };
            own * 50.0 * cell.width.min(8) as f64 / (1.0 + cell.width as f64 / 10_000.0)
        };
        let plan = plan();
        let mut search = Search::new(&plan, false);
        for _ in 0..10 {
            for candidate in search.next_round() {
                search.learn(candidate.cell, capped(candidate.cell));
            }
        }
        assert!(search.batches(Cell::new(Kind::Async, 8)) >= ENOUGH);
        assert!(search.batches(Cell::new(Kind::Async, 4)) >= 1);
        assert!(search.batches(Cell::new(Kind::Threads, 8)) >= 1);
    }

    #[test]
    fn every_strategy_that_keeps_up_is_tried_at_the_width_that_suffices() {
        let capped = |cell: Cell| match cell.strategy {
            Kind::Threads => 1.01 * 50.0 * cell.width.min(8) as f64,
            _ => 50.0 * cell.width.min(8) as f64,
        };
        let plan = plan();
        let mut search = Search::new(&plan, false);
        for _ in 0..8 {
            for candidate in search.next_round() {
                search.learn(candidate.cell, capped(candidate.cell));
            }
        }
        for kind in [Kind::Async, Kind::Threads, Kind::Processes] {
            assert!(search.batches(Cell::new(kind, 8)) >= 1, "{kind}");
        }
    }

    #[test]
    fn cells_that_cannot_win_drop_out() {
        let (_, batches) = race(&plan(), 10, |cell| cell.width as f64 * 50.0);
        assert!(batches < 10 * plan().candidates.len() / 2, "{batches}");
    }

    #[test]
    fn failed_cells_are_not_tried_again() {
        let plan = plan();
        let mut search = Search::new(&plan, false);
        let first = search.next_round();
        for candidate in &first {
            search.give_up(candidate.cell);
        }
        for candidate in search.next_round() {
            assert!(!first.contains(&candidate));
        }
    }

    #[test]
    fn an_exhaustive_search_measures_everything_every_round() {
        let search = Search::new(&plan(), true);
        assert_eq!(search.next_round().len(), plan().candidates.len());
    }
}
