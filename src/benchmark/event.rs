//! The events of a study, for an observer that shows progress.

use std::time::Duration;

use crate::benchmark::configuration::Configuration;
use crate::diagnostics::Code;
use crate::strategy::StrategyKind;

/// An event of a study.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A phase begins.
    PhaseStarted(Phase),
    /// Something to know before anything runs.
    Warned {
        /// The code.
        code: Code,
        /// The warning in words.
        message: String,
    },
    /// The configurations to choose from are known.
    Planned {
        /// Their strategies, each once.
        strategies: Vec<StrategyKind>,
    },
    /// A round of batches ended.
    RoundEnded {
        /// What is believed of every configuration that was measured and works.
        interim: Vec<Interim>,
    },
    /// A batch begins.
    BatchStarted {
        /// The configuration.
        cell: Configuration,
        /// Time since the run began, without imports of the user's module.
        elapsed: Duration,
    },
    /// A batch ended.
    BatchEnded {
        /// The configuration.
        cell: Configuration,
        /// Tasks per second, or the reason why there are none.
        throughput: Result<f64, String>,
        /// Time since the run began, without imports of the user's module.
        elapsed: Duration,
    },
    /// A run of a whole command begins.
    RunStarted {
        /// The values of its parameters.
        label: String,
        /// Time since the search began.
        elapsed: Duration,
        /// Time that is left; unknown before the first run.
        left: Option<Duration>,
    },
    /// A run of a whole command ended.
    RunEnded {
        /// The values of its parameters.
        label: String,
        /// The time, the metric or the failure, in words.
        outcome: String,
    },
    /// The runs of a command are so long that users should know how long the rest takes.
    RunsAreLong {
        /// Seconds of the first run.
        run_s: f64,
        /// Time that the rest may take.
        left: Duration,
    },
}

/// What is believed of a configuration while others are still measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interim {
    /// The configuration.
    pub cell: Configuration,
    /// Throughput in tasks per second.
    pub per_s: f64,
    /// Interval that holds the throughput with a probability of 95%, in tasks per second; unknown from few batches.
    pub interval95: Option<[f64; 2]>,
    /// Number of batches so far.
    pub batches: usize,
    /// True if it would be recommended now.
    pub is_leader: bool,
}

/// A part of a study in which no batch is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Steps are calibrated, the server and the interpreter start.
    Preparing,
    /// The overheads of strategies are measured, or read from the cache.
    Calibrating,
    /// Tasks run one after another under observation.
    Profiling,
    /// A running process is observed.
    Attaching,
    /// A Python callable is checked for concurrency bugs.
    Checking,
}

/// Observes a study.
pub trait Observer {
    /// Receives the events in order: between batches, never while one runs.
    fn observe(&mut self, event: &Event);
}

/// An observer that ignores everything.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&mut self, _: &Event) {}
}
