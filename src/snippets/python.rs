//! The programs in Python: composed of the items, the work of one item with its limits, and a function that
//! runs it over all items.

mod assembly;
mod callable;
mod item_reader;
mod layout;
mod literal;
mod part;
mod program;
mod task;
mod work;

use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;
use crate::snippets::shape::TaskShape;

use assembly::assemble;
use program::Program;

/// Returns the programs for one cell: first the one that was measured, then other ways of writing it.
pub(super) fn examples(cell: &Configuration, shape: &TaskShape) -> Vec<CodeExample> {
    let example = |program: &Program| CodeExample {
        language: "python".to_owned(),
        title: program.title(cell, shape),
        code: assemble(*program, cell, shape),
    };
    Program::of(cell, shape).iter().map(example).collect()
}
