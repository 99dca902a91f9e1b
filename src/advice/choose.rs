//! The choice among measured cells: the narrowest and cheapest of those within noise of the best.

use std::cmp::Ordering;

use crate::advice::decision_tree::DecisionPath;
use crate::advice::eligible::{Eligible, eligible, well_measured};
use crate::advice::note::Note;
use crate::advice::objective::Objective;
use crate::advice::pairwise::{PairwiseComparison, compare_pairwise, score};
use crate::advice::verdict::{Agreement, ChoiceVerdict};
use crate::benchmark::ConfigurationResult;
use crate::policy::{INDIFFERENCE, STOP_PROBABILITY, WORTH_CONCURRENCY};
use crate::stats::ratio::UncertainOrdering;
use crate::strategy::StrategyKind;

/// Minimum ratio at which an undecided cell stays a candidate if the model predicts a tie.
const LUCK: f64 = 0.75;

/// Two standard errors of a probability near [`STOP_PROBABILITY`] that is counted from 256 draws.
const SLACK: f64 = 0.02;

/// Lowest probability that cannot be distinguished from [`STOP_PROBABILITY`].
///
/// The probability is the most that the surest cell can require of others. A cell of the strategy of the
/// surest cell that is no slower than the fastest with this probability shares the flat top with it.
const SURE: f64 = STOP_PROBABILITY - SLACK;

/// The chosen cell, and the standing of the other cells compared with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice<'a> {
    /// The recommended cell.
    pub chosen: &'a ConfigurationResult,
    /// The cell with the highest score.
    pub best: &'a ConfigurationResult,
    /// The best cell of every other strategy, best first.
    pub runners_up: Vec<RunnerUp<'a>>,
    /// The comparison of the chosen cell with the first of the runners-up; undecided without runners-up.
    pub verdict: ChoiceVerdict,
    /// The agreement of the measurement with the strategy of the decision tree.
    pub agrees: Agreement,
    /// The best score of the tree's strategy over that of the best cell; `None` if it was not measured.
    pub tree_ratio: Option<f64>,
    /// Every cell that ran, except those whose tasks fail too often.
    pub eligible: Vec<&'a ConfigurationResult>,
    /// The notes about the cells that are left out because their outputs are wrong or their tasks fail.
    pub notes: Vec<Note>,
}

/// The best cell of a strategy that was not chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunnerUp<'a> {
    /// The cell.
    pub cell: &'a ConfigurationResult,
    /// The score of `cell` over that of the chosen cell.
    pub ratio: f64,
    /// The comparison of `cell` with the chosen cell.
    pub verdict: UncertainOrdering,
    /// The smallest detectable difference, as a share; `None` if the two cells were not compared.
    pub smallest_effect: Option<f64>,
}

/// Chooses among the cells; `None` if no cell ran with most of its tasks successful.
///
/// 1. A cell is left out if more of its tasks fail than elsewhere, or if its outputs are wrong.
/// 2. Where a posterior is known, the candidates are the cells that are near the best with
///    enough probability, and the cells of the surest one's strategy that keep up with the fastest.
/// 3. Elsewhere the candidates are the cells that are not certainly slower than the best and whose
///    estimate is within 5% of it, and cells that are undecided and predicted to be equal.
/// 4. Sequential is a candidate from 90% of the best on, because concurrency has its price.
/// 5. Where memory or CPU is the objective, only the candidates within 5% of the least cost stay.
/// 6. Sequential comes first, then the strategy of the decision tree, then the simplest strategy,
///    each at its narrowest width.
pub fn choose<'a>(
    cells: &'a [ConfigurationResult],
    decision: &DecisionPath,
    objective: Objective,
) -> Option<Choice<'a>> {
    let Eligible { cells, notes } = eligible(cells);
    // A posterior already allows for cells with few rounds.
    let is_believed = cells.iter().any(|cell| cell.outlook.is_some());
    let known = if is_believed { cells.clone() } else { well_measured(&cells) };
    let best = leader(&known, objective)?;
    let candidates = candidates(&known, best, objective);
    let chosen = prefer(&thriftiest(&candidates, objective), decision.strategy)?;
    let runners_up = runners_up(&known, chosen, objective);
    let tree_cell = leader(&of_strategy(&cells, decision.strategy), objective);
    let tree_standing = tree_cell.map(|cell| compare_pairwise(cell, best, objective));
    Some(Choice {
        chosen,
        best,
        verdict: verdict(runners_up.first()),
        runners_up,
        agrees: agreement(&of_strategy(&candidates, decision.strategy), tree_standing),
        tree_ratio: tree_standing.map(|seen| seen.ratio),
        eligible: cells,
        notes,
    })
}

/// Returns the cells that may be chosen.
fn candidates<'a>(
    cells: &[&'a ConfigurationResult],
    best: &ConfigurationResult,
    objective: Objective,
) -> Vec<&'a ConfigurationResult> {
    let near = |cell: &ConfigurationResult| Some(cell.outlook?.near_best);
    let surest = cells.iter().filter_map(|c| near(c)).reduce(f64::max);
    match surest.filter(|surest| *surest > 0.0 && objective != Objective::Latency) {
        Some(surest) => {
            let enough = surest.min(SURE) - SLACK.min(surest / 2.0);
            let kind = cells.iter().find(|c| near(c) == Some(surest)).map(|c| c.cell.strategy);
            let is_flat = |cell: &ConfigurationResult| {
                Some(cell.cell.strategy) == kind && cell.outlook.is_some_and(|o| o.near_leader >= SURE)
            };
            let stays = |cell: &&ConfigurationResult| {
                near(cell).is_some_and(|near| near >= enough)
                    || is_flat(cell)
                    || is_not_worth_leaving(cell, compare_pairwise(cell, best, objective))
            };
            cells.iter().copied().filter(stays).collect()
        }
        None => within_noise(cells, best, objective),
    }
}

/// Returns the cell with the highest score.
fn leader<'a>(cells: &[&'a ConfigurationResult], objective: Objective) -> Option<&'a ConfigurationResult> {
    cells.iter().copied().max_by(|a, b| score(a, objective).total_cmp(&score(b, objective)))
}

/// Returns the cells that may be as good as `best`, given the measurement.
pub(crate) fn within_noise<'a>(
    cells: &[&'a ConfigurationResult],
    best: &ConfigurationResult,
    objective: Objective,
) -> Vec<&'a ConfigurationResult> {
    let stays = |cell: &&ConfigurationResult| {
        let seen = compare_pairwise(cell, best, objective);
        is_near(seen) || is_not_worth_leaving(cell, seen) || is_predicted_equal(cell, best, seen)
    };
    cells.iter().copied().filter(stays).collect()
}

fn is_near(seen: PairwiseComparison) -> bool {
    seen.verdict != UncertainOrdering::Slower && seen.ratio >= 1.0 - INDIFFERENCE
}

fn is_not_worth_leaving(cell: &ConfigurationResult, seen: PairwiseComparison) -> bool {
    cell.cell.strategy == StrategyKind::Sequential && seen.ratio >= 1.0 - WORTH_CONCURRENCY
}

/// Returns true if the measurement of the two cells is undecided and the model predicts a tie.
///
/// A cell that is ahead by luck should not win: on a busy machine, one always is.
fn is_predicted_equal(
    cell: &ConfigurationResult,
    best: &ConfigurationResult,
    seen: PairwiseComparison,
) -> bool {
    let (Some(own), Some(bests)) = (cell.predicted_per_s, best.predicted_per_s) else { return false };
    seen.verdict == UncertainOrdering::Undecided && seen.ratio >= LUCK && own >= (1.0 - INDIFFERENCE) * bests
}

/// Returns the narrowest cell of one strategy that is within noise of the strategy's best cell.
pub(crate) fn narrowest_good<'a>(
    cells: &[&'a ConfigurationResult],
    strategy: StrategyKind,
    objective: Objective,
) -> Option<&'a ConfigurationResult> {
    let cells = of_strategy(cells, strategy);
    let best = leader(&cells, objective)?;
    within_noise(&cells, best, objective).into_iter().min_by(|a, b| narrower(a, b))
}

fn of_strategy<'a>(
    cells: &[&'a ConfigurationResult],
    strategy: StrategyKind,
) -> Vec<&'a ConfigurationResult> {
    cells.iter().copied().filter(|c| c.cell.strategy == strategy).collect()
}

/// Returns the candidates within 5% of the least cost; all of them if no cost was measured or the
/// objective has none.
fn thriftiest<'a>(
    candidates: &[&'a ConfigurationResult],
    objective: Objective,
) -> Vec<&'a ConfigurationResult> {
    let least = candidates.iter().filter_map(|c| objective.cost(c)).min_by(f64::total_cmp);
    match least {
        Some(least) => {
            let cheap = |c: &&ConfigurationResult| {
                objective.cost(c).is_some_and(|x| x <= least * (1.0 + INDIFFERENCE))
            };
            candidates.iter().copied().filter(cheap).collect()
        }
        None => candidates.to_vec(),
    }
}

/// Returns the narrowest cell of the strategy that comes first.
fn prefer<'a>(candidates: &[&'a ConfigurationResult], tree: StrategyKind) -> Option<&'a ConfigurationResult> {
    let rank = |c: &ConfigurationResult| {
        (
            c.cell.strategy != StrategyKind::Sequential,
            c.cell.strategy != tree,
            c.cell.strategy.info().complexity_rank,
        )
    };
    candidates.iter().copied().min_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| narrower(a, b)))
}

/// Compares two cells by width, then processes, then CPU per task.
fn narrower(a: &ConfigurationResult, b: &ConfigurationResult) -> Ordering {
    let cpu = |c: &ConfigurationResult| c.cpu_s_per_task.unwrap_or(f64::INFINITY);
    (a.cell.width, a.cell.processes)
        .cmp(&(b.cell.width, b.cell.processes))
        .then_with(|| cpu(a).total_cmp(&cpu(b)))
}

/// Returns the best cell of every strategy but the chosen one, best first.
fn runners_up<'a>(
    cells: &[&'a ConfigurationResult],
    chosen: &ConfigurationResult,
    objective: Objective,
) -> Vec<RunnerUp<'a>> {
    let others = StrategyKind::ALL.into_iter().filter(|kind| *kind != chosen.cell.strategy);
    let mut best: Vec<&ConfigurationResult> =
        others.filter_map(|kind| leader(&of_strategy(cells, kind), objective)).collect();
    best.sort_by(|a, b| score(b, objective).total_cmp(&score(a, objective)));
    best.into_iter()
        .map(|cell| {
            let PairwiseComparison { ratio, verdict, smallest_effect, .. } =
                compare_pairwise(cell, chosen, objective);
            RunnerUp { cell, ratio, verdict, smallest_effect }
        })
        .collect()
}

/// Returns the verdict on the chosen cell compared with the first runner-up.
///
/// A rival that seems faster leaves the verdict undecided: the chosen cell is within noise of the best.
fn verdict(runner_up: Option<&RunnerUp<'_>>) -> ChoiceVerdict {
    match runner_up.map(|r| r.verdict) {
        Some(UncertainOrdering::Slower) => ChoiceVerdict::Faster,
        Some(UncertainOrdering::Tie) => ChoiceVerdict::Tie,
        Some(UncertainOrdering::Faster | UncertainOrdering::Undecided) | None => ChoiceVerdict::Undecided,
    }
}

fn agreement(tree_candidates: &[&ConfigurationResult], tree: Option<PairwiseComparison>) -> Agreement {
    if !tree_candidates.is_empty() {
        return Agreement::Yes;
    }
    match tree.map(|seen| seen.verdict) {
        Some(UncertainOrdering::Slower) => Agreement::No,
        _ => Agreement::Undecided,
    }
}

#[cfg(test)]
mod tests;
