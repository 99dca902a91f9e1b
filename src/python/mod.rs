//! Python callables, run by the user's own interpreter.
//!
//! The harness is a package of Python files, embedded in the binary and written to the temporary directory
//! of the run. An interpreter serves each request: it imports the user's module, runs the tasks and
//! answers in lines of JSON. Batches run in forks of the interpreter that described the callables, if a fork is as
//! good as a fresh one ([`zygote`]). Results of single tasks go to a [`results_file`] that outlives the interpreter.

mod answer_lines;
pub(crate) mod check;
pub(crate) mod cluster_client;
mod exchange;
mod fatal_error;
pub(crate) mod harness;
mod harness_process;
pub(crate) mod interpreter;
pub(crate) mod item_server;
mod line_pipe;
mod paid_once;
pub(crate) mod profile;
pub(crate) mod protocol;
mod request_builder;
pub(crate) mod results_file;
pub(crate) mod session;
mod slice;
mod stacks;
mod trial;
mod zygote;

pub use session::Session;
