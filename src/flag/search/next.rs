//! The cells of the next round.

use rand::seq::SliceRandom;

use crate::flag::belief::FlagBelief;
use crate::flag::parameters::Parameters;
use crate::flag::search::{ALONE_BELOW, NARROWER_SURE, Search, SearchMode, WORTH_A_LOOK};

/// Expected loss of the leader, as a share of the best, at which the search ends.
///
/// A run is dear, so that it is higher than where batches take a tenth of a second; the losses themselves are
/// mostly well below.
const STOP_REGRET_OF_RUNS: f64 = 0.03;

/// Width from which half of it is worth a run in any case: it costs no more than two runs.
const HALVED_FROM: usize = 4;

/// Probability of being near the best from which a narrower cell is worth a run.
const NARROWER_FROM: f64 = 0.3;

/// Runs that are spent on finding a narrower cell, at most.
const MAX_NARROWER_RUNS: usize = 4;

/// Multiple of the widest width measured up to which others may run.
const REACH: usize = 4;

/// The same if the CPUs are idle, so that a wider run takes no longer as far as is known.
const REACH_OF_WAITS: usize = 8;

/// Probability of beating the first cell from which another one is the second to run; else the second is one that
/// shows whether the flag does anything.
const LIKELY_BETTER: f64 = 0.5;

/// Share of its time that the first run waits for the disk from which it may have filled caches.
const COLD_FROM: f64 = 0.05;

/// Seconds of a run up to which the leader runs a second time, to know the spread.
const REPEATED_UP_TO_S: f64 = 60.0;

impl Search {
    /// Returns the cells of the next round in the order in which they run; empty when the search is over.
    pub(crate) fn next_round(&mut self) -> Vec<usize> {
        let mut round = match self.mode {
            SearchMode::Rounds(rounds) if self.rounds >= rounds => Vec::new(),
            // The very first run is a round of its own.
            SearchMode::Exhaustive(rounds) if self.rounds > rounds => Vec::new(),
            SearchMode::Exhaustive(_) => self.every_cell(),
            SearchMode::Rounds(_) => {
                let guided = self.guided_round();
                if guided.is_empty() { self.leader().into_iter().collect() } else { guided }
            }
            SearchMode::Guided => self.guided_round(),
            SearchMode::FirstRuns => self.first_round().unwrap_or_default(),
        };
        round.shuffle(&mut self.random);
        round
    }

    fn every_cell(&self) -> Vec<usize> {
        // The first run is at the effective CPUs, because caps follow from it.
        if self.rounds == 0 && self.runs(self.first()) == 0 {
            return vec![self.first()];
        }
        (0..self.records.len()).filter(|i| self.competes(*i)).collect()
    }

    /// Returns the first cells that have not run, or another one where all of them failed.
    fn first_round(&self) -> Option<Vec<usize>> {
        let open = |i: &usize| self.runs(*i) == 0 && self.records[*i].failure.is_none();
        // The very first run decides whether there are others.
        let waiting: Vec<usize> = self.first.iter().copied().filter(open).collect();
        match (waiting.first(), self.leader()) {
            (Some(first), None) if self.rounds == 0 => Some(vec![*first]),
            (Some(_), _) => Some(waiting),
            (None, Some(_)) => None,
            (None, None) => {
                let failed = self.records.iter().filter(|record| record.failure.is_some()).count();
                let smallest = (0..self.records.len()).filter(open).min_by_key(|i| self.price(*i));
                Some(smallest.filter(|_| failed <= self.first.len()).into_iter().collect())
            }
        }
    }

    fn guided_round(&mut self) -> Vec<usize> {
        if let Some(round) = self.first_round() {
            return round;
        }
        let (Some(leader), Some(belief)) = (self.leader(), self.belief.as_ref()) else { return Vec::new() };
        let challenger = self.challenger(leader, belief);
        let beats = challenger.map_or(0.0, |i| belief.prob_beats(i, leader));
        if self.has_only_first() {
            let is_likely = beats >= LIKELY_BETTER;
            let second = challenger.filter(|_| is_likely).or_else(|| self.probe(leader)).unwrap_or(leader);
            let first = self.first();
            let is_open = self.may_be_cold(first) || (!is_likely && !self.is_alone(first));
            let again = Some(first).filter(|_| second != first && is_open);
            return [Some(second), again].into_iter().flatten().collect();
        }
        if self.works_alone() && self.is_flat() {
            return self.open_reference().into_iter().collect();
        }
        if let Some(half) = self.halved() {
            return vec![half];
        }
        if self.runs(leader) < 2 && self.records[leader].mean(|run| run.wall_s) <= REPEATED_UP_TO_S {
            let beside = challenger.filter(|i| beats >= WORTH_A_LOOK && self.is_measured(*i));
            return [Some(leader), beside].into_iter().flatten().collect();
        }
        if let Some(beside) = self.likeliest(self.open_neighbours(leader), leader, belief) {
            return vec![beside];
        }
        if let Some(shape) = self.open_shape(leader) {
            return vec![shape];
        }
        if belief.standings[leader].regret > STOP_REGRET_OF_RUNS
            && let Some(challenger) = challenger
        {
            return self.duel(leader, challenger);
        }
        if let Some(reference) = self.open_reference() {
            return vec![reference];
        }
        self.narrower(leader).into_iter().collect()
    }

    /// Returns true if cell `i` ran and hardly ever had more than one worker.
    fn is_alone(&self, i: usize) -> bool {
        self.is_measured(i) && self.records[i].mean(|run| run.workers.mean()) < ALONE_BELOW
    }

    /// Returns true if the run of cell `i` waited for the disk, as one does that reads files for the first time.
    fn may_be_cold(&self, i: usize) -> bool {
        let record = &self.records[i];
        let idle = record.mean(|run| 1.0 - (run.cpus_busy() / self.space.cpus).min(1.0));
        record.is_measured() && idle * record.mean(|run| run.waits.disk) >= COLD_FROM
    }

    /// Returns the leader and its challenger, or that of the two that ran less often by far.
    fn duel(&self, leader: usize, challenger: usize) -> Vec<usize> {
        if self.runs(challenger) < self.runs(leader) {
            vec![challenger]
        } else if self.runs(leader) < self.runs(challenger) {
            vec![leader]
        } else {
            vec![leader, challenger]
        }
    }

    /// Returns the cell that beats the leader with the largest probability for its time.
    fn challenger(&self, leader: usize, belief: &FlagBelief) -> Option<usize> {
        let reach = self.within_reach();
        let near = |i: &usize| self.records[*i].parameters.total() <= reach;
        let others = (0..self.records.len()).filter(|i| *i != leader && self.competes(*i) && near(i));
        self.likeliest(others.collect(), leader, belief)
    }

    /// Returns the one of some cells that beats the leader with the largest probability for its time.
    fn likeliest(&self, cells: Vec<usize>, leader: usize, belief: &FlagBelief) -> Option<usize> {
        let value = |i: &usize| belief.prob_beats(*i, leader) / self.expected_s(*i).unwrap_or(1.0).sqrt();
        cells.into_iter().max_by(|a, b| value(a).total_cmp(&value(b)))
    }

    /// Returns the widest total that may run next: far beyond what has run, a prediction is a guess, and a run may
    /// take long. It may not even if all CPU time grows with the width; the next wider cell is always within reach.
    fn within_reach(&self) -> usize {
        let widest = (self.records.iter()).filter(|record| record.is_measured());
        let Some(widest) = widest.max_by_key(|record| record.parameters.total()) else { return usize::MAX };
        let total = widest.parameters.total();
        let wider =
            self.records.iter().map(|record| record.parameters.total()).filter(|other| *other > total);
        let next = wider.min().unwrap_or(total);
        let busy = widest.mean(|run| run.cpus_busy()) / self.space.cpus;
        let as_long = total as f64 / busy.max(f64::MIN_POSITIVE);
        let as_long = as_long.min((REACH_OF_WAITS * total) as f64) as usize;
        (REACH * total).max(next).max(as_long)
    }

    /// Returns a cell that shows whether the flag does anything: twice as wide as the leader, or a narrower one.
    fn probe(&self, leader: usize) -> Option<usize> {
        let Parameters { processes, value, .. } = &self.records[leader].parameters;
        let total = self.records[leader].parameters.total();
        let is_like = |i: &usize| {
            let other = &self.records[*i].parameters;
            *i != leader && self.competes(*i) && other.value == *value && other.processes == *processes
        };
        let alike = || (0..self.records.len()).filter(is_like);
        let wider = alike().filter(|i| self.records[*i].parameters.total() >= 2 * total);
        wider.min_by_key(|i| self.price(*i)).or_else(|| alike().max_by_key(|i| self.price(*i)))
    }

    /// Returns the cell with half of the threads of the first, if none as narrow has run and it may be better
    /// although less of the CPUs would be busy: where threads fight, fewer get more done.
    fn halved(&self) -> Option<usize> {
        let first = &self.records[self.first()];
        let total = first.parameters.total();
        let is_like = |i: &usize| {
            let other = &self.records[*i].parameters;
            other.value == first.parameters.value && 2 * other.total() <= total && other.width < total
        };
        let narrower = || (0..self.records.len()).filter(is_like).filter(|i| self.competes(*i));
        let has_run = narrower().any(|i| self.runs(i) > 0);
        let may_win = total >= HALVED_FROM || self.may_fight();
        narrower().max_by_key(|i| self.price(*i)).filter(|_| !has_run && may_win && first.is_measured())
    }

    /// Returns a cell with a number of processes that has not run, as near to the leader's total as there is one.
    fn open_shape(&self, leader: usize) -> Option<usize> {
        let best = &self.records[leader].parameters;
        let has_run = |processes: Option<usize>| {
            let mut ran =
                self.records.iter().filter(|record| record.is_measured() || record.failure.is_some());
            ran.any(|record| {
                record.parameters.processes == processes && record.parameters.value == best.value
            })
        };
        let is_open = |i: &usize| {
            let other = &self.records[*i].parameters;
            other.value == best.value && self.competes(*i) && !has_run(other.processes)
        };
        let off = |i: &usize| self.records[*i].parameters.total().abs_diff(best.total());
        (0..self.records.len()).filter(is_open).min_by_key(|i| (off(i), self.price(*i)))
    }

    fn open_reference(&self) -> Option<usize> {
        let narrowest = self.reference();
        Some(narrowest).filter(|i| self.space.wants_reference && self.runs(*i) == 0 && self.competes(*i))
    }

    /// Returns a narrower cell that may be as good as the leader, while there are runs for it.
    fn narrower(&mut self, leader: usize) -> Option<usize> {
        if self.narrower_runs >= MAX_NARROWER_RUNS {
            return None;
        }
        let (standings, belief) = (self.standings()?, self.belief.as_ref()?);
        let chosen = self.recommended().unwrap_or(leader);
        let is_open = |i: &usize| {
            let (standing, runs) = (standings[*i], self.runs(*i));
            let is_like = self.records[*i].parameters.value == self.records[leader].parameters.value;
            let is_settled = self.is_measured(*i) && belief.prob_not_worse(*i, leader) >= NARROWER_SURE;
            let is_plausible = standing.near >= NARROWER_FROM && !is_settled;
            is_like && self.competes(*i) && runs < 2 && is_plausible && self.price(*i) < self.price(chosen)
        };
        let found = (0..self.records.len()).filter(is_open).min_by_key(|i| self.price(*i));
        if found.is_some() {
            self.narrower_runs += 1;
        }
        found
    }
}
