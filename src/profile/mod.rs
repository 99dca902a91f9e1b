//! What one task costs, measured sequentially, and the class that follows.
//!
//! [`sampling`] looks at threads many times a second, [`accounting`] adds up exactly what tasks and commands
//! used, [`classify`] judges the plain numbers of both, and [`result`] holds what is reported. [`tasks`],
//! [`command`] and [`process`] profile the tasks of a workload, one command, and a running process.

pub mod accounting;
pub mod classify;
pub mod command;
pub mod conclude;
pub mod process;
pub mod result;
pub mod sampling;
pub mod tasks;

pub use result::{Class, Profile};
