//! The command line: arguments, the resolved configuration, the run, the output.

pub(crate) mod role;

use std::process::ExitCode;

/// Runs the program as a user asked.
pub(crate) fn main() -> ExitCode {
    ExitCode::SUCCESS
}
