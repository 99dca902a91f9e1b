//! The result of a profile.

mod class;
mod profile;
mod python;
mod reason;
mod tree;
mod waits;

pub use class::{Class, Confidence};
pub use profile::{Dispersion, Profile, SlowTask, StepCost, TaskCost};
pub use python::{FreeThreading, PythonProfile, PythonStep};
pub use reason::{ConfidenceReason, Unknown};
pub use tree::{
    Exit, ExitStatus, Pattern, Phase, ProcessUse, SampleSource, Sampling, Series, ThreadUse, Tree, Workers,
};
pub use waits::{WaitKind, Waits};
