//! The programs for one configuration.

use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;
use crate::snippets::shape::TaskShape;
use crate::snippets::{python, rust, shell};
use crate::strategy::StrategyKind;

/// Returns the programs for one cell; in each language, the program that was measured comes first.
///
/// The programs are in Rust and in Python, or in Python alone if the task is written in Python; for a command,
/// lines for a shell come first. A pipeline of native steps has one in Rust only.
pub fn examples(cell: &Configuration, shape: &TaskShape) -> Vec<CodeExample> {
    let is_pipeline = cell.strategy == StrategyKind::Pipeline;
    if is_pipeline && (cell.stages.is_none() || shape.stages.len() < 2) {
        return Vec::new();
    }
    // The stages of the program in Rust know no limits of whole tasks.
    let is_limited =
        shape.limits.timeout.is_some() || shape.limits.rate_per_s.is_some() || shape.retry.is_some();
    let has_rust = shape.python.is_none() && !(is_pipeline && is_limited && shape.command.is_none());
    let rust = has_rust.then(|| rust::example(cell, shape));
    shell::examples(cell, shape).into_iter().chain(rust).chain(python::examples(cell, shape)).collect()
}
