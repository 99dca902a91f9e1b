//! Every way of writing a workload, read into a [`Workload`](crate::workload::spec::Workload).
//!
//! Errors say where they are, what is wrong and what to write instead; all errors of a file are
//! reported at once.

#[cfg(test)]
mod bad_input;
mod callable;
mod command;
mod diagnostic;
mod document;
mod file;
mod guard;
mod init;
mod inline;
mod items;
mod program;
mod resolve;
mod sample;
mod shell;
mod sql;
mod steps;
mod suggest;
mod tables;
mod value;

pub use callable::with_items;
pub use command::{DEFAULT_TASKS, from_command};
pub use diagnostic::{InputError, InputErrors, Place};
pub use file::read_file;
pub use init::INIT;
pub use inline::inline;
pub use items::read_items;
pub use resolve::resolve;
pub use sample::{Sample, load, samples};
pub use suggest::closest;
