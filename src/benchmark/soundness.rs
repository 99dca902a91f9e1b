//! What is believed about the configurations in which tasks go wrong: fail, or give wrong outputs.
//!
//! Failures are pooled over strategies by the tasks in flight, since an upstream that refuses a fifth request does
//! not care who sends it. A strategy that was seen to be sound at such a width is judged on its own: what fails in
//! threads may work in processes. Wrong outputs are a matter of what tasks share, and never pooled.

use std::collections::BTreeMap;

use crate::benchmark::agreement::OutputComparison;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::onset::{
    AtWidth, Onset, between, clearly_fails_more, onset_of_failures, onset_of_wrong_outputs,
};
use crate::benchmark::result::{ConfigurationResult, TaskCounts};
use crate::policy::FAILURE_MARGIN;
use crate::stats::proportion::Tally;
use crate::strategy::StrategyKind;

/// Batches of one configuration after which no more is expected to show whether it is sound.
const MAX_BATCHES_OF_PROBE: usize = 3;

/// Strategies that must fail before one that was not measured is believed to fail as well.
const STRATEGIES_TO_GENERALISE: usize = 2;

/// What was seen of one configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// The configuration.
    pub(crate) cell: Configuration,
    /// Tasks that failed or timed out, of those that ended.
    pub(crate) failed: Tally,
    /// The comparison of the outputs.
    pub(crate) outputs: Option<OutputComparison>,
    /// Number of batches.
    pub(crate) batches: usize,
}

impl Seen {
    /// Takes what the result of a configuration says.
    pub(crate) fn of(result: &ConfigurationResult) -> Self {
        Seen {
            cell: result.cell,
            failed: failed(&result.tasks),
            outputs: result.outputs,
            batches: result.rounds.len(),
        }
    }
}

/// Returns the tasks that failed or timed out, of those that ended.
pub(crate) fn failed(tasks: &TaskCounts) -> Tally {
    let hits = tasks.failed + tasks.timed_out;
    Tally { hits, trials: tasks.ok + hits }
}

/// The widths from which tasks go wrong, by strategy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Soundness {
    failing: BTreeMap<StrategyKind, Onset>,
    wrong: BTreeMap<StrategyKind, Onset>,
    /// Configurations that more batches would say nothing new about.
    exhausted: Vec<Configuration>,
}

impl Soundness {
    /// Concludes from the configurations seen; `alone` has further tasks that ran one after another, such as
    /// those of the profile.
    pub(crate) fn of(alone: Tally, seen: &[Seen]) -> Self {
        let reference = seen.iter().filter(|s| s.cell == Configuration::REFERENCE);
        let alone = reference.fold(alone, |sum, s| sum.plus(s.failed));
        let exhausted = seen.iter().filter(|s| s.batches >= MAX_BATCHES_OF_PROBE).map(|s| s.cell);
        Soundness { failing: failing(alone, seen), wrong: wrong(seen), exhausted: exhausted.collect() }
    }

    /// Returns true if tasks go wrong at a width of the strategy, and this one was not shown to be sound.
    pub(crate) fn doubts(&self, cell: Configuration) -> bool {
        let beyond = |onsets: &BTreeMap<StrategyKind, Onset>| {
            onsets.get(&cell.strategy).is_some_and(|onset| cell.width > onset.width)
        };
        beyond(&self.failing) || beyond(&self.wrong)
    }

    /// Returns true if tasks fail from a width on that a configuration reaches.
    pub(crate) fn fails(&self, cell: Configuration) -> bool {
        self.failing.get(&cell.strategy).is_some_and(|onset| cell.width >= onset.at)
    }

    /// Returns true if outputs are wrong at a width of the strategy, and were not shown to be right at this one.
    pub(crate) fn gives_wrong_outputs(&self, cell: Configuration) -> bool {
        self.wrong.get(&cell.strategy).is_some_and(|onset| cell.width > onset.width)
    }

    /// Returns the width from which tasks of a strategy fail; for sequential, the smallest of any strategy.
    pub(crate) fn failing_beyond(&self, strategy: StrategyKind) -> Option<Onset> {
        match strategy {
            StrategyKind::Sequential => self.failing.values().min_by_key(|onset| onset.at).copied(),
            _ => self.failing.get(&strategy).copied(),
        }
    }

    /// Returns the configurations to run next to learn from which width on tasks go wrong: at most one for
    /// failures, and one of each strategy with wrong outputs. `candidates` come with their expected throughput.
    pub(crate) fn probes(&self, candidates: &[(Configuration, f64)]) -> Vec<Configuration> {
        let open = |cell: &Configuration, onset: Onset| {
            cell.width > onset.width && cell.width < onset.at && !self.exhausted.contains(cell)
        };
        let of = |strategy: StrategyKind, onset: Onset| {
            let own = candidates.iter().filter(|(cell, _)| cell.strategy == strategy && open(cell, onset));
            let width = between(onset, own.clone().map(|(cell, _)| cell.width))?;
            own.filter(|(cell, _)| cell.width == width).max_by(|a, b| a.1.total_cmp(&b.1)).copied()
        };
        let failing = self.failing.iter().filter_map(|(strategy, onset)| of(*strategy, *onset));
        let failing = failing.max_by(|a, b| a.1.total_cmp(&b.1));
        let wrong = self.wrong.iter().filter_map(|(strategy, onset)| of(*strategy, *onset));
        failing.into_iter().chain(wrong).map(|(cell, _)| cell).collect()
    }
}

/// Returns the width from which the tasks of each strategy fail.
fn failing(alone: Tally, seen: &[Seen]) -> BTreeMap<StrategyKind, Onset> {
    let of = |kinds: &[StrategyKind]| onset_of_failures(alone, &failures(alone, seen, kinds));
    let own: BTreeMap<StrategyKind, Onset> =
        kinds(seen).into_iter().filter_map(|kind| Some((kind, of(&[kind])?))).collect();
    let mut pool: Vec<StrategyKind> = own.keys().copied().collect();
    let mut found = own.clone();
    while let Some(pooled) = of(&pool) {
        let size = pool.len();
        // Sound where others fail: its failures have another cause.
        pool.retain(|kind| own[kind].width < pooled.at);
        if pool.len() < size {
            continue;
        }
        found.extend(pool.iter().map(|kind| (*kind, pooled)));
        if pool.len() >= STRATEGIES_TO_GENERALISE {
            let others = StrategyKind::ALL.into_iter().filter(|kind| *kind != StrategyKind::Sequential);
            let untried = others.filter(|kind| {
                let reaches = |s: &Seen| s.cell.strategy == *kind && s.cell.width >= pooled.at;
                !own.contains_key(kind) && !seen.iter().any(|s| reaches(s) && s.failed.trials > 0)
            });
            let with = |kind: StrategyKind| [&pool[..], &[kind]].concat();
            found.extend(untried.filter_map(|kind| Some((kind, of(&with(kind))?))));
        }
        break;
    }
    found
}

/// Returns the width from which the outputs of each strategy are wrong.
fn wrong(seen: &[Seen]) -> BTreeMap<StrategyKind, Onset> {
    let of = |kind: StrategyKind| {
        let own = seen.iter().filter(|s| s.cell.strategy == kind);
        let widths: Vec<AtWidth> = own
            .filter_map(|s| {
                let outputs = s.outputs?;
                let is_clear = outputs.is_wrong();
                Some(AtWidth { width: s.cell.width, wrong: outputs.tally(), is_clear })
            })
            .collect();
        onset_of_wrong_outputs(&widths)
    };
    kinds(seen).into_iter().filter_map(|kind| Some((kind, of(kind)?))).collect()
}

/// Returns the failures of some strategies by the tasks in flight, each compared with those of the narrower widths
/// that are no worse than one task at a time.
fn failures(alone: Tally, seen: &[Seen], kinds: &[StrategyKind]) -> Vec<AtWidth> {
    let mut widths: BTreeMap<usize, Tally> = BTreeMap::new();
    for s in seen.iter().filter(|s| kinds.contains(&s.cell.strategy)) {
        let sum = widths.entry(s.cell.width).or_default();
        *sum = sum.plus(s.failed);
    }
    let mut sound = alone;
    let at = |(width, wrong): (usize, Tally)| {
        let is_clear = clearly_fails_more(wrong, sound);
        if wrong.share() <= alone.share() + FAILURE_MARGIN {
            sound = sound.plus(wrong);
        }
        AtWidth { width, wrong, is_clear }
    };
    widths.into_iter().map(at).collect()
}

/// Returns the concurrent strategies among the configurations.
fn kinds(seen: &[Seen]) -> Vec<StrategyKind> {
    let mut kinds: Vec<StrategyKind> = seen.iter().map(|s| s.cell.strategy).collect();
    kinds.retain(|kind| *kind != StrategyKind::Sequential);
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::agreement::OutputVerdict;

    use StrategyKind::{Async, Processes, Sequential, Threads, WorkStealing};

    fn seen(strategy: StrategyKind, width: usize, hits: u64, trials: u64) -> Seen {
        let cell = Configuration::new(strategy, width);
        Seen { cell, failed: Tally { hits, trials }, outputs: None, batches: 1 }
    }

    fn wrong(strategy: StrategyKind, width: usize, differing: u64, compared: u64) -> Seen {
        let verdict = if differing > 0 { OutputVerdict::Different } else { OutputVerdict::Same };
        let outputs = Some(OutputComparison { verdict, compared, differing });
        Seen { outputs, ..seen(strategy, width, 0, compared) }
    }

    fn of(seen: &[Seen]) -> Soundness {
        Soundness::of(Tally { hits: 0, trials: 30 }, seen)
    }

    fn cell(strategy: StrategyKind, width: usize) -> Configuration {
        Configuration::new(strategy, width)
    }

    #[test]
    fn failures_of_all_strategies_are_pooled_by_tasks_in_flight() {
        let found = of(&[
            seen(Sequential, 1, 0, 20),
            seen(Async, 64, 180, 192),
            seen(Threads, 48, 130, 144),
            seen(Threads, 4, 0, 40),
            seen(Async, 6, 12, 24),
        ]);
        let onset = Onset { width: 4, at: 6, share: 0.5 };
        assert_eq!(found.failing_beyond(Threads), Some(onset));
        assert_eq!(found.failing_beyond(Sequential), Some(onset));
        assert_eq!(found.failing_beyond(WorkStealing), Some(onset), "two strategies speak for a third");
        assert!(found.fails(cell(Threads, 6)) && !found.fails(cell(Threads, 5)));
        assert!(found.doubts(cell(Threads, 5)) && !found.doubts(cell(Threads, 4)));
    }

    #[test]
    fn a_strategy_that_is_sound_where_another_fails_is_judged_on_its_own() {
        // Results that cannot be pickled, and a counter that every process has for itself.
        let found = of(&[seen(Processes, 2, 24, 24), seen(Threads, 64, 0, 192)]);
        assert!(found.fails(cell(Processes, 2)));
        assert_eq!([Threads, Async].map(|kind| found.failing_beyond(kind)), [None, None]);
        let found =
            of(&[seen(Threads, 64, 180, 192), seen(Async, 48, 130, 144), seen(Processes, 64, 0, 192)]);
        assert_eq!(found.failing_beyond(Processes), None);
        assert_eq!(found.failing_beyond(Threads).map(|onset| onset.at), Some(48));
    }

    #[test]
    fn a_strategy_to_which_failures_are_generalised_keeps_the_widths_at_which_it_was_sound() {
        let found = of(&[seen(Threads, 24, 98, 100), seen(Async, 24, 98, 100), seen(Processes, 16, 0, 100)]);
        let width = |kind| found.failing_beyond(kind).map(|onset| onset.width);
        assert_eq!([Threads, Processes].map(width), [Some(1), Some(16)]);
    }

    #[test]
    fn narrow_widths_speak_for_what_is_normal_where_few_tasks_ran_alone() {
        let of = |seen: &[Seen]| Soundness::of(Tally { hits: 0, trials: 3 }, seen).failing_beyond(Threads);
        let wide = [seen(Threads, 24, 50, 60), seen(Threads, 16, 30, 60)];
        assert_eq!(of(&wide[1..]), None, "three tasks say little");
        let all = [&wide[..], &[seen(Threads, 4, 0, 40)]].concat();
        assert_eq!(of(&all), Some(Onset { width: 4, at: 16, share: 0.5 }));
    }

    #[test]
    fn one_strategy_alone_does_not_speak_for_those_not_tried() {
        let found = of(&[seen(Threads, 64, 180, 192)]);
        assert!(found.doubts(cell(Threads, 64)) && !found.doubts(cell(Async, 64)));
    }

    #[test]
    fn probes_halve_the_bracket_and_end() {
        let candidates: Vec<(Configuration, f64)> = [Async, Threads]
            .into_iter()
            .flat_map(|kind| [2, 4, 8, 16, 32, 64].map(|n| (cell(kind, n), n as f64)))
            .collect();
        let mut all = vec![seen(Async, 64, 180, 192), seen(Threads, 64, 180, 192)];
        let mut tried = Vec::new();
        while let [next] = of(&all).probes(&candidates)[..] {
            tried.push(next.width);
            assert!(tried.len() < 10, "{tried:?}");
            let hits = if next.width > 4 { 20 } else { 0 };
            all.push(seen(next.strategy, next.width, hits, 40));
        }
        assert_eq!(tried, [8, 4]);
        assert_eq!(of(&all).failing_beyond(Async), Some(Onset { width: 4, at: 8, share: 0.5 }));
    }

    #[test]
    fn wrong_outputs_rule_out_their_strategy_unless_a_narrow_width_is_shown_right() {
        let found = of(&[wrong(Threads, 16, 59, 60), wrong(Threads, 2, 0, 20), wrong(Processes, 6, 0, 60)]);
        assert!(found.gives_wrong_outputs(cell(Threads, 2)), "twenty outputs do not refute a race");
        assert!(!found.gives_wrong_outputs(cell(Processes, 6)));
        assert_eq!(found.probes(&[(cell(Threads, 2), 1.0)]), [cell(Threads, 2)]);
        // A program that answers "busy" from a fifth call on.
        let found = of(&[wrong(Threads, 6, 20, 60), wrong(Threads, 4, 0, 60)]);
        assert!(!found.gives_wrong_outputs(cell(Threads, 4)) && found.gives_wrong_outputs(cell(Threads, 5)));
    }
}
