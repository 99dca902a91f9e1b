//! The arguments about engines beyond this machine.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::values::count;
use crate::cluster::on::On;

/// Arguments about the engine.
#[derive(Debug, Args)]
#[command(next_help_heading = "Beyond this machine")]
pub(crate) struct EngineArgs {
    /// Run on an engine: dask (a cluster of dask.distributed started on this machine), dask=tcp://HOST:PORT, slurm or
    /// slurm:PARTITION
    #[arg(long, value_name = "ENGINE", value_parser = str::parse::<On>)]
    pub(crate) on: Option<On>,

    /// On Slurm: array tasks at the same time, at most
    #[arg(long, value_name = "N", value_parser = count::<usize>, requires = "on")]
    pub(crate) nodes: Option<usize>,

    /// On Slurm: CPUs of each array task [default: 1]; elsewhere the CPUs to reckon with [default: all]
    #[arg(long, value_name = "N", value_parser = count::<usize>)]
    pub(crate) cpus: Option<usize>,

    /// On Slurm: longest time of an array task, as sbatch takes it
    #[arg(long, value_name = "TIME", requires = "on")]
    pub(crate) time: Option<String>,

    /// On Slurm: the account that is charged
    #[arg(long, value_name = "NAME", requires = "on")]
    pub(crate) account: Option<String>,

    /// On Slurm: one more argument for sbatch; repeatable
    #[arg(long, value_name = "ARGUMENT", requires = "on", allow_hyphen_values = true)]
    pub(crate) sbatch_arg: Vec<String>,

    /// On Slurm: a directory that all nodes see [default: a new one in the working directory]
    #[arg(long, value_name = "DIR", requires = "on")]
    pub(crate) shared: Option<PathBuf>,
}

/// Arguments of `run` about the engine.
#[derive(Debug, Args)]
#[command(next_help_heading = "Beyond this machine")]
pub(crate) struct RunOnArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,

    /// On Slurm: end once everything is submitted; --attach follows it later
    #[arg(long, requires_all = ["on", "journal"])]
    pub(crate) detach: bool,

    /// Follow a run on Slurm that was detached, or whose conc has ended, by its shared directory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["on", "callable", "command_line"])]
    pub(crate) attach: Option<PathBuf>,

    /// Set by --attach for the run that goes on
    #[arg(skip)]
    pub(crate) is_attached: bool,

    /// Items with their numbers, as another run has written them
    #[arg(long, value_name = "FILE", hide = true, conflicts_with_all = ["items", "null", "tasks"])]
    pub(crate) numbered_items: Option<PathBuf>,

    /// Items are numbers for a callable, and no text, as those of --tasks are
    #[arg(long, hide = true)]
    pub(crate) number_items: bool,
}
