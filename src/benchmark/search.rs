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
use crate::benchmark::posterior::{BatchObservation, MAX_MODELLED, ModelledCell, Posterior, Posteriors};
use crate::benchmark::sizing::Sizing;
use crate::benchmark::soundness::Soundness;
use crate::benchmark::standing::{Standing, acceptable, pool, preferred};
use crate::policy::INDIFFERENCE;
use crate::strategy::StrategyKind;

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
    /// The strategy of the decision tree.
    tree: Option<StrategyKind>,
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
        (tree, seed): (Option<StrategyKind>, u64),
    ) -> Self {
        let candidates = match mode {
            SearchMode::Exhaustive => plan.candidates.clone(),
            SearchMode::Guided | SearchMode::Fixed => thin(&plan.candidates),
        };
        let modelled = &candidates[..candidates.len().min(MAX_MODELLED)];
        let modelled: Vec<ModelledCell> = (0..modelled.len()).map(|i| modelled_cell(i, modelled)).collect();
        let posteriors = Posteriors::new(&modelled, sizing.tasks, params.surrogate, seed);
        let mut search = Search {
            candidates,
            sizing,
            params,
            mode,
            is_asked: plan.is_asked,
            tree,
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

    /// Records a batch, and when it ran.
    pub(crate) fn record_batch(&mut self, cell: Configuration, at: Duration, batch: BatchObservation) {
        *self.batches.entry(cell).or_default() += 1;
        if batch.steady_per_s <= 0.0 {
            // A throughput of zero cannot win, and has no logarithm.
            self.mark_failed(cell);
        } else if let Some(point) = self.index(cell) {
            let predicted = self.posteriors.predicted_steady_per_s(point);
            let falls_short = batch.steady_per_s < self.params.refuted_share * predicted;
            self.prior_refuted |= self.mode == SearchMode::Guided && falls_short && !self.suspects_ceiling();
            self.posteriors.observe(point, at.as_secs_f64(), batch);
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
        let excluded: Vec<bool> = self.points().map(|point| self.is_failed(point)).collect();
        if excluded.contains(&true) {
            self.posteriors.exclude(excluded);
            self.posteriors.update();
        }
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

    /// Returns true if no configuration of the tree's strategy has been run yet, and this would be the first.
    pub(crate) fn is_first_of_tree(&self, cell: Configuration) -> bool {
        let is_tree = |other: &Configuration| Some(other.strategy) == self.tree;
        is_tree(&cell) && !self.batches.keys().chain(&self.failed).any(is_tree)
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

    /// Ends the search and returns the belief about every configuration that did not fail, measured or not.
    pub(crate) fn conclude(mut self) -> BTreeMap<Configuration, Posterior> {
        self.posteriors.update();
        let alive = self.points().filter(|point| !self.is_failed(*point));
        let Some(leader) = self.least_regret() else { return BTreeMap::new() };
        alive.map(|point| (self.cell(point), self.posteriors.posterior(point, leader))).collect()
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
        let SearchParams { sure_width, narrower_factor, narrower_probability, .. } = self.params;
        let strategy = self.cell(leader).strategy;
        let not_worse = |point: usize| self.posteriors.prob_not_worse(point, leader);
        let width = |point: usize| self.cell(point).width as f64;
        let good = self
            .of_strategy(strategy)
            .filter(|point| self.is_measured(*point))
            .filter(|point| not_worse(*point) >= sure_width);
        let narrowest = good.map(width).reduce(f64::min).unwrap_or(width(leader));
        let saved = |point: usize| not_worse(point) * (narrowest / width(point)).ln();
        let untried = |point: &usize| {
            self.batches(self.cell(*point)) == 0
                && narrower_factor * width(*point) <= narrowest
                && not_worse(*point) >= narrower_probability
        };
        self.of_strategy(strategy).filter(untried).max_by(|a, b| saved(*a).total_cmp(&saved(*b)))
    }

    /// Returns true if more measuring would hardly change the advice: little is expected to be lost with the
    /// leader, and no question is open about the strategy or the width.
    pub(crate) fn is_settled(&self) -> bool {
        let SearchParams { stop_regret, min_batches_of_choice, min_batches_total, quiet_noise, .. } =
            self.params;
        let total: usize = self.batches.values().sum();
        let enough = min_batches_total as f64 * (self.posteriors.noise() / quiet_noise).max(1.0);
        let Some((leader, choice)) = self.leader().zip(self.choice()) else { return false };
        self.mode == SearchMode::Guided
            && self.probes.is_empty()
            && total as f64 >= enough
            && self.batches(choice) >= min_batches_of_choice
            && self.regret(leader) <= stop_regret
            && self.open_question(leader).is_none()
            && self.narrower_candidate(leader).is_none()
    }

    /// Returns the configuration that would be advised now.
    fn choice(&self) -> Option<Configuration> {
        let leader = self.least_regret()?;
        let standing = |point: usize| Standing {
            cell: self.cell(point),
            is_measured: self.is_measured(point),
            per_s: self.posteriors.per_s(point),
            near: self.posteriors.prob_not_worse(point, leader),
            regret: self.regret(point),
        };
        let alive = self.points().filter(|point| !self.is_failed(*point));
        let pool = pool(&alive.map(standing).collect::<Vec<_>>());
        preferred(&acceptable(&pool, self.tree), self.tree).map(|choice| choice.cell)
    }

    /// Returns the configuration of the tree's strategy that is nearest to the leader, if it is open whether that
    /// is near enough: what decides the advice should be measured rather than guessed.
    fn open_question(&self, leader: usize) -> Option<usize> {
        let SearchParams { open_question: (least, most), max_batches_of_question, .. } = self.params;
        let tree = self.tree.filter(|tree| *tree != self.cell(leader).strategy)?;
        let near = |point: usize| self.posteriors.prob_not_worse(point, leader);
        let nearest = self.of_strategy(tree).max_by(|a, b| near(*a).total_cmp(&near(*b)))?;
        let is_open = near(nearest) > least && near(nearest) < most;
        (is_open && self.batches(self.cell(nearest)) < max_batches_of_question).then_some(nearest)
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

    /// Returns true if some configuration is so far below its prediction that predictions for wider ones may be
    /// worthless too: nothing that was measured shows that more is possible.
    fn suspects_ceiling(&self) -> bool {
        let SearchParams { refuted_share, headroom, .. } = self.params;
        let seen = |point: usize| self.posteriors.steady_per_s(point);
        let most = self.points().filter(|point| self.is_measured(*point)).map(seen).fold(0.0, f64::max);
        let falls_short = |point: usize| {
            self.is_measured(point)
                && seen(point) < refuted_share * self.posteriors.predicted_steady_per_s(point)
                && headroom * seen(point) >= most
        };
        self.points().any(falls_short)
    }

    /// Returns the leader, and the challenger most likely to beat it for the cost of measuring it.
    fn leader_vs_challenger(&self) -> Vec<Candidate> {
        let Some(leader) = self.leader() else { return Vec::new() };
        let mut challengers = self.underperformers(leader);
        if self.regret(leader) <= self.params.stop_regret {
            challengers.extend(self.open_question(leader));
        }
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

    /// Returns the configuration with which the least is expected to be lost, measured or not.
    fn least_regret(&self) -> Option<usize> {
        let alive = self.points().filter(|point| !self.is_failed(*point));
        alive.min_by(|a, b| self.regret(*a).total_cmp(&self.regret(*b)))
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

    fn regret(&self, point: usize) -> f64 {
        self.posteriors.expected_regret(point)
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
fn modelled_cell(i: usize, candidates: &[Candidate]) -> ModelledCell {
    let Candidate { cell, predicted_per_s, startup_s, .. } = candidates[i];
    // Pipelines of the same width differ in nothing else that the belief sees.
    let is_twin = |other: &Candidate| other.cell.stages.is_some() && other.cell.width == cell.width;
    let has_twin = cell.stages.is_some() && candidates.iter().filter(|other| is_twin(other)).count() > 1;
    let kin = if has_twin { StrategyKind::ALL.len() + i } else { cell.strategy as usize };
    ModelledCell { strategy: cell.strategy, kin, width: cell.width, predicted_per_s, startup_s }
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

mod interim;
#[cfg(test)]
mod tests;
