//! `conc schema`: the JSON Schema of every document.

use crate::error::ExitStatus;
use crate::report::schema;

use crate::cli::console::Console;
use crate::cli::failure::Failure;

/// Runs the command.
pub(super) fn run(console: Console) -> Result<ExitStatus, Failure> {
    console.print(&schema::schema())?;
    Ok(ExitStatus::Done)
}
