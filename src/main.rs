//! Measures how work should be run concurrently: which strategy, how wide, and why.

use std::process::ExitCode;

fn main() -> ExitCode {
    conc::runtime::dispatch().unwrap_or_else(conc::cli::main)
}
