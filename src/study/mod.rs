//! The pipeline of one workload: prepare, calibrate, profile, measure, repeat, conclude.
//!
//! Each stage owns what it has found out and hands it to the next, so that a stage cannot run before
//! the one it depends on: [`PreparedStudy`](prepare::PreparedStudy) →
//! [`ProfiledStudy`](profile::ProfiledStudy) → [`MeasuredStudy`](measure::MeasuredStudy) → `Report`.
//! [`Study::run`] runs all stages. Nothing here prints: progress goes to an
//! [`Observer`](crate::benchmark::event::Observer).
//!
//! Everything that touches the machine is behind [`Machine`] and [`Backend`](machine::Backend). [`RunGuard`]
//! is the real machine; tests put a scripted one in its place.

mod calibrate;
mod callables;
mod checkout;
mod code_example;
pub(crate) mod compare;
mod comparison_target;
mod conclude;
mod config;
pub(crate) mod external_process;
mod fail_policy;
pub(crate) mod flag;
mod forewarnings;
mod local;
mod machine;
mod measure;
mod prepare;
mod profile;
mod python_start_up;
mod repeat;
mod repeated_items;
mod run;
mod run_guard;
mod simulation;
mod state;
mod suite;
pub(crate) mod suite_file;
#[cfg(test)]
mod tests;

pub(crate) use checkout::Checkout;
pub(crate) use code_example::item_source;
pub(crate) use comparison_target::{ComparisonTarget, named_work};
pub(crate) use config::DEFAULT_BUDGET;
pub use config::{StopRule, StudyConfig};
pub(crate) use fail_policy::FailPolicy;
pub use machine::Machine;
pub(crate) use run::this_machine;
pub use run::{Study, advise, profile};
pub(crate) use run_guard::{KillSwitch, RunGuard};
pub(crate) use simulation::{Scenario, SimulatedMachine};
pub(crate) use suite::{SuiteEntry, SuiteRun, check_names};
