//! Selection of the cells that may win: those that ran, whose tasks succeeded and whose outputs are right.

use crate::advice::note::{FailingConfiguration, Note, WrongConfiguration};
use crate::benchmark::ConfigurationResult;
use crate::benchmark::onset::clearly_fails_more;
use crate::benchmark::result::{Status, TaskCounts};
use crate::benchmark::soundness::{Seen, Soundness, failed};
use crate::stats::proportion::Tally;

/// Minimum share of successful tasks for a cell to be eligible.
const MOSTLY_OK: f64 = 0.5;

/// Number of batches from which a cell is eligible, even if other cells have more batches.
const ENOUGH_BATCHES: usize = 2;

/// The cells that may win, and a note about the others.
#[derive(Debug)]
pub(crate) struct Eligible<'a> {
    /// Cells with a throughput, in the order given.
    pub(crate) cells: Vec<&'a ConfigurationResult>,
    /// The cells that are left out because their outputs are wrong or their tasks fail.
    pub(crate) notes: Vec<Note>,
}

/// Returns what is believed about the widths from which tasks go wrong.
pub(crate) fn soundness(cells: &[ConfigurationResult]) -> Soundness {
    let seen: Vec<Seen> = cells.iter().map(Seen::of).collect();
    Soundness::of(Tally::default(), &seen)
}

/// Excludes the cells that did not run, those that are fast only because their tasks fail, and those whose
/// outputs are wrong.
pub(crate) fn eligible(cells: &[ConfigurationResult]) -> Eligible<'_> {
    let ran: Vec<&ConfigurationResult> = cells.iter().filter(|c| ran(c)).collect();
    let Some(least) = ran
        .iter()
        .map(|c| c.tasks)
        .min_by(|a, b| failure_share(a).total_cmp(&failure_share(b)).then(finished(b).cmp(&finished(a))))
    else {
        return Eligible { cells: Vec::new(), notes: Vec::new() };
    };
    let soundness = soundness(cells);
    let (right, wrong): (Vec<_>, Vec<_>) =
        ran.into_iter().partition(|c| !soundness.gives_wrong_outputs(c.cell));
    let fails = |c: &ConfigurationResult| {
        failure_share(&c.tasks) > 1.0 - MOSTLY_OK
            || clearly_fails_more(failed(&c.tasks), failed(&least))
            || soundness.fails(c.cell)
    };
    let (failing, cells): (Vec<_>, Vec<_>) = right.into_iter().partition(|c| fails(c));
    let notes = [wrong_outputs(&wrong), failing_tasks(&failing, &least)];
    Eligible { cells, notes: notes.into_iter().flatten().collect() }
}

/// Returns the cells measured often enough to be chosen.
///
/// One lucky batch of a cell that was tried last must not win over cells that were measured repeatedly.
pub(crate) fn well_measured<'a>(cells: &[&'a ConfigurationResult]) -> Vec<&'a ConfigurationResult> {
    let most = cells.iter().map(|c| c.rounds.len()).max().unwrap_or(0);
    cells.iter().copied().filter(|c| c.rounds.len() >= most.min(ENOUGH_BATCHES)).collect()
}

/// Returns the share of finished tasks that failed or timed out; cancelled tasks do not count.
pub(crate) fn failure_share(tasks: &TaskCounts) -> f64 {
    failed(tasks).share()
}

fn finished(tasks: &TaskCounts) -> u64 {
    tasks.ok + tasks.failed + tasks.timed_out
}

fn ran(cell: &ConfigurationResult) -> bool {
    let measured = cell.throughput_per_s.is_some_and(|x| x > 0.0 && x.is_finite());
    cell.status == Status::Ok && measured && cell.tasks.ok > 0
}

fn wrong_outputs(wrong: &[&ConfigurationResult]) -> Option<Note> {
    let of = |result: &&ConfigurationResult| {
        let outputs = result.outputs?;
        let (compared, differing) = (outputs.compared, outputs.differing);
        Some(WrongConfiguration { configuration: result.cell, compared, differing })
    };
    let wrong: Vec<_> = wrong.iter().filter_map(of).collect();
    (!wrong.is_empty()).then_some(Note::WrongOutputs { wrong })
}

fn failing_tasks(failing: &[&ConfigurationResult], least: &TaskCounts) -> Option<Note> {
    let of = |result: &&ConfigurationResult| FailingConfiguration {
        configuration: result.cell,
        share: failure_share(&result.tasks),
    };
    let failing: Vec<_> = failing.iter().map(of).collect();
    (!failing.is_empty()).then(|| Note::FailingLeftOut { failing, lowest_share: failure_share(least) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::*;
    use crate::benchmark::agreement::{OutputComparison, OutputVerdict};
    use crate::benchmark::onset::Onset;
    use crate::strategy::StrategyKind;

    fn counts(ok: u64, failed: u64) -> TaskCounts {
        TaskCounts { ok, failed, ..TaskCounts::default() }
    }

    #[test]
    fn cells_that_did_not_run_are_left_out_without_a_word() {
        let cells =
            [skipped(StrategyKind::Async, 512, "no descriptors"), cell(StrategyKind::Async, 8, 100.0)];
        let eligible = eligible(&cells);
        assert_eq!(eligible.cells, [&cells[1]]);
        assert_eq!(eligible.notes, []);
    }

    #[test]
    fn a_cell_that_is_fast_because_tasks_fail_is_left_out_with_a_note() {
        let cells =
            [cell(StrategyKind::Sequential, 1, 20.0), failing(cell(StrategyKind::Threads, 64, 5000.0), 0.4)];
        let eligible = eligible(&cells);
        assert_eq!(eligible.cells, [&cells[0]]);
        let failing = vec![FailingConfiguration { configuration: cells[1].cell, share: 0.4 }];
        assert_eq!(eligible.notes, [Note::FailingLeftOut { failing, lowest_share: 0.0 }]);
    }

    #[test]
    fn failures_that_every_cell_has_are_held_against_none() {
        let cells = [
            failing(cell(StrategyKind::Sequential, 1, 20.0), 0.02),
            failing(cell(StrategyKind::Async, 64, 900.0), 0.025),
        ];
        assert_eq!(eligible(&cells).cells.len(), 2);
    }

    #[test]
    fn a_few_failures_of_few_tasks_are_chance() {
        let more = |tasks: &TaskCounts, least: &TaskCounts| clearly_fails_more(failed(tasks), failed(least));
        assert!(!more(&counts(18, 2), &counts(20, 0)));
        assert!(more(&counts(12, 8), &counts(20, 0)));
        assert!(more(&counts(950, 50), &counts(1000, 0)));
        assert!(!more(&counts(99_500, 500), &counts(100_000, 0)));
    }

    #[test]
    fn what_is_wider_than_a_failing_width_is_left_out_too() {
        let mut wide = cell(StrategyKind::Threads, 32, 3000.0);
        wide.tasks = counts(30, 2);
        let cells = [
            cell(StrategyKind::Sequential, 1, 20.0),
            cell(StrategyKind::Threads, 4, 80.0),
            failing(cell(StrategyKind::Threads, 8, 90.0), 0.4),
            wide,
        ];
        assert_eq!(eligible(&cells).cells, [&cells[0], &cells[1]]);
        let beyond = soundness(&cells).failing_beyond(StrategyKind::Threads);
        assert_eq!(beyond, Some(Onset { width: 4, at: 8, share: 0.4 }));
    }

    #[test]
    fn the_fastest_cell_is_left_out_if_its_outputs_are_wrong_whatever_the_strategy_gives_elsewhere() {
        let outputs = |verdict, compared, differing| Some(OutputComparison { verdict, compared, differing });
        let mut cells = [
            cell(StrategyKind::Sequential, 1, 200.0),
            cell(StrategyKind::Threads, 2, 400.0),
            cell(StrategyKind::Threads, 64, 9000.0),
            cell(StrategyKind::Processes, 8, 900.0),
            cell(StrategyKind::Async, 8, 800.0),
        ];
        cells[1].outputs = outputs(OutputVerdict::Same, 10, 0);
        cells[2].outputs = outputs(OutputVerdict::Different, 60, 59);
        cells[3].outputs = outputs(OutputVerdict::Same, 60, 0);
        cells[4].outputs = outputs(OutputVerdict::Random, 60, 60);
        let eligible = eligible(&cells);
        assert_eq!(eligible.cells, [&cells[0], &cells[3], &cells[4]]);
        let left_out = |n: usize, compared, differing| WrongConfiguration {
            configuration: cells[n].cell,
            compared,
            differing,
        };
        assert_eq!(
            eligible.notes,
            [Note::WrongOutputs { wrong: vec![left_out(1, 10, 0), left_out(2, 60, 59)] }]
        );
    }

    #[test]
    fn where_most_tasks_fail_everywhere_nothing_may_win() {
        let cells = [
            failing(cell(StrategyKind::Sequential, 1, 20.0), 0.9),
            failing(cell(StrategyKind::Async, 8, 90.0), 1.0),
        ];
        assert!(eligible(&cells).cells.is_empty());
    }

    #[test]
    fn cancelled_tasks_are_not_failures() {
        let tasks = TaskCounts { ok: 10, failed: 0, timed_out: 0, cancelled: 90 };
        assert_eq!(failure_share(&tasks), 0.0);
    }
}
