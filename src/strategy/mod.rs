//! How tasks are run concurrently, one file per strategy.
//!
//! A strategy is started, which is measured apart, and then runs one batch. All of them pull tasks
//! from the same [`TaskQueue`](feed::TaskQueue) and account for every one in a [`TaskOutcomes`](crate::workload::task_outcomes::TaskOutcomes).

pub mod asynchronous;
pub mod hybrid;
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
