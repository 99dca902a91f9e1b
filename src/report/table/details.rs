//! What `--verbose` adds.

use crate::advice::pareto;
use crate::report::document::Report;
use crate::report::table::cells;
use crate::report::table::screen::{Role, Screen};

/// With `verbose`, every cell and every error.
pub(super) fn section(screen: &mut Screen, report: &Report) {
    if screen.options().verbose && !report.cells.is_empty() {
        screen.gap();
        screen.paragraph(Role::Heading, "Every cell");
        cells::every(screen, report);
        choice(screen, report);
        errors(screen, report);
    }
}

/// What there is to choose from, for other goals than the one that was optimised.
fn choice(screen: &mut Screen, report: &Report) {
    let names: Vec<String> =
        pareto(&report.cells).into_iter().map(|result| result.cell.to_string()).collect();
    if names.len() > 1 {
        let text =
            format!("no cell beats these in all of speed, latency, CPU and memory: {}", names.join(", "));
        screen.labelled(0, "Pareto", &text);
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
