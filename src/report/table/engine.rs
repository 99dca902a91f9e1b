//! The engine beyond this machine: whether it pays, and a program that uses it.

use crate::report::document::Report;
use crate::report::prose;
use crate::report::table::options::CodeChoice;
use crate::report::table::screen::{Role, Screen};

/// Indent of the block's labels, in columns.
const INDENT: usize = 2;

/// Adds what is known of the engine.
pub(super) fn section(screen: &mut Screen, report: &Report) {
    let Some(engine) = &report.engine else { return };
    screen.gap();
    screen.paragraph(Role::Heading, &prose::engine_advice::headline(engine));
    for (label, line) in prose::engine_advice::lines(engine) {
        screen.labelled(INDENT, label, &line);
    }
}

/// Adds the programs, unwrapped, unless no program is wanted.
pub(super) fn code(screen: &mut Screen, report: &Report) {
    if screen.options().code == CodeChoice::None {
        return;
    }
    for example in report.engine.iter().flat_map(|engine| &engine.code_examples) {
        screen.gap();
        screen.paragraph(Role::Heading, &format!("{}: {}", example.language, example.title));
        screen.gap();
        screen.verbatim(&example.code);
    }
}
