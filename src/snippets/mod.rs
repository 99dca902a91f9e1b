//! Complete programs that run the measured work with the recommended strategy.
//!
//! A program is a template, one real file per strategy and language, filled with the task: a
//! stand-in of the measured size, or the command itself. For a command there are lines for a shell, too.

mod command;
mod engine;
mod examples;
mod form;
mod python;
mod rust;
pub(crate) mod shape;
mod shell;
mod template;
mod wording;

pub use engine::{EngineCallable, EngineShape, dask, slurm};
pub use examples::examples;
pub use shape::{Choice, ItemSource, PythonCallable, PythonTask, StageShape, TaskShape};
