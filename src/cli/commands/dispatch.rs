//! The table of commands.

use crate::error::ExitStatus;

use crate::cli::args::Command;
use crate::cli::commands::{
    advise, bench, check, compare, completions, explain, fit, init, list, man, mcp, profile, schema,
};
use crate::cli::failure::Failure;
use crate::cli::machine::TargetMachine;
use crate::cli::settings::Environment;

/// Runs a command to its end.
///
/// # Errors
/// When there is no result to show.
pub(crate) fn run(
    command: &Command,
    machine: &TargetMachine,
    environment: &Environment,
) -> Result<ExitStatus, Failure> {
    let console = environment.console;
    match command {
        Command::Advise(args) => advise::run(args, machine, environment),
        Command::Run(args) => crate::cli::commands::run::run(args, environment),
        Command::Bench(args) => bench::run(args, machine, environment),
        Command::Compare(args) => compare::run(args, environment),
        Command::Profile(args) => profile::run(args, machine, environment),
        Command::Fit(args) => fit::run(args, environment),
        Command::Check(args) => check::run(args, machine, environment),
        Command::List(args) => list::run(args, console),
        Command::Init { file } => init::run(file.as_deref(), console),
        Command::Explain(args) => explain::run(args, machine, environment),
        Command::Mcp(args) => mcp::run(args, machine, environment),
        Command::Schema => schema::run(console),
        Command::Completions { shell } => completions::run(*shell, console),
        Command::Man(args) => man::run(args, console),
    }
}
