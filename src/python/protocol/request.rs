//! Requests to the harness. `harness/conc_harness/requests.py` is the other side of this file.

use std::path::PathBuf;

use serde::Serialize;

use crate::profile::result::StagePool;
use crate::strategy::StrategyKind;
use crate::strategy::stages::Stages;
use crate::workload::Workload;
use crate::workload::spec::{Backoff, PythonSpec, RetryPolicy};

/// A request: one interpreter serves exactly one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub(crate) enum HarnessRequest {
    /// Describe the callables.
    Inspect {
        /// The callables.
        header: RequestHeader,
        /// True if the process stays, and forks a child for each batch where that is safe.
        stays: bool,
    },
    /// Run tasks one after another and measure their steps, and then in several threads.
    Profile {
        /// The tasks.
        #[serde(flatten)]
        job: TaskJob,
        /// Numbers of tasks to leave out.
        skipped_numbers: Vec<u64>,
        /// True if the profile ends before the time limit where more tasks would not change it.
        ends_early: bool,
        /// True if tasks may run again and in several threads.
        in_threads: bool,
    },
    /// Run tasks under a strategy.
    Batch(BatchJob),
    /// Start the workers of a batch, whose tasks do not run, and measure how long that takes.
    Startup {
        /// The batch.
        #[serde(flatten)]
        batch: BatchJob,
        /// The start method of `multiprocessing`; `None` leaves it to the interpreter.
        start_method: Option<String>,
    },
    /// Run items as they come.
    Serve {
        /// The callables.
        header: RequestHeader,
        /// How items of one process overlap.
        strategy: ServeStrategy,
    },
    /// Send chunks of items to a cluster of `dask.distributed`.
    Cluster {
        /// The callables.
        header: RequestHeader,
        /// The address of the scheduler; `None` starts a cluster on this machine.
        address: Option<String>,
        /// Worker processes of a cluster that is started here.
        workers: usize,
        /// The request that serves items on a worker; `None` for commands.
        serve: Option<Box<HarnessRequest>>,
        /// The directory in which commands run.
        directory: PathBuf,
        /// The directory for files of a cluster that is started here.
        scratch: PathBuf,
    },
    /// Run a few tasks under observation.
    Check {
        /// The callables.
        header: RequestHeader,
        /// The tasks.
        tasks: TaskList,
        /// The limits of the workload.
        limits: TaskLimits,
        /// Seconds after which one task counts as hanging.
        give_up_after_s: f64,
    },
}

impl HarnessRequest {
    /// Returns the tasks with a results file; `None` for requests that have no such file.
    pub(crate) fn job(&self) -> Option<&TaskJob> {
        match self {
            HarnessRequest::Profile { job, .. } | HarnessRequest::Batch(BatchJob { job, .. }) => Some(job),
            HarnessRequest::Inspect { .. }
            | HarnessRequest::Startup { .. }
            | HarnessRequest::Serve { .. }
            | HarnessRequest::Cluster { .. }
            | HarnessRequest::Check { .. } => None,
        }
    }
}

/// How items that one interpreter is sent overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ServeStrategy {
    /// One after another, on the main thread.
    Sequential,
    /// Each in a thread of its own.
    Threads,
    /// All on one event loop.
    Async,
}

/// Tasks and the strategy that runs them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct BatchJob {
    /// The tasks.
    #[serde(flatten)]
    pub job: TaskJob,
    /// The strategy.
    pub strategy: StrategyKind,
    /// Tasks in flight.
    pub width: usize,
    /// Worker processes of a hybrid.
    pub processes: usize,
    /// True for each step that computes rather than waits; `None` until a profile is known.
    pub cpu_steps: Option<Vec<bool>>,
    /// Seconds that one task takes alone; `None` until a profile is known.
    pub task_s: Option<f64>,
    /// Stages of a pipeline; `None` for other strategies.
    pub pipeline: Option<PipelineRequest>,
}

/// The stages of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PipelineRequest {
    /// One stage for each step.
    stages: Vec<StageRequest>,
    /// Number of tasks that each queue between two stages holds at most.
    queue: usize,
    /// The step that gets tasks in the order in which they began, if there is one.
    ordered: Option<usize>,
}

/// The workers of one step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct StageRequest {
    workers: usize,
    kind: StagePool,
}

impl PipelineRequest {
    /// Makes the request for a workload; a stage of which no pool is known gets threads.
    pub(crate) fn of(stages: Stages, pools: &[StagePool], workload: &Workload) -> Self {
        let pool = |i: usize| pools.get(i).copied().unwrap_or(StagePool::Thread);
        let stage = |(i, workers)| StageRequest { workers, kind: pool(i) };
        PipelineRequest {
            stages: stages.workers().enumerate().map(stage).collect(),
            queue: stages.queue(),
            ordered: workload.ordered_step(),
        }
    }
}

/// The part that all requests share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RequestHeader {
    /// The steps of a task.
    pub steps: Vec<CallableSpec>,
    /// True if the module provides the items.
    pub own_items: bool,
    /// The number of items to take of those that the module provides; `None` takes all.
    pub most_items: Option<u64>,
    /// Seconds that importing the module may take.
    pub import_limit_s: f64,
}

/// A callable to load.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CallableSpec {
    file: Option<PathBuf>,
    module: String,
    callable: String,
    async_callable: Option<String>,
}

impl From<&PythonSpec> for CallableSpec {
    fn from(spec: &PythonSpec) -> Self {
        CallableSpec {
            file: spec.file.clone(),
            module: spec.module.clone(),
            callable: spec.callable.clone(),
            async_callable: spec.async_callable.clone(),
        }
    }
}

/// The tasks of a request, in the order in which they run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TaskList {
    /// The number of each task.
    pub numbers: Vec<u64>,
    /// The item of each task; `None` if the items are the numbers, or come from the module.
    pub items: Option<Vec<String>>,
}

/// The limits of a workload, as the harness enforces them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TaskLimits {
    /// Seconds that one task may take.
    pub timeout_s: Option<f64>,
    /// Retries of a failing step.
    pub retry: Option<RetryRequest>,
    /// The limit on attempts per second.
    pub rate: Option<RateLimitRequest>,
}

/// A retry policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RetryRequest {
    /// Retries after the first attempt.
    pub max_retries: u32,
    /// `constant` or `exponential`.
    pub backoff: &'static str,
    /// Seconds of the pause before the first retry, before jitter.
    pub base_s: f64,
    /// The seed of the jitter.
    pub seed: u64,
}

impl RetryRequest {
    /// Returns the policy of a workload with a seed for its jitter.
    pub(crate) fn new(policy: &RetryPolicy, seed: u64) -> Self {
        let backoff = match policy.backoff {
            Backoff::Constant => "constant",
            Backoff::Exponential => "exponential",
        };
        RetryRequest { max_retries: policy.max, backoff, base_s: policy.base.as_secs_f64(), seed }
    }
}

/// A limit on attempts that all processes of a batch share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RateLimitRequest {
    /// Attempts per second.
    pub per_s: f64,
    /// True for each step whose attempts count.
    pub limited_steps: Vec<bool>,
    /// The file that holds the token bucket.
    pub bucket_file: PathBuf,
}

/// The results file to create.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ResultsFileSpec {
    /// The path.
    pub path: PathBuf,
    /// Tasks to run at most; after the last number of the task list the first comes again.
    pub tasks: u64,
    /// Workers, each with a slot in the file.
    pub slots: usize,
}

/// Tasks whose results go to a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TaskJob {
    /// The callables.
    pub header: RequestHeader,
    /// The tasks.
    pub tasks: TaskList,
    /// The limits of the workload.
    pub limits: TaskLimits,
    /// The file.
    pub results_file: ResultsFileSpec,
    /// Seconds after which no task is started.
    pub stop_starting_after_s: f64,
    /// Seconds after which the harness gives up and reports where it hangs.
    pub give_up_after_s: f64,
}

impl TaskJob {
    /// Returns the number of the task that runs as number `index`, from 0.
    pub(crate) fn number(&self, index: u64) -> u64 {
        let numbers = &self.tasks.numbers;
        let index_in_list = usize::try_from(index).unwrap_or(usize::MAX) % numbers.len().max(1);
        numbers.get(index_in_list).copied().unwrap_or(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> TaskJob {
        TaskJob {
            header: RequestHeader {
                steps: Vec::new(),
                own_items: false,
                most_items: None,
                import_limit_s: 30.0,
            },
            tasks: TaskList { numbers: vec![4, 2], items: None },
            limits: TaskLimits { timeout_s: None, retry: None, rate: None },
            results_file: ResultsFileSpec { path: "results".into(), tasks: 3, slots: 1 },
            stop_starting_after_s: 1.0,
            give_up_after_s: 2.0,
        }
    }

    #[test]
    fn a_request_is_flat_and_names_its_role() {
        let request = HarnessRequest::Profile {
            job: job(),
            skipped_numbers: vec![2],
            ends_early: true,
            in_threads: true,
        };
        let json = serde_json::to_value(&request).expect("serialisable");
        assert_eq!(json["role"], "profile");
        assert_eq!(json["results_file"]["tasks"], 3);
        assert_eq!(json["skipped_numbers"], serde_json::json!([2]));
        assert!(json.get("job").is_none() && json.get("strategy").is_none(), "{json}");
    }

    #[test]
    fn numbers_start_over_after_the_last_one() {
        assert_eq!([0, 1, 2].map(|index| job().number(index)), [4, 2, 4]);
    }
}
