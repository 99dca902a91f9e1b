//! The arguments of `mcp`.

use std::time::Duration;

use clap::Args;

use crate::cli::args::values::{count, positive_duration};

/// Explanation at the end of `conc mcp --help`.
pub(super) const MCP_HELP: &str = "\
The tools are explain, profile, advise, check and fit. A client starts the server and
speaks to it over standard input and output; the server ends with its input.
See `conc explain mcp`.";

/// Arguments of `mcp`.
#[derive(Debug, Args)]
pub(crate) struct McpArgs {
    /// The longest measuring time that a call may ask for
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = positive_duration)]
    pub(crate) max_budget: Duration,

    /// The largest number of tasks in flight that a call may ask for
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = count::<usize>, allow_negative_numbers = true)]
    pub(crate) max_width: usize,
}
