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

/// Luck is not held against a cell that seems no slower than this.
const LUCK: f64 = 0.75;

/// Two standard errors of a probability near [`STOP_PROBABILITY`] that is counted from 256 draws.
const SLACK: f64 = 0.02;

/// Probability that cannot be distinguished from [`STOP_PROBABILITY`]. It bounds what the surest cell can ask of
/// others, and a cell of its strategy that is no slower than the fastest with this probability is on the flat
/// top with it.
const SURE: f64 = STOP_PROBABILITY - SLACK;

/// The chosen cell, and how the others stand beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice<'a> {
    /// The recommended cell.
    pub chosen: &'a ConfigurationResult,
    /// The cell with the highest score.
    pub best: &'a ConfigurationResult,
    /// The best cell of every other strategy, best first.
    pub runners_up: Vec<RunnerUp<'a>>,
    /// How the chosen cell compares with the first of the runners-up; undecided where there is none.
    pub verdict: ChoiceVerdict,
    /// Whether the decision tree would have chosen the same, and how its strategy does.
    pub agrees: Agreement,
    /// The tree's strategy at its best, over the best cell; `None` where it was not measured.
    pub tree_ratio: Option<f64>,
    /// Every cell that could have been chosen by what its tasks did.
    pub eligible: Vec<&'a ConfigurationResult>,
    /// The cells that could not, if there are any.
    pub note: Option<Note>,
}

/// The best cell of a strategy that was not chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunnerUp<'a> {
    /// The cell.
    pub cell: &'a ConfigurationResult,
    /// Its score over that of the chosen cell.
    pub ratio: f64,
    /// Whether it is faster or slower than the chosen cell.
    pub verdict: UncertainOrdering,
    /// The smallest difference that would have been seen, as a share, where the two were compared.
    pub smallest_effect: Option<f64>,
}

/// Chooses among the cells; `None` if no cell ran with most of its tasks ending well.
///
/// 1. A cell is left out if more of its tasks fail than elsewhere.
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
    let Eligible { cells, note } = eligible(cells);
    // What is believed of a cell allows for how seldom it was measured.
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
        note,
    })
}

/// The cells that may be chosen.
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

/// The cell with the highest score.
fn leader<'a>(cells: &[&'a ConfigurationResult], objective: Objective) -> Option<&'a ConfigurationResult> {
    cells.iter().copied().max_by(|a, b| score(a, objective).total_cmp(&score(b, objective)))
}

/// The cells that may be as good as `best` for all that was measured.
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

/// Where the measurement cannot tell, and the model says that there is nothing to tell, a cell that
/// is ahead by luck should not win: on a busy machine one always is.
fn is_predicted_equal(
    cell: &ConfigurationResult,
    best: &ConfigurationResult,
    seen: PairwiseComparison,
) -> bool {
    let (Some(own), Some(bests)) = (cell.predicted_per_s, best.predicted_per_s) else { return false };
    seen.verdict == UncertainOrdering::Undecided && seen.ratio >= LUCK && own >= (1.0 - INDIFFERENCE) * bests
}

/// The narrowest cell of one strategy that is within noise of its best.
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

/// The candidates within 5% of the least cost, where the objective has one and it was measured.
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

/// The narrowest cell of the strategy that comes first.
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

/// Orders by width, then processes, then CPU per task.
fn narrower(a: &ConfigurationResult, b: &ConfigurationResult) -> Ordering {
    let cpu = |c: &ConfigurationResult| c.cpu_s_per_task.unwrap_or(f64::INFINITY);
    (a.cell.width, a.cell.processes)
        .cmp(&(b.cell.width, b.cell.processes))
        .then_with(|| cpu(a).total_cmp(&cpu(b)))
}

/// The best cell of every strategy but the chosen one, best first.
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
            let PairwiseComparison { ratio, verdict, smallest_effect } =
                compare_pairwise(cell, chosen, objective);
            RunnerUp { cell, ratio, verdict, smallest_effect }
        })
        .collect()
}

/// A rival that seems faster leaves it undecided: the chosen cell is within noise of the best.
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
mod tests {
    use super::*;
    use crate::advice::testing::*;
    use crate::benchmark::Configuration;
    use proptest::prelude::*;

    const WIDTHS: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

    fn tree(strategy: StrategyKind) -> DecisionPath {
        DecisionPath { steps: Vec::new(), strategy }
    }

    fn sequential(per_s: f64) -> Vec<ConfigurationResult> {
        vec![cell(StrategyKind::Sequential, 1, per_s)]
    }

    fn pick(cells: &[ConfigurationResult], strategy: StrategyKind, objective: Objective) -> String {
        choose(cells, &tree(strategy), objective).unwrap().chosen.cell.to_string()
    }

    #[test]
    fn what_the_measurement_cannot_tell_apart_the_model_decides() {
        let predicted = |mut cell: ConfigurationResult| {
            cell.predicted_per_s = Some(400.0);
            cell
        };
        let mut cells = sequential(100.0);
        cells.push(predicted(noisy(StrategyKind::Processes, 4, 400.0, 0.6)));
        cells.push(predicted(noisy(StrategyKind::WorkStealing, 2, 340.0, 0.6)));
        assert_eq!(pick(&cells, StrategyKind::WorkStealing, Objective::Throughput), "work-stealing 2");
        cells[2].predicted_per_s = Some(200.0);
        assert_eq!(pick(&cells, StrategyKind::WorkStealing, Objective::Throughput), "processes 4");
    }

    #[test]
    fn one_lucky_batch_does_not_win() {
        let mut cells = sequential(100.0);
        cells.push(cell(StrategyKind::Async, 8, 800.0));
        let mut lucky = cell(StrategyKind::Async, 16, 900.0);
        lucky.rounds.truncate(1);
        cells.push(lucky);
        assert_eq!(pick(&cells, StrategyKind::Async, Objective::Throughput), "async 8");
    }

    #[test]
    fn sleeping_tasks_go_to_the_widest_event_loop() {
        let mut cells = sequential(100.0);
        cells.extend(curve(StrategyKind::Async, &WIDTHS, |n| 100.0 * n));
        cells.extend(curve(StrategyKind::Threads, &WIDTHS, |n| 97.0 * n));
        let choice = choose(&cells, &tree(StrategyKind::Async), Objective::Throughput).unwrap();
        assert_eq!(choice.chosen.cell, Configuration::new(StrategyKind::Async, 128));
        assert_eq!((choice.agrees, choice.verdict), (Agreement::Yes, ChoiceVerdict::Tie));
        assert_eq!(choice.runners_up[0].cell.cell.strategy, StrategyKind::Threads);
    }

    #[test]
    fn a_capped_upstream_gets_the_narrowest_width_that_fills_it() {
        let mut cells = sequential(25.0);
        cells.extend(curve(StrategyKind::Async, &WIDTHS, |n| n.min(8.0) * 25.0 * (1.0 + n / 10_000.0)));
        cells.extend(curve(StrategyKind::Threads, &WIDTHS, |n| n.min(8.0) * 24.8));
        assert_eq!(pick(&cells, StrategyKind::Async, Objective::Throughput), "async 8");
        assert_eq!(pick(&cells, StrategyKind::Threads, Objective::Throughput), "threads 8");
    }

    #[test]
    fn leaving_it_sequential_is_a_real_answer() {
        let mut cells = sequential(100.0);
        cells.extend(curve(StrategyKind::Async, &WIDTHS, |_| 101.0));
        cells.extend(curve(StrategyKind::Threads, &WIDTHS, |_| 102.0));
        assert_eq!(pick(&cells, StrategyKind::Async, Objective::Throughput), "sequential 1");
        assert_eq!(pick(&cells, StrategyKind::Sequential, Objective::Throughput), "sequential 1");
    }

    #[test]
    fn the_tree_breaks_ties_but_does_not_overrule_the_measurement() {
        let mut cells = sequential(10.0);
        cells.push(cell(StrategyKind::Threads, 64, 1000.0));
        cells.push(cell(StrategyKind::Async, 64, 990.0));
        assert_eq!(pick(&cells, StrategyKind::Threads, Objective::Throughput), "threads 64");
        assert_eq!(pick(&cells, StrategyKind::Processes, Objective::Throughput), "async 64");
        cells.push(cell(StrategyKind::Hybrid, 64, 500.0));
        let choice = choose(&cells, &tree(StrategyKind::Hybrid), Objective::Throughput).unwrap();
        assert_eq!((choice.chosen.cell.strategy, choice.agrees), (StrategyKind::Async, Agreement::No));
        assert!((choice.tree_ratio.unwrap() - 0.5).abs() < 0.02);
    }

    #[test]
    fn a_tree_strategy_that_was_not_measured_is_undecided() {
        let choice = choose(&sequential(10.0), &tree(StrategyKind::Async), Objective::Throughput)
            .map(|c| (c.chosen.cell.strategy, c.agrees, c.tree_ratio, c.verdict));
        assert_eq!(
            choice,
            Some((StrategyKind::Sequential, Agreement::Undecided, None, ChoiceVerdict::Undecided))
        );
    }

    #[test]
    fn noise_is_undecided_and_never_a_tie() {
        let cells = [
            noisy(StrategyKind::Async, 64, 1000.0, 0.5),
            noisy(StrategyKind::Threads, 64, 980.0, 0.5),
            noisy(StrategyKind::Sequential, 1, 100.0, 0.5),
        ];
        let choice = choose(&cells, &tree(StrategyKind::Async), Objective::Throughput).unwrap();
        assert_eq!(
            (choice.chosen.cell.strategy, choice.verdict),
            (StrategyKind::Async, ChoiceVerdict::Undecided)
        );
        assert_eq!(choice.runners_up[0].verdict, UncertainOrdering::Undecided);
    }

    #[test]
    fn cells_whose_tasks_fail_do_not_win() {
        let mut cells = sequential(20.0);
        cells.push(failing(cell(StrategyKind::Async, 64, 9000.0), 0.3));
        cells.push(cell(StrategyKind::Async, 8, 150.0));
        let choice = choose(&cells, &tree(StrategyKind::Async), Objective::Throughput).unwrap();
        assert_eq!(choice.chosen.cell, Configuration::new(StrategyKind::Async, 8));
        let Some(Note::FailingLeftOut { failing, .. }) = choice.note else { panic!("one fails: {choice:?}") };
        assert_eq!(failing[0].configuration, Configuration::new(StrategyKind::Async, 64));
    }

    #[test]
    fn where_everything_failed_nothing_is_chosen() {
        let cells = [
            failing(cell(StrategyKind::Sequential, 1, 20.0), 1.0),
            skipped(StrategyKind::Async, 8, "failed"),
        ];
        assert_eq!(choose(&cells, &tree(StrategyKind::Async), Objective::Throughput), None);
        assert_eq!(choose(&[], &tree(StrategyKind::Async), Objective::Throughput), None);
    }

    #[test]
    fn on_many_cpus_computing_goes_as_wide_as_they_are() {
        let mut cells = sequential(100.0);
        cells.extend(curve(StrategyKind::WorkStealing, &[32, 64, 128, 256], |n| 99.0 * n.min(128.0)));
        cells.extend(curve(StrategyKind::Processes, &[32, 64, 128], |n| 80.0 * n));
        let choice = choose(&cells, &tree(StrategyKind::WorkStealing), Objective::Throughput).unwrap();
        assert_eq!(choice.chosen.cell, Configuration::new(StrategyKind::WorkStealing, 128));
        assert_eq!((choice.verdict, choice.agrees), (ChoiceVerdict::Faster, Agreement::Yes));
    }

    #[test]
    fn latency_is_bought_with_no_more_width_than_it_needs() {
        // Beyond 8 in flight throughput still creeps up, and every task takes longer.
        let mut cells = sequential(25.0);
        cells.extend(curve(StrategyKind::Async, &WIDTHS, |n| {
            n.min(8.0) * 25.0 * (1.0 + 0.1 * (n / 8.0).max(1.0).log2())
        }));
        assert_eq!(pick(&cells, StrategyKind::Async, Objective::Latency), "async 8");
        assert_eq!(pick(&cells, StrategyKind::Async, Objective::Throughput), "async 128");
    }

    #[test]
    fn memory_and_cpu_choose_the_thriftiest_of_the_fast() {
        let with = |kind, per_s, mib: u64, cpu| ConfigurationResult {
            peak_rss_bytes: Some(mib << 20),
            ..with_cpu(cell(kind, 64, per_s), cpu)
        };
        let cells = [
            with(StrategyKind::Hybrid, 1000.0, 41, 1.0e-3),
            with(StrategyKind::Async, 990.0, 19, 0.9e-3),
            with(StrategyKind::Threads, 985.0, 27, 0.7e-3),
            with(StrategyKind::Sequential, 20.0, 13, 0.5e-3),
        ];
        assert_eq!(pick(&cells, StrategyKind::Hybrid, Objective::Throughput), "hybrid 64");
        assert_eq!(pick(&cells, StrategyKind::Hybrid, Objective::Memory), "async 64");
        assert_eq!(pick(&cells, StrategyKind::Hybrid, Objective::Cpu), "threads 64");
    }

    #[test]
    fn the_narrower_of_two_hybrids_has_fewer_processes() {
        let hybrid = |processes| ConfigurationResult {
            cell: Configuration::hybrid(32, processes),
            ..cell(StrategyKind::Hybrid, 32, 500.0)
        };
        let cells = [hybrid(4), hybrid(2), cell(StrategyKind::Sequential, 1, 50.0)];
        assert_eq!(pick(&cells, StrategyKind::Hybrid, Objective::Throughput), "hybrid 32x2");
    }

    proptest! {
        #[test]
        fn the_chosen_cell_is_never_far_below_the_best(
            rates in prop::collection::vec(1.0f64..1e5, 1..30), spread in 0.0f64..0.02,
        ) {
            let kinds = StrategyKind::ALL.into_iter().cycle();
            let cells: Vec<ConfigurationResult> = rates
                .iter()
                .zip(kinds)
                .enumerate()
                .map(|(i, (rate, kind))| noisy(kind, i + 1, *rate, spread))
                .collect();
            let choice = choose(&cells, &tree(StrategyKind::Async), Objective::Throughput).unwrap();
            let most = rates.iter().copied().fold(0.0, f64::max);
            // The rounds of two cells may each be off by the spread.
            prop_assert!(choice.chosen.throughput_per_s.unwrap() >= most * (1.0 - WORTH_CONCURRENCY) * (1.0 - 2.0 * spread));
        }
    }

    #[test]
    fn the_order_of_the_cells_does_not_matter() {
        let mut cells = sequential(25.0);
        cells.extend(curve(StrategyKind::Async, &WIDTHS, |n| n.min(8.0) * 25.0));
        let forward = pick(&cells, StrategyKind::Async, Objective::Throughput);
        cells.reverse();
        assert_eq!(pick(&cells, StrategyKind::Async, Objective::Throughput), forward);
    }
}
