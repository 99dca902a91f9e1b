//! `conc completions`: a completion script for a shell.

use crate::error::ExitStatus;

use crate::cli::args::complete;
use crate::cli::console::Console;
use crate::cli::failure::Failure;

/// Runs the command.
pub(super) fn run(shell: clap_complete::Shell, console: Console) -> Result<ExitStatus, Failure> {
    let script = complete::script(&shell.to_string())
        .ok_or_else(|| Failure::Usage(format!("there is no completion script for {shell}")))?;
    console.print(&script)?;
    Ok(ExitStatus::Done)
}
