//! Arguments of `profile` alone.

use std::time::Duration;

use clap::Args;

use crate::cli::args::{count, positive_duration};

/// What concerns programs that nobody here wrote.
#[derive(Debug, Args)]
pub(crate) struct ForeignArgs {
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

    /// Where the command's output goes: inherit, null or a file; unless null, the command runs once
    #[arg(long = "output", value_name = "WHERE", default_value = "null", requires = "command_line")]
    pub(crate) stdout: String,

    /// What the command reads: null, or a file (- is standard input); unless null, the command runs once
    #[arg(long = "input", value_name = "WHERE", default_value = "null", requires = "command_line")]
    pub(crate) stdin: String,

    /// Sample as on systems that tell no more than CPU time
    #[arg(long, hide = true)]
    pub(crate) sysinfo_only: bool,
}
