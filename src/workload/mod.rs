//! The workload: its items and limits, its steps, and the server that some steps talk to.
//!
//! A workload is read into a [`Workload`] (plain data, sent to child processes as JSON). Each process that
//! runs it prepares it into a [`Program`].

pub mod digest;
pub mod env;
pub mod fixture;
pub mod input;
pub mod item;
pub mod item_order;
pub mod outputs;
pub mod program;
pub mod rate;
pub mod retry;
pub mod spec;
pub mod step;
pub mod task_outcomes;
pub mod template;

pub use env::Env;
pub use item::{Item, Items};
pub use program::Program;
pub use spec::Workload;
