//! The result of a profile.

mod class;
mod polling;
mod profile;
mod python;
mod quiet;
mod reason;
mod task_cost;
mod throttling;
mod tree;
mod two_threads;
mod waits;
mod workers;

pub use class::{Class, Confidence};
pub(crate) use polling::Polling;
pub use polling::PollingCause;
pub use profile::Profile;
pub(crate) use profile::{Dispersion, SlowTask, StepCost};
pub use python::StagePool;
pub(crate) use python::{
    BlockedLoop, CLOCKS_OF_A_TASK_S, FreeThreading, LibraryCall, OwnLimit, PythonProfile, PythonStep,
};
pub use quiet::NoClass;
pub(crate) use quiet::Sockets;
pub use reason::{ConfidenceReason, Unknown};
pub use task_cost::TaskCost;
pub(crate) use throttling::Throttling;
pub(crate) use tree::{Exit, Pattern, Phase, ProcessUse, Sampling, Series, ThreadUse, Workers};
pub use tree::{ExitStatus, SampleSource, Tree};
pub use two_threads::ThreadsVerdict;
pub(crate) use two_threads::TwoThreads;
pub use waits::WaitKind;
pub(crate) use waits::Waits;
pub(crate) use workers::WorkersOverTime;
