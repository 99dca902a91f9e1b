//! Ways to run tasks concurrently: the catalogue, and one file per strategy.
//!
//! A strategy is started, which is measured separately, and then runs one batch. All strategies pull tasks
//! from the same kind of [queue](task_queue::TaskQueue) and record every task in its
//! [outcomes](crate::workload::task_outcomes::TaskOutcomes).

pub(crate) mod asynchronous;
pub(crate) mod catalog;
pub(crate) mod hybrid;
pub(crate) mod info;
pub(crate) mod job;
pub(crate) mod kind;
pub(crate) mod pipeline;
pub(crate) mod process;
pub(crate) mod processes;
pub(crate) mod run;
pub(crate) mod sequential;
pub(crate) mod stages;
pub(crate) mod task_queue;
pub(crate) mod threads;
pub(crate) mod time_breakdown;
pub(crate) mod work_stealing;
pub(crate) mod worker;

pub use job::Job;
pub use kind::StrategyKind;
pub use run::RunReport;
