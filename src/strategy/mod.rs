//! Ways to run tasks concurrently: the catalogue, and one file per strategy.
//!
//! A strategy is started, which is measured separately, and then runs one batch. All strategies pull tasks from
//! the same kind of [queue](task_queue::TaskQueue) and record every task in its
//! [outcomes](crate::workload::task_outcomes::TaskOutcomes).

pub mod asynchronous;
pub mod catalog;
pub mod hybrid;
pub mod info;
pub mod job;
pub mod kind;
pub mod process;
pub mod processes;
pub mod run;
pub mod sequential;
pub mod task_queue;
pub mod threads;
pub mod time_breakdown;
pub mod work_stealing;
pub mod worker;

pub use job::{Job, Pool, Strategy};
pub use kind::StrategyKind;
pub use run::{RunReport, run};
