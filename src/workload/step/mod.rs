//! The steps a task is made of, one file per kind.
//!
//! Every kind has a blocking form and an async form. Both do the same work and give the same
//! [`StepOutput`], so that strategies can be compared by what they produced.

mod checkout;
pub(crate) mod command;
pub(crate) mod cpu;
pub(in crate::workload) mod deadline;
pub(crate) mod http;
pub(crate) mod lock;
mod offload;
mod output;
pub(in crate::workload) mod permits;
mod prepared;
pub(crate) mod read;
pub(crate) mod retry_after;
pub(crate) mod sleep;
pub(crate) mod sqlite;
mod task_context;
#[cfg(test)]
mod testing;
pub(crate) mod websocket;
pub(crate) mod write;

mod address;
mod network;

pub use output::StepOutput;
pub(crate) use prepared::PrepareError;
pub use prepared::Step;
pub use task_context::TaskContext;
