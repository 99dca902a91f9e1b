//! What `--verbose` adds.

use crate::report::document::Report;
use crate::report::table::cells;
use crate::report::table::screen::{Role, Screen};

/// With `verbose`, every cell and every error.
pub(super) fn section(screen: &mut Screen, report: &Report) {
    if screen.options().verbose && !report.cells.is_empty() {
        screen.gap();
        screen.paragraph(Role::Heading, "Every cell");
        cells::every(screen, report);
        errors(screen, report);
    }
}

fn errors(screen: &mut Screen, report: &Report) {
    for result in &report.cells {
        for error in &result.errors {
            let what = format!("{}: {} x {} {}", result.cell, error.count, error.code, error.message);
            screen.labelled(0, "Error", &what);
            screen.labelled(0, "", &format!("remedy: {}", error.code.entry().remedy));
        }
    }
}
