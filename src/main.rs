//! The command line.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use conc::workload::fixture::{child, config};

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() != Some(config::SUBCOMMAND) {
        return ExitCode::SUCCESS;
    }
    match child::serve(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be said there is nobody left to hear it.
            let _unheard = writeln!(io::stderr(), "fixture server: {error}");
            ExitCode::FAILURE
        }
    }
}
