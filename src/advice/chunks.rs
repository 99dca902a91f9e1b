//! The chunk question: how many tasks a message to a worker process should hold.

use crate::advice::limit::Situation;
use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::LedgerPerTask;
use crate::model::message::chunk;
use crate::strategy::StrategyKind;
use crate::units::{Seconds, Share};

/// What a message costs in CPython's `ProcessPoolExecutor`, in seconds: taken once, with CPython 3 on a
/// Xeon at 2.5 GHz. Its queue, locks and pickling cost ten times as much as a pipe.
pub(crate) const PYTHON_MESSAGE_S: f64 = 135e-6;

/// Transfer is worth a word from this share of the work on.
const WORTH_TELLING: f64 = 0.05;

/// Tasks that a program should send to a worker process at once, from what a message was measured to
/// cost and the seconds that a task takes alone; `None` where no whole tasks are sent to processes.
pub(crate) fn chunk_size(result: &ConfigurationResult, tasks: u64, task_s: f64) -> Option<u64> {
    Some(chunk(ledger(result)?.message_s?, task_s, tasks, result.cell.width))
}

fn ledger(result: &ConfigurationResult) -> Option<&LedgerPerTask> {
    result.ledger.as_ref().filter(|_| result.cell.strategy == StrategyKind::Processes)
}

/// What handing over costs, and the chunks that follow from it.
pub(crate) fn note(at: &Situation<'_>) -> Option<String> {
    let chosen = at.choice.chosen;
    let whole = chosen.ledger.as_ref()?;
    let Some(ledger) = ledger(chosen) else { return costly(whole) };
    let (tasks, task_s) = (at.workload.tasks(), at.profile.task.total_s());
    let message_s = ledger.message_s?;
    let here = chunk(message_s, task_s, tasks, chosen.cell.width);
    if at.profile.python.is_some() {
        return (here > 1).then(|| of_python(here, task_s, message_s)).or_else(|| costly(whole));
    }
    let python_s = message_s.max(PYTHON_MESSAGE_S);
    let python = chunk(python_s, task_s, tasks, chosen.cell.width);
    if python == 1 {
        return costly(whole);
    }
    Some(format!(
        "send {} per message: a task takes {} and a message costs {} here; with ProcessPoolExecutor.map, whose messages cost about {}, chunksize={python}",
        if here == 1 { "1 task".to_owned() } else { format!("{here} tasks") },
        Seconds(task_s),
        Seconds(message_s),
        Seconds(PYTHON_MESSAGE_S),
    ))
}

/// The same where a `ProcessPoolExecutor` was measured.
fn of_python(chunk: u64, task_s: f64, message_s: f64) -> String {
    format!(
        "a task takes {} and handing over costs {} here: chunksize={chunk}",
        Seconds(task_s),
        Seconds(message_s)
    )
}

fn costly(ledger: &LedgerPerTask) -> Option<String> {
    let share = ledger.transfer_s / ledger.working_s;
    (ledger.working_s > 0.0 && share >= WORTH_TELLING).then(|| {
        format!(
            "handing over to the processes costs {} per task, {} of what it works there",
            Seconds(ledger.transfer_s),
            Share(share)
        )
    })
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
    fn transfer_is_told_where_it_weighs() {
        let told = |working_s| costly(&result(StrategyKind::Hybrid, working_s, 20e-6).ledger?);
        assert_eq!(told(1e-3), None);
        let expected = "handing over to the processes costs 20.0 µs per task, 20% of what it works there";
        assert_eq!(told(1e-4).as_deref(), Some(expected));
    }
}
