//! The chunk question: how many tasks a message to a worker process should hold.

use crate::advice::note::Note;
use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::LedgerPerTask;
use crate::model::message::chunk;
use crate::strategy::StrategyKind;

/// Seconds that a message costs in CPython's `ProcessPoolExecutor`, measured once with CPython 3 on a
/// Xeon at 2.5 GHz. The queue, the locks and the pickling of the pool cost ten times as much as a pipe.
pub(crate) const PYTHON_MESSAGE_S: f64 = 135e-6;

/// Minimum share of the work that transfer takes before a note reports it.
const WORTH_TELLING: f64 = 0.05;

/// Returns the number of tasks that a program should send to a worker process at once, from the measured
/// cost of a message and the seconds that a task takes alone; `None` if no whole tasks are sent.
pub(crate) fn chunk_size(result: &ConfigurationResult, tasks: u64, task_s: f64) -> Option<u64> {
    Some(chunk(ledger(result)?.message_s?, task_s, tasks, result.cell.width))
}

fn ledger(result: &ConfigurationResult) -> Option<&LedgerPerTask> {
    result.ledger.as_ref().filter(|_| result.cell.strategy == StrategyKind::Processes)
}

/// Returns the note about chunks that follows from the cost of messages; `task_s` is the time of a task
/// alone.
pub(crate) fn note(chosen: &ConfigurationResult, tasks: u64, task_s: f64, is_python: bool) -> Option<Note> {
    let whole = chosen.ledger.as_ref()?;
    let Some(ledger) = ledger(chosen) else { return costly(whole) };
    let message_s = ledger.message_s?;
    let chunk_of = |message_s| chunk(message_s, task_s, tasks, chosen.cell.width);
    let chunksize = chunk_of(message_s);
    if is_python {
        let is_worth = chunksize > 1;
        return is_worth
            .then_some(Note::PythonChunks { chunksize, task_s, message_s })
            .or_else(|| costly(whole));
    }
    let python_chunksize = chunk_of(message_s.max(PYTHON_MESSAGE_S));
    if python_chunksize == 1 {
        return costly(whole);
    }
    Some(Note::SendChunks {
        tasks_per_message: chunksize,
        task_s,
        message_s,
        python_message_s: PYTHON_MESSAGE_S,
        python_chunksize,
    })
}

fn costly(ledger: &LedgerPerTask) -> Option<Note> {
    let share = ledger.transfer_s / ledger.working_s;
    let is_large = ledger.working_s > 0.0 && share >= WORTH_TELLING;
    is_large.then_some(Note::CostlyTransfer { transfer_s: ledger.transfer_s, share })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::cell;

    fn result(kind: StrategyKind, working_s: f64, message_s: f64) -> ConfigurationResult {
        let ledger = LedgerPerTask {
            workers: 4,
            startup_s: 0.0,
            waiting_s: 0.0,
            working_s,
            transfer_s: message_s,
            tasks_per_message: 1.0,
            message_s: Some(message_s),
        };
        ConfigurationResult { ledger: Some(ledger), ..cell(kind, 4, 1000.0) }
    }

    #[test]
    fn chunks_follow_from_the_measured_costs() {
        assert_eq!(chunk_size(&result(StrategyKind::Processes, 10e-6, 20e-6), 100_000, 10e-6), Some(40));
        assert_eq!(chunk_size(&result(StrategyKind::Processes, 5e-3, 20e-6), 100_000, 5e-3), Some(1));
        assert_eq!(chunk_size(&result(StrategyKind::Processes, 10e-6, 20e-6), 320, 10e-6), Some(10));
    }

    #[test]
    fn only_processes_are_sent_whole_tasks() {
        assert_eq!(chunk_size(&result(StrategyKind::Hybrid, 10e-6, 20e-6), 100_000, 10e-6), None);
        assert_eq!(chunk_size(&cell(StrategyKind::Threads, 4, 1000.0), 100_000, 10e-6), None);
    }

    #[test]
    fn transfer_is_noted_where_it_weighs() {
        let noted = |working_s| costly(&result(StrategyKind::Hybrid, working_s, 20e-6).ledger?);
        assert_eq!(noted(1e-3), None);
        assert_eq!(noted(1e-4), Some(Note::CostlyTransfer { transfer_s: 20e-6, share: 0.2 }));
    }

    #[test]
    fn small_tasks_should_travel_in_chunks() {
        let chosen = result(StrategyKind::Processes, 20e-6, 12e-6);
        let Some(Note::SendChunks { tasks_per_message, python_chunksize, .. }) =
            note(&chosen, 100_000, 20e-6, false)
        else {
            panic!("a message costs as much as a task");
        };
        assert!(python_chunksize > tasks_per_message && tasks_per_message > 1);
        let python = note(&chosen, 100_000, 20e-6, true);
        assert!(
            matches!(python, Some(Note::PythonChunks { chunksize, .. }) if chunksize == tasks_per_message)
        );
    }
}
