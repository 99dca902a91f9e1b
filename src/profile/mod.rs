//! The cost of one task, measured sequentially, and the class of work that follows.
//!
//! [`sampling`] looks at threads many times a second, [`accounting`] adds up exactly what tasks and commands
//! used, [`classify`] judges the plain numbers of both, and [`result`] holds what is reported. [`tasks`],
//! [`command`] and [`process`] profile the tasks of a workload, one command, and a running process.

pub(crate) mod accounting;
pub(crate) mod classify;
pub(crate) mod command;
pub(crate) mod conclude;
pub(crate) mod process;
pub(crate) mod result;
pub(crate) mod sampling;
pub(crate) mod tasks;

pub use result::Class;
pub use result::Profile;
