//! Facts worth knowing before the advice is followed, as data.

use crate::advice::verdict::Agreement;
use crate::evidence::GilRow;
use crate::profile::result::{
    BlockedLoop, ConfidenceReason, LibraryCall, OwnLimit, PollingCause, ThreadsVerdict,
};
use crate::strategy::StrategyKind;
use serde::{Deserialize, Serialize};

use crate::benchmark::Configuration;
use crate::benchmark::agreement::OutputComparison;
use crate::benchmark::result::ErrorCount;

/// One fact, with its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Note {
    /// Configurations were not considered, because more of their tasks fail than elsewhere.
    FailingLeftOut {
        /// The configurations.
        failing: Vec<FailingConfiguration>,
        /// The lowest share of failed tasks of any configuration.
        lowest_share: f64,
    },
    /// Configurations were not considered, because they gave other outputs than sequential for the same items.
    WrongOutputs {
        /// The configurations.
        wrong: Vec<WrongConfiguration>,
    },
    /// Sequential runs of the same items gave different outputs, so those of other strategies were not compared.
    RandomOutputs {
        /// The comparison of the outputs of sequential runs.
        outputs: OutputComparison,
    },
    /// A configuration measured faster but is left out: it may only have taken more of the CPUs from other programs.
    TakesFromOthers {
        /// Share of the CPUs that was unavailable to the batches, from 0 to 1.
        taken: f64,
        /// The configuration that is left out.
        left_out: Configuration,
        /// The fastest configuration that is not.
        configuration: Configuration,
        /// Throughput of `left_out` over that of `configuration`.
        ratio: f64,
    },
    /// Tasks of the recommended configuration fail.
    TasksFail {
        /// Share of the tasks that failed or timed out.
        share: f64,
        /// The most frequent failure.
        cause: Option<ErrorCount>,
    },
    /// The class of the work is uncertain.
    LowConfidence {
        /// The most serious doubt.
        reason: ConfidenceReason,
    },
    /// The measurement cannot distinguish the runner-up from the recommended configuration.
    Undecided {
        /// The recommended configuration.
        configuration: Configuration,
        /// The runner-up.
        runner_up: Configuration,
    },
    /// The measurement cannot distinguish the runner-up from the recommended configuration, and the
    /// runner-up is probably near the best too.
    UndecidedNearBest {
        /// The recommended configuration.
        configuration: Configuration,
        /// The runner-up.
        runner_up: Configuration,
    },
    /// One task alone computes in several threads or processes at once.
    ParallelTask {
        /// Threads of one task that could use a CPU at once.
        threads: f64,
        /// Tasks in flight as recommended.
        width: usize,
    },
    /// A part of the CPU time of a task only polls: configurations with more such threads than CPUs are left out.
    Polls {
        /// Share of the CPU time, from 0 to 1.
        share: f64,
        /// What is waited for, or how.
        cause: PollingCause,
    },
    /// Tasks take very different times.
    TasksDiffer {
        /// Standard deviation of the time of a task over its mean.
        coefficient_of_variation: f64,
        /// The item of the slowest task.
        item: String,
        /// Seconds of the slowest task.
        item_s: f64,
        /// Mean seconds of a task.
        mean_s: f64,
    },
    /// Steps that compute hold the event loop.
    EventLoopHeld {
        /// Seconds that the longest such step computes.
        held_s: f64,
    },
    /// A step without an async form goes through a pool of threads.
    BlockingStep {
        /// The kind of the step.
        step: String,
    },
    /// More workers compute than there are CPUs.
    Oversubscribed {
        /// Workers that compute.
        workers: usize,
        /// Effective CPUs.
        cpus: f64,
    },
    /// A task uses more CPU time than the same task alone.
    CpuGrowth {
        /// CPU time per task over that of a task alone.
        factor: f64,
        /// The cause, as far as it is known.
        cause: CpuGrowthCause,
    },
    /// Starting the strategy is a large part of the run.
    Startup {
        /// Seconds that starting takes.
        startup_s: f64,
        /// Share of the run, from 0 to 1.
        share: f64,
    },
    /// Several tasks should travel in one message.
    SendChunks {
        /// Tasks per message in this program's pool.
        tasks_per_message: u64,
        /// Seconds of a task.
        task_s: f64,
        /// Seconds that a message costs in this program's pool.
        message_s: f64,
        /// Seconds that a message costs in CPython's `ProcessPoolExecutor`.
        python_message_s: f64,
        /// The `chunksize` for `ProcessPoolExecutor.map`.
        python_chunksize: u64,
    },
    /// Several items should travel in one message of the `ProcessPoolExecutor` that was measured.
    PythonChunks {
        /// The `chunksize` for `ProcessPoolExecutor.map`.
        chunksize: u64,
        /// Seconds of a task.
        task_s: f64,
        /// Seconds that a message costs in the measured pool.
        message_s: f64,
    },
    /// Handing tasks to worker processes costs a large part of their work.
    CostlyTransfer {
        /// Seconds per task.
        transfer_s: f64,
        /// Share of the work of a task, from 0 to 1.
        share: f64,
    },
    /// Some tasks take much longer than most.
    LongTail {
        /// 99th percentile of the latency, in seconds.
        p99_s: f64,
        /// Median of the latency, in seconds.
        p50_s: f64,
    },
    /// The stage of the recommended pipeline that sets its pace.
    SlowestStage {
        /// Number of the step, from 1.
        step: usize,
        /// The kind of the step.
        kind: String,
        /// Workers of the stage.
        workers: usize,
        /// Share of their time in which they have a task, from 0 to 1.
        busy: f64,
        /// The share of the stage that has the least to do.
        least_busy: f64,
    },
    /// The embedded server shares the CPUs with the tasks.
    EmbeddedServer,
    /// The callable releases the GIL for most of its computing time.
    GilReleased {
        /// Share of the computing time with the GIL held.
        held: f64,
    },
    /// The callable computes under the GIL.
    GilHeld {
        /// Share of the computing time with the GIL held.
        held: f64,
    },
    /// Several threads ran the callable, and one thread by turns.
    InThreads {
        /// The number of threads.
        threads: u64,
        /// Calls per second of all threads over those of one.
        speedup: f64,
        /// What the threads did to one another.
        verdict: ThreadsVerdict,
        /// True if the interpreter has a GIL that is on.
        has_gil: bool,
    },
    /// The table of `conc explain gil` has a call that the callable names.
    MeasuredElsewhere {
        /// The call.
        call: LibraryCall,
        /// The row of the table.
        row: Box<GilRow>,
        /// Whether what several threads did here is what the row says.
        agrees: Agreement,
        /// Another way to make the call, with which threads compute side by side by the table; null if it has none.
        better: Option<String>,
    },
    /// An import switched the GIL on in an interpreter built without one.
    GilSwitchedOn {
        /// The module.
        module: String,
    },
    /// The interpreter has no GIL.
    NoGil,
    /// The first call in a process costs much more than others.
    PaidOnce {
        /// Seconds that it takes longer.
        once_s: f64,
        /// CPU seconds of them.
        cpu_s: f64,
    },
    /// Importing the modules takes long, in every process that does.
    LongImport {
        /// Seconds of an import.
        seconds: f64,
    },
    /// Tasks were much faster when they ran again.
    ResultsKept {
        /// Time of the first run of a task over that of the second.
        factor: f64,
    },
    /// A library computes on several CPUs for one task.
    LibraryComputes {
        /// Threads that the library keeps.
        threads: u64,
        /// CPUs that one task uses.
        cpus: f64,
    },
    /// A library keeps threads that tasks may use.
    LibraryThreads {
        /// Threads that the library keeps.
        threads: u64,
    },
    /// Functions ran through `asyncio.to_thread` under `async`.
    RanInThreads {
        /// The functions.
        callables: Vec<String>,
    },
    /// A coroutine blocks its event loop, so that `async` runs one task at a time.
    BlocksLoop {
        /// The line, and for how long.
        blocked: BlockedLoop,
    },
    /// A semaphore of the user's module limits the tasks, and every process would have one of its own.
    OwnSemaphore {
        /// The semaphore.
        limit: OwnLimit,
        /// The strategies that multiply it.
        multiplied_by: Vec<StrategyKind>,
    },
    /// An object of the user's module works on one event loop only, so that threads cannot run the coroutines.
    BoundToOneLoop {
        /// The object.
        limit: OwnLimit,
    },
    /// Coroutines ran on an event loop of each worker.
    LoopPerWorker {
        /// The coroutine functions.
        callables: Vec<String>,
    },
    /// An event loop ran as many tasks at once as its default pool has threads: the coroutines hand their work
    /// to `asyncio.to_thread`.
    DefaultPool {
        /// Threads of the pool.
        threads: usize,
        /// The configuration that shows it.
        configuration: Configuration,
    },
    /// The prediction is for the number of CPUs that the user gave.
    AssumedCpus {
        /// Number of CPUs.
        cpus: f64,
    },
}

/// The cause of CPU time per task that grows with the number of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CpuGrowthCause {
    /// Caches or memory bandwidth, which is what remains on a quiet machine.
    Memory,
    /// Threads that take turns at the GIL.
    Gil,
    /// Other programs, which used the CPUs meanwhile.
    BusyMachine,
    /// It is not known.
    Unknown,
}

/// A configuration whose outputs are wrong, or come from a strategy that gave wrong ones at another width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WrongConfiguration {
    /// The configuration.
    #[serde(flatten)]
    pub configuration: Configuration,
    /// Outputs that were compared with another one of the same item.
    pub compared: u64,
    /// Those of them that were different.
    pub differing: u64,
}

/// A configuration whose tasks fail.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FailingConfiguration {
    /// The configuration.
    #[serde(flatten)]
    pub configuration: Configuration,
    /// Share of the configuration's tasks that failed or timed out.
    pub share: f64,
}
