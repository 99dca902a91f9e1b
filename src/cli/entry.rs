//! The entry of the command line.

use std::process::ExitCode;

use clap::Parser;

use crate::cli::args::{Cli, Style, slips};
use crate::cli::commands;
use crate::cli::failure::{FailedCommand, Failure};
use crate::cli::last_failure;
use crate::cli::machine::TargetMachine;
use crate::cli::settings::Environment;
use crate::host::process::die_with_parent;

/// Runs the program as a user asked.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let mut environment = Environment::detect(cli.command.style(), cli.command.as_failed());
    if cli.progress_lines {
        // The server that reads the lines is the parent, and a command without it has nobody to work for.
        die_with_parent();
        environment.console = environment.console.with_progress_lines();
    }
    TargetMachine::read(cli.simulate.as_deref())
        .and_then(|machine| commands::run(&cli.command, &machine, &environment))
        .unwrap_or_else(|failure| {
            last_failure::keep(&failure, cli.command.as_failed());
            environment.console.report(&failure)
        })
        .into()
}

/// Says why the arguments cannot be understood, and what was probably meant.
fn refuse(error: &clap::Error) -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    match slips::explain(error, &arguments) {
        Some(message) => Environment::detect(Style::Auto, FailedCommand::Other)
            .console
            .report(&Failure::Usage(message))
            .into(),
        None => error.exit(),
    }
}
