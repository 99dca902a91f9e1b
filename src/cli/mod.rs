//! The command line: arguments, the resolved configuration, the run, the output.

mod args;
mod bench;

mod check;
mod commands;
mod compare;

mod config;
mod destination;
mod ending;
mod failure;
mod fit;
mod foreign;
mod github;
mod machine;

mod output;
mod progress;

mod signals;

mod widths;

use std::process::ExitCode;

use clap::Parser;

/// Runs the program as a user asked.
pub fn main() -> ExitCode {
    let cli = args::Cli::parse();
    commands::run(cli).unwrap_or_else(|failure| failure.tell()).into()
}
