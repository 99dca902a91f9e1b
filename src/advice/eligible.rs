//! Selection of the cells that may win: those that ran and whose tasks succeeded.

use crate::advice::note::{FailingConfiguration, Note};
use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::{Status, TaskCounts};

/// Minimum share of successful tasks for a cell to be eligible.
const MOSTLY_OK: f64 = 0.5;

/// Maximum excess of a cell's failure share over the lowest one that never excludes the cell.
const FAILURE_MARGIN: f64 = 0.01;

/// Number of standard errors by which a failure share must exceed the lowest one to be clearly higher:
/// the two-sided 99% quantile of the normal distribution, because many cells are compared.
const FAILURE_Z: f64 = 2.576;

/// Number of batches from which a cell is eligible, even if other cells have more batches.
const ENOUGH_BATCHES: usize = 2;

/// The cells that may win, and a note about the others.
#[derive(Debug)]
pub(crate) struct Eligible<'a> {
    /// Cells with a throughput, in the order given.
    pub(crate) cells: Vec<&'a ConfigurationResult>,
    /// The cells that are left out because their tasks fail, if there are any.
    pub(crate) note: Option<Note>,
}

/// Excludes the cells that did not run and those that are fast only because their tasks fail.
pub(crate) fn eligible(cells: &[ConfigurationResult]) -> Eligible<'_> {
    let ran: Vec<&ConfigurationResult> = cells.iter().filter(|c| ran(c)).collect();
    let Some(least) = ran
        .iter()
        .map(|c| c.tasks)
        .min_by(|a, b| failure_share(a).total_cmp(&failure_share(b)).then(finished(b).cmp(&finished(a))))
    else {
        return Eligible { cells: Vec::new(), note: None };
    };
    let (cells, failing): (Vec<_>, Vec<_>) = ran
        .into_iter()
        .partition(|c| failure_share(&c.tasks) <= 1.0 - MOSTLY_OK && !clearly_fails_more(&c.tasks, &least));
    Eligible { cells, note: note(&failing, &least) }
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
    (tasks.failed + tasks.timed_out) as f64 / finished(tasks).max(1) as f64
}

fn finished(tasks: &TaskCounts) -> u64 {
    tasks.ok + tasks.failed + tasks.timed_out
}

fn ran(cell: &ConfigurationResult) -> bool {
    let measured = cell.throughput_per_s.is_some_and(|x| x > 0.0 && x.is_finite());
    cell.status == Status::Ok && measured && cell.tasks.ok > 0
}

/// Returns true if `tasks` fail significantly more often than `least`: a two-proportion z test, with a
/// margin below which even certain differences do not count.
fn clearly_fails_more(tasks: &TaskCounts, least: &TaskCounts) -> bool {
    let difference = failure_share(tasks) - failure_share(least);
    let (n, m) = (finished(tasks) as f64, finished(least) as f64);
    let pooled = (failure_share(tasks) * n + failure_share(least) * m) / (n + m);
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    difference > FAILURE_MARGIN && difference > FAILURE_Z * error
}

fn note(failing: &[&ConfigurationResult], least: &TaskCounts) -> Option<Note> {
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
        assert_eq!(eligible.note, None);
    }

    #[test]
    fn a_cell_that_is_fast_because_tasks_fail_is_left_out_with_a_note() {
        let cells =
            [cell(StrategyKind::Sequential, 1, 20.0), failing(cell(StrategyKind::Threads, 64, 5000.0), 0.4)];
        let eligible = eligible(&cells);
        assert_eq!(eligible.cells, [&cells[0]]);
        let failing = vec![FailingConfiguration { configuration: cells[1].cell, share: 0.4 }];
        assert_eq!(eligible.note, Some(Note::FailingLeftOut { failing, lowest_share: 0.0 }));
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
        assert!(!clearly_fails_more(&counts(18, 2), &counts(20, 0)));
        assert!(clearly_fails_more(&counts(12, 8), &counts(20, 0)));
        assert!(clearly_fails_more(&counts(950, 50), &counts(1000, 0)));
        assert!(!clearly_fails_more(&counts(99_500, 500), &counts(100_000, 0)));
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
