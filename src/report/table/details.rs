//! What `--verbose` adds.

use crate::advice::pareto;
use crate::report::document::Report;
use crate::report::table::cells;
use crate::report::table::screen::{Role, Screen};
use crate::units::Seconds;

/// With `verbose`, every cell and every error.
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

/// Where the time of worker processes went.
fn ledgers(screen: &mut Screen, report: &Report) {
    let cells = report.cells.iter().filter_map(|result| Some((result.cell, result.ledger?)));
    for (i, (cell, ledger)) in cells.enumerate() {
        let text = format!(
            "{cell}, per task: start-up {}, waiting {}, working {}, transfer {}; {:.1} tasks per message{}",
            Seconds(ledger.startup_s),
            Seconds(ledger.waiting_s),
            Seconds(ledger.working_s),
            Seconds(ledger.transfer_s),
            ledger.tasks_per_message,
            ledger.message_s.map_or(String::new(), |cost| format!(", {} a message", Seconds(cost))),
        );
        screen.labelled(0, if i == 0 { "Workers" } else { "" }, &text);
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
