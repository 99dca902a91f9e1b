//! Results on standard output and in files.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::ExitStatus;
use crate::report::document::Results;
use crate::report::format::{Format, render, render_json};
use crate::report::table::{self, TableOptions};
use crate::report::worded::Worded;

use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::files::{cannot_write, is_written_in_place, write_file};
use crate::cli::github;
use crate::cli::settings::OutputSettings;

/// Writes the files with the results so far. A pipe or a device waits for the end: it would get everything
/// again and again.
pub(crate) fn save(results: &(impl Results + Worded), output: &OutputSettings) -> Result<(), Failure> {
    let plain = output.files.iter().filter(|(_, path)| !is_written_in_place(path));
    write_files(plain, |format| render(format, results))
}

/// Writes the document to a file.
pub(crate) fn write_json(path: &Path, document: &impl Worded) -> Result<(), Failure> {
    let text = render_json(document).map_err(cannot_write(path))?;
    write_file(path, text.as_bytes()).map_err(cannot_write(path))
}

/// Prints the results, as `screen` or in the format asked for, and writes the files. Warnings go to
/// standard error, except that JSON contains them; GitHub Actions gets a summary too.
pub(crate) fn publish(
    results: &(impl Results + Worded),
    screen: &str,
    output: &OutputSettings,
) -> Result<(), Failure> {
    let delivered = deliver(screen, output, |format| render(format, results));
    if output.stdout != Some(Format::Json) {
        let table = TableOptions { colour: true, ..output.table };
        output.console.warn(&table::render_warnings(results.reports(), &table));
    }
    github::publish(results, output.console);
    delivered
}

/// Writes the files of a run without results to print: their readers learn what failed.
pub(crate) fn publish_failures(
    results: &(impl Results + Worded),
    output: &OutputSettings,
) -> Result<(), Failure> {
    github::publish(results, output.console);
    write_files(output.files.iter(), |format| render(format, results))
}

/// Prints the results, as `screen` or in the format asked for, and writes the files.
pub(crate) fn deliver(
    screen: &str,
    output: &OutputSettings,
    render: impl Fn(Format) -> io::Result<String>,
) -> Result<(), Failure> {
    let written = write_files(output.files.iter(), &render);
    let printed = match output.stdout {
        None => output.console.print_screen(screen),
        Some(format) => {
            render(format).map_err(Failure::io("cannot print")).and_then(|text| output.console.print(&text))
        }
    };
    // Results are printed even if a file cannot be written.
    written.and(printed)
}

/// Returns how a command ends whose results are there: by its verdict, and only without one by what became of the
/// output.
///
/// # Errors
/// The failure of the command; else that of the output.
pub(crate) fn conclude(
    verdict: Result<ExitStatus, Failure>,
    delivered: Result<(), Failure>,
    console: Console,
) -> Result<ExitStatus, Failure> {
    match (verdict, delivered) {
        (verdict, Ok(())) => verdict,
        (Ok(ExitStatus::Done), Err(failure)) => Err(failure),
        (verdict, Err(failure)) => {
            console.report(&failure);
            verdict
        }
    }
}

fn write_files<'a>(
    files: impl Iterator<Item = &'a (Format, PathBuf)>,
    render: impl Fn(Format) -> io::Result<String>,
) -> Result<(), Failure> {
    let write = |(format, path): &(Format, PathBuf)| {
        let text = render(*format).map_err(cannot_write(path))?;
        write_file(path, text.as_bytes()).map_err(cannot_write(path))
    };
    // One that cannot be written does not keep the others from being written.
    files.map(write).fold(Ok(()), Result::and)
}
