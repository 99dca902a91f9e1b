//! The process that is profiled: runs tasks one after another and times their steps.

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::host::process::{adopt_orphans, die_with_parent, kill_descendants, wait_for_children};
use crate::host::usage::{CpuTime, peak_rss_of_children, peak_rss_of_self, schedstat_of_thread};
use crate::profile::slowest::Slowest;
use crate::workload::step::Output;
use crate::workload::task_outcomes::TaskOutcomes;
use crate::workload::{Env, Program, Workload};

/// What the process is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProfileSpec {
    /// The workload.
    pub workload: Arc<Workload>,
    /// The surroundings of the run.
    pub env: Env,
    /// No task is started later than this.
    pub time_limit: Duration,
    /// Tasks that may be run at the most; after the last item the first comes again.
    pub most_tasks: u64,
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum ProfileReply {
    /// The tasks ran; single ones may have failed.
    Done(Box<RawProfile>),
    /// The workload cannot be prepared.
    Refused(String),
}

/// Exact totals of the profiled tasks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RawProfile {
    /// CPU seconds to prepare the workload, before its first task.
    pub preparation_s: f64,
    /// Seconds from the first task started to the last one ended.
    pub wall_s: f64,
    /// CPU time, that of reaped children included.
    pub cpu: CpuTime,
    /// The part of `cpu` that children used.
    pub children_cpu: CpuTime,
    /// Seconds the thread that ran the tasks waited for a CPU, where the system tells.
    pub runqueue_s: Option<f64>,
    /// Seconds in each step, over all tasks.
    pub steps_s: Vec<f64>,
    /// What became of the tasks.
    pub tally: TaskOutcomes,
    /// The items that took longest.
    pub slowest: Slowest,
    /// Largest resident sizes of this process and of a command, in bytes.
    pub peak_rss_bytes: u64,
}

/// Reads a [`ProfileSpec`], runs tasks and writes the [`ProfileReply`].
///
/// # Errors
/// When the streams break or the specification is not one.
pub fn serve(mut stdin: impl BufRead, mut stdout: impl Write) -> io::Result<()> {
    die_with_parent();
    adopt_orphans();
    let mut line = String::new();
    stdin.read_line(&mut line)?;
    let spec: ProfileSpec = serde_json::from_str(&line)?;
    let before = CpuTime::of_self();
    let mut reply = match Program::prepare(&spec.workload, &spec.env) {
        Ok(program) => {
            let preparation_s = (CpuTime::of_self() - before).total_s();
            ProfileReply::Done(Box::new(RawProfile { preparation_s, ..run(&program, &spec) }))
        }
        Err(error) => ProfileReply::Refused(error.to_string()),
    };
    // What commands left running would compete with what is measured next.
    let before = CpuTime::of_children();
    kill_descendants();
    wait_for_children();
    if let ProfileReply::Done(raw) = &mut reply {
        // What outlived the command that started it was the command's work all the same.
        let left = CpuTime::of_children() - before;
        raw.cpu = raw.cpu + left;
        raw.children_cpu = raw.children_cpu + left;
    }
    serde_json::to_writer(&mut stdout, &reply)?;
    stdout.flush()
}

/// Runs tasks until the time is over, beginning again with the first item after the last.
fn run(program: &Program, spec: &ProfileSpec) -> RawProfile {
    let (mut tally, mut slowest) = (TaskOutcomes::default(), Slowest::default());
    let mut steps_s = vec![0.0; program.step_count()];
    let (cpu_before, children_before) = (CpuTime::of_self(), CpuTime::of_children());
    let queue_before = schedstat_of_thread();
    let begun = Instant::now();
    let mut last = begun;
    for position in 0..spec.most_tasks.max(1) {
        let result = run_task(program, position, &mut steps_s);
        let now = Instant::now();
        let index = program.index(position);
        tally.record(position, index, now - last, result);
        slowest.add(index % program.tasks(), now - last);
        last = now;
        if now - begun >= spec.time_limit {
            break;
        }
    }
    let children_cpu = CpuTime::of_children() - children_before;
    let queue = |(_, after): (u64, u64)| queue_before.map(|(_, before)| (after - before) as f64 * 1e-9);
    RawProfile {
        preparation_s: 0.0,
        wall_s: (last - begun).as_secs_f64(),
        cpu: CpuTime::of_self() - cpu_before + children_cpu,
        children_cpu,
        runqueue_s: schedstat_of_thread().and_then(queue),
        steps_s,
        tally,
        slowest,
        peak_rss_bytes: peak_rss_of_self() + peak_rss_of_children(),
    }
}

/// Runs one task step by step and adds the time of each.
fn run_task(program: &Program, position: u64, steps_s: &mut [f64]) -> Result<u64, Error> {
    let deadline = program.deadline();
    let mut output = Output::default();
    let mut last = Instant::now();
    for (i, total) in steps_s.iter_mut().enumerate() {
        let result = program.span_blocking(i..i + 1, position, deadline, output);
        let now = Instant::now();
        *total += (now - last).as_secs_f64();
        last = now;
        output = result?;
    }
    Ok(output.digest)
}
