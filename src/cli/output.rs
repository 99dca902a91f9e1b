//! Printing to standard output and writing files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use conc::report::document::Report;
use conc::report::{csv, json, markdown};
use serde::Serialize;

use crate::cli::config::{Exports, Output};
use crate::cli::failure::Failure;

/// Prints the document, as JSON or as `table`, and writes the files asked for.
pub(crate) fn publish(
    document: &impl Serialize,
    reports: &[Report],
    table: &str,
    output: &Output,
) -> Result<(), Failure> {
    write_exports(document, reports, &output.exports)?;
    if output.json {
        let mut stdout = io::stdout().lock();
        json::to_writer(&mut stdout, document).map_err(Failure::io("cannot print"))
    } else {
        print(table)
    }
}

/// Prints text as it is.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Failure::io("cannot print"))
}

fn write_exports(document: &impl Serialize, reports: &[Report], exports: &Exports) -> Result<(), Failure> {
    if let Some(path) = &exports.json {
        let mut bytes = Vec::new();
        json::to_writer(&mut bytes, document).map_err(Failure::io("cannot write JSON"))?;
        replace(path, &bytes)?;
    }
    if let Some(path) = &exports.markdown {
        replace(path, markdown::to_string(reports).as_bytes())?;
    }
    if let Some(path) = &exports.csv {
        replace(path, csv::to_string(reports).as_bytes())?;
    }
    Ok(())
}

/// Replaces a file at once, so that nobody ever reads half of one.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        // A device or a pipe is written to, not replaced.
        if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
            return fs::write(path, bytes);
        }
        let mut file = tempfile::Builder::new().permissions(readable()).tempfile_in(directory)?;
        file.write_all(bytes)?;
        file.persist(path).map(drop).map_err(|e| e.error)
    };
    write().map_err(Failure::io(format!("cannot write '{}'", path.display())))
}

/// What a file made by a redirection would have.
fn readable() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o666)
}
