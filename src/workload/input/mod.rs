//! Every way of writing a workload, read into a [`Workload`](crate::workload::spec::Workload).
//!
//! Errors say where they are, what is wrong and what to write instead; all errors of a file are
//! reported at once.

mod access;
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
mod remote_command;
mod resolve;
mod sample;
mod script;
mod shell;
mod sql;
mod steps;
mod suggest;
mod tables;
mod value;

pub(crate) use access::Access;
pub(crate) use callable::is_callable;
pub(crate) use callable::with_items;
pub(crate) use command_line::DEFAULT_TASKS;
pub use command_line::from_command;
pub(crate) use executable::{find_program, is_program};
pub(crate) use file::read_bytes;

pub(crate) use init::INIT;
pub use inline::inline;
pub(crate) use input_error::{InputError, InputErrors, SourceSpan};
pub(crate) use items::read_items;
pub(crate) use remote_command::remote_hosts;
pub use resolve::resolve;
pub(crate) use resolve::resolve_os;
pub use sample::load;
pub(crate) use sample::samples;
pub(crate) use script::{WholeJob, whole_job};
pub(crate) use shell::with_parameters;
pub(crate) use suggest::closest;
pub(crate) use value::{MAX_TASKS, RATES};
