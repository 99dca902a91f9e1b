//! The output for a person: one screen that fits the terminal, readable without colour.

mod cells;
mod details;
mod header;
mod profile;
mod recommendation;
mod screen;

use crate::report::document::{BenchReport, Report};

use screen::Screen;

/// How the output is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableOptions {
    /// Columns of the terminal; fewer than 40 are taken for 40.
    pub width: usize,
    /// Whether to use colour. Nothing is said by colour alone.
    pub colour: bool,
    /// Whether to show every cell, every piece of evidence and every remedy.
    pub verbose: bool,
    /// Which program to show.
    pub code: CodeChoice,
}

/// Which program to show below a recommendation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeChoice {
    /// None, only how to ask for one.
    None,
    /// The one in Rust.
    Rust,
    /// The one in Python.
    Python,
}

/// What `advise` shows. Only the program is not wrapped to the width.
pub fn render_advise(report: &Report, options: &TableOptions) -> String {
    let mut screen = Screen::new(*options);
    header::workload_and_host(&mut screen, report);
    profile::section(&mut screen, report, options.verbose);
    cells::best(&mut screen, report);
    recommendation::section(&mut screen, report);
    details::section(&mut screen, report);
    recommendation::code(&mut screen, report);
    screen.finish()
}

/// What `profile` shows.
pub fn render_profile(report: &Report, options: &TableOptions) -> String {
    let mut screen = Screen::new(*options);
    header::workload_and_host(&mut screen, report);
    profile::section(&mut screen, report, true);
    details::section(&mut screen, report);
    screen.finish()
}

/// What `bench` shows: a table and the headline of the recommendation for each workload.
pub fn render_bench(report: &BenchReport, options: &TableOptions) -> String {
    let mut screen = Screen::new(*options);
    header::host(&mut screen, report);
    for result in &report.results {
        screen.gap();
        header::workload(&mut screen, result);
        cells::best(&mut screen, result);
        recommendation::headline(&mut screen, result);
        details::section(&mut screen, result);
    }
    screen.finish()
}

#[cfg(test)]
mod tests;
