//! The choice of what to measure next: the leader against the challenger most likely to beat it for its cost.
//!
//! Pure: the search receives what was measured and when, and returns what to measure; it knows no clock and
//! no machine. Its belief about configurations that were not measured comes from their predictions and
//! their neighbours ([`surrogate`](crate::model::surrogate)).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::benchmark::configuration::Configuration;
use crate::benchmark::params::SearchParams;
use crate::benchmark::plan::{Candidate, Plan};
use crate::benchmark::posterior::{MAX_MODELLED, Posterior, Posteriors};
use crate::benchmark::sizing::Sizing;
use crate::benchmark::soundness::Soundness;
use crate::model::surrogate::SurrogatePoint;
use crate::policy::INDIFFERENCE;
use crate::strategy::StrategyKind;

/// Predictions in tasks per second, as the belief accepts them: beyond these their logarithm says nothing.
const MODELLED_PER_S: (f64, f64) = (1e-9, 1e12);

/// The configurations that a round is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SearchMode {
    /// Configurations that can still win.
    Guided,
    /// A fixed set: every strategy where it is predicted to suffice, or the widths asked for.
    Fixed,
    /// Every configuration of the plan.
    Exhaustive,
}

/// The progress of a guided search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SearchStage {
    /// The predicted best of the wide configurations is first tried at a smaller width.
    Probe,
    /// Every strategy is measured at the width that is believed to suffice.
    Opening,
    /// The leader is measured against a challenger.
    LeaderVsChallenger,
}

/// A search over the configurations of a plan, and the belief about each.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    candidates: Vec<Candidate>,
    sizing: Sizing,
    params: SearchParams,
    mode: SearchMode,
    is_asked: bool,
    stage: SearchStage,
    prior_refuted: bool,
    batches: BTreeMap<Configuration, usize>,
    failed: BTreeSet<Configuration>,
    doubted: BTreeSet<Configuration>,
    probes: Vec<Configuration>,
    posteriors: Posteriors,
}

impl Search {
    /// Creates a search over the configurations of a plan, the reference first.
    pub(crate) fn new(
        plan: &Plan,
        sizing: Sizing,
        mode: SearchMode,
        params: SearchParams,
        seed: u64,
    ) -> Self {
        let candidates = match mode {
            SearchMode::Exhaustive => plan.candidates.clone(),
            SearchMode::Guided | SearchMode::Fixed => thin(&plan.candidates),
        };
        let modelled = &candidates[..candidates.len().min(MAX_MODELLED)];
        let posteriors = Posteriors::new(modelled.iter().map(point).collect(), params.surrogate, seed);
        let mut search = Search {
            candidates,
            sizing,
            params,
            mode,
            is_asked: plan.is_asked,
            stage: SearchStage::Probe,
            prior_refuted: false,
            batches: BTreeMap::new(),
            failed: BTreeSet::new(),
            doubted: BTreeSet::new(),
            probes: Vec::new(),
            posteriors,
        };
        if search.probe().is_none() {
            search.stage = SearchStage::Opening;
        }
        search
    }

    /// Records the throughput of a batch, in tasks per second, and when it ran.
    pub(crate) fn record_batch(&mut self, cell: Configuration, at: Duration, per_s: f64) {
        *self.batches.entry(cell).or_default() += 1;
        let refuted_share = self.params.refuted_share;
        let falls_short = self.index(cell).is_some_and(|p| per_s < refuted_share * self.predicted(p));
        self.prior_refuted |= self.mode == SearchMode::Guided && falls_short && !self.suspects_ceiling();
        if per_s <= 0.0 {
            // A throughput of zero cannot win, and has no logarithm.
            self.mark_failed(cell);
        } else if let Some(point) = self.index(cell) {
            self.posteriors.observe(point, at.as_secs_f64(), per_s);
        }
    }

    /// Records that a configuration cannot be run.
    pub(crate) fn mark_failed(&mut self, cell: Configuration) {
        self.failed.insert(cell);
    }

    /// Takes what is believed about tasks that go wrong: configurations that are doubted cannot win, and the
    /// probes are measured next, since they show which.
    pub(crate) fn heed(&mut self, soundness: &Soundness) {
        let cells = self.candidates.iter().map(|c| c.cell);
        self.doubted = cells.filter(|cell| soundness.doubts(*cell)).collect();
        let open = self.candidates.iter().filter(|c| !self.failed.contains(&c.cell));
        let open: Vec<(Configuration, f64)> = open.map(|c| (c.cell, c.predicted_per_s)).collect();
        self.probes = soundness.probes(&open);
    }

    /// Ends a round: its batches count from now on.
    pub(crate) fn end_round(&mut self) {
        if self.mode == SearchMode::Guided {
            self.posteriors.update();
        }
        self.stage = match self.stage {
            SearchStage::Probe => SearchStage::Opening,
            SearchStage::Opening if self.prior_refuted => SearchStage::Opening,
            SearchStage::Opening | SearchStage::LeaderVsChallenger => SearchStage::LeaderVsChallenger,
        };
        self.prior_refuted = false;
    }

    /// Returns true if a batch refuted the predictions that this round was planned from.
    pub(crate) fn prior_refuted(&self) -> bool {
        self.prior_refuted && self.stage == SearchStage::Opening
    }

    /// Returns the number of batches measured of a configuration.
    pub(crate) fn batches(&self, cell: Configuration) -> usize {
        self.batches.get(&cell).copied().unwrap_or(0)
    }

    /// Returns true if the reference is still to be measured.
    pub(crate) fn lacks_reference(&self) -> bool {
        self.batches(Configuration::REFERENCE) == 0
            && !self.failed.contains(&Configuration::REFERENCE)
            && self.candidates.iter().any(|c| c.cell == Configuration::REFERENCE)
    }

    /// Returns the throughput that a configuration is expected to reach, in tasks per second.
    pub(crate) fn expected_per_s(&self, cell: Configuration) -> f64 {
        let predicted = || self.candidates.iter().find(|c| c.cell == cell).map_or(1.0, |c| c.predicted_per_s);
        self.index(cell).map_or_else(predicted, |point| self.posteriors.per_s(point))
    }

    /// Returns the throughput that a configuration reaches with a probability of 95%, in tasks per second.
    pub(crate) fn pessimistic_per_s(&self, cell: Configuration) -> f64 {
        self.index(cell).map_or_else(|| self.expected_per_s(cell), |point| self.posteriors.low_per_s(point))
    }

    /// Ends the search and returns the belief about every measured configuration.
    pub(crate) fn conclude(mut self) -> BTreeMap<Configuration, Posterior> {
        self.posteriors.update();
        let Some(leader) = self.leader() else { return BTreeMap::new() };
        let measured = self.points().filter(|point| self.is_measured(*point));
        measured.map(|point| (self.cell(point), self.posteriors.posterior(point, leader))).collect()
    }

    /// Returns the configurations of the next round; empty when there is nothing to measure.
    pub(crate) fn next_round(&self) -> Vec<Candidate> {
        let mut round = match self.mode {
            SearchMode::Exhaustive => self.candidates.clone(),
            SearchMode::Fixed if self.is_asked => self.candidates.clone(),
            SearchMode::Fixed => self.opening(),
            SearchMode::Guided => self.guided(),
        };
        round.extend(self.candidates.iter().filter(|c| self.probes.contains(&c.cell)));
        round.sort_by_key(|c| c.cell);
        round.dedup_by_key(|c| c.cell);
        round.retain(|c| !self.failed.contains(&c.cell));
        round
    }

    fn guided(&self) -> Vec<Candidate> {
        let round: Vec<Candidate> = match self.stage {
            SearchStage::Probe => self.probe().into_iter().collect(),
            SearchStage::Opening => {
                self.opening().into_iter().filter(|c| self.batches(c.cell) == 0).collect()
            }
            SearchStage::LeaderVsChallenger => Vec::new(),
        };
        if round.is_empty() { self.leader_vs_challenger() } else { round }
    }

    /// Returns the narrower configuration of the leader's strategy that is most worth trying: probably as
    /// fast as the leader, and much narrower than the narrowest one known to be. `None` where width is what
    /// makes the leader fast.
    fn narrower_candidate(&self, leader: usize) -> Option<usize> {
        let SearchParams { stop_probability, narrower_factor, narrower_probability, .. } = self.params;
        let strategy = self.cell(leader).strategy;
        let not_worse = |point: usize| self.posteriors.prob_not_worse(point, leader);
        let width = |point: usize| self.cell(point).width as f64;
        let good = self
            .of_strategy(strategy)
            .filter(|point| self.is_measured(*point))
            .filter(|point| not_worse(*point) >= stop_probability);
        let narrowest = good.map(width).reduce(f64::min).unwrap_or(width(leader));
        let saved = |point: usize| not_worse(point) * (narrowest / width(point)).ln();
        let untried = |point: &usize| {
            self.batches(self.cell(*point)) == 0
                && narrower_factor * width(*point) <= narrowest
                && not_worse(*point) >= narrower_probability
        };
        self.of_strategy(strategy).filter(untried).max_by(|a, b| saved(*a).total_cmp(&saved(*b)))
    }

    /// Returns true if more measuring would hardly change the advice: a well measured configuration is near
    /// the best with the probability of the stop rule.
    pub(crate) fn is_settled(&self) -> bool {
        let SearchParams { stop_probability, min_batches_of_choice, min_batches_total, .. } = self.params;
        let total: usize = self.batches.values().sum();
        let is_sure = |point: usize| {
            self.batches(self.cell(point)) >= min_batches_of_choice
                && self.posteriors.prob_near_best(point) >= stop_probability
        };
        self.mode == SearchMode::Guided
            && self.probes.is_empty()
            && total >= min_batches_total
            && self.points().any(is_sure)
            && self.leader().is_none_or(|leader| self.narrower_candidate(leader).is_none())
    }

    /// Returns a narrower version of the configuration predicted to be the fastest of those that suffice, if
    /// that one is wide and there is time for both.
    fn probe(&self) -> Option<Candidate> {
        if self.sizing.is_very_long() {
            return None;
        }
        let knees = strategies(&self.candidates).into_iter().filter_map(|kind| self.knee(kind));
        let fastest = knees.max_by(|a, b| self.predicted(*a).total_cmp(&self.predicted(*b)))?;
        let Configuration { strategy, width, .. } = self.cell(fastest);
        let most = (self.params.probe_share * width as f64) as usize;
        let narrower = self.of_strategy(strategy).filter(|point| self.cell(*point).width <= most);
        let is_worth_it = most >= self.params.min_probe_width;
        narrower.last().filter(|_| is_worth_it).map(|point| self.candidates[point])
    }

    /// Returns every strategy at its knee, and the reference.
    fn opening(&self) -> Vec<Candidate> {
        let knees = strategies(&self.candidates).into_iter().filter_map(|kind| self.knee(kind));
        let mut opening: Vec<Candidate> = knees.map(|point| self.candidates[point]).collect();
        opening.extend(self.candidates.iter().filter(|c| c.cell == Configuration::REFERENCE));
        opening
    }

    /// Returns the narrowest configuration of a strategy that is predicted to suffice, or that would show
    /// that more throughput is possible than is believed.
    fn knee(&self, strategy: StrategyKind) -> Option<usize> {
        let predicted = self.of_strategy(strategy).map(|point| self.predicted(point)).fold(0.0, f64::max);
        let believed = match self.leader().filter(|_| self.suspects_ceiling()) {
            Some(leader) => self.posteriors.per_s(leader),
            None => self.of_strategy(strategy).map(|point| self.posteriors.per_s(point)).fold(0.0, f64::max),
        };
        let enough = ((1.0 - INDIFFERENCE) * predicted).min(self.params.headroom * believed);
        self.of_strategy(strategy).find(|point| self.predicted(*point) >= enough)
    }

    /// Returns true if some configuration is so far below its prediction that predictions for wider ones are
    /// worthless too.
    fn suspects_ceiling(&self) -> bool {
        let falls_short = |point: usize| {
            self.is_measured(point)
                && self.posteriors.per_s(point) < self.params.refuted_share * self.predicted(point)
        };
        self.points().any(falls_short)
    }

    /// Returns the leader, and the challenger most likely to beat it for the cost of measuring it.
    fn leader_vs_challenger(&self) -> Vec<Candidate> {
        let Some(leader) = self.leader() else { return Vec::new() };
        let mut challengers = self.underperformers(leader);
        challengers.extend(self.narrower_candidate(leader));
        if challengers.is_empty() {
            let others = self.points().filter(|point| *point != leader && !self.is_failed(*point));
            let value = |point: usize| self.acquisition_value(point, leader);
            challengers.extend(others.max_by(|a, b| value(*a).total_cmp(&value(*b))));
        }
        challengers.into_iter().chain([leader]).map(|point| self.candidates[point]).collect()
    }

    /// Returns the best configuration of every strategy that was measured once and fell far short of its
    /// prediction: one disturbed batch must not rule a strategy out.
    fn underperformers(&self, leader: usize) -> Vec<usize> {
        let SearchParams { underperforming_share, hopeless_ratio, promising_ratio, .. } = self.params;
        let underperforms = |point: &usize| {
            let seen = self.posteriors.per_s(*point) / self.posteriors.per_s(leader);
            let predicted = self.predicted(*point) / self.predicted(leader);
            predicted > promising_ratio && (hopeless_ratio..underperforming_share * predicted).contains(&seen)
        };
        let bests = strategies(&self.candidates).into_iter().filter_map(|kind| {
            let own = |point: &usize| self.cell(*point).strategy == kind && self.is_measured(*point);
            self.fastest(self.points().filter(own))
        });
        bests.filter(|point| self.batches(self.cell(*point)) == 1).filter(underperforms).collect()
    }

    /// Returns the measured configuration believed to be the fastest.
    fn leader(&self) -> Option<usize> {
        self.fastest(self.points().filter(|point| self.is_measured(*point)))
    }

    fn fastest(&self, points: impl Iterator<Item = usize>) -> Option<usize> {
        points.max_by(|a, b| self.posteriors.per_s(*a).total_cmp(&self.posteriors.per_s(*b)))
    }

    /// Returns the probability that a configuration beats the leader, per second of measuring it.
    fn acquisition_value(&self, point: usize, leader: usize) -> f64 {
        let per_s = self.posteriors.per_s(point);
        let request = self.sizing.request(self.cell(point), per_s);
        let cost_s = self.sizing.expected_s(&request, per_s) + self.params.batch_cost_s;
        self.posteriors.prob_beats(point, leader) / cost_s
    }

    fn of_strategy(&self, strategy: StrategyKind) -> impl Iterator<Item = usize> {
        self.points().filter(move |point| self.cell(*point).strategy == strategy && !self.is_failed(*point))
    }

    fn points(&self) -> std::ops::Range<usize> {
        0..self.candidates.len().min(MAX_MODELLED)
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

    fn is_failed(&self, point: usize) -> bool {
        let cell = self.cell(point);
        self.failed.contains(&cell) || self.doubted.contains(&cell)
    }

    fn is_measured(&self, point: usize) -> bool {
        self.batches(self.cell(point)) > 0 && !self.is_failed(point)
    }
}

/// Returns a configuration as the belief sees it.
fn point(candidate: &Candidate) -> SurrogatePoint {
    let (least, most) = MODELLED_PER_S;
    SurrogatePoint {
        strategy: candidate.cell.strategy as usize,
        log2_width: (candidate.cell.width as f64).log2(),
        prior: candidate.predicted_per_s.clamp(least, most).ln(),
    }
}

/// Returns at most [`MAX_MODELLED`] candidates at regular steps, the reference always.
fn thin(candidates: &[Candidate]) -> Vec<Candidate> {
    candidates.iter().step_by(candidates.len().div_ceil(MAX_MODELLED).max(1)).copied().collect()
}

/// Returns the strategies of the candidates other than the reference, each once.
fn strategies(candidates: &[Candidate]) -> Vec<StrategyKind> {
    let mut kinds: Vec<StrategyKind> = candidates.iter().map(|c| c.cell.strategy).collect();
    kinds.retain(|kind| *kind != StrategyKind::Sequential);
    kinds.dedup();
    kinds
}

#[cfg(test)]
mod tests;
