//! Findings of a measurement besides its results, as data.

use crate::benchmark::agreement::OutputComparison;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::result::TaskCounts;
use crate::diagnostics::Code;

/// Something to know before the results are trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Finding {
    /// The user interrupted the measurement.
    Interrupted {
        /// Seconds of measuring before the interruption.
        elapsed_s: f64,
    },
    /// Every item was run once, and no more were left.
    ItemsUsed {
        /// Seconds of measuring before the items ran out.
        elapsed_s: f64,
    },
    /// The budget ended after few rounds.
    FewRounds {
        /// Rounds that were measured.
        rounds: u32,
    },
    /// Other programs or the hypervisor took the CPUs.
    Contended {
        /// Share of the CPUs that other programs used, from 0 to 1.
        others: f64,
        /// Share of the CPUs that the hypervisor took, from 0 to 1.
        stolen: f64,
        /// Factor by which the contention widens intervals.
        widening: f64,
    },
    /// A configuration gave other outputs than the reference for the same items.
    OtherOutputs {
        /// The configuration.
        configuration: Configuration,
        /// The comparison of its outputs.
        outputs: OutputComparison,
    },
    /// Sequential runs of the same items gave different outputs.
    RandomOutputs {
        /// The comparison of the outputs.
        outputs: OutputComparison,
    },
    /// Some tasks did not end well.
    TasksFailed {
        /// All tasks of all configurations.
        counts: TaskCounts,
    },
}

impl Finding {
    /// Returns the code under which the finding is explained.
    pub(crate) fn code(&self) -> Code {
        match self {
            Finding::Interrupted { .. } => Code::NoteInterrupted,
            Finding::ItemsUsed { .. } => Code::NoteItemsUsed,
            Finding::FewRounds { .. } => Code::NoteBudget,
            Finding::Contended { .. } => Code::HostContended,
            Finding::OtherOutputs { .. } => Code::PoolDigest,
            Finding::RandomOutputs { .. } => Code::NoteRandomOutputs,
            Finding::TasksFailed { .. } => Code::NoteFailures,
        }
    }
}
