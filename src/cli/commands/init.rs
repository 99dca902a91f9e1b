//! `conc init`: a commented workload file.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::error::ExitStatus;
use crate::workload::input;

use crate::cli::console::Console;
use crate::cli::failure::Failure;

/// Runs the command; without a file the text goes to standard output.
pub(super) fn run(file: Option<&Path>, console: Console) -> Result<ExitStatus, Failure> {
    match file {
        Some(path) => create(path)?,
        None => console.print(input::INIT)?,
    }
    Ok(ExitStatus::Done)
}

fn create(path: &Path) -> Result<(), Failure> {
    let cannot_write = || Failure::io(format!("cannot write '{}'", path.display()));
    match File::create_new(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(Failure::Usage(format!("'{}' exists already; it was not changed", path.display())))
        }
        Err(error) => Err(cannot_write()(error)),
        Ok(mut file) => file.write_all(input::INIT.as_bytes()).map_err(cannot_write()),
    }
}
