//! `conc fit`: the scalability law in a file of measurements, and its plot.

use crate::error::ExitStatus;
use crate::report::fit::{FitResults, fit, read};
use crate::report::fit_formats;
use crate::report::format::{Format, render_json};
use crate::report::table;

use crate::cli::args::FitArgs;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::settings::{Environment, FitSettings};

/// Runs the command.
pub(super) fn run(args: &FitArgs, environment: &Environment) -> Result<ExitStatus, Failure> {
    let FitSettings { name, bytes, columns, glyphs, output } = FitSettings::resolve(args, environment)?;
    let data = read::read(&name, bytes, &columns)?;
    output.check()?;
    let reports = fit(&data);
    let screen = table::render_fit(&reports, &output.table, glyphs);
    let results = FitResults::new(reports);
    output::deliver(&screen, &output, |format| match (format, results.results.as_slice()) {
        (Format::Json, [only]) if data.table.is_some() => render_json(only),
        (Format::Json, _) => render_json(&results),
        (Format::Markdown, reports) => Ok(fit_formats::markdown(reports)),
        (Format::Csv, reports) => Ok(fit_formats::csv(reports)),
        (format, _) => unreachable!("fit offers no {format:?}"),
    })?;
    Ok(ExitStatus::Done)
}
