//! The reasons why nothing could be compared, or why a verdict is weaker than it could be, as data.

use serde::{Deserialize, Serialize};

use crate::benchmark::Configuration;

/// A reason with its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum GateReason {
    /// The file has no results of the workload.
    NotInFile {
        /// The file.
        file: String,
    },
    /// The workload has changed since the file was written.
    WorkloadChanged {
        /// The file.
        file: String,
    },
    /// The suite of the other side does not have the workload.
    NotInSuite {
        /// The other side.
        reference: String,
    },
    /// The other side defines the workload differently.
    DefinedDifferently {
        /// The other side.
        reference: String,
    },
    /// The interpreters are not the same.
    OtherInterpreter {
        /// Version of the earlier one.
        there: String,
        /// Version of the current one.
        here: String,
    },
    /// The earlier run measured another configuration.
    OtherConfiguration {
        /// The earlier configuration.
        there: Configuration,
        /// The current configuration.
        here: Configuration,
    },
    /// The workload has another number of `cpu` steps than in the earlier run.
    OtherCpuSteps,
    /// No configuration was measured in both runs.
    NoCommonConfiguration,
    /// A side has no series of batches, so only the results of configurations were compared.
    NoSeries,
    /// The earlier results are of another machine.
    OtherMachine,
    /// Few pairs of batches were measured.
    FewPairs {
        /// Pairs that were measured.
        pairs: usize,
        /// Pairs from which a difference is tested.
        wanted: usize,
    },
    /// No task of the other side ended well.
    ReferenceFails,
    /// The other side cannot be run.
    ReferenceCannotRun {
        /// The error.
        error: String,
    },
    /// The current side cannot be run, though the other one can.
    CannotRun {
        /// The error.
        error: String,
    },
    /// The current side could not be measured.
    NothingMeasured,
    /// More tasks fail than on the other side.
    MoreTasksFail(FailedTasks),
    /// More tasks fail than on the other side, which may be chance.
    PerhapsMoreTasksFail(FailedTasks),
}

/// Tasks that did not end well, of tasks that were started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FailedTasks {
    /// Tasks of the current side that failed.
    pub failed: u64,
    /// Tasks of the current side.
    pub started: u64,
    /// Tasks of the other side that failed.
    pub reference_failed: u64,
    /// Tasks of the other side.
    pub reference_started: u64,
}
