//! The arguments of `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use crate::cli::args::complete;

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The command whose page is printed, such as advise [default: the page of conc itself]
    #[arg(conflicts_with = "output", add = ArgValueCompleter::new(complete::commands))]
    pub(crate) command: Option<String>,

    /// Write all pages to a directory, such as ~/.local/share/man/man1, which is made if it is missing
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}
