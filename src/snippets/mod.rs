//! Complete programs that run the measured work the recommended way.
//!
//! A program is a template, one real file per strategy and language, filled with the task: a
//! stand-in of the measured size, or the command itself.

mod command;
mod form;
mod item;
mod python;
mod rust;
pub mod shape;
mod template;
mod wording;

use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;

pub use shape::{PythonCallable, PythonTask, TaskShape};

/// Programs for one cell; of each language the one that was measured comes first.
///
/// They are in Rust and in Python, or in Python alone where that is what the task is written in. There
/// is none for a pipeline, whose stages are the workload's own.
pub fn examples(cell: &Configuration, shape: &TaskShape) -> Vec<CodeExample> {
    if !cell.strategy.is_measured() {
        return Vec::new();
    }
    let rust = shape.python.is_none().then(|| rust::example(cell, shape));
    rust.into_iter().chain(python::examples(cell, shape)).collect()
}
