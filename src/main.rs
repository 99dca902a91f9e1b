//! Measures how work should be run concurrently: which strategy, how wide, and why.

use std::process::ExitCode;

use conc::host::reexec::Role;

mod cli;

fn main() -> ExitCode {
    match Role::of_arguments() {
        Some(role) => cli::role::play(role),
        None => cli::main(),
    }
}
