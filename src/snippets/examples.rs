//! The programs for one configuration.

use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;
use crate::snippets::shape::TaskShape;
use crate::snippets::{python, rust, shell};

/// Returns the programs for one cell; in each language, the program that was measured comes first.
///
/// The programs are in Rust and in Python, or in Python alone if the task is written in Python; for a command,
/// lines for a shell come first. A pipeline has no program, because its stages belong to the workload.
pub fn examples(cell: &Configuration, shape: &TaskShape) -> Vec<CodeExample> {
    if !cell.strategy.is_measured() {
        return Vec::new();
    }
    let rust = shape.python.is_none().then(|| rust::example(cell, shape));
    shell::examples(cell, shape).into_iter().chain(rust).chain(python::examples(cell, shape)).collect()
}
