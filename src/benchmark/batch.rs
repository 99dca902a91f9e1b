//! A batch: some tasks of a workload under one configuration, run in a process of its own.
//!
//! With a fresh process no batch finds caches, heaps or connections that another one left, and its memory
//! and CPU time are its own.

use std::io::{self, BufRead, Write};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::benchmark::capacity::descriptors_needed;
use crate::benchmark::configuration::Configuration;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::how_ended::note_out_of_memory_kills;
use crate::host::inherited::raise_open_files;
use crate::host::orphans::keep_reaping;
use crate::host::process::{adopt_orphans, die_with_parent_unless_watched, kill_descendants};
use crate::strategy::Job;
use crate::strategy::run::{RunReport, run, strategy};
use crate::strategy::task_queue::TaskQueue;
use crate::workload::{Env, Program, Workload};

/// The request that the process of a batch receives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BatchSpec {
    /// The workload.
    pub workload: Arc<Workload>,
    /// The environment of this batch.
    pub env: Env,
    /// The strategy and its width.
    pub cell: Configuration,
    /// Positions of the permutation to run.
    pub tasks: Range<u64>,
    /// Number of CPUs that may be used at once.
    pub cpus: usize,
    /// Time after which no further task is started.
    pub stop_starting_after: Duration,
}

/// The answer of the process of a batch.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum BatchReply {
    /// The batch ran; single tasks may have failed.
    Done(Box<RunReport>),
    /// The strategy could not start.
    Failed(Error),
}

/// Serves one batch: reads a [`BatchSpec`], runs it and writes the [`BatchReply`].
///
/// # Errors
/// When a stream breaks or the specification cannot be parsed.
pub(crate) fn serve(mut stdin: impl BufRead, mut stdout: impl Write) -> io::Result<()> {
    die_with_parent_unless_watched();
    adopt_orphans();
    note_out_of_memory_kills();
    let mut line = String::new();
    stdin.read_line(&mut line)?;
    let spec: BatchSpec = serde_json::from_str(&line)?;
    let reply = match run_batch(&spec) {
        Ok(report) => BatchReply::Done(Box::new(report)),
        Err(error) => BatchReply::Failed(error),
    };
    // Processes that commands left running would compete with the next batch.
    kill_descendants();
    serde_json::to_writer(&mut stdout, &reply)?;
    stdout.flush()
}

/// Runs the batch in this process.
///
/// # Errors
/// When the workload cannot be prepared or the strategy cannot start.
pub(crate) fn run_batch(spec: &BatchSpec) -> Result<RunReport, Error> {
    let cell = spec.cell;
    let strategy = strategy(cell.strategy).ok_or_else(|| {
        let message = format!("the strategy '{}' is not supported yet", cell.strategy);
        Error::new(Code::WorkloadUnsupported, message)
    })?;
    // Twice what is counted, because connections that were closed may linger.
    raise_open_files(2 * descriptors_needed(cell.strategy, &spec.workload, cell.width));
    if spec.workload.runs_commands() {
        keep_reaping();
    }
    let program = Program::prepare(&spec.workload, &spec.env)
        .map_err(|error| Error::from_source(Code::PoolStart, "cannot prepare", error))?;
    let job = Job {
        workload: Arc::clone(&spec.workload),
        program: Arc::new(program),
        env: spec.env.clone(),
        width: cell.width,
        processes: cell.processes.unwrap_or(spec.cpus),
        stages: cell.stages,
        cpus: spec.cpus,
        stop_starting_after: Some(spec.stop_starting_after),
    };
    let queue = Arc::new(TaskQueue::new(spec.tasks.clone(), cell.width));
    run(strategy.as_ref(), &job, &queue)
}
