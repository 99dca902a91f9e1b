//! Every way of writing a workload, read into a [`Workload`](crate::workload::spec::Workload).
//!
//! Errors say where they are, what is wrong and what to write instead; all errors of a file are
//! reported at once.

#[cfg(test)]
mod bad_input;
mod callable;
mod command_line;
mod document;
mod executable;
mod file;
mod init;
mod inline;
mod input_error;
mod items;

mod remote_address;
mod resolve;
mod sample;
mod shell;
mod sql;
mod steps;
mod suggest;
mod tables;
mod value;

pub use callable::with_items;
pub use command_line::{DEFAULT_TASKS, from_command};

pub use file::read_file;
pub use init::INIT;
pub use inline::inline;
pub use input_error::{InputError, InputErrors, SourceSpan};
pub use items::read_items;
pub use resolve::resolve;
pub use sample::{Sample, load, samples};
pub use suggest::closest;
