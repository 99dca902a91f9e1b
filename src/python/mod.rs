//! Python callables, run by the user's own interpreter.
//!
//! The harness is a package of Python files, embedded here and written to the run's temporary
//! directory. Every order to it is served by a fresh interpreter: it imports the user's module, runs
//! the tasks and answers in lines of JSON; what became of single tasks is on a [`board`] that
//! outlives it.

pub mod board;
pub mod check;
pub mod crash;
pub mod harness;
pub mod interpreter;
pub mod message;
pub mod process;
pub mod profile;
pub mod session;

pub use interpreter::Interpreter;
pub use session::Session;
