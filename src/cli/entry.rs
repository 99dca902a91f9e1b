//! The entry of the command line.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::cli::args::{Cli, Style, complete, short_help, slips};
use crate::cli::commands;
use crate::cli::failure::{FailedCommand, Failure};
use crate::cli::last_failure;
use crate::cli::machine::TargetMachine;
use crate::cli::settings::Environment;
use crate::diagnostics::Code;
use crate::error::ExitStatus;
use crate::host::orphans::reap_known;
use crate::host::process::die_with_parent;
use crate::host::thread_failure::end_with;

/// Runs the program as a user asked.
pub fn main() -> ExitCode {
    match complete::answer(Cli::command) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => error.exit(),
    }
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(error),
    };
    let mut environment = Environment::detect(cli.command.style(), cli.command.as_failed());
    if cli.progress_lines {
        // The server that reads the lines is the parent, and a command without it has nobody to work for.
        die_with_parent();
        environment.console = environment.console.with_progress_lines();
    }
    let console = environment.console;
    reap_known();
    end_with(move |why| _ = console.report(&Failure::coded(Code::HostSpawn, why)));
    TargetMachine::read(cli.simulate.as_deref())
        .and_then(|machine| commands::run(&cli.command, &machine, &environment))
        .unwrap_or_else(|failure| {
            last_failure::keep(&failure, cli.command.as_failed());
            environment.console.report(&failure)
        })
        .into()
}

/// Reads the arguments.
fn parse() -> Result<Cli, clap::Error> {
    match short_help::is_asked(std::env::args_os()) {
        true => {
            let matches = short_help::shortened(Cli::command()).try_get_matches()?;
            Cli::from_arg_matches(&matches)
        }
        false => Cli::try_parse(),
    }
}

/// Says why the arguments cannot be understood, and what was probably meant.
fn refuse(mut error: clap::Error) -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let console = Environment::detect(Style::Auto, FailedCommand::Other).console;
    slips::drop_wrong_tip(&mut error, &arguments);
    match slips::explain(&error, &arguments) {
        Some(message) => console.report(&Failure::Usage(message)).into(),
        None if error.use_stderr() => {
            console.note_coloured(error.render().ansi().to_string().trim_end());
            ExitStatus::Usage.into()
        }
        // Help, or the version.
        None => {
            let text = error.render();
            let text = if console.has_colour() { text.ansi().to_string() } else { text.to_string() };
            let printed = console.print(&text).map(|()| ExitStatus::Done);
            printed.unwrap_or_else(|failure| console.report(&failure)).into()
        }
    }
}
