//! The arguments of `check`.

use std::time::Duration;

use clap::Args;

use crate::cli::args::output::Style;
use crate::cli::args::values::{count, positive_duration};
use crate::cli::args::workload::PythonArgs;

/// Usage of `check`.
pub(super) const CHECK_USAGE: &str = "conc check [OPTIONS] <CALLABLE> [::: <ITEM>...]";

/// Explanation at the end of `conc check --help`.
pub(super) const CHECK_HELP: &str = "\
Every task is run at least three times: alone, alone with the interpreter's warnings on, and all
together. If the callable also has an async form, that form is run as often again.";

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A Python callable such as tasks.py:fetch or package.module:fetch; ::: and items may follow
    #[arg(value_name = "CALLABLE", num_args = 1.., required = true)]
    pub(crate) callable: Vec<String>,

    /// Call it with the numbers from 0 to N-1 [default: the first 5 items of the module]
    #[arg(long, value_name = "N", value_parser = count::<u64>, allow_negative_numbers = true)]
    pub(crate) tasks: Option<u64>,

    /// Read items from a file, one per line (- is standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) items: Option<String>,

    #[command(flatten)]
    pub(crate) python: PythonArgs,

    /// Report a task that takes longer than this as hanging
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive_duration)]
    pub(crate) timeout: Duration,

    /// Print one JSON document on standard output
    #[arg(long)]
    pub(crate) json: bool,

    /// Colour and progress of the output
    #[arg(long, value_enum, value_name = "STYLE", default_value_t = Style::Auto)]
    pub(crate) style: Style,
}
