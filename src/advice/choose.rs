//! The choice among cells, run or not: the narrowest and simplest of those that are probably near the best.

use std::cmp::Ordering;

use crate::advice::decision_tree::DecisionPath;
use crate::advice::eligible::{Eligible, eligible, well_measured};
use crate::advice::note::Note;
use crate::advice::objective::Objective;
use crate::advice::pairwise::{PairwiseComparison, compare_pairwise, score};
use crate::advice::verdict::{Agreement, ChoiceVerdict};
use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::Status;
use crate::benchmark::standing::{Standing, acceptable, pool, preferred};
use crate::policy::{INDIFFERENCE, WORTH_CONCURRENCY};
use crate::stats::ratio::UncertainOrdering;
use crate::strategy::StrategyKind;

/// Minimum ratio at which an undecided cell stays a candidate if the model predicts a tie.
const LUCK: f64 = 0.75;

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

/// Chooses among cells that ran; `None` if no cell ran with most of its tasks successful.
pub fn choose<'a>(
    cells: &'a [ConfigurationResult],
    decision: &DecisionPath,
    objective: Objective,
) -> Option<Choice<'a>> {
    choose_among(cells, &[], decision, objective)
}

/// Chooses among cells that ran and cells that did not, of which the belief knows the throughput.
///
/// 1. A cell is left out if more of its tasks fail than elsewhere, or if its outputs are wrong, and with it all
///    that are wider and did not run.
/// 2. Where the belief is known, [`standing`](crate::benchmark::standing) prefers: what ran to what did not, the
///    tree's strategy where it is probably near the best, the simplest program, the narrowest cell.
/// 3. Elsewhere, and for latency, the candidates are the cells that are not certainly slower than the best and
///    whose estimate is within 5% of it, and cells that are undecided and predicted to be equal.
/// 4. Sequential is a candidate from 90% of the best on, because concurrency has its price.
/// 5. Where memory or CPU is the objective, only the candidates within 5% of the least cost stay.
pub fn choose_among<'a>(
    cells: &'a [ConfigurationResult],
    unrun: &'a [ConfigurationResult],
    decision: &DecisionPath,
    objective: Objective,
) -> Option<Choice<'a>> {
    let Eligible { cells: ran, notes } = eligible(cells);
    if ran.is_empty() {
        // What never worked is not recommended by theory alone.
        return None;
    }
    let unrun: Vec<_> = unrun.iter().filter(|cell| may_run(cell, cells, &ran)).collect();
    let tree = decision.strategy;
    let is_believed =
        objective != Objective::Latency && ran.iter().chain(&unrun).any(|c| c.outlook.is_some());
    let (known, candidates, chosen) = if is_believed {
        let known = pooled(&ran, &unrun);
        let standings: Vec<Standing> = known.iter().filter_map(|cell| standing(cell)).collect();
        let candidates = of_standings(&known, &acceptable(&standings, Some(tree)));
        let thrifty: Vec<Standing> =
            thriftiest(&candidates, objective).iter().filter_map(|cell| standing(cell)).collect();
        let chosen = preferred(&thrifty, Some(tree))?;
        let chosen = of_standings(&candidates, &[chosen]).into_iter().next()?;
        (known, candidates, chosen)
    } else {
        let known =
            if is_reference_alone(&ran) { [ran.clone(), unrun].concat() } else { well_measured(&ran) };
        let candidates = within_noise(&known, leader(&known, objective)?, objective);
        let chosen = prefer(&thriftiest(&candidates, objective), tree)?;
        (known, candidates, chosen)
    };
    let best = leader(&known, objective)?;
    let runners_up = runners_up(&known, chosen, objective);
    let tree_cell = leader(&of_strategy(&ran, tree), objective);
    let tree_standing = tree_cell.map(|cell| compare_pairwise(cell, best, objective));
    Some(Choice {
        chosen,
        best,
        verdict: verdict(runners_up.first()),
        runners_up,
        agrees: agreement(&of_strategy(&candidates, tree), tree_standing),
        tree_ratio: tree_standing.map(|seen| seen.ratio),
        eligible: ran,
        notes,
    })
}

/// Returns the cells among which the belief chooses: those that ran, or all.
fn pooled<'a>(
    ran: &[&'a ConfigurationResult],
    unrun: &[&'a ConfigurationResult],
) -> Vec<&'a ConfigurationResult> {
    let all = [ran, unrun].concat();
    let standings: Vec<Standing> = all.iter().filter_map(|cell| standing(cell)).collect();
    of_standings(&all, &pool(&standings))
}

fn of_standings<'a>(
    cells: &[&'a ConfigurationResult],
    standings: &[Standing],
) -> Vec<&'a ConfigurationResult> {
    cells.iter().copied().filter(|cell| standings.iter().any(|s| s.cell == cell.cell)).collect()
}

/// Returns what is believed about a cell; `None` without a belief.
fn standing(cell: &ConfigurationResult) -> Option<Standing> {
    let outlook = cell.outlook?;
    Some(Standing {
        cell: cell.cell,
        is_measured: !cell.rounds.is_empty(),
        per_s: outlook.throughput_per_s,
        near: outlook.near_leader,
        regret: outlook.expected_regret,
    })
}

/// Returns false for a cell that did not run where one of its strategy that is no wider failed, or is left out
/// because its tasks fail.
fn may_run(cell: &ConfigurationResult, all: &[ConfigurationResult], ran: &[&ConfigurationResult]) -> bool {
    let is_narrower = |other: &ConfigurationResult| {
        other.cell.strategy == cell.cell.strategy && other.cell.width <= cell.cell.width
    };
    let is_out = |other: &ConfigurationResult| {
        let was_tried = other.status == Status::Failed || !other.rounds.is_empty();
        was_tried && !ran.iter().any(|c| c.cell == other.cell)
    };
    !all.iter().any(|other| is_narrower(other) && is_out(other))
}

fn is_reference_alone(ran: &[&ConfigurationResult]) -> bool {
    ran.iter().all(|cell| cell.cell.strategy == StrategyKind::Sequential)
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
