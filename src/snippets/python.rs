//! The programs in Python: composed of the items, the work of one item with its limits, and a function that
//! runs it over all items.

mod assembly;
mod callable;
pub(super) mod item_reader;
pub(super) mod layout;
pub(super) mod literal;
mod part;
mod program;
mod stages;
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
    let runs = |program: &&Program| shape.python_version.is_none_or(|own| own >= program.oldest_python());
    Program::of(cell, shape).iter().filter(runs).map(example).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snippets::shape::PythonTask;
    use crate::strategy::StrategyKind;

    #[test]
    fn a_program_that_the_interpreter_is_too_old_for_is_left_out() {
        let cell = |strategy| Configuration { strategy, width: 8, processes: None, stages: None };
        let titles = |strategy, python_version| -> Vec<String> {
            let python = Some(PythonTask { steps: Vec::new() });
            let wait = std::time::Duration::from_millis(50);
            let shape = TaskShape { tasks: 800, wait, python, python_version, ..TaskShape::default() };
            examples(&cell(strategy), &shape).into_iter().map(|example| example.title).collect()
        };
        let has_group = |version| titles(StrategyKind::Async, version).join(" ").contains("TaskGroup");
        assert!(has_group(None) && has_group(Some([3, 11])) && !has_group(Some([3, 9])));
        assert_eq!(titles(StrategyKind::Interpreters, Some([3, 13])), Vec::<String>::new());
        assert_eq!(titles(StrategyKind::Interpreters, Some([3, 15])).len(), 1);
    }
}
