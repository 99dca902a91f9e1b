//! The programs for one configuration.

use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;
use crate::snippets::shape::TaskShape;
use crate::snippets::{python, rust};

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
