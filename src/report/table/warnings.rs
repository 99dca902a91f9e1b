//! Warnings about the results.

use crate::report::document::Report;
use crate::report::table::screen::Screen;

/// Adds every warning that was not told before the run in short, after the name of its workload if there are several;
/// with `verbose` the remedies too.
pub(super) fn section(screen: &mut Screen, reports: &[Report]) {
    for report in reports {
        let name = if reports.len() > 1 { format!("{}: ", report.workload.name) } else { String::new() };
        for warning in report.warnings.iter().filter(|warning| !warning.code.is_told_first()) {
            screen.labelled(0, "Warning", &format!("{name}{} ({})", warning.message, warning.code));
            if screen.options().verbose {
                screen.labelled(0, "", &format!("remedy: {}", warning.remedy));
            }
        }
    }
}
