//! The evidence that every sentence about speed is derived from, computed once from the results.
//!
//! The limit, the comparison and the notes read the same figures, so that no two of them can disagree: a rate
//! is that of [`ConfigurationResult::estimate`], a difference that of [`compare_pairwise`].

use serde::{Deserialize, Serialize};

use crate::advice::choose::Choice;
use crate::advice::objective::Objective;
use crate::advice::pairwise::{PairwiseComparison, compare_pairwise, score};
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::host::contention::unavailable;
use crate::policy::{CONTENDED, INDIFFERENCE};
use crate::stats::ratio::UncertainOrdering;
use crate::strategy::StrategyKind;

/// Exponent of the width up to which throughput counts as flat: twice the width gives at most 7% more.
const FLAT_EXPONENT: f64 = 0.1;

/// Exponent of the width from which the latency shows queueing. If the throughput is flat and every task is
/// in flight, the latency grows in proportion to the width (Little's law).
const QUEUEING_EXPONENT: f64 = 0.5;

/// Throughput of one strategy at two widths.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Change {
    /// The narrower width.
    pub from: usize,
    /// The wider one.
    pub to: usize,
    /// Throughput at `to` over that at `from`.
    pub ratio: f64,
}

/// The best configuration of a strategy that was not chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RunnerUpFigures {
    /// The configuration.
    #[serde(flatten)]
    pub cell: Configuration,
    /// Score of this configuration over that of the recommended one.
    pub ratio: f64,
    /// The comparison of this configuration with the recommended one.
    pub verdict: UncertainOrdering,
    /// The smallest difference, as a share, that the measurement would have shown in four of five
    /// cases; null if the two were not compared.
    pub smallest_effect: Option<f64>,
}

/// The throughput of configurations wider than the recommended one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Beyond {
    /// None was measured.
    NotMeasured,
    /// Throughput does not grow up to the width of the change.
    Flat(Change),
    /// Throughput grows.
    Grows(Change),
    /// The measurement is inconclusive.
    Undecided(Change),
}

/// The evidence about the recommended configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// True if the recommended configuration was run.
    pub is_run: bool,
    /// True if the machine was quiet while the configurations ran, as far as the system reports it.
    pub is_quiet: bool,
    /// Growth up to the recommended width from the next narrower one that differs beyond doubt.
    pub growth: Option<Change>,
    /// The change from the next narrower width, if it is not known to be growth.
    pub undecided_growth: Option<Change>,
    /// The throughput of wider configurations.
    pub beyond: Beyond,
    /// Two widths between which throughput is flat and latency grows, the narrower first.
    pub queueing: Option<[usize; 2]>,
    /// Seconds that a task takes in the narrowest configuration, if it is narrower than the recommended one.
    pub unhindered_s: Option<f64>,
    /// The best configuration of every other strategy, best first.
    pub rivals: Vec<RunnerUpFigures>,
}

impl Seen {
    /// Collects the evidence about the chosen cell.
    pub(crate) fn of(choice: &Choice<'_>, objective: Objective) -> Self {
        let chosen = choice.chosen;
        let widths = Widths::of(choice);
        let (growth, undecided_growth) = widths.growth();
        Seen {
            is_run: !chosen.rounds.is_empty(),
            is_quiet: is_quiet(chosen),
            growth,
            undecided_growth,
            beyond: widths.beyond(),
            queueing: widths.queueing(),
            unhindered_s: unhindered_s(choice),
            rivals: rivals(choice, objective),
        }
    }

    /// Returns true if wider configurations were run and throughput does not grow.
    pub(crate) fn is_flat(&self) -> bool {
        self.is_run && matches!(self.beyond, Beyond::Flat(_))
    }
}

/// Returns true if others hardly used the CPUs meanwhile.
fn is_quiet(cell: &ConfigurationResult) -> bool {
    unavailable(cell.cpu_others, cell.cpu_stolen).is_none_or(|share| share <= CONTENDED)
}

/// Returns the best cell of every other strategy that ran, compared with the chosen one.
fn rivals(choice: &Choice<'_>, objective: Objective) -> Vec<RunnerUpFigures> {
    let of = |rival: &ConfigurationResult| {
        let PairwiseComparison { ratio, verdict, smallest_effect, .. } =
            compare_pairwise(rival, choice.chosen, objective);
        // A difference that was seen is no smaller than the smallest that would have been.
        let smallest_effect = smallest_effect.filter(|effect| (ratio - 1.0).abs() < *effect);
        RunnerUpFigures { cell: rival.cell, ratio, verdict, smallest_effect }
    };
    let best = |kind| {
        let own = choice.eligible.iter().filter(|cell| cell.cell.strategy == kind);
        own.max_by(|a, b| score(a, objective).total_cmp(&score(b, objective)))
    };
    let others = StrategyKind::ALL.into_iter().filter(|kind| *kind != choice.chosen.cell.strategy);
    let mut rivals: Vec<RunnerUpFigures> = others.filter_map(best).map(|cell| of(cell)).collect();
    rivals.sort_by(|a, b| b.ratio.total_cmp(&a.ratio));
    rivals
}

/// Returns the time of a task where the fewest are in flight, by Little's law.
fn unhindered_s(choice: &Choice<'_>) -> Option<f64> {
    let is_candidate = |cell: &&&ConfigurationResult| {
        let kind = cell.cell.strategy;
        let is_same = kind == choice.chosen.cell.strategy || kind == StrategyKind::Sequential;
        is_same && cell.cell.width < choice.chosen.cell.width
    };
    let narrowest = choice.eligible.iter().filter(is_candidate).min_by_key(|cell| cell.cell.width)?;
    Some(narrowest.cell.width as f64 / narrowest.per_s()?)
}

/// The measured cells that the width of the chosen one is judged by.
struct Widths<'a> {
    chosen: &'a ConfigurationResult,
    narrower: Vec<&'a ConfigurationResult>,
    wider: Vec<&'a ConfigurationResult>,
}

impl<'a> Widths<'a> {
    /// Selects the cells of the chosen strategy, each side from the nearest width on. Where sequential, which
    /// has only one width, is chosen, every other strategy is wider.
    fn of(choice: &Choice<'a>) -> Self {
        let chosen = choice.chosen;
        let is_comparable = |cell: &&ConfigurationResult| {
            let is_same =
                cell.cell.strategy == chosen.cell.strategy && cell.cell.processes == chosen.cell.processes;
            (is_same || chosen.cell.strategy == StrategyKind::Sequential)
                && cell.rounds.is_empty() == chosen.rounds.is_empty()
        };
        let cells = || choice.eligible.iter().copied().filter(is_comparable);
        let width = chosen.cell.width;
        let mut narrower: Vec<_> = cells().filter(|cell| cell.cell.width < width).collect();
        let mut wider: Vec<_> = cells().filter(|cell| cell.cell.width > width).collect();
        narrower.sort_by_key(|cell| std::cmp::Reverse(cell.cell.width));
        wider.sort_by_key(|cell| cell.cell.width);
        Widths { chosen, narrower, wider }
    }

    /// Returns the growth up to the chosen width, or the change from the next narrower one. A tie with a
    /// narrower width ends the growth below it.
    fn growth(&self) -> (Option<Change>, Option<Change>) {
        let mut nearest = None;
        for cell in &self.narrower {
            let (change, seen) = changed(cell, self.chosen);
            match seen.verdict {
                UncertainOrdering::Faster => return (Some(change), None),
                UncertainOrdering::Undecided => nearest = nearest.or(Some(change)),
                UncertainOrdering::Tie | UncertainOrdering::Slower => {
                    return (None, nearest.or(Some(change)));
                }
            }
        }
        (None, nearest)
    }

    fn beyond(&self) -> Beyond {
        let changes: Vec<_> = self.wider.iter().map(|cell| changed(self.chosen, cell)).collect();
        let grows = |(change, seen): &&(Change, PairwiseComparison)| {
            seen.verdict == UncertainOrdering::Faster && change.ratio > 1.0 + INDIFFERENCE
        };
        let best = |a: Change, b: Change| if b.ratio > a.ratio { b } else { a };
        let change = |(change, _): &(Change, PairwiseComparison)| *change;
        if let Some(most) = changes.iter().filter(grows).map(change).reduce(best) {
            return Beyond::Grows(most);
        }
        let flat = changes.iter().rev().find(|(change, seen)| is_flat(change, seen)).map(change);
        let most = || changes.iter().map(change).reduce(best);
        flat.map(Beyond::Flat).or_else(|| most().map(Beyond::Undecided)).unwrap_or(Beyond::NotMeasured)
    }

    /// Returns two widths from the chosen one on, between which throughput is flat and latency grows.
    fn queueing(&self) -> Option<[usize; 2]> {
        let cells: Vec<_> = std::iter::once(self.chosen).chain(self.wider.iter().copied()).collect();
        let pairs = cells.iter().enumerate().flat_map(|(i, a)| cells[i + 1..].iter().map(move |b| (*a, *b)));
        let queues = |(a, b): &(&ConfigurationResult, &ConfigurationResult)| {
            let (change, seen) = changed(a, b);
            let (Some(before), Some(after)) = (a.latency_s, b.latency_s) else { return false };
            let wider = b.cell.width as f64 / a.cell.width as f64;
            is_flat(&change, &seen) && after.p50 >= before.p50 * wider.powf(QUEUEING_EXPONENT)
        };
        let is_one_strategy = self.chosen.cell.strategy != StrategyKind::Sequential;
        pairs.filter(|_| is_one_strategy).find(queues).map(|(a, b)| [a.cell.width, b.cell.width])
    }
}

/// Returns the change of throughput from one cell to a wider one.
fn changed(from: &ConfigurationResult, to: &ConfigurationResult) -> (Change, PairwiseComparison) {
    let mut seen = compare_pairwise(to, from, Objective::Throughput);
    if from.rounds.is_empty() && to.rounds.is_empty() {
        // Predictions have no noise.
        seen.interval95 = Some([seen.ratio; 2]);
        seen.verdict = match seen.ratio {
            ratio if ratio > 1.0 + INDIFFERENCE => UncertainOrdering::Faster,
            ratio if ratio < 1.0 - INDIFFERENCE => UncertainOrdering::Slower,
            _ => UncertainOrdering::Tie,
        };
    }
    (Change { from: from.cell.width, to: to.cell.width, ratio: seen.ratio }, seen)
}

/// Returns true if throughput certainly grows by less than 5%, or by little for so much more width.
fn is_flat(change: &Change, seen: &PairwiseComparison) -> bool {
    let Some([_, high]) = seen.interval95 else { return false };
    let wider = change.to as f64 / change.from as f64;
    high <= (1.0 + INDIFFERENCE).max(wider.powf(FLAT_EXPONENT)) && change.ratio <= 1.0 + INDIFFERENCE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::choose::choose;
    use crate::advice::decision_tree::DecisionPath;
    use crate::advice::testing::*;
    use crate::benchmark::result::Latency;

    const WIDTHS: [usize; 4] = [4, 8, 16, 32];

    /// Returns the evidence if the cell of this width is chosen.
    fn seen(cells: &[ConfigurationResult], strategy: StrategyKind, width: usize) -> Seen {
        let tree = DecisionPath { steps: Vec::new(), strategy };
        let mut choice = choose(cells, &tree, Objective::Throughput).unwrap();
        choice.chosen =
            cells.iter().find(|c| (c.cell.strategy, c.cell.width) == (strategy, width)).expect("a cell");
        Seen::of(&choice, Objective::Throughput)
    }

    fn threads(per_s: impl Fn(f64) -> f64) -> Vec<ConfigurationResult> {
        curve(StrategyKind::Threads, &WIDTHS, per_s)
    }

    fn with_latency(
        mut cells: Vec<ConfigurationResult>,
        of: impl Fn(f64) -> f64,
    ) -> Vec<ConfigurationResult> {
        for cell in &mut cells {
            let p50 = of(cell.cell.width as f64);
            cell.latency_s = Some(Latency { p50, p90: p50, p99: p50, max: p50 });
        }
        cells
    }

    #[test]
    fn growth_is_that_from_the_next_narrower_width_that_differs() {
        let of = |per_s: &dyn Fn(f64) -> f64, width| seen(&threads(per_s), StrategyKind::Threads, width);
        let growth = of(&|n| 10.0 * n, 32).growth.unwrap();
        assert_eq!((growth.from, growth.to), (16, 32));
        assert!((growth.ratio - 2.0).abs() < 1e-9);
        assert_eq!(of(&|n| 10.0 * n.min(16.0), 32).growth, None, "16 gives as much");
        assert_eq!(of(&|n| 10.0 * n, 4).growth, None, "nothing narrower was measured");
    }

    #[test]
    fn growth_that_noise_hides_is_undecided() {
        let mut cells = threads(|n| 10.0 * n);
        cells[3] = noisy(StrategyKind::Threads, 32, 170.0, 0.6);
        let Seen { growth, undecided_growth, .. } = seen(&cells, StrategyKind::Threads, 32);
        assert_eq!(growth.map(|of| of.from), Some(8), "a narrower width differs beyond doubt");
        assert_eq!(undecided_growth, None);
        let near = [cells[2].clone(), cells[3].clone()];
        let Seen { growth, undecided_growth, .. } = seen(&near, StrategyKind::Threads, 32);
        assert_eq!((growth, undecided_growth.map(|of| of.from)), (None, Some(16)));
    }

    #[test]
    fn wider_widths_are_flat_grow_or_are_undecided() {
        let beyond = |cells: &[ConfigurationResult], width| seen(cells, StrategyKind::Threads, width).beyond;
        assert!(
            matches!(beyond(&threads(|n| 10.0 * n.min(8.0)), 8), Beyond::Flat(Change { to: 32, .. })),
            "flat up to the widest"
        );
        assert!(matches!(beyond(&threads(|n| 10.0 * n), 8), Beyond::Grows(Change { to: 32, .. })));
        assert_eq!(beyond(&threads(|n| 10.0 * n), 32), Beyond::NotMeasured);
        let mut cells = threads(|n| 10.0 * n);
        cells.truncate(2);
        cells[1] = noisy(StrategyKind::Threads, 8, 42.0, 0.6);
        assert!(matches!(beyond(&cells, 4), Beyond::Undecided(Change { from: 4, to: 8, .. })));
    }

    #[test]
    fn queueing_needs_flat_throughput_and_latency_that_grows() {
        let queueing = |cells: Vec<ConfigurationResult>| seen(&cells, StrategyKind::Threads, 8).queueing;
        let capped = || threads(|n| 10.0 * n.min(8.0));
        assert_eq!(queueing(with_latency(capped(), |n| n / (10.0 * n.min(8.0)))), Some([8, 16]));
        assert_eq!(queueing(with_latency(capped(), |_| 0.1)), None, "tasks do not wait any longer");
        assert_eq!(queueing(capped()), None, "no latency is known");
        let growing = with_latency(threads(|n| 10.0 * n), |n| n);
        assert_eq!(queueing(growing), None, "throughput grows");
    }

    #[test]
    fn rivals_are_compared_by_the_figures_of_the_table() {
        let mut cells = vec![cell(StrategyKind::Async, 8, 100.0), cell(StrategyKind::Threads, 8, 200.0)];
        cells[0].outlook = Some(believed(100.0, [96.0, 104.0]));
        cells[1].outlook = Some(believed(90.0, [80.0, 101.0]));
        let rivals = seen(&cells, StrategyKind::Async, 8).rivals;
        assert!((rivals[0].ratio - 0.9).abs() < 1e-9, "{rivals:?}");
    }

    #[test]
    fn a_strategy_that_ran_once_is_a_rival_whatever_the_objective() {
        let mut once = cell(StrategyKind::Threads, 8, 90.0);
        once.rounds.truncate(1);
        let cells = [cell(StrategyKind::Async, 8, 100.0), once];
        let tree = DecisionPath { steps: Vec::new(), strategy: StrategyKind::Async };
        for objective in Objective::ALL {
            let choice = choose(&cells, &tree, objective).unwrap();
            let rivals = Seen::of(&choice, objective).rivals;
            assert_eq!(rivals.len(), 1, "{objective}: {rivals:?}");
        }
    }

    #[test]
    fn a_busy_machine_is_not_quiet() {
        let mut cells = threads(|n| 10.0 * n);
        assert!(seen(&cells, StrategyKind::Threads, 8).is_quiet);
        cells[1].cpu_others = Some(0.4);
        assert!(!seen(&cells, StrategyKind::Threads, 8).is_quiet);
    }

    #[test]
    fn only_widths_that_were_run_are_flat_and_only_if_they_gain_nothing() {
        let flat = [8, 16].map(|width| noisy(StrategyKind::Threads, width, 80.0, 0.001));
        assert!(seen(&flat, StrategyKind::Threads, 8).is_flat());
        let grows = [8, 16].map(|width| noisy(StrategyKind::Threads, width, 10.0 * width as f64, 0.001));
        assert!(!seen(&grows, StrategyKind::Threads, 8).is_flat());
        let mut predicted = grows;
        predicted.iter_mut().for_each(|cell| cell.rounds.clear());
        let [narrow, wide] = &predicted;
        assert_eq!(changed(narrow, wide).1.verdict, UncertainOrdering::Faster);
        assert_eq!(changed(wide, narrow).1.verdict, UncertainOrdering::Slower);
    }

    #[test]
    fn a_task_alone_takes_as_long_as_at_the_narrowest_width_of_its_strategy() {
        let threads = [4, 8].map(|width| noisy(StrategyKind::Threads, width, 10.0 * width as f64, 0.001));
        let cells = [vec![noisy(StrategyKind::Async, 2, 2.0, 0.001)], threads.to_vec()].concat();
        assert_eq!(seen(&cells, StrategyKind::Threads, 8).unhindered_s, Some(0.1));
    }
}
