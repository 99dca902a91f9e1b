//! The workload: its items and limits, its steps, and the server that some steps talk to.
//!
//! A workload is read into a [`Workload`] (plain data, sent to child processes as JSON). Each process that
//! runs it prepares it into a [`Program`].

pub(crate) mod digest;
pub(crate) mod env;
pub(crate) mod fixture;
pub(crate) mod input;
pub(crate) mod item;
pub(crate) mod item_order;
pub(crate) mod outputs;
pub(crate) mod program;
pub(crate) mod rate;
pub(crate) mod retry;
pub(crate) mod spec;
pub(crate) mod step;
pub(crate) mod task_outcomes;
pub(crate) mod template;

pub use env::Env;
pub use item::{Item, Items};
pub use program::Program;
pub use spec::Workload;
