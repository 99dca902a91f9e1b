//! Events that the harness sends while it serves a request, and the reports they carry.

use serde::Deserialize;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::model::message::MessageCosts;
use crate::profile::result::TaskCost;
use crate::profile::result::{LibraryCall, OwnLimit};
use crate::strategy::time_breakdown::IpcStats;

/// A line from the harness; the request decides what `T` is.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum HarnessEvent<T> {
    /// Everything is imported and started, and tasks begin; in a check, one task begins.
    Ready {
        /// The item of that one task, as Python writes it.
        #[serde(default)]
        item: Option<String>,
    },
    /// The request is done.
    Done(T),
    /// The request failed.
    Failed {
        /// The code.
        code: Code,
        /// The message.
        message: String,
    },
}

impl<T> HarnessEvent<T> {
    /// Returns the report.
    ///
    /// # Errors
    /// If the harness failed, or tasks begin that nobody expects.
    pub(crate) fn into_report(self) -> Result<T, Error> {
        match self {
            HarnessEvent::Done(report) => Ok(report),
            HarnessEvent::Failed { code, message } => Err(Error::new(code, message)),
            HarnessEvent::Ready { .. } => {
                Err(Error::new(Code::PoolWorkerDied, "the harness sent an event out of order"))
            }
        }
    }
}

/// The callables of a workload.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Inspection {
    /// The steps, in order.
    pub steps: Vec<CallableForms>,
    /// The objects of the module that limit tasks themselves.
    pub own_limits: Vec<OwnLimit>,
    /// The functions of libraries that the callables name.
    #[serde(default)]
    pub library_calls: Vec<LibraryCall>,
    /// The number of items that the module provides; `None` if it provides none.
    pub items: Option<u64>,
    /// Seconds that importing the module took.
    pub import_s: f64,
    /// CPU seconds that importing the module took.
    pub import_cpu_s: f64,
    /// True if the process that imported the module forks a child for each batch.
    pub forks: bool,
    /// The start method of `multiprocessing` that the module has set; `None` if it has set none.
    pub start_method: Option<String>,
    /// The library that replaces threads or clocks, or "the module"; `None` if none does.
    pub replaced_by: Option<String>,
}

/// The times to start workers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct StartUpReport {
    /// The number of workers in the second pool.
    pub workers: u64,
    /// Seconds to start a pool of one process, and then a pool of `workers` processes.
    pub processes: [f64; 2],
    /// The same for interpreters; `None` if there is no pool of interpreters.
    pub interpreters: Option<[f64; 2]>,
}

/// The forms of one step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CallableForms {
    /// The name of the callable.
    pub name: String,
    /// True if it can be called on any thread.
    pub blocking: bool,
    /// True if it can be awaited.
    pub awaitable: bool,
    /// True if it has a parameter for the item.
    pub takes_item: bool,
    /// True if an item is a tuple of its arguments.
    pub unpacks: bool,
}

/// A kind of failure that the results file refers to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct TaskErrorKind {
    /// The code.
    pub code: Code,
    /// The message.
    pub message: String,
}

/// The cost of running tasks; their results are in the results file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct JobReport {
    /// Seconds until the strategy was ready for the first task, imports excluded.
    pub startup_s: f64,
    /// Seconds from the first task to the end of the last one.
    pub wall_s: f64,
    /// User CPU seconds of all processes.
    pub cpu_user_s: f64,
    /// System CPU seconds of all processes.
    pub cpu_system_s: f64,
    /// Sum of the peak resident sizes of all processes, in bytes.
    pub peak_rss_bytes: u64,
    /// Peak memory of all processes together, in bytes, each shared page counted once; `None` if the system
    /// does not report it.
    pub peak_pss_bytes: Option<u64>,
    /// The failures that the results file refers to.
    pub errors: Vec<TaskErrorKind>,
    /// Messages to workers, for strategies that have such workers.
    pub ipc: Option<IpcReport>,
}

/// The use of workers, as seen by the process that hands out the work.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct IpcReport {
    /// Number of workers.
    pub workers: u64,
    /// Seconds in which workers had something to do, summed over all workers.
    pub active_s: f64,
    /// The part of `active_s` in which workers ran tasks, by their own clocks.
    pub working_s: f64,
    /// Pairs of tasks in a message and number of such messages.
    pub messages: Vec<(u64, u64)>,
}

impl IpcReport {
    /// Returns the statistics that every other strategy has. Messages are not timed one by one, so each
    /// costs the mean.
    pub(crate) fn stats(&self) -> IpcStats {
        let count = self.messages.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
        let mean_s = (self.active_s - self.working_s).max(0.0) / count.max(1) as f64;
        let mut costs = MessageCosts::default();
        for (tasks, count) in &self.messages {
            costs.add_equal(*tasks, mean_s, *count);
        }
        IpcStats { active_s: self.active_s, working_s: self.working_s.min(self.active_s), costs }
    }
}

/// The report of a profile.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ProfileReport {
    /// The cost of all tasks together.
    #[serde(flatten)]
    pub job: JobReport,
    /// Number of the task after the last one profiled.
    pub tasks: u64,
    /// The first task whose cost is part of the profile; the ones before it paid what a process pays once.
    pub first_task: u64,
    /// Cost of the first call in a process on top of that of a task; `None` if it costs no more.
    pub once: Option<TaskCost>,
    /// Time at which the first task that counts began, in nanoseconds of the monotonic clock.
    pub begun_ns: u64,
    /// Seconds in which tasks waited for the rate limit, which are part of no other figure.
    pub paused_s: f64,
    /// Seconds in each step, summed over all tasks.
    pub steps_s: Vec<f64>,
    /// CPU seconds in each step, summed over all tasks.
    pub steps_cpu_s: Vec<f64>,
    /// Seconds in which each step waited for a CPU, summed over all tasks; 0 if there is one step.
    pub steps_queue_s: Vec<f64>,
    /// Seconds in which the main thread waited for a CPU; `None` if the system does not report it.
    pub runqueue_s: Option<f64>,
    /// Share of the wall time in which another thread would have waited for the GIL.
    pub gil_wanted: Option<f64>,
    /// Wait for the GIL as a share of the CPU time of the tasks.
    pub gil_held: Option<f64>,
    /// The tasks in one thread and in several; `None` if they were not run so.
    pub trial: Option<TrialReport>,
    /// CPU seconds to send a result to another process; `None` for a small one, and for one that cannot be sent.
    pub send_cpu_s: Option<f64>,
    /// Coroutines that ran at once on one event loop; `None` if they did not.
    pub in_flight: Option<SliceReport>,
    /// True if the GIL was on at the end; an import may switch it on.
    pub gil: bool,
    /// The module that switched the GIL on.
    pub gil_switched_on_by: Option<String>,
    /// Number of threads that Python does not know.
    pub native_threads: Option<u64>,
    /// Duration of the first round over that of the second, if all tasks ran twice.
    pub faster_again: Option<f64>,
    /// The line of a coroutine that blocked the event loop for longest; `None` if none was seen.
    pub blocked_loop: Option<BlockedLoopReport>,
}

/// A line of a coroutine that blocked the event loop, over all tasks of a profile.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct BlockedLoopReport {
    /// The file.
    pub file: String,
    /// The number of the line.
    pub line: u32,
    /// The function that has the line.
    pub function: String,
    /// The text of the line.
    pub code: String,
    /// Seconds for which this line blocked the loop.
    pub blocked_s: f64,
    /// Seconds for which the loop was blocked by any line.
    pub all_s: f64,
}

/// Tasks that ran in one thread and in several, by turns, after the profile.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct TrialReport {
    /// Number of threads of `together`.
    pub threads: u64,
    /// The rounds.
    pub rounds: Vec<RoundReport>,
    /// True if threads did not come back.
    pub hangs: bool,
}

/// One slice of each kind.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct RoundReport {
    /// The slice in one thread; `None` if the profile serves as such.
    pub alone: Option<SliceReport>,
    /// The slice in several threads.
    pub together: SliceReport,
}

/// The cost of tasks in some threads.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(crate) struct SliceReport {
    /// Number of threads.
    pub threads: u64,
    /// Number of calls.
    pub calls: u64,
    /// Number of calls that failed.
    pub failed: u64,
    /// Seconds from the first start of any thread to the last end.
    pub wall_s: f64,
    /// Seconds in which a thread waited for a CPU, the mean over the threads.
    pub queued_s: f64,
    /// CPU seconds of all threads of the process.
    pub cpu_s: f64,
    /// CPU seconds of the threads that ran the calls.
    pub thread_cpu_s: f64,
    /// CPU seconds of children that ended.
    pub children_s: f64,
    /// Times that a thread fell asleep to wait for something.
    pub pauses: u64,
}
