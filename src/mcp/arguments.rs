//! What a caller sends to a tool. The descriptions are the schema that callers read.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::advice::Objective;
use crate::explain::UsedPattern;
use crate::profile::Class;
use crate::strategy::StrategyKind;

/// Declares the arguments of a tool that runs a workload: those of the workload, and some of its own.
macro_rules! workload_arguments {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $name {
            /// A sample such as web-scraper, the path of a TOML workload file, or a Python callable such as
            /// tasks.py:fetch or package.module:fetch. Give either this, `command`, or `cpu` and `wait`.
            pub workload: Option<String>,
            /// A program and its arguments, run once for every item; {} stands for the item. No shell is
            /// involved unless `shell` is true.
            pub command: Option<Vec<String>>,
            /// True to run `command`, one line of shell, with `sh -c`.
            pub shell: bool,
            /// CPU time of one task, such as 5ms, for work that has no code yet.
            pub cpu: Option<String>,
            /// Time that one task waits, such as 50ms, for work that has no code yet.
            pub wait: Option<String>,
            /// The items of a command or of a Python callable, one task each.
            pub items: Option<Vec<String>>,
            /// A file with the items, one per line, instead of `items`.
            pub items_file: Option<String>,
            /// Number of tasks, where there is no list of items.
            pub tasks: Option<u64>,
            /// Run at most this many tasks at the same time, however wide a configuration is.
            pub max_in_flight: Option<u64>,
            /// Start at most this many tasks per second, over all workers.
            pub rate: Option<f64>,
            /// Path of the Python interpreter for a callable.
            pub python: Option<String>,
            /// Name of the async form of the callable.
            pub async_fn: Option<String>,
            /// True to count commands that fail as successful.
            pub ignore_failure: bool,
            /// The working directory, to which paths are relative [default: that of the server].
            pub directory: Option<String>,
            $($(#[$doc])* pub $field: $type,)*
        }

        impl $name {
            /// Returns the arguments that describe the workload.
            pub(super) fn work(&self) -> crate::mcp::work::Work<'_> {
                crate::mcp::work::Work {
                    workload: self.workload.as_deref(),
                    command: self.command.as_deref(),
                    shell: self.shell,
                    cpu: self.cpu.as_deref(),
                    wait: self.wait.as_deref(),
                    items: self.items.as_deref(),
                    items_file: self.items_file.as_deref(),
                    tasks: self.tasks,
                    max_in_flight: self.max_in_flight,
                    rate: self.rate,
                    python: self.python.as_deref(),
                    async_fn: self.async_fn.as_deref(),
                    ignore_failure: self.ignore_failure,
                }
            }
        }
    };
}

workload_arguments! {
    /// Arguments of `profile`.
    ProfileArguments {
        /// Number (PID) of a running process to profile with everything below it, instead of a workload.
        pid: Option<u32>,
        /// Profile a running process, or a command without items, for at most this long, such as 10s. The
        /// command is ended then.
        time: Option<String>,
    }
}

workload_arguments! {
    /// Arguments of `advise`.
    AdviseArguments {
        /// Measuring time, such as 20s [default: 5s]. The server has a limit.
        budget: Option<String>,
        /// Measure only these strategies.
        strategy: Vec<StrategyKind>,
        /// Measure only these widths: numbers, ranges and percentages of the CPUs, such as 1,4-8,200%.
        width: Option<String>,
        /// Measure no configuration with more tasks in flight [default: the limit of the server].
        max_width: Option<usize>,
        /// The goal [default: throughput].
        objective: Option<Objective>,
        /// True to run only the profile and to recommend from predictions.
        predict_only: bool,
        /// Run only the profile, and predict for a machine with so many CPUs of the same speed.
        assume_cpus: Option<f64>,
        /// Measure exactly this many rounds, instead of until `budget`. The server ends a call that takes too long.
        runs: Option<u32>,
        /// True to measure every configuration, instead of those that can win. The server ends a call that takes
        /// too long.
        exhaustive: bool,
        /// True to run no item twice, for work with side effects: every configuration gets its own items.
        once: bool,
    }
}

/// Arguments of `check`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckArguments {
    /// A Python callable such as tasks.py:fetch or package.module:fetch.
    pub callable: String,
    /// The items to call it with [default: those of its module, else numbers].
    #[serde(default)]
    pub items: Option<Vec<String>>,
    /// A file with the items, one per line, instead of `items`.
    #[serde(default)]
    pub items_file: Option<String>,
    /// Use only so many of the items.
    #[serde(default)]
    pub tasks: Option<u64>,
    /// Report a task that takes longer than this as hanging [default: 10s].
    #[serde(default)]
    pub timeout: Option<String>,
    /// Path of the Python interpreter.
    #[serde(default)]
    pub python: Option<String>,
    /// Name of the async form of the callable.
    #[serde(default)]
    pub async_fn: Option<String>,
    /// The working directory, to which paths are relative [default: that of the server].
    #[serde(default)]
    pub directory: Option<String>,
}

/// Arguments of `fit`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FitArguments {
    /// The measurements themselves: a row for each, concurrency and throughput separated by a comma; what a load
    /// generator printed or exported; or the JSON of `conc bench` or `conc advise`. Give either this or `file`.
    pub data: Option<String>,
    /// A file with the measurements.
    pub file: Option<String>,
    /// The column of the number in flight, if its name does not tell.
    pub concurrency: Option<String>,
    /// The column of the throughput, if its name does not tell.
    pub throughput: Option<String>,
    /// The working directory, to which paths are relative [default: that of the server].
    pub directory: Option<String>,
}

/// Arguments of `explain`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExplainArguments {
    /// A question in words, an error message or a whole traceback, a code such as E-ASYNC-005, the name of a topic,
    /// or `gil` and the name of a Python library for the calls of it that hold the GIL.
    pub query: String,
    /// The class of the work, if it is known.
    #[serde(default, rename = "type")]
    pub class: Option<Class>,
    /// The concurrency that is used or asked about.
    #[serde(default)]
    pub pattern: Option<UsedPattern>,
}
