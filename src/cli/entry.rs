//! The entry of the command line.

use std::process::ExitCode;

use clap::Parser;

use crate::cli::args::Cli;
use crate::cli::commands;
use crate::cli::machine::TargetMachine;
use crate::cli::settings::Environment;

/// Runs the program as a user asked.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = Environment::detect(cli.command.style());
    TargetMachine::read(cli.simulate.as_deref())
        .and_then(|machine| commands::run(&cli.command, &machine, &environment))
        .unwrap_or_else(|failure| environment.console.report(&failure))
        .into()
}
