//! The advice about an engine, from what was measured on it and on this machine.

use crate::advice::result::CodeExample;
use crate::cluster::dask::chunk_sizes::{self, ChunkSizes};
use crate::cluster::engine_advice::{EngineAdvice, EngineMeasurement, MachineMeasurement};
use crate::cluster::payoff;
use crate::cluster::slurm::cut::{Pace, items_per_task};
use crate::job::engine_report::EngineKind;

/// The job that the advice is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AdvisedJob {
    /// Its tasks.
    pub(crate) tasks: u64,
    /// CPUs of an array task.
    pub(crate) cpus_per_task: u64,
    /// Tasks per second that a resource lets through which all machines share, if there is one.
    pub(crate) shared_per_s: Option<f64>,
}

/// Compares an engine with this machine.
pub(crate) fn advise(
    measured: EngineMeasurement,
    machine: MachineMeasurement,
    asked: AdvisedJob,
    code_examples: Vec<CodeExample>,
) -> EngineAdvice {
    let longest = chunk_sizes::longest(thread_s(&measured));
    let scaling = payoff::scaling(&measured, longest, asked.shared_per_s);
    let job = payoff::job(asked.tasks, &measured, &machine);
    EngineAdvice {
        verdict: payoff::verdict(&job),
        pays_from: payoff::pays_from(asked.tasks, &measured, &machine, &scaling),
        predicted: payoff::predictions(&measured, &scaling),
        measured,
        machine,
        job,
        scaling,
        code_examples,
    }
}

/// Returns the tasks that a message, or an array task, is to carry.
pub(crate) fn chunk(measured: &EngineMeasurement, asked: AdvisedJob) -> u64 {
    let task_s = thread_s(measured);
    let threads = measured.threads.max(1);
    match measured.kind {
        EngineKind::Dask => {
            let mut sizes = ChunkSizes::new(measured.message_s);
            sizes.add(1, task_s, 0);
            sizes.next(Some(asked.tasks), threads as usize, measured.inner_width.max(1) as usize) as u64
        }
        EngineKind::Slurm => {
            let slots = (threads / asked.cpus_per_task.max(1)).max(1);
            let item_s = task_s / asked.cpus_per_task.max(1) as f64;
            items_per_task(asked.tasks, Pace { item_s, start_s: measured.message_s.unwrap_or(1.0) }, slots)
        }
    }
}

/// Returns the seconds of a thread, or of a CPU, for each task.
fn thread_s(measured: &EngineMeasurement) -> f64 {
    measured.threads.max(1) as f64 / measured.throughput_per_s
}
