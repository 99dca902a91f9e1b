//! The arguments of `check`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::args::output::Style;
use crate::cli::args::values::{positive_duration, tasks};
use crate::cli::args::workload::PythonArgs;

/// Usage of `check`.
pub(super) const CHECK_USAGE: &str = "conc check [OPTIONS] <CALLABLE> [::: <ITEM>...]";

/// Explanation at the end of `conc check --help`.
pub(super) const CHECK_HELP: &str = "\
Every task is run at least three times: alone, alone with the interpreter's warnings on, and
together with the others. If the callable also has an async form, that form is run as often again.";

/// The formats of the result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// A list to read
    Table,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for editors and code scanning
    Sarif,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A Python callable such as tasks.py:fetch or package.module:fetch; ::: and items may follow
    #[arg(value_name = "CALLABLE", num_args = 1.., required = true, allow_negative_numbers = true)]
    pub(crate) callable: Vec<String>,

    /// Call it with the first N items of the module, or with the numbers from 0 [default: all items]
    #[arg(long, value_name = "N", value_parser = tasks, allow_negative_numbers = true)]
    pub(crate) tasks: Option<u64>,

    /// Read items from a file, one per line (- is standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) items: Option<String>,

    #[command(flatten)]
    pub(crate) python: PythonArgs,

    /// Report a task that takes longer than this as hanging
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive_duration)]
    pub(crate) timeout: Duration,

    /// Print one JSON document on standard output: the same as --format json
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,

    /// Format of standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = CheckFormat::Table)]
    pub(crate) format: CheckFormat,

    /// Colour and progress of the output
    #[arg(long, value_enum, value_name = "STYLE", default_value_t = Style::Auto)]
    pub(crate) style: Style,
}
