//! A scripted machine: a study of a workload that runs nothing and waits for nothing.
//!
//! The hidden option `--simulate FILE` puts it in the place of the real machine, so that options,
//! exports, gates and exit statuses can be tested without measuring.

mod executor;
mod machine;
mod scenario;

pub(crate) use machine::SimulatedMachine;
pub(crate) use scenario::Scenario;
