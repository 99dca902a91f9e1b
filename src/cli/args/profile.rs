//! The arguments of `profile`.

use std::time::Duration;

use clap::Args;

use crate::cli::args::measure::HookArgs;
use crate::cli::args::output::ViewArgs;
use crate::cli::args::values::{count, positive_duration};
use crate::cli::args::workload::WorkloadArgs;

/// Arguments of `profile`.
#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    #[command(flatten)]
    pub(crate) external: ExternalArgs,
    #[command(flatten)]
    pub(crate) hooks: HookArgs,
    #[command(flatten)]
    pub(crate) output: ViewArgs,

    /// Seed for everything that is random
    #[arg(long, default_value_t = 1, help_heading = "Workload")]
    pub(crate) seed: u64,
}

/// Arguments about programs that are profiled as they are: one command without items, or a running process.
#[derive(Debug, Args)]
#[command(next_help_heading = "A program as it is")]
pub(crate) struct ExternalArgs {
    /// Profile a running process and everything below it
    #[arg(long, value_name = "PID", value_parser = count::<u32>,
          conflicts_with_all = ["workload", "command_line", "cpu", "wait", "items", "tasks", "shell", "ignore_failure"])]
    pub(crate) pid: Option<u32>,

    /// Profile for at most this long; a command is ended then [default with --pid: 10s]
    #[arg(long = "for", value_name = "TIME", value_parser = positive_duration)]
    pub(crate) time: Option<Duration>,

    /// Run the command exactly N times [default: once, and again until it has run for a second]
    #[arg(short, long, value_name = "N", value_parser = count::<u64>, allow_negative_numbers = true,
          requires = "command_line", conflicts_with_all = ["items", "tasks"])]
    pub(crate) runs: Option<u64>,

    /// Destination of the command's output: inherit, null or a file; unless null, the command runs once
    #[arg(long = "output", value_name = "WHERE", default_value = "null", requires = "command_line")]
    pub(crate) stdout: String,

    /// Input of the command: null, or a file (- is standard input); unless null, the command runs once
    #[arg(long = "input", value_name = "WHERE", default_value = "null", requires = "command_line")]
    pub(crate) stdin: String,

    /// Sample as on systems that report nothing but CPU time
    #[arg(long, hide = true)]
    pub(crate) sysinfo_only: bool,
}
