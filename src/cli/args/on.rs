//! The arguments of `run` about engines beyond this machine.

use clap::Args;

use crate::cluster::on::On;

/// Arguments about the engine.
#[derive(Debug, Args)]
pub(crate) struct RunOnArgs {
    /// Run on an engine: dask (a cluster of dask.distributed started on this machine) or dask=tcp://HOST:PORT
    #[arg(long, value_name = "ENGINE", value_parser = str::parse::<On>)]
    pub(crate) on: Option<On>,
}
