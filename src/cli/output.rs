//! Printing to standard output and writing files.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::report::document::{Report, Results};
use crate::report::table::{self, TableOptions};
use crate::report::worded::Worded;
use crate::report::{bmf, csv, gab, html, hyperfine, json, junit, markdown};

use crate::cli::config::Output;
use crate::cli::destination::Format;
use crate::cli::failure::Failure;
use crate::cli::github;

/// Checks that the files asked for can be written, before a run whose results would be lost.
pub(crate) fn check(output: &Output) -> Result<(), Failure> {
    output.files.iter().try_for_each(|(_, path)| check_path(path))
}

/// Checks that a file can be written, before a run whose results would be lost.
pub(crate) fn check_path(path: &Path) -> Result<(), Failure> {
    check_file(path).map_err(cannot_write(path))
}

/// Writes the files with what there is so far. What is no plain file waits for the end: a pipe or a device
/// would get everything again and again.
pub(crate) fn save(results: &(impl Results + Worded), output: &Output) -> Result<(), Failure> {
    let plain = output.files.iter().filter(|(_, path)| !is_written_in_place(path));
    write_files(plain, |format| render(format, results))
}

/// Writes the document to a file.
pub(crate) fn write_json(path: &Path, document: &impl Worded) -> Result<(), Failure> {
    let text = render_json(document).map_err(cannot_write(path))?;
    write(path, text.as_bytes()).map_err(cannot_write(path))
}

/// Tells something beside the results, on standard error.
pub(crate) fn tell(line: &str) {
    // Where even this cannot be said there is nobody left to hear it.
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Prints the results, as `screen` or in the format asked for, and writes the files. Warnings go to
/// standard error, except that JSON has them in it; where GitHub runs this it is told too.
pub(crate) fn publish(
    results: &(impl Results + Worded),
    screen: &str,
    output: &Output,
) -> Result<(), Failure> {
    let delivered = deliver(screen, output, |format| render(format, results));
    if output.stdout != Some(Format::Json) {
        warn(results.reports(), output.table);
    }
    github::tell(results);
    delivered
}

/// Writes the files where there are no results to print: those who read them learn what failed.
pub(crate) fn publish_failures(results: &(impl Results + Worded), output: &Output) -> Result<(), Failure> {
    github::tell(results);
    write_files(output.files.iter(), |format| render(format, results))
}

/// Prints the results, as `screen` or in the format asked for, and writes the files.
pub(crate) fn deliver(
    screen: &str,
    output: &Output,
    render: impl Fn(Format) -> io::Result<String>,
) -> Result<(), Failure> {
    let written = write_files(output.files.iter(), &render);
    let printed = match output.stdout {
        None => print(screen),
        Some(format) => render(format).map_err(Failure::io("cannot print")).and_then(|text| print(&text)),
    };
    // What cannot be written is printed all the same.
    written.and(printed)
}

fn write_files<'a>(
    mut files: impl Iterator<Item = &'a (Format, PathBuf)>,
    render: impl Fn(Format) -> io::Result<String>,
) -> Result<(), Failure> {
    files.try_for_each(|(format, path)| {
        let text = render(*format).map_err(cannot_write(path))?;
        write(path, text.as_bytes()).map_err(cannot_write(path))
    })
}

/// Prints text as it is.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Failure::io("cannot print"))
}

fn warn(reports: &[Report], options: TableOptions) {
    let warnings = table::render_warnings(reports, &TableOptions { colour: true, ..options });
    let is_below_a_table = io::stderr().is_terminal() && !warnings.is_empty();
    let gap = if is_below_a_table { "\n" } else { "" };
    // Where even this cannot be said there is nobody left to hear it. Colour is taken out as needed.
    let _ = write!(anstream::stderr(), "{gap}{warnings}");
}

fn render(format: Format, results: &(impl Results + Worded)) -> io::Result<String> {
    let (reports, failed) = (results.reports(), results.failed());
    match format {
        Format::Json => render_json(results),
        Format::Markdown => Ok(markdown::to_string(reports, failed)),
        Format::Csv => Ok(csv::to_string(reports)),
        Format::Hyperfine => Ok(hyperfine::to_string(reports)),
        Format::Bmf => Ok(bmf::to_string(reports)),
        Format::GabBigger => Ok(gab::to_string(reports, gab::Direction::BiggerIsBetter)),
        Format::GabSmaller => Ok(gab::to_string(reports, gab::Direction::SmallerIsBetter)),
        Format::Junit => Ok(junit::to_string(reports, failed)),
        Format::Html => Ok(html::to_string(reports, failed)),
    }
}

/// The document as JSON.
pub(crate) fn render_json(document: &impl Worded) -> io::Result<String> {
    let mut bytes = Vec::new();
    json::to_writer(&mut bytes, document)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> Failure + use<> {
    Failure::io(format!("cannot write '{}'", path.display()))
}

/// Whether a file is written to, because it is a device, a pipe or a link, instead of replaced.
fn is_written_in_place(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file())
}

fn check_file(path: &Path) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|meta| meta.is_dir()) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if is_written_in_place(path) {
        // To open a pipe would be to wait for its reader.
        return Ok(());
    }
    let (_, beside) = create_beside(path)?;
    fs::remove_file(beside)
}

/// Replaces a file at once, so that nobody ever reads half of one.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_written_in_place(path) {
        return fs::write(path, bytes);
    }
    let (mut file, beside) = create_beside(path)?;
    let written = file.write_all(bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The error that matters has happened already.
        let _ = fs::remove_file(beside);
    }
    written
}

/// A new file in the directory of `path`, with a name that nothing else has.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(hidden);
    let file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
    Ok((file, beside))
}
