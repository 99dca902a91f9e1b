//! The arguments that describe a workload.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use clap_complete::engine::ArgValueCompleter;

use crate::cli::args::complete;
use crate::cli::args::values::{count, duration, rate, tasks};

/// Arguments that describe a workload.
#[derive(Debug, Args)]
#[command(next_help_heading = "Workload")]
pub(crate) struct WorkloadArgs {
    /// A sample, a TOML file, or a Python callable such as tasks.py:fetch
    ///
    /// See `conc list` for samples and `conc init` for files. A callable may also be package.module:fetch. ::: and items
    /// may follow.
    #[arg(value_name = "WORKLOAD", num_args = 1.., allow_negative_numbers = true,
          add = ArgValueCompleter::new(complete::workloads),
          conflicts_with_all = ["command_line", "cpu", "wait"])]
    pub(crate) workload: Vec<OsString>,

    /// Describe a task by its CPU time, instead of naming a workload
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "command_line")]
    pub(crate) cpu: Option<Duration>,

    /// Describe a task by the time it waits, instead of naming a workload
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "command_line")]
    pub(crate) wait: Option<Duration>,

    /// Number of tasks; of a Python module with items, so many of the first of them
    #[arg(long, value_name = "N", value_parser = tasks, allow_negative_numbers = true)]
    pub(crate) tasks: Option<u64>,

    /// Read items from a file, one per line (- is standard input)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cpu", "wait"])]
    pub(crate) items: Option<String>,

    /// Run at most N tasks at the same time, however wide a configuration is
    #[arg(long, value_name = "N", value_parser = count::<usize>, allow_negative_numbers = true)]
    pub(crate) max_in_flight: Option<usize>,

    /// Start at most N attempts per second, over all workers
    #[arg(long, value_name = "N", value_parser = rate, allow_negative_numbers = true)]
    pub(crate) rate: Option<f64>,

    /// Let the workload file read items from a file outside its directory
    #[arg(long)]
    pub(crate) allow_read: bool,

    /// Let steps with overwrite = true change files outside the directory of the workload file
    #[arg(long)]
    pub(crate) allow_write: bool,

    #[command(flatten)]
    pub(crate) python: PythonArgs,

    /// Run the command line with `sh -c`
    #[arg(long, requires = "command_line", conflicts_with_all = ["workload", "cpu", "wait"])]
    pub(crate) shell: bool,

    /// Count commands that fail as successful
    #[arg(short, long)]
    pub(crate) ignore_failure: bool,

    /// Name of the workload in the report
    #[arg(short, long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: Option<String>,

    /// A command to run for every item; {} stands for the item
    ///
    /// ::: starts a list of items. With {width} the command is the whole work, and the best number in that place is
    /// searched.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command_line: Vec<String>,
}

/// Arguments about Python callables.
#[derive(Debug, Args)]
#[command(next_help_heading = "Python")]
pub(crate) struct PythonArgs {
    /// Python interpreter to use [default: that of the active virtual environment, else python3]
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,

    /// Async form of the callable [default: the function of the same name with _async appended]
    #[arg(long, value_name = "NAME")]
    pub(crate) async_fn: Option<String>,
}
