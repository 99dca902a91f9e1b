//! The child process that is profiled: runs tasks one after another and times their steps.

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::host::clock::monotonic_ns;
use crate::host::orphans::keep_reaping;
use crate::host::process::{
    adopt_orphans, die_with_parent_unless_watched, kill_descendants, wait_for_children,
};
use crate::host::procfs::{Schedstat, own_schedstat};
use crate::host::usage::{CpuTime, peak_rss_of_children, peak_rss_of_self};
use crate::profile::accounting::early_end::{EarlyEnd, ProfileClocks};
use crate::profile::accounting::slowest::SlowestTasks;
use crate::workload::step::StepOutput;
use crate::workload::task_outcomes::TaskOutcomes;
use crate::workload::{Env, Program, Workload};

/// Request to the child process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TaskProfileRequest {
    /// The workload.
    pub workload: Arc<Workload>,
    /// The environment of the run.
    pub env: Env,
    /// Time after which no further task is started.
    pub time_limit: Duration,
    /// True if the profile ends before the time limit where more tasks would not change it.
    pub ends_early: bool,
    /// Number of tasks, at most; after the last item the first comes again.
    pub max_tasks: u64,
}

/// Reply of the child process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum TaskProfileReply {
    /// The tasks ran, some of them perhaps without success.
    Done(Box<TaskAccounting>),
    /// The workload could not be prepared, for this reason.
    Refused(String),
}

/// Exact totals of the profiled tasks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TaskAccounting {
    /// CPU seconds to prepare the workload, before its first task.
    pub preparation_s: f64,
    /// Time at which the first task started, by [`monotonic_ns`]; `None` if that was when sampling began.
    pub begun_ns: Option<u64>,
    /// Seconds from the start of the first task to the end of the last one.
    pub wall_s: f64,
    /// CPU time, with that of children that were waited for.
    pub cpu: CpuTime,
    /// Seconds that the thread that ran the tasks waited for a CPU; `None` if the system does not report it.
    pub runqueue_s: Option<f64>,
    /// Seconds in each step, over all tasks.
    pub steps_s: Vec<f64>,
    /// Sum of the squares of the seconds in each step; empty if it is not known.
    pub steps_square_s2: Vec<f64>,
    /// Outcomes of the tasks.
    pub tally: TaskOutcomes,
    /// The tasks that took longest.
    pub slowest: SlowestTasks,
    /// Largest resident sizes of this process and of a command, in bytes.
    pub peak_rss_bytes: u64,
}

/// Reads a [`TaskProfileRequest`], runs tasks and writes the [`TaskProfileReply`].
///
/// # Errors
/// When the streams break or the request cannot be read.
pub(crate) fn serve(mut stdin: impl BufRead, mut stdout: impl Write) -> io::Result<()> {
    die_with_parent_unless_watched();
    adopt_orphans();
    let mut line = String::new();
    stdin.read_line(&mut line)?;
    let spec: TaskProfileRequest = serde_json::from_str(&line)?;
    if spec.workload.runs_commands() {
        keep_reaping();
    }
    let before = CpuTime::of_self();
    let mut reply = match Program::prepare(&spec.workload, &spec.env) {
        Ok(program) => {
            let preparation_s = (CpuTime::of_self() - before).total_s();
            TaskProfileReply::Done(Box::new(TaskAccounting { preparation_s, ..run(&program, &spec) }))
        }
        Err(error) => TaskProfileReply::Refused(error.to_string()),
    };
    // Processes that commands left running would compete with the next measurement.
    let before = CpuTime::of_children();
    kill_descendants();
    wait_for_children();
    if let TaskProfileReply::Done(raw) = &mut reply {
        // A process that outlived its command was the command's work all the same.
        let left = CpuTime::of_children() - before;
        raw.cpu = raw.cpu + left;
    }
    serde_json::to_writer(&mut stdout, &reply)?;
    stdout.flush()
}

/// Runs tasks until the time is over, starting over after the last item.
fn run(program: &Program, spec: &TaskProfileRequest) -> TaskAccounting {
    let (mut tally, mut slowest) = (TaskOutcomes::default(), SlowestTasks::default());
    let mut steps = StepTimes::of(program.step_count());
    let runs_commands = spec.workload.runs_commands();
    let (cpu_before, children_before) = (CpuTime::of_self(), CpuTime::of_children());
    let queue_before = own_schedstat();
    let (begun_ns, begun) = (monotonic_ns(), Instant::now());
    let (mut last, mut early) = (begun, EarlyEnd::default());
    let clocks = |wall_s| {
        let cpu = CpuTime::of_self() - cpu_before + (CpuTime::of_children() - children_before);
        let queued = queue_before.zip(own_schedstat());
        ProfileClocks { wall_s, cpu_s: cpu.total_s(), queued_s: queued.map_or(0.0, waited_s) }
    };
    for position in 0..spec.max_tasks.max(1) {
        let result = run_task(program, position, &mut steps);
        let now = Instant::now();
        let index = program.index(position);
        let item = index % program.tasks();
        // A command knows nothing of a task but its item, so that its output and its failure are the item's.
        tally.record(position, if runs_commands { item } else { index }, now - last, result);
        slowest.add(item, now - last);
        let wall_s = (now - begun).as_secs_f64();
        let is_due = spec.ends_early && early.count((now - last).as_secs_f64(), wall_s);
        last = now;
        if now - begun >= spec.time_limit || (is_due && early.is_certain(clocks(wall_s))) {
            break;
        }
    }
    tally.redirects = program.redirects();
    let children_cpu = CpuTime::of_children() - children_before;
    let queued = queue_before.zip(own_schedstat());
    TaskAccounting {
        preparation_s: 0.0,
        begun_ns: Some(begun_ns),
        wall_s: (last - begun).as_secs_f64(),
        cpu: CpuTime::of_self() - cpu_before + children_cpu,
        runqueue_s: queued.map(waited_s),
        steps_s: steps.sum_s,
        steps_square_s2: steps.square_s2,
        tally,
        slowest,
        peak_rss_bytes: peak_rss_of_self() + peak_rss_of_children(),
    }
}

/// Returns the seconds in the run queue between two readings.
fn waited_s((before, after): (Schedstat, Schedstat)) -> f64 {
    (after.wait_ns - before.wait_ns) as f64 * 1e-9
}

/// The seconds in each step, over all tasks.
struct StepTimes {
    sum_s: Vec<f64>,
    square_s2: Vec<f64>,
}

impl StepTimes {
    fn of(steps: usize) -> Self {
        StepTimes { sum_s: vec![0.0; steps], square_s2: vec![0.0; steps] }
    }

    fn add(&mut self, step: usize, s: f64) {
        self.sum_s[step] += s;
        self.square_s2[step] += s * s;
    }
}

/// Runs one task step by step and adds the time of each.
fn run_task(program: &Program, position: u64, steps: &mut StepTimes) -> Result<u64, Error> {
    let deadline = program.deadline();
    let mut output = StepOutput::default();
    let mut last = Instant::now();
    for i in 0..program.step_count() {
        let result = program.span_blocking(i..i + 1, position, deadline, output);
        let now = Instant::now();
        steps.add(i, (now - last).as_secs_f64());
        last = now;
        output = result?;
    }
    Ok(output.digest)
}
