//! `conc completions`: a completion script for a shell.

use clap::CommandFactory;

use crate::error::ExitStatus;

use crate::cli::args::Cli;
use crate::cli::console::Console;
use crate::cli::failure::Failure;

/// Runs the command.
pub(super) fn run(shell: clap_complete::Shell, console: Console) -> Result<ExitStatus, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "conc", &mut script);
    console.print(&String::from_utf8_lossy(&script))?;
    Ok(ExitStatus::Done)
}
