//! Sections that `--verbose` adds.

use crate::advice::pareto;
use crate::benchmark::Configuration;
use crate::report::document::Report;
use crate::report::prose;
use crate::report::table::cells;
use crate::report::table::screen::{Role, Screen};

/// Adds every cell and every error, if `verbose`.
pub(super) fn section(screen: &mut Screen, report: &Report) {
    if screen.options().verbose && !report.cells.is_empty() {
        screen.gap();
        screen.paragraph(Role::Heading, "Every cell");
        cells::every(screen, report);
        choice(screen, report);
        ledgers(screen, report);
        errors(screen, report);
    }
}

/// Adds the configurations to choose from for goals other than the optimised one.
fn choice(screen: &mut Screen, report: &Report) {
    let unbeaten: Vec<Configuration> = pareto(&report.cells).into_iter().map(|result| result.cell).collect();
    let text = prose::details::pareto(&unbeaten);
    text.into_iter().for_each(|text| screen.labelled(0, "Pareto", &text));
}

/// Adds the time of worker processes.
fn ledgers(screen: &mut Screen, report: &Report) {
    let cells = report.cells.iter().filter_map(|result| Some((result.cell, result.ledger?)));
    for (i, (cell, ledger)) in cells.enumerate() {
        let label = if i == 0 { "Workers" } else { "" };
        screen.labelled(0, label, &prose::details::workers(cell, &ledger));
    }
}

fn errors(screen: &mut Screen, report: &Report) {
    for result in &report.cells {
        for error in &result.errors {
            screen.labelled(0, "Error", &prose::details::error(result.cell, error));
            screen.labelled(0, "", &format!("remedy: {}", error.code.entry().remedy));
        }
    }
}
