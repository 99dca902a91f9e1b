//! The steps a task is made of, one file per kind.
//!
//! Every kind has a blocking form and an async form. Both do the same work and give the same
//! [`StepOutput`], so that strategies can be compared by what they produced.

mod checkout;
pub mod command;
pub mod cpu;
pub(in crate::workload) mod deadline;
pub mod http;
pub mod lock;
mod offload;
mod output;
mod prepared;
pub mod read;
pub mod sleep;
pub mod sqlite;
mod task_context;
#[cfg(test)]
mod testing;
pub mod websocket;
pub mod write;

mod address;
mod network;

pub use output::StepOutput;
pub use prepared::{PrepareError, Step};
pub use task_context::TaskContext;
