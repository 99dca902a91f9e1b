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
use crate::benchmark::Cell;
use crate::strategy::Kind;

pub use shape::TaskShape;

/// Programs for one cell, in Rust and in Python.
///
/// There is none for a pipeline, whose stages are the workload's own.
pub fn examples(cell: &Cell, shape: &TaskShape) -> Vec<CodeExample> {
    if cell.strategy == Kind::Pipeline {
        return Vec::new();
    }
    vec![rust::example(cell, shape), python::example(cell, shape)]
}
