//! The programs in Python.

mod callable;
mod literal;
mod program;
mod task;

use crate::advice::result::CodeExample;
use crate::benchmark::Configuration;
use crate::snippets::shape::TaskShape;
use crate::snippets::template::fill;
use crate::strategy::StrategyKind;

use callable::Pieces;
use program::Program;

/// Returns the programs for one cell: first the one that was measured, then other ways of writing it.
pub(super) fn examples(cell: &Configuration, shape: &TaskShape) -> Vec<CodeExample> {
    Program::of(cell, shape).iter().map(|program| example(*program, cell, shape)).collect()
}

fn example(program: Program, cell: &Configuration, shape: &TaskShape) -> CodeExample {
    let pieces = pieces(program, shape);
    let uses_uvloop = cell.strategy == StrategyKind::Uvloop;
    let processes = cell.processes.unwrap_or(1).max(1);
    let values = [
        ("BESIDE", pieces.beside),
        ("IMPORTS", pieces.imports),
        ("FROM", if uses_uvloop { format!("\nimport uvloop{}", pieces.from) } else { pieces.from }),
        ("RUN", if uses_uvloop { "uvloop.run" } else { "asyncio.run" }.to_owned()),
        ("NEEDS", if uses_uvloop { "and uvloop 0.18 or later" } else { "no dependencies" }.to_owned()),
        ("TASK", pieces.definition),
        ("CALL", pieces.call),
        ("WAIT", pieces.wait),
        ("COMPUTE", pieces.compute),
        ("ITEMS", pieces.items),
        ("WIDTH", cell.width.to_string()),
        ("SHARE", cell.width.div_ceil(processes).to_string()),
        ("PROCESSES", processes.to_string()),
        ("BATCH", shape.batch(cell.width).to_string()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    CodeExample {
        language: "python".to_owned(),
        title: program.title(cell),
        code: spaced(&fill(program.template(), &values)),
    }
}

/// Returns the user's part: a callable, a command, or a stand-in.
fn pieces(program: Program, shape: &TaskShape) -> Pieces {
    if let Some(task) = &shape.python {
        return callable::pieces(task, program, shape);
    }
    let needs_subprocess = shape.command.is_some() && !program.awaits();
    Pieces {
        imports: if needs_subprocess { "import subprocess\n" } else { "" }.to_owned(),
        definition: task::definition(program, shape),
        call: "task".to_owned(),
        wait: "wait".to_owned(),
        compute: "compute".to_owned(),
        items: literal::list(&shape.items, shape.tasks),
        ..Pieces::default()
    }
}

/// Limits empty lines to two in a row, because a place may be filled with nothing.
fn spaced(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut breaks = 0;
    for c in code.chars() {
        breaks = if c == '\n' { breaks + 1 } else { 0 };
        if breaks <= 3 {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_places_leave_no_gaps() {
        assert_eq!(spaced("import a\n\n\n\n\n\ndef b\n"), "import a\n\n\ndef b\n");
        assert_eq!(spaced("a\n\nb"), "a\n\nb");
    }
}
