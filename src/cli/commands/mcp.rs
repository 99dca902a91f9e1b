//! `conc mcp`: a server for programs that speak the Model Context Protocol.

use std::io::{self, IsTerminal};

use crate::error::ExitStatus;
use crate::host::standard_streams;
use crate::mcp::{self, CallLimits};

use crate::cli::args::McpArgs;
use crate::cli::failure::Failure;
use crate::cli::machine::TargetMachine;
use crate::cli::settings::Environment;

/// Runs the command until its input ends.
pub(super) fn run(
    args: &McpArgs,
    machine: &TargetMachine,
    environment: &Environment,
) -> Result<ExitStatus, Failure> {
    if io::stdin().is_terminal() {
        environment
            .console
            .note("conc mcp waits for a program that speaks the Model Context Protocol; Ctrl-C ends it");
    }
    let limits = CallLimits { budget: args.max_budget, width: args.max_width };
    // The protocol would be spoken to nobody.
    standard_streams::stdout().map_err(Failure::io("cannot serve"))?;
    mcp::serve(limits, machine.options()).map_err(Failure::io("cannot serve"))
}
