//! The screen of each command, assembled from its sections.

use crate::report::check::CheckReport;
use crate::report::document::{BenchReport, Report};
use crate::report::fit::FitReport;
use crate::report::table::options::TableOptions;
use crate::report::table::plot::Glyphs;
use crate::report::table::screen::Screen;
use crate::report::table::{
    cells, checklist, details, engine, fit, flag, gate, header, profile, recommendation, warnings,
};

/// Returns the output of `advise`. Only the program is not wrapped to the width.
pub(crate) fn render_advise(report: &Report, options: &TableOptions) -> String {
    let mut screen = Screen::new(*options);
    header::workload_and_host(&mut screen, report);
    if let Some(flag) = &report.flag {
        flag::section(&mut screen, report, flag);
        return screen.finish();
    }
    profile::section(&mut screen, report, options.verbose);
    cells::best(&mut screen, report);
    recommendation::section(&mut screen, report);
    engine::section(&mut screen, report);
    details::section(&mut screen, report);
    recommendation::code(&mut screen, report);
    engine::code(&mut screen, report);
    screen.finish()
}

/// Returns the output of `profile`.
pub(crate) fn render_profile(report: &Report, options: &TableOptions) -> String {
    let mut screen = Screen::new(*options);
    header::workload_and_host(&mut screen, report);
    profile::section(&mut screen, report, true);
    details::section(&mut screen, report);
    screen.finish()
}

/// Returns the output of `bench`: a table, the recommendation in a line and the gate of each workload, and
/// all verdicts together.
pub(crate) fn render_bench(report: &BenchReport, options: &TableOptions) -> String {
    let mut screen = Screen::new(*options);
    header::host(&mut screen, report);
    for result in &report.results {
        screen.gap();
        header::workload(&mut screen, result);
        if let Some(flag) = &result.flag {
            flag::table(&mut screen, flag);
            flag::headline(&mut screen, flag);
        }
        cells::best(&mut screen, result);
        recommendation::headline(&mut screen, result);
        gate::section(&mut screen, result);
        details::section(&mut screen, result);
    }
    gate::suite(&mut screen, &report.results, &report.missing);
    screen.finish()
}

/// Returns the output of `fit`: a plot and the coefficients for each series.
pub(crate) fn render_fit(reports: &[FitReport], options: &TableOptions, glyphs: Glyphs) -> String {
    let mut screen = Screen::new(*options);
    reports.iter().for_each(|report| fit::section(&mut screen, report, glyphs));
    screen.finish()
}

/// Returns the output of `check`: every item of the list with its faults.
pub(crate) fn render_check(report: &CheckReport, options: &TableOptions) -> String {
    let mut screen = Screen::new(*options);
    checklist::section(&mut screen, report);
    screen.finish()
}

/// Returns the warnings of all `reports`, which are separate from the output.
pub(crate) fn render_warnings(reports: &[Report], options: &TableOptions) -> String {
    let mut screen = Screen::new(*options);
    warnings::section(&mut screen, reports);
    screen.finish()
}
