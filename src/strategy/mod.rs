//! How tasks are run concurrently, one file per strategy.
//!
//! A strategy is started, which is measured apart, and then runs one batch. All of them pull tasks
//! from the same [`Feed`](feed::Feed) and account for every one in a [`Tally`](crate::workload::tally::Tally).

pub mod asynchronous;
pub mod feed;
pub mod hybrid;
pub mod job;
pub mod kind;
pub mod ledger;
pub mod process;
pub mod processes;
pub mod run;
pub mod sequential;
pub mod threads;
pub mod work_stealing;
pub mod worker;

pub use job::{Job, Pool, StartError, Strategy};
pub use kind::Kind;
pub use run::{RunReport, run};
