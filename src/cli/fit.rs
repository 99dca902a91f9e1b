//! `conc fit`: a file of measurements, the law in it, and the plot.

use std::io::{self, Read};

use crate::diagnostics::Code;
use crate::report::fit::{FitResults, export, fit, read};
use crate::report::table::{self, Glyphs};
use crate::workload::input::InputError;

use crate::cli::args::FitArgs;
use crate::cli::config;
use crate::cli::destination::Format;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Reads, fits and tells.
pub(crate) fn run(args: &FitArgs) -> Result<(), Failure> {
    let shown = config::view(&args.output)?;
    let data = read::read(&args.data, bytes(&args.data)?)?;
    output::check(&shown)?;
    let reports = fit(&data);
    let screen = table::render_fit(&reports, &shown.table, glyphs());
    let results = FitResults::new(reports);
    output::deliver(&screen, &shown, |format| match (format, results.results.as_slice()) {
        (Format::Json, [only]) if !data.is_result => output::render_json(only),
        (Format::Json, _) => output::render_json(&results),
        (Format::Markdown, reports) => Ok(export::markdown(reports)),
        (Format::Csv, reports) => Ok(export::csv(reports)),
        (format, _) => unreachable!("fit offers no {format:?}"),
    })
}

fn bytes(path: &str) -> Result<Vec<u8>, Failure> {
    let read = if path == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let name = if path == "-" { "standard input".to_owned() } else { format!("'{path}'") };
    Ok(read.map_err(|e| InputError::new(Code::FitData, format!("{name} cannot be read: {e}")))?)
}

/// What a terminal that says it is dumb can show.
fn glyphs() -> Glyphs {
    if std::env::var_os("TERM").is_some_and(|term| term == "dumb") { Glyphs::Ascii } else { Glyphs::Unicode }
}
